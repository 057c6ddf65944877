"""The command on how it is going: numbers."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timedelta
from typing import Any

from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _
from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.study.launches import read_time
from headwaters.core.study.spans import Span, Step, Window, cut, window_of
from headwaters.errands.house import House
from headwaters.store import numbers as rows
from headwaters.store.db import Connection
from headwaters.store.numbers import Going
from headwaters.web.format import Format, formats
from headwaters.web.studio import going as words
from headwaters.web.studio.numbers import countries_csv, numbers_csv, origins_csv

_TABLES = ("days", "origins", "countries")


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe numbers."""
    about = _("How it is going: copies, money, letters, visits, countries.")
    parser = Command(commands, "numbers", about, run_numbers).shop().parser
    parser.add_argument(
        "--span", choices=[span.value for span in Span], default=Span.MONTH.value, help=_("days to look back (30)")
    )
    parser.add_argument("--since", metavar="TIME", default="", help=_("from this time on (2026-11-26T14:30, in UTC)"))
    parser.add_argument("--until", metavar="TIME", default="", help=_("up to this time (now)"))
    parser.add_argument("--work", metavar="SLUG", default="", help=_("of this work alone"))
    parser.add_argument("--csv", choices=_TABLES, help=_("print a table as CSV: days, origins or countries"))


def run_numbers(args: argparse.Namespace) -> int:
    """Show the numbers of a span or a time."""
    going, span = in_house(args, lambda house: _look(house, args))
    if args.csv and not args.json:
        sys.stdout.write(_csv(going, args.csv))
        return 0
    say(args, _json(going), _text(formats("en"), going, span))
    return 0


async def _look(house: House, args: argparse.Namespace) -> tuple[Going, Span | None]:
    now = house.clock()
    since, until = read_time(args.since, now, "since"), read_time(args.until, now, "until")
    span = None if since or until else Span(args.span)

    def look(conn: Connection) -> Going:
        first = rows.first_order_at(conn)
        window = window_of(span, now, first) if span else _between(since or first or now, until or now)
        if args.csv and window.step is not Step.HOUR:
            window = cut(window.start, window.end, Step.DAY)
        return rows.going(conn, window, first if span else None, _work_id(conn, args.work))

    return await house.db.read(look), span


def _between(since: datetime, until: datetime) -> Window:
    return cut(min(since, until), until + timedelta(microseconds=1))


def _work_id(conn: Connection, slug: str) -> int | None:
    if not slug:
        return None
    for number, each, _title in rows.works_to_choose(conn):
        if each == slug:
            return number
    raise NotFound(Code.WORK_UNKNOWN, N_("There is no such work here."))


def _csv(going: Going, table: str) -> str:
    if table == "origins":
        return origins_csv(going)
    if table == "countries":
        return countries_csv(going)
    columns = ("money", "letters") if going.window.step is Step.HOUR else ("money", "letters", "visits")
    return numbers_csv(going, *columns)


# ── for a person ─────────────────────────────────────────────────────────────────────────────────


def _text(said: Format, going: Going, span: Span | None) -> str:
    when = words.SPANS[span][2] if span else ""
    copies = words.copies_card(said, going.total, going.before, when)
    money = words.money_card(said, going.total, going.before, when)
    lines = [_title(going, span)]
    for card in (copies, money):
        notes = "; ".join(note for note in (card.parts, card.compared) if note)
        lines.append(f"  {card.name}: {', '.join(card.values)}" + (f" ({notes})" if notes else ""))
    lines.append(f"  {_('Letters')}: {going.total.letters}")
    lines.append(f"  {_('Visits')}: {going.total.visits}")
    if going.fetched:
        lines.append(f"  {_('Files of free works fetched from their public addresses')}: {going.fetched}")
    if practice := words.practice_words(said, going.total):
        lines.append(f"  {practice}")
    lines += _origins(said, going)
    if found := words.countries(said, going.countries):
        lines.append(_("Where readers are, in fives:"))
        lines += [f"  {row.name}: {row.count}" for row in found]
    return "\n".join(lines)


def _title(going: Going, span: Span | None) -> str:
    if span is not None:
        return _(words.SPANS[span][1])
    end = going.window.end - timedelta(microseconds=1)
    times = {"since": f"{going.window.start:%Y-%m-%d %H:%M}", "until": f"{end:%Y-%m-%d %H:%M}"}
    return _("From %(since)s to %(until)s (UTC)") % times


def _origins(said: Format, going: Going) -> list[str]:
    found = words.origins(said, going.origins)
    line = _("  %(name)s: %(visits)s visits, %(copies)s copies")
    told = [line % {"name": each.name, "visits": each.visits, "copies": each.copies} for each in found]
    return [_("Where readers came from:"), *told] if told else []


# ── for a program ────────────────────────────────────────────────────────────────────────────────


def _json(going: Going) -> dict[str, Any]:
    total, told = going.total, going.countries
    return {
        "since": going.window.start.isoformat(),
        "until": going.window.end.isoformat(),
        "copies": {"all": total.copies, **{door.value: count for door, count in total.doors.items()}},
        "money": words.money_json(total.money),
        "practice": {"copies": total.practised, "money": words.money_json(total.practice)},
        "letters": total.letters,
        "visits": total.visits,
        "fetched": going.fetched,
        "origins": {word: {"visits": seen, "copies": taken} for word, (seen, taken) in going.origins.items()},
        "countries": {"named": dict(told.named), "others": told.others, "not_said": told.silent},
    }
