"""The one writer: groups, full disks, failing commits, other processes."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from headwaters.core.errors import Code, Unavailable
from headwaters.store import sqlite
from headwaters.store.db import Connection, ConstraintBroken, Database
from tests.store.support import add, at_once, count, keys, make_promises, outcomes, promise, start_counting

KILOBYTES_64 = "x" * 65536


@pytest_asyncio.fixture
async def file(sqlite_url: str) -> AsyncIterator[Database]:
    """A SQLite database."""
    async with Database(sqlite_url) as opened:
        yield opened


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch ends only where nothing waits any more."""
    monkeypatch.setattr(sqlite, "LONGEST_BATCH", 60.0)
    monkeypatch.setattr(sqlite, "SLOW_JOB", 60.0)


def driver(conn: Connection) -> sqlite3.Connection:
    """What is below `conn`: tests only."""
    found: Any = conn._driver
    assert isinstance(found, sqlite3.Connection)
    return found


async def together(database: Database, *jobs: Callable[[Connection], object]) -> list[object]:
    """Write all `jobs` in one batch: the first waits in the writer until the others are queued."""
    held = threading.Event()

    def first(conn: Connection) -> None:
        assert held.wait(10)

    tasks = at_once(database, first, *jobs)
    await asyncio.sleep(0)
    held.set()
    return (await outcomes(*tasks))[1:]


@pytest.mark.usefixtures("patient")
async def test_what_waits_is_committed_in_one_go(file: Database) -> None:
    trace: list[str] = []
    await file.write(lambda conn: driver(conn).set_trace_callback(trace.append))
    trace.clear()
    assert await together(file, *(add(f"{number:03}") for number in range(100))) == [1] * 100
    assert [line for line in trace if line.startswith(("BEGIN", "COMMIT"))] == ["BEGIN IMMEDIATE", "COMMIT"]
    assert len(await file.read(keys)) == 100


@pytest.mark.usefixtures("patient")
async def test_only_where_one_raises_each_gets_a_savepoint(file: Database) -> None:
    trace: list[str] = []
    await file.write(lambda conn: driver(conn).set_trace_callback(trace.append))
    assert await together(file, add("a"), add("b")) == [1, 1]
    assert "SAVEPOINT job" not in trace
    trace.clear()
    answers = await together(file, add("c"), add("a"), add("d"))
    assert [type(answer) for answer in answers] == [int, ConstraintBroken, int]
    assert trace.count("SAVEPOINT job") == 4
    assert trace.count("COMMIT") == 1
    assert await file.read(keys) == ["a", "b", "c", "d"]


async def test_a_batch_ends_at_its_limits(file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LONGEST_BATCH", 60.0)
    monkeypatch.setattr(sqlite, "LARGEST_BATCH", 10)
    trace: list[str] = []
    await file.write(lambda conn: driver(conn).set_trace_callback(trace.append))
    trace.clear()
    assert await together(file, *(add(f"{number:03}") for number in range(99))) == [1] * 99
    assert trace.count("COMMIT") == 10
    monkeypatch.setattr(sqlite, "LONGEST_BATCH", 0.0)
    trace.clear()
    assert await together(file, *(add(f"alone-{number}") for number in range(3))) == [1] * 3
    assert trace.count("COMMIT") == 4


@pytest.mark.usefixtures("patient")
async def test_after_a_crowd_the_next_ones_are_waited_for_and_who_comes_alone_is_not(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(sqlite.time, "sleep", waits.append)
    await file.write(add("alone"))
    await file.write(add("again"))
    assert not waits
    await together(file, *(add(f"crowd-{number}") for number in range(sqlite.CROWD)))
    await file.write(add("behind"))
    assert waits == [sqlite.GATHER]
    await file.write(add("later"))
    assert waits == [sqlite.GATHER]


async def test_every_connection_is_durable_and_keeps_foreign_keys(file: Database) -> None:
    def pragmas(conn: Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "temp_store", "query_only")
        return {name: driver(conn).execute(f"PRAGMA {name}").fetchone()[0] for name in names}

    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "temp_store": 2, "query_only": 0}
    assert await file.write(pragmas) == expected
    assert await file.read(pragmas) == expected | {"query_only": 1}


@pytest.mark.usefixtures("patient")
async def test_a_full_disk_fails_who_needs_room_and_nobody_else(file: Database) -> None:
    await file.write(lambda conn: _allow_pages_beyond(conn, 8))
    answers = await together(
        file, add("a"), add("big-1", KILOBYTES_64), add("b"), add("big-2", KILOBYTES_64), add("c"), add("d")
    )
    assert [type(answer) for answer in answers] == [int, Unavailable, int, Unavailable, int, int]
    assert {answer.code for answer in answers if isinstance(answer, Unavailable)} == {Code.DISK_FULL}
    assert await file.read(keys) == ["a", "b", "c", "d"]
    await file.write(lambda conn: _allow_pages_beyond(conn, 1000))
    assert await file.write(add("big-1", KILOBYTES_64)) == 1


def _allow_pages_beyond(conn: Connection, pages: int) -> None:
    present = driver(conn).execute("PRAGMA page_count").fetchone()[0]
    driver(conn).execute(f"PRAGMA max_page_count={present + pages}")


@pytest.mark.usefixtures("patient")
async def test_a_write_that_makes_light_of_a_full_disk_is_told_of_it(file: Database) -> None:
    await file.write(lambda conn: _allow_pages_beyond(conn, 8))

    def carefree(conn: Connection) -> str:
        try:
            add("big", KILOBYTES_64)(conn)
        except Unavailable:
            return "never mind"
        return "fine"

    answers = await together(file, add("a"), carefree, add("b"))
    assert [type(answer) for answer in answers] == [int, Unavailable, int]
    assert await file.read(keys) == ["a", "b"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for two megabytes."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


async def test_on_a_disk_that_is_really_full_what_was_answered_is_there(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk}/headwaters.db"
    answered: list[str] = []
    refused: list[Code] = []

    async def write(number: int) -> None:
        size = 30_000 if number % 7 == 0 else 300
        try:
            await database.write(add(f"{number:05}", "x" * size))
        except Unavailable as error:
            refused.append(error.code)
        else:
            answered.append(f"{number:05}")

    async with Database(url) as database:
        await database.migrate()
        await asyncio.gather(*(write(number) for number in range(600)))
        assert refused
        assert set(refused) == {Code.DISK_FULL}
        assert sorted(answered) == await database.read(keys)
    async with Database(url) as database:
        assert sorted(answered) == await database.read(keys)
    assert sqlite3.connect(small_disk / "headwaters.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_after_a_full_disk_got_room_it_goes_on(small_disk: Path) -> None:
    async with Database(f"sqlite:///{small_disk}/headwaters.db") as database:
        await database.migrate()
        (small_disk / "ballast").write_bytes(b"x" * 1_000_000)
        with pytest.raises(Unavailable) as raised:
            await database.write(add("big", "x" * 1_500_000))
        assert raised.value.code == Code.DISK_FULL
        (small_disk / "ballast").unlink()
        assert await database.write(add("small", "x" * 1000)) == 1
        assert await database.read(keys) == ["small"]


@pytest.mark.usefixtures("patient")
async def test_a_commit_that_fails_is_run_again_one_by_one(file: Database, caplog: pytest.LogCaptureFixture) -> None:
    await file.write(make_promises)
    answers = await together(file, add("a"), promise(1, "nowhere"), promise(2, "a"), add("b"))
    assert [type(answer) for answer in answers] == [int, ConstraintBroken, type(None), int]
    assert await file.read(keys) == ["a", "b"]
    assert "a commit of 5 writes failed" in caplog.text


async def test_another_process_that_writes_for_long_is_waited_for(file: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "headwaters.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(file.write(add("a")))
    await asyncio.sleep(0.3)
    assert not writing.done()
    assert await file.read(keys) == []  # reading goes on
    other.execute("COMMIT")
    other.close()
    assert await writing == 1


async def test_waiting_for_another_process_has_an_end(
    file: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LONGEST_WAIT", 0.1)
    other = sqlite3.connect(tmp_path / "headwaters.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers = await outcomes(*at_once(file, *(add(f"{number}") for number in range(20))))
    assert [getattr(answer, "code", None) for answer in answers] == [Code.DATABASE_DOWN] * 20
    other.execute("COMMIT")
    other.close()
    assert await file.write(add("a")) == 1
    assert await file.read(keys) == ["a"]


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "headwaters.db"
    path.write_bytes(b"this is a letter and no database\n" * 100)
    with pytest.raises(Unavailable):
        await Database(f"sqlite:///{path}").open()
    assert path.read_bytes() == b"this is a letter and no database\n" * 100


async def test_a_new_database_is_for_its_owners_eyes_only(tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path}/headwaters.db") as database:
        await database.migrate()
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"headwaters.db": 0o600, "headwaters.db-wal": 0o600, "headwaters.db-shm": 0o600}


async def test_a_write_that_takes_long_is_named_in_the_log(
    file: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "SLOW_JOB", 0.01)

    def dawdle(conn: Connection) -> None:
        time.sleep(0.02)

    await file.write(dawdle)
    assert re.search(r"dawdle took \d\.\d\d s of the writer's time", caplog.text)


STEPS = ("add", "raise", "twice", "carefree", "full", "promise", "kept promise", "count")


class _Model:
    """What ought to be there, and jobs that do more or less of it."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.count = 0
        self.number = 0

    def job(self, step: str) -> tuple[Callable[[Connection], object], bool]:
        """A job, and whether it ought to succeed."""
        self.number += 1
        key = f"{self.number:06}"
        fine = step in {"add", "kept promise", "count"}
        if fine:
            self.keys.add(key)
            self.count += step == "count"
        return getattr(self, "_" + step.replace(" ", "_"))(key), fine

    def _add(self, key: str) -> Callable[[Connection], object]:
        return add(key)

    def _raise(self, key: str) -> Callable[[Connection], object]:
        def job(conn: Connection) -> None:
            add(key)(conn)
            _raise_counter(conn)
            raise LookupError(key)

        return job

    def _twice(self, key: str) -> Callable[[Connection], object]:
        return lambda conn: (add(key)(conn), _raise_counter(conn), add(key)(conn))

    def _carefree(self, key: str) -> Callable[[Connection], object]:
        def job(conn: Connection) -> None:
            add(key)(conn)
            with pytest.raises(ConstraintBroken):
                add(key)(conn)

        return job

    def _full(self, key: str) -> Callable[[Connection], object]:
        return lambda conn: (add(f"{key}-before")(conn), add(key, KILOBYTES_64 * 4)(conn))

    def _promise(self, key: str) -> Callable[[Connection], object]:
        return lambda conn: (_raise_counter(conn), promise(self.number, "nowhere")(conn), add(key)(conn))

    def _kept_promise(self, key: str) -> Callable[[Connection], object]:
        number = self.number
        return lambda conn: (promise(number, key)(conn), add(key)(conn))

    def _count(self, key: str) -> Callable[[Connection], object]:
        return lambda conn: (_raise_counter(conn), add(key)(conn))


def _raise_counter(conn: Connection) -> None:
    conn.execute(text("UPDATE catalogue SET version = version + 1"))


@pytest.mark.usefixtures("patient")
def test_whatever_fails_beside_it_each_write_is_kept_whole_or_not_at_all(sqlite_url: str) -> None:
    model = _Model()
    with asyncio.Runner() as runner:
        database = Database(sqlite_url)
        runner.run(database.open())
        runner.run(database.write(start_counting))
        runner.run(database.write(make_promises))

        @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.lists(st.lists(st.sampled_from(STEPS), max_size=12), max_size=4))
        def play(batches: list[list[str]]) -> None:
            for steps in batches:
                jobs = [model.job(step) for step in steps]
                runner.run(database.write(lambda conn: _allow_pages_beyond(conn, 40)))
                answers = runner.run(together(database, *(job for job, _ in jobs)))
                assert [not isinstance(answer, BaseException) for answer in answers] == [fine for _, fine in jobs]
                assert set(runner.run(database.read(keys))) == model.keys
                assert runner.run(database.read(count)) == model.count

        play()
        runner.run(database.close())
