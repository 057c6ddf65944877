"""Whoever asks for mail too often gets the work all the same, and a word about the mail."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select

from headwaters.core.sales.states import Door
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.web.limits import LIMITS, RATES
from tests.people import BOB, add_work, fresh_nonce, take_work
from tests.web.test_lost_pages import NoPostOffice

Client = TestClient[Any, Any]


@pytest.fixture
async def shop(house: House) -> House:
    house.mailer = NoPostOffice()
    await house.db.write(add_work)
    return house


@pytest.fixture
def exhausted(client: Client) -> Client:
    """This network has asked for as many mails as it may."""
    limits = client.server.app[LIMITS]  # type: ignore[union-attr, attr-defined]
    (rate,) = RATES["mail"]
    for _ in range(rate.most):
        limits.check(_Visitor(), "mail")
    return client


class _Visitor:
    headers = type("", (), {"getall": staticmethod(lambda _name, default: default)})()
    remote = "127.0.0.1"


async def mails(house: House) -> int:
    wanted = select(func.count()).select_from(tables.outbox).where(tables.outbox.c.kind == "mail.order")
    return int(await house.db.read(lambda conn: conn.execute(wanted).scalar_one()))


async def take(client: Client, **fields: str) -> Any:
    data = {"nonce": fresh_nonce(), "email": BOB, **fields}
    return await client.post("/w/high-water/take", data=data, allow_redirects=False)


async def test_the_work_is_theirs_and_the_page_says_what_became_of_the_mail(exhausted: Client, shop: House) -> None:
    answer = await take(exhausted, door="cant_pay")
    assert answer.status == 303
    assert answer.headers["Location"].endswith("?mail=later")
    page = await (await exhausted.get(answer.headers["Location"])).text()
    assert "none was sent to you" in page
    assert 'id="mail-email"' in page, "they can ask again"
    assert await mails(shop) == 0
    assert "none was sent" not in await (await exhausted.get(answer.headers["Location"].partition("?")[0])).text()


async def test_who_pays_is_led_to_the_till(exhausted: Client, shop: House) -> None:
    answer = await take(exhausted, door="pay", amount="5", till="practice")
    assert answer.status == 303
    assert "/practice/" in answer.headers["Location"]
    assert await mails(shop) == 0


async def test_a_double_submit_is_one_order(exhausted: Client, shop: House) -> None:
    nonce = fresh_nonce()
    answers = [await take(exhausted, door="have_copy", nonce=nonce) for _ in range(2)]
    assert len({answer.headers["Location"] for answer in answers}) == 1


async def test_asking_once_more_on_the_page_is_refused_beside_its_field(exhausted: Client, shop: House) -> None:
    order = await take_work(shop, Door.CANT_PAY)
    answer = await exhausted.post(f"/o/{order.token}/email", data={"email": BOB})
    page = await answer.text()
    assert answer.status == 429
    assert 'id="mail-email-wrong"' in page
    assert f'value="{BOB}"' in page
    assert int(answer.headers["Retry-After"]) > 0
    assert await mails(shop) == 0


async def test_nobody_else_puts_the_word_on_a_page(client: Client, shop: House) -> None:
    order = await take_work(shop, Door.CANT_PAY, email=BOB)
    assert "none was sent" not in await (await client.get(f"/o/{order.token}?mail=later")).text()
