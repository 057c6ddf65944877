"""The command on mirrors: other hosts that have a work's files."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from headwaters.actions import mirrors as verbs
from headwaters.actions.deeds import noted
from headwaters.cli._tools import Command, in_house, say, utc
from headwaters.cli._words import _
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, WrongUse
from headwaters.core.works.mirrors import MirrorState
from headwaters.errands.house import House
from headwaters.errands.mirrors import check_work
from headwaters.store import mirrors as rows
from headwaters.store import works
from headwaters.store.mirrors import MirrorRow


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe mirrors."""
    about = _("List the other hosts that have a work's files, note one, take one off the list, or look at them now.")
    parser = Command(commands, "mirrors", about, run_mirrors).shop().parser
    parser.add_argument("slug", metavar="SLUG", help=_("the end of the work's address"))
    parser.add_argument("do", nargs="?", choices=["list", "add", "remove", "check"], default="list")
    parser.add_argument("address", nargs="?", metavar="ADDRESS", help=_("a folder there: https://mirror.example/film/"))


def run_mirrors(args: argparse.Namespace) -> int:
    """Do what is asked for, and show the mirrors."""
    if (args.address is not None) != (args.do in ("add", "remove")):
        hint = N_("headwaters mirrors my-film add https://mirror.example/my-film/")
        raise WrongUse(Code.WRONG_USE, N_("“add” and “remove” take an address, and nothing else does."), hint=hint)
    found = in_house(args, lambda house: _run(house, args))
    empty = _("This work has no mirror.")
    say(args, {"slug": args.slug, "mirrors": [_json(row) for row in found]}, "\n".join(map(_text, found)) or empty)
    return 0


async def _run(house: House, args: argparse.Namespace) -> tuple[MirrorRow, ...]:
    slug, address, now, own = args.slug, args.address, house.clock(), house.config.url
    subject = f"work:{slug}"
    if args.do == "add":
        added = Deed(None, What.MIRROR_ADDED, subject, {"address": address})
        await house.db.write(noted(lambda conn: verbs.add_mirror(conn, slug, address, own, now), added, now))
    if args.do == "remove":
        removed = Deed(None, What.MIRROR_REMOVED, subject, {"address": address})
        await house.db.write(noted(lambda conn: verbs.remove_mirror(conn, slug, address), removed, now))
    work = await house.db.read(partial(works.work_at, slug=slug))
    if args.do in ("add", "check"):
        await check_work(house, work.id)
    return await house.db.read(partial(rows.mirrors_of, work_id=work.id))


_STATES = {
    MirrorState.UNCHECKED: _("not looked at yet"),
    MirrorState.GOOD: _("good"),
    MirrorState.BAD: _("not told to readers"),
}


def _text(row: MirrorRow) -> str:
    return "  ".join(part for part in (row.address, _STATES[row.state], row.error) if part)


def _json(row: MirrorRow) -> dict[str, Any]:
    at = row.checked_at
    return {
        "address": row.address,
        "state": row.state.value,
        "error": row.error,
        "checked_at": None if at is None else utc(from_micros(at)),
    }
