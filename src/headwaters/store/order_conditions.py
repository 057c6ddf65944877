"""Which orders a creator looks for, as conditions on `orders`.

What is quick on a million orders, because an index finds it: a reference, link, download link, till's id, number, whole
address, day, a title, and the newest page of any list. What reads every order until it has found enough: words in an
address or note, and an amount; filters by door, till or work that fit few orders, on their way to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select

from headwaters.core.clock import to_micros
from headwaters.core.sales.finding import Narrow, Wanted, Which
from headwaters.core.sales.states import OrderState, PaymentState
from headwaters.store.connection import Connection
from headwaters.store.tables import grants, order_lines, orders, payment_events, payments, refunds, works

MOST_COUNTED = 10_000  # a list that is longer says so instead of counting on
ALL = Narrow()
_UNDER_WAY = (PaymentState.OPEN.value, PaymentState.PENDING.value)
_BY_HAND = "by_hand"
_TILLS = ("stripe", "by_hand", "practice")  # the first column of the indexes of tills' ids
_MINE = payments.c.order_id == orders.c.id

Condition = ColumnElement[bool]


def some(*conditions: Condition) -> Condition:
    """Whether there is such a row beside the order; what else the query joins is none of it."""
    return exists().where(*conditions).correlate(orders)


def waits() -> Condition:
    """A payment by hand that the creator has not confirmed."""
    return _with_payment(payments.c.till == _BY_HAND, payments.c.state.in_(_UNDER_WAY))


def _with_payment(*conditions: Condition) -> Condition:
    """Orders that have such a payment, for conditions that few payments fit and an index finds."""
    return orders.c.id.in_(select(payments.c.order_id).where(*conditions))


def conditions(conn: Connection, wanted: Wanted | None, which: Which, narrow: Narrow) -> list[Condition]:
    """All that has to hold; `conn` tells whether a text that means one thing alone is there as that."""
    found = [*_narrowed(narrow), *_in_state(which)]
    if wanted is None:
        return found
    if wanted.is_definite:
        meant = or_(*_definite(wanted))
        if conn.execute(select(orders.c.id).where(meant, *found).limit(1)).first() is not None:
            return [*found, meant]
    return [*found, or_(*_titled(conn, wanted), *(() if wanted.is_final else _anywhere(wanted)), false())]


# ── what was typed ───────────────────────────────────────────────────────────────────────────────


def _definite(wanted: Wanted) -> Iterator[Condition]:
    """Each way in which a text means one thing alone; all of them by an index."""
    if wanted.token is not None:
        yield orders.c.token == wanted.token
    if wanted.numbered and wanted.number is not None:
        yield orders.c.id == wanted.number
    if wanted.address is not None:
        yield orders.c.email.in_({wanted.address, wanted.address.lower()})
    if wanted.day is not None:
        start, end = map(to_micros, wanted.day)
        yield orders.c.created_at.between(start, end - 1)
    if wanted.key is not None:
        yield orders.c.id.in_(select(grants.c.order_id).where(grants.c.key == wanted.key))
    if wanted.reference is not None:
        yield orders.c.id.in_(select(payments.c.order_id).where(payments.c.reference == wanted.reference))
    if wanted.till_id is not None:
        yield orders.c.id.in_(select(payments.c.order_id).where(_named(wanted.till_id)))


def _named(till_id: str) -> Condition:
    """A payment that its till knows under this name, or a refund or event of it."""
    told = select(payment_events.c.reference).where(
        payment_events.c.till.in_(_TILLS), payment_events.c.event_id == till_id
    )
    given_back = select(refunds.c.payment_id).where(refunds.c.external_id == till_id)
    return or_(
        and_(payments.c.till.in_(_TILLS), payments.c.session_id == till_id),
        and_(payments.c.till.in_(_TILLS), payments.c.external_id == till_id),
        payments.c.reference.in_(told),
        payments.c.id.in_(given_back),
    )


def _titled(conn: Connection, wanted: Wanted) -> Iterator[Condition]:
    """Words in the title of a work: there are few works."""
    titled = [number for (number,) in conn.execute(select(works.c.id).where(_holds(works.c.title, wanted.words)))]
    if titled:
        yield orders.c.id.in_(select(order_lines.c.order_id).where(order_lines.c.work_id.in_(titled)))


def _anywhere(wanted: Wanted) -> Iterator[Condition]:
    """Words in an address or note; a number, an amount. It reads every order."""
    yield _holds(orders.c.email, wanted.words)
    yield _holds(orders.c.note, wanted.words)
    if wanted.number is not None:
        yield orders.c.id == wanted.number
    if wanted.amount is not None:
        minor, currency = wanted.amount.minor, wanted.amount.currency
        yield and_(orders.c.amount_minor == minor, orders.c.currency == currency)
        yield some(_MINE, payments.c.amount_minor == minor, payments.c.currency == currency)


def _holds(column: ColumnElement[Any], words: str) -> Condition:
    return func.lower(column).contains(words, autoescape=True)


# ── how it is narrowed ───────────────────────────────────────────────────────────────────────────


def _narrowed(narrow: Narrow) -> Iterator[Condition]:
    if narrow.door is not None:
        yield orders.c.door == narrow.door.value
    if narrow.till:
        yield some(_MINE, payments.c.till == narrow.till)
    if narrow.work:
        work = select(works.c.id).where(works.c.slug == narrow.work).scalar_subquery()
        yield some(order_lines.c.order_id == orders.c.id, order_lines.c.work_id == work)
    if narrow.start is not None:
        yield orders.c.created_at >= to_micros(narrow.start)
    if narrow.end is not None:
        yield orders.c.created_at < to_micros(narrow.end)


def _in_state(which: Which) -> Iterator[Condition]:
    paid = some(_MINE, payments.c.state == PaymentState.PAID.value)
    match which:
        case Which.WAITING:
            yield waits()
        case Which.OPEN:
            looked_at = payments.c.check_at.is_not(None)  # by the sweep, as long as they are under way
            yield _with_payment(looked_at, payments.c.till != _BY_HAND, payments.c.state.in_(_UNDER_WAY))
        case Which.PAID:
            yield paid
        case Which.FREE:
            yield orders.c.state == OrderState.GRANTED.value
            yield ~paid
        case Which.REFUNDED:
            yield _with_payment(payments.c.id.in_(select(refunds.c.payment_id).where(refunds.c.undone_at.is_(None))))
        case Which.WITHDRAWN:
            yield orders.c.withdrawn_at.is_not(None)
        case Which.UNPAID:
            yield orders.c.state == OrderState.EXPIRED.value
