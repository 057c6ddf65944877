"""What is queued for mail: only copies, only once, and never a flood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from headwaters.actions import mail
from headwaters.actions.shop import change_settings
from headwaters.core.clock import from_micros
from headwaters.core.sales.states import Door
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store.db import Connection
from tests.actions.test_letters import write
from tests.people import ALICE, BOB, CHARLIE, add_work, take_work
from tests.support.house import Clock


@pytest.fixture
async def shop(house: House) -> House:
    await house.db.write(add_work)
    await house.db.write(lambda conn: add_work(conn, "low-water", "Low Water"))
    return house


async def wish(house: House, **settings: str) -> None:
    await house.db.write(lambda conn: change_settings(conn, settings))


async def queued(house: House, kind: mail.Kind) -> list[tuple[str, datetime]]:
    def look(conn: Connection) -> list[tuple[str, datetime]]:
        columns = (tables.outbox.c.payload, tables.outbox.c.due_at)
        found = conn.execute(select(*columns).where(tables.outbox.c.kind == kind.value).order_by(tables.outbox.c.id))
        return [(payload, from_micros(due)) for payload, due in found]

    return await house.db.read(look)


async def test_an_order_without_an_address_causes_no_mail(shop: House) -> None:
    await take_work(shop, Door.CANT_PAY)
    assert await queued(shop, mail.Kind.ORDER) == []


async def test_an_order_with_an_address_causes_one_mail_and_its_row_holds_neither_address_nor_words(
    shop: House,
) -> None:
    order = await take_work(shop, Door.CANT_PAY, email=BOB, letter="Buy cheap watches")
    assert [payload for payload, _ in await queued(shop, mail.Kind.ORDER)] == [f'{{"order":{order.id}}}']

    def everything(conn: Connection) -> str:
        return str(conn.execute(select(tables.outbox)).all())

    kept = await shop.db.read(everything)
    assert BOB not in kept
    assert "watches" not in kept


async def test_one_mail_an_address_work_and_day(shop: House, clock: Clock) -> None:
    for email in (BOB, BOB.upper().replace("EXAMPLE.ORG", "example.org"), "bob+again@example.org"):
        await take_work(shop, Door.CANT_PAY, email=email)
    assert len(await queued(shop, mail.Kind.ORDER)) == 1
    await take_work(shop, Door.CANT_PAY, email=BOB, slug="low-water")
    assert len(await queued(shop, mail.Kind.ORDER)) == 2
    await take_work(shop, Door.CANT_PAY, email=CHARLIE)
    assert len(await queued(shop, mail.Kind.ORDER)) == 3
    clock.move(days=1)
    await take_work(shop, Door.CANT_PAY, email=BOB)
    assert len(await queued(shop, mail.Kind.ORDER)) == 4


async def test_the_creator_sends_a_link_again_once_in_a_quarter_of_an_hour(shop: House, clock: Clock) -> None:
    order = await take_work(shop, Door.CANT_PAY, email=BOB)

    async def again() -> bool:
        return await shop.db.write(lambda conn: mail.queue_order_mail_again(conn, order.id, clock()))

    assert [await again(), await again()] == [True, False]
    clock.move(minutes=15)
    assert await again()
    nobody = await take_work(shop, Door.CANT_PAY)
    assert not await shop.db.write(lambda conn: mail.queue_order_mail_again(conn, nobody.id, clock()))


async def test_silence_is_the_default(shop: House) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand")
    await write(shop, order)
    await settle.confirm(shop, order.reference)
    for kind in (mail.Kind.NOTICE_ORDER, mail.Kind.NOTICE_LETTER, mail.Kind.NOTICE_MORE):
        assert await queued(shop, kind) == []


@pytest.mark.parametrize("settings", [{"notify_letters": "on"}, {"notify_email": ALICE}])
async def test_a_notice_needs_the_wish_and_the_address(shop: House, settings: dict[str, str]) -> None:
    await wish(shop, **settings)
    await write(shop, await take_work(shop, Door.CANT_PAY))
    assert await queued(shop, mail.Kind.NOTICE_LETTER) == []


async def test_a_hundred_orders_in_a_quarter_of_an_hour_are_two_notices(shop: House, clock: Clock) -> None:
    await wish(shop, notify_email=ALICE, notify_orders="on")
    first = await take_work(shop, Door.CANT_PAY)
    for _ in range(99):
        clock.move(seconds=8)
        await take_work(shop, Door.CANT_PAY)
    start = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert await queued(shop, mail.Kind.NOTICE_ORDER) == [(f'{{"order":{first.id}}}', start)]
    ((payload, due),) = await queued(shop, mail.Kind.NOTICE_MORE)
    assert due == start + timedelta(minutes=15)
    assert '"about":"mail.notice.order"' in payload


async def test_an_order_at_a_till_is_told_of_when_it_is_paid_and_not_before(shop: House) -> None:
    await wish(shop, notify_email=ALICE, notify_orders="on")
    await take_work(shop, Door.PAY, till="practice")
    assert await queued(shop, mail.Kind.NOTICE_ORDER) == []


async def test_a_payment_by_hand_is_told_of_when_it_is_promised_and_not_when_it_is_confirmed(shop: House) -> None:
    await wish(shop, notify_email=ALICE, notify_orders="on")
    order = await take_work(shop, Door.PAY, till="by_hand")
    await settle.confirm(shop, order.reference)
    assert [payload for payload, _ in await queued(shop, mail.Kind.NOTICE_ORDER)] == [f'{{"order":{order.id}}}']
    assert await queued(shop, mail.Kind.NOTICE_MORE) == []
