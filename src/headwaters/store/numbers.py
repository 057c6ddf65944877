"""View queries of the study: what happened between two moments, by units of time. Nothing here changes anything.

An order has one line today, so that a payment is its work's; the day that orders have several, the ledger's shares say
whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal_column, select

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.sales.states import Door, Mode, OrderState, PaymentState
from headwaters.core.study.numbers import At, Countries, Sums, Tally, in_fives, tallies, tally
from headwaters.core.study.spans import DAY, HOUR, Step, Window, day_number, window_before
from headwaters.store.connection import Connection
from headwaters.store.fetching import fetched
from headwaters.store.tables import extra_fees, letters, order_lines, orders, payments, refunds, visits, works

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked at: from `start` up to `end`, of one work or (None) of all."""

    start: datetime
    end: datetime
    work_id: int | None = None

    @property
    def micros(self) -> tuple[int, int]:
        """For BETWEEN, which has its end in it."""
        return to_micros(self.start), to_micros(self.end) - 1


# ── by units of time ─────────────────────────────────────────────────────────────────────────────


def numbers(conn: Connection, asked: Asked, unit: timedelta) -> list[At]:
    """A tally of each unit (a minute, an hour, a day since 1970) in which something happened."""
    found = minutes(conn, asked, unit)
    for at, count in _letters(conn, asked, unit):
        found.setdefault(at, Tally()).letters += count
    for day, count in _visits(conn, asked):
        at = day * DAY // unit
        found.setdefault(at, Tally()).visits += count
    return [(from_micros(at * (unit // _MICROSECOND)), part) for at, part in sorted(found.items())]


def minutes(conn: Connection, asked: Asked, unit: timedelta) -> dict[int, Tally]:
    """Copies and money alone, by the number of the unit since 1970: what a launch looks at each second."""
    found: dict[int, Tally] = {}
    for at, door, practised, count in conn.execute(_copies(asked, _unit(orders.c.created_at, unit), orders.c.door)):
        part = found.setdefault(at, Tally())
        if practised:
            part.practised += count
        else:
            part.doors[Door(door)] += count
    for at, currency, live, sums in _money(conn, asked, unit):
        part = found.setdefault(at, Tally())
        (part.money if live else part.practice).setdefault(currency, Sums()).add(sums)
    return found


def _unit(column: ColumnElement[int], unit: timedelta) -> ColumnElement[int]:
    """The number of the unit since 1970. Written out: PostgreSQL takes no parameter for the same thing twice."""
    return column // literal_column(str(unit // _MICROSECOND))


def _practised() -> ColumnElement[int]:
    """1 where a copy was paid for, but with no money that is real."""
    real = exists().where(payments.c.order_id == orders.c.id, payments.c.mode == Mode.LIVE.value).correlate(orders)
    return case((and_(orders.c.door == Door.PAY.value, ~real), 1), else_=0)


def _copies(asked: Asked, *columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Granted lines by `columns`, those of practice apart."""
    named = [column.label(f"by_{number}") for number, column in enumerate((*columns, _practised()))]
    found = (
        select(*named, func.count())
        .select_from(orders)
        .join(order_lines, order_lines.c.order_id == orders.c.id)
        .where(orders.c.created_at.between(*asked.micros), orders.c.state == OrderState.GRANTED.value)
        .group_by(*(column.name for column in named))
    )
    return found if asked.work_id is None else found.where(_is_work(asked.work_id))


def _is_work(work_id: int) -> ColumnElement[bool]:
    """Of this work. As a sum, so that SQLite goes by the time that was asked for, and not through all of a work's
    lines."""
    return order_lines.c.work_id + 0 == work_id


def _of_work(found: Select[*tuple[Any, ...]], order_id: ColumnElement[int], asked: Asked) -> Select[*tuple[Any, ...]]:
    if asked.work_id is None:
        return found
    return found.join(order_lines, order_lines.c.order_id == order_id).where(_is_work(asked.work_id))


def _money(conn: Connection, asked: Asked, unit: timedelta) -> list[tuple[int, str, bool, Sums]]:
    """(unit, currency, whether it is real, sums): what came, what the tills kept of it, what went back."""
    live = case((payments.c.mode == Mode.LIVE.value, 1), else_=0).label("live")
    at = _unit(payments.c.settled_at, unit).label("at")
    paid, fees = func.sum(payments.c.amount_minor), func.sum(func.coalesce(payments.c.fee_minor, 0))
    came = (
        select(at, payments.c.currency, live, paid, fees, func.count())
        .select_from(payments)
        .where(payments.c.state == PaymentState.PAID.value, payments.c.settled_at.between(*asked.micros))
        .group_by("at", payments.c.currency, "live")
    )
    back_at = _unit(refunds.c.created_at, unit).label("at")
    went = (
        select(back_at, refunds.c.currency, live, func.sum(refunds.c.amount_minor))
        .select_from(refunds)
        .join(payments, payments.c.id == refunds.c.payment_id)
        .where(refunds.c.created_at.between(*asked.micros), refunds.c.undone_at.is_(None))
        .group_by("at", refunds.c.currency, "live")
    )
    fee_at = _unit(extra_fees.c.created_at, unit).label("at")
    more = (
        select(fee_at, extra_fees.c.currency, live, func.sum(extra_fees.c.amount_minor))
        .select_from(extra_fees)
        .join(payments, payments.c.id == extra_fees.c.payment_id)
        .where(extra_fees.c.created_at.between(*asked.micros))
        .group_by("at", extra_fees.c.currency, "live")
    )
    came, went, more = (_of_work(query, payments.c.order_id, asked) for query in (came, went, more))
    return [
        *(
            (unit_, code, bool(real), Sums(int(sum_), int(fee), 0, n))
            for unit_, code, real, sum_, fee, n in conn.execute(came)
        ),
        *((unit_, code, bool(real), Sums(refunded=int(back))) for unit_, code, real, back in conn.execute(went)),
        *((unit_, code, bool(real), Sums(fees=int(fee))) for unit_, code, real, fee in conn.execute(more)),
    ]


def _letters(conn: Connection, asked: Asked, unit: timedelta) -> list[tuple[int, int]]:
    """Those that readers wrote."""
    at = _unit(letters.c.created_at, unit).label("at")
    found = (
        select(at, func.count())
        .select_from(letters)
        .where(letters.c.created_at.between(*asked.micros), letters.c.author == "reader")
        .group_by("at")
    )
    return [(int(unit_), int(count)) for unit_, count in conn.execute(_of_work(found, letters.c.order_id, asked))]


# ── visits, words, countries ─────────────────────────────────────────────────────────────────────


def _visited(asked: Asked, by: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    days = day_number(asked.start), day_number(asked.end - _MICROSECOND)
    found = select(by, func.sum(visits.c.count)).where(visits.c.day.between(*days)).group_by(by)
    return found if asked.work_id is None else found.where(visits.c.work_id == asked.work_id)


def _visits(conn: Connection, asked: Asked) -> list[tuple[int, int]]:
    return [(day, int(count)) for day, count in conn.execute(_visited(asked, visits.c.day))]


def origins(conn: Connection, asked: Asked) -> dict[str, tuple[int, int]]:
    """By the word of the link: visits (of whole days) and copies."""
    seen = {word: int(count) for word, count in conn.execute(_visited(asked, visits.c.came_from))}
    taken: dict[str, int] = {}
    for word, practised, count in conn.execute(_copies(asked, orders.c.came_from)):
        if not practised:
            taken[word] = taken.get(word, 0) + int(count)
    return {word: (seen.get(word, 0), taken.get(word, 0)) for word in seen.keys() | taken.keys()}


def countries(conn: Connection, asked: Asked) -> dict[str, int]:
    """Copies by the country that their readers said. For `in_fives`; no page shows these numbers as they are."""
    found = conn.execute(_copies(asked, orders.c.country).where(orders.c.country.is_not(None)))
    return {code: int(count) for code, practised, count in found if not practised}


# ── what there is to choose from ─────────────────────────────────────────────────────────────────


def first_order_at(conn: Connection) -> datetime | None:
    """When the shop's first order came."""
    found = conn.execute(select(func.min(orders.c.created_at))).scalar()
    return None if found is None else from_micros(int(found))


def is_empty(conn: Connection) -> bool:
    """Nothing was ordered here, and nobody came by."""
    seen = conn.execute(select(visits.c.id).limit(1)).first()
    return seen is None and first_order_at(conn) is None


def works_to_choose(conn: Connection) -> list[tuple[int, str, str]]:
    """(id, slug, title) of every work that ever was, by title."""
    found = conn.execute(select(works.c.id, works.c.slug, works.c.title).order_by(works.c.title, works.c.id))
    return [(number, slug, title) for number, slug, title in found]


# ── how it is going ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Going:
    """A span of time, summed: by bar and in all, compared where there is something to compare with."""

    window: Window
    bars: tuple[Tally, ...]
    total: Tally
    before: Tally | None
    origins: dict[str, tuple[int, int]]
    countries: Countries
    fetched: int = 0  # downloads of free works that began at their public addresses


def going(conn: Connection, window: Window, first: datetime | None, work_id: int | None = None) -> Going:
    """What happened in `window`; `first`: when the shop's first order came."""
    asked = Asked(window.start, window.end, work_id)
    parts = numbers(conn, asked, HOUR if window.step is Step.HOUR else DAY)
    before = window_before(window, first)
    total = tally(parts)
    return Going(
        window=window,
        bars=tallies(window, parts),
        total=total,
        before=None if before is None else tally(numbers(conn, Asked(before.start, before.end, work_id), DAY)),
        origins=origins(conn, asked),
        countries=in_fives(countries(conn, asked), total.copies),
        fetched=fetched(conn, day_number(asked.start), day_number(asked.end - _MICROSECOND), work_id),
    )
