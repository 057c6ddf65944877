"""Collections: made, changed, filled, ordered, retired: happy, refused, twice, and at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from headwaters.actions import collections as verbs
from headwaters.actions.works import retire_work
from headwaters.core.errors import Code, Conflict, NotFound, Refused
from headwaters.core.works.manifest import ManifestBroken
from headwaters.store import collections as rows
from headwaters.store.db import Database
from headwaters.store.shop import catalogue_version
from tests.people import add_work

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WORKS = ("rain", "river", "sea")


async def fill(database: Database) -> None:
    for slug in WORKS:
        await database.write(lambda conn, slug=slug: add_work(conn, slug, slug.title()))
    await database.write(lambda conn: verbs.make_collection(conn, "All Water", "", "", NOW))


async def inside(database: Database) -> list[str]:
    found = await database.read(lambda conn: rows.members(conn, rows.collection_at(conn, "all-water").id))
    return [member.slug for member in found]


async def version(database: Database) -> int:
    return await database.read(catalogue_version)


async def test_one_is_made_and_its_address_is_taken_from_then_on(database: Database) -> None:
    await fill(database)
    found = await database.read(lambda conn: rows.collection_at(conn, "all-water"))
    assert (found.title, found.state, found.shown, found.revision) == ("All Water", "published", 0, 0)
    before = await version(database)
    with pytest.raises(Refused) as refused:
        await database.write(lambda conn: verbs.make_collection(conn, "Another", "", "all-water", NOW))
    assert (refused.value.code, refused.value.field) == (Code.SLUG_TAKEN, "slug")
    for title, slug in (("", ""), ("Two\nlines", ""), ("x" * 201, "")):
        with pytest.raises(ManifestBroken):
            await database.write(lambda conn, title=title, slug=slug: verbs.make_collection(conn, title, "", slug, NOW))
    assert (len(await database.read(rows.all_collections)), await version(database)) == (1, before)


async def test_of_two_made_at_once_one_gets_the_address(database: Database) -> None:
    other = Database(database.url.render_as_string(hide_password=False))
    async with other:
        making = (
            each.write(lambda conn: verbs.make_collection(conn, "All Water", "", "", NOW))
            for each in [database, other] * 4
        )
        made = await asyncio.gather(*making, return_exceptions=True)
    assert [one for one in made if one == "all-water"] == ["all-water"]
    assert {one.code for one in made if isinstance(one, Refused)} == {Code.SLUG_TAKEN}


async def test_its_words_are_changed_by_who_saw_them_last(database: Database) -> None:
    await fill(database)
    change = verbs.change_collection
    assert await database.write(lambda conn: change(conn, "all-water", 0, "Water", "Wet.", NOW))
    assert not await database.write(lambda conn: change(conn, "all-water", 0, "Water", "Wet.", NOW))
    with pytest.raises(Conflict) as refused:
        await database.write(lambda conn: change(conn, "all-water", 0, "Fire", "Hot.", NOW))
    assert refused.value.code is Code.CHANGED_MEANWHILE
    found = await database.read(lambda conn: rows.collection_at(conn, "all-water"))
    assert (found.title, found.words, found.revision) == ("Water", "Wet.", 1)


async def test_works_go_in_and_out_and_up_and_down_once_each(database: Database) -> None:
    await fill(database)
    for slug in WORKS:
        assert await database.write(lambda conn, slug=slug: verbs.put_in(conn, "all-water", slug))
        assert not await database.write(lambda conn, slug=slug: verbs.put_in(conn, "all-water", slug))
    assert await inside(database) == ["rain", "river", "sea"]
    assert await database.write(lambda conn: verbs.shift_member(conn, "all-water", "sea", -1))
    assert await inside(database) == ["rain", "sea", "river"]
    assert not await database.write(lambda conn: verbs.shift_member(conn, "all-water", "rain", -1))
    assert not await database.write(lambda conn: verbs.shift_member(conn, "all-water", "river", 1))
    assert await database.write(lambda conn: verbs.take_out(conn, "all-water", "sea"))
    before = await version(database)
    assert not await database.write(lambda conn: verbs.take_out(conn, "all-water", "sea"))
    assert await version(database) == before
    assert await database.write(lambda conn: verbs.fill_collection(conn, "all-water", ["sea", "rain", "sea"]))
    assert not await database.write(lambda conn: verbs.fill_collection(conn, "all-water", ["sea", "rain"]))
    assert await inside(database) == ["sea", "rain"]


async def test_works_put_in_at_once_are_all_in_it(database: Database) -> None:
    await fill(database)
    other = Database(database.url.render_as_string(hide_password=False))
    async with other:
        putting = (
            each.write(lambda conn, slug=slug: verbs.put_in(conn, "all-water", slug))
            for each in (database, other)
            for slug in WORKS
        )
        done = await asyncio.gather(*putting)
    assert sorted(done) == [False] * 3 + [True] * 3
    assert sorted(await inside(database)) == list(WORKS)


async def test_what_is_not_there_is_said_and_nothing_changed(database: Database) -> None:
    await fill(database)
    for verb, code in (
        (lambda conn: verbs.put_in(conn, "nowhere", "rain"), Code.COLLECTION_UNKNOWN),
        (lambda conn: verbs.put_in(conn, "all-water", "nothing"), Code.WORK_UNKNOWN),
        (lambda conn: verbs.fill_collection(conn, "all-water", ["rain", "nothing"]), Code.WORK_UNKNOWN),
        (lambda conn: verbs.change_collection(conn, "nowhere", 0, "A", "", NOW), Code.COLLECTION_UNKNOWN),
        (lambda conn: verbs.retire_collection(conn, "nowhere", NOW), Code.COLLECTION_UNKNOWN),
    ):
        with pytest.raises(NotFound) as refused:
            await database.write(verb)
        assert refused.value.code is code
    assert await inside(database) == []


async def test_it_is_shown_while_it_and_a_work_in_it_are_published(database: Database) -> None:
    await fill(database)
    await database.write(lambda conn: verbs.put_in(conn, "all-water", "rain"))

    async def shown() -> list[tuple[str, int]]:
        return [(one.slug, one.shown) for one in await database.read(rows.shown_collections)]

    assert await shown() == [("all-water", 1)]
    assert await database.write(lambda conn: verbs.retire_collection(conn, "all-water", NOW))
    assert not await database.write(lambda conn: verbs.retire_collection(conn, "all-water", NOW))
    assert await shown() == []
    assert await database.write(lambda conn: verbs.restore_collection(conn, "all-water", NOW))
    assert not await database.write(lambda conn: verbs.restore_collection(conn, "all-water", NOW))
    await database.write(lambda conn: retire_work(conn, "rain", NOW))
    assert await shown() == []
