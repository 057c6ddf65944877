"""View queries, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headwaters.core.errors import Code, NotFound
from headwaters.core.sales.states import Door
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.store import pages
from tests.support.house import Clock
from tests.support.pages import Part, order, painted, publish


async def test_a_work_comes_with_its_newest_edition_and_files_in_order(house: House) -> None:
    await publish(house, "High Water", [Part("first.txt")])
    parts = [Part("b.txt", b"b", label="B"), Part("a.txt", b"aa", seconds=61), painted((320, 200))]
    await publish(house, "High Water", parts, year=2026)
    work = await house.db.read(lambda conn: pages.work_by_slug(conn, "high-water"))
    assert (work.title, work.edition, work.year, work.state) == ("High Water", 2, 2026, "published")
    assert [(file.name, file.size, file.seconds, file.width) for file in work.files] == [
        ("b.txt", 1, None, None),
        ("a.txt", 2, 61, None),
        ("art.webp", work.files[2].size, None, 320),
    ]
    assert [file.name for file in work.of_role("work")] == ["b.txt", "a.txt"]
    held = await house.db.read(lambda conn: pages.work_by_id(conn, work.id))
    assert replace(held, history=()) == work
    assert [(edition.number, edition.changes) for edition in held.history] == [(2, ""), (1, "")]
    assert await house.db.read(pages.published_works) == (work,)


async def test_what_is_not_there_is_not_found(house: House) -> None:
    for ask, code in (
        (lambda conn: pages.work_by_slug(conn, "nothing"), Code.WORK_UNKNOWN),
        (lambda conn: pages.work_by_id(conn, 1), Code.WORK_UNKNOWN),
        (lambda conn: pages.order_by_token(conn, "a" * 26), Code.ORDER_UNKNOWN),
    ):
        with pytest.raises(NotFound) as refused:
            await house.db.read(ask)
        assert refused.value.code == code


async def test_an_order_comes_with_its_lines_payments_and_letters(house: House, clock: Clock) -> None:
    await publish(house, "High Water")
    taken = await order(house, "high-water", Door.PAY, till="by_hand", email="bob@example.org", letter="Dear Alice")
    view = await house.db.read(lambda conn: pages.order_by_token(conn, taken.token))
    assert (view.door, view.state, view.currency, view.amount_minor) == ("pay", "waiting", "EUR", 500)
    assert (view.email, view.granted_at) == ("bob@example.org", None)
    assert [(line.amount_minor, line.key) for line in view.lines] == [(500, None)]
    assert [(letter.author, letter.body, letter.wants_mail) for letter in view.letters] == [("reader", "Dear Alice", 0)]
    (payment,) = view.payments
    assert (payment.till, payment.state, payment.amount_minor, payment.refunded_minor) == ("by_hand", "open", 500, 0)
    clock.move(days=1)
    await settle.confirm(house, payment.reference)
    view = await house.db.read(lambda conn: pages.order_by_token(conn, taken.token))
    assert view.state == "granted"
    assert view.lines[0].key is not None
    assert len(view.lines[0].key) == 26
    assert [payment.state for payment in view.payments] == ["paid"]


async def test_the_database_answers(house: House) -> None:
    assert await house.db.read(pages.answers) > 0
