"""The numbers of the first page: read once for a page, and the same as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from headwaters.core.csv import csv_line
from headwaters.core.errors import N_
from headwaters.core.people import Right
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.study.numbers import Sums, Tally
from headwaters.core.study.spans import Span, Step, cut, day_number, window_of
from headwaters.store import numbers as rows
from headwaters.store.copy_visits import CopyLine, copies_of
from headwaters.store.db import Connection
from headwaters.store.numbers import Going
from headwaters.web.contexts import studio_see as pages
from headwaters.web.keys import HOUSE
from headwaters.web.studio.colophons import brought
from headwaters.web.studio.frame import frame, show, words_of
from headwaters.web.studio.going import address, going_context
from headwaters.web.studio.guard import HEADERS, Session, for_creator

routes = web.RouteTableDef()

USUAL = Span.MONTH
_EDITION = N_("%(title)s, edition %(number)d")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was asked for, and what is there."""

    span: Span
    work: str  # the chosen slug; empty: all
    works: list[tuple[int, str, str]]
    going: Going


def look(conn: Connection, span: Span, work: str, now: datetime, daily: bool = False) -> Seen:
    """The numbers of a span; of all works where there is none called so. `daily`: never in larger steps than days."""
    works, first = rows.works_to_choose(conn), rows.first_order_at(conn)
    work_id = next((number for number, slug, _ in works if slug == work), None)
    window = window_of(span, now, first)
    if daily and window.step is not Step.HOUR:
        window = cut(window.start, window.end, Step.DAY)
    return Seen(span, work if work_id is not None else "", works, rows.going(conn, window, first, work_id))


def asked(request: web.Request) -> tuple[Span, str]:
    """The span and the work of the address; nonsense is the usual."""
    text = request.query.get("span", USUAL.value)
    return Span(text) if text in set(Span) else USUAL, request.query.get("work", "")[:200]


async def going_of(request: web.Request, session: Session, home: str = "/studio") -> pages.Going:
    """How it is going, for whoever looks."""
    house, (span, work) = request.app[HOUSE], asked(request)
    now = house.clock()
    seen = await house.db.read(lambda conn: look(conn, span, work, now))
    may = session.row.may
    return going_context(
        words_of(request),
        seen.going,
        span,
        seen.works,
        seen.work,
        money=Right.SELL in may,
        letters=Right.TALK in may,
        home=home,
    )


@routes.get("/studio/numbers")
@for_creator
async def get_tables(request: web.Request, session: Session) -> web.Response:
    """What the first page draws, as tables, and all of the words and countries."""
    going = await going_of(request, session, "/studio/numbers")
    chosen = next((work.name for work in going.works if work.chosen), "")
    back = f"{address('/studio', Span(going.span), chosen)}#going"
    empty = await request.app[HOUSE].db.read(rows.is_empty)
    copies = brought(words_of(request), await _copies(request, chosen), titled=_EDITION)
    page = pages.NumbersPage(
        await frame(request, session, "start", "numbers"), back, going, copies, empty and not copies
    )
    return show(request, "numbers", page)


async def _copies(request: web.Request, chosen: str) -> list[CopyLine]:
    """Editions whose copies brought visits in the time that was asked for; `chosen`: a slug, empty for all works."""
    house, (span, _) = request.app[HOUSE], asked(request)
    first = 0 if span is Span.ALL else day_number(window_of(span, house.clock(), None).start)
    return await house.db.read(lambda conn: copies_of(conn, chosen or None, first))


# ── the same as CSV ──────────────────────────────────────────────────────────────────────────────


def numbers_csv(going: Going, *columns: str) -> str:
    """A line a day (of today: an hour), in UTC; `columns`: which of money, letters and visits."""
    hourly = going.window.step is Step.HOUR
    currencies = sorted(going.total.money) if "money" in columns else []
    heads = ["hour" if hourly else "day", *(door.value for door in Door)]
    heads += [f"{currency} {what}" for currency in currencies for what in ("paid", "fees", "refunded", "rest")]
    heads += [column for column in ("letters", "visits") if column in columns]
    lines = [csv_line(heads)]
    for at, bar in zip(going.window.cuts, going.bars, strict=True):
        money = [cell for currency in currencies for cell in _money(bar, currency)]
        counts = [getattr(bar, column) for column in ("letters", "visits") if column in columns]
        stamp = at if hourly else at.date().isoformat()
        lines.append(csv_line([stamp, *(bar.doors[door] for door in Door), *money, *counts]))
    return "".join(lines)


def _money(bar: Tally, currency: str) -> list[Money]:
    sums = bar.money.get(currency, Sums())
    return [Money(minor, currency) for minor in (sums.paid, sums.fees, sums.refunded, sums.rest)]


def origins_csv(going: Going) -> str:
    """A line for each word of a link."""
    order = sorted(going.origins.items(), key=lambda pair: (-pair[1][1], -pair[1][0], pair[0]))
    heads = csv_line(["from", "visits", "copies"])
    return heads + "".join(csv_line([word, *counts]) for word, counts in order)


def countries_csv(going: Going) -> str:
    """A line for each country of five readers or more, in fives; the others, and who said nothing, without a code."""
    found = going.countries
    lines = [*found.named, ("other countries", found.others), ("not said", found.silent)]
    return csv_line(["country", "copies"]) + "".join(csv_line(line) for line in lines)


async def _going(request: web.Request) -> Going:
    house, (span, work) = request.app[HOUSE], asked(request)
    now = house.clock()
    return (await house.db.read(lambda conn: look(conn, span, work, now, daily=True))).going


def _file(text: str, name: str) -> web.Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers={**HEADERS, **disposition})


@routes.get("/studio/numbers.csv")
@for_creator
async def get_numbers(request: web.Request, session: Session) -> web.Response:
    """Copies, money, letters and visits by the day."""
    may, going = session.row.may, await _going(request)
    columns = [name for name, right in (("money", Right.SELL), ("letters", Right.TALK)) if right in may]
    if going.window.step is not Step.HOUR:
        columns.append("visits")
    return _file(numbers_csv(going, *columns), "numbers")


@routes.get("/studio/origins.csv")
@for_creator
async def get_origins(request: web.Request, _session: Session) -> web.Response:
    """Where readers came from."""
    return _file(origins_csv(await _going(request)), "origins")


@routes.get("/studio/countries.csv")
@for_creator
async def get_countries(request: web.Request, _session: Session) -> web.Response:
    """Where readers said they are."""
    return _file(countries_csv(await _going(request)), "countries")
