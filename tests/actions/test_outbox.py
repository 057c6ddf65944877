"""Queued once, carried out by one at a time, tried again later and later, given up at the end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headwaters.actions import outbox
from headwaters.store import outbox as rows
from headwaters.store.db import Connection, Database
from headwaters.store.outbox import OutboxRow

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KINDS = ("mail.order",)


async def queue(database: Database, key: str, **more: Any) -> bool:
    return await database.write(
        partial(outbox.queue, key=key, kind="mail.order", payload={"order": 1}, now=NOW, **more)
    )


async def take(database: Database, now: datetime = NOW, limit: int = 10) -> list[OutboxRow]:
    return await database.write(partial(outbox.take, kinds=KINDS, now=now, limit=limit))


async def test_a_queued_row_is_taken_as_it_was_queued(database: Database) -> None:
    payload = {"order": 7, "words": "Grüße, ‘東京’ 🎬", "none": None}
    assert await database.write(partial(outbox.queue, key="k", kind="mail.order", payload=payload, now=NOW)) is True
    (row,) = await take(database)
    assert row == OutboxRow(row.id, "k", "mail.order", payload, 1, NOW, NOW + outbox.LEASE)


async def test_the_same_key_is_queued_once_for_ever(database: Database) -> None:
    assert await queue(database, "k") is True
    assert await queue(database, "k") is False
    (row,) = await take(database)
    assert await database.write(partial(outbox.finish, row=row, now=NOW)) is True
    assert await queue(database, "k") is False
    assert await take(database, NOW + timedelta(days=365)) == []


async def test_the_same_key_from_many_at_once_is_queued_once(database: Database) -> None:
    assert sorted(await asyncio.gather(*(queue(database, "k") for _ in range(16)))) == [False] * 15 + [True]
    assert await database.read(rows.count_open) == (1, 0)


async def test_what_its_cause_took_back_is_not_queued(database: Database) -> None:
    def refused(conn: Connection) -> None:
        outbox.queue(conn, "k", "mail.order", {}, NOW)
        raise LookupError

    with database.bell.listen() as bell:
        (answer,) = await asyncio.gather(database.write(refused), return_exceptions=True)
        assert isinstance(answer, LookupError)
        assert await take(database) == []
        assert not bell.is_set()


async def test_queueing_rings_the_bell(database: Database) -> None:
    with database.bell.listen() as bell:
        await queue(database, "k")
        await asyncio.wait_for(bell.wait(), 5)
        bell.clear()
        await queue(database, "k")  # was there before
        await database.read(rows.count_open)
        assert not bell.is_set()


async def test_a_row_is_not_taken_before_it_is_due(database: Database) -> None:
    await queue(database, "later", due=NOW + timedelta(hours=1))
    assert await database.read(partial(rows.next_due, kinds=KINDS)) == NOW + timedelta(hours=1)
    assert await take(database) == []
    assert await take(database, NOW + timedelta(minutes=59, seconds=59)) == []
    assert [row.key for row in await take(database, NOW + timedelta(hours=1))] == ["later"]


async def test_the_longest_waiting_come_first_up_to_the_limit(database: Database) -> None:
    for minutes in (3, 1, 2):
        await queue(database, f"{minutes}", due=NOW + timedelta(minutes=minutes))
    later = NOW + timedelta(minutes=10)
    assert [row.key for row in await take(database, later, limit=2)] == ["1", "2"]
    assert [row.key for row in await take(database, later, limit=2)] == ["3"]


async def test_rows_of_other_kinds_are_left_alone(database: Database) -> None:
    await queue(database, "mine")
    await database.write(partial(outbox.queue, key="other", kind="federation", payload={}, now=NOW))
    assert [row.key for row in await take(database)] == ["mine"]
    assert await database.read(partial(rows.next_due, kinds=("federation",))) == NOW
    assert await database.read(partial(rows.next_due, kinds=())) is None


async def test_many_that_take_at_once_get_different_rows(database: Database, database_url: str) -> None:
    for number in range(40):
        await queue(database, f"{number:02}")
    async with Database(database_url) as other:  # as another process would
        both = await asyncio.gather(*(take(each, limit=4) for _ in range(8) for each in (database, other)))
    while rest := await take(database, limit=4):
        both.append(rest)
    assert sorted(row.key for taken in both for row in taken) == [f"{number:02}" for number in range(40)]


async def test_a_lease_that_ran_out_is_taken_again(database: Database) -> None:
    await queue(database, "k")
    (first,) = await take(database)
    assert await take(database, NOW + outbox.LEASE - timedelta(microseconds=1)) == []
    (second,) = await take(database, NOW + outbox.LEASE)
    assert (first.id, first.attempts, second.id, second.attempts) == (second.id, 1, first.id, 2)


async def test_who_lost_the_lease_may_say_done_but_not_failed(database: Database) -> None:
    await queue(database, "k")
    (slow,) = await take(database)
    (second,) = await take(database, NOW + outbox.LEASE)
    assert await database.write(partial(outbox.retry, row=slow, why="late", now=NOW, spread=0.5)) is False
    assert await database.write(partial(outbox.give_up, row=slow, why="late", now=NOW)) is False
    assert await database.write(partial(outbox.finish, row=slow, now=NOW)) is True
    assert await database.write(partial(outbox.finish, row=second, now=NOW)) is False
    assert await database.write(partial(outbox.retry, row=second, why="", now=NOW, spread=0.0)) is False
    assert await database.read(rows.count_open) == (0, 0)


async def test_a_failure_is_tried_again_later_and_then_given_up(database: Database) -> None:
    await queue(database, "k")
    now, waits = NOW, []
    for attempt in range(1, outbox.MOST_ATTEMPTS + 1):
        (row,) = await take(database, now)
        assert row.attempts == attempt
        assert await database.write(partial(outbox.retry, row=row, why="no answer", now=now, spread=0.0)) is True
        due = await database.read(partial(rows.next_due, kinds=KINDS))
        if due is not None:
            waits.append((due - now).total_seconds())
            now = due
    assert waits == [30 * 2**n for n in range(10)] + [21600] * 9
    assert await database.read(rows.count_open) == (0, 1)
    assert await take(database, now + timedelta(days=365)) == []


async def test_what_is_refused_for_good_is_given_up_at_once(database: Database) -> None:
    await queue(database, "k")
    (row,) = await take(database)
    assert await database.write(partial(outbox.give_up, row=row, why="x" * 9000, now=NOW)) is True
    assert await database.read(rows.count_open) == (0, 1)
    assert await take(database, NOW + timedelta(days=365)) == []


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_waits_stay_within_their_bounds_and_grow(attempts: int, spread: float) -> None:
    wait = outbox.wait_after(attempts, spread)
    assert outbox.FIRST_WAIT * 0.75 < wait <= outbox.LONGEST_WAIT
    assert wait <= outbox.wait_after(attempts, 0.0) <= outbox.wait_after(attempts + 1, 0.0)


async def test_what_was_done_long_ago_is_forgotten_and_nothing_else(database: Database) -> None:
    for key in ("done long ago", "done lately", "waiting"):
        assert await queue(database, key) is True
    taken = {row.key: row for row in await take(database)}
    await database.write(partial(outbox.finish, row=taken["done long ago"], now=NOW))
    await database.write(partial(outbox.finish, row=taken["done lately"], now=NOW + timedelta(days=2)))
    before = NOW + timedelta(days=1)
    assert [await database.write(partial(outbox.forget_done, before=before)) for _ in range(2)] == [1, 0]
    assert await queue(database, "done long ago") is True
    assert await queue(database, "done lately") is False
    assert await queue(database, "waiting") is False
