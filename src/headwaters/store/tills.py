"""Named queries of tills: when one was heard of last."""

from __future__ import annotations

from sqlalchemy import select

from headwaters.store.db import Connection
from headwaters.store.tables import payment_events


def last_event(conn: Connection, till: str) -> int | None:
    """When the till's last event came, in microseconds; None: none has."""
    newest = select(payment_events.c.received_at).where(payment_events.c.till == till)
    found: int | None = conn.execute(newest.order_by(payment_events.c.id.desc()).limit(1)).scalar()
    return found
