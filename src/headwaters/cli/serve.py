"""Commands that serve: serve, demo."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from headwaters.cli._tools import Command, open_house, shop_dir
from headwaters.cli.signin import signin_link
from headwaters.config import KEY_NAME
from headwaters.errands.demo import make_demo
from headwaters.errands.house import House
from headwaters.errands.init import NewShop, make_shop
from headwaters.texts import translations
from headwaters.web.app import listen
from headwaters.web.app import serve as answer

_ = translations("en").gettext


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe serve and demo."""
    serve = Command(commands, "serve", _("Serve the shop."), run_serve).shop()
    demo = Command(commands, "demo", _("Make a shop with three works in it, and serve it."), run_demo).shop()
    for command in (serve, demo):
        command.parser.add_argument("--host", help=_("address to listen on (127.0.0.1)"))
        command.parser.add_argument("--port", type=int, help=_("port to listen on (8000)"))


async def _until_told(house: House, args: argparse.Namespace, link: str | None) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    sock = listen(house.config.host, house.config.port)
    _announce(house, args, link)
    await answer(house, sock, stop)
    return 0


def _announce(house: House, args: argparse.Namespace, link: str | None) -> None:
    if args.json:
        print(json.dumps({"url": house.config.url, "signin": link}), flush=True)
        return
    local = f"http://{house.config.host}:{house.config.port}"
    print(_("The shop is open:  %s") % house.config.url, flush=True)
    if house.config.url != local:
        print(_("It listens on:     %s") % local, flush=True)
    if link:
        print(_("Your Studio:       %s") % link)
        print(_("(This link works once, within 10 minutes. “headwaters signin” makes another.)"), flush=True)
    print(_("Stop it with Ctrl+C."), flush=True)


def run_serve(args: argparse.Namespace) -> int:
    """Serve until told to stop (SIGINT, SIGTERM)."""

    async def run() -> int:
        async with open_house(args, host=args.host, port=args.port) as house:
            return await _until_told(house, args, None)

    return asyncio.run(run())


def run_demo(args: argparse.Namespace) -> int:
    """Make the demo's shop where there is none, and serve it."""
    args.shop = args.shop or Path("headwaters-demo")

    async def run() -> int:
        if not (shop_dir(args) / KEY_NAME).is_file():
            await make_shop(NewShop(shop_dir(args), name="", currency="EUR", url=""))
        async with open_house(args, host=args.host, port=args.port) as house:
            await make_demo(house, _progress)
            return await _until_told(house, args, await signin_link(house))

    return asyncio.run(run())


def _progress(what: str, share: float) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{what} {share:.0%}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)
    elif share in {0.0, 1.0}:
        print(what, file=sys.stderr, flush=True)
