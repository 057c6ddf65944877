"""Visits are added up, whoever adds; a country is said, changed, taken back."""

from __future__ import annotations

from sqlalchemy import select

from headwaters.actions import study
from headwaters.core.study.visits import MOST_WORDS, OTHER_WORDS
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store.db import Connection, Database
from tests.people import add_work, take_work
from tests.support.databases import side_by_side

DAY = 20_000


async def counted(database: Database) -> dict[tuple[int, str], int]:
    columns = tables.visits.c.day, tables.visits.c.came_from, tables.visits.c.count
    found = await database.read(lambda conn: conn.execute(select(*columns)).all())
    return {(day, word): count for day, word, count in found}


def adding(word: str = "", count: int = 1, day: int = DAY, slug: str = "high-water"):
    return lambda conn: study.add_visits(conn, {(slug, day): {word: count}})


async def test_visits_add_up_by_day_and_word(database: Database) -> None:
    await database.write(add_work)
    assert await database.write(adding(count=2)) == 2
    assert await database.write(adding()) == 1
    await database.write(adding("letter", 5))
    await database.write(adding("letter", 1, DAY + 1))
    assert await counted(database) == {(DAY, ""): 3, (DAY, "letter"): 5, (DAY + 1, "letter"): 1}


async def test_visits_of_no_work_are_none(database: Database) -> None:
    assert await database.write(adding(slug="nothing")) == 0
    assert await counted(database) == {}


async def test_two_who_add_at_once_lose_nothing(database: Database) -> None:
    await database.write(add_work)
    assert await side_by_side(database, adding("a", 2), adding("a", 3)) == [2, 3]
    assert await counted(database) == {(DAY, "a"): 5}


async def test_nobody_fills_the_table_with_words(database: Database) -> None:
    await database.write(add_work)
    for number in range(4):
        words = {f"w{number}-{each}": 1 for each in range(40)}
        assert (
            await database.write(lambda conn, words=words: study.add_visits(conn, {("high-water", DAY): words})) == 40
        )
    found = await counted(database)
    assert len(found) == MOST_WORDS + 1
    assert found[DAY, OTHER_WORDS] == 160 - MOST_WORDS
    await database.write(adding("w0-1"))  # one that has its place keeps it
    await database.write(adding("", 7))
    assert [(await counted(database))[DAY, word] for word in ("w0-1", "")] == [2, 7]


def _country(conn: Connection) -> str | None:
    found: str | None = conn.execute(select(tables.orders.c.country)).scalar_one()
    return found


async def test_a_country_is_said_changed_and_taken_back(house: House) -> None:
    await house.db.write(add_work)
    order = await take_work(house)
    said = []
    for country in ("AT", "AT", "DE", None, None):
        said.append(await house.db.write(lambda conn, country=country: study.say_country(conn, order.id, country)))
        assert await house.db.read(_country) == country
    assert said == [True, False, True, True, False]
