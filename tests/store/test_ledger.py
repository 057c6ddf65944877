"""The ledger by month, on both databases: exact, money of tests apart, nothing counted twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headwaters.core.clock import to_micros
from headwaters.core.sales import ledger
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door, Mode
from headwaters.errands import orders, settle
from headwaters.errands.house import House
from headwaters.errands.sums import LedgerSums
from headwaters.store import ledger as ledger_rows
from headwaters.store import payments as payment_rows
from headwaters.store.db import Connection
from headwaters.store.ledger import MonthSums, ledger_lines, read_account
from tests.people import Order, add_work, take_work
from tests.support.house import Clock


@pytest.fixture
async def shop(house: House) -> House:
    await house.db.write(add_work)
    return house


async def paid(house: House, minor: int) -> Order:
    order = await take_work(house, Door.PAY, till="by_hand", minor=minor)
    await settle.confirm(house, order.reference)
    return order


async def test_months_add_up_and_practice_stands_apart(shop: House, clock: Clock) -> None:
    clock.now = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)
    first = await paid(shop, 750)
    clock.move(seconds=2)
    await paid(shop, 500)
    await orders.refund_by_hand(shop, first.reference, Money(250, "EUR"), "a" * 26, None)
    practice = ledger.in_mode(ledger.payment_entry(99, "practice", Money(900, "EUR"), [(1, 1)]), Mode.PRACTICE)
    fee = ledger.fee_entry(98, "stripe", Money(33, "EUR"))
    for entry in (practice, fee):
        await shop.db.write(lambda conn, entry=entry: ledger_rows.add_entry(conn, first.id, entry, to_micros(clock())))
    found = await shop.sums.months(shop.db, clock())
    assert sorted(found, key=lambda each: (each.month, each.till)) == [
        MonthSums("2026-10", "EUR", Mode.LIVE, "by_hand", 1, 750, 0, 0),
        MonthSums("2026-11", "EUR", Mode.LIVE, "by_hand", 1, 500, 0, 250),
        MonthSums("2026-11", "EUR", Mode.PRACTICE, "practice", 1, 900, 0, 0),
        MonthSums("2026-11", "EUR", Mode.LIVE, "stripe", 0, 0, 33, 0),
    ]
    assert [each.left for each in found if each.till == "stripe"] == [-33]


async def test_a_refund_that_came_back_is_none(shop: House, clock: Clock) -> None:
    order = await paid(shop, 750)
    payment = await shop.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    await orders.refund_by_hand(shop, order.reference, Money(250, "EUR"), "a" * 26, None)

    def undo(conn: Connection) -> None:
        booked = ledger_rows.postings(conn, "refund:1")
        ledger_rows.add_entry(conn, order.id, ledger.undone_entry(1, booked), to_micros(clock()))

    await shop.db.write(undo)
    (month,) = await shop.sums.months(shop.db, clock())
    assert (month.came, month.back, month.left) == (750, 0, 750)
    lines = await shop.db.read(lambda conn: ledger_lines(conn, 0, 100))
    told = [(line.key, line.kind, line.reference, line.amount.minor) for line in lines]
    assert told == [
        ("payment:1", "payment", order.reference, 750),
        ("refund:1", "refund", order.reference, -250),
        ("undone:1", "refund", order.reference, 250),
    ]
    assert await shop.db.read(lambda conn: ledger_lines(conn, lines[1].id, 1)) == lines[2:]
    assert await shop.db.read(lambda conn: ledger_lines(conn, 0, 100, order.id + 1)) == []


@pytest.mark.parametrize(
    ("account", "read"),
    [("till:stripe", (Mode.LIVE, "stripe")), ("practice:till:practice", (Mode.PRACTICE, "practice"))],
)
def test_an_account_tells_its_till(account: str, read: tuple[Mode, str]) -> None:
    assert read_account(account) == read


async def test_what_was_added_up_is_remembered_and_what_is_new_is_added(
    shop: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwaters.errands.sums.AT_ONCE", 2)
    came = 0
    for minor in (100, 250, 300, 475, 500):
        await paid(shop, minor)
        came += minor
        clock.move(minutes=7)
        for _ in range(2):
            (month,) = await shop.sums.months(shop.db, clock())
            assert (month.came, month.left) == (came, came)
    assert await LedgerSums().months(shop.db, clock()) == await shop.sums.months(shop.db, clock())
    assert (month.payments, month.month) == (5, "2026-11")
