"""Named queries of late looks: paid payments of which the till may know more by now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from headwaters.core.clock import to_micros
from headwaters.store.connection import Connection
from headwaters.store.payments import PaymentRow, payments_where
from headwaters.store.tables import payments


def any_due(conn: Connection, now: datetime) -> bool:
    """Whether a look is due."""
    due = payments.c.late_at <= to_micros(now)
    return conn.execute(select(payments.c.id).where(due).limit(1)).first() is not None


def first_due(conn: Connection, now: datetime) -> PaymentRow | None:
    """The payment whose look is the longest overdue."""
    due = select(payments.c.id).where(payments.c.late_at <= to_micros(now)).order_by(payments.c.late_at).limit(1)
    found = payments_where(conn, payments.c.id == due.scalar_subquery())
    return found[0] if found else None


def move_late(conn: Connection, payment: PaymentRow, at: datetime | None) -> bool:
    """Move the next look on, if nobody else did since `payment` was read. True: it is ours."""
    mine = (payments.c.id == payment.id, payments.c.late_at == payment.late_at)
    value = None if at is None else to_micros(at)
    return conn.execute(update(payments).where(*mine).values(late_at=value)).rowcount == 1


def set_late(conn: Connection, payment_id: int, at: datetime | None) -> None:
    """When the next look is due; None: not any more."""
    value = None if at is None else to_micros(at)
    conn.execute(update(payments).where(payments.c.id == payment_id).values(late_at=value))


def payments_of(conn: Connection, order_id: int) -> list[PaymentRow]:
    """All payments of an order of which a till heard, oldest first."""
    return payments_where(conn, payments.c.order_id == order_id, payments.c.session_id.is_not(None))
