"""Downloads that began: counted in memory, written down in batches, never twice and never about anybody."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from headwaters.core.errors import Code, Unavailable
from headwaters.errands import counting
from headwaters.errands.counting import Counter
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store.counts import downloads_of
from headwaters.store.db import Connection
from tests.people import Order, add_work, take_work
from tests.support.house import Clock

DAY = 20_779  # 22 November 2026


@pytest.fixture
async def shop(house: House) -> House:
    await house.db.write(add_work)
    return house


async def key_of(house: House, order: Order) -> str:
    grant = select(tables.grants.c.key).where(tables.grants.c.order_id == order.id)
    return str(await house.db.read(lambda conn: conn.execute(grant).scalar()))


async def counted(house: House, order: Order) -> list[tuple[int, int]]:
    return await house.db.read(lambda conn: downloads_of(conn, order.id))


async def test_what_began_is_added_up_by_day(shop: House, clock: Clock) -> None:
    one, other = await take_work(shop), await take_work(shop)
    key = await key_of(shop, one)
    counter = Counter()
    for each in (key, key, await key_of(shop, other), "a" * 26):
        counter.begun(each)
    assert await counting.flush(counter, shop.db, clock()) == 4
    assert await counting.flush(counter, shop.db, clock()) == 0
    assert (await counted(shop, one), await counted(shop, other)) == ([(DAY, 2)], [(DAY, 1)])
    counter.begun(key)
    await counting.flush(counter, shop.db, clock())
    clock.move(days=1)
    counter.begun(key)
    await counting.flush(counter, shop.db, clock())
    assert await counted(shop, one) == [(DAY + 1, 1), (DAY, 3)]


async def test_two_processes_count_side_by_side(shop: House, clock: Clock) -> None:
    orders = [await take_work(shop) for _ in range(5)]
    keys = [await key_of(shop, order) for order in orders]
    counters = [Counter() for _ in range(4)]
    for number, counter in enumerate(counters):
        for key in keys if number % 2 else reversed(keys):
            counter.begun(key)
    await asyncio.gather(*(counting.flush(counter, shop.db, clock()) for counter in counters))
    assert [await counted(shop, order) for order in orders] == [[(DAY, 4)]] * 5


async def test_a_database_that_is_down_loses_nothing(
    shop: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await take_work(shop)
    counter = Counter()
    counter.begun(await key_of(shop, order))

    def fail(conn: Connection, day: int, counts: object) -> None:
        raise Unavailable(Code.DATABASE_DOWN, "down")

    with monkeypatch.context() as patch:
        patch.setattr(counting, "add_downloads", fail)
        with pytest.raises(Unavailable):
            await counting.flush(counter, shop.db, clock())
    counter.begun(await key_of(shop, order))
    await counting.flush(counter, shop.db, clock())
    assert await counted(shop, order) == [(DAY, 2)]


def test_the_memory_of_it_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_KEPT", 2)
    counter = Counter()
    for key in ("a", "b", "c", "a"):
        counter.begun(key)
    assert counter.take() == {"a": 2, "b": 1}
