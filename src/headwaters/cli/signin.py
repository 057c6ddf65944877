"""Command that signs in to the Studio."""

from __future__ import annotations

import argparse

from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _
from headwaters.core.signin import LINK_LIVES
from headwaters.errands.house import House
from headwaters.errands.signin import make_link


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe signin."""
    signin = Command(commands, "signin", _("Print a link that signs you in to your Studio once."), run_signin).shop()
    signin.parser.add_argument(
        "--for",
        dest="person",
        default="",
        metavar="NAME",
        help=_("for somebody else who may come in, or who lost a key"),
    )


async def signin_link(house: House, person: str = "") -> str:
    """A fresh link into the Studio of `house`."""
    return await make_link(house, person)


def run_signin(args: argparse.Namespace) -> int:
    """Print the link. Whoever may read the shop's folder may sign in."""
    link = in_house(args, lambda house: signin_link(house, args.person))
    minutes = int(LINK_LIVES.total_seconds() // 60)
    text = _("Open this within %(minutes)d minutes; it works once:") % {"minutes": minutes}
    say(args, {"url": link, "minutes": minutes}, f"{text}\n{link}")
    return 0
