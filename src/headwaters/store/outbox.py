"""Named queries of the outbox: what actions queued, for the worker to carry out.

A row is `waiting` from being queued until it is `done` or `given_up`. Taking one moves its `due_at` forward (a
lease) and counts the attempt: whoever's UPDATE finds the old values has it, and if they die it is due again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from headwaters.core.clock import from_micros, to_micros
from headwaters.store.db import Connection, Prepared
from headwaters.store.tables import outbox

WAITING = "waiting"
DONE = "done"
GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """Something to carry out. `attempts` counts this one; `key` is unique for ever and may be sent along."""

    id: int
    key: str
    kind: str
    payload: Mapping[str, Any]
    attempts: int
    created_at: datetime
    due_at: datetime


_ADD = Prepared(
    insert(outbox)
    .values(
        key=bindparam("key"),
        kind=bindparam("kind"),
        payload=bindparam("payload"),
        state=WAITING,
        created_at=bindparam("created_at"),
        due_at=bindparam("due_at"),
    )
    .on_conflict_do_nothing()
)
_LEASE = Prepared(
    update(outbox)
    .where(
        outbox.c.id == bindparam("which"),
        outbox.c.state == WAITING,
        outbox.c.due_at == bindparam("was_due_at"),
    )
    .values(due_at=bindparam("until"), attempts=outbox.c.attempts + 1)
)
_FINISH = Prepared(
    update(outbox)
    .where(outbox.c.id == bindparam("which"), outbox.c.state != DONE)
    .values(state=DONE, done_at=bindparam("now"), error=bindparam("why"))
)
_FAIL = Prepared(
    update(outbox)
    .where(
        outbox.c.id == bindparam("which"),
        outbox.c.state == WAITING,
        outbox.c.attempts == bindparam("attempt"),
    )
    .values(state=bindparam("new_state"), due_at=bindparam("next_due_at"), error=bindparam("why"))
)
_COUNT = Prepared(select(outbox.c.state, func.count()).where(outbox.c.state != DONE).group_by(outbox.c.state))


def add(conn: Connection, key: str, kind: str, payload: Mapping[str, Any], now: datetime, due: datetime) -> bool:
    """One row, unless there ever was one of the same key; whether it was added."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return _ADD.run(conn, key=key, kind=kind, payload=text, created_at=to_micros(now), due_at=to_micros(due)) == 1


def next_due(conn: Connection, kinds: Collection[str]) -> datetime | None:
    """When the next row of these kinds is due (it may be past), or None."""
    found = conn.execute(
        select(outbox.c.due_at)
        .where(outbox.c.state == WAITING, outbox.c.kind.in_(kinds))
        .order_by(outbox.c.due_at)
        .limit(1)
    ).scalar()
    return None if found is None else from_micros(found)


def due(conn: Connection, kinds: Collection[str], now: datetime, limit: int) -> list[OutboxRow]:
    """Rows of these kinds that are due, the longest waiting first."""
    columns = (outbox.c.id, outbox.c.key, outbox.c.kind, outbox.c.payload, outbox.c.attempts)
    rows = conn.execute(
        select(*columns, outbox.c.created_at, outbox.c.due_at)
        .where(outbox.c.state == WAITING, outbox.c.kind.in_(kinds), outbox.c.due_at <= to_micros(now))
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(limit)
    )
    return [
        OutboxRow(number, key, kind, json.loads(payload), attempts, from_micros(created_at), from_micros(due_at))
        for number, key, kind, payload, attempts, created_at, due_at in rows
    ]


def lease(conn: Connection, row: OutboxRow, until: datetime) -> bool:
    """Take `row` for oneself; False where another process was faster."""
    return _LEASE.run(conn, which=row.id, was_due_at=to_micros(row.due_at), until=to_micros(until)) == 1


def finish(conn: Connection, row: OutboxRow, now: datetime, why: str) -> bool:
    """The outside said yes, or there was nothing to do and `why`; False where it was known already."""
    return _FINISH.run(conn, which=row.id, now=to_micros(now), why=why) == 1


def fail(conn: Connection, row: OutboxRow, state: str, due_at: datetime, why: str) -> bool:
    """This attempt failed; False where a later one has it by now."""
    return (
        _FAIL.run(conn, which=row.id, attempt=row.attempts, new_state=state, next_due_at=to_micros(due_at), why=why)
        == 1
    )


def forget_done(conn: Connection, before: datetime) -> int:
    """Remove rows that were done before that time; how many. Their keys then no longer keep a second one away."""
    statement = delete(outbox).where(outbox.c.state == DONE, outbox.c.done_at < to_micros(before))
    return conn.execute(statement).rowcount


def count_open(conn: Connection) -> tuple[int, int]:
    """How many rows wait, and how many were given up."""
    counts: dict[str, int] = {str(state): int(count) for state, count in _COUNT.all(conn)}
    return counts.get(WAITING, 0), counts.get(GIVEN_UP, 0)
