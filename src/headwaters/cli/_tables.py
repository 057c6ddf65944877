"""Tables on standard output, a piece at a time."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import AsyncIterator, Callable

from headwaters.cli._tools import in_house
from headwaters.core.errors import N_, Code, WrongUse
from headwaters.errands.export import Start
from headwaters.errands.house import House


def start_of(args: argparse.Namespace) -> Start:
    """How the table begins."""
    return Start.MARKED if args.bom else Start.PLAIN


def print_table(args: argparse.Namespace, pieces: Callable[[House], AsyncIterator[str]]) -> int:
    """Print what `pieces` gives, as UTF-8 and with its own line ends, whatever this terminal would make of it."""
    if args.json:
        raise WrongUse(Code.WRONG_USE, N_("A table is no JSON: give one of --csv and --json."))
    out = sys.stdout.buffer if isinstance(sys.stdout, io.TextIOWrapper) else None

    async def run(house: House) -> None:
        async for piece in pieces(house):
            if out is None:
                sys.stdout.write(piece)
            else:
                out.write(piece.encode())
        sys.stdout.flush()

    in_house(args, run)
    return 0
