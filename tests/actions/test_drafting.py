"""Drafts: saved, scheduled, taken back, published on their day, thrown away: happy, refused, twice, and at once."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from headwaters.actions import drafting as verbs
from headwaters.actions.drafts import open_draft
from headwaters.core.errors import Code, Conflict, NotFound
from headwaters.core.works.drafts import LEASE, DraftState
from headwaters.store import drafts as rows
from headwaters.store.db import Database
from headwaters.store.drafts import DraftRow
from tests.people import add_work

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
_numbers = itertools.count(1)


async def make(database: Database, work_id: int | None = None, who: int | None = None) -> str:
    ref = f"draft{next(_numbers)}"
    verb = {"ref": ref, "work_id": work_id, "who": who, "form": '{"title": ""}', "now": NOW}
    await database.write(lambda conn: open_draft(conn, **verb))
    return ref


async def look(database: Database, ref: str) -> DraftRow:
    return await database.read(lambda conn: rows.draft_at(conn, ref))


async def save(database: Database, ref: str, revision: int, **form: str) -> int:
    return await database.write(lambda conn: verbs.save_draft(conn, ref, revision, form, NOW))


async def schedule(database: Database, ref: str, at: datetime = NOW, revision: int = 0) -> bool:
    return await database.write(lambda conn: verbs.schedule_draft(conn, ref, revision, at, 7, NOW))


async def take(database: Database, now: datetime = NOW) -> DraftRow | None:
    return await database.write(lambda conn: verbs.take_due(conn, now))


async def test_anything_is_saved_and_the_same_again_changes_nothing(database: Database) -> None:
    ref = await make(database)
    assert await save(database, ref, 0, title="", price="much") == 1
    assert await save(database, ref, 1, title="", price="much") == 1
    draft = await look(database, ref)
    assert (draft.form, draft.revision, draft.state) == ({"title": "", "price": "much"}, 1, DraftState.OPEN)


async def test_the_second_who_saves_is_told_and_nothing_is_overwritten(database: Database) -> None:
    ref = await make(database)
    await save(database, ref, 0, title="Mine")
    with pytest.raises(Conflict) as refused:
        await save(database, ref, 0, title="Theirs")
    assert refused.value.code is Code.CHANGED_MEANWHILE
    assert (await look(database, ref)).form == {"title": "Mine"}


async def test_of_many_who_save_at_once_one_is_first(database: Database) -> None:
    ref = await make(database)
    other = Database(database.url.render_as_string(hide_password=False))
    async with other:
        saving = (save(each, ref, 0, title=str(n)) for n, each in enumerate([database, other] * 4))
        done = await asyncio.gather(*saving, return_exceptions=True)
    assert [one for one in done if one == 1] == [1]
    assert {one.code for one in done if isinstance(one, Conflict)} == {Code.CHANGED_MEANWHILE}
    assert (await look(database, ref)).revision == 1


async def test_a_draft_that_waits_is_not_changed_until_it_is_taken_back(database: Database) -> None:
    ref = await make(database)
    assert await schedule(database, ref, LATER)
    assert not await schedule(database, ref, LATER)
    for verb in (save(database, ref, 0, title="x"), schedule(database, ref, LATER + timedelta(days=1))):
        with pytest.raises(Conflict) as refused:
            await verb
        assert refused.value.code is Code.DRAFT_STATE
    draft = await look(database, ref)
    assert (draft.state, draft.publish_at, draft.who) == (DraftState.SCHEDULED, LATER, 7)
    assert await database.write(lambda conn: verbs.take_back(conn, ref, NOW))
    assert not await database.write(lambda conn: verbs.take_back(conn, ref, NOW))
    draft = await look(database, ref)
    assert (draft.state, draft.publish_at) == (DraftState.OPEN, None)


async def test_an_older_revision_is_not_scheduled(database: Database) -> None:
    ref = await make(database)
    await save(database, ref, 0, title="Mine")
    with pytest.raises(Conflict) as refused:
        await schedule(database, ref, LATER)
    assert refused.value.code is Code.CHANGED_MEANWHILE
    assert (await look(database, ref)).state is DraftState.OPEN


async def test_what_is_due_is_taken_once_and_what_is_not_waits(database: Database) -> None:
    ref, later = await make(database), await make(database)
    await schedule(database, ref, NOW)
    await schedule(database, later, LATER)
    other = Database(database.url.render_as_string(hide_password=False))
    async with other:
        taken = await asyncio.gather(*(take(each) for each in [database, other] * 4))
    assert [draft.ref for draft in taken if draft] == [ref]
    assert (await look(database, ref)).state is DraftState.PUBLISHING
    assert await take(database, LATER - timedelta(seconds=1)) is not None  # the first one: its lease is over
    found = await take(database, LATER)
    assert found is not None
    assert found.ref == later


async def test_without_a_sign_of_life_it_is_taken_up_by_another(database: Database) -> None:
    ref = await make(database)
    await schedule(database, ref)
    draft = await take(database)
    assert draft is not None
    assert await take(database, NOW + LEASE - timedelta(seconds=1)) is None
    assert await database.write(lambda conn: verbs.beat(conn, draft.id, NOW + LEASE - timedelta(seconds=1)))
    assert await take(database, NOW + LEASE) is None
    again = await take(database, NOW + 2 * LEASE)
    assert again is not None
    assert again.id == draft.id


async def test_published_it_is_done_with_once(database: Database) -> None:
    work_id = await database.write(add_work)
    ref = await make(database)
    await schedule(database, ref)
    draft = await take(database)
    assert draft is not None
    assert await database.write(lambda conn: verbs.finish_draft(conn, draft.id, work_id, NOW))
    assert not await database.write(lambda conn: verbs.finish_draft(conn, draft.id, work_id, NOW))
    done = await look(database, ref)
    assert (done.state, done.work_slug, done.error) == (DraftState.PUBLISHED, "high-water", "")
    assert await take(database, LATER) is None
    with pytest.raises(Conflict) as refused:
        await database.write(lambda conn: verbs.discard_draft(conn, ref, NOW))
    assert refused.value.code is Code.DRAFT_STATE


async def test_failed_it_is_open_and_says_why_until_it_is_scheduled_again(database: Database) -> None:
    ref = await make(database)
    await schedule(database, ref)
    draft = await take(database)
    assert draft is not None
    assert await database.write(lambda conn: verbs.fail_draft(conn, draft.id, "The disk is full.", NOW))
    assert not await database.write(lambda conn: verbs.fail_draft(conn, draft.id, "Twice.", NOW))
    failed = await look(database, ref)
    assert (failed.state, failed.error, failed.publish_at) == (DraftState.OPEN, "The disk is full.", None)
    await schedule(database, ref)
    assert (await look(database, ref)).error == ""


async def test_put_back_it_is_taken_at_once(database: Database) -> None:
    ref = await make(database)
    await schedule(database, ref)
    draft = await take(database)
    assert draft is not None
    assert await database.write(lambda conn: verbs.put_back(conn, draft.id, NOW))
    assert await take(database) is not None


async def test_thrown_away_it_is_not_there_any_more(database: Database) -> None:
    ref = await make(database)
    await database.write(lambda conn: verbs.discard_draft(conn, ref, NOW))
    for verb in (
        lambda conn: verbs.discard_draft(conn, ref, NOW),
        lambda conn: verbs.save_draft(conn, ref, 0, {}, NOW),
        lambda conn: verbs.take_back(conn, ref, NOW),
    ):
        with pytest.raises(NotFound) as refused:
            await database.write(verb)
        assert refused.value.code is Code.DRAFT_UNKNOWN
    assert await database.read(rows.living_drafts) == []


async def test_a_new_work_begins_with_the_draft_that_nobody_touched(database: Database) -> None:
    mine = await make(database, who=None)
    found = await database.read(lambda conn: rows.untouched_draft(conn, None))
    assert found is not None
    assert found.ref == mine
    await save(database, mine, 0, title="Something")
    assert await database.read(lambda conn: rows.untouched_draft(conn, None)) is None


async def test_an_edition_in_the_making_is_found_by_its_work(database: Database) -> None:
    work_id = await database.write(add_work)
    assert await database.read(lambda conn: rows.draft_of_work(conn, work_id)) is None
    ref = await make(database, work_id)
    found = await database.read(lambda conn: rows.draft_of_work(conn, work_id))
    assert found is not None
    assert (found.ref, found.title) == (ref, "High Water")
