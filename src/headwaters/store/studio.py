"""View queries of the Studio: what the creator sees of orders, money and works. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.sales.finding import Narrow, Wanted, Which
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door, Mode, OrderState, PaymentState
from headwaters.store.connection import Connection
from headwaters.store.order_conditions import ALL, MOST_COUNTED, conditions, some, waits
from headwaters.store.tables import (
    extra_fees,
    grants,
    order_lines,
    orders,
    payment_events,
    payments,
    refunds,
    works,
)

# ── orders in a list ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order at a glance, with the payment that tells most of it."""

    id: int
    title: str  # of the works on it
    door: Door
    state: OrderState
    amount: Money  # asked for at the door
    email: str | None
    created_at: datetime
    paid: Money | None  # what came in, less what went back; None where nothing came
    reference: str | None
    till: str | None
    payment: PaymentState | None
    refunded: bool
    withdrawn: bool
    practice: bool  # no real money, also that of test keys


def _newest_payment() -> ColumnElement[int]:
    """The id of an order's newest payment that came in, else of one that is on its way, else of its newest one; what
    ran out of time comes last."""
    ranks = {PaymentState.PAID: 0, PaymentState.PENDING: 1, PaymentState.EXPIRED: 3}
    rank = case({state.value: number for state, number in ranks.items()}, value=payments.c.state, else_=2)
    chosen = select(payments.c.id).where(payments.c.order_id == orders.c.id)
    return chosen.order_by(rank, payments.c.id.desc()).limit(1).correlate(orders).scalar_subquery()


# What came and what went back: where any of it is real, that alone, as money of tests and practice is none.
_PAID = (payments.c.order_id == orders.c.id, payments.c.state == PaymentState.PAID.value)
_REAL = payments.c.mode == Mode.LIVE.value


def _is_real() -> ColumnElement[bool]:
    return some(*_PAID, _REAL)


def _paid() -> ColumnElement[int]:
    real = func.sum(case((_REAL, payments.c.amount_minor)))
    came = func.coalesce(real, func.sum(payments.c.amount_minor))
    return select(came).where(*_PAID).correlate(orders).scalar_subquery()


def _refunded() -> ColumnElement[int]:
    joined = select(func.sum(refunds.c.amount_minor)).join(payments, payments.c.id == refunds.c.payment_id)
    mine = (payments.c.order_id == orders.c.id, refunds.c.undone_at.is_(None))
    return joined.where(*mine, or_(_REAL, ~_is_real())).correlate(orders).scalar_subquery()


def _order_lines() -> Select[Any]:
    lines = select(func.min(order_lines.c.id)).where(order_lines.c.order_id == orders.c.id)
    first = lines.correlate(orders).scalar_subquery()
    return (
        select(
            orders.c.id,
            works.c.title,
            orders.c.door,
            orders.c.state,
            orders.c.amount_minor,
            orders.c.currency,
            orders.c.email,
            orders.c.created_at,
            orders.c.withdrawn_at,
            payments.c.reference,
            payments.c.till,
            payments.c.state.label("payment_state"),
            payments.c.mode,
            _paid().label("paid"),
            _refunded().label("refunded"),
            _is_real().label("real"),
        )
        .join(order_lines, order_lines.c.id == first, isouter=True)
        .join(works, works.c.id == order_lines.c.work_id, isouter=True)
        .join(payments, payments.c.id == _newest_payment(), isouter=True)
    )


def _line(row: Sequence[Any]) -> OrderLine:
    number, title, door, state, amount, currency, email, created, withdrawn, reference, till, payment, *money = row
    mode, paid, back, real = money
    came = None if paid is None else Money(int(paid) - int(back or 0), currency)
    return OrderLine(
        id=number,
        title=title or "",
        door=Door(door),
        state=OrderState(state),
        amount=Money(amount, currency),
        email=email,
        created_at=from_micros(created),
        paid=came,
        reference=reference,
        till=till,
        payment=None if payment is None else PaymentState(payment),
        refunded=bool(back),
        withdrawn=withdrawn is not None,
        practice=mode not in {None, Mode.LIVE.value} and not real,
    )


def find_orders(
    conn: Connection, wanted: Wanted | None, which: Which, most: int, skip: int = 0, narrow: Narrow = ALL
) -> list[OrderLine]:
    """Orders, newest first."""
    ids = select(orders.c.id).where(*conditions(conn, wanted, which, narrow)).order_by(orders.c.id.desc())
    found = [number for (number,) in conn.execute(ids.limit(most).offset(skip))]
    return lines_of(conn, found)


def lines_of(conn: Connection, numbers: Sequence[int]) -> list[OrderLine]:
    """The orders with these numbers, newest first."""
    found = _order_lines().where(orders.c.id.in_(numbers)).order_by(orders.c.id.desc())
    return [_line(row) for row in conn.execute(found)] if numbers else []


def count_orders(conn: Connection, wanted: Wanted | None, which: Which, narrow: Narrow = ALL) -> int:
    """How many `find_orders` would find in all; more than MOST_COUNTED are not counted."""
    some = select(orders.c.id).where(*conditions(conn, wanted, which, narrow)).limit(MOST_COUNTED + 1)
    return int(conn.execute(select(func.count()).select_from(some.subquery())).scalar() or 0)


# ── one order's story ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class WorkLine:
    """A work on an order; `key`: the download key of its grant, None before there is one."""

    title: str
    slug: str
    amount: Money
    key: str | None


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Money that went back. `undone_at`: the bank sent it here again, so that it did not; a dispute was won."""

    amount: Money
    created_at: datetime
    undone_at: datetime | None
    disputed: bool = False  # the reader's bank took it


@dataclass(frozen=True, slots=True)
class EventLine:
    """A payment event of a till, as it was taken in."""

    type: str
    outcome: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentStory:
    """A payment, and what the till said and gave back."""

    reference: str
    till: str
    mode: str
    state: PaymentState
    amount: Money
    fee: Money | None
    created_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    external_id: str | None  # the till's own name of it
    refunds: tuple[RefundLine, ...]
    events: tuple[EventLine, ...]

    @property
    def back(self) -> int:
        """Minor units that went back and stayed there."""
        return sum(refund.amount.minor for refund in self.refunds if refund.undone_at is None)


@dataclass(frozen=True, slots=True)
class OrderStory:
    """Everything about one order but its letters."""

    line: OrderLine
    token: str
    came_from: str
    first_door: Door  # the one that it began with; the line's door is the one that it counts for
    granted_at: datetime | None
    expires_at: datetime | None
    withdrawn_at: datetime | None
    works: tuple[WorkLine, ...]
    payments: tuple[PaymentStory, ...]


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def order_story(conn: Connection, order_id: int) -> OrderStory | None:
    """One order; None where there is none of this number."""
    row = conn.execute(_order_lines().where(orders.c.id == order_id)).first()
    if row is None:
        return None
    times = (orders.c.granted_at, orders.c.expires_at, orders.c.withdrawn_at)
    columns = (orders.c.token, orders.c.came_from, orders.c.first_door, *times)
    token, came_from, first, *moments = conn.execute(select(*columns).where(orders.c.id == order_id)).one()
    granted, expires, withdrawn = map(_moment, moments)
    works_on_it, paid = _works_of(conn, order_id), _payments_of(conn, order_id)
    line = _line(row)
    door = Door(first) if first else line.door
    return OrderStory(line, token, came_from, door, granted, expires, withdrawn, works_on_it, paid)


def _works_of(conn: Connection, order_id: int) -> tuple[WorkLine, ...]:
    grant = and_(grants.c.order_id == order_lines.c.order_id, grants.c.work_id == order_lines.c.work_id)
    found = conn.execute(
        select(works.c.title, works.c.slug, order_lines.c.amount_minor, orders.c.currency, grants.c.key)
        .select_from(order_lines)
        .join(orders, orders.c.id == order_lines.c.order_id)
        .join(works, works.c.id == order_lines.c.work_id)
        .join(grants, grant, isouter=True)
        .where(order_lines.c.order_id == order_id)
        .order_by(order_lines.c.id)
    )
    return tuple(WorkLine(title, slug, Money(minor, currency), key) for title, slug, minor, currency, key in found)


def _payments_of(conn: Connection, order_id: int) -> tuple[PaymentStory, ...]:
    columns = (
        payments.c.id,
        payments.c.reference,
        payments.c.till,
        payments.c.mode,
        payments.c.state,
        payments.c.amount_minor,
        payments.c.currency,
        payments.c.fee_minor,
        select(func.sum(extra_fees.c.amount_minor))
        .where(extra_fees.c.payment_id == payments.c.id)
        .correlate(payments)
        .scalar_subquery(),
        payments.c.created_at,
        payments.c.expires_at,
        payments.c.settled_at,
        payments.c.external_id,
    )
    found = conn.execute(select(*columns).where(payments.c.order_id == order_id).order_by(payments.c.id))
    return tuple(_payment(conn, row) for row in found.all())


def _payment(conn: Connection, row: Sequence[Any]) -> PaymentStory:
    payment_id, reference, till, mode, state, minor, currency, fee, extra, created, expires, settled, external = row
    known = fee is not None or extra is not None
    return PaymentStory(
        reference=reference,
        till=till,
        mode=mode,
        state=PaymentState(state),
        amount=Money(minor, currency),
        fee=Money(int(fee or 0) + int(extra or 0), currency) if known else None,
        created_at=from_micros(created),
        expires_at=from_micros(expires),
        settled_at=_moment(settled),
        external_id=external,
        refunds=_refunds_of(conn, payment_id),
        events=_events_of(conn, till, reference),
    )


def _refunds_of(conn: Connection, payment_id: int) -> tuple[RefundLine, ...]:
    columns = (
        refunds.c.amount_minor,
        refunds.c.currency,
        refunds.c.created_at,
        refunds.c.undone_at,
        refunds.c.kind,
    )
    found = conn.execute(select(*columns).where(refunds.c.payment_id == payment_id).order_by(refunds.c.id))
    return tuple(
        RefundLine(Money(minor, code), from_micros(at), _moment(undone), kind == "dispute")
        for minor, code, at, undone, kind in found
    )


def _events_of(conn: Connection, till: str, reference: str) -> tuple[EventLine, ...]:
    columns = (payment_events.c.type, payment_events.c.outcome, payment_events.c.received_at)
    mine = (payment_events.c.till == till, payment_events.c.reference == reference)
    found = conn.execute(select(*columns).where(*mine).order_by(payment_events.c.id).limit(50))
    return tuple(EventLine(kind, outcome, from_micros(at)) for kind, outcome, at in found)


def paid_minor(conn: Connection, order_id: int) -> int:
    """What came in for an order, less what went back, in its currency's smallest unit."""
    paid, back = conn.execute(select(_paid(), _refunded()).select_from(orders).where(orders.c.id == order_id)).one()
    return int(paid or 0) - int(back or 0)


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────


def money_between(conn: Connection, start: datetime, end: datetime) -> tuple[Money, ...]:
    """Real money that came in from `start` up to `end`, by currency."""
    settled = payments.c.settled_at.between(to_micros(start), to_micros(end) - 1)
    came = conn.execute(
        select(payments.c.currency, func.sum(payments.c.amount_minor))
        .where(payments.c.state == PaymentState.PAID.value, payments.c.mode == Mode.LIVE.value, settled)
        .group_by(payments.c.currency)
    )
    return tuple(Money(int(total), currency) for currency, total in sorted(map(tuple, came)))


def count_between(conn: Connection, start: datetime, end: datetime) -> int:
    """Orders that went through a door, wait for a payment by hand, or were paid, from `start` up to `end`."""
    span = (to_micros(start), to_micros(end) - 1)
    own = payments.c.order_id == orders.c.id
    paid = some(own, payments.c.settled_at.between(*span))
    made = and_(orders.c.created_at.between(*span), or_(orders.c.state == OrderState.GRANTED.value, waits()))
    return int(conn.execute(select(func.count()).select_from(orders).where(or_(paid, made))).scalar() or 0)


# ── works ────────────────────────────────────────────────────────────────────────────────────────


def count_holders(conn: Connection) -> dict[str, int]:
    """How many orders hold each work, by its slug; none: not in it."""
    found = conn.execute(
        select(works.c.slug, func.count()).join(grants, grants.c.work_id == works.c.id).group_by(works.c.slug)
    )
    return {slug: int(count) for slug, count in found}
