"""Orders, payments, grants and the ledger: each verb happy, refused, and twice; events in any order and number."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from headwaters.actions import sales
from headwaters.actions.sales import Outcome, Secrets, TillChoice
from headwaters.core.errors import Code, Conflict, NotFound, Refused
from headwaters.core.sales.doors import Take
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door, Mode, OrderState, PaymentState
from headwaters.core.sales.tills import ExtraFee, PaymentStatus, RefundStatus, TillEvent, TillSession
from headwaters.store import payments as payment_rows
from headwaters.store import sales as rows
from headwaters.store import tables
from headwaters.store.db import Connection, Database
from headwaters.store.ledger import balances
from headwaters.store.letters import thread
from headwaters.store.pages import order_by_token
from tests.people import add_work
from tests.support.databases import side_by_side

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
FIVE = Money(500, "EUR")
_numbers = itertools.count(1)


def secrets() -> Secrets:
    number = next(_numbers)
    return Secrets(f"token{number}", f"key{number}", f"letter{number}", f"HW{number}")


def wish(door: Door = Door.PAY, nonce: str = "n" * 16, amount: Money | None = FIVE, **more: object) -> Take:
    values = {"email": None, "letter": None, "came_from": "", "till": None, **more}
    return Take(door=door, amount=amount if door is Door.PAY else None, nonce=nonce, **values)


def till(name: str = "practice", *, trusts: bool = False, session: str | None = "s1") -> TillChoice:
    opened = TillSession(session, "https://till.example/s", LATER) if session else None
    return TillChoice(name, Mode.PRACTICE, trusts, LATER, opened)


def status(payment: payment_rows.PaymentRow, state: PaymentState = PaymentState.PAID, **more: object) -> PaymentStatus:
    values = {"session_id": payment.session_id or "s1", "reference": payment.reference, "amount": payment.amount}
    return PaymentStatus(**{**values, "mode": payment.mode, "state": state, **more})


def event(number: int, payment: payment_rows.PaymentRow, said: PaymentStatus | None) -> TillEvent:
    return TillEvent(f"evt_{number}", "payment", payment.reference, payment.session_id, said)


async def place(database: Database, take: Take, choice: TillChoice | None, slug: str = "high-water") -> sales.Placed:
    fresh = secrets()

    def run(conn: Connection) -> sales.Placed:
        return sales.place_order(conn, take, rows.work_for_sale(conn, slug), choice, fresh, NOW)

    return await database.write(run)


async def count(database: Database, table: object) -> int:
    return await database.read(lambda conn: conn.execute(select(func.count()).select_from(table)).scalar())


@pytest.fixture
async def shop(database: Database) -> Database:
    await database.write(add_work)
    return database


@pytest.mark.parametrize("door", [Door.CANT_PAY, Door.HAVE_COPY])
async def test_a_free_door_grants_at_once_and_books_nothing(shop: Database, door: Door):
    placed = await place(shop, wish(door), None)
    order = await shop.read(lambda conn: rows.order_by_token(conn, placed.token))
    assert order is not None
    assert (order.door, order.state, order.amount_minor, order.granted_at) == (
        door,
        OrderState.GRANTED,
        0,
        order.created_at,
    )
    assert await count(shop, tables.grants) == 1
    assert await count(shop, tables.payments) == 0
    assert await shop.read(balances) == []


async def test_the_pay_door_waits_until_the_money_is_there(shop: Database):
    placed = await place(shop, wish(), till())
    assert placed.payment is not None
    assert placed.payment.state is PaymentState.OPEN
    assert await count(shop, tables.grants) == 0
    payment = placed.payment
    received = await shop.write(
        lambda conn: sales.receive_event(conn, "practice", event(1, payment, status(payment)), "", "key", NOW)
    )
    assert received.outcome is Outcome.HANDLED
    order = await shop.read(lambda conn: rows.order_by_token(conn, placed.token))
    assert order is not None
    assert (order.state, order.expires_at) == (OrderState.GRANTED, None)
    assert await count(shop, tables.grants) == 1
    assert await shop.read(balances) == [
        ("practice:sales:1", "EUR", -500),
        ("practice:till:practice", "EUR", 500),
    ]


async def test_a_trusting_till_gives_the_files_before_the_money(shop: Database):
    placed = await place(shop, wish(), till("by_hand", trusts=True))
    order = await shop.read(lambda conn: rows.order_by_token(conn, placed.token))
    assert order is not None
    assert order.state is OrderState.GRANTED
    assert await count(shop, tables.grants) == 1
    assert await shop.read(balances) == []


async def test_the_same_form_twice_makes_one_order(shop: Database):
    first = await place(shop, wish(), till())
    second = await place(shop, wish(), till())
    assert (second.token, second.again) == (first.token, True)
    assert second.payment == first.payment
    assert await count(shop, tables.orders) == 1
    assert await count(shop, tables.payments) == 1


async def test_what_was_added_to_a_form_that_is_sent_again_is_not_lost(shop: Database):
    """Back, a second letter and an address, and sent once more."""
    for letter, email in ((None, None), ("Hello", None), ("Hello", None), ("And thanks", "bob@example.org")):
        placed = await place(shop, wish(Door.CANT_PAY, letter=letter, email=email), None)
    order = await shop.read(lambda conn: rows.order_by_id(conn, placed.order_id))
    letters = await shop.read(lambda conn: thread(conn, placed.order_id))
    assert ([letter.body for letter in letters], order.email) == (["Hello", "And thanks"], "bob@example.org")
    await place(shop, wish(Door.CANT_PAY, email="charlie@example.net"), None)
    assert await shop.read(lambda conn: rows.order_by_id(conn, placed.order_id)) == order
    assert await count(shop, tables.orders) == 1


async def test_the_same_form_ten_times_at_once_makes_one_order(shop: Database):
    placed = await asyncio.gather(*(place(shop, wish(Door.CANT_PAY), None) for _ in range(10)), return_exceptions=True)
    assert len({order.token for order in placed if not isinstance(order, BaseException)}) == 1
    assert not [order for order in placed if isinstance(order, BaseException)]
    assert await count(shop, tables.orders) == 1
    assert await count(shop, tables.grants) == 1


async def test_another_door_or_amount_is_another_wish(shop: Database):
    await place(shop, wish(Door.CANT_PAY), None)
    await place(shop, wish(Door.HAVE_COPY), None)
    await place(shop, wish(Door.PAY), till(session="a"))
    await place(shop, wish(Door.PAY, amount=Money(600, "EUR")), till(session="b"))
    assert await count(shop, tables.orders) == 4


async def test_an_unknown_work_makes_nothing(shop: Database):
    with pytest.raises(NotFound) as refused:
        await place(shop, wish(), till(), slug="no-such-work")
    assert refused.value.code is Code.WORK_UNKNOWN
    assert await count(shop, tables.orders) == 0


async def test_an_event_counts_once_however_often_it_comes(shop: Database):
    payment = (await place(shop, wish(), till())).payment
    assert payment is not None
    arrived = event(1, payment, status(payment))
    outcomes = await asyncio.gather(
        *(
            shop.write(lambda conn: sales.receive_event(conn, "practice", arrived, "", "key", NOW).outcome)
            for _ in range(10)
        )
    )
    assert sorted(outcomes) == [*[Outcome.DUPLICATE] * 9, Outcome.HANDLED]
    assert await count(shop, tables.ledger_entries) == 1
    assert await count(shop, tables.grants) == 1


async def test_two_different_events_that_say_paid_count_once(shop: Database):
    payment = (await place(shop, wish(), till())).payment
    assert payment is not None
    for number in (1, 2):
        said = event(number, payment, status(payment))
        await shop.write(lambda conn, said=said: sales.receive_event(conn, "practice", said, "", f"k{said}", NOW))
    assert await count(shop, tables.payment_events) == 2
    assert await shop.read(balances) == [
        ("practice:sales:1", "EUR", -500),
        ("practice:till:practice", "EUR", 500),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": Money(499, "EUR")},
        {"amount": Money(500, "USD")},
        {"mode": Mode.LIVE},
        {"session_id": "another"},
        {"reference": "HW-another"},
        {"refunds": (RefundStatus("r", Money(501, "EUR"), True),)},
        {"refunds": (RefundStatus("r", Money(1, "USD"), True),)},
    ],
)
async def test_an_event_that_does_not_match_grants_nothing(shop: Database, wrong: dict[str, object]):
    payment = (await place(shop, wish(), till())).payment
    assert payment is not None
    said = event(1, payment, status(payment, **wrong))
    received = await shop.write(lambda conn: sales.receive_event(conn, "practice", said, "", "key", NOW))
    assert received.outcome is Outcome.FETCH
    assert await count(shop, tables.payment_events) == 0
    fetched = await shop.write(
        lambda conn: sales.receive_fetched(conn, "practice", said, payment.id, status(payment, **wrong), "", "k", NOW)
    )
    assert fetched.outcome is Outcome.MISMATCH
    assert await count(shop, tables.grants) == 0
    assert await shop.read(balances) == []
    after = await shop.read(lambda conn: payment_rows.payment_by_id(conn, payment.id))
    assert after.state is PaymentState.OPEN


async def test_an_event_before_its_payment_is_asked_for_again_and_leaves_nothing(shop: Database):
    early = TillEvent("evt_1", "payment", "HW-not-yet", "s9", None)
    received = await shop.write(lambda conn: sales.receive_event(conn, "practice", early, "", "key", NOW))
    assert received.outcome is Outcome.EARLY
    assert await count(shop, tables.payment_events) == 0


async def test_an_event_of_another_till_moves_nothing(shop: Database):
    payment = (await place(shop, wish(), till("by_hand"))).payment
    assert payment is not None
    said = event(1, payment, status(payment))
    received = await shop.write(lambda conn: sales.receive_event(conn, "practice", said, "", "key", NOW))
    assert received.outcome is Outcome.EARLY
    assert await count(shop, tables.grants) == 0


async def test_money_that_comes_after_the_order_expired_still_counts(shop: Database):
    placed = await place(shop, wish(), till())
    payment = placed.payment
    assert payment is not None
    for state in (PaymentState.EXPIRED, PaymentState.PAID, PaymentState.EXPIRED, PaymentState.FAILED):
        await shop.write(lambda conn, state=state: sales.settle(conn, payment, status(payment, state), "key", NOW))
    after = await shop.read(lambda conn: payment_rows.payment_by_id(conn, payment.id))
    order = await shop.read(lambda conn: rows.order_by_token(conn, placed.token))
    assert order is not None
    assert (after.state, order.state) == (PaymentState.PAID, OrderState.GRANTED)
    assert await shop.read(balances) == [
        ("practice:sales:1", "EUR", -500),
        ("practice:till:practice", "EUR", 500),
    ]


async def test_money_that_is_promised_after_all_is_looked_for_again(shop: Database):
    payment = (await place(shop, wish(), till())).payment
    assert payment is not None
    for state in (PaymentState.EXPIRED, PaymentState.PENDING):
        await shop.write(lambda conn, state=state: sales.settle(conn, payment, status(payment, state), "key", NOW))
    leased = [await shop.write(lambda conn: sales.lease_checks(conn, NOW + sales.FIRST_CHECK, 9)) for _ in range(2)]
    assert [[each.id for each in found] for found in leased] == [[payment.id], []]


async def test_an_unpaid_order_expires_and_can_be_taken_free_afterwards(shop: Database):
    placed = await place(shop, wish(), till())
    payment = placed.payment
    assert payment is not None
    await shop.write(lambda conn: sales.settle(conn, payment, status(payment, PaymentState.EXPIRED), "key", NOW))
    order = await shop.read(lambda conn: rows.order_by_token(conn, placed.token))
    assert order is not None
    assert order.state is OrderState.EXPIRED
    assert [await shop.write(lambda conn: sales.take_free(conn, order.id, "key", NOW)) for _ in range(2)] == [
        True,
        False,
    ]
    assert await count(shop, tables.grants) == 1
    assert await doors_of(shop, placed.order_id) == ("cant_pay", "pay")


async def doors_of(database: Database, order_id: int) -> tuple[str, str]:
    """The door that an order counts for, and the one that it began with, where that is another."""
    columns = (tables.orders.c.door, tables.orders.c.first_door)
    wanted = select(*columns).where(tables.orders.c.id == order_id)
    return tuple(await database.read(lambda conn: conn.execute(wanted).one()))  # type: ignore[return-value]


async def test_who_takes_it_free_and_who_pays_at_once_go_through_one_door(shop: Database):
    placed = await place(shop, wish(), till())
    payment = placed.payment
    assert payment is not None
    paid = status(payment, PaymentState.PAID)
    took, _ = await asyncio.gather(
        shop.write(lambda conn: sales.take_free(conn, placed.order_id, "key", NOW)),
        shop.write(lambda conn: sales.settle(conn, payment, paid, "key", NOW)),
    )
    assert await doors_of(shop, placed.order_id) == (("cant_pay", "pay") if took else ("pay", ""))
    assert await count(shop, tables.grants) == 1
    assert sum(minor for _, _, minor in await shop.read(balances)) == 0
    assert await shop.write(lambda conn: sales.take_free(conn, placed.order_id, "key", NOW)) is False


async def change_work(database: Database, **values: object) -> None:
    await database.write(lambda conn: conn.execute(tables.works.update().values(**values)) and None)


async def test_a_door_that_is_closed_is_closed_on_the_order_page_too(shop: Database):
    placed = await place(shop, wish(), till())
    await change_work(shop, doors="pay,have_copy")
    with pytest.raises(Refused) as refused:
        await shop.write(lambda conn: sales.take_free(conn, placed.order_id, "key", NOW))
    assert refused.value.code is Code.DOOR_CLOSED
    assert await count(shop, tables.grants) == 0
    await change_work(shop, doors="cant_pay")
    taken = [await shop.write(lambda conn: sales.take_free(conn, placed.order_id, "key", NOW)) for _ in range(2)]
    assert taken == [True, False]
    await change_work(shop, doors="pay")
    assert await shop.write(lambda conn: sales.take_free(conn, placed.order_id, "key", NOW)) is False
    assert await count(shop, tables.grants) == 1


@pytest.mark.parametrize(
    ("minor", "minimum", "taken"),
    [
        (99, 100, False),
        (100, 100, True),
        (1, 0, True),
        (499, 1000, False),  # the minimum rose since: what was agreed at the door still holds
        (500, 1000, True),
    ],
)
async def test_before_the_files_the_pay_door_asks_for_its_minimum_on_the_order_page_too(
    shop: Database, minor: int, minimum: int, taken: bool
):
    placed = await place(shop, wish(), till())
    await change_work(shop, minimum_minor=minimum)

    def run(conn: Connection) -> payment_rows.PaymentRow:
        return sales.pay_more(conn, placed.order_id, Money(minor, "EUR"), "m" * 16, till(session="s2"), "HW-2", NOW)

    if taken:
        assert (await shop.write(run)).amount_minor == minor
        return
    with pytest.raises(Refused) as refused:
        await shop.write(run)
    assert refused.value.code is Code.AMOUNT_TOO_SMALL
    assert await count(shop, tables.payments) == 1


@pytest.mark.parametrize("door", [Door.PAY, Door.CANT_PAY])
async def test_a_work_that_asks_for_nothing_any_more_takes_no_money_on_the_order_page_either(
    shop: Database, door: Door
):
    placed = await place(shop, wish(door), till() if door is Door.PAY else None)
    before = await count(shop, tables.payments)
    await change_work(shop, doors="cant_pay,have_copy")

    def run(conn: Connection) -> payment_rows.PaymentRow:
        return sales.pay_more(conn, placed.order_id, FIVE, "m" * 16, till(session="s2"), "HW-2", NOW)

    with pytest.raises(Refused) as refused:
        await shop.write(run)
    assert refused.value.code is Code.DOOR_CLOSED
    assert await count(shop, tables.payments) == before
    await change_work(shop, doors="pay,cant_pay")
    assert (await shop.write(run)).amount == FIVE


async def test_for_a_work_that_is_withheld_nobody_pays(shop: Database):
    placed = await place(shop, wish(), till())
    await change_work(shop, state="withheld")
    with pytest.raises(Refused) as refused:
        await shop.write(
            lambda conn: sales.pay_more(conn, placed.order_id, FIVE, "m" * 16, till(session="s2"), "HW-2", NOW)
        )
    assert refused.value.code is Code.WORK_WITHHELD
    assert await count(shop, tables.payments) == 1


async def test_two_payments_on_one_order_both_count_and_go_back_each_by_itself(shop: Database):
    placed = await place(shop, wish(), till(session="a"))
    one = placed.payment
    other = await shop.write(
        lambda conn: sales.pay_more(conn, placed.order_id, Money(700, "EUR"), "m" * 16, till(session="b"), "HW-2", NOW)
    )
    assert one is not None
    for payment in (other, one, other):
        await shop.write(lambda conn, p=payment: sales.settle(conn, p, status(p), "key", NOW))
    back = status(one, refunds=(RefundStatus("r1", FIVE, done=True),))
    await shop.write(lambda conn: sales.settle(conn, one, back, "key", NOW))
    page = await shop.read(lambda conn: order_by_token(conn, placed.token))
    assert [(each.amount_minor, each.state, each.refunded_minor) for each in page.payments] == [
        (500, "paid", 500),
        (700, "paid", 0),
    ]
    assert await shop.read(balances) == [
        ("practice:refunds:1", "EUR", 500),
        ("practice:sales:1", "EUR", -1200),
        ("practice:till:practice", "EUR", 700),
    ]
    assert await count(shop, tables.grants) == 1


async def test_who_has_the_files_may_pay_as_little_as_they_like(shop: Database):
    placed = await place(shop, wish(Door.CANT_PAY), None)
    paid = await shop.write(
        lambda conn: sales.pay_more(conn, placed.order_id, Money(1, "EUR"), "m" * 16, till(), "HW-2", NOW)
    )
    assert paid.amount_minor == 1


async def test_a_refund_takes_money_and_never_the_files(shop: Database):
    payment = (await place(shop, wish(), till())).payment
    assert payment is not None
    first = RefundStatus("r1", Money(200, "EUR"), True)
    second = RefundStatus("r2", Money(300, "EUR"), True)
    waiting = RefundStatus("r3", Money(1, "EUR"), False)
    for refunds in ((), (first, waiting), (first, second), (second, first)):
        said = status(payment, refunds=refunds)
        await shop.write(lambda conn, said=said: sales.settle(conn, payment, said, "key", NOW))
    assert await shop.read(balances) == [
        ("practice:refunds:1", "EUR", 500),
        ("practice:sales:1", "EUR", -500),
        ("practice:till:practice", "EUR", 0),
    ]
    assert await count(shop, tables.refunds) == 2
    assert await count(shop, tables.grants) == 1


async def test_a_refund_that_the_bank_sends_back_is_none(shop: Database):
    placed = await place(shop, wish(), till())
    payment = placed.payment
    assert payment is not None
    first, again = (RefundStatus(name, Money(500, "EUR"), done=True) for name in ("r1", "r2"))
    failed = RefundStatus("r1", Money(500, "EUR"), done=False, failed=True)
    seen = []
    for refunds in ((first,), (failed,), (failed,), (first,), (failed, again), (failed, again)):
        said = status(payment, refunds=refunds)
        changed = await shop.write(lambda conn, said=said: sales.settle(conn, payment, said, "key", NOW))
        sums = {account: minor for account, _, minor in await shop.read(balances)}
        page = await shop.read(lambda conn: order_by_token(conn, placed.token))
        seen.append((changed, sums.get("practice:refunds:1", 0), page.payments[0].refunded_minor))
    assert seen == [(True, 500, 500), (True, 0, 0), (False, 0, 0), (False, 0, 0), (True, 500, 500), (False, 500, 500)]
    assert await shop.read(balances) == [
        ("practice:refunds:1", "EUR", 500),
        ("practice:sales:1", "EUR", -500),
        ("practice:till:practice", "EUR", 0),
    ]


async def test_a_refund_that_never_went_is_not_undone(shop: Database):
    payment = (await place(shop, wish(), till())).payment
    assert payment is not None
    failed = RefundStatus("r1", Money(500, "EUR"), done=False, failed=True)
    await shop.write(lambda conn: sales.settle(conn, payment, status(payment, refunds=(failed,)), "key", NOW))
    assert await count(shop, tables.refunds) == 0
    assert await count(shop, tables.ledger_entries) == 1


async def test_an_order_expires_with_the_last_of_two_payments_that_expire_at_once(shop: Database):
    placed = await place(shop, wish(), till(session="a"))
    one = placed.payment
    other = await shop.write(
        lambda conn: sales.pay_more(conn, placed.order_id, FIVE, "m" * 16, till(session="b"), "HW-2", NOW)
    )
    assert one is not None
    await side_by_side(
        shop,
        lambda conn: sales.settle(conn, one, status(one, PaymentState.EXPIRED), "key", NOW),
        lambda conn: sales.settle(conn, other, status(other, PaymentState.EXPIRED), "key", NOW),
    )
    order = await shop.read(lambda conn: rows.order_by_id(conn, placed.order_id))
    assert order.state is OrderState.EXPIRED


async def test_two_refunds_at_once_take_from_each_work_its_part(shop: Database):
    await shop.write(lambda conn: add_work(conn, "river-song"))
    placed = await place(shop, wish(amount=Money(2, "EUR")), till())
    payment = placed.payment
    assert payment is not None
    await shop.write(lambda conn: conn.execute(tables.order_lines.update().values(amount_minor=1)) and None)
    await shop.write(lambda conn: rows.add_line(conn, order_id=placed.order_id, work_id=2, amount_minor=1))
    await shop.write(lambda conn: sales.settle(conn, payment, status(payment), "key", NOW))
    refunds = [status(payment, refunds=(RefundStatus(name, Money(1, "EUR"), True),)) for name in ("r1", "r2")]
    await side_by_side(
        shop,
        lambda conn: sales.settle(conn, payment, refunds[0], "key", NOW),
        lambda conn: sales.settle(conn, payment, refunds[1], "key", NOW),
    )
    assert await shop.read(balances) == [
        ("practice:refunds:1", "EUR", 1),
        ("practice:refunds:2", "EUR", 1),
        ("practice:sales:1", "EUR", -1),
        ("practice:sales:2", "EUR", -1),
        ("practice:till:practice", "EUR", 0),
    ]


async def test_the_fee_is_booked_once(shop: Database):
    payment = (await place(shop, wish(), till())).payment
    assert payment is not None
    said = status(payment, fee=Money(38, "EUR"))
    for _ in range(2):
        await shop.write(lambda conn: sales.settle(conn, payment, said, "key", NOW))
    assert await shop.read(balances) == [
        ("practice:fees:practice", "EUR", 38),
        ("practice:sales:1", "EUR", -500),
        ("practice:till:practice", "EUR", 462),
    ]


async def test_the_creator_confirms_once_and_only_payments_by_hand(shop: Database):
    placed = await place(shop, wish(), till("by_hand", session="h1"))
    carded = await place(shop, wish(nonce="m" * 16), till("practice", session="p1"))
    assert placed.payment is not None
    assert carded.payment is not None
    reference, foreign = placed.payment.reference, carded.payment.reference
    four = Money(400, "EUR")
    paid = await shop.write(lambda conn: sales.confirm_by_hand(conn, reference, four, "key", NOW))
    assert (paid.state, paid.amount) == (PaymentState.PAID, four)
    with pytest.raises(Conflict):
        await shop.write(lambda conn: sales.confirm_by_hand(conn, reference, None, "key", NOW))
    with pytest.raises(Conflict):
        await shop.write(lambda conn: sales.confirm_by_hand(conn, reference, FIVE, "key", NOW))
    for unknown in (foreign, "HW-none"):
        with pytest.raises(NotFound):
            await shop.write(lambda conn, unknown=unknown: sales.confirm_by_hand(conn, unknown, None, "key", NOW))
    assert await shop.read(balances) == [
        ("practice:sales:1", "EUR", -400),
        ("practice:till:by_hand", "EUR", 400),
    ]


async def test_another_currency_is_not_confirmed(shop: Database):
    placed = await place(shop, wish(), till("by_hand"))
    assert placed.payment is not None
    reference = placed.payment.reference
    with pytest.raises(Refused):
        await shop.write(lambda conn: sales.confirm_by_hand(conn, reference, Money(500, "USD"), "key", NOW))
    assert await count(shop, tables.grants) == 0


async def test_ten_confirmations_at_once_count_once(shop: Database):
    placed = await place(shop, wish(), till("by_hand"))
    assert placed.payment is not None
    reference = placed.payment.reference
    results = await asyncio.gather(
        *(shop.write(lambda conn: sales.confirm_by_hand(conn, reference, None, "key", NOW)) for _ in range(10)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, payment_rows.PaymentRow) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 9
    assert await count(shop, tables.ledger_entries) == 1


async def test_withdrawing_works_for_fourteen_days_and_keeps_the_files(shop: Database):
    placed = await place(shop, wish(), till())
    payment = placed.payment
    assert payment is not None
    with pytest.raises(Refused):
        await shop.write(lambda conn: sales.withdraw(conn, placed.order_id, NOW))
    await shop.write(lambda conn: sales.settle(conn, payment, status(payment), "key", NOW))
    with pytest.raises(Refused):
        await shop.write(lambda conn: sales.withdraw(conn, placed.order_id, NOW + timedelta(days=14, seconds=1)))
    last = NOW + timedelta(days=14)
    answers = [await shop.write(lambda conn: sales.withdraw(conn, placed.order_id, last)) for _ in range(2)]
    assert answers == [True, False]
    assert await count(shop, tables.grants) == 1


async def test_paying_later_twice_with_one_form_makes_one_payment(shop: Database):
    placed = await place(shop, wish(Door.CANT_PAY), None)

    async def pay(session: str) -> payment_rows.PaymentRow:
        reference, choice = f"HW-{session}", till(session=session)
        return await shop.write(
            lambda conn: sales.pay_more(conn, placed.order_id, FIVE, "n" * 16, choice, reference, NOW)
        )

    first, second = await pay("one"), await pay("two")
    assert second == first
    await shop.write(lambda conn: sales.settle(conn, first, status(first), "key", NOW))
    assert await shop.read(balances) == [
        ("practice:sales:1", "EUR", -500),
        ("practice:till:practice", "EUR", 500),
    ]
    assert await count(shop, tables.grants) == 1


async def test_a_session_is_remembered_once(shop: Database):
    payment = (await place(shop, wish(), till("stripe", session=None))).payment
    assert payment is not None
    first, other = (TillSession(name, "https://till.example", LATER) for name in ("cs_1", "cs_2"))
    for _ in range(2):
        await shop.write(lambda conn: sales.open_session(conn, payment.id, first))
    with pytest.raises(Conflict):
        await shop.write(lambda conn: sales.open_session(conn, payment.id, other))
    after = await shop.read(lambda conn: payment_rows.payment_by_id(conn, payment.id))
    assert after.session_id == "cs_1"


async def test_a_due_look_at_the_till_goes_to_one_sweep_only(shop: Database):
    await place(shop, wish(), till())
    due = NOW + timedelta(minutes=3)
    leased = await asyncio.gather(*(shop.write(lambda conn: sales.lease_checks(conn, due, 50)) for _ in range(5)))
    assert sum(map(len, leased)) == 1


# ── any order, any number ────────────────────────────────────────────────────────────────────────

_REFUNDS = (RefundStatus("r1", Money(120, "EUR"), True), RefundStatus("r2", Money(380, "EUR"), True))
_EXTRA = (ExtraFee("t1", Money(1500, "EUR")), ExtraFee("t2", Money(-1500, "EUR")), ExtraFee("t3", Money(7, "EUR")))
_FACTS = st.one_of(
    st.sampled_from([PaymentState.PENDING, PaymentState.FAILED, PaymentState.EXPIRED]).map(
        lambda state: (state, None, (), ())
    ),
    st.tuples(
        st.just(PaymentState.PAID),
        st.sampled_from([None, Money(33, "EUR")]),
        st.sampled_from([(), _REFUNDS[:1], _REFUNDS[1:], _REFUNDS]),
        st.sampled_from([(), _EXTRA[:1], _EXTRA[1:], _EXTRA]),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.lists(_FACTS, min_size=1, max_size=8))
def test_whatever_comes_in_whatever_order_the_ledger_is_exact(sqlite_url: str, facts: list[tuple]):
    asyncio.run(_whatever_comes(sqlite_url, facts))


async def _whatever_comes(url: str, facts: list[tuple]) -> None:
    number = next(_numbers)
    async with Database(url) as shop:
        await shop.write(lambda conn: add_work(conn, f"work-{number}"))
        choice = till(session=f"session-{number}")
        placed = await place(shop, wish(nonce=f"nonce-nonce-{number:08}"), choice, f"work-{number}")
        payment = placed.payment
        assert payment is not None
        before = {(account, currency): total for account, currency, total in await shop.read(balances)}
        for state, fee, refunds, extra in [*facts, *facts]:
            said = status(payment, state, fee=fee, refunds=refunds, extra_fees=extra)
            await shop.write(lambda conn, said=said: sales.settle(conn, payment, said, f"key-{number}", NOW))
        paid = [fact for fact in facts if fact[0] is PaymentState.PAID]
        refunded = sum({refund.external_id: refund.amount.minor for fact in paid for refund in fact[2]}.values())
        fee = 33 if any(fact[1] for fact in paid) else 0
        fee += sum({one.external_id: one.amount.minor for fact in paid for one in fact[3]}.values())
        moved = {
            account: total - before.get((account, currency), 0)
            for account, currency, total in await shop.read(balances)
        }
        work = placed.order_id and (await shop.read(lambda conn: rows.work_ids(conn, placed.order_id)))[0]
        expected = {
            "practice:till:practice": (500 - fee - refunded) if paid else 0,
            f"practice:sales:{work}": -500 if paid else 0,
            f"practice:refunds:{work}": refunded,
            "practice:fees:practice": fee,
        }
        assert {account: total for account, total in moved.items() if total} == {
            account: total for account, total in expected.items() if total
        }
        order = await shop.read(lambda conn: rows.order_by_token(conn, placed.token))
        assert order is not None
        assert (order.state is OrderState.GRANTED) == bool(paid)
        after = await shop.read(lambda conn: payment_rows.payment_by_id(conn, payment.id))
        assert (after.state is PaymentState.PAID) == bool(paid)
