"""A note, a corrected address, money paid back by hand: each happy, refused, twice, and two at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from headwaters.actions import orders as verbs
from headwaters.core.errors import Code, Conflict, NotFound, Refused
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.errands import orders, settle
from headwaters.errands.house import House
from headwaters.store import ledger as ledger_rows
from headwaters.store import orders as rows
from headwaters.store import sales, tables
from headwaters.store.db import Connection
from tests.people import BOB, Order, add_work, take_work
from tests.support.databases import side_by_side

TOKEN = "n" * 26


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


@pytest.fixture
async def shop(house: House) -> House:
    await house.db.write(add_work)
    return house


@pytest.fixture
async def paid(shop: House) -> Order:
    """€7.50 that came by hand."""
    order = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    await settle.confirm(shop, order.reference)
    return order


async def balances(house: House) -> list[tuple[str, str, int]]:
    return await house.db.read(ledger_rows.balances)


async def deeds(house: House) -> list[tuple[object, ...]]:
    log = tables.audit_log.c
    found = await house.db.read(
        lambda conn: conn.execute(select(log.creator_id, log.deed, log.subject, log.details).order_by(log.id)).all()
    )
    return [tuple(line) for line in found]


async def refusal(house: House, verb: Callable[[Connection], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        await house.db.write(verb)
    return caught.value


# ── a note ───────────────────────────────────────────────────────────────────────────────────────


async def note_of(house: House, order: Order) -> str:
    return await house.db.read(lambda conn: rows.note_of(conn, order.id))


async def test_a_note_is_kept_once_and_noted_without_its_words(shop: House) -> None:
    order = await take_work(shop)
    kept = [await orders.write_note(shop, order.id, " A friend\r\nof Bob's ", "", 1) for _ in range(2)]
    assert kept == [True, False]
    assert await note_of(shop, order) == "A friend\nof Bob's"
    assert await orders.write_note(shop, order.id, "", "A friend\r\nof Bob's", 1)
    assert await note_of(shop, order) == ""
    assert await deeds(shop) == [(1, "order.note", f"order:{order.id}", "")] * 2


async def test_of_two_who_write_a_note_the_second_is_told(shop: House) -> None:
    order = await take_work(shop)
    await orders.write_note(shop, order.id, "one", "", 1)
    with pytest.raises(Conflict) as caught:
        await orders.write_note(shop, order.id, "two", "", 2)
    assert (caught.value.code, caught.value.field) == (Code.EDIT_CONFLICT, "note")
    assert "It now says: one" in str(caught.value)
    assert await note_of(shop, order) == "one"


async def test_a_note_that_is_no_note(shop: House) -> None:
    order = await take_work(shop)
    error = await refusal(shop, lambda conn: verbs.write_note(conn, order.id, "x" * 4001, "", shop.clock()))
    assert (error.code, error.field) == (Code.LETTER_TOO_LONG, "note")
    error = await refusal(shop, lambda conn: verbs.write_note(conn, 999, "x", "", shop.clock()))
    assert error.code is Code.ORDER_UNKNOWN


# ── an address ───────────────────────────────────────────────────────────────────────────────────


async def email_of(house: House, order: Order) -> str | None:
    return await house.db.read(lambda conn: sales.order_by_id(conn, order.id).email)


async def mails(house: House) -> int:
    return await house.db.read(lambda conn: conn.execute(select(func.count()).select_from(tables.outbox)).scalar() or 0)


async def test_an_address_is_corrected_once_and_the_link_goes_there(shop: House) -> None:
    order = await take_work(shop, email="bbo@example.org")
    assert await mails(shop) == 1
    for done in (True, False):
        assert await orders.correct_address(shop, order.id, " Bob@EXAMPLE.org", "bbo@example.org", 1) is done
    assert await email_of(shop, order) == "Bob@example.org"
    assert await mails(shop) == 2
    assert await deeds(shop) == [(1, "order.address", f"order:{order.id}", "")], "the log holds no address"
    assert await orders.correct_address(shop, order.id, "", "Bob@example.org", 1)
    assert await email_of(shop, order) is None
    assert await mails(shop) == 2


async def test_an_address_that_the_reader_changed_meanwhile_is_not_overwritten(shop: House) -> None:
    order = await take_work(shop, email=BOB)
    with pytest.raises(Conflict) as caught:
        await orders.correct_address(shop, order.id, "new@example.org", "old@example.org", 1)
    assert (caught.value.code, caught.value.field) == (Code.EDIT_CONFLICT, "email")
    assert await email_of(shop, order) == BOB
    with pytest.raises(Refused) as refused:
        await orders.correct_address(shop, order.id, "no address", BOB, 1)
    assert refused.value.code is Code.EMAIL_INVALID
    with pytest.raises(NotFound):
        await orders.correct_address(shop, 999, BOB, "", 1)
    assert await deeds(shop) == []


# ── money that went back by hand ─────────────────────────────────────────────────────────────────


async def test_money_goes_back_in_parts_to_the_last_cent_and_not_beyond(shop: House, paid: Order) -> None:
    assert await orders.refund_by_hand(shop, paid.reference, euros(250), "a" * 26, 1)
    assert await balances(shop) == [("refunds:1", "EUR", 250), ("sales:1", "EUR", -750), ("till:by_hand", "EUR", 500)]
    error = await refusal(
        shop, lambda conn: verbs.refund_by_hand(conn, paid.reference, euros(501), "b" * 26, shop.clock())
    )
    assert (error.code, error.field, error.values["left"]) == (Code.AMOUNT_TOO_LARGE, "amount", euros(500))
    assert await orders.refund_by_hand(shop, paid.reference.lower(), euros(500), "c" * 26, 1)
    assert await balances(shop) == [("refunds:1", "EUR", 750), ("sales:1", "EUR", -750), ("till:by_hand", "EUR", 0)]
    error = await refusal(
        shop, lambda conn: verbs.refund_by_hand(conn, paid.reference, euros(1), "d" * 26, shop.clock())
    )
    assert error.code is Code.AMOUNT_TOO_LARGE
    subject = f"payment:{paid.reference}"
    assert await deeds(shop) == [
        (None, "payment.confirmed", subject, ""),
        (1, "refund.booked", subject, '{"amount": "2.50 EUR"}'),
        (1, "refund.booked", subject, '{"amount": "5.00 EUR"}'),
    ]


async def test_the_same_form_twice_is_one_refund(shop: House, paid: Order) -> None:
    done = [await orders.refund_by_hand(shop, paid.reference, euros(250), TOKEN, 1) for _ in range(2)]
    assert done == [True, False]
    assert ("refunds:1", "EUR", 250) in await balances(shop)
    assert len(await deeds(shop)) == 2


async def test_what_was_not_paid_by_hand_is_not_paid_back_by_hand(shop: House) -> None:
    waiting = await take_work(shop, Door.PAY, till="by_hand")
    practice = await take_work(shop, Door.PAY, till="practice")
    for reference, code in (
        (waiting.reference, Code.PAYMENT_STATE),
        (practice.reference, Code.PAYMENT_STATE),
        ("HW-2222-2222", Code.PAYMENT_STATE),
    ):
        with pytest.raises(Refused) as caught:
            await orders.refund_by_hand(shop, reference, euros(1), TOKEN, 1)
        assert caught.value.code is code
    assert await balances(shop) == []


async def test_another_currency_is_refused(shop: House, paid: Order) -> None:
    with pytest.raises(Refused) as caught:
        await orders.refund_by_hand(shop, paid.reference, Money(100, "USD"), TOKEN, 1)
    assert caught.value.code is Code.CURRENCY_UNKNOWN


async def test_of_two_refunds_at_once_that_are_too_much_together_one_is_booked(shop: House, paid: Order) -> None:
    def give(nonce: str) -> Callable[[Connection], object]:
        return lambda conn: verbs.refund_by_hand(conn, paid.reference, euros(400), nonce * 26, shop.clock())

    one, other = await side_by_side(shop.db, give("a"), give("b"))
    assert one is True
    assert isinstance(other, Refused)
    assert other.code is Code.AMOUNT_TOO_LARGE
    assert ("refunds:1", "EUR", 400) in await balances(shop)


async def test_of_two_who_confirm_at_once_one_does(shop: House) -> None:
    from headwaters.actions.sales import confirm_by_hand

    order = await take_work(shop, Door.PAY, till="by_hand", minor=750)

    def confirm(key: str) -> Callable[[Connection], object]:
        return lambda conn: confirm_by_hand(conn, order.reference, euros(750), key, shop.clock())

    one, other = await side_by_side(shop.db, confirm("key-one"), confirm("key-two"))
    assert sorted(type(each).__name__ for each in (one, other)) == ["Conflict", "PaymentRow"]
    assert await balances(shop) == [("sales:1", "EUR", -750), ("till:by_hand", "EUR", 750)]
