"""Command that serves."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import signal
import sys

from headwaters.cli._tools import Command, open_house
from headwaters.cli._words import _
from headwaters.config import note_address
from headwaters.errands.house import House
from headwaters.errands.signin import make_link, nobody_has_a_key
from headwaters.web.app import listen
from headwaters.web.app import serve as answer


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe serve."""
    add_listening(Command(commands, "serve", _("Serve the shop."), run_serve).shop())


def add_listening(command: Command) -> None:
    """Add --host and --port."""
    command.parser.add_argument("--host", help=_("address to listen on (127.0.0.1)"))
    command.parser.add_argument("--port", type=int, help=_("port to listen on (8000)"))


def _allow_many_readers() -> None:
    """Each reader is an open file: take as many as the system lets us, not the small number that shells start with."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve_until_told(house: House, args: argparse.Namespace, link: str | None) -> int:
    """Listen, say where, and answer until SIGINT or SIGTERM; `link`: a way into the Studio to print."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _allow_many_readers()
    sock = listen(house.config.host, house.config.port)
    note_address(house.config)
    nobody = not link and await nobody_has_a_key(house)
    if nobody and sys.stdout.isatty() and not args.json:  # never into a log: whoever reads it could use it
        link = await make_link(house)
    _announce(house, args, link, nobody)
    _spare_the_collector()
    await answer(house, sock, stop)
    return 0


def _spare_the_collector() -> None:
    """What is here now stays until the end: not worth looking through again and again. And a request leaves hundreds
    of objects that die by themselves, so that looking for rings after each 700, as Python does, finds only work."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def _announce(house: House, args: argparse.Namespace, link: str | None, nobody: bool) -> None:
    """`nobody`: there is no key to the Studio yet, and no link either."""
    if args.json:
        print(json.dumps({"url": house.config.url, "signin": link}), flush=True)
        return
    scheme = "https" if house.config.tls_certificate else "http"
    local = f"{scheme}://{house.config.host}:{house.config.port}"
    print(_("The shop is open:  %s") % house.config.url, flush=True)
    if house.config.url not in {local, local.replace("127.0.0.1", "localhost")}:
        print(_("It listens on:     %s") % local, flush=True)
    if link:
        print(_("Your Studio:       %s") % link)
        print(_("(This link works once, within 10 minutes. “headwaters signin” makes another.)"), flush=True)
    elif nobody:
        print(_("Your Studio:       nobody can sign in yet; “headwaters signin” makes a link."), flush=True)
    print(_("Stop it with Ctrl+C."), flush=True)


def run_serve(args: argparse.Namespace) -> int:
    """Serve until told to stop (SIGINT, SIGTERM)."""

    async def run() -> int:
        async with open_house(args, host=args.host, port=args.port) as house:
            return await serve_until_told(house, args, None)

    return asyncio.run(run())
