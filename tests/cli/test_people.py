"""People, the log and lost keys by the command line."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headwaters.cli import main
from headwaters.errands.init import NewShop, make_shop
from tests.support.served import Answer


@dataclass(frozen=True)
class Shop:
    """A shop's folder, and its commands in this process."""

    folder: Path
    heard: pytest.CaptureFixture[str]

    def say(self, *arguments: str) -> Answer:
        code = main([*arguments, "--shop", str(self.folder)])
        return Answer(code, *self.heard.readouterr())

    def run(self, *arguments: str) -> Answer:
        return self.say(*arguments, "--json")

    def done(self, *arguments: str) -> Any:
        answer = self.run(*arguments)
        assert answer.code == 0, answer.out + answer.err
        return answer.json

    def people(self) -> dict[str, tuple[str, list[str], bool]]:
        found = self.done("people")["people"]
        return {one["name"]: (one["kind"], one["may"], one["ended"]) for one in found}


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    folder = tmp_path / "shop"
    asyncio.run(make_shop(NewShop(folder, "Alice", "EUR", "https://shop.example")))
    return Shop(folder, capsys)


ALL = ["publish", "sell", "talk", "look", "people"]


def test_somebody_is_invited_changed_ended_and_let_in_again(shop: Shop) -> None:
    assert shop.people() == {}
    invited = shop.done("people", "Bob", "--invite", "--may", "talk, publish")
    assert re.fullmatch(r"https://shop\.example/studio/in/[a-z2-7]{26}", invited["url"])
    assert shop.people() == {"Alice": ("creator", ALL, False), "Bob": ("contributor", ["publish", "talk"], False)}
    assert [shop.done("people", "bob", "--may", "sell")["changed"] for _ in range(2)] == [True, False]
    assert shop.done("people", "Bob", "--rename", "Bob Rivers") == {"name": "Bob Rivers", "changed": True}
    assert [shop.done("people", "Bob Rivers", "--end")["changed"] for _ in range(2)] == [True, False]
    assert shop.people()["Bob Rivers"] == ("contributor", ["sell"], True)
    assert shop.run("signin", "--for", "Bob Rivers").json["error"]["code"] == "person_unknown"
    assert shop.done("people", "Bob Rivers", "--restore")["changed"] is True
    assert "/studio/in/" in shop.done("signin", "--for", "bob rivers")["url"]
    assert shop.done("people", "Bob Rivers", "--creator")["changed"] is True
    log = shop.done("log", "--who", "machine", "--room", "people")["deeds"]
    assert [deed["deed"] for deed in reversed(log)] == [
        *("person.invited", "person.changed", "person.changed", "person.ended", "person.restored"),
        *("signin.link", "person.changed"),
    ]
    assert {deed["who"] for deed in log} == {None}
    words = shop.say("log", "--most", "1").out
    assert "The shop’s machine changed what Bob Rivers is or may do (as a creator)" in words
    assert "Bob Rivers\n    creator · " in shop.say("people").out


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["--end"], "wrong_use", 2),
        (["Alice", "--end", "--may", "talk"], "wrong_use", 2),
        (["Alice", "--creator", "--may", "talk"], "wrong_use", 2),
        (["Bob", "--invite", "--may", "fly"], "right_missing", 1),
        (["alice", "--invite"], "person_name", 1),
        (["Charlie", "--end"], "person_unknown", 1),
        (["Charlie"], "person_unknown", 1),
        (["Alice", "--end"], "last_creator", 1),
        (["Alice", "--may", "talk"], "last_creator", 1),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    shop: Shop, arguments: list[str], code: str, exit_code: int
) -> None:
    shop.done("signin")
    answer = shop.run("people", *arguments)
    assert (answer.json["error"]["code"], answer.code) == (code, exit_code)
    assert shop.people() == {"Alice": ("creator", ALL, False)}


def test_an_empty_log_says_so_and_of_nobody_unknown(shop: Shop) -> None:
    assert shop.done("log")["deeds"] == []
    assert "nothing of this kind" in shop.say("log", "--room", "works").out
    assert shop.run("log", "--who", "Charlie").json["error"]["code"] == "person_unknown"
