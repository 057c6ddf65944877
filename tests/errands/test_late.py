"""Refunds that nobody told the shop of: found by looking, at a real till, and booked once."""

from __future__ import annotations

import pytest

from headwaters.actions.sales import Outcome
from headwaters.core.errors import Code, NotFound, Unavailable
from headwaters.errands import late, settle
from headwaters.errands.house import House
from headwaters.errands.late import Looked
from headwaters.store import ledger as ledger_rows
from headwaters.store.deeds import DeedFilter, find_deeds
from tests.errands.test_selling import buy, order_of
from tests.errands.test_stripe_sale import bought, change, press_pay, receive, shop
from tests.support.house import Clock
from tests.support.stripe_emulator import StripeEmulator
from tests.support.stripe_objects import sign, stripe_event, stripe_object

__all__ = ["shop"]

PAID = [("test:sales:1", "EUR", -500), ("test:till:stripe", "EUR", 500)]
BACK = [("test:refunds:1", "EUR", 200), ("test:sales:1", "EUR", -500), ("test:till:stripe", "EUR", 300)]


async def balances(shop: House) -> list[tuple[str, str, int]]:
    return await shop.db.read(ledger_rows.balances)


async def test_a_refund_while_the_shop_was_away_is_found_after_a_day(
    shop: House, stripe_emulator: StripeEmulator, clock: Clock
) -> None:
    _, payment = await bought(shop, stripe_emulator)
    refund_id = stripe_emulator.refund(payment.session_id or "", 200)
    clock.move(hours=23)
    assert await late.look_late(shop) == 0
    assert await balances(shop) == PAID
    clock.move(hours=2)
    asked = len(stripe_emulator.requests)
    assert [await late.look_late(shop) for _ in range(2)] == [1, 0]
    assert len(stripe_emulator.requests) == asked + 1
    assert await balances(shop) == BACK
    refund = stripe_object("refund", id=refund_id, payment_intent=payment.external_id)
    body = stripe_event("refund.created", refund)
    headers = sign(body, stripe_emulator.webhook_secret, int(clock().timestamp()))
    assert await settle.receive(shop, "stripe", headers, body) is Outcome.HANDLED
    assert await balances(shop) == BACK, "the event came after all"


async def test_one_that_the_event_told_of_is_not_booked_again_by_a_look(
    shop: House, stripe_emulator: StripeEmulator, clock: Clock
) -> None:
    _, payment = await bought(shop, stripe_emulator)
    refund_id = stripe_emulator.refund(payment.session_id or "", 200)
    refund = stripe_object("refund", id=refund_id, payment_intent=payment.external_id)
    assert await receive(shop, stripe_emulator, stripe_event("refund.created", refund)) is Outcome.HANDLED
    clock.move(days=1)
    assert await late.look_late(shop) == 0
    assert await balances(shop) == BACK


async def test_a_till_that_does_not_answer_is_asked_again_the_next_day(
    shop: House, stripe_emulator: StripeEmulator, clock: Clock
) -> None:
    _, payment = await bought(shop, stripe_emulator)
    stripe_emulator.refund(payment.session_id or "", 200)
    clock.move(days=1)
    stripe_emulator.down = True
    assert await late.look_late(shop) == 0
    stripe_emulator.down = False
    assert await late.look_late(shop) == 0
    clock.move(days=1)
    assert await late.look_late(shop) == 1
    assert await balances(shop) == BACK


async def test_what_does_not_match_is_not_booked(shop: House, stripe_emulator: StripeEmulator, clock: Clock) -> None:
    taken, payment = await bought(shop, stripe_emulator)
    stripe_emulator.refund(payment.session_id or "", 900)
    clock.move(days=1)
    assert await late.look_late(shop) == 0
    assert await late.look_again(shop, (await order_of(shop, taken)).id) is Looked.MISMATCH
    assert await balances(shop) == PAID


async def test_the_creator_looks_again_at_any_time(shop: House, stripe_emulator: StripeEmulator) -> None:
    taken, payment = await bought(shop, stripe_emulator)
    order_id = (await order_of(shop, taken)).id
    assert await late.look_again(shop, order_id) is Looked.SAME
    stripe_emulator.refund(payment.session_id or "", 200)
    assert [await late.look_again(shop, order_id) for _ in range(2)] == [Looked.NEWS, Looked.SAME]
    assert await balances(shop) == BACK
    deeds = await shop.db.read(lambda conn: find_deeds(conn, DeedFilter(), 9))
    assert [deed.what for deed in deeds if deed.what == "payment.looked"] == ["payment.looked"] * 3


async def test_looking_again_finds_money_that_came_unheard(shop: House, stripe_emulator: StripeEmulator) -> None:
    taken = await buy(shop, till="stripe")
    await press_pay(taken.url, stripe_emulator)
    order_id = (await order_of(shop, taken)).id
    assert [await late.look_again(shop, order_id) for _ in range(2)] == [Looked.NEWS, Looked.SAME]
    assert await balances(shop) == PAID


async def test_where_nobody_can_be_asked_it_says_so(shop: House, stripe_emulator: StripeEmulator) -> None:
    taken, _ = await bought(shop, stripe_emulator)
    order_id = (await order_of(shop, taken)).id
    stripe_emulator.down = True
    with pytest.raises(Unavailable) as down:
        await late.look_again(shop, order_id)
    assert down.value.code == Code.TILL_DOWN
    await change(shop, stripe_secret_key="")
    assert await late.look_again(shop, order_id) is Looked.NOBODY
    with pytest.raises(NotFound):
        await late.look_again(shop, 99)
    assert await balances(shop) == PAID
