"""Letters: written once, answered, read; and the mail that they cause."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlalchemy import select

from headwaters.actions import letters as verbs
from headwaters.actions.shop import change_settings
from headwaters.core.errors import Code, NotFound, Refused, TooLarge
from headwaters.core.letters import Author
from headwaters.core.sales.states import Door
from headwaters.errands.house import House
from headwaters.store import letters as rows
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.store.letters import LetterRow
from tests.people import ALICE, BOB, Order, add_work, fresh_nonce, take_work
from tests.support.house import Clock


@pytest.fixture
async def order(house: House) -> Order:
    """Bob's order, with his address."""
    await house.db.write(add_work)
    return await take_work(house, Door.CANT_PAY, email=BOB)


async def write(house: House, order: Order, body: str = "Dear Alice", **more: object) -> LetterRow:
    values = {
        "order_id": order.id,
        "author": Author.READER,
        "body": body,
        "wants_mail": False,
        "nonce": fresh_nonce(),
        "ref": house.token()[:13],
        "now": house.clock(),
        **more,
    }
    return await house.db.write(lambda conn: verbs.write_letter(conn, **values))  # type: ignore[arg-type]


async def answer(house: House, order: Order, body: str = "Dear Bob", nonce: str = "") -> LetterRow:
    verb = partial(verbs.answer, order_id=order.id, body=body, nonce=nonce or fresh_nonce(), ref=house.token()[:13])
    return await house.db.write(lambda conn: verb(conn, now=house.clock()))


async def thread(house: House, order: Order) -> list[tuple[str, str]]:
    letters = await house.db.read(lambda conn: rows.thread(conn, order.id))
    return [(letter.author.value, letter.body) for letter in letters]


async def queued(house: House, kind: str) -> list[str]:
    def look(conn: Connection) -> list[str]:
        found = conn.execute(select(tables.outbox.c.key).where(tables.outbox.c.kind.startswith(kind)))
        return sorted(key for (key,) in found)

    return await house.db.read(look)


async def test_a_letter_and_its_answer_make_a_thread(house: House, order: Order) -> None:
    await write(house, order, "Dear Alice,\r\nthank you \x00<b>so</b> much.")
    await answer(house, order)
    assert await thread(house, order) == [
        ("reader", "Dear Alice,\nthank you <b>so</b> much."),
        ("creator", "Dear Bob"),
    ]


async def test_the_same_form_twice_is_one_letter(house: House, order: Order) -> None:
    nonce = fresh_nonce()
    first = await write(house, order, nonce=nonce)
    second = await write(house, order, nonce=nonce)
    assert second == first
    assert await thread(house, order) == [("reader", "Dear Alice")]


async def test_the_same_form_ten_times_at_once_is_one_letter(house: House, order: Order) -> None:
    nonce = fresh_nonce()
    refs = {letter.ref for letter in await asyncio.gather(*(write(house, order, nonce=nonce) for _ in range(10)))}
    assert len(refs) == 1
    assert await thread(house, order) == [("reader", "Dear Alice")]


async def test_the_same_form_with_another_text_is_another_letter(house: House, order: Order) -> None:
    """Back, corrected, sent again: nothing that somebody wrote is lost."""
    nonce = fresh_nonce()
    await write(house, order, "Dear Alcie", nonce=nonce)
    await write(house, order, "Dear Alice", nonce=nonce)
    assert await thread(house, order) == [("reader", "Dear Alcie"), ("reader", "Dear Alice")]


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        ("", Refused, Code.LETTER_EMPTY),
        (" \u200b\n", Refused, Code.LETTER_EMPTY),
        ("x" * 20_001, TooLarge, Code.LETTER_TOO_LONG),
        ("x" * 10_000_000, TooLarge, Code.LETTER_TOO_LONG),
    ],
    ids=["empty", "invisible", "a byte too long", "ten megabytes"],
)
async def test_what_is_no_letter_is_refused_and_nothing_is_kept(
    house: House, order: Order, body: str, kind: type[Refused], code: Code
) -> None:
    await house.db.write(lambda conn: change_settings(conn, {"notify_email": ALICE, "notify_letters": "on"}))
    for attempt in (write(house, order, body), answer(house, order, body)):
        with pytest.raises(kind) as refused:
            await attempt
        assert refused.value.code == code
    assert await thread(house, order) == []
    assert await queued(house, "mail.notice") == []


async def test_an_answer_needs_an_order(house: House, order: Order) -> None:
    with pytest.raises(NotFound) as refused:
        await answer(house, Order(order.id + 1, "", ""))
    assert refused.value.code == Code.ORDER_UNKNOWN


async def test_the_answer_goes_by_mail_when_the_readers_last_letter_asked(house: House, order: Order) -> None:
    await write(house, order, wants_mail=True)
    nonce = fresh_nonce()
    first, second = [await answer(house, order, nonce=nonce) for _ in range(2)]
    assert first == second
    assert await queued(house, "mail.answer") == [f"answer:{first.id}"]


async def test_the_last_letters_tick_counts(house: House, order: Order) -> None:
    await write(house, order, wants_mail=True)
    await write(house, order, "No mail after all", wants_mail=False)
    await answer(house, order)
    assert await queued(house, "mail.answer") == []


async def test_without_an_address_no_answer_is_mailed(house: House, order: Order) -> None:
    nobody = await take_work(house, Door.CANT_PAY)
    await write(house, nobody, wants_mail=True)
    await answer(house, nobody)
    assert await queued(house, "mail.answer") == []


async def test_the_creator_writes_first(house: House, order: Order) -> None:
    await answer(house, order, "Thank you for taking it")
    assert await thread(house, order) == [("creator", "Thank you for taking it")]


async def test_letters_are_unread_until_the_thread_is_opened_or_answered(house: House, order: Order) -> None:
    other = await take_work(house, Door.CANT_PAY)
    await write(house, order)
    await write(house, order, "And another thing")
    await write(house, other)
    assert await house.db.read(rows.count_unread) == 3
    opened = await house.db.write(lambda conn: verbs.open_thread(conn, order.id, house.clock()))
    assert [letter.read_at for letter in opened] == [None, None]  # still shown as new this once
    assert await house.db.read(rows.count_unread) == 1
    await answer(house, other)
    assert await house.db.read(rows.count_unread) == 0


async def test_threads_are_listed_unread_first_then_the_newest(house: House, order: Order, clock: Clock) -> None:
    others = [await take_work(house, Door.CANT_PAY) for _ in range(2)]
    for each in (order, *others):
        await write(house, each)
        clock.move(minutes=1)
    await answer(house, others[1])
    listed = await house.db.read(lambda conn: rows.threads(conn, 10))
    assert [(row.order_id, row.title, row.count, row.unread) for row in listed] == [
        (others[0].id, "High Water", 1, 1),
        (order.id, "High Water", 1, 1),
        (others[1].id, "High Water", 2, 0),
    ]
    assert await house.db.read(rows.count_threads) == 3
    assert [row.order_id for row in await house.db.read(lambda conn: rows.threads(conn, 1, 1))] == [order.id]


async def test_a_letter_comes_with_the_take_form(house: House, order: Order) -> None:
    with_letter = await take_work(house, Door.HAVE_COPY, email=BOB, letter="I saw it at a friend's")
    assert await thread(house, with_letter) == [("reader", "I saw it at a friend's")]


async def test_a_refusal_of_mail_is_remembered_once(house: House) -> None:
    refusing = [await house.db.write(lambda conn: verbs.refuse_mail(conn, "d" * 64, house.clock())) for _ in range(2)]
    assert refusing == [True, False]
    assert await house.db.read(lambda conn: rows.refuses_mail(conn, "d" * 64))
    assert not await house.db.read(lambda conn: rows.refuses_mail(conn, "e" * 64))
