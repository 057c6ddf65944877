"""The command line: `headwaters`. Each command parses, calls one errand or action, and prints.

Exit codes: 0 done, 1 refused (what was asked for cannot be), 2 wrong use (the command makes no sense),
130 interrupted. With --json, exactly one JSON document goes to standard output, also when refused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from headwaters import __version__
from headwaters.cli._tools import Parser, tell_person, tell_program
from headwaters.cli._words import keep_shop
from headwaters.core.errors import HeadwatersError, WrongUse
from headwaters.texts import translations

# command → the module that describes and runs it; only what is asked for is imported
_ROOMS = {
    "init": "shop",
    "settings": "shop",
    "doctor": "shop",
    "publish": "works",
    "works": "works",
    "retire": "works",
    "restore": "works",
    "withhold": "works",
    "makings": "makings",
    "withdraw": "samples",
    "collections": "collections",
    "mirrors": "mirrors",
    "colophon": "colophon",
    "findings": "colophon",
    "orders": "orders",
    "confirm": "orders",
    "refund": "orders",
    "order": "order",
    "ledger": "money",
    "tills": "money",
    "numbers": "numbers",
    "letters": "letters",
    "answer": "letters",
    "thread": "talk",
    "saved": "talk",
    "notices": "talk",
    "reports": "reports",
    "signin": "signin",
    "people": "people",
    "log": "people",
    "logo": "look",
    "themes": "look",
    "address": "look",
    "storage": "storage",
    "serve": "serve",
    "demo": "demo",
}


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The grammar of `command`, or the whole of it; docs/operate/commands.md is held against it by a test."""
    _ = translations("en").gettext
    parser = Parser(
        prog="headwaters",
        description=_("Publish and sell your works from your own machine, with nobody in between."),
    )
    parser.add_argument("--version", action="version", version=f"headwaters {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    rooms = [_ROOMS[command]] if command in _ROOMS else dict.fromkeys(_ROOMS.values())
    for room in rooms:
        import_module(f"headwaters.cli.{room}").add_parsers(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        keep_shop(None)
        args = build_parser(arguments[0] if arguments else None).parse_args(arguments)
        keep_shop(getattr(args, "shop", None))
        return int(args.run(args))
    except HeadwatersError as error:
        tell = tell_program if "--json" in arguments else tell_person
        tell(error)
        return 2 if isinstance(error, WrongUse) else 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: not worth a message
        return 1
