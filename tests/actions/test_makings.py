"""Verbs of makings: queued once, taken by one, ended once; stopped, tried again; and at once from two processes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from headwaters.actions import makings as verbs
from headwaters.core.errors import Code, NotFound
from headwaters.core.works.makings import LEASE, MOST_ATTEMPTS, MakingState
from headwaters.store import makings as rows
from headwaters.store import tables
from headwaters.store.db import Connection, Database
from headwaters.store.makings import MakingRow
from headwaters.store.works import BlobRow, FileRow, add_files, keep_blobs
from tests.people import add_work

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MP3 = ("mp3",)
BLOB = BlobRow("a" * 64, 1, 9, "copy")
S = MakingState


def _fill(conn: Connection) -> int:
    """A work of two pieces of music, with what they want queued; its edition."""
    add_work(conn)
    edition = int(conn.execute(tables.editions.select()).first().id)  # type: ignore[union-attr]
    keep_blobs(conn, [BLOB], 0)
    given = [
        FileRow(f"{n}" * 13, "work", f"{n}.wav", "", "audio/wav", BLOB.sha256, 9, 1_000_000, None, None) for n in (1, 2)
    ]
    add_files(conn, edition, given)
    verbs.queue_makings(conn, edition, NOW)
    return edition


async def fill(database: Database) -> int:
    return await database.write(_fill)


async def mine(database: Database, edition: int, recipe: str = "mp3") -> list[MakingRow]:
    found = await database.read(lambda conn: rows.of_edition(conn, edition))
    return [one for one in found if one.recipe == recipe]


async def take(database: Database, now: datetime = NOW) -> MakingRow | None:
    return await database.write(lambda conn: verbs.take_making(conn, MP3, now))


async def taken(database: Database, now: datetime = NOW) -> MakingRow:
    found = await take(database, now)
    assert found is not None
    return found


def made(ref: str, making: MakingRow) -> FileRow:
    row = FileRow(ref * 13, "made", "1.mp3", "", "audio/mpeg", BLOB.sha256, 9, None, None, None)
    return FileRow(
        **{**{name: getattr(row, name) for name in row.__slots__}, "made_from": making.file_id, "recipe": "mp3"}
    )


async def finish(database: Database, making: MakingRow, ref: str = "b") -> bool:
    files = [made(ref, making)]
    return await database.write(lambda conn: verbs.finish_making(conn, making, files, [BLOB], lambda conn: None, NOW))


async def test_the_same_is_queued_once(database: Database) -> None:
    edition = await fill(database)
    before = await database.read(lambda conn: rows.of_edition(conn, edition))
    assert {(one.recipe, one.state, one.attempts) for one in before if one.recipe in {"flac", "mp3", "opus"}} == {
        (recipe, S.WAITING, 0) for recipe in ("flac", "mp3", "opus")
    }
    queued = await asyncio.gather(
        *(database.write(lambda conn: verbs.queue_makings(conn, edition, NOW)) for _ in range(4))
    )
    assert queued == [0, 0, 0, 0]
    assert await database.read(lambda conn: rows.of_edition(conn, edition)) == before


async def test_of_many_who_take_at_once_one_gets_one(database: Database) -> None:
    edition = await fill(database)
    other = Database(database.url.render_as_string(hide_password=False))
    async with other:
        found = await asyncio.gather(*(take(each) for each in [database, other] * 5))
    assert len([one for one in found if one is not None]) == 1
    assert [one.state for one in await mine(database, edition)] == [S.MAKING, S.WAITING]


async def test_what_is_finished_is_finished_once(database: Database) -> None:
    edition = await fill(database)
    making = await taken(database)
    done = await asyncio.gather(*(finish(database, making, ref) for ref in "cdef"))
    assert sorted(done) == [False, False, False, True]
    files = await database.read(lambda conn: rows.made_of(conn, edition, making.file_id, "mp3"))
    assert [(file.name, file.recipe, file.made_from) for file in files] == [("1.mp3", "mp3", making.file_id)]
    assert [(one.state, one.done) for one in await mine(database, edition)] == [(S.MADE, 1000), (S.WAITING, 0)]


async def test_who_was_too_slow_changes_nothing(database: Database) -> None:
    edition = await fill(database)
    slow = await taken(database)
    later = NOW + LEASE
    quick = await taken(database, later)
    assert (quick.id, quick.attempts) == (slow.id, 2)
    assert not await database.write(lambda conn: verbs.beat(conn, slow, 900, later))
    assert not await finish(database, slow)
    assert not await database.write(lambda conn: verbs.fail_making(conn, slow, "late", later))
    assert not await database.write(lambda conn: verbs.put_back(conn, slow, later))
    assert await database.write(lambda conn: verbs.beat(conn, quick, 5000, later))
    first, _ = await mine(database, edition)
    assert (first.state, first.done, first.error) == (S.MAKING, 1000, "")


async def test_a_sign_of_life_keeps_it(database: Database) -> None:
    await fill(database)
    making = await taken(database)
    for step in range(1, 4):
        now = NOW + LEASE * step * 0.9
        assert await database.write(lambda conn, now=now: verbs.beat(conn, making, 10, now))
        assert await take(database, now) is None


async def test_stopped_it_stays_so_until_somebody_says_otherwise(database: Database) -> None:
    edition = await fill(database)
    making = await taken(database)
    stop = lambda conn: verbs.stop_makings(conn, "high-water", "mp3", "Enough.", NOW)  # noqa: E731
    assert [await database.write(stop), await database.write(stop)] == [2, 0]
    assert not await finish(database, making)
    assert await database.read(lambda conn: rows.made_of(conn, edition, making.file_id, "mp3")) == ()
    assert [(one.state, one.error) for one in await mine(database, edition)] == [(S.SKIPPED, "Enough.")] * 2
    assert await take(database) is None
    again = lambda conn: verbs.try_again(conn, "high-water", "mp3", NOW)  # noqa: E731
    assert [await database.write(again), await database.write(again)] == [2, 0]
    assert {(one.state, one.error, one.attempts) for one in await mine(database, edition)} == {(S.WAITING, "", 0)}
    assert await finish(database, await taken(database))
    assert await database.write(stop) == 1  # what is made stays
    assert [one.state for one in await mine(database, edition)] == [S.MADE, S.SKIPPED]


async def test_of_no_work_nothing_is_stopped(database: Database) -> None:
    await fill(database)
    for verb in (
        lambda conn: verbs.stop_makings(conn, "no-such", "mp3", "", NOW),
        lambda conn: verbs.try_again(conn, "no-such", "mp3", NOW),
    ):
        with pytest.raises(NotFound) as refused:
            await database.write(verb)
        assert refused.value.code is Code.WORK_UNKNOWN


async def test_tried_again_later_and_given_up_at_last(database: Database) -> None:
    edition, now = await fill(database), NOW
    first, second = await mine(database, edition)
    await database.write(lambda conn: verbs.stop_makings(conn, "high-water", "opus", "", NOW))
    aside = update(tables.makings).where(tables.makings.c.id == second.id).values(due_at=2**60)
    await database.write(lambda conn: conn.execute(aside))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        making = await taken(database, now)
        assert (making.id, making.attempts) == (first.id, attempt)
        assert await database.write(lambda conn, m=making, at=now: verbs.retry_making(conn, m, "Full.", at))
        assert await take(database, now) is None
        now += timedelta(hours=3)
    first, _ = await mine(database, edition)
    assert (first.state, first.error) == (S.FAILED, "Full.")


async def test_another_choice_forgets_what_waits_and_keeps_what_is_made(database: Database) -> None:
    edition = await fill(database)
    await finish(database, await taken(database))
    await database.write(lambda conn: conn.execute(update(tables.works).values(formats="opus")))
    await database.write(lambda conn: verbs.queue_makings(conn, edition, NOW))
    found = await database.read(lambda conn: rows.of_edition(conn, edition))
    mine_now = [(one.recipe, one.state) for one in found if one.recipe in {"flac", "mp3", "opus"}]
    assert sorted(mine_now) == [("mp3", S.MADE), ("opus", S.WAITING), ("opus", S.WAITING)]
