"""The command on collections: list them, make one, fill and order it, retire it, bring it back."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from headwaters.actions import collections as verbs
from headwaters.actions.deeds import noted
from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, NotFound, WrongUse
from headwaters.errands.house import House
from headwaters.store import collections as rows
from headwaters.store.db import Connection


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe collections."""
    about = _("List collections of works (a series, an album), make one, or change it.")
    parser = Command(commands, "collections", about, run_collections).shop().parser
    parser.add_argument("slug", nargs="?", metavar="SLUG", help=_("one collection: the end of its address"))
    parser.add_argument("--title", help=_("what it is called; makes it where there is none"))
    parser.add_argument("--words", help=_("what stands above its works, in Markdown"))
    parser.add_argument("--works", metavar="SLUGS", help=_("exactly these works, in this order: my-film,my-songs"))
    state = parser.add_mutually_exclusive_group()
    state.add_argument("--retire", action="store_true", help=_("its page goes; the works stay"))
    state.add_argument("--restore", action="store_true", help=_("its page comes back"))


@dataclass(frozen=True, slots=True)
class _Line:
    collection: rows.CollectionRow
    works: list[rows.MemberRow]
    address: str


def run_collections(args: argparse.Namespace) -> int:
    """Change what is asked for, and show the collection; or list all."""
    changes = any(value is not None for value in (args.title, args.words, args.works)) or args.retire or args.restore
    if changes and not args.slug:
        raise WrongUse(
            Code.WRONG_USE,
            N_("Say which collection."),
            hint=N_("headwaters collections the-river --title “The River” --works rain,river,sea"),
        )
    lines = in_house(args, lambda house: _run(house, args))
    empty = _("There is no collection yet. headwaters collections the-river --title “The River” --works rain,river")
    say(args, {"collections": [_json(line) for line in lines]}, "\n".join(map(_text, lines)) or empty)
    return 0


async def _run(house: House, args: argparse.Namespace) -> list[_Line]:
    if args.slug:
        now = house.clock()
        await house.db.write(lambda conn: _change(conn, args, now))

    def look(conn: Connection) -> list[_Line]:
        found = (rows.collection_at(conn, args.slug),) if args.slug else rows.all_collections(conn)
        return [_Line(one, rows.members(conn, one.id), f"{house.config.url}/c/{quote(one.slug)}") for one in found]

    return await house.db.read(look)


def _change(conn: Connection, args: argparse.Namespace, now: datetime) -> None:
    """All or nothing of what was asked for."""
    slug = args.slug
    changed = Deed(None, What.COLLECTION_CHANGED, f"collection:{slug}")

    def do(verb: Callable[[Connection], bool], deed: Deed = changed) -> None:
        noted(verb, deed, now)(conn)

    try:
        found = rows.collection_at(conn, slug)
    except NotFound:
        if args.title is None:
            raise
        verbs.make_noted(conn, args.title, args.words or "", slug, None, now)
    else:
        title = found.title if args.title is None else args.title
        words = found.words if args.words is None else args.words
        do(lambda conn: verbs.change_collection(conn, slug, found.revision, title, words, now))
    if args.works is not None:
        slugs = [part.strip() for part in args.works.split(",") if part.strip()]
        do(lambda conn: verbs.fill_collection(conn, slug, slugs))
    if args.retire:
        do(lambda conn: verbs.retire_collection(conn, slug, now), Deed(None, What.COLLECTION_RETIRED, changed.subject))
    if args.restore:
        deed = Deed(None, What.COLLECTION_RESTORED, changed.subject)
        do(lambda conn: verbs.restore_collection(conn, slug, now), deed)


def _text(line: _Line) -> str:
    retired = _("retired") if line.collection.state == rows.RETIRED else ""
    head = "  ".join(part for part in (line.collection.title, retired, line.address) if part)
    return "\n".join([head, *(f"    {work.title}  {work.slug}" for work in line.works)])


def _json(line: _Line) -> dict[str, Any]:
    return {
        "slug": line.collection.slug,
        "title": line.collection.title,
        "words": line.collection.words,
        "state": line.collection.state,
        "address": line.address,
        "works": [work.slug for work in line.works],
    }
