"""Links to lost pages in the database: used once, ended by newer ones, open to nobody else; payments by three facts."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from headwaters.actions import lost as verbs
from headwaters.actions.sales import withdraw
from headwaters.core.errors import Code, NotFound, Refused
from headwaters.core.sales.money import Money
from headwaters.core.sales.slips import Slip
from headwaters.core.sales.states import Door
from headwaters.core.shelf.lost import FoundOrder, spellings
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.store import lost as rows
from headwaters.store import payments as payment_rows
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.store.lost import LinkRow
from tests.people import BOB, CHARLIE, Order, add_work, take_work
from tests.support.house import Clock


@pytest.fixture
async def shop(house: House) -> House:
    """Alice's shop with two works."""
    await house.db.write(add_work)
    await house.db.write(lambda conn: add_work(conn, "songs", "Songs"))
    return house


async def ask(house: House, name: str, email: str = BOB) -> bool:
    return await house.db.write(lambda conn: verbs.ask(conn, name, f"ask {name}", email, house.clock()))


async def links(house: House, name: str, *addresses: str) -> list[str]:
    """Which links are to be mailed for an asking."""
    digests = [f"{name} {number}" for number in range(1, len(addresses) + 1)]

    def run(conn: Connection) -> list[LinkRow]:
        asked = rows.live_link(conn, f"ask {name}", house.clock())
        return [] if asked is None else verbs.make_links(conn, asked, addresses, digests)

    return [link.digest for link in await house.db.write(run)]


async def open_list(house: House, digest: str) -> list[FoundOrder]:
    return list(await house.db.write(lambda conn: verbs.open_list(conn, digest, house.clock())))


async def count(house: House, table: str) -> int:
    def look(conn: Connection) -> int:
        return int(conn.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one())

    return await house.db.read(look)


# ── links ────────────────────────────────────────────────────────────────────────────────────────


async def test_an_asking_is_queued_once_and_says_no_address(shop: House) -> None:
    queued = [await ask(shop, "a"), await ask(shop, "a")]
    assert queued == [True, False]

    def look(conn: Connection) -> tuple[str, str, str]:
        columns = (tables.outbox.c.key, tables.outbox.c.kind, tables.outbox.c.payload)
        return tuple(conn.execute(select(*columns)).one())  # type: ignore[return-value]

    assert await shop.db.read(look) == ("lost:a", "mail.lost", '{"mark":"a"}')


async def test_a_link_opens_the_list_once(shop: House, clock: Clock) -> None:
    first = await take_work(shop, email=BOB)
    await take_work(shop, email=CHARLIE)
    clock.move(days=1)
    second = await take_work(shop, email=BOB, slug="songs")
    await ask(shop, "a")
    assert await links(shop, "a", BOB) == ["a 1"]
    found = await open_list(shop, "a 1")
    assert [(one.token, one.works[0][1]) for one in found] == [(second.token, "Songs"), (first.token, "High Water")]
    with pytest.raises(Refused) as refused:
        await open_list(shop, "a 1")
    assert refused.value.code == Code.LOST_SPENT


async def test_of_ten_at_once_one_sees_the_list(shop: House) -> None:
    await take_work(shop, email=BOB)
    await ask(shop, "a")
    await links(shop, "a", BOB)
    tries = await asyncio.gather(*(open_list(shop, "a 1") for _ in range(10)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in tries) == ["Refused"] * 9 + ["list"]


async def test_looking_at_a_link_does_not_use_it_up(shop: House) -> None:
    await take_work(shop, email=BOB)
    await ask(shop, "a")
    await links(shop, "a", BOB)
    for _ in range(3):
        assert await shop.db.read(lambda conn: rows.live_link(conn, "a 1", shop.clock()))
    assert len(await open_list(shop, "a 1")) == 1
    assert not await shop.db.read(lambda conn: rows.live_link(conn, "a 1", shop.clock()))


async def test_a_link_that_is_too_old_or_never_was_opens_nothing(shop: House, clock: Clock) -> None:
    await take_work(shop, email=BOB)
    await ask(shop, "a")
    await links(shop, "a", BOB)
    clock.move(minutes=15)
    for digest in ("a 1", "guess", ""):
        with pytest.raises(Refused) as refused:
            await open_list(shop, digest)
        assert refused.value.code == Code.LOST_SPENT
    assert await count(shop, "lost_links") == 2


async def test_a_newer_link_ends_the_older_ones_of_its_address_and_no_others(shop: House, clock: Clock) -> None:
    await take_work(shop, email=BOB)
    await take_work(shop, email=CHARLIE)
    for name, email in (("a", BOB), ("c", CHARLIE)):
        await ask(shop, name, email)
        await links(shop, name, email)
    clock.move(seconds=1)
    await ask(shop, "b")
    assert await links(shop, "b", BOB) == ["b 1"]
    with pytest.raises(Refused):
        await open_list(shop, "a 1")
    assert [len(await open_list(shop, digest)) for digest in ("b 1", "c 1")] == [1, 1]


async def test_of_two_askings_the_newer_is_mailed_whichever_is_carried_out_first(shop: House, clock: Clock) -> None:
    await take_work(shop, email=BOB)
    await ask(shop, "a")
    clock.move(seconds=1)
    await ask(shop, "b")
    assert [await links(shop, name, BOB) for name in ("a", "b", "a")] == [[], ["b 1"], []]


async def test_carried_out_again_it_is_the_same_links_and_none_that_was_used(shop: House) -> None:
    await take_work(shop, email=BOB)
    await ask(shop, "a")
    assert [await links(shop, "a", BOB, "Bob@example.org") for _ in range(2)] == [["a 1", "a 2"]] * 2
    await open_list(shop, "a 1")
    assert await links(shop, "a", BOB, "Bob@example.org") == ["a 2"]


async def test_a_link_goes_to_the_address_it_was_made_for_whatever_is_found_later(shop: House) -> None:
    await ask(shop, "a")
    await links(shop, "a", BOB)

    def again(conn: Connection) -> list[str]:
        asked = rows.live_link(conn, "ask a", shop.clock())
        assert asked is not None
        return [link.email for link in verbs.make_links(conn, asked, [CHARLIE], ["a 1"])]

    assert await shop.db.write(again) == [BOB]


async def test_what_is_over_is_forgotten_with_its_address(shop: House, clock: Clock) -> None:
    await ask(shop, "a", "stranger@example.org")
    clock.move(minutes=14)
    await ask(shop, "b")
    clock.move(minutes=1)
    assert await shop.db.read(lambda conn: rows.any_over(conn, clock()))
    assert await shop.db.write(lambda conn: rows.forget_over(conn, clock())) == 1
    assert not await shop.db.read(lambda conn: rows.any_over(conn, clock()))

    def look(conn: Connection) -> list[str]:
        return [email for (email,) in conn.execute(select(tables.lost_links.c.email))]

    assert await shop.db.read(look) == [BOB]


# ── addresses ────────────────────────────────────────────────────────────────────────────────────


async def known(house: House, typed: str, most: int = 3) -> list[str]:
    return await house.db.read(lambda conn: rows.known_addresses(conn, spellings(typed), most))


async def test_an_address_is_found_in_whatever_capitals_it_was_written(shop: House) -> None:
    for email in ("Bob@example.org", "bob@example.org", "Bob@example.org", "CamelCase@example.org"):
        await take_work(shop, email=email)
    assert await known(shop, "bob@example.org") == ["bob@example.org", "Bob@example.org"]
    assert await known(shop, "Bob@example.org") == ["Bob@example.org", "bob@example.org"]
    assert await known(shop, "BOB@example.org") == ["Bob@example.org", "bob@example.org"]
    assert await known(shop, "BOB@example.org", 1) == ["Bob@example.org"]
    assert await known(shop, "camelcase@example.org") == ["CamelCase@example.org"]
    for stranger in ("bob+films@example.org", "bob@example.net", "bo@example.org", "%@example.org"):
        assert await known(shop, stranger) == []


async def test_two_readers_whose_addresses_differ_in_capitals_alone_see_their_own_pages(shop: House) -> None:
    mine, theirs = await take_work(shop, email="Bob@example.org"), await take_work(shop, email="bob@example.org")
    await ask(shop, "a", "BOB@example.org")
    await links(shop, "a", *await known(shop, "BOB@example.org"))
    lists = [[one.token for one in await open_list(shop, digest)] for digest in ("a 1", "a 2")]
    assert lists == [[theirs.token], [mine.token]]


async def test_the_list_shows_what_matters_in_every_state(shop: House, clock: Clock) -> None:
    unpaid = await take_work(shop, Door.PAY, till="practice", email=BOB)
    clock.move(days=2)
    await settle.sweep(shop)
    paid = await take_work(shop, Door.PAY, till="by_hand", email=BOB)
    await settle.confirm(shop, paid.reference)
    await shop.db.write(lambda conn: withdraw(conn, paid.id, clock()))
    waiting = await take_work(shop, Door.PAY, till="by_hand", email=BOB, slug="songs")
    await ask(shop, "a")
    await links(shop, "a", BOB)
    found = await open_list(shop, "a 1")
    assert [(one.token, one.state.value, one.withdrawn_at is not None) for one in found] == [
        (waiting.token, "waiting", False),
        (paid.token, "granted", True),
    ]
    assert unpaid.token not in {one.token for one in found}


# ── by a payment ─────────────────────────────────────────────────────────────────────────────────

DAY = date(2026, 11, 22)


async def find(house: House, reference: str, amount: str = "5", day: date = DAY, till_id: str = "") -> list[str]:
    slip, now = Slip(reference, till_id, amount, day), house.clock()
    found = await house.db.read(lambda conn: verbs.find_by_payment(conn, slip, now))
    return [one.token for one in found]


async def paid(house: House, till: str = "by_hand") -> Order:
    order = await take_work(house, Door.PAY, till=till)
    if till == "by_hand":
        await settle.confirm(house, order.reference)
    return order


async def test_a_payment_leads_to_its_order_however_often(shop: House) -> None:
    order, other = await paid(shop), await take_work(shop, Door.PAY, till="by_hand", slug="songs")
    assert [await find(shop, order.reference) for _ in range(2)] == [[order.token]] * 2
    assert await find(shop, other.reference) == [other.token], "money that is on its way is the reader's as well"


async def test_everything_has_to_be_right_and_the_answer_is_the_same(shop: House) -> None:
    order = await paid(shop)
    answers = set()
    wrong = [
        ("HW-2222-2222", "5", DAY),
        ("", "5", DAY),
        (order.reference, "5.01", DAY),
        (order.reference, "5.000", DAY),
        (order.reference, "500", DAY),
        (order.reference, "$5", DAY),
        (order.reference, "5", DAY - timedelta(days=2)),
        (order.reference, "5", DAY + timedelta(days=4)),
    ]
    for reference, amount, day in wrong:
        with pytest.raises(NotFound) as caught:
            await find(shop, reference, amount, day)
        answers.add((caught.value.code, caught.value.message, caught.value.hint, caught.value.field))
    assert len(answers) == 1
    assert next(iter(answers))[0] == Code.LOST_NOTHING


async def test_what_came_and_what_was_asked_for_are_both_the_readers_amount(shop: House) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand")
    await settle.confirm(shop, order.reference, Money(450, "EUR"))
    assert [await find(shop, order.reference, amount) for amount in ("4.50", "5.00")] == [[order.token]] * 2


async def test_the_tills_own_name_leads_there_too(shop: House) -> None:
    order = await take_work(shop, Door.PAY, till="practice")
    payment = await shop.db.read(lambda conn: payment_rows.payment_by_reference(conn, order.reference))
    assert payment is not None
    assert payment.session_id
    assert await find(shop, "", till_id=payment.session_id) == [order.token]
