"""Take, the till, the event, the sweep, the creator's confirmation: with real tills, on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from headwaters.actions.sales import Outcome
from headwaters.actions.shop import change_settings
from headwaters.core.errors import Code, NotFound, Refused
from headwaters.core.sales.doors import Take
from headwaters.core.sales.money import Money
from headwaters.core.sales.practice import Choice
from headwaters.core.sales.states import Door, OrderState, PaymentState
from headwaters.errands import settle
from headwaters.errands.house import House, refresh
from headwaters.errands.take import Taken, pay, take
from headwaters.store import ledger as ledger_rows
from headwaters.store import payments as payment_rows
from headwaters.store import sales as rows
from headwaters.store import tables
from headwaters.store.db import Connection
from tests.people import add_work
from tests.support.house import Clock, MakeHouse

FIVE = Money(500, "EUR")


async def buy(house: House, door: Door = Door.PAY, till: str | None = "practice", nonce: str = "n" * 16) -> Taken:
    work = await house.db.read(lambda conn: rows.work_for_sale(conn, "high-water"))
    amount = FIVE if door is Door.PAY else None
    return await take(house, Take(door, amount, None, None, nonce, "", till), work)


async def order_of(house: House, taken: Taken) -> rows.OrderRow:
    order = await house.db.read(lambda conn: rows.order_by_token(conn, taken.token))
    assert order is not None
    return order


async def payment_of(house: House, taken: Taken) -> payment_rows.PaymentRow:
    order = await order_of(house, taken)
    payment = await house.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    return payment


async def count(house: House, table: Any) -> int:
    return await house.db.read(lambda conn: conn.execute(select(func.count()).select_from(table)).scalar())


@pytest.fixture
async def shop(house: House) -> House:
    await house.db.write(add_work)
    return house


def practice(house: House) -> Any:
    return house.now.tills["practice"]


async def test_a_practice_sale_from_door_to_grant(shop: House):
    taken = await buy(shop)
    assert taken.url is not None
    assert taken.url.startswith("http://shop.example/practice/")
    payment = await payment_of(shop, taken)
    assert payment.session_id is not None
    decided = practice(shop).decide(payment.session_id, Choice.PAY_TWICE)
    outcomes = [await settle.receive(shop, "practice", event.headers, event.body) for event in decided.events]
    assert outcomes == [Outcome.HANDLED, Outcome.DUPLICATE]
    assert (await order_of(shop, taken)).state is OrderState.GRANTED
    assert decided.go_to == f"http://shop.example/o/{taken.token}/back"
    assert await shop.db.read(ledger_rows.balances) == [
        ("practice:sales:1", "EUR", -500),
        ("practice:till:practice", "EUR", 500),
    ]


async def test_a_lost_event_is_found_by_the_readers_return(shop: House):
    taken = await buy(shop)
    practice(shop).decide((await payment_of(shop, taken)).session_id, Choice.PAY)
    order = await order_of(shop, taken)
    assert [await settle.look(shop, order.id) for _ in range(2)] == [True, False]
    assert (await order_of(shop, taken)).state is OrderState.GRANTED


async def test_a_lost_event_of_a_closed_tab_is_found_by_the_sweep(shop: House, clock: Clock):
    taken = await buy(shop)
    practice(shop).decide((await payment_of(shop, taken)).session_id, Choice.PAY)
    assert await settle.sweep(shop) == 0
    clock.move(minutes=3)
    assert await settle.sweep(shop) == 1
    assert (await order_of(shop, taken)).state is OrderState.GRANTED
    clock.move(days=1)
    assert await settle.sweep(shop) == 0


async def test_an_event_and_five_sweeps_at_once_count_once(shop: House, clock: Clock):
    taken = await buy(shop)
    payment = await payment_of(shop, taken)
    (event,) = practice(shop).decide(payment.session_id, Choice.PAY).events
    clock.move(minutes=3)
    order = await order_of(shop, taken)
    await asyncio.gather(
        *(settle.receive(shop, "practice", event.headers, event.body) for _ in range(5)),
        *(settle.sweep(shop) for _ in range(5)),
        *(settle.look(shop, order.id) for _ in range(5)),
    )
    assert await shop.db.read(ledger_rows.balances) == [
        ("practice:sales:1", "EUR", -500),
        ("practice:till:practice", "EUR", 500),
    ]
    assert await count(shop, tables.ledger_entries) == 1
    assert await count(shop, tables.grants) == 1


async def test_an_unpaid_order_expires_after_its_time(shop: House, clock: Clock):
    taken = await buy(shop)
    for _ in range(40):
        clock.move(hours=1)
        await settle.sweep(shop)
    assert (await payment_of(shop, taken)).state is PaymentState.EXPIRED
    assert (await order_of(shop, taken)).state is OrderState.EXPIRED
    assert await count(shop, tables.grants) == 0


async def test_a_payment_by_hand_waits_thirty_days_and_can_be_confirmed_even_after(shop: House, clock: Clock):
    taken = await buy(shop, till="by_hand")
    assert taken.url is None
    for _ in range(29):
        clock.move(days=1)
        await settle.sweep(shop)
    assert (await payment_of(shop, taken)).state is PaymentState.OPEN
    for _ in range(2):
        clock.move(days=1)
        await settle.sweep(shop)
    payment = await payment_of(shop, taken)
    assert payment.state is PaymentState.EXPIRED
    confirmed = await settle.confirm(shop, payment.reference.lower().replace("-", " "))
    assert confirmed.state is PaymentState.PAID
    assert (await order_of(shop, taken)).state is OrderState.GRANTED


async def test_a_trusting_shop_hands_the_files_over_at_once(make_house: MakeHouse):
    house = await make_house(by_hand="trust")
    await house.db.write(add_work)
    taken = await buy(house, till="by_hand")
    assert (await order_of(house, taken)).state is OrderState.GRANTED
    assert (await payment_of(house, taken)).state is PaymentState.OPEN


async def test_a_forged_event_changes_nothing(shop: House):
    taken = await buy(shop)
    (event,) = practice(shop).decide((await payment_of(shop, taken)).session_id, Choice.PAY).events
    with pytest.raises(Refused) as refused:
        await settle.receive(shop, "practice", event.headers, event.body + b" ")
    assert refused.value.code is Code.EVENT_FORGED
    with pytest.raises(Refused):
        await settle.receive(shop, "practice", {}, event.body)
    assert await count(shop, tables.payment_events) == 0
    assert (await order_of(shop, taken)).state is OrderState.WAITING


async def test_a_stale_event_is_refused_and_the_money_found_all_the_same(shop: House, clock: Clock):
    taken = await buy(shop)
    (event,) = practice(shop).decide((await payment_of(shop, taken)).session_id, Choice.PAY).events
    clock.move(hours=2)
    with pytest.raises(Refused):
        await settle.receive(shop, "practice", event.headers, event.body)
    assert await settle.sweep(shop) == 1
    assert (await order_of(shop, taken)).state is OrderState.GRANTED


async def test_an_event_of_another_shop_is_not_believed(shop: House, make_house: MakeHouse, tmp_path: Any):
    with pytest.raises(NotFound) as refused:
        await settle.receive(shop, "stripe", {}, b"{}")
    assert refused.value.code is Code.TILL_UNKNOWN


async def test_pay_later_from_the_order_page(shop: House):
    taken = await buy(shop, Door.CANT_PAY)
    order = await order_of(shop, taken)
    later = await pay(shop, order, "High Water", Money(700, "EUR"), "practice", "m" * 16)
    again = await pay(shop, order, "High Water", Money(700, "EUR"), "practice", "m" * 16)
    assert later == again
    assert await count(shop, tables.payments) == 1
    payment = await payment_of(shop, taken)
    (event,) = practice(shop).decide(payment.session_id, Choice.PAY).events
    assert await settle.receive(shop, "practice", event.headers, event.body) is Outcome.HANDLED
    assert await shop.db.read(ledger_rows.balances) == [
        ("practice:sales:1", "EUR", -700),
        ("practice:till:practice", "EUR", 700),
    ]
    assert await count(shop, tables.grants) == 1


async def test_a_shop_without_a_till_takes_no_payment_and_makes_no_order(make_house: MakeHouse):
    house = await make_house()
    await house.db.write(add_work)
    with pytest.raises(Refused) as refused:
        await buy(house, till=None)
    assert refused.value.code is Code.TILL_OFF
    assert await count(house, tables.orders) == 0


async def test_an_unknown_till_makes_no_order(shop: House):
    with pytest.raises(Refused) as refused:
        await buy(shop, till="gold")
    assert refused.value.code is Code.TILL_UNKNOWN
    assert await count(shop, tables.orders) == 0


async def test_a_till_that_is_down_leaves_an_order_that_can_be_paid_again(make_house: MakeHouse):
    house = await make_house(
        stripe_secret_key="sk_test_" + "x" * 24, stripe_webhook_secret="whsec_" + "x" * 24, by_hand="on"
    )
    house.config = type(house.config)(shop=house.config.shop, url=house.config.url, stripe_api="http://127.0.0.1:9")
    await house.db.write(lambda conn: (add_work(conn), _raise(conn)))
    await refresh(house)
    taken = await buy(house, till="stripe")
    assert taken.url is None
    assert (await order_of(house, taken)).state is OrderState.WAITING
    payment = await payment_of(house, taken)
    assert (payment.state, payment.session_id) == (PaymentState.OPEN, None)
    order = await order_of(house, taken)
    again = await pay(house, order, "High Water", FIVE, "by_hand", "m" * 16)
    assert again == Taken(taken.token, None)


def _raise(conn: Connection) -> None:
    from headwaters.store.shop import raise_catalogue

    raise_catalogue(conn)


async def test_a_reference_that_another_payment_has_is_made_anew(shop: House):
    fresh, used = shop.token, iter(["the same"] * 2)
    taken = []
    for number in range(2):
        tokens = iter([fresh(), fresh(), fresh(), next(used)])  # token, key, letter, and what the reference is made of
        shop.token = lambda tokens=tokens: next(tokens, None) or fresh()
        taken.append(await buy(shop, nonce=f"{number}" * 16))
    first, second = [await payment_of(shop, each) for each in taken]
    assert first.reference != second.reference
    order = await order_of(shop, taken[1])
    shop.token = iter(["the same", fresh(), fresh(), fresh()]).__next__
    await pay(shop, order, "High Water", FIVE, "practice", "p" * 16)
    assert (await payment_of(shop, taken[1])).reference not in {first.reference, second.reference}


async def check_at(house: House, payment: payment_rows.PaymentRow) -> int | None:
    column = tables.payments.c.check_at
    return await house.db.read(
        lambda conn: conn.execute(select(column).where(tables.payments.c.id == payment.id)).scalar()
    )


async def test_what_a_till_that_is_on_again_knows_to_be_over_is_not_asked_for_any_more(shop: House, clock: Clock):
    taken = await buy(shop)
    payment = await payment_of(shop, taken)
    await shop.db.write(lambda conn: change_settings(conn, {"practice": "off"}))
    await refresh(shop)
    for _ in range(8):
        clock.move(hours=6)
        await settle.sweep(shop)
    assert (await payment_of(shop, taken)).state is PaymentState.EXPIRED
    assert await check_at(shop, payment) is not None, "the till may be on again one day and know of money"
    await shop.db.write(lambda conn: change_settings(conn, {"practice": "on"}))
    await refresh(shop)
    clock.move(hours=6)
    assert await settle.sweep(shop) == 0
    assert (await payment_of(shop, taken)).state is PaymentState.EXPIRED
    assert await check_at(shop, payment) is None
