"""Named queries of readers who look for their order pages: links, the addresses they may mean, the orders behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.sales.money import Money
from headwaters.core.sales.slips import Facts
from headwaters.core.sales.states import OrderState
from headwaters.core.shelf.lost import FoundOrder
from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import lost_links, order_lines, orders, payments, works

_TILLS = ("stripe", "by_hand", "practice")  # the first column of the indexes of tills' ids


# ── links ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link, or (number 0) that somebody asked for one."""

    digest: str
    email: str
    created_at: datetime
    expires_at: datetime


_LINK = Prepared(
    select(lost_links.c.digest, lost_links.c.email, lost_links.c.created_at, lost_links.c.expires_at).where(
        lost_links.c.digest == bindparam("digest"),
        lost_links.c.used_at.is_(None),
        lost_links.c.expires_at > bindparam("now"),
    )
)
_USE = Prepared(
    update(lost_links)
    .where(
        lost_links.c.digest == bindparam("wanted"),
        lost_links.c.used_at.is_(None),
        lost_links.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("at"))
    .returning(lost_links.c.email)
)


def add_link(conn: Connection, row: LinkRow) -> bool:
    """Once by its digest. True: now."""
    values = {
        "digest": row.digest,
        "email": row.email,
        "created_at": to_micros(row.created_at),
        "expires_at": to_micros(row.expires_at),
    }
    return conn.execute(insert(lost_links).values(values).on_conflict_do_nothing()).rowcount == 1


def live_link(conn: Connection, digest: str, now: datetime) -> LinkRow | None:
    """The link while it works; looking does not use it up."""
    row = _LINK.first(conn, digest=digest, now=to_micros(now))
    return None if row is None else LinkRow(row[0], row[1], from_micros(row[2]), from_micros(row[3]))


def use_link(conn: Connection, digest: str, now: datetime) -> str | None:
    """Use it up: the address it is for, for exactly one caller; None for all others."""
    at = to_micros(now)
    found = _USE.scalar(conn, wanted=digest, now=at, at=at)
    return None if found is None else str(found)


def newer_exists(conn: Connection, row: LinkRow) -> bool:
    """Whether its address was asked for, or has a link, since."""
    mine = (lost_links.c.email == row.email, lost_links.c.created_at > to_micros(row.created_at))
    return conn.execute(select(lost_links.c.digest).where(*mine).limit(1)).first() is not None


def end_older(conn: Connection, row: LinkRow) -> int:
    """A newer link ends the older ones of its address; how many."""
    mine = (lost_links.c.email == row.email, lost_links.c.created_at < to_micros(row.created_at))
    return conn.execute(delete(lost_links).where(*mine)).rowcount


def any_over(conn: Connection, now: datetime) -> bool:
    """Whether there is something to forget."""
    over = lost_links.c.expires_at <= to_micros(now)
    return conn.execute(select(lost_links.c.digest).where(over).limit(1)).first() is not None


def forget_over(conn: Connection, now: datetime) -> int:
    """Links whose time is over, used or not, and the addresses with them; how many."""
    return conn.execute(delete(lost_links).where(lost_links.c.expires_at <= to_micros(now))).rowcount


# ── addresses and orders ─────────────────────────────────────────────────────────────────────────


def known_addresses(conn: Connection, spelled: Sequence[str], most: int) -> list[str]:
    """Addresses of orders that are spelled in one of these ways: the first way first, then the newest order's.

    An index finds them. Only where it finds none, every order is read for one that differs in its capitals alone.
    """
    for fits in (orders.c.email.in_(spelled), func.lower(orders.c.email) == spelled[0].lower()):
        first = (orders.c.email == spelled[0]).desc()
        found = conn.execute(
            select(orders.c.email).where(fits).group_by(orders.c.email).order_by(first, func.max(orders.c.id).desc())
        )
        if addresses := [str(email) for (email,) in found.fetchmany(most)]:
            return addresses
    return []


def orders_of(conn: Connection, email: str, most: int) -> list[FoundOrder]:
    """The orders of exactly this address, the newest first."""
    return _found(conn, orders.c.email == email, most)


def _found(conn: Connection, condition: ColumnElement[bool], most: int) -> list[FoundOrder]:
    rows = conn.execute(
        select(orders.c.id, orders.c.token, orders.c.state, orders.c.created_at, orders.c.withdrawn_at)
        .where(condition)
        .order_by(orders.c.id.desc())
        .limit(most)
    ).all()
    lines = conn.execute(
        select(order_lines.c.order_id, works.c.id, works.c.title)
        .join(works, works.c.id == order_lines.c.work_id)
        .where(order_lines.c.order_id.in_([row[0] for row in rows]))
        .order_by(order_lines.c.id)
    ).all()
    titles: dict[int, list[tuple[int, str]]] = {}
    for order_id, work_id, title in lines:
        titles.setdefault(order_id, []).append((work_id, title))
    return [
        FoundOrder(number, token, OrderState(state), created, withdrawn, tuple(titles.get(number, ())))
        for number, token, state, created, withdrawn in rows
    ]


# ── by a payment ─────────────────────────────────────────────────────────────────────────────────

_FACTS = (
    payments.c.order_id,
    payments.c.till,
    payments.c.currency,
    payments.c.amount_minor,
    payments.c.created_at,
    payments.c.settled_at,
    orders.c.currency,
    orders.c.amount_minor,
)


def payment_facts(conn: Connection, reference: str, till_id: str) -> tuple[int, Facts] | None:
    """(order id, facts) of the payment with this reference of ours, or this name at its till; None where there is none.

    What came by hand may be less than was asked for, after a bank's fee: the order remembers what that was.
    """
    named = or_(
        payments.c.reference == reference,
        and_(payments.c.till.in_(_TILLS), payments.c.session_id == till_id),
        and_(payments.c.till.in_(_TILLS), payments.c.external_id == till_id),
    )
    row = conn.execute(select(*_FACTS).join(orders, orders.c.id == payments.c.order_id).where(named)).first()
    if row is None:
        return None
    order_id, till, currency, minor, asked, paid, order_currency, order_minor = row
    amounts = [Money(minor, currency)]
    if till == "by_hand" and order_minor:
        amounts.append(Money(order_minor, order_currency))
    return order_id, Facts(tuple(amounts), from_micros(asked), None if paid is None else from_micros(paid))


def order_by_id(conn: Connection, order_id: int) -> list[FoundOrder]:
    """One order, as a list of one."""
    return _found(conn, orders.c.id == order_id, 1)
