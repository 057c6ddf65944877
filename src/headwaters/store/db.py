"""The memory: a database with two verbs, the same on SQLite and PostgreSQL.

    order_id = await db.write(lambda conn: place_order(conn, …))
    page = await db.read(partial(order_page, token=token))

`fn(conn)` runs in another thread, inside one transaction: it must be quick, must not touch the outside, and
may be run more than once (the transaction may be lost or collide with another). `write` answers after
the commit is on the disk. What `fn` raises goes to the caller, and nothing of it is kept.

Errors besides those of `fn`: Unavailable(DISK_FULL | DATABASE_DOWN); ConstraintBroken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self, TypeVar

import sqlalchemy

from headwaters.store.connection import Connection, ConstraintBroken, Prepared
from headwaters.store.jobs import Bell
from headwaters.store.place import Place, postgres_place, sqlite_place
from headwaters.store.postgres import Postgres
from headwaters.store.schema import check, migrate
from headwaters.store.sqlite import Sqlite

__all__ = ["Connection", "ConstraintBroken", "Database", "Prepared", "migrate"]

T = TypeVar("T")


class _Backend(Protocol):
    def open(self) -> None: ...
    def close(self) -> None: ...
    def write(self, fn: Callable[[Connection], T]) -> asyncio.Future[T]: ...
    def read(self, fn: Callable[[Connection], T]) -> asyncio.Future[T]: ...


def _backend(url: sqlalchemy.URL, bell: Bell) -> _Backend:
    name = url.get_backend_name()
    if name == "postgresql":
        return Postgres(url.set(drivername="postgresql+psycopg"), bell)
    if name == "sqlite" and url.database and url.database != ":memory:":
        return Sqlite(Path(url.database), bell)
    raise ValueError("a database is sqlite:///<file> or postgresql://…")


class Database:
    """The memory of one process. Open it, use it from any event loop or thread, close it."""

    def __init__(self, url: str) -> None:
        """`url` as SQLAlchemy writes it: sqlite:///<file> or postgresql+psycopg://…"""
        self.url = sqlalchemy.make_url(url)
        self.bell = Bell()  # rings when something was queued in this process
        self._backend = _backend(self.url, self.bell)

    async def open(self) -> None:
        """Connect. Raises Unavailable(DATABASE_DOWN)."""
        await asyncio.to_thread(self._backend.open)

    async def close(self) -> None:
        """Carry out what waits, and disconnect."""
        await asyncio.to_thread(self._backend.close)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction, and answer once it is committed and durable."""
        return await self._backend.write(fn)

    async def place(self) -> Place:
        """A name for this very database: a copy of it elsewhere has another. Raises Unavailable(DATABASE_DOWN)."""
        if self.url.get_backend_name() == "postgresql":
            return await self.read(postgres_place)
        return await asyncio.to_thread(sqlite_place, Path(str(self.url.database)))

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on one snapshot; it cannot write."""
        return await self._backend.read(fn)

    async def migrate(self) -> None:
        """Bring the tables to the newest schema. Safe in several processes at once, and twice."""
        await asyncio.to_thread(migrate, self.url)

    async def check(self) -> None:
        """Raises Refused(DATABASE_OLD | DATABASE_NEWER) where the schema is not ours, Unavailable(DATABASE_DOWN)."""
        await asyncio.to_thread(check, self.url)
