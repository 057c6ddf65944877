"""Notices as the creator likes them: what is queued, when it is due, and that it is once."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from headwaters.actions.notices import change_notices
from headwaters.core.clock import from_micros
from headwaters.core.errors import Code, Refused
from headwaters.core.sales.states import Door
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.store.shop import read_settings
from tests.actions.test_letters import write
from tests.people import ALICE, add_work, take_work
from tests.support.house import Clock

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SEVEN = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@pytest.fixture
async def shop(house: House) -> House:
    await house.db.write(add_work)
    return house


async def wish(house: House, **changes: str) -> dict[str, str] | bool:
    return await house.db.write(
        lambda conn: change_notices(conn, {f"notify_{name}": value for name, value in changes.items()})
    )


async def queued(house: House) -> list[tuple[str, datetime, dict[str, Any]]]:
    """(kind, due, payload) of each notice."""

    def look(conn: Connection) -> list[tuple[str, datetime, dict[str, Any]]]:
        columns = (tables.outbox.c.kind, tables.outbox.c.due_at, tables.outbox.c.payload)
        found = conn.execute(select(*columns).order_by(tables.outbox.c.id)).all()
        return [(kind.removeprefix("mail.notice."), from_micros(due), json.loads(text)) for kind, due, text in found]

    return await house.db.read(look)


async def days(house: House) -> list[datetime]:
    return [due for kind, due, _ in await queued(house) if kind == "daily"]


@pytest.mark.parametrize(
    ("orders", "letters", "kinds"),
    [
        ("each", "each", ["order", "letter"]),
        ("daily", "each", ["daily", "letter"]),
        ("each", "daily", ["order", "daily"]),
        ("daily", "daily", ["daily"]),
        ("never", "daily", ["daily"]),
        ("never", "never", []),
        ("on", "off", ["order"]),
    ],
)
async def test_each_thing_is_told_of_as_it_was_wished(shop: House, orders: str, letters: str, kinds: list[str]) -> None:
    await wish(shop, email=ALICE, orders=orders, letters=letters)
    await write(shop, await take_work(shop, Door.CANT_PAY))
    assert [kind for kind, _, _ in await queued(shop)] == kinds


async def test_without_an_address_there_is_nothing_to_queue(shop: House) -> None:
    await wish(shop, orders="daily", letters="each")
    await write(shop, await take_work(shop, Door.CANT_PAY))
    assert await queued(shop) == []


async def test_a_thousand_things_are_one_row_a_day_and_a_quiet_day_is_none(shop: House, clock: Clock) -> None:
    await wish(shop, email=ALICE, orders="daily", letters="daily", hour="7")
    order = await take_work(shop, Door.CANT_PAY)
    for number in range(40):
        clock.move(minutes=20)
        await write(shop, order, f"Letter {number}")
    assert await days(shop) == [SEVEN]
    clock.now = SEVEN  # what happens at the very moment is of the next day
    await write(shop, order, "On the hour")
    clock.move(days=3)
    await write(shop, order, "After some quiet")
    assert await days(shop) == [SEVEN, SEVEN + timedelta(days=1), SEVEN + timedelta(days=4)]
    spans = [(from_micros(span["start"]), from_micros(span["end"])) for _, _, span in await queued(shop)]
    assert spans == [
        (NOON, SEVEN),
        (SEVEN, SEVEN + timedelta(days=1)),
        (SEVEN + timedelta(days=3), SEVEN + timedelta(days=4)),
    ]


async def test_ten_at_once_are_one_row(shop: House) -> None:
    order = await take_work(shop, Door.CANT_PAY)
    await wish(shop, email=ALICE, letters="daily")
    await asyncio.gather(*(write(shop, order, f"Letter {number}") for number in range(10)))
    assert await days(shop) == [SEVEN]


async def test_a_moved_hour_loses_nothing_and_tells_nothing_twice(shop: House, clock: Clock) -> None:
    await wish(shop, email=ALICE, letters="daily", hour="7")
    order = await take_work(shop, Door.CANT_PAY)
    await write(shop, order, "For seven")
    await wish(shop, hour="20")
    await write(shop, order, "For seven too, as that is queued")
    clock.now = SEVEN + timedelta(minutes=30)
    await write(shop, order, "For the evening")
    await wish(shop, hour="7")
    await write(shop, order, "For the evening too")
    evening = SEVEN.replace(hour=20)
    assert await days(shop) == [SEVEN, evening]
    clock.now = evening
    await write(shop, order, "For the morning")
    assert await days(shop) == [SEVEN, evening, SEVEN + timedelta(days=1)]


async def test_a_mail_server_that_is_down_at_seven_swallows_nothing_of_the_next_day(shop: House, clock: Clock) -> None:
    """The row of before waits for its next try, and what happens meanwhile is not of its day."""
    await wish(shop, email=ALICE, letters="daily", hour="7")
    order = await take_work(shop, Door.CANT_PAY)
    await write(shop, order)
    clock.now = SEVEN + timedelta(minutes=10)
    later = int((SEVEN + timedelta(hours=3)).timestamp() * 1_000_000)
    await shop.db.write(lambda conn: conn.execute(tables.outbox.update().values(due_at=later)))
    await write(shop, order, "Meanwhile")
    assert (await days(shop))[1:] == [SEVEN + timedelta(days=1)]


async def test_what_the_table_says_in_words_of_another_version_is_silence(shop: House) -> None:
    await wish(shop, email=ALICE)
    await shop.db.write(
        lambda conn: conn.execute(insert(tables.settings).values(key="notify_letters", value="hourly")) and None
    )
    await write(shop, await take_work(shop, Door.CANT_PAY))
    assert await queued(shop) == []


# ── changing them ────────────────────────────────────────────────────────────────────────────────


async def test_changes_are_kept_all_or_none(shop: House) -> None:
    assert await wish(shop, email=f" {ALICE} ", orders="on", hour="08") == {
        "notify_email": ALICE,
        "notify_orders": "each",
        "notify_hour": "8",
    }
    assert await wish(shop, email=ALICE, orders="each") is False
    before = await shop.db.read(read_settings)
    for changes, code, field in (
        ({"email": "alice", "orders": "never"}, Code.EMAIL_INVALID, "notify_email"),
        ({"email": "", "orders": "hourly"}, Code.SETTING_INVALID, "notify_orders"),
        ({"letters": "never", "hour": "24"}, Code.SETTING_INVALID, "notify_hour"),
    ):
        with pytest.raises(Refused) as refused:
            await wish(shop, **changes)
        assert (refused.value.code, refused.value.field) == (code, field)
    assert await shop.db.read(read_settings) == before


async def test_no_other_setting_comes_in_this_way(shop: House) -> None:
    with pytest.raises(ValueError, match="not a setting"):
        await wish(shop, by_hand="on")
