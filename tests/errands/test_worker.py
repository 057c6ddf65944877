"""The worker: carries out what was queued, at least once; does its chores; nothing that goes wrong gets out."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from headwaters.actions import outbox
from headwaters.core.errors import Code, Limited, Refused, Unavailable
from headwaters.errands import worker as worker_module
from headwaters.errands.house import House
from headwaters.errands.worker import Chore, Handler, Worker
from headwaters.store import outbox as rows
from headwaters.store.db import Connection, Database
from headwaters.store.outbox import OutboxRow
from headwaters.store.tables import outbox as outbox_table
from tests.support.house import Clock, build_house

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def queue(house: House, *keys: str, kind: str = "note") -> None:
    for key in keys:
        await house.db.write(partial(outbox.queue, key=key, kind=kind, payload={"key": key}, now=NOW))


async def states(house: House) -> dict[str, tuple[str, int, str]]:
    """Each row's state, attempts and error."""
    columns = (outbox_table.c.key, outbox_table.c.state, outbox_table.c.attempts, outbox_table.c.error)

    def look(conn: Connection) -> dict[str, tuple[str, int, str]]:
        return {key: (state, attempts, error) for key, state, attempts, error in conn.execute(select(*columns))}

    return await house.db.read(look)


def noting(done: list[str]) -> Handler:
    async def handler(row: OutboxRow) -> None:
        done.append(row.key)

    return handler


def raising(error: Callable[[], Exception]) -> Handler:
    async def handler(row: OutboxRow) -> None:
        raise error()

    return handler


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.002)


async def test_what_is_due_is_carried_out_once(house: House) -> None:
    done: list[str] = []
    worker = Worker(house, {"note": noting(done)})
    await queue(house, *(f"{number:02}" for number in range(20)))
    assert await worker.carry_out_due() == 20
    assert sorted(done) == [f"{number:02}" for number in range(20)]
    assert await worker.carry_out_due() == 0
    assert set((await states(house)).values()) == {("done", 1, "")}


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (lambda: Unavailable(Code.MAIL_DOWN, "no answer"), ("waiting", 1, "mail_down: no answer")),
        (lambda: Refused(Code.MAIL_REFUSED, "no such mailbox"), ("given_up", 1, "mail_refused: no such mailbox")),
        (lambda: Limited(Code.TOO_OFTEN, "slowly", retry_after=9), ("waiting", 1, "too_often: slowly")),
        (lambda: KeyError("/o/secret-token"), ("waiting", 1, "KeyError")),
        (lambda: TimeoutError(), ("waiting", 1, "TimeoutError")),
    ],
)
async def test_a_failure_is_kept_with_its_row(
    house: House, error: Callable[[], Exception], state: tuple[str, int, str], caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []
    worker = Worker(house, {"note": raising(error), "fine": noting(done)})
    await queue(house, "bad")
    await queue(house, "good", kind="fine")
    assert await worker.carry_out_due() == 2
    assert await states(house) == {"bad": state, "good": ("done", 1, "")}
    assert "secret" not in caplog.text


async def test_a_failure_is_tried_again_when_its_time_has_come(house: House, clock: Clock) -> None:
    tries: list[int] = []

    async def third_time(row: OutboxRow) -> None:
        tries.append(row.attempts)
        if row.attempts < 3:
            raise Unavailable(Code.MAIL_DOWN, "no answer")

    worker = Worker(house, {"note": third_time})
    await queue(house, "k")
    for seconds in (0, 20, 10, 40, 20):  # due after 22.5 to 30, and then after 45 to 60 more
        clock.now += timedelta(seconds=seconds)
        await worker.carry_out_due()
    assert tries == [1, 2, 3]
    assert await states(house) == {"k": ("done", 3, "")}


async def test_rows_of_a_kind_that_nobody_handles_wait(house: House) -> None:
    await queue(house, "k", kind="of a later version")
    assert await Worker(house, {"note": noting([])}).carry_out_due() == 0
    assert await Worker(house, {}).carry_out_due() == 0
    assert await states(house) == {"k": ("waiting", 0, "")}


async def test_a_running_worker_wakes_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "POLL", 3600.0)
    done: list[str] = []
    worker = Worker(house, {"note": noting(done)})
    await worker.start()
    await asyncio.sleep(0.05)
    await queue(house, "k")
    await until(lambda: done == ["k"])
    await worker.stop()
    assert await states(house) == {"k": ("done", 1, "")}


async def test_a_running_worker_finds_what_another_process_queued(
    house: House, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "POLL", 0.02)
    done: list[str] = []
    worker = Worker(house, {"note": noting(done)})
    await worker.start()
    async with Database(database_url) as other:
        await other.write(partial(outbox.queue, key="k", kind="note", payload={}, now=NOW))
    await until(lambda: done == ["k"])
    await worker.stop()


async def test_a_slow_row_holds_no_other_up(house: House) -> None:
    done: list[str] = []
    hold = asyncio.Event()

    async def handler(row: OutboxRow) -> None:
        if row.key == "slow":
            await hold.wait()
        done.append(row.key)

    worker = Worker(house, {"note": handler})
    await worker.start()
    await queue(house, "slow", *(f"{number:02}" for number in range(30)))
    await until(lambda: len(done) == 30)
    hold.set()
    await until(lambda: len(done) == 31)
    await worker.stop()
    assert done[-1] == "slow"
    assert set((await states(house)).values()) == {("done", 1, "")}


async def test_never_more_than_so_many_at_once(house: House) -> None:
    now, most = 0, 0

    async def handler(row: OutboxRow) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.005)
        now -= 1

    worker = Worker(house, {"note": handler})
    await queue(house, *(f"{number:02}" for number in range(40)))
    await worker.start()
    await until(lambda: most == worker_module.AT_ONCE)
    while (await house.db.read(rows.count_open))[0]:
        await asyncio.sleep(0.01)
    await worker.stop()
    assert most == worker_module.AT_ONCE == 8


async def test_stopping_lets_what_is_under_way_end(house: House) -> None:
    started, hold = asyncio.Event(), asyncio.Event()

    async def handler(row: OutboxRow) -> None:
        started.set()
        await hold.wait()

    worker = Worker(house, {"note": handler})
    await queue(house, "k")
    await worker.start()
    await started.wait()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0.02)
    assert not stopping.done()
    hold.set()
    await stopping
    assert await states(house) == {"k": ("done", 1, "")}


async def test_stopping_waits_so_long_and_no_longer(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "GRACE", 0.05)
    started = asyncio.Event()

    async def endless(row: OutboxRow) -> None:
        started.set()
        await asyncio.Event().wait()

    worker = Worker(house, {"note": endless})
    await queue(house, "k")
    await worker.start()
    await started.wait()
    await worker.stop()
    assert await states(house) == {"k": ("waiting", 1, "")}
    clock.now += outbox.LEASE  # and the next one takes over when the lease has run out
    assert await Worker(house, {"note": noting([])}).carry_out_due() == 1
    assert await states(house) == {"k": ("done", 2, "")}


async def test_an_attempt_has_an_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "LONGEST_ATTEMPT", 0.02)

    async def endless(row: OutboxRow) -> None:
        await asyncio.Event().wait()

    await queue(house, "k")
    assert await Worker(house, {"note": endless}).carry_out_due() == 1
    assert await states(house) == {"k": ("waiting", 1, "TimeoutError")}
    assert timedelta(seconds=worker_module.LONGEST_ATTEMPT) < outbox.LEASE


async def test_two_workers_share_the_rows(house: House, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "POLL", 0.02)
    done: list[str] = []
    await queue(house, *(f"{number:02}" for number in range(60)))
    async with Database(database_url) as database:
        other = replace(house, db=database)
        workers = [Worker(each, {"note": noting(done)}) for each in (house, other)]
        for worker in workers:
            await worker.start()
        await until(lambda: len(done) >= 60)
        for worker in workers:
            await worker.stop()
    assert sorted(done) == [f"{number:02}" for number in range(60)]
    assert set((await states(house)).values()) == {("done", 1, "")}


async def test_chores_are_done_at_the_start_and_then_again_and_again(house: House) -> None:
    done: list[str] = []

    def chore(name: str, every: timedelta) -> Chore:
        async def run() -> None:
            done.append(name)

        return Chore(name, every, run)

    worker = Worker(house, {}, [chore("often", timedelta(milliseconds=5)), chore("rarely", timedelta(hours=1))])
    await worker.start()
    await until(lambda: done.count("often") >= 5)
    await worker.stop()
    assert done.count("rarely") == 1
    often = done.count("often")
    await asyncio.sleep(0.03)
    assert done.count("often") == often


@pytest.mark.parametrize("error", [Unavailable(Code.TILL_DOWN, "no"), ValueError("/o/secret-token"), TimeoutError()])
async def test_a_chore_that_fails_is_tried_again_and_logged_without_secrets(
    house: House, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    runs: list[int] = []

    async def run() -> None:
        runs.append(1)
        raise error

    done: list[str] = []
    worker = Worker(house, {"note": noting(done)}, [Chore("sweep", timedelta(milliseconds=2), run)])
    await worker.start()
    await until(lambda: len(runs) > 3)
    await queue(house, "k")
    await until(lambda: done == ["k"])
    await worker.stop()
    assert "chore sweep" in caplog.text
    assert "secret" not in caplog.text


async def test_a_worker_outlives_a_database_that_is_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "POLL", 0.01)
    done: list[str] = []
    worker = Worker(house, {"note": noting(done)})
    await queue(house, "k")
    await house.db.close()
    await worker.start()
    await asyncio.sleep(0.05)
    await house.db.open()
    await until(lambda: done == ["k"])
    await worker.stop()


async def test_a_worker_that_never_started_stops(house: House) -> None:
    await Worker(house, {}).stop()


_KILLED = """
import asyncio, os, sys
from headwaters.store.db import Database
from tests.errands.test_worker import killed
asyncio.run(killed(*sys.argv[1:]))
"""


async def killed(url: str, log: str, gap: str) -> None:
    """In a process of its own: carry out a row whose effect is a line in a file, and die at the gap."""

    async def handler(row: OutboxRow) -> None:
        if gap == "before":
            os.kill(os.getpid(), 9)
        with Path(log).open("a") as file:
            file.write(f"{row.key}\n")
        if gap == "after":
            os.kill(os.getpid(), 9)

    async with Database(url) as database:
        house = await build_house(database, Path(log).parent / "shop", Clock(NOW))
        await Worker(house, {"note": handler}).carry_out_due()


@pytest.mark.parametrize(("gap", "times"), [("before", 1), ("after", 2)])
async def test_killed_at_a_gap_it_is_carried_out_by_the_next(
    house: House, clock: Clock, database_url: str, tmp_path: Path, gap: str, times: int
) -> None:
    await queue(house, "k")
    log = tmp_path / "effects"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, database_url, str(log), gap)
    assert await process.wait() == -9
    assert await states(house) == {"k": ("waiting", 1, "")}

    async def handler(row: OutboxRow) -> None:
        with log.open("a") as file:
            file.write(f"{row.key}\n")

    worker = Worker(house, {"note": handler})
    assert await worker.carry_out_due() == 0  # the dead one's lease
    clock.now += outbox.LEASE
    assert await worker.carry_out_due() == 1
    assert log.read_text() == "k\n" * times
    assert await states(house) == {"k": ("done", 2, "")}
