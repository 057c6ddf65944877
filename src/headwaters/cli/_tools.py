"""What the commands share: where the shop is, an opened house, and saying things to people and programs."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from headwaters.config import KEY_NAME, PREFIX, load_config
from headwaters.core.errors import HeadwatersError
from headwaters.errands.house import House
from headwaters.texts import error_text, hint_text
from headwaters.wiring import furnish

T = TypeVar("T")


class Command:
    """One command while it is described: its parser, with the options that every command has."""

    def __init__(self, commands: Any, name: str, about: str, run: Callable[[argparse.Namespace], int]) -> None:
        self.parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
        self.parser.add_argument("--json", action="store_true", help="print one JSON document")
        self.parser.set_defaults(run=run)

    def shop(self) -> Command:
        """Add --shop."""
        self.parser.add_argument("--shop", type=Path, metavar="DIR", help="the shop's folder")
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
        print(json.dumps(data, ensure_ascii=False, indent=2))
    elif text:
        print(text)


def report_error(args: argparse.Namespace, error: HeadwatersError) -> None:
    """Say what was wrong and what to do: as JSON on standard output with --json, else in words on standard error."""
    message, hint = error_text(error), hint_text(error)
    if getattr(args, "json", False):
        print(json.dumps({"error": {"code": error.code, "message": message, "hint": hint, "field": error.field}}))
        return
    print(message, file=sys.stderr)
    if hint:
        print(hint, file=sys.stderr)
