"""Threads: put away and brought back, closed and opened, found; and what letters do to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import select

from headwaters.actions import letters as letter_verbs
from headwaters.actions import threads as verbs
from headwaters.actions.deeds import noted
from headwaters.actions.shop import change_settings
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import Code, Conflict, NotFound
from headwaters.core.letters import Tray, Way
from headwaters.core.sales.states import Door
from headwaters.errands.house import House
from headwaters.store import letters as rows
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.store.threads import ThreadState, thread_state
from tests.actions.test_letters import answer, order, queued, thread, write
from tests.people import ALICE, BOB, Order, add_work, fresh_nonce, take_work
from tests.support.house import Clock

__all__ = ["order"]

VERBS: dict[str, tuple[str, str]] = {  # a verb, and the one that undoes it
    "archive": ("archive", "bring_back"),
    "block": ("block", "unblock"),
}


async def do(house: House, verb: str, order_id: int, **more: int) -> bool:
    takes_now = {"now": house.clock()} if verb in {"archive", "block"} else {}
    call: Callable[[Connection], bool] = partial(getattr(verbs, verb), order_id=order_id, **takes_now, **more)
    return await house.db.write(call)


async def state(house: House, order: Order) -> ThreadState:
    return await house.db.read(lambda conn: thread_state(conn, order.id))


async def listed(house: House, tray: Tray = Tray.OPEN, find: str = "") -> list[int]:
    found = await house.db.read(lambda conn: rows.threads(conn, 100, 0, tray, find))
    counts = await house.db.read(
        lambda conn: (rows.count_threads(conn, tray, find), rows.count_trays(conn, find)[tray])
    )
    assert counts == (len(found), len(found))
    return [row.order_id for row in found]


@pytest.mark.parametrize(("verb", "undo"), VERBS.values(), ids=VERBS)
async def test_each_verb_is_done_once_and_undone_once(house: House, order: Order, verb: str, undo: str) -> None:
    await write(house, order)
    assert await do(house, undo, order.id) is False
    assert [await do(house, verb, order.id) for _ in range(2)] == [True, False]
    assert await state(house, order) != ThreadState()
    assert [await do(house, undo, order.id) for _ in range(2)] == [True, False]
    assert await state(house, order) == ThreadState()


@pytest.mark.parametrize("verb", ["archive", "bring_back", "block", "unblock", "mark_unread"])
async def test_an_order_that_is_not_there_has_no_thread(house: House, order: Order, verb: str) -> None:
    with pytest.raises(NotFound) as refused:
        await do(house, verb, order.id + 1)
    assert refused.value.code == Code.ORDER_UNKNOWN
    assert await house.db.read(lambda conn: conn.execute(select(tables.threads)).all()) == []


@pytest.mark.parametrize("verb", ["archive", "block"])
async def test_ten_at_once_do_it_once(house: House, order: Order, verb: str) -> None:
    await write(house, order)
    done = await asyncio.gather(*(do(house, verb, order.id) for _ in range(10)))
    assert sorted(done) == [False] * 9 + [True]


async def test_a_deed_is_noted_where_something_was_done_and_names_no_word_of_a_letter(
    house: House, order: Order
) -> None:
    await write(house, order, "A secret of Bob's")
    deed = Deed(None, What.LETTERS_BLOCKED, f"order:{order.id}")
    for _ in range(2):
        await house.db.write(noted(lambda conn: verbs.block(conn, order.id, house.clock()), deed, house.clock()))
    log = await house.db.read(lambda conn: conn.execute(select(tables.audit_log)).all())
    assert [(row.creator_id, row.deed, row.subject, row.details) for row in log] == [
        (None, "letters.blocked", f"order:{order.id}", "")
    ]


# ── the archive ──────────────────────────────────────────────────────────────────────────────────


async def test_what_is_archived_is_read_and_out_of_sight_until_its_reader_writes(house: House, order: Order) -> None:
    await write(house, order)
    await do(house, "archive", order.id)
    assert await house.db.read(rows.count_unread) == 0
    assert (await listed(house), await listed(house, Tray.ARCHIVED)) == ([], [order.id])
    await answer(house, order)
    assert await listed(house, Tray.ARCHIVED) == [order.id]
    await write(house, order, "One more thing")
    assert (await listed(house), await listed(house, Tray.ARCHIVED)) == ([order.id], [])
    assert await house.db.read(rows.count_unread) == 1


async def test_a_letter_that_was_not_seen_is_not_archived(house: House, order: Order) -> None:
    seen = (await write(house, order)).id
    await write(house, order, "And another")
    with pytest.raises(Conflict) as refused:
        await do(house, "archive", order.id, seen=seen)
    assert refused.value.code == Code.LETTERS_NEWER
    assert await state(house, order) == ThreadState()
    assert await house.db.read(rows.count_unread) == 2


async def test_a_letter_and_an_archive_at_once_leave_no_unread_letter_in_the_archive(
    house: House, order: Order
) -> None:
    for number in range(8):
        seen = (await write(house, order, f"First {number}")).id
        results = await asyncio.gather(
            do(house, "archive", order.id, seen=seen), write(house, order, f"Late {number}"), return_exceptions=True
        )
        assert not isinstance(results[1], BaseException)
        assert isinstance(results[0], Conflict) or results[0] is True
        assert (await state(house, order)).archived_at is None
        assert await house.db.read(rows.count_unread) >= 1


async def test_unread_again_is_out_of_the_archive(house: House, order: Order) -> None:
    assert await do(house, "mark_unread", order.id) is False  # there is no letter
    await write(house, order)
    assert await do(house, "mark_unread", order.id) is False  # it is unread
    await do(house, "archive", order.id)
    await answer(house, order)
    assert await do(house, "mark_unread", order.id) is True
    assert await listed(house, Tray.UNREAD) == [order.id]
    assert await house.db.read(rows.count_unread) == 1


# ── closed to its reader ─────────────────────────────────────────────────────────────────────────


async def test_a_closed_thread_takes_no_letter_of_either_side_and_causes_no_mail(house: House, order: Order) -> None:
    await house.db.write(lambda conn: change_settings(conn, {"notify_email": ALICE, "notify_letters": "each"}))
    await write(house, order, "The last one", wants_mail=True)
    before = await queued(house, "mail")
    await do(house, "block", order.id)
    for attempt in (write(house, order, "Let me in", wants_mail=True), answer(house, order)):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert (refused.value.code, refused.value.field) == (Code.LETTERS_CLOSED, "letter")
    assert await thread(house, order) == [("reader", "The last one")]
    assert await queued(house, "mail") == before
    assert (await listed(house), await listed(house, Tray.BLOCKED)) == ([], [order.id])
    assert await house.db.read(rows.count_unread) == 0
    await do(house, "unblock", order.id)
    await write(house, order, "Thank you")
    assert await listed(house) == [order.id]


async def test_what_was_written_before_it_was_closed_is_still_the_same_letter(house: House, order: Order) -> None:
    nonce = fresh_nonce()
    first = await write(house, order, nonce=nonce)
    await do(house, "block", order.id)
    again = await write(house, order, nonce=nonce)
    assert (again.id, again.body) == (first.id, first.body)


async def test_letters_and_a_block_at_once_are_one_after_the_other(house: House, order: Order) -> None:
    results = await asyncio.gather(
        *(write(house, order, f"Letter {number}") for number in range(4)),
        do(house, "block", order.id),
        *(write(house, order, f"Letter {number}") for number in range(4, 8)),
        return_exceptions=True,
    )
    written = [letter.body for letter in results if isinstance(letter, rows.LetterRow)]
    refused = [error for error in results if isinstance(error, BaseException)]
    assert all(isinstance(error, Conflict) and error.code == Code.LETTERS_CLOSED for error in refused)
    assert len(written) + len(refused) == 8
    assert sorted(body for _, body in await thread(house, order)) == sorted(written)
    with pytest.raises(Conflict):
        await write(house, order, "Too late")
    assert await house.db.read(rows.count_unread) == 0


async def test_another_order_of_the_same_reader_has_letters_of_its_own(house: House, order: Order) -> None:
    other = await take_work(house, Door.CANT_PAY, email=BOB)
    await do(house, "block", order.id)
    await write(house, other)
    assert await thread(house, other) == [("reader", "Dear Alice")]


# ── an answer that has seen everything ───────────────────────────────────────────────────────────


async def send(house: House, order: Order, body: str, nonce: str, **more: object) -> rows.LetterRow | bool:
    ref, now = house.token()[:13], house.clock()
    verb = partial(letter_verbs.answer_once, order_id=order.id, body=body, nonce=nonce, ref=ref, now=now, **more)
    return await house.db.write(verb)  # type: ignore[arg-type]


async def test_two_tabs_answer_and_the_second_sees_the_first(house: House, order: Order) -> None:
    seen, tabs = (await write(house, order)).id, (fresh_nonce(), fresh_nonce())
    first = await send(house, order, "Very cold.", tabs[0], seen=seen)
    with pytest.raises(Conflict) as refused:
        await send(house, order, "Not at all.", tabs[1], seen=seen)
    assert refused.value.code == Code.LETTERS_NEWER
    assert await send(house, order, "Very cold.", tabs[0], seen=seen) is False  # the same form is the same answer
    assert isinstance(first, rows.LetterRow)
    assert await send(house, order, "Not at all.", tabs[1], seen=first.id)
    assert [body for _, body in await thread(house, order)] == ["Dear Alice", "Very cold.", "Not at all."]


async def test_two_tabs_at_once_are_one_answer_and_one_that_is_shown_it(house: House, order: Order) -> None:
    seen = (await write(house, order)).id
    results = await asyncio.gather(
        *(send(house, order, f"Answer {number}", fresh_nonce(), seen=seen) for number in range(6)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, rows.LetterRow) for each in results) == 1
    assert sum(isinstance(each, Conflict) and each.code == Code.LETTERS_NEWER for each in results) == 5
    assert len(await thread(house, order)) == 2


@pytest.mark.parametrize(("way", "mails"), [(Way.ASKED, 1), (Way.PAGE, 0)])
async def test_the_creator_chooses_the_way_of_each_answer(house: House, order: Order, way: Way, mails: int) -> None:
    await write(house, order, wants_mail=True)
    sent = await send(house, order, "Dear Bob", fresh_nonce(), way=way)
    assert isinstance(sent, rows.LetterRow)
    assert sent.wants_mail is bool(mails)
    assert await queued(house, "mail.answer") == [f"answer:{sent.id}"] * mails


async def test_nothing_goes_by_mail_that_was_not_asked_for(house: House, order: Order) -> None:
    await write(house, order)
    sent = await send(house, order, "Dear Bob", fresh_nonce(), way=Way.ASKED)
    assert isinstance(sent, rows.LetterRow)
    assert not sent.wants_mail
    assert await queued(house, "mail.answer") == []


# ── finding ──────────────────────────────────────────────────────────────────────────────────────


async def test_letters_are_found_by_their_words_work_address_and_order(house: House, order: Order) -> None:
    await house.db.write(lambda conn: add_work(conn, "umlaut", "ÜBER den Fluss 100%"))
    other = await take_work(house, Door.CANT_PAY, slug="umlaut", letter="War es kalt?\nÄußerst, sagt man.")
    await write(house, order, "Was it COLD? <b>")
    await take_work(house, Door.CANT_PAY)  # without a letter
    for text in ("cold", "<B>", "high", "BOB@example", f"#{order.id}"):
        assert await listed(house, Tray.ALL, text) == [order.id], text
    for text in ("kalt", "äußerst", "Äußerst", "ÜBER DEN", "über den", "100%"):
        assert await listed(house, Tray.ALL, text) == [other.id], text
    for text in ("warm", "c_ld", "%%", "#999", "charlie@", "'; DROP TABLE letters; --"):
        assert await listed(house, Tray.ALL, text) == [], text
    await do(house, "archive", order.id)
    assert await listed(house, Tray.OPEN, "cold") == []
    assert await listed(house, Tray.ALL, "cold") == [order.id]


async def test_the_ways_to_the_unread_threads_beside(house: House, order: Order, clock: Clock) -> None:
    others = [await take_work(house, Door.CANT_PAY) for _ in range(3)]
    newest = [(await write(house, each)).id for each in (order, *others)]

    async def beside(letter_id: int) -> tuple[int | None, int | None]:
        return await house.db.read(lambda conn: rows.unread_beside(conn, letter_id))

    assert await beside(newest[1]) == (others[1].id, order.id)
    assert await beside(newest[3]) == (None, others[1].id)
    assert await beside(newest[0]) == (others[0].id, None)
    await do(house, "archive", others[1].id)
    assert await beside(newest[3]) == (None, others[0].id)


async def test_letters_of_a_tray_for_the_command_line(house: House, order: Order) -> None:
    other = await take_work(house, Door.CANT_PAY, letter="Something else")
    await write(house, order)
    await do(house, "archive", other.id)

    async def found(tray: Tray) -> list[str]:
        return [letter.body for letter in await house.db.read(lambda conn: rows.newest_letters(conn, 10, tray))]

    assert await found(Tray.ALL) == ["Dear Alice", "Something else"]
    assert await found(Tray.ARCHIVED) == ["Something else"]
    assert [letter.body for letter in await house.db.read(lambda conn: rows.unread_letters(conn, 10))] == ["Dear Alice"]
