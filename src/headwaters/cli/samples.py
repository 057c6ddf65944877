"""Command on samples: withdraw."""

from __future__ import annotations

import argparse

from headwaters.actions.deeds import noted
from headwaters.actions.samples import withdraw_sample
from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _
from headwaters.core.deeds import Deed, What
from headwaters.errands.house import House


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe withdraw."""
    about = _("Give a sample away no more: it goes from the work's page and from its address.")
    parser = Command(commands, "withdraw", about, run_withdraw).shop().parser
    parser.add_argument("slug", metavar="SLUG", help=_("the end of the work's address"))
    parser.add_argument("name", metavar="NAME", help=_("the sample's name"))
    parser.add_argument("--edition", type=int, metavar="N", help=_("only that of this edition"))


def run_withdraw(args: argparse.Namespace) -> int:
    """Withdraw it."""

    async def errand(house: House) -> bool:
        deed = Deed(None, What.SAMPLE_WITHDRAWN, f"work:{args.slug}", {"name": args.name})
        verb = noted(lambda conn: withdraw_sample(conn, args.slug, args.name, args.edition), deed, house.clock())
        return await house.db.write(verb)

    changed = in_house(args, errand)
    done = _("%(name)s is withdrawn: there is nothing at its address any more.")
    text = done if changed else _("%(name)s was withdrawn already; nothing changed.")
    say(args, {"slug": args.slug, "name": args.name, "changed": changed}, text % {"name": args.name})
    return 0
