"""The Studio's view queries, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from headwaters.core.sales.finding import Wanted, Which, read_wanted
from headwaters.core.sales.money import Money
from headwaters.core.sales.practice import Choice
from headwaters.core.sales.states import Door, OrderState, PaymentState
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.errands.take import pay
from headwaters.store import payments as payment_rows
from headwaters.store import sales as sales_rows
from headwaters.store import studio as rows
from headwaters.store import tables
from headwaters.store.export import order_records
from tests.people import BOB, Order, add_work, take_work
from tests.support.house import Clock

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
async def shop(house: House) -> House:
    await house.db.write(add_work)
    return house


async def find(house: House, text: str = "", which: Which = Which.ALL) -> list[int]:
    wanted: Wanted | None = read_wanted(text, "EUR")
    found = await house.db.read(lambda conn: rows.find_orders(conn, wanted, which, 100))
    assert await house.db.read(lambda conn: rows.count_orders(conn, wanted, which)) == len(found)
    return [order.id for order in found]


async def line(house: House, order: Order) -> rows.OrderLine:
    story = await house.db.read(lambda conn: rows.order_story(conn, order.id))
    assert story is not None
    return story.line


async def pay_at_the_till(house: House, order: Order, choice: Choice) -> None:
    payment = await house.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    decided = house.now.tills["practice"].decide(payment.session_id, choice)  # type: ignore[attr-defined]
    for event in decided.events:
        await settle.receive(house, "practice", event.headers, event.body)


async def refund(house: House, order: Order, minor: int) -> None:
    """What a till's refund event leaves behind."""
    payment = await house.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    await house.db.write(lambda conn: payment_rows.add_refund(conn, payment.id, "re_1", Money(minor, "EUR"), 1))


async def test_real_money_and_that_of_practice_never_meet_in_one_sum(shop: House) -> None:
    """A shop that practised, and whose reader then paid: on the list, and in the table."""
    order = await take_work(shop, Door.PAY, till="practice", minor=900)
    await pay_at_the_till(shop, order, Choice.PAY)
    await refund(shop, order, 100)

    async def seen() -> tuple[object, ...]:
        one = await line(shop, order)
        (row,) = await shop.db.read(lambda conn: order_records(conn, (), 0, 10))
        return one.paid, one.refunded, one.practice, row.mode, row.paid, row.back

    euros = [Money(minor, "EUR") for minor in (0, 100, 500, 800, 900)]
    nothing, one_euro, five, eight, nine = euros
    assert await seen() == (eight, True, True, "practice", nine, one_euro)
    row = await shop.db.read(lambda conn: sales_rows.order_by_id(conn, order.id))
    await pay(shop, row, "High Water", five, "by_hand", "n" * 26)
    payment = await shop.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    await settle.confirm(shop, payment.reference)
    assert await seen() == (five, False, False, "live", five, nothing)
    await pay(shop, row, "High Water", nine, "practice", "m" * 26)
    await pay_at_the_till(shop, order, Choice.PAY)
    assert await seen() == (five, False, False, "live", five, nothing)


async def test_every_way_to_find_an_order(shop: House, clock: Clock) -> None:
    await shop.db.write(lambda conn: add_work(conn, "umlaut", "ÜBER den Fluss 100%"))
    one = await take_work(shop, Door.PAY, email=BOB, till="by_hand", minor=750)
    clock.move(days=1)
    two = await take_work(shop, Door.CANT_PAY, slug="umlaut")
    assert await find(shop) == [two.id, one.id]
    for text in (one.reference, "bob@EXAMPLE", one.token, "7,50", "2026-11-22", "high", f"#{one.id}"):
        assert await find(shop, text) == [one.id], text
    for text in ("den fluss", "100%", "23.11.2026", "ÜBER den", "über", "Über den Fluss"):
        assert await find(shop, text) == [two.id], text
    for text in ("h_gh", "%%", "7.51", "2026-11-24", "HW-2222-2222", "z" * 26):
        assert await find(shop, text) == [], text


async def test_who_waits_for_the_creator(shop: House) -> None:
    waiting = await take_work(shop, Door.PAY, till="by_hand")
    done = await take_work(shop, Door.PAY, till="by_hand")
    await take_work(shop, Door.PAY, till="practice")
    await settle.confirm(shop, done.reference)
    assert await find(shop, which=Which.WAITING) == [waiting.id]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (PaymentState.PENDING, PaymentState.OPEN, "by_hand"),
        (PaymentState.PENDING, PaymentState.FAILED, "by_hand"),
        (PaymentState.OPEN, PaymentState.EXPIRED, "by_hand"),
        (PaymentState.OPEN, PaymentState.FAILED, "practice"),
        (PaymentState.EXPIRED, PaymentState.EXPIRED, "practice"),
        (PaymentState.EXPIRED, PaymentState.PENDING, "practice"),
    ],
)
async def test_of_several_payments_the_line_tells_of_the_one_to_wait_for(
    shop: House, first: PaymentState, second: PaymentState, told: str
) -> None:
    taken = await take_work(shop, Door.PAY, till="by_hand")
    order = await shop.db.read(lambda conn: sales_rows.order_by_id(conn, taken.id))
    await pay(shop, order, "High Water", Money(700, "EUR"), "practice", "m" * 16)
    for till, state in (("by_hand", first), ("practice", second)):
        move = update(tables.payments).where(tables.payments.c.till == till).values(state=state.value)
        await shop.db.write(lambda conn, move=move: conn.execute(move))
    found = await line(shop, taken)
    assert (found.till, found.payment) == (told, first if told == "by_hand" else second)


async def test_a_line_tells_what_was_paid(shop: House) -> None:
    order = await take_work(shop, Door.PAY, till="practice")
    before = await line(shop, order)
    assert (before.state, before.paid, before.payment) == (OrderState.WAITING, None, PaymentState.OPEN)
    await pay_at_the_till(shop, order, Choice.PAY)
    after = await line(shop, order)
    assert (after.state, after.paid, after.payment) == (OrderState.GRANTED, Money(500, "EUR"), PaymentState.PAID)
    assert (after.till, after.reference, after.refunded) == ("practice", order.reference, False)


async def test_a_refund_is_taken_off(shop: House) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    await settle.confirm(shop, order.reference)
    await refund(shop, order, 250)
    found = await line(shop, order)
    assert (found.paid, found.refunded) == (Money(500, "EUR"), True)
    assert await shop.db.read(lambda conn: rows.paid_minor(conn, order.id)) == 500


async def test_the_story_of_an_order_is_whole(shop: House) -> None:
    order = await take_work(shop, Door.PAY, email=BOB, till="practice")
    await pay_at_the_till(shop, order, Choice.PAY_TWICE)
    story = await shop.db.read(lambda conn: rows.order_story(conn, order.id))
    assert story is not None
    assert (story.token, story.granted_at, story.withdrawn_at) == (order.token, START, None)
    (work,) = story.works
    assert (work.title, work.slug, work.amount) == ("High Water", "high-water", Money(500, "EUR"))
    assert work.key is not None
    (payment,) = story.payments
    assert (payment.state, payment.amount, payment.settled_at) == (PaymentState.PAID, Money(500, "EUR"), START)
    assert [event.outcome for event in payment.events] == ["handled"]


async def test_an_order_that_is_not_there_has_no_story(shop: House) -> None:
    assert await shop.db.read(lambda conn: rows.order_story(conn, 999)) is None


async def test_orders_of_a_quarter_of_an_hour_are_counted_once(shop: House, clock: Clock) -> None:
    await take_work(shop, Door.CANT_PAY)
    await take_work(shop, Door.PAY, till="by_hand")
    unpaid = await take_work(shop, Door.PAY, till="practice")
    end = START + timedelta(minutes=15)
    assert await shop.db.read(lambda conn: rows.count_between(conn, START, end)) == 2
    await pay_at_the_till(shop, unpaid, Choice.PAY)
    assert await shop.db.read(lambda conn: rows.count_between(conn, START, end)) == 3
    assert await shop.db.read(lambda conn: rows.count_between(conn, end, end + timedelta(minutes=15))) == 0


async def test_who_holds_what_is_counted(shop: House) -> None:
    await shop.db.write(lambda conn: add_work(conn, "low-water", "Low Water"))
    for _ in range(2):
        await take_work(shop, Door.CANT_PAY)
    await take_work(shop, Door.PAY, till="by_hand")
    assert await shop.db.read(rows.count_holders) == {"high-water": 2}


async def test_an_order_whose_work_lost_its_line_is_still_listed(shop: House) -> None:
    """Nothing does this; a list that hides an order because of it would be worse."""
    order = await take_work(shop, Door.CANT_PAY)
    await shop.db.write(lambda conn: conn.execute(tables.order_lines.delete()))
    assert await find(shop) == [order.id]
