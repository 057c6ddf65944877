"""A whole sale with Stripe, from the door to the refund: the emulator's hosted page, its event, our ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import pytest
import pytest_asyncio

from headwaters.actions import sales
from headwaters.actions.sales import Outcome
from headwaters.actions.shop import change_settings
from headwaters.core.errors import Code, NotFound, Refused
from headwaters.core.sales.doors import Take
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door, OrderState, PaymentState
from headwaters.errands import settle
from headwaters.errands.house import House, look_around, refresh
from headwaters.errands.take import Taken, pay, take
from headwaters.store import ledger as ledger_rows
from headwaters.store import payments as payment_rows
from headwaters.store import sales as rows
from headwaters.store.export import order_records
from headwaters.store.ledger import ledger_lines
from headwaters.store.letters import thread
from headwaters.store.studio import order_story
from tests.errands.test_selling import FIVE, buy, order_of, payment_of
from tests.people import add_work
from tests.support.house import Clock, MakeHouse
from tests.support.stripe_emulator import Event, StripeEmulator
from tests.support.stripe_objects import sign, stripe_event, stripe_object


@pytest_asyncio.fixture
async def shop(make_house: MakeHouse, clock: Clock, stripe_emulator: StripeEmulator) -> House:
    clock.now = datetime.now(UTC)  # the emulator has the real time
    house: House = await make_house(**stripe_emulator.settings)
    house.config = replace(house.config, stripe_api=stripe_emulator.url)
    house.now = await look_around(house.db, house.config, house.make_tills)
    await house.db.write(add_work)
    return house


async def press_pay(url: str | None, emulator: StripeEmulator) -> Event:
    """The reader presses the button of Stripe's page; the event that is on its way to us."""
    async with aiohttp.ClientSession() as browser, browser.post(f"{url}/complete", allow_redirects=False) as done:
        assert done.status == 302
        assert done.headers["Location"].endswith("/back")
    return emulator.events[-1]


async def bought(shop: House, emulator: StripeEmulator) -> tuple[Taken, payment_rows.PaymentRow]:
    taken = await buy(shop, till="stripe")
    event = await press_pay(taken.url, emulator)
    assert await settle.receive(shop, "stripe", event.headers, event.body) is Outcome.HANDLED
    return taken, await payment_of(shop, taken)


async def receive(shop: House, emulator: StripeEmulator, body: bytes) -> Outcome:
    return await settle.receive(shop, "stripe", sign(body, emulator.webhook_secret), body)


async def test_a_sale_counts_once_however_often_it_is_told(shop: House, stripe_emulator: StripeEmulator) -> None:
    taken = await buy(shop, till="stripe")
    assert taken.url is not None
    assert taken.url.startswith(f"{stripe_emulator.url}/checkout/cs_")
    event = await press_pay(taken.url, stripe_emulator)
    outcomes = [await settle.receive(shop, "stripe", event.headers, event.body) for _ in range(3)]
    assert outcomes == [Outcome.HANDLED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert (await order_of(shop, taken)).state is OrderState.GRANTED
    payment = await payment_of(shop, taken)
    assert (payment.state, payment.mode) == (PaymentState.PAID, "test")
    assert (payment.external_id or "").startswith("pi_")
    assert await shop.db.read(ledger_rows.balances) == [("test:sales:1", "EUR", -500), ("test:till:stripe", "EUR", 500)]


async def test_a_visit_to_the_return_address_proves_nothing(shop: House) -> None:
    taken = await buy(shop, till="stripe")
    order = await order_of(shop, taken)
    assert await settle.look(shop, order.id) is False
    assert (await order_of(shop, taken)).state is OrderState.WAITING
    assert await shop.db.read(ledger_rows.balances) == []


async def test_a_lost_event_is_made_up_for_by_asking(shop: House, stripe_emulator: StripeEmulator) -> None:
    taken = await buy(shop, till="stripe")
    await press_pay(taken.url, stripe_emulator)
    order = await order_of(shop, taken)
    assert await settle.look(shop, order.id) is True
    assert (await order_of(shop, taken)).state is OrderState.GRANTED


async def test_fee_partial_refunds_and_a_lost_dispute_reach_the_ledger(
    shop: House, stripe_emulator: StripeEmulator
) -> None:
    _, payment = await bought(shop, stripe_emulator)
    session_id = payment.session_id or ""
    stripe_emulator.book_fee(session_id, 33)
    charge = stripe_object("charge", payment_intent=payment.external_id, metadata={"payment": payment.reference})
    assert await receive(shop, stripe_emulator, stripe_event("charge.updated", charge)) is Outcome.HANDLED
    assert ("test:fees:stripe", "EUR", 33) in await shop.db.read(ledger_rows.balances)

    pending = stripe_emulator.refund(session_id, 120, status="pending")
    refund = stripe_object("refund", id=pending, payment_intent=payment.external_id)
    assert await receive(shop, stripe_emulator, stripe_event("refund.created", refund)) is Outcome.HANDLED
    assert all(not account.startswith("refunds") for account, _, _ in await shop.db.read(ledger_rows.balances))

    stripe_emulator.sessions[session_id].refunds[0]["status"] = "succeeded"
    for number in range(2):
        body = stripe_event("refund.updated", refund, id=f"evt_{number}")
        assert await receive(shop, stripe_emulator, body) is Outcome.HANDLED
    stripe_emulator.dispute(session_id, 380, "lost")
    dispute = stripe_object("dispute", payment_intent=payment.external_id)
    assert await receive(shop, stripe_emulator, stripe_event("charge.dispute.closed", dispute)) is Outcome.HANDLED
    assert await shop.db.read(ledger_rows.balances) == [
        ("test:fees:stripe", "EUR", 33),
        ("test:refunds:1", "EUR", 500),
        ("test:sales:1", "EUR", -500),
        ("test:till:stripe", "EUR", -33),
    ]


async def test_a_dispute_takes_its_amount_and_its_fee_and_brings_back_what_is_won(
    shop: House, stripe_emulator: StripeEmulator
) -> None:
    _, payment = await bought(shop, stripe_emulator)
    session_id = payment.session_id or ""
    stripe_emulator.book_fee(session_id, 33)
    about = stripe_object("dispute", payment_intent=payment.external_id)

    async def told(kind: str, number: int) -> None:
        body = stripe_event(f"charge.dispute.{kind}", about, id=f"evt_dispute_{kind}_{number}")
        assert await receive(shop, stripe_emulator, body) is Outcome.HANDLED

    stripe_emulator.dispute(session_id, 500, "needs_response", (-500, 1500))
    for number in range(2):
        await told("created", number)
    gone = [
        ("test:fees:stripe", "EUR", 1533),
        ("test:refunds:1", "EUR", 500),
        ("test:sales:1", "EUR", -500),
        ("test:till:stripe", "EUR", -1533),
    ]
    assert await shop.db.read(ledger_rows.balances) == gone
    stripe_emulator.decide(session_id, "won", (500, -1500))
    for number in range(2):
        await told("closed", number)
    assert await shop.db.read(ledger_rows.balances) == [
        ("test:fees:stripe", "EUR", 33),
        ("test:refunds:1", "EUR", 0),
        ("test:sales:1", "EUR", -500),
        ("test:till:stripe", "EUR", 467),
    ]
    lines = await shop.db.read(lambda conn: ledger_lines(conn, 0, 99))
    assert [(line.key.partition(":")[0], line.amount.minor) for line in lines] == [
        ("payment", 500),
        ("fee", -33),
        ("extra", -1500),
        ("refund", -500),
        ("extra", 1500),
        ("undone", 500),
    ]
    assert {line.reference for line in lines} == {payment.reference}
    records = await shop.db.read(lambda conn: order_records(conn, (), 0, 9))
    assert [(one.fee.minor, one.back.minor) for one in records] == [(33, 0)]
    story = await shop.db.read(lambda conn: order_story(conn, payment.order_id))
    assert story is not None
    assert (story.payments[0].fee, story.payments[0].back) == (Money(33, "EUR"), 0)
    assert story.payments[0].refunds[0].disputed


async def test_a_refund_that_fails_at_the_bank_weeks_later_is_none(
    shop: House, stripe_emulator: StripeEmulator
) -> None:
    _, payment = await bought(shop, stripe_emulator)
    session_id = payment.session_id or ""
    refund_id = stripe_emulator.refund(session_id, 500, status="succeeded")
    refund = stripe_object("refund", id=refund_id, payment_intent=payment.external_id)
    assert await receive(shop, stripe_emulator, stripe_event("refund.created", refund)) is Outcome.HANDLED
    assert ("test:refunds:1", "EUR", 500) in await shop.db.read(ledger_rows.balances)
    stripe_emulator.sessions[session_id].refunds[0]["status"] = "failed"
    assert await receive(shop, stripe_emulator, stripe_event("refund.failed", refund)) is Outcome.HANDLED
    assert await shop.db.read(ledger_rows.balances) == [
        ("test:refunds:1", "EUR", 0),
        ("test:sales:1", "EUR", -500),
        ("test:till:stripe", "EUR", 500),
    ]


async def change(shop: House, **settings: str) -> None:
    await shop.db.write(lambda conn: change_settings(conn, settings))
    await refresh(shop)


async def test_money_that_comes_while_the_till_is_off_is_found_when_it_is_on_again(
    shop: House, stripe_emulator: StripeEmulator, clock: Clock
) -> None:
    """Stripe keeps the session open for a day, and gives up sending its event after three."""
    taken = await buy(shop, till="stripe")
    await change(shop, stripe_secret_key="")
    event = await press_pay(taken.url, stripe_emulator)
    with pytest.raises(NotFound):
        await settle.receive(shop, "stripe", event.headers, event.body)
    for _ in range(4):
        clock.move(days=1)
        await settle.sweep(shop)
    assert (await order_of(shop, taken)).state is OrderState.EXPIRED
    await change(shop, **stripe_emulator.settings)
    clock.move(days=1)
    assert await settle.sweep(shop) == 1
    assert (await order_of(shop, taken)).state is OrderState.GRANTED
    assert await shop.db.read(ledger_rows.balances) == [("test:sales:1", "EUR", -500), ("test:till:stripe", "EUR", 500)]


async def test_a_till_that_stays_off_is_not_waited_for_for_ever(shop: House, clock: Clock) -> None:
    taken = await buy(shop, till="stripe")
    await change(shop, stripe_secret_key="")
    for _ in range(35):
        clock.move(days=1)
        await settle.sweep(shop)
    assert (await payment_of(shop, taken)).state is PaymentState.EXPIRED
    assert (await order_of(shop, taken)).state is OrderState.EXPIRED
    clock.move(days=1)
    assert await shop.db.write(lambda conn: sales.lease_checks(conn, clock(), 1)) == []


async def test_a_key_that_was_revoked_keeps_nobody_from_their_own_page(
    shop: House, stripe_emulator: StripeEmulator, clock: Clock
) -> None:
    taken = await buy(shop, till="stripe")
    await press_pay(taken.url, stripe_emulator)
    await change(shop, stripe_secret_key="sk_test_revoked")
    order = await order_of(shop, taken)
    assert await settle.look(shop, order.id) is False
    clock.move(days=2)
    assert await settle.sweep(shop) == 0
    await change(shop, **stripe_emulator.settings)
    assert await settle.look(shop, order.id) is True
    assert (await order_of(shop, taken)).state is OrderState.GRANTED


async def test_stripe_hears_nothing_of_the_readers_address(shop: House, stripe_emulator: StripeEmulator) -> None:
    work = await shop.db.read(lambda conn: rows.work_for_sale(conn, "high-water"))
    taken = await take(shop, Take(Door.PAY, FIVE, "bob@example.org", None, "n" * 16, "", "stripe"), work)
    assert (await order_of(shop, taken)).email == "bob@example.org"
    session = stripe_emulator.sessions[(await payment_of(shop, taken)).session_id or ""]
    assert "bob@example.org" not in str(session.form)


async def test_a_test_payment_never_opens_at_the_real_till(shop: House, stripe_emulator: StripeEmulator) -> None:
    """It could be paid with real money, and would not match what was asked for."""
    await change(shop, stripe_secret_key="sk_test_revoked")
    first = await buy(shop, till="stripe")
    before = len(stripe_emulator.requests)
    await change(shop, stripe_secret_key="sk_live_x")
    again = await buy(shop, till="stripe")
    assert again == first == Taken(first.token, None)
    assert len(stripe_emulator.requests) == before


async def test_a_till_that_refuses_leaves_one_order_with_its_letter(shop: House) -> None:
    """Who is sent back to the form would send the letter a second time, and never see the first one's order."""
    await change(shop, stripe_secret_key="sk_test_revoked")
    work = await shop.db.read(lambda conn: rows.work_for_sale(conn, "high-water"))
    taken = await take(shop, Take(Door.PAY, FIVE, None, "Hello", "n" * 16, "", "stripe"), work)
    assert taken.url is None
    order = await order_of(shop, taken)
    assert order.state is OrderState.WAITING
    assert [letter.body for letter in await shop.db.read(lambda conn: thread(conn, order.id))] == ["Hello"]
    with pytest.raises(Refused) as refused:
        await pay(shop, order, "High Water", FIVE, "stripe", "m" * 16)
    assert refused.value.code is Code.TILL_OFF, "where one can choose another till, it is said"


@pytest.mark.parametrize(
    "marks", [{"client_reference_id": "customer-42"}, {"metadata": {"payment": "2026-0042"}}, {"metadata": None}]
)
async def test_a_session_of_another_program_on_the_account_is_passed_over(
    shop: House, stripe_emulator: StripeEmulator, marks: dict[str, object]
) -> None:
    """To be asked again and again would end in Stripe switching the shop's own events off."""
    session = stripe_object("checkout.session", **{"metadata": {}, **marks})
    assert await receive(shop, stripe_emulator, stripe_event("checkout.session.completed", session)) is Outcome.IGNORED
    charge = stripe_object("charge", payment_intent="pi_of_another_program", metadata={"payment": "2026-0042"})
    assert await receive(shop, stripe_emulator, stripe_event("charge.updated", charge)) is Outcome.IGNORED


async def test_a_refund_of_somebody_elses_payment_is_passed_over(shop: House, stripe_emulator: StripeEmulator) -> None:
    await bought(shop, stripe_emulator)
    refund = stripe_object("refund", payment_intent="pi_of_another_program")
    assert await receive(shop, stripe_emulator, stripe_event("refund.created", refund)) is Outcome.IGNORED


@pytest.mark.parametrize(
    "changes", [{"amount_total": 1}, {"currency": "usd"}, {"livemode": True}, {"id": "cs_test_another"}]
)
async def test_an_event_that_does_not_match_is_checked_with_stripe_and_grants_nothing(
    shop: House, stripe_emulator: StripeEmulator, changes: dict[str, object]
) -> None:
    taken = await buy(shop, till="stripe")
    payment = await payment_of(shop, taken)
    told = {"id": payment.session_id, "amount_total": 500, "currency": "eur", "payment_status": "paid", **changes}
    session = stripe_object("checkout.session", **told, metadata={"payment": payment.reference})
    body = stripe_event("checkout.session.completed", session)
    assert await receive(shop, stripe_emulator, body) is Outcome.HANDLED  # by what Stripe says: it is still open
    assert (await order_of(shop, taken)).state is OrderState.WAITING
    assert await shop.db.read(ledger_rows.balances) == []
