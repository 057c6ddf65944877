"""The checklist's facts on both databases: they follow what is done, one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from headwaters.actions.shop import change_settings
from headwaters.adapters.mail.smtp import SmtpMailer
from headwaters.config import Smtp
from headwaters.core.errors import Code, Refused
from headwaters.core.sales.practice import Choice
from headwaters.core.sales.states import Door
from headwaters.core.shop_checklist import Facts
from headwaters.errands import checklist, practice, signin
from headwaters.errands.house import House, refresh
from headwaters.store import payments as payment_rows
from headwaters.store import tables
from tests.people import add_work, take_work
from tests.support.house import MakeHouse
from tests.support.mail import PostOffice

NEW = Facts(
    named=True,
    told=False,
    published=False,
    till=False,
    reachable=False,
    way_in=False,
    mail_tried=False,
    practised=False,
    sold=False,
)


@pytest.fixture
async def shop(make_house: MakeHouse) -> House:
    house: House = await make_house()
    house.config = replace(house.config, url="http://127.0.0.1:8000")
    await signin.make_link(house)
    return house


async def change(house: House, **settings: str) -> None:
    await house.db.write(lambda conn: change_settings(conn, settings))
    await refresh(house)


async def test_the_facts_follow_what_is_done(shop: House) -> None:
    assert await checklist.facts_of(shop, 1) == NEW
    await change(shop, about="I make films.")
    assert await checklist.facts_of(shop, 1) == NEW
    await change(shop, imprint="Alice, At the River 3")
    await shop.db.write(add_work)
    shop.config = replace(shop.config, url="https://shop.example")
    facts = replace(NEW, told=True, published=True, reachable=True)
    assert await checklist.facts_of(shop, 1) == facts
    await change(shop, by_hand="on")
    assert await checklist.facts_of(shop, 1) == facts, "nobody is told how to pay"
    await change(shop, by_hand_instructions="Cash, when we meet", practice="on")
    facts = replace(facts, till=True)
    assert await checklist.facts_of(shop, 1) == facts
    await take_work(shop, Door.PAY, till="by_hand")
    assert await checklist.facts_of(shop, 1) == facts, "promised is not yet taken"
    await take_work(shop, Door.CANT_PAY)
    assert await checklist.facts_of(shop, 1) == replace(facts, sold=True), "a sale is no practice"
    await _practise(shop)
    assert await checklist.facts_of(shop, 1) == replace(facts, sold=True, practised=True)


async def _practise(shop: House) -> None:
    order = await take_work(shop, Door.PAY, till="practice")
    payment = await shop.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    await practice.decide(shop, payment.session_id or "", Choice.PAY)


async def test_stripes_keys_count_once_stripe_has_seen_them(make_house: MakeHouse) -> None:
    shop: House = await make_house(stripe_secret_key="sk_live_x", stripe_webhook_secret="whsec_x")
    facts = await checklist.facts_of(shop, 1)
    assert facts is not None
    assert not facts.till


@pytest.mark.parametrize(
    ("url", "reachable"),
    [
        ("https://shop.example", True),
        ("http://" + "a" * 56 + ".onion", True),
        ("http://shop.example", False),
        ("https://localhost:8000", False),
        ("https://127.0.0.1", False),
        ("http://[::1]:8000", False),
    ],
)
def test_what_readers_reach_from_elsewhere(url: str, reachable: bool) -> None:
    assert checklist.is_reachable(url) is reachable


async def test_the_mail_server_is_tried_and_it_is_remembered(shop: House, post_office: PostOffice) -> None:
    with pytest.raises(Refused) as caught:
        await checklist.try_mail(shop)
    assert caught.value.code is Code.MAIL_OFF
    shop.mailer = SmtpMailer(Smtp(post_office.host, "shop@shop.example", post_office.port, security="none"))
    assert await checklist.facts_of(shop, 1) == NEW
    for _ in range(2):
        await checklist.try_mail(shop)
    assert await checklist.facts_of(shop, 1) == replace(NEW, mail_tried=True)
    shop.mailer = None
    assert await checklist.facts_of(shop, 1) == NEW, "a shop without mail has none to try"


async def test_the_list_is_put_away_once_and_noted(shop: House) -> None:
    assert [await checklist.put_away(shop, 1) for _ in range(2)] == [True, False]
    assert await checklist.facts_of(shop, 1) is None
    log = tables.audit_log.c
    lines = await shop.db.read(
        lambda conn: conn.execute(select(log.creator_id, log.deed).where(log.creator_id == 1)).all()
    )
    assert [tuple(line) for line in lines] == [(1, "checklist.done")]
