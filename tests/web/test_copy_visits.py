"""Visits that a copy's colophon brought: counted an edition and a day, and nothing about whose copy."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from headwaters.actions.study import add_copy_visits
from headwaters.core.study.visits import read_edition
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store.copy_visits import CopyLine, copies_of
from headwaters.web.app import make_app
from headwaters.web.visits import MOST_WAITING, VISITS, Visits, keep_visits
from tests.people import add_work
from tests.support.house import Clock

READER = {"Accept": "text/html"}


@pytest.fixture
async def shop(house: House) -> House:
    await house.db.write(add_work)
    return house


async def rows_of(house: House) -> list[tuple[int, int]]:
    columns = tables.copy_visits.c.day, tables.copy_visits.c.count
    found = await house.db.read(lambda conn: conn.execute(select(*columns).order_by(columns[0])).all())
    return [(int(day), int(count)) for day, count in found]


async def test_a_copy_s_visits_are_counted_for_its_edition_and_its_day(shop: House, clock: Clock) -> None:
    async with TestClient(TestServer(make_app(shop))) as client:
        app = client.app
        assert app is not None
        for query in (
            *("?from=copy&edition=1", "?from=copy&edition=1", "?from=copy", "?edition=1", "?from=letter&edition=1"),
            *("?from=copy&edition=0", "?from=copy&edition=01", "?from=copy&edition=7", "?from=copy&edition=1%00"),
            *("?from=copy&edition=bob@example.org", f"?from=copy&edition={'9' * 400}", "?from=copy&edition=%D9%A1"),
        ):
            answer = await client.get(f"/w/high-water{query}", headers=READER)
            assert answer.status == 200
            assert "edition=" not in (await answer.text()).split("canonical")[1].split(">")[0]
        await client.get("/w/nothing?from=copy&edition=1", headers=READER)
        await client.get("/w/high-water?from=copy&edition=1", headers={"Accept": "*/*"})
        await keep_visits(shop, app[VISITS])
        today = int(clock().timestamp()) // 86_400
        assert await rows_of(shop) == [(today, 2)]
        clock.move(days=1)
        app[VISITS].turn()
        await client.get("/w/high-water?from=copy&edition=1", headers=READER)
    assert await rows_of(shop) == [(today, 2), (today + 1, 1)]
    assert await shop.db.read(copies_of) == [CopyLine("High Water", "high-water", 1, 3)]
    assert await shop.db.read(lambda conn: copies_of(conn, "high-water", today + 1)) == [
        CopyLine("High Water", "high-water", 1, 1)
    ]
    assert await shop.db.read(lambda conn: copies_of(conn, None, 0, today)) == [
        CopyLine("High Water", "high-water", 1, 2)
    ]
    assert await shop.db.read(lambda conn: copies_of(conn, "other")) == []


async def test_adding_twice_and_at_once_adds_up(shop: House) -> None:
    one = {("high-water", 1, 20_000): 2, ("high-water", 9, 20_000): 5, ("gone", 1, 20_000): 1}
    added = await asyncio.gather(*(shop.db.write(lambda conn: add_copy_visits(conn, one)) for _ in range(4)))
    assert added == [2, 2, 2, 2]
    assert await rows_of(shop) == [(20_000, 8)]


async def test_what_the_database_would_not_take_waits(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    visits = Visits(lambda: 0.0)
    visits.count_copy("high-water", 1)

    def fails(*_: object) -> int:
        raise ValueError("no room")

    with monkeypatch.context() as patch:
        patch.setattr("headwaters.actions.study.add_copy_visits", fails)
        with pytest.raises(ValueError, match="no room"):
            await keep_visits(shop, visits)
    await keep_visits(shop, visits)
    assert await rows_of(shop) == [(0, 1)]


def test_a_flood_of_numbers_is_bounded() -> None:
    visits = Visits(lambda: 0.0)
    for number in range(1, MOST_WAITING + 500):
        visits.count_copy("w", number)
    visits.count_copy("w", 1)
    taken = visits.take_copies()
    assert len(taken) == MOST_WAITING
    assert taken["w", 1, 0] == 2


@given(st.text())
def test_an_edition_is_a_plain_number_or_none(text: str) -> None:
    number = read_edition(text)
    assert number is None or (str(number) == text and 0 < number < 1_000_000)
