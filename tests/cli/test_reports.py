"""The command on reports: as a person types it, and as a program reads it."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from headwaters.actions.reports import file_report, read_wrong
from headwaters.config import load_config
from headwaters.wiring import furnish
from tests.support.served import Answer, headwaters

REFERENCE = "WR-7K3M-9QXA"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop where Bob told of a wrong."""
    folder = tmp_path / "shop"
    assert headwaters("init", folder, "--name", "Alice").code == 0

    async def tell() -> None:
        wrong = read_wrong("/w/high-water", "This is my song.\nI wrote it.", "bob@example.org")
        async with furnish(load_config(folder, environ={})) as house:
            now = house.clock()
            await house.db.write(
                lambda conn: file_report(conn, wrong, nonce="n" * 26, token="t" * 26, reference=REFERENCE, now=now)
            )

    thread = threading.Thread(target=lambda: asyncio.run(tell()))
    thread.start()
    thread.join()
    return folder


def run(shop: Path, *arguments: str) -> Answer:
    return headwaters("reports", *arguments, "--shop", shop)


def test_reports_are_read_answered_and_closed(shop: Path) -> None:
    listed = run(shop)
    assert listed.code == 0
    assert f"{REFERENCE}  " in listed.out
    assert "(waits for you)" in listed.out
    assert "They: This is my song.\n        I wrote it." in listed.out
    answered = run(shop, REFERENCE.lower(), "--answer", "Which song?", "--json").json
    assert answered == {"reference": REFERENCE, "state": "answered", "email": "bob@example.org"}
    assert run(shop, REFERENCE, "--answer", "I took it down.", "--close").code == 0
    (report,) = run(shop, REFERENCE, "--json").json["reports"]
    assert (report["state"], report["address"]) == ("closed", "/w/high-water")
    assert [(entry["author"], entry["body"]) for entry in report["log"]] == [
        ("creator", "Which song?"),
        ("creator", "I took it down."),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("WR-2222-2222",), 1, "report_unknown"),
        (("WR-2222-2222", "--answer", "Hello"), 1, "report_unknown"),
        ((REFERENCE, "--answer", " "), 1, "letter_empty"),
        ((REFERENCE, "--close"), 2, "wrong_use"),
        (("--answer", "Hello"), 2, "wrong_use"),
    ],
)
def test_what_makes_no_sense_changes_nothing(shop: Path, arguments: tuple[str, ...], code: int, error: str) -> None:
    refused = run(shop, *arguments, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (code, error)
    (report,) = run(shop, "--json").json["reports"]
    assert (report["state"], report["log"]) == ("open", [])


def test_a_shop_without_reports_says_so(tmp_path: Path) -> None:
    assert headwaters("init", tmp_path / "shop").code == 0
    assert run(tmp_path / "shop").out == "Nobody told of a wrong.\n"
