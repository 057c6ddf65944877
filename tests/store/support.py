"""Small jobs for the database tests: rows of `settings`, and a counter in `catalogue`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import bindparam, insert, select, text, update

from headwaters.store.db import Connection, Database, Prepared
from headwaters.store.tables import catalogue, settings

_ADD = Prepared(insert(settings), columns=("key", "value"))
_ALL = Prepared(select(settings.c.key, settings.c.value).order_by(settings.c.key))
_COUNT = Prepared(select(catalogue.c.version).where(catalogue.c.id == 1))
_SET = Prepared(update(catalogue).where(catalogue.c.id == 1).values(version=bindparam("value")))
PROCESSES = Path(__file__).parent / "processes.py"


def add(key: str, value: str = "") -> Callable[[Connection], int]:
    """A job that adds one row."""
    return lambda conn: _ADD.run(conn, key=key, value=value)


def keys(conn: Connection) -> list[str]:
    return [key for key, _ in _ALL.all(conn)]


def start_counting(conn: Connection) -> None:
    conn.execute(insert(catalogue).values(id=1, version=0))


def count_up(conn: Connection) -> int:
    """Reads the counter and writes it back: only right where nobody is between (so the row is locked first)."""
    conn.execute(update(catalogue).values(version=catalogue.c.version))
    value = int(_COUNT.scalar(conn)) + 1
    _SET.run(conn, value=value)
    return value


def count(conn: Connection) -> int:
    return int(_COUNT.scalar(conn))


def make_promises(conn: Connection) -> None:
    """A table whose foreign key is looked at when the transaction commits, and not before."""
    conn.execute(
        text(
            "CREATE TABLE promises (id INTEGER PRIMARY KEY,"
            " to_key TEXT NOT NULL REFERENCES settings (key) DEFERRABLE INITIALLY DEFERRED)"
        )
    )


def promise(number: int, key: str) -> Callable[[Connection], None]:
    """A job that breaks the commit unless `key` is there by then."""
    statement = text("INSERT INTO promises (id, to_key) VALUES (:id, :key)")

    def job(conn: Connection) -> None:
        conn.execute(statement, {"id": number, "key": key})

    return job


async def outcomes(*writes: asyncio.Future[object] | asyncio.Task[object]) -> list[object]:
    """Each value or exception, in order."""
    return list(await asyncio.gather(*writes, return_exceptions=True))


def at_once(database: Database, *jobs: Callable[[Connection], object]) -> list[asyncio.Task[object]]:
    """Tasks that write all `jobs`, queued by the time the loop has gone round once."""
    return [asyncio.create_task(database.write(job)) for job in jobs]


def start_process(*arguments: str) -> subprocess.Popen[str]:
    """Another process that works on the database; see processes.py."""
    command = [sys.executable, str(PROCESSES), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
