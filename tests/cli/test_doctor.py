"""`headwaters doctor`: what it says of a shop, and what to do."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from pathlib import Path

import pytest

from headwaters.adapters.storage.sources import Descriptors
from headwaters.cli import main
from tests.support import samples
from tests.support.books import tale


def said(shop: Path, capsys: pytest.CaptureFixture[str], about: str) -> list[tuple[str, str]]:
    """What doctor says of something, and how bad it is."""
    capsys.readouterr()
    code = main(["doctor", "--shop", str(shop), "--json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert code == int(any(each["health"] == "bad" for each in findings))
    return [(each["health"], each["message"]) for each in findings if each["about"] == about]


def tills(shop: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """How the tills are, and what doctor says of them."""
    (found,) = said(shop, capsys, "tills")
    return found


def test_a_till_by_hand_that_tells_nobody_how_to_pay_is_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = tmp_path / "shop"
    main(["init", str(shop), "--name", "Alice"])
    assert tills(shop, capsys) == ("look", "none is on, so nobody can pay")
    main(["settings", "by_hand", "on", "--shop", str(shop)])
    assert tills(shop, capsys) == ("look", "by_hand; nobody is told how to pay you by hand")
    main(["settings", "by_hand_instructions", "IBAN XX00", "--shop", str(shop)])
    assert tills(shop, capsys) == ("good", "by_hand")


Findings = dict[str, tuple[str, str]]


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "shop"
    assert main(["init", str(folder), "--name", "Alice"]) == 0
    capsys.readouterr()
    return folder


def findings(shop: Path, capsys: pytest.CaptureFixture[str], code: int) -> Findings:
    """Each finding's health and message, of a doctor that ends with `code` and changes nothing."""
    before = sorted(path.name for path in shop.iterdir())
    assert main(["doctor", "--shop", str(shop), "--json"]) == code
    assert {*before} >= {path.name for path in shop.iterdir()} - {"headwaters.db-wal", "headwaters.db-shm"}
    told = json.loads(capsys.readouterr().out)["findings"]
    return {each["about"]: (each["health"], each["message"]) for each in told}


def test_a_shop_in_good_health(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = findings(shop, capsys, 0)
    assert found["database"] == ("good", "SQLite, whole and up to date")
    assert found["key"] == ("good", "only you can read it")
    assert [about for about, (health, _) in found.items() if health == "bad"] == []


def test_what_could_not_be_made_is_told_in_peoples_words(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (broken := shop.parent / "Rain.epub").write_bytes(tale().data()[:1000] + samples.ZIP_END)
    assert main(["publish", str(broken), "--i-made-this", "--shop", str(shop)]) == 0
    main(["makings", "--run", "--shop", str(shop)])
    told = capsys.readouterr().out
    assert "rain  Taste (taste-book:" in told
    assert "original-" not in told
    ((health, message),) = said(shop, capsys, "formats")
    assert (health, message.partition(": “")[0]) == (
        "look",
        "2 could not be made; the first: rain, Rain.epub, Pages to read it on",
    )


def test_a_database_of_which_a_page_is_damaged_is_not_called_whole(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shop / "headwaters.db"
    database = sqlite3.connect(path)
    (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'orders'").fetchone()
    (size,) = database.execute("PRAGMA page_size").fetchone()
    database.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    health, message = findings(shop, capsys, 1)["database"]
    assert (health, message.partition(":")[0]) == ("bad", "The database file is damaged")


def test_a_database_that_is_gone_is_not_made_anew(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in shop.glob("headwaters.db*"):
        path.unlink()
    assert findings(shop, capsys, 1)["database"] == ("bad", "The database is empty, as that of a new shop.")
    assert list(shop.glob("headwaters.db*")) == []


@pytest.mark.parametrize("key", [b"", b"short", bytes(33)])
def test_a_damaged_key_is_said_and_no_shop_opens_with_it(
    shop: Path, capsys: pytest.CaptureFixture[str], key: bytes
) -> None:
    """Whatever is signed with an empty key, anybody can sign."""
    path = shop / "shop.key"
    path.write_bytes(key)
    assert findings(shop, capsys, 1)["key"] == ("bad", f"{path} is damaged")
    assert main(["signin", "--shop", str(shop), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "config_broken"
    assert path.read_bytes() == key


def test_a_till_that_takes_test_cards_alone_is_pointed_out(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["settings", "stripe_secret_key", "sk_test_x", "--shop", str(shop)])
    main(["settings", "stripe_webhook_secret", "whsec_x", "--shop", str(shop)])
    capsys.readouterr()
    message = "stripe; stripe has a key for tests, so works go for cards that nobody pays with"
    assert findings(shop, capsys, 0)["tills"] == ("look", message)
    main(["settings", "stripe_secret_key", "sk_live_x", "--shop", str(shop)])
    capsys.readouterr()
    assert findings(shop, capsys, 0)["tills"] == ("good", "stripe")


def test_a_disk_is_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = tmp_path / "shop"
    main(["init", str(shop)])
    ((health, message),) = said(shop, capsys, "disk")
    assert (health, message.partition(" free in ")[2]) == ("good", str(shop))


def test_files_that_changed_are_named_with_their_work_and_edition(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, text = tmp_path / "shop", tmp_path / "river.txt"
    main(["init", str(shop)])
    text.write_text("The river was there before the dam.\n")
    main(["publish", str(text), "--link", "--i-made-this", "--shop", str(shop)])
    assert said(shop, capsys, "files") == [("good", "5 kept, none missing or changed")]
    text.write_text("The dam was there before the river.\n")
    assert said(shop, capsys, "files") == [("bad", "1 of 5 missing or changed: “river.txt” (river, 1)")]


def test_files_that_cannot_be_opened_are_not_called_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, text = tmp_path / "shop", tmp_path / "river.txt"
    main(["init", str(shop)])
    text.write_text("The river was there before the dam.\n")
    main(["publish", str(text), "--i-made-this", "--shop", str(shop)])

    def closed(*_given: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Descriptors, "borrow", closed)  # root, as whom tests may run, may open everything
    why = f"The files of this shop cannot be opened right now: {os.strerror(errno.EACCES)}."
    assert said(shop, capsys, "files") == [("bad", f"5 of 5 cannot be looked at. The first: {why}")]


def test_mail_that_was_given_up_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop, now = tmp_path / "shop", 1_795_000_000_000_000
    main(["init", str(shop)])
    with sqlite3.connect(shop / "headwaters.db") as connection:
        for key, why in (("a", "no route"), ("b", "unknown mailbox")):
            connection.execute(
                "INSERT INTO outbox (key, kind, payload, state, attempts, created_at, due_at, error)"
                " VALUES (?, 'mail', '{}', 'given_up', 9, ?, ?, ?)",
                (key, now, now + ord(key), why),
            )
    connection.close()
    assert said(shop, capsys, "outbox") == [("look", "mails that could not be delivered: 2; the last: unknown mailbox")]


def test_a_secret_that_another_key_file_sealed_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = tmp_path / "shop"
    main(["init", str(shop), "--name", "Alice"])
    main(["settings", "stripe_secret_key", "sk_test_51Riverbed", "--shop", str(shop)])
    capsys.readouterr()
    main(["settings", "stripe_secret_key", "--shop", str(shop)])
    assert capsys.readouterr().out == "stripe_secret_key = ••••rbed\n"
    (shop / "shop.key").write_bytes(bytes(32))
    assert main(["doctor", "--shop", str(shop), "--json"]) == 1
    (found,) = [each for each in json.loads(capsys.readouterr().out)["findings"] if each["about"] == "secrets"]
    assert found["health"] == "bad"
    assert found["message"].startswith("stripe_secret_key cannot be read: sealed with another key")
    assert "shop.key of your backup" in found["advice"]
    main(["settings", "stripe_secret_key", "--shop", str(shop)])
    assert "sealed with another key" in capsys.readouterr().out
