"""`headwaters doctor`: what it says of a shop, and what to do."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from headwaters.cli import main


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
    assert said(shop, capsys, "files") == [("good", "1 kept, none missing or changed")]
    text.write_text("The dam was there before the river.\n")
    assert said(shop, capsys, "files") == [("bad", "1 of 1 missing or changed: “river.txt” (river, 1)")]


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
