"""From a draft to a work on its page: on its day, once, after a restart, and failed in words."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import func, select

from headwaters.actions.drafting import schedule_draft, take_due
from headwaters.actions.works import withhold_work
from headwaters.core.errors import Code, NotFound, Refused
from headwaters.core.works.drafts import LEASE, DraftState
from headwaters.core.works.manifest import ManifestBroken
from headwaters.errands import drafts
from headwaters.errands.drafts import prepare
from headwaters.errands.house import House
from headwaters.errands.press import Press
from headwaters.store import drafts as draft_rows
from headwaters.store import tables
from headwaters.store import uploads as upload_rows
from headwaters.store import works as rows
from headwaters.store.db import Connection
from headwaters.store.works import EditionLine
from tests.support import samples
from tests.support.drafts import left_of_uploads, look, new_work, publish_now, send, type_in
from tests.support.house import Clock

SONG = ("song.txt", b"Row, row.\n")
OTHER = ("song.txt", b"Row, row, row.\n")
COVER = ("cover.png", samples.png((320, 200)))


async def editions(house: House, slug: str) -> list[EditionLine]:
    return await house.db.read(lambda conn: rows.editions_of(conn, rows.work_at(conn, slug).id))


async def names(house: House, slug: str) -> list[tuple[str, str]]:
    """Role and name of the files of the newest edition."""

    def read(conn: Connection) -> list[tuple[str, str]]:
        newest = rows.newest_edition(conn, rows.work_at(conn, slug).id)
        assert newest is not None
        return [(file.role, file.name) for file in rows.files_of(conn, newest.id)]

    return await house.db.read(read)


async def counts(house: House) -> dict[str, int]:
    def read(conn: Connection) -> dict[str, int]:
        return {
            name: int(conn.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one())
            for name in ("works", "editions", "uploads")
        }

    return await house.db.read(read)


async def faults(house: House, ref: str) -> set[str]:
    with pytest.raises(ManifestBroken) as broken:
        await prepare(house, await look(house, ref))
    return {problem.key for problem in broken.value.problems}


# ── a new work ───────────────────────────────────────────────────────────────────────────────────


async def test_a_draft_becomes_a_work_and_its_uploads_are_forgotten(house: House) -> None:
    ref = await new_work(house, SONG, COVER, ("sample.txt", b"Row"), title="River Song", price="7,50", words="Hi")
    done = await publish_now(house, ref, who=None)
    assert (done.state, done.work_slug, done.error) == (DraftState.PUBLISHED, "river-song", "")
    work = await house.db.read(lambda conn: rows.work_at(conn, "river-song"))
    assert (work.details.title, work.details.price.minor, work.details.words) == ("River Song", 750, "Hi")
    assert (work.source, work.details.by) == (f"studio:{ref}", "Alice")
    found = await names(house, "river-song")
    assert found[:3] == [("work", "song.txt"), ("sample", "sample.txt"), ("cover", "cover.png")]
    assert ("art", "art-320.webp") in found
    (edition,) = await editions(house, "river-song")
    assert edition.files[0].sha256 == sha256(SONG[1]).hexdigest()
    assert edition.rights == "own"
    assert (await counts(house), left_of_uploads(house)) == ({"works": 1, "editions": 1, "uploads": 0}, [])
    assert await Press(house).publish_due() == 0


async def test_everything_that_is_missing_is_said_at_once(house: House) -> None:
    ref = await drafts.begin_work(house, None)
    await type_in(house, ref, price="much")
    assert await faults(house, ref) == {"title", "price", "rights", "files"}
    await send(house, ref, COVER)
    await type_in(house, ref, title="A", price="1", minimum="2", rights="own")
    assert await faults(house, ref) == {"price"}  # a picture alone is the work, whatever it is called
    assert await counts(house) == {"works": 0, "editions": 0, "uploads": 1}


async def test_half_a_file_holds_publishing_up(house: House) -> None:
    ref = await new_work(house, SONG, title="Song")
    draft = await look(house, ref)

    def half(conn: Connection) -> None:
        row = upload_rows.uploads_of(conn, draft.id)[0]
        conn.execute(tables.uploads.update().where(tables.uploads.c.id == row.id).values(state="coming", done=3))

    await house.db.write(half)
    assert await faults(house, ref) == {"files"}


async def test_the_title_of_another_work_is_refused_beside_the_address(house: House) -> None:
    await publish_now(house, await new_work(house, SONG, title="Song"))
    ref = await new_work(house, OTHER, title="Song")
    assert await faults(house, ref) == {"slug"}
    await type_in(house, ref, slug="song-2")
    assert (await publish_now(house, ref)).work_slug == "song-2"


async def test_an_open_licence_speaks_for_itself(house: House) -> None:
    ref = await new_work(house, SONG, title="Song", rights="", licence="CC-BY-4.0")
    await publish_now(house, ref)
    (edition,) = await editions(house, "song")
    assert edition.rights == "licensed"


async def test_a_new_work_is_begun_once_until_something_is_in_it(house: House) -> None:
    first = await drafts.begin_work(house, None)
    assert await drafts.begin_work(house, None) == first
    await send(house, first, SONG)
    assert await drafts.begin_work(house, None) != first


# ── on its day ───────────────────────────────────────────────────────────────────────────────────


async def test_it_is_published_on_its_day_and_not_before(house: House, clock: Clock) -> None:
    ref = await new_work(house, SONG, title="Song")
    draft, at = await look(house, ref), clock.now + timedelta(hours=3)
    await house.db.write(lambda conn: schedule_draft(conn, ref, draft.revision, at, None, clock.now))
    press = Press(house)
    clock.move(hours=2, minutes=59)
    assert await press.publish_due() == 0
    clock.move(minutes=1)
    assert await press.publish_due() == 1
    assert (await look(house, ref)).state is DraftState.PUBLISHED


async def test_killed_in_the_middle_it_goes_on_when_its_lease_is_over(house: House, clock: Clock) -> None:
    ref = await new_work(house, SONG, title="Song")
    draft = await look(house, ref)
    await house.db.write(lambda conn: schedule_draft(conn, ref, draft.revision, clock.now, None, clock.now))
    assert await house.db.write(lambda conn: take_due(conn, clock.now))  # somebody took it, and is no more
    assert await Press(house).publish_due() == 0
    clock.move(seconds=LEASE.total_seconds())
    assert await Press(house).publish_due() == 1
    assert await counts(house) == {"works": 1, "editions": 1, "uploads": 0}


async def test_killed_after_it_was_published_only_bytes_are_left_to_sweep(house: House, clock: Clock) -> None:
    ref = await new_work(house, SONG, title="Song")
    draft = await look(house, ref)
    await house.db.write(lambda conn: schedule_draft(conn, ref, draft.revision, clock.now, None, clock.now))
    taken = await house.db.write(lambda conn: take_due(conn, clock.now))
    assert taken is not None
    await Press(house)._attempt(taken)  # work and draft in one transaction; then the process ends
    assert (await look(house, ref)).state is DraftState.PUBLISHED
    assert (await counts(house), len(left_of_uploads(house))) == ({"works": 1, "editions": 1, "uploads": 1}, 1)
    clock.move(seconds=LEASE.total_seconds())
    assert (await Press(house).publish_due(), await Press(house).sweep()) == (0, 1)
    assert (await counts(house), left_of_uploads(house)) == ({"works": 1, "editions": 1, "uploads": 0}, [])


async def test_of_two_who_publish_the_same_draft_the_second_is_undone(house: House, clock: Clock) -> None:
    await publish_now(house, await new_work(house, ("a.txt", b"a"), SONG, title="Song"))
    ref = await edition_of(house, "song", dropped="a.txt")
    draft = await look(house, ref)
    await house.db.write(lambda conn: schedule_draft(conn, ref, draft.revision, clock.now, None, clock.now))
    taken = await house.db.write(lambda conn: take_due(conn, clock.now))
    assert taken is not None
    both = await asyncio.gather(*(Press(house)._attempt(taken) for _ in range(2)), return_exceptions=True)
    assert len([one for one in both if isinstance(one, Refused)]) == 1
    assert (await counts(house))["editions"] == 2
    assert (await look(house, ref)).state is DraftState.PUBLISHED


async def test_of_several_presses_one_publishes(house: House) -> None:
    ref = await new_work(house, SONG, title="Song")
    draft = await look(house, ref)
    now = house.clock()
    await house.db.write(lambda conn: schedule_draft(conn, ref, draft.revision, now, None, now))
    assert sorted(await asyncio.gather(*(Press(house).publish_due() for _ in range(4)))) == [0, 0, 0, 1]
    assert (await counts(house))["editions"] == 1


async def test_what_fails_on_its_day_is_open_again_and_says_why(house: House, clock: Clock) -> None:
    first, second = await new_work(house, SONG, title="Song"), await new_work(house, OTHER, title="Song")
    for ref in (first, second):
        draft = await look(house, ref)
        await house.db.write(
            lambda conn, ref=ref, revision=draft.revision: schedule_draft(
                conn, ref, revision, clock.now, None, clock.now
            )
        )
    assert await Press(house).publish_due() == 2
    failed = await look(house, second)
    assert (failed.state, failed.publish_at) == (DraftState.OPEN, None)
    assert failed.error.startswith("There is another work at this address. Choose another one.")
    assert (await counts(house))["works"] == 1
    assert len(left_of_uploads(house)) == 1  # nothing of the one that failed is lost


async def test_stopped_in_the_middle_it_is_put_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = await new_work(house, SONG, title="Song")
    draft, now, press = await look(house, ref), house.clock(), Press(house)
    await house.db.write(lambda conn: schedule_draft(conn, ref, draft.revision, now, None, now))
    under_way = asyncio.Event()

    async def forever(_: object) -> None:
        under_way.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(press, "_attempt", forever)
    task = asyncio.create_task(press.publish_due())
    await under_way.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await look(house, ref)).state is DraftState.SCHEDULED
    assert await Press(house).publish_due() == 1


# ── the next edition ─────────────────────────────────────────────────────────────────────────────


async def edition_of(house: House, slug: str, *files: tuple[str, bytes], **fields: str) -> str:
    ref = await drafts.begin_edition(house, slug, None)
    await send(house, ref, *files)
    await type_in(house, ref, **{"rights": "own", **fields})
    return ref


async def test_a_new_file_of_the_same_name_takes_the_place_of_the_old_one(house: House) -> None:
    await publish_now(house, await new_work(house, ("a.txt", b"a"), SONG, COVER, title="Song"))
    ref = await edition_of(house, "song", OTHER, ("b.txt", b"b"), changes="One more row.\n")
    assert await drafts.begin_edition(house, "song", None) == ref
    done = await publish_now(house, ref)
    assert (done.state, done.work_slug) == (DraftState.PUBLISHED, "song")
    newest, first = await editions(house, "song")
    assert (newest.number, newest.changes) == (2, "One more row.")
    assert [file.name for file in newest.files] == ["a.txt", "song.txt", "b.txt", "cover.png"]
    assert newest.files[1].sha256 == sha256(OTHER[1]).hexdigest()
    assert [file.name for file in first.files] == ["a.txt", "song.txt", "cover.png"]
    assert ("art", "art-320.webp") in await names(house, "song")
    assert (await house.db.read(lambda conn: rows.work_at(conn, "song"))).source.startswith("studio:")


async def test_files_are_left_out_and_the_cover_with_its_pictures(house: House) -> None:
    await publish_now(house, await new_work(house, ("a.txt", b"a"), SONG, COVER, title="Song"))
    ref = await edition_of(house, "song", dropped="a.txt\ncover.png")
    assert (await publish_now(house, ref)).error == ""
    assert (await editions(house, "song"))[0].files[0].name == "song.txt"
    assert {name.partition("-")[0] for role, name in await names(house, "song") if role == "art"} == {"drawn"}


async def test_the_same_files_are_no_edition_and_none_at_all_neither(house: House) -> None:
    await publish_now(house, await new_work(house, SONG, title="Song"))
    ref = await edition_of(house, "song")
    assert await faults(house, ref) == {"files"}
    await type_in(house, ref, dropped="song.txt", rights="")
    assert await faults(house, ref) == {"files", "rights"}


async def test_of_a_withheld_work_no_edition_comes_out(house: House) -> None:
    await publish_now(house, await new_work(house, SONG, title="Song"))
    ref = await edition_of(house, "song", OTHER)
    await house.db.write(lambda conn: withhold_work(conn, "song", "A court said so.", house.clock()))
    done = await publish_now(house, ref)
    assert (done.state, done.error) == (
        DraftState.OPEN,
        "This work is withheld, so nothing new of it is published. When the reason is gone, bring it back first.",
    )


# ── thrown away ──────────────────────────────────────────────────────────────────────────────────


async def test_thrown_away_its_files_go_too(house: House) -> None:
    ref = await new_work(house, SONG, title="Song")
    await drafts.discard(house, ref, None)
    assert (await counts(house), left_of_uploads(house)) == ({"works": 0, "editions": 0, "uploads": 0}, [])
    with pytest.raises(NotFound) as refused:
        await drafts.discard(house, ref, None)
    assert refused.value.code is Code.DRAFT_UNKNOWN


async def test_files_that_a_killed_process_left_are_swept(house: House) -> None:
    ref = await new_work(house, SONG, title="Song")
    draft = await look(house, ref)
    await house.db.write(lambda conn: draft_rows.move(conn, draft.id, DraftState.DISCARDED, (DraftState.OPEN,), 0))
    assert await Press(house).sweep() == 1
    assert await Press(house).sweep() == 0
    assert left_of_uploads(house) == []
