"""Command that makes a shop to look at, and serves it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from headwaters.cli._tools import Command, open_house
from headwaters.cli._words import _, keep_shop
from headwaters.cli.serve import add_listening, serve_until_told
from headwaters.cli.signin import signin_link
from headwaters.config import KEY_NAME
from headwaters.errands.demo import make_demo
from headwaters.errands.init import NewShop, make_shop


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe demo."""
    add_listening(Command(commands, "demo", _("Make a shop with three works in it, and serve it."), run_demo).shop())


def run_demo(args: argparse.Namespace) -> int:
    """Make the demo's shop where there is none, and serve it."""
    args.shop = args.shop or Path("headwaters-demo")
    keep_shop(args.shop)

    async def run() -> int:
        if not (args.shop / KEY_NAME).is_file():
            await make_shop(NewShop(args.shop, name="", currency="EUR", url=""))
        async with open_house(args, host=args.host, port=args.port) as house:
            await make_demo(house, _progress)
            return await serve_until_told(house, args, await signin_link(house))

    return asyncio.run(run())


def _progress(what: str, share: float) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{what} {share:.0%}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)
    elif share in {0.0, 1.0}:
        print(what, file=sys.stderr, flush=True)
