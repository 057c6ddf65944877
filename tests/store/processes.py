"""What other processes do in the database tests: processes.py WORK URL [ARGUMENT]."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

from sqlalchemy import insert, update

from headwaters.store.db import Connection, Database, Prepared, migrate
from headwaters.store.tables import catalogue, settings

_ADD = Prepared(insert(settings), columns=("key", "value"))


async def write_pairs(url: str, name: str) -> None:
    """For ever, 16 at a time: two rows in one transaction; the number is printed once it was answered."""

    async def caller(database: Database) -> None:
        for number in numbers:

            def pair(conn: Connection, number: int = number) -> None:
                _ADD.run(conn, key=f"{name}-{number}-left", value="")
                _ADD.run(conn, key=f"{name}-{number}-right", value="")

            await database.write(pair)
            os.write(1, f"{name}-{number}\n".encode())

    numbers = itertools.count()
    async with Database(url) as database:
        await asyncio.gather(*(caller(database) for _ in range(16)))


async def count_up(url: str, times: str) -> None:
    """Raise the counter `times` times, 16 at a time."""
    statement = update(catalogue).values(version=catalogue.c.version + 1)

    async def caller(database: Database) -> None:
        for _ in range(int(times) // 16):
            await database.write(lambda conn: conn.execute(statement).rowcount)

    async with Database(url) as database:
        await asyncio.gather(*(caller(database) for _ in range(16)))


async def bring_up_to_date(url: str) -> None:
    migrate(url)


if __name__ == "__main__":
    works = {"pairs": write_pairs, "count": count_up, "migrate": bring_up_to_date}
    asyncio.run(works[sys.argv[1]](*sys.argv[2:]))  # type: ignore[operator]
