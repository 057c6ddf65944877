"""What PostgreSQL asks for besides: running again, and connections that are gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import select, text, update

from headwaters.core.errors import Code, Unavailable
from headwaters.store.db import Connection, ConstraintBroken, Database
from headwaters.store.tables import settings
from tests.store.support import add, keys, outcomes


@pytest_asyncio.fixture
async def server(postgresql_url: str) -> AsyncIterator[Database]:
    """A PostgreSQL database."""
    async with Database(postgresql_url) as opened:
        yield opened


def _touch(first: str, second: str, meet: threading.Barrier) -> Callable[[Connection], None]:
    """Change `first` and then `second`; the first time round, only when the other has changed its first."""
    met = []

    def job(conn: Connection) -> None:
        for key in (first, second):
            conn.execute(update(settings).where(settings.c.key == key).values(value=settings.c.value + first))
            if not met:
                met.append(meet.wait(10))

    return job


async def test_a_deadlock_is_run_again_until_both_hold(server: Database) -> None:
    await server.write(add("a"))
    await server.write(add("b"))
    meet = threading.Barrier(2)
    await asyncio.gather(server.write(_touch("a", "b", meet)), server.write(_touch("b", "a", meet)))
    values = await server.read(lambda conn: [row.value for row in conn.execute(select(settings.c.value))])
    assert [sorted(value) for value in values] == [["a", "b"], ["a", "b"]]


async def test_of_two_that_make_the_same_at_once_the_second_finds_it_made(server: Database) -> None:
    meet = threading.Barrier(2)

    def make() -> Callable[[Connection], str]:
        runs: list[int] = []

        def job(conn: Connection) -> str:
            runs.append(1)
            if "a" in keys(conn):
                return f"found in run {len(runs)}"
            if len(runs) == 1:
                meet.wait(10)
            add("a")(conn)
            return f"made in run {len(runs)}"

        return job

    answers = await asyncio.gather(server.write(make()), server.write(make()))
    assert sorted(answers) == ["found in run 2", "made in run 1"]


async def test_what_is_there_already_is_refused_in_the_functions_own_words(server: Database) -> None:
    await server.write(add("a"))
    runs: list[int] = []

    def job(conn: Connection) -> None:
        runs.append(1)
        try:
            add("a")(conn)
        except ConstraintBroken:
            raise LookupError("taken") from None

    with pytest.raises(LookupError, match="taken"):
        await server.write(job)
    assert runs == [1, 1]


async def test_connections_that_were_cut_while_idle_are_made_anew(server: Database, postgresql_url: str) -> None:
    await asyncio.gather(*(server.write(add(f"{number:02}")) for number in range(40)))
    _cut_all(postgresql_url)
    answers = await asyncio.gather(*(server.write(add(f"{number:02}")) for number in range(40, 80)))
    assert answers == [1] * 40
    assert len(await server.read(keys)) == 80


def _cut_all(url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_a_connection_cut_in_the_middle_of_a_write_is_run_again(server: Database, postgresql_url: str) -> None:
    runs: list[int] = []

    def job(conn: Connection) -> int:
        runs.append(1)
        add("a")(conn)
        if len(runs) == 1:
            _cut_all(postgresql_url)
        add("b")(conn)
        return len(runs)

    assert await server.write(job) == 2
    assert await server.read(keys) == ["a", "b"]


async def test_a_commit_whose_answer_is_lost_is_not_run_again(server: Database, postgresql_url: str) -> None:
    runs: list[int] = []

    def job(conn: Connection) -> None:
        runs.append(1)
        add("a")(conn)
        _cut_all(postgresql_url)

    with pytest.raises(Unavailable) as raised:
        await server.write(job)
    assert raised.value.code == Code.DATABASE_DOWN
    assert runs == [1]
    assert await server.read(keys) == []


async def test_a_statement_without_end_is_ended(server: Database) -> None:
    def job(conn: Connection) -> None:
        conn.execute(text("SET LOCAL statement_timeout = '50ms'"))
        conn.execute(text("SELECT pg_sleep(10)"))

    assert [type(answer) for answer in await outcomes(asyncio.create_task(server.write(job)))] == [Unavailable]


async def test_each_connection_has_our_settings(server: Database) -> None:
    names = (
        "timezone",
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "synchronous_commit",
    )

    def show(conn: Connection) -> list[object]:
        return [conn.execute(text(f"SHOW {name}")).scalar() for name in names]

    assert await server.write(show) == ["UTC", "30s", "10s", "1min", "on"]


async def test_a_plain_postgresql_address_is_understood(postgresql_url: str) -> None:
    async with Database(postgresql_url.replace("+psycopg", "")) as database:
        assert await database.write(add("a")) == 1
