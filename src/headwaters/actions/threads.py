"""Verbs of a whole thread: put it away and bring it back, close it to its reader, have it as unread again.

Each locks the order's row first, as writing a letter does: of a letter and a block that come at once, one is first.
"""

from __future__ import annotations

from datetime import datetime

from headwaters.actions.letters import check_seen
from headwaters.store import letters as letter_rows
from headwaters.store import threads as rows
from headwaters.store.db import Connection


def _read_all(conn: Connection, order_id: int, now: datetime) -> None:
    letter_rows.mark_read(conn, order_id, letter_rows.newest_id(conn, order_id), now)


def archive(conn: Connection, order_id: int, now: datetime, seen: int | None = None) -> bool:
    """Put a thread away, as read, until its reader writes again. False: it was so before.

    `seen`: the id of the newest letter that was read; None does not say. Raises NotFound(ORDER_UNKNOWN),
    Conflict(LETTERS_NEWER).
    """
    rows.lock_thread(conn, order_id)
    check_seen(conn, order_id, seen)
    _read_all(conn, order_id, now)
    return rows.set_archived(conn, order_id, now)


def bring_back(conn: Connection, order_id: int) -> bool:
    """Out of the archive. False: it was not there. Raises NotFound(ORDER_UNKNOWN)."""
    rows.lock_thread(conn, order_id)
    return rows.set_brought_back(conn, order_id)


def block(conn: Connection, order_id: int, now: datetime) -> bool:
    """Take no more letters from the page of this order, and send none. False: it was so before.

    Raises NotFound(ORDER_UNKNOWN).
    """
    rows.lock_thread(conn, order_id)
    _read_all(conn, order_id, now)
    return rows.set_blocked(conn, order_id, now)


def unblock(conn: Connection, order_id: int) -> bool:
    """Take letters again. False: they were never closed. Raises NotFound(ORDER_UNKNOWN)."""
    rows.lock_thread(conn, order_id)
    return rows.set_unblocked(conn, order_id)


def mark_unread(conn: Connection, order_id: int) -> bool:
    """The reader's last letter is new again, and the thread out of the archive. False: nothing to mark.

    Raises NotFound(ORDER_UNKNOWN).
    """
    rows.lock_thread(conn, order_id)
    if not letter_rows.mark_unread(conn, order_id):
        return False
    rows.set_brought_back(conn, order_id)
    return True
