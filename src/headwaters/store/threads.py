"""Named queries of threads: what the creator did with the letters of an order. No row: the thread is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.errors import N_, Code, NotFound
from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import orders, threads


@dataclass(frozen=True, slots=True)
class ThreadState:
    """Since when a thread is put away, and since when its reader cannot write; None: it is not so."""

    archived_at: datetime | None = None
    blocked_at: datetime | None = None


_LOCK = Prepared(select(orders.c.id).where(orders.c.id == bindparam("id")).with_for_update(key_share=True))
_STATE = Prepared(select(threads.c.archived_at, threads.c.blocked_at).where(threads.c.order_id == bindparam("id")))


def lock_thread(conn: Connection, order_id: int) -> None:
    """Whoever writes into a thread, archives or blocks it waits here for who came first.

    Raises NotFound(ORDER_UNKNOWN).
    """
    if _LOCK.scalar(conn, id=order_id) is None:
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))


def thread_state(conn: Connection, order_id: int) -> ThreadState:
    """Where the thread of an order is."""
    row = _STATE.first(conn, id=order_id)
    return ThreadState() if row is None else ThreadState(*(None if at is None else from_micros(at) for at in row))


def _begin(conn: Connection, order_id: int, column: ColumnElement[int], now: datetime) -> bool:
    conn.execute(insert(threads).values(order_id=order_id).on_conflict_do_nothing())
    mine = update(threads).where(threads.c.order_id == order_id, column.is_(None))
    return conn.execute(mine.values({column.key: to_micros(now)})).rowcount == 1


def _end(conn: Connection, order_id: int, column: ColumnElement[int]) -> bool:
    mine = update(threads).where(threads.c.order_id == order_id, column.is_not(None))
    return conn.execute(mine.values({column.key: None})).rowcount == 1


def set_archived(conn: Connection, order_id: int, now: datetime) -> bool:
    """Put it away, once. True: now."""
    return _begin(conn, order_id, threads.c.archived_at, now)


def set_brought_back(conn: Connection, order_id: int) -> bool:
    """Out of the archive. True: now."""
    return _end(conn, order_id, threads.c.archived_at)


def set_blocked(conn: Connection, order_id: int, now: datetime) -> bool:
    """Close it to its reader, once. True: now."""
    return _begin(conn, order_id, threads.c.blocked_at, now)


def set_unblocked(conn: Connection, order_id: int) -> bool:
    """Open it again. True: now."""
    return _end(conn, order_id, threads.c.blocked_at)
