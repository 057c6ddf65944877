"""Verbs of the outbox. Queued in the transaction of its cause; carried out by the worker, at least once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from headwaters.store import outbox as rows
from headwaters.store.db import Connection
from headwaters.store.outbox import OutboxRow

LEASE = timedelta(minutes=2)  # for one attempt; after a crash the row is due again that late
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)
MOST_ATTEMPTS = 20  # some three days
LONGEST_ERROR = 500  # characters


def queue(
    conn: Connection,
    key: str,
    kind: str,
    payload: Mapping[str, Any],
    now: datetime,
    due: datetime | None = None,
) -> bool:
    """Queue one thing to carry out, once for ever by its `key`; False where it was queued before.

    `payload` is what JSON can hold. `due`: not before. The worker of this process wakes after the commit.
    """
    added = rows.add(conn, key, kind, payload, now, due or now)
    if added:
        conn.ring()
    return added


def take(conn: Connection, kinds: Collection[str], now: datetime, limit: int) -> list[OutboxRow]:
    """Take up to `limit` due rows of `kinds` for the length of a lease; no other process has them."""
    until = now + LEASE
    return [
        replace(row, attempts=row.attempts + 1, due_at=until)
        for row in rows.due(conn, kinds, now, limit)
        if rows.lease(conn, row, until)
    ]


def finish(conn: Connection, row: OutboxRow, now: datetime, why: str = "") -> bool:
    """The outside said yes, or there was nothing to do and `why`: never again. False where it was known already."""
    return rows.finish(conn, row, now, why)


def retry(conn: Connection, row: OutboxRow, why: str, now: datetime, spread: float) -> bool:
    """It failed, but may work later; given up after MOST_ATTEMPTS. False where a later attempt has it.

    `spread` is random in [0, 1): rows that failed together do not come back together.
    """
    if row.attempts >= MOST_ATTEMPTS:
        return give_up(conn, row, why, now)
    return rows.fail(conn, row, rows.WAITING, now + wait_after(row.attempts, spread), why[:LONGEST_ERROR])


def give_up(conn: Connection, row: OutboxRow, why: str, now: datetime) -> bool:
    """It was refused for good. False where a later attempt has it."""
    return rows.fail(conn, row, rows.GIVEN_UP, now, why[:LONGEST_ERROR])


def forget_done(conn: Connection, before: datetime) -> int:
    """Forget what was done before that time; how many rows."""
    return rows.forget_done(conn, before)


def wait_after(attempts: int, spread: float) -> timedelta:
    """How long after a failure: doubling from FIRST_WAIT up to LONGEST_WAIT, shortened by up to a quarter."""
    doubled = FIRST_WAIT * (1 << min(attempts - 1, 20))
    return min(doubled, LONGEST_WAIT) * (1 - spread / 4)
