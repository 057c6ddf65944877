"""A shop that has been open for a while: what the Studio's pages show of it. Always the same but for the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select, update

from headwaters.actions import sales as verbs
from headwaters.actions.letters import answer
from headwaters.actions.people import Wanted, end
from headwaters.actions.reports import file_report, read_wrong
from headwaters.actions.sales import as_asked
from headwaters.actions.study import add_visits, say_country
from headwaters.core.people import CREATOR, Right, contributor
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door, PaymentState
from headwaters.core.sales.tills import RefundStatus
from headwaters.core.study.spans import day_number
from headwaters.errands.house import House
from headwaters.errands.mail import refusal_url
from headwaters.errands.people import invite
from headwaters.errands.take import Taken
from headwaters.store import payments as payment_rows
from headwaters.store import sales, tables
from headwaters.store.db import Connection
from headwaters.wiring import make_token
from tests.support.gallery_works import fill_works
from tests.support.pages import order

DAYS = 100
_REPORT = "WR-GALL-ERY1"
_WORKS = ("high-water", "high-water", "songs", "a-book", "high-water", "songs")
_DOORS = (Door.PAY, Door.CANT_PAY, Door.PAY, Door.HAVE_COPY, Door.PAY)
_WORDS = ("", "letter", "mastodon", "", "copy", "feed", "letter", "radio-4")
_COUNTRIES = ("AT", "DE", None, "AT", "GB", None, "NZ")
_LETTERS = (
    "Dear Alice,\n\nI saw it on the train and missed my stop. Thank you.\n\nBob",
    "Was the water really that cold?",
    "My grandfather lived by that dam. He told me this:\n\n" + "He used to row over in March. " * 20,
)


def _count(day: int) -> int:
    """How many came, so many days ago: the release was 60 days ago, and something is going on now."""
    release = max(0, 24 - 4 * (60 - day)) if day <= 60 else 0
    return (day * 7 % 5 == 0) + release + (12 if day == 0 else 5 if day == 1 else 0)


async def fill_studio(house: House) -> dict[str, str]:
    """Orders of all doors and states, over DAYS days; letters, reports, visits, countries. Paths of pages by name."""
    now = house.clock()
    number = 0
    for day in range(DAYS, -1, -1):
        for nth in range(_count(day)):
            when = now - timedelta(days=day, minutes=7 * nth + 3)
            await _order(replace(house, clock=partial(_same, when)), number, when)
            number += 1
        visits = {word: 3 + _count(day) * (9 - place) // 2 for place, word in enumerate(dict.fromkeys(_WORDS))}
        there = day_number(now - timedelta(days=day))
        await house.db.write(partial(add_visits, visits={("high-water", there): visits}))
    await _talk(house)
    await _people(house)
    return {
        **await fill_works(house),
        "work with a damaged file": await _damaged(house),
        "launch": f"/studio/launch?work=&since={now - timedelta(hours=2):%Y-%m-%dT%H:%M}",
        "report page": f"/report/{await _report(house)}",
        "report in the Studio": f"/studio/reports/{_REPORT}",
        "refuse": refusal_url(house, "bob@example.org").removeprefix(house.config.url),
    }


def _same(when: datetime) -> datetime:
    return when


async def _order(house: House, number: int, when: datetime) -> None:
    slug, door = _WORKS[number % len(_WORKS)], _DOORS[number % len(_DOORS)]
    if slug == "a-book" and door is Door.CANT_PAY:
        door = Door.HAVE_COPY
    letter = _LETTERS[number % len(_LETTERS)] if number % 17 == 3 else None
    email = f"reader{number}@example.org" if number % 4 == 0 else None
    till = "by_hand" if door is Door.PAY else None
    amount = (500, 800, 1200, 300)[number % 4]
    taken = await order(house, slug, door, amount=amount, till=till, email=email, letter=letter)
    paid = door is Door.PAY and number % 9 != 4
    await house.db.write(lambda conn: _settle(conn, taken, number, when, paid=paid))


def _settle(conn: Connection, taken: Taken, number: int, when: datetime, *, paid: bool) -> None:
    """The money came, with a fee, and now and then a part of it went back."""
    found = sales.order_by_token(conn, taken.token)
    assert found is not None
    word = _WORDS[number % len(_WORDS)]
    conn.execute(update(tables.orders).where(tables.orders.c.id == found.id).values(came_from=word))
    say_country(conn, found.id, _COUNTRIES[number % len(_COUNTRIES)])
    payment = payment_rows.newest_payment(conn, found.id)
    if payment is None or not paid:
        return
    back = (RefundStatus(f"re_{number}", Money(300, payment.currency), done=True),) if number % 23 == 2 else ()
    fee = Money(25 + payment.amount_minor * 15 // 1000, payment.currency)
    status = replace(as_asked(payment, PaymentState.PAID), fee=fee, refunds=back)
    verbs.settle(conn, payment, status, make_token(), when)


async def _talk(house: House) -> None:
    """A few threads are answered."""
    now = house.clock()

    def threads(conn: Connection) -> list[int]:
        closed = select(tables.threads.c.order_id).where(tables.threads.c.blocked_at.is_not(None))
        query = select(tables.letters.c.order_id).where(tables.letters.c.order_id.not_in(closed))
        found = conn.execute(query.order_by(tables.letters.c.id)).all()
        return [int(order_id) for (order_id,) in found][:3]

    for order_id in await house.db.read(threads):
        nonce, ref = make_token(), make_token()[:13]
        await house.db.write(partial(answer, order_id=order_id, body="Thank you!", nonce=nonce, ref=ref, now=now))


async def _people(house: House) -> None:
    """Bob helps with letters, Carol is expected, Dora is gone."""
    await invite(house, None, Wanted("Bob Rivers", contributor([Right.TALK, Right.PUBLISH])))
    await invite(house, None, Wanted("Carol", CREATOR))
    gone = await invite(house, None, Wanted("Dora", contributor([])))
    await house.db.write(lambda conn: end(conn, None, gone.person.id, house.clock()))


async def _damaged(house: House) -> str:
    """A disk has eaten something of the songs."""
    work = select(tables.files.c.sha256).join_from(tables.files, tables.editions).join(tables.works)
    songs = work.where(tables.works.c.slug == "songs", tables.files.c.role == "work").limit(2)
    await house.db.write(
        lambda conn: conn.execute(update(tables.blobs).where(tables.blobs.c.sha256.in_(songs)).values(fault="changed"))
    )
    return "/studio/works/songs"


async def _report(house: House) -> str:
    """A report that waits; the token of its page."""
    wrong = read_wrong("/w/songs", "The third song is mine: I wrote it in 2019.", "charlie@example.net")
    report = partial(file_report, wrong=wrong, nonce=make_token(), token=make_token(), reference=_REPORT)
    return (await house.db.write(partial(report, now=house.clock()))).token
