"""Named queries of orders, and of works as far as selling needs them. Those on the way of a sale are compiled once
(Prepared)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door, OrderState, PaymentState
from headwaters.store.connection import Connection, Prepared
from headwaters.store.inserts import adding, putting, putting_once
from headwaters.store.tables import (
    grants,
    order_lines,
    orders,
    payments,
    works,
)

# ── works, as far as selling needs them ──────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class WorkForSale:
    """What a door needs to know of a work."""

    id: int
    slug: str
    title: str
    currency: str
    price: Money
    minimum: Money
    doors: frozenset[Door]


_WORK = Prepared(
    select(
        works.c.id,
        works.c.slug,
        works.c.title,
        works.c.currency,
        works.c.price_minor,
        works.c.minimum_minor,
        works.c.doors,
        works.c.state,
    ).where(works.c.slug == bindparam("slug"))
)


def work_for_sale(conn: Connection, slug: str) -> WorkForSale:
    """The published work at `slug`. Raises NotFound(WORK_UNKNOWN | WORK_RETIRED | WORK_WITHHELD)."""
    row = _WORK.first(conn, slug=slug)
    if row is None:
        raise NotFound(Code.WORK_UNKNOWN, N_("There is no such work here."))
    work_id, slug, title, currency, price, minimum, doors, state = row
    if state == "retired":
        raise NotFound(Code.WORK_RETIRED, N_("This work is not published any more."))
    if state == "withheld":
        raise NotFound(Code.WORK_WITHHELD, N_("This work is withheld."))
    open_doors = frozenset(Door(door) for door in doors.split(",") if door)
    return WorkForSale(work_id, slug, title, currency, Money(price, currency), Money(minimum, currency), open_doors)


# ── orders ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order; times are microseconds."""

    id: int
    token: str
    door: Door
    state: OrderState
    currency: str
    amount_minor: int
    email: str | None
    created_at: int
    granted_at: int | None
    expires_at: int | None
    withdrawn_at: int | None


_ORDER_COLUMNS = (
    orders.c.id,
    orders.c.token,
    orders.c.door,
    orders.c.state,
    orders.c.currency,
    orders.c.amount_minor,
    orders.c.email,
    orders.c.created_at,
    orders.c.granted_at,
    orders.c.expires_at,
    orders.c.withdrawn_at,
)
_ORDER_BY_TOKEN = Prepared(select(*_ORDER_COLUMNS).where(orders.c.token == bindparam("token")))
_ORDER_BY_NONCE = Prepared(select(*_ORDER_COLUMNS).where(orders.c.nonce == bindparam("nonce")))
_ORDER_BY_ID = Prepared(select(*_ORDER_COLUMNS).where(orders.c.id == bindparam("id")))


def _order(row: tuple[Any, ...] | None) -> OrderRow | None:
    if row is None:
        return None
    order_id, token, door, state, *rest = row
    return OrderRow(order_id, token, Door(door), OrderState(state), *rest)


def order_by_token(conn: Connection, token: str) -> OrderRow | None:
    """The order of an order page."""
    return _order(_ORDER_BY_TOKEN.first(conn, token=token))


def order_by_nonce(conn: Connection, nonce: str) -> OrderRow | None:
    """The order that this form made before."""
    return _order(_ORDER_BY_NONCE.first(conn, nonce=nonce))


def order_by_id(conn: Connection, order_id: int) -> OrderRow:
    """Raises NotFound(ORDER_UNKNOWN)."""
    order = _order(_ORDER_BY_ID.first(conn, id=order_id))
    if order is None:
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
    return order


_ADD_ORDER = adding(
    orders,
    "token",
    "nonce",
    "door",
    "came_from",
    "state",
    "currency",
    "amount_minor",
    "email",
    "created_at",
    "granted_at",
    "expires_at",
)
_PUT_LINE = putting(order_lines, "order_id", "work_id", "amount_minor")
_PUT_GRANT = putting_once(grants, "order_id", "work_id", "key", "created_at")
_LINES = Prepared(
    select(order_lines.c.work_id, order_lines.c.amount_minor)
    .where(order_lines.c.order_id == bindparam("order_id"))
    .order_by(order_lines.c.id)
)
_GRANTED = Prepared(
    update(orders)
    .where(orders.c.id == bindparam("id_"), orders.c.state.in_([OrderState.WAITING.value, OrderState.EXPIRED.value]))
    .values(state=OrderState.GRANTED.value, granted_at=bindparam("at"), expires_at=None)
)
_TAKEN_FREE = Prepared(
    update(orders)
    .where(orders.c.id == bindparam("id_"), orders.c.state.in_([OrderState.WAITING.value, OrderState.EXPIRED.value]))
    .values(
        state=OrderState.GRANTED.value,
        door=Door.CANT_PAY.value,
        first_door=orders.c.door,
        granted_at=bindparam("at"),
        expires_at=None,
    )
)
_EXPIRED = Prepared(
    update(orders)
    .where(
        orders.c.id == bindparam("id_"),
        orders.c.state == OrderState.WAITING.value,
        ~select(payments.c.id)
        .where(
            payments.c.order_id == orders.c.id,
            payments.c.state.in_([PaymentState.OPEN.value, PaymentState.PENDING.value]),
        )
        .exists(),
    )
    .values(state=OrderState.EXPIRED.value)
)


# On PostgreSQL these wait for other transactions, on SQLite there are none. A payment is locked before its order.
_LOCK_ORDER = Prepared(select(orders.c.id).where(orders.c.id == bindparam("id")).with_for_update(key_share=True))


def add_order(conn: Connection, **values: object) -> int:
    """A new order; returns its id."""
    return _ADD_ORDER.new_id(conn, **values)


def add_line(conn: Connection, **values: object) -> None:
    """One work on an order."""
    _PUT_LINE.run(conn, **values)


def add_grant(conn: Connection, **values: object) -> bool:
    """The right to a work's editions, once for an order and work. True: now."""
    return _PUT_GRANT.run(conn, **values) == 1


def lines(conn: Connection, order_id: int) -> list[tuple[int, int]]:
    """(work id, minor units) of each line."""
    return [(work_id, amount) for work_id, amount in _LINES.all(conn, order_id=order_id)]


def work_ids(conn: Connection, order_id: int) -> list[int]:
    """The works on an order."""
    return [work_id for work_id, _ in lines(conn, order_id)]


def set_order_granted(conn: Connection, order_id: int, at: int) -> bool:
    """waiting or expired → granted. True: now."""
    return _GRANTED.run(conn, id_=order_id, at=at) == 1


def set_order_taken_free(conn: Connection, order_id: int, at: int) -> bool:
    """waiting or expired → granted, and from now on an order of the door `cant_pay`. True: now."""
    return _TAKEN_FREE.run(conn, id_=order_id, at=at) == 1


def expire_order(conn: Connection, order_id: int) -> bool:
    """waiting → expired, unless another of its payments is still under way. True: now.

    Of payments that end at once the last one has to see the others: whoever comes second waits for the first.
    """
    _LOCK_ORDER.scalar(conn, id=order_id)
    return _EXPIRED.run(conn, id_=order_id) == 1


def set_email(conn: Connection, order_id: int, email: str) -> None:
    """The address that the reader gave, or corrected."""
    conn.execute(update(orders).where(orders.c.id == order_id).values(email=email))


def set_country(conn: Connection, order_id: int, country: str | None) -> bool:
    """Where the reader says they are; None: not any more. True: it changed."""
    other = orders.c.country.is_distinct_from(country)
    return conn.execute(update(orders).where(orders.c.id == order_id, other).values(country=country)).rowcount == 1


def set_withdrawn(conn: Connection, order_id: int, at: int) -> bool:
    """Once. True: now."""
    statement = update(orders).where(orders.c.id == order_id, orders.c.withdrawn_at.is_(None)).values(withdrawn_at=at)
    return conn.execute(statement).rowcount == 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order's works ask for now: the doors that are open for all of them, the least to pay in its currency.
    `withheld`: whether the files of one of them do not go out."""

    doors: frozenset[Door]
    minimum: Money
    withheld: bool


def terms(conn: Connection, order: OrderRow) -> Terms:
    """What the creator asks for the works of an order. A price in another currency than the order's asks nothing."""
    found = conn.execute(
        select(works.c.doors, works.c.minimum_minor, works.c.currency, works.c.state)
        .join(order_lines, order_lines.c.work_id == works.c.id)
        .where(order_lines.c.order_id == order.id)
    ).all()
    open_doors = [frozenset(Door(door) for door in doors.split(",") if door) for doors, *_ in found]
    minimum = sum(minor for _, minor, currency, _ in found if currency == order.currency)
    withheld = any(state == "withheld" for *_, state in found)
    return Terms(frozenset(Door).intersection(*open_doors), Money(minimum, order.currency), withheld)


def titles(conn: Connection, order_id: int) -> list[str]:
    """The titles of an order's works, in the order of its lines."""
    found = conn.execute(
        select(works.c.title)
        .join(order_lines, order_lines.c.work_id == works.c.id)
        .where(order_lines.c.order_id == order_id)
        .order_by(order_lines.c.id)
    )
    return [title for (title,) in found]
