"""How it goes, to the cent and to the copy, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from headwaters.actions import sales as verbs
from headwaters.actions import study
from headwaters.actions.sales import as_asked
from headwaters.actions.works import retire_work
from headwaters.core.clock import from_micros
from headwaters.core.sales.money import Money
from headwaters.core.sales.practice import Choice
from headwaters.core.sales.states import Door, PaymentState
from headwaters.core.sales.tills import ExtraFee, PaymentStatus, RefundStatus
from headwaters.core.study.numbers import Sums, Tally, tallies, tally
from headwaters.core.study.spans import HOUR, Span, cut, day_number, window_of
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.store import launches, tables
from headwaters.store import ledger as ledger_rows
from headwaters.store import numbers as rows
from headwaters.store import payments as payment_rows
from headwaters.store.db import Connection
from headwaters.store.numbers import Asked
from tests.people import Order, add_work, take_work
from tests.support.house import Clock

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def shop(house: House) -> House:
    await house.db.write(add_work)
    await house.db.write(lambda conn: add_work(conn, "low-water", "Low Water"))
    return house


async def look(house: House, start: datetime, end: datetime, work_id: int | None = None) -> Tally:
    asked = Asked(start, end, work_id)
    found = await house.db.read(lambda conn: rows.numbers(conn, asked, HOUR))
    assert tally(found) == tally(await house.db.read(lambda conn: rows.numbers(conn, asked, DAY)))
    return tally(found)


async def refund(house: House, order: Order, minor: int, *, failed: bool = False) -> None:
    """What the till says of a payment of which something went back, or did not arrive there."""
    payment = await house.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    back = RefundStatus(f"re_{minor}", Money(minor, "EUR"), done=not failed, failed=failed)
    asked = as_asked(payment, PaymentState.PAID)
    status = PaymentStatus(
        asked.session_id, asked.reference, asked.state, asked.amount, asked.mode, None, Money(31, "EUR"), (back,)
    )
    now = house.clock()
    await house.db.write(lambda conn: verbs.settle(conn, payment, status, "k" * 26, now))


async def practise(house: House, order: Order) -> None:
    payment = await house.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    decided = house.now.tills["practice"].decide(payment.session_id, Choice.PAY)  # type: ignore[attr-defined]
    for event in decided.events:
        await settle.receive(house, "practice", event.headers, event.body)


async def test_an_empty_shop_has_nothing(house: House) -> None:
    assert (await look(house, START - 9 * DAY, START)).is_empty
    assert await house.db.read(rows.first_order_at) is None
    assert await house.db.read(rows.works_to_choose) == []
    asked = Asked(START - DAY, START)
    assert await house.db.read(lambda conn: rows.origins(conn, asked)) == {}
    assert await house.db.read(lambda conn: rows.countries(conn, asked)) == {}


async def test_copies_by_door_and_money_to_the_cent(shop: House, clock: Clock) -> None:
    await take_work(shop, Door.CANT_PAY, letter="Thank you.")
    await take_work(shop, Door.HAVE_COPY)
    await take_work(shop, Door.HAVE_COPY, slug="low-water")
    paid = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    await take_work(shop, Door.PAY, till="by_hand", minor=99_000)  # never came
    clock.move(days=1)
    await settle.confirm(shop, paid.reference, Money(700, "EUR"))
    await practise(shop, await take_work(shop, Door.PAY, till="practice", minor=600))
    clock.move(days=1)
    await refund(shop, paid, 250)
    await refund(shop, paid, 100)
    await refund(shop, paid, 100, failed=True)  # it came back from the reader's bank

    doors = {Door.PAY: 1, Door.CANT_PAY: 1, Door.HAVE_COPY: 2}
    whole = await look(shop, START, clock() + DAY)
    assert whole == Tally(doors, 1, {"EUR": Sums(700, 31, 250, 1)}, {"EUR": whole.practice["EUR"]}, 1, 0)
    assert (whole.practice["EUR"].paid, whole.practice["EUR"].payments) == (600, 1)
    assert whole.money["EUR"].rest == 419
    balances = {name: minor for name, _, minor in await shop.db.read(ledger_rows.balances)}
    assert balances["till:by_hand"] == 419  # and the ledger says the same

    first_day = await look(shop, START, START + DAY)
    assert (first_day.doors, first_day.money, first_day.letters) == (doors, {}, 1)
    second = await look(shop, START + DAY, START + 2 * DAY)
    assert (second.copies, second.practised, second.money) == (0, 1, {"EUR": Sums(700, 31, 0, 1)})
    third = await look(shop, START + 2 * DAY, START + 3 * DAY)
    assert third.money == {"EUR": Sums(0, 0, 250, 0)}


async def test_taken_without_paying_after_all_is_the_door_of_who_cannot_pay(shop: House, clock: Clock) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    assert (await look(shop, START, clock() + HOUR)).is_empty  # it waits for money, so nothing was taken
    clock.move(minutes=5)
    now = clock()
    assert await shop.db.write(lambda conn: verbs.take_free(conn, order.id, "k" * 26, now))
    taken = await look(shop, START, now + HOUR)
    assert (taken.doors, taken.practised, taken.money) == ({**dict.fromkeys(Door, 0), Door.CANT_PAY: 1}, 0, {})
    clock.move(hours=1)
    await settle.confirm(shop, order.reference)  # the money comes after all
    later = await look(shop, START, clock() + HOUR)
    assert (later.doors, later.practised) == (taken.doors, 0)
    assert later.money == {"EUR": Sums(750, 0, 0, 1)}


async def test_what_a_dispute_costs_counts_on_its_day(shop: House, clock: Clock) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    await settle.confirm(shop, order.reference)
    clock.move(days=1)
    payment = await shop.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    status = replace(as_asked(payment, PaymentState.PAID), extra_fees=(ExtraFee("txn_1", Money(1500, "EUR")),))
    now = clock()
    for _ in range(2):
        await shop.db.write(lambda conn: verbs.settle(conn, payment, status, "k" * 26, now))
    assert (await look(shop, START, START + DAY)).money == {"EUR": Sums(750, 0, 0, 1)}
    second = await look(shop, START + DAY, START + 2 * DAY)
    assert second.money == {"EUR": Sums(0, 1500, 0, 0)}
    assert second.money["EUR"].rest == -1500


async def test_works_add_up_to_all(shop: House, clock: Clock) -> None:
    for slug, minor in (("high-water", 500), ("low-water", 800), ("low-water", 300)):
        order = await take_work(shop, Door.PAY, till="by_hand", slug=slug, minor=minor, letter="Dear Alice")
        await settle.confirm(shop, order.reference)
    await take_work(shop, Door.CANT_PAY, slug="low-water")
    clock.move(hours=1)
    await refund(shop, order, 300)
    end = clock() + HOUR
    works = await shop.db.read(rows.works_to_choose)
    assert [(slug, title) for _, slug, title in works] == [("high-water", "High Water"), ("low-water", "Low Water")]
    parts = [await look(shop, START, end, number) for number, *_ in works]
    assert [part.copies for part in parts] == [1, 3]
    assert [part.money["EUR"] for part in parts] == [Sums(500, 0, 0, 1), Sums(1100, 31, 300, 2)]
    assert tally((START, part) for part in parts) == await look(shop, START, end)


async def test_a_day_is_a_day_in_utc(shop: House, clock: Clock) -> None:
    clock.now = datetime(2026, 11, 22, 23, 59, 59, 999_999, tzinfo=UTC)
    await take_work(shop)
    clock.move(microseconds=1)
    await take_work(shop)
    window = window_of(Span.WEEK, clock(), await shop.db.read(rows.first_order_at))
    asked = Asked(window.start, window.end)
    for unit in (HOUR, DAY):
        found = await shop.db.read(lambda conn, unit=unit: rows.numbers(conn, asked, unit))
        assert [bar.copies for bar in tallies(window, found)] == [0, 0, 0, 0, 0, 1, 1]
    assert (await look(shop, clock(), clock() + HOUR)).copies == 1
    assert (await look(shop, clock() - HOUR, clock())).copies == 1


async def test_bars_of_any_step_add_up(shop: House, clock: Clock) -> None:
    for hours in (0, 1, 25, 24 * 40, 24 * 400):
        clock.now = START + timedelta(hours=hours)
        await take_work(shop)
    window = cut(START, clock() + HOUR)
    found = await shop.db.read(lambda conn: rows.numbers(conn, Asked(START, clock() + HOUR), DAY))
    assert sum(bar.copies for bar in tallies(window, found)) == 5


async def test_where_readers_came_from_and_where_they_are(shop: House, clock: Clock) -> None:
    orders = [await take_work(shop) for _ in range(6)]
    unpaid = await take_work(shop, Door.PAY, till="by_hand")
    today = day_number(clock())

    def change(conn: Connection) -> None:
        study.add_visits(
            conn,
            {("high-water", today): {"": 7, "letter": 3}, ("low-water", today - 1): {"copy": 2}, ("no", 1): {"": 9}},
        )
        for order, word, country in zip(orders, ("letter", "letter", "", "copy", "", ""), "AADD__", strict=True):
            conn.execute(update(tables.orders).where(tables.orders.c.id == order.id).values(came_from=word))
            study.say_country(conn, order.id, {"A": "AT", "D": "DE"}.get(country))
        study.say_country(conn, unpaid.id, "AT")  # no copy yet

    await shop.db.write(change)
    asked = Asked(START, clock() + HOUR)
    assert await shop.db.read(lambda conn: rows.origins(conn, asked)) == {"": (7, 3), "letter": (3, 2), "copy": (0, 1)}
    assert await shop.db.read(lambda conn: rows.countries(conn, asked)) == {"AT": 2, "DE": 2}
    before = Asked(START - DAY, clock() + HOUR)
    assert (await shop.db.read(lambda conn: rows.origins(conn, before)))["copy"] == (2, 1)
    assert (await look(shop, START, clock() + HOUR)).visits == 10
    assert (await look(shop, START - DAY, clock() + HOUR)).visits == 12


async def test_what_waits_is_counted_no_further_than_it_tells(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        await take_work(shop, Door.PAY, till="by_hand", email=f"reader{number}@example.org")
    assert (await shop.db.read(launches.waiting)).payments == 4
    monkeypatch.setattr(launches, "MOST", 2)
    assert await shop.db.read(launches.waiting) == launches.Waiting(mail=3, payments=3)


async def test_the_newest_work_is_one_that_is_published(shop: House) -> None:
    def age(conn: Connection) -> None:
        for slug, at in (("high-water", 5), ("low-water", 9)):
            conn.execute(update(tables.works).where(tables.works.c.slug == slug).values(created_at=at))

    await shop.db.write(age)
    assert await shop.db.read(launches.newest_work) == ("low-water", from_micros(9))
    await shop.db.write(lambda conn: retire_work(conn, "low-water", START))
    assert await shop.db.read(launches.newest_work) == ("high-water", from_micros(5))


async def test_a_shop_where_somebody_came_by_is_not_empty(shop: House) -> None:
    assert await shop.db.read(rows.is_empty)
    await shop.db.write(lambda conn: study.add_visits(conn, {("high-water", 1): {"": 1}}))
    assert not await shop.db.read(rows.is_empty)
