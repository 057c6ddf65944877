"""Verbs of late looks. What a look finds goes through `actions/sales.py: settle`, like all that a till says."""

from __future__ import annotations

from datetime import datetime

from headwaters.actions import sales
from headwaters.core.clock import from_micros, to_micros
from headwaters.core.sales.late import after_no_answer, next_late_look
from headwaters.core.sales.tills import PaymentStatus
from headwaters.store import late as rows
from headwaters.store.db import Connection
from headwaters.store.payments import PaymentRow


def lease_late(conn: Connection, now: datetime) -> PaymentRow | None:
    """The next payment to look at, handed to one process only: its next look is moved on first, as if nobody were to
    answer this one."""
    payment = rows.first_due(conn, now)
    if payment is None:
        return None
    ours = rows.move_late(conn, payment, after_no_answer(_paid_at(payment, now), now))
    return payment if ours else None


def settle_late(conn: Connection, payment: PaymentRow, said: PaymentStatus | None, key: str, now: datetime) -> bool:
    """What the till said (None: there is no till to ask); the next look is set. True: something changed."""
    changed = said is not None and sales.settle(conn, payment, said, key, now)
    if payment.settled_at is not None:
        rows.set_late(conn, payment.id, next_late_look(from_micros(payment.settled_at), now))
    return changed


def _paid_at(payment: PaymentRow, now: datetime) -> datetime:
    return from_micros(payment.settled_at if payment.settled_at is not None else to_micros(now))
