"""The commands on orders, letters and signing in: as a person types them, and as a program reads them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headwaters.cli import main
from headwaters.config import load_config
from headwaters.core.sales.states import Door
from headwaters.wiring import furnish
from tests.people import BOB, Order, add_work, take_work


class Shop:
    """A shop's folder with one work in it, and the commands on it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        assert main(["init", str(folder), "--name", "Alice"]) == 0
        assert main(["settings", "by_hand", "on", "--shop", str(folder)]) == 0
        capsys.readouterr()
        self._prepare()

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        code = main([*arguments, "--shop", str(self.folder)])
        return code, *self._capsys.readouterr()

    def json(self, *arguments: str) -> Any:
        code, out, err = self.run(*arguments, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    def take(self, door: Door = Door.CANT_PAY, **more: str) -> Order:
        async def run() -> Order:
            async with furnish(load_config(self.folder)) as house:
                return await take_work(house, door, **more)

        return asyncio.run(run())

    def _prepare(self) -> None:
        async def run() -> None:
            async with furnish(load_config(self.folder)) as house:
                await house.db.write(add_work)

        asyncio.run(run())


@pytest.fixture
def shop(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    database_settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    """On SQLite and on PostgreSQL."""
    for name, value in database_settings.items():
        monkeypatch.setenv(name, value)
    return Shop(tmp_path / "Alice's shop", capsys)


@pytest.fixture
def quick_shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    """On SQLite alone."""
    return Shop(tmp_path / "Alice's shop", capsys)


@pytest.fixture
def letter(quick_shop: Shop) -> str:
    """The name of a letter that a reader wrote."""
    quick_shop.take(letter="Was it cold?\n# a line like ours")
    return str(quick_shop.json("letters")["letters"][0]["letter"])


def newest(shop: Shop) -> str:
    return str(shop.json("letters")["letters"][0]["body"])


def test_orders_are_listed_found_and_confirmed(shop: Shop) -> None:
    assert shop.run("orders")[1] == "There is no such order.\n"
    free, paid = shop.take(email=BOB), shop.take(Door.PAY, till="by_hand")
    lines = shop.run("orders")[1].splitlines()
    assert len(lines) == 2
    assert f"#{paid.id}  High Water  Waits for a payment by hand  €5.00  {paid.reference}" in lines[0]
    assert f"#{free.id}  High Water  Took it without paying  {BOB}" in lines[1]
    assert [order["id"] for order in shop.json("orders", "--waiting")["orders"]] == [paid.id]
    assert [order["id"] for order in shop.json("orders", "--find", BOB)["orders"]] == [free.id]

    answer = shop.run("confirm", paid.reference.lower().replace("-", ""))
    assert answer == (0, f"Confirmed: €5.00 for {paid.reference}. The files are theirs.\n", "")
    code, out, err = shop.run("confirm", paid.reference)
    assert (code, out) == (1, "")
    assert "was confirmed before" in err
    (order,) = shop.json("orders", "--find", paid.reference)["orders"]
    assert order | {"created_at": ""} == {
        "id": paid.id,
        "title": "High Water",
        "door": "pay",
        "state": "granted",
        "currency": "EUR",
        "amount": "5.00",
        "paid": "5.00",
        "reference": paid.reference,
        "till": "by_hand",
        "payment": "paid",
        "email": None,
        "created_at": "",
    }


def test_what_came_can_be_another_amount(quick_shop: Shop) -> None:
    paid = quick_shop.take(Door.PAY, till="by_hand")
    for wrong in ("abc", "0", "-5", "1e9"):
        code, _, err = quick_shop.run("confirm", paid.reference, f"--amount={wrong}")
        assert code == 1, wrong
        assert err
    done = quick_shop.json("confirm", paid.reference, "--amount", "4,20")
    assert done == {"reference": paid.reference, "amount": "4.20", "currency": "EUR"}


@pytest.mark.parametrize("more", [[], ["--amount", "5"]])
def test_a_reference_that_is_not_there_is_said(quick_shop: Shop, more: list[str]) -> None:
    answer = quick_shop.run("confirm", "HW-2222-2222", *more)
    assert answer == (1, "", "There is no payment by hand with the reference HW-2222-2222.\n")
    code, out, _ = quick_shop.run("confirm", "HW-2222-2222", "--json", *more)
    assert (code, json.loads(out)["error"]["code"]) == (1, "payment_state")


def test_a_letter_is_read_and_answered(shop: Shop) -> None:
    assert shop.run("letters")[1] == "There are no letters yet.\n"
    order = shop.take(letter="Dear Alice,\nwas it cold?")
    (letter,) = shop.json("letters", "--unread")["letters"]
    assert (letter["body"], letter["author"], letter["read_at"]) == ("Dear Alice,\nwas it cold?", "reader", None)
    shown = shop.run("letters", "--unread")[1]
    assert f"{letter['letter']}  A reader of High Water, " in shown
    assert "(new)\n    Dear Alice,\n    was it cold?\n" in shown

    answer = shop.run("answer", letter["letter"], "Very cold.")
    assert answer == (0, "Your answer is on the reader’s page.\n", "")
    assert shop.run("letters", "--unread")[1] == "You have read everything.\n"
    both = shop.json("letters")["letters"]
    assert [(each["author"], each["body"]) for each in both] == [
        ("creator", "Very cold."),
        ("reader", "Dear Alice,\nwas it cold?"),
    ]
    assert both[0]["order"] == order.id


def pipe(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_an_answer_can_come_through_a_pipe(quick_shop: Shop, letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for data, words in ((b"", "nothing in this letter"), (b"x" * 30_000, "20 KB")):
        pipe(data, monkeypatch)
        code, _, err = quick_shop.run("answer", letter)
        assert code == 1
        assert words in err
    pipe("Sehr kühl.\n".encode(), monkeypatch)
    assert quick_shop.run("answer", letter)[0] == 0
    assert newest(quick_shop) == "Sehr kühl."


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Standard input is a terminal, and no editor is named."""
    ours, theirs = pty.openpty()
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield
    os.close(ours)


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_the_editor_opens_with_the_letter_in_it(
    quick_shop: Shop, letter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "my editor"
    editor.write_text('#!/bin/sh\ncp "$2" "$1"\n{ echo "Very cold."; cat "$1"; } > "$2"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", f"'{editor}' '{tmp_path / 'seen'}'")
    assert quick_shop.run("answer", letter) == (0, "Your answer is on the reader’s page.\n", "")
    assert "# Was it cold?\n# # a line like ours" in (tmp_path / "seen").read_text()
    assert newest(quick_shop) == "Very cold."


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("editor", "code", "words"),
    [
        ("", 2, "set EDITOR"),
        ("false", 1, "nothing was sent"),
        ("true", 1, "nothing in this letter"),
        ("/nowhere/editor", 2, "did not start"),
    ],
)
def test_an_editor_that_fails_or_writes_nothing_sends_nothing(
    quick_shop: Shop, letter: str, monkeypatch: pytest.MonkeyPatch, editor: str, code: int, words: str
) -> None:
    monkeypatch.setenv("EDITOR", editor)
    said, _, err = quick_shop.run("answer", letter)
    assert said == code
    assert words in err
    assert len(quick_shop.json("letters")["letters"]) == 1


def test_an_answer_to_an_unknown_letter_is_refused(quick_shop: Shop) -> None:
    answer = quick_shop.run("answer", "nowhere", "Hello")
    command = f"headwaters letters --shop {shlex.quote(str(quick_shop.folder))}"
    assert answer == (1, "", f"There is no such letter.\n“{command}” lists them.\n")


def test_a_sign_in_link_is_printed(quick_shop: Shop) -> None:
    first, second = quick_shop.json("signin"), quick_shop.json("signin")
    assert first["minutes"] == 10
    assert first["url"].startswith("http://localhost:8000/studio/in/")
    assert first["url"] != second["url"]
    lines = quick_shop.run("signin")[1].splitlines()
    assert lines[0] == "Open this within 10 minutes; it works once:"
    assert lines[1].startswith("http://localhost:8000/studio/in/")


@pytest.mark.parametrize("command", [["confirm"], ["answer"], ["orders", "--most", "many"], ["letters", "--what"]])
def test_wrong_use_ends_with_2(command: list[str]) -> None:
    assert main(command) == 2
