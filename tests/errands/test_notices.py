"""The creator's notices at a real post office: the day's sum, once, by two workers and over a restart; and a try."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from headwaters.actions import threads as thread_verbs
from headwaters.actions.notices import change_notices
from headwaters.adapters.mail.smtp import SmtpMailer
from headwaters.config import Smtp
from headwaters.core.errors import Code, Refused, Unavailable
from headwaters.core.letters import Way
from headwaters.core.sales.states import Door
from headwaters.errands import mail, settle
from headwaters.errands.house import House, refresh
from headwaters.errands.worker import Worker
from tests.actions.test_letters import write
from tests.actions.test_threads import send
from tests.errands.test_mail import one, text_of, work_off
from tests.people import ALICE, BOB, add_work, fresh_nonce, take_work
from tests.support.house import Clock, MakeHouse
from tests.support.mail import PostOffice

SEVEN = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@pytest.fixture
async def shop(make_house: MakeHouse, post_office: PostOffice, clock: Clock) -> AsyncIterator[House]:
    """Alice's shop, which tells her once a day."""
    told = {"notify_email": ALICE, "notify_orders": "daily", "notify_letters": "daily", "notify_hour": "7"}
    house = await make_house(name="Alice's films", creator="Alice", practice="on", by_hand="on", **told)
    smtp = Smtp(post_office.host, "shop@shop.example", post_office.port, security="none")
    house.mailer = SmtpMailer(smtp, clock=clock)
    house.config = replace(house.config, url="https://shop.example")
    await house.db.write(add_work)
    return house


async def wish(house: House, **changes: str) -> None:
    await house.db.write(
        lambda conn: change_notices(conn, {f"notify_{name}": value for name, value in changes.items()})
    )
    await refresh(house)


async def test_the_days_sum_comes_at_its_hour_and_says_what_happened(
    shop: House, post_office: PostOffice, clock: Clock
) -> None:
    paid = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    await settle.confirm(shop, paid.reference)
    order = await take_work(shop, Door.CANT_PAY, letter="BUY WATCHES http://watches.example")
    await write(shop, order, "And another")
    await work_off(shop)
    assert post_office.mails == []
    clock.now = SEVEN
    await work_off(shop)
    await work_off(shop)
    (message,) = post_office.to(ALICE)
    assert message["Subject"] == "2 orders, 2 letters"
    assert message["List-Unsubscribe"] is None
    assert text_of(message) == (
        "This is what happened in your shop from 2026-11-22 12:00 to 2026-11-23 07:00 (UTC).\n\n"
        "There were 2 orders.\nWhat came in: 7.50 EUR.\n\n"
        "https://shop.example/studio/orders\n\n"
        "Readers wrote 2 letters to you.\n\n"
        "https://shop.example/studio/letters\n\n"
        "How often you hear of it:\n\n"
        "https://shop.example/studio/notices\n"
    )


async def test_two_workers_send_one(shop: House, post_office: PostOffice, clock: Clock) -> None:
    await take_work(shop, Door.CANT_PAY)
    clock.now = SEVEN
    await asyncio.gather(*(Worker(shop, mail.mail_handlers(shop)).carry_out_due() for _ in range(2)))
    assert [message["Subject"] for message in post_office.mails] == ["1 order"]


async def test_a_shop_that_was_closed_at_the_hour_sends_it_when_it_opens(
    shop: House, post_office: PostOffice, clock: Clock
) -> None:
    order = await take_work(shop, Door.CANT_PAY)
    clock.now = SEVEN.replace(hour=9)
    await write(shop, order, "Of the next day")
    await work_off(shop)
    (message,) = post_office.mails
    assert message["Subject"] == "1 order"
    clock.move(days=1)
    await work_off(shop)
    assert [message["Subject"] for message in post_office.mails] == ["1 order", "1 letter for you"]


async def test_wishes_of_the_hour_count(shop: House, post_office: PostOffice, clock: Clock) -> None:
    await take_work(shop, Door.CANT_PAY, letter="Dear Alice")
    await wish(shop, orders="never")
    clock.now = SEVEN
    await work_off(shop)
    assert [message["Subject"] for message in post_office.mails] == ["1 letter for you"]
    await take_work(shop, Door.CANT_PAY, letter="Dear Alice")
    await wish(shop, letters="never")
    clock.move(days=1)
    await work_off(shop)
    assert len(post_office.mails) == 1


async def test_what_is_wished_for_each_is_no_part_of_the_day(
    shop: House, post_office: PostOffice, clock: Clock
) -> None:
    await wish(shop, orders="each")
    await take_work(shop, Door.CANT_PAY, letter="Dear Alice")
    await work_off(shop)
    clock.now = SEVEN
    await work_off(shop)
    assert [message["Subject"] for message in post_office.mails] == ["High Water: somebody took it", "1 letter for you"]


async def test_who_is_told_each_again_hears_of_the_day_that_was_queued(
    shop: House, post_office: PostOffice, clock: Clock
) -> None:
    await take_work(shop, Door.CANT_PAY)
    await wish(shop, orders="each")
    clock.now = SEVEN
    await work_off(shop)
    assert [message["Subject"] for message in post_office.mails] == ["1 order"]


async def test_of_a_letter_that_was_closed_out_meanwhile_nobody_is_told(shop: House, post_office: PostOffice) -> None:
    await wish(shop, letters="each", orders="never")
    order = await take_work(shop, Door.CANT_PAY, letter="You fraud")
    await shop.db.write(lambda conn: thread_verbs.block(conn, order.id, shop.clock()))
    await work_off(shop)
    assert post_office.mails == []


async def test_the_way_that_was_chosen_is_the_way_it_goes(shop: House, post_office: PostOffice) -> None:
    order = await take_work(shop, Door.CANT_PAY, email=BOB)
    await work_off(shop)
    await write(shop, order, "Was it cold?", wants_mail=True)
    await send(shop, order, "For the page alone.", fresh_nonce(), way=Way.PAGE)
    await send(shop, order, "By mail as well.", fresh_nonce(), way=Way.ASKED)
    await work_off(shop)
    answers = [message for message in post_office.to(BOB) if "answered" in message["Subject"]]
    assert [text_of(message).partition("\n")[0] for message in answers] == ["By mail as well."]


# ── a try ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_try_arrives(shop: House, post_office: PostOffice) -> None:
    await mail.try_notice(shop, ALICE)
    message = one(post_office.to(ALICE), "Your notices arrive")
    assert "https://shop.example/studio/notices\n" in text_of(message)


async def test_a_try_says_what_is_wrong(shop: House, post_office: PostOffice) -> None:
    post_office.refusals[ALICE] = f"550 5.1.1 <{ALICE}> does not live here"
    with pytest.raises(Refused) as refused:
        await mail.try_notice(shop, ALICE)
    assert refused.value.code == Code.MAIL_REFUSED
    assert str(refused.value) == "The mail server 127.0.0.1 refused this mail for good (550 5.1.1)."
    post_office.down()
    with pytest.raises(Unavailable) as down:
        await mail.try_notice(shop, ALICE)
    assert down.value.code == Code.MAIL_DOWN
    with pytest.raises(Refused) as nowhere:
        await mail.try_notice(shop, "")
    assert (nowhere.value.code, nowhere.value.field) == (Code.EMAIL_INVALID, "notify_email")
    shop.mailer = None
    with pytest.raises(Refused) as off:
        await mail.try_notice(shop, ALICE)
    assert off.value.code == Code.MAIL_OFF
