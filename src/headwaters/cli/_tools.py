"""What the commands share: where the shop is, an opened house, and saying things to people and programs."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from headwaters.cli._words import _, error_text, hint_text
from headwaters.config import KEY_NAME, PREFIX, load_config
from headwaters.core.errors import N_, Code, HeadwatersError, WrongUse
from headwaters.errands.house import House
from headwaters.wiring import furnish

T = TypeVar("T")


class Parser(argparse.ArgumentParser):
    """Raises WrongUse where argparse ends the program, so that a program that calls us gets its document then too.

    Options are written out: a short form of one would end with the next option that begins like it.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """`message` is argparse's own."""
        usage = self.format_usage().rstrip()
        words, hint = N_("%(command)s: %(wrong)s"), N_("%(usage)s")
        raise WrongUse(Code.WRONG_USE, words, hint=hint, command=self.prog, wrong=message, usage=usage)


class Command:
    """One command while it is described: its parser, with the options that every command has."""

    def __init__(self, commands: Any, name: str, about: str, run: Callable[[argparse.Namespace], int]) -> None:
        self.parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
        self.parser.add_argument("--json", action="store_true", help=_("print one JSON document"))
        self.parser.set_defaults(run=run)

    def shop(self) -> Command:
        """Add --shop."""
        self.parser.add_argument("--shop", type=Path, metavar="DIR", help=_("the shop's folder"))
        return self


def shop_dir(args: argparse.Namespace) -> Path:
    """--shop, else HEADWATERS_SHOP, else this folder if it is a shop, else `shop` in it."""
    if args.shop is not None:
        return Path(args.shop)
    if named := os.environ.get(PREFIX + "SHOP"):
        return Path(named)
    here = Path.cwd()
    return here if (here / KEY_NAME).is_file() else here / "shop"


@asynccontextmanager
async def open_house(args: argparse.Namespace, **over: Any) -> AsyncIterator[House]:
    """The house of --shop, ready for errands; closed again at the end. `over` overrides the configuration."""
    async with furnish(load_config(shop_dir(args), **over)) as house:
        yield house


def in_house(args: argparse.Namespace, errand: Callable[[House], Awaitable[T]]) -> T:
    """Run one errand in the house of --shop."""

    async def run() -> T:
        async with open_house(args) as house:
            return await errand(house)

    return asyncio.run(run())


def say(args: argparse.Namespace, data: Mapping[str, Any], text: str) -> None:
    """The command's result: `data` as JSON with --json, else `text` for a person."""
    if args.json:
        _print_json(data)
    elif text:
        print(as_typed(text))


def as_typed(text: str) -> str:
    """Words for a terminal, with no spaces but the one that people type."""
    return text.replace("\u00a0", " ")


def _print_json(data: Mapping[str, Any]) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


def utc(moment: datetime) -> str:
    """A time as programs get it from commands, the same as from an order page's JSON."""
    return moment.isoformat().replace("+00:00", "Z")


def error_data(error: HeadwatersError) -> dict[str, Any]:
    """What a program gets of an error."""
    return {
        "code": error.code.value,
        "message": _message(error),
        "hint": hint_text(error),
        "field": error.field or None,
    }


def _message(error: HeadwatersError) -> str:
    """What it says; of a setting's value with the name of the setting, which no field stands beside here."""
    text = error_text(error)
    named = error.code is Code.SETTING_INVALID and bool(error.field) and error.field not in text
    return f"{error.field}: {text}" if named else text


def tell_program(error: HeadwatersError) -> None:
    """Say what was wrong and what to do, as JSON on standard output."""
    _print_json({"error": error_data(error)})


def tell_person(error: HeadwatersError) -> None:
    """The same in words on standard error."""
    print(_message(error), file=sys.stderr)
    if hint := hint_text(error):
        print(hint, file=sys.stderr)
