"""What the checklist from first start to first sale asks of the database; each question ends at the first row."""

from __future__ import annotations

from sqlalchemy import and_, exists, select

from headwaters.core.sales.states import Mode, OrderState, PaymentState
from headwaters.core.works.editions import WorkState
from headwaters.store.db import Connection
from headwaters.store.tables import creators, orders, passkeys, payments, works


def has_published(conn: Connection) -> bool:
    """Whether a work is out."""
    return _is_there(conn, works.c.state == WorkState.PUBLISHED.value)


def has_practised(conn: Connection) -> bool:
    """Whether a payment without real money went through."""
    paid = payments.c.state == PaymentState.PAID.value
    return _is_there(conn, and_(paid, payments.c.mode != Mode.LIVE.value))


def has_sold(conn: Connection) -> bool:
    """Whether somebody took a work through any door, other than by practising."""
    practice = exists().where(payments.c.order_id == orders.c.id, payments.c.mode != Mode.LIVE.value).correlate(orders)
    return _is_there(conn, and_(orders.c.state == OrderState.GRANTED.value, ~practice))


def has_way_in(conn: Connection, creator_id: int) -> bool:
    """Whether this person has a passkey or a password, so that they need no link from the shop's machine."""
    password = and_(creators.c.id == creator_id, creators.c.password.is_not(None))
    return _is_there(conn, password) or _is_there(conn, passkeys.c.creator_id == creator_id)


def _is_there(conn: Connection, condition: object) -> bool:
    return conn.execute(select(1).where(condition).limit(1)).first() is not None  # type: ignore[arg-type]
