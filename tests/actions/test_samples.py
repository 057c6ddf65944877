"""A sample that was a mistake: gone from its page and its address; happy, refused, twice, and twice at once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from headwaters.actions.samples import withdraw_sample
from headwaters.core.errors import Code, NotFound
from headwaters.core.works.editions import Role
from headwaters.store import shelf, tables
from headwaters.store.db import Database
from headwaters.store.shop import catalogue_version
from tests.actions.test_works import Change, file, publication, publish


@pytest.fixture
async def shop(database: Database) -> Database:
    """Two editions, each with a trailer."""
    trailer = file("trailer.mp4", "b", Role.SAMPLE)
    await publish(database, publication(file(), trailer))
    await publish(database, publication(file(digit="c"), trailer))
    return database


async def samples(database: Database) -> list[tuple[int, str, str]]:
    """(edition, role, reference) of each trailer."""
    columns = (tables.files.c.edition_id, tables.files.c.role, tables.files.c.ref)
    wanted = select(*columns).where(tables.files.c.name == "trailer.mp4").order_by(tables.files.c.id)
    return [tuple(row) for row in await database.read(lambda conn: conn.execute(wanted).all())]  # type: ignore[misc]


async def test_a_withdrawn_sample_is_at_no_address_and_comes_back_by_no_publishing(shop: Database) -> None:
    before = await shop.read(catalogue_version)
    refs = [ref for _, _, ref in await samples(shop)]
    assert await shop.write(lambda conn: withdraw_sample(conn, "high-water", "trailer.mp4", None))
    assert [role for _, role, _ in await samples(shop)] == ["withdrawn", "withdrawn"]
    for ref in refs:
        with pytest.raises(NotFound):
            await shop.read(lambda conn, ref=ref: shelf.public_file(conn, "high-water", ref))  # type: ignore[misc]
    assert await shop.read(catalogue_version) == before + 1
    assert not await shop.write(lambda conn: withdraw_sample(conn, "high-water", "trailer.mp4", None))
    assert await shop.read(catalogue_version) == before + 1
    again = await publish(shop, publication(file(digit="c"), file("trailer.mp4", "b", Role.SAMPLE)))
    assert again.change is Change.NOTHING
    assert [role for _, role, _ in await samples(shop)] == ["withdrawn", "withdrawn"]


async def test_that_of_one_edition_leaves_the_others(shop: Database) -> None:
    (_, _, old), (_, _, new) = await samples(shop)
    assert await shop.write(lambda conn: withdraw_sample(conn, "high-water", "trailer.mp4", 1))
    assert [role for _, role, _ in await samples(shop)] == ["withdrawn", "sample"]
    assert (await shop.read(lambda conn: shelf.public_file(conn, "high-water", new))).name == "trailer.mp4"
    with pytest.raises(NotFound):
        await shop.read(lambda conn: shelf.public_file(conn, "high-water", old))


@pytest.mark.parametrize(
    ("slug", "name", "edition", "code"),
    [
        ("high-water", "film.mp4", None, Code.FILE_MISSING),  # nobody's sample
        ("high-water", "trailer", None, Code.FILE_MISSING),
        ("high-water", "trailer.mp4", 3, Code.FILE_MISSING),
        ("low-water", "trailer.mp4", None, Code.WORK_UNKNOWN),
    ],
)
async def test_what_is_no_sample_is_refused_and_nothing_changes(
    shop: Database, slug: str, name: str, edition: int | None, code: Code
) -> None:
    before = await shop.read(catalogue_version), await samples(shop)
    with pytest.raises(NotFound) as refused:
        await shop.write(lambda conn: withdraw_sample(conn, slug, name, edition))
    assert refused.value.code is code
    assert (await shop.read(catalogue_version), await samples(shop)) == before


async def test_of_two_at_once_one_withdraws(shop: Database) -> None:
    both = (shop.write(lambda conn: withdraw_sample(conn, "high-water", "trailer.mp4", None)) for _ in range(2))
    assert sorted(await asyncio.gather(*both)) == [False, True]
