"""A reader's letter from the order page, and refusing all mail."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from headwaters.adapters.mail.smtp import SmtpMailer
from headwaters.config import Smtp
from headwaters.core.letters import address_digest, mail_key
from headwaters.errands import mail
from headwaters.errands.house import House
from headwaters.store import letters as rows
from headwaters.store import sales as sales_rows
from headwaters.web.app import make_app
from tests.people import BOB, Order, add_work, fresh_nonce, take_work
from tests.support.house import MakeHouse

Client = TestClient  # type: ignore[type-arg]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web."""
    return sqlite_url


@pytest_asyncio.fixture
async def shop(make_house: MakeHouse) -> House:
    house: House = await make_house(name="Alice's films", creator="Alice")
    await house.db.write(add_work)
    return house


@pytest_asyncio.fixture
async def bob(shop: House) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(shop))) as client:
        yield client


@pytest_asyncio.fixture
async def order(shop: House) -> Order:
    return await take_work(shop)


def send_mail(house: House) -> None:
    """The shop can send mail; whether anything answers there is not asked here."""
    house.mailer = SmtpMailer(Smtp("127.0.0.1", "shop@shop.example", 9, security="none"))


async def write(bob: Client, order: Order, body: str, nonce: str = "", **more: str):
    fields = {"body": body, "nonce": nonce or fresh_nonce(), **more}
    return await bob.post(f"/o/{order.token}/letters", data=fields, allow_redirects=False)


async def letters(house: House, order: Order) -> list[tuple[str, bool]]:
    found = await house.db.read(lambda conn: rows.thread(conn, order.id))
    return [(letter.body, letter.wants_mail) for letter in found]


async def test_a_letter_is_on_the_page_afterwards_as_it_was_written(shop: House, bob: Client, order: Order) -> None:
    answer = await write(bob, order, "Dear Alice,\r\n<script>alert(1)</script> **bold** <svg onload=x>")
    assert (answer.status, answer.headers["Location"]) == (303, f"/o/{order.token}#letters")
    assert await letters(shop, order) == [("Dear Alice,\n<script>alert(1)</script> **bold** <svg onload=x>", False)]
    page = await (await bob.get(f"/o/{order.token}")).text()
    assert "Dear Alice,\n&lt;script&gt;alert(1)&lt;/script&gt; **bold** &lt;svg onload=x&gt;" in page
    assert "<script>alert" not in page


async def test_a_double_click_is_one_letter(shop: House, bob: Client, order: Order) -> None:
    nonce = fresh_nonce()
    assert [(await write(bob, order, "Dear Alice", nonce)).status for _ in range(2)] == [303, 303]
    assert await letters(shop, order) == [("Dear Alice", False)]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [("", 422, "nothing in this letter"), (" \u200b ", 422, "nothing in this letter"), ("水" * 6667, 413, "20 KB")],
)
async def test_what_is_no_letter_comes_back_as_it_was_typed(
    shop: House, bob: Client, order: Order, body: str, status: int, words: str
) -> None:
    answer = await write(bob, order, body)
    page = await answer.text()
    assert answer.status == status
    assert words in page
    assert f">{body}</textarea>" in page
    assert await letters(shop, order) == []


async def test_ten_megabytes_are_refused_before_they_are_read(shop: House, bob: Client, order: Order) -> None:
    data = io.BytesIO(urlencode({"body": "x" * 10_000_000, "nonce": fresh_nonce()}).encode())
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await bob.post(f"/o/{order.token}/letters", data=data, headers=headers)
    assert answer.status == 413
    assert await letters(shop, order) == []


async def test_a_flood_is_stopped_and_what_was_typed_stays(shop: House, bob: Client, order: Order) -> None:
    for number in range(6):
        assert (await write(bob, order, f"Letter {number}")).status == 303
    answer = await write(bob, order, "One too many")
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert ">One too many</textarea>" in await answer.text()
    assert len(await letters(shop, order)) == 6


async def test_a_letter_needs_its_form(shop: House, bob: Client, order: Order) -> None:
    for nonce in ("x", "n" * 65, "<script>alert(1)"):
        assert (await write(bob, order, "Dear Alice", nonce)).status == 422
    answer = await bob.post(f"/o/{order.token}/letters", data=b"\xff\xfe", headers={"Content-Type": "text/plain"})
    assert answer.status == 422
    assert await letters(shop, order) == []


@pytest.mark.parametrize("token", ["a" * 26, "x", "..", "%00"])
async def test_charlie_writes_on_nobodys_page(bob: Client, token: str) -> None:
    answer = await bob.post(f"/o/{token}/letters", data={"body": "Dear Alice", "nonce": fresh_nonce()})
    assert answer.status == 404


# ── the answer by mail ───────────────────────────────────────────────────────────────────────────


async def test_the_tick_counts_where_the_shop_sends_mail(shop: House, bob: Client, order: Order) -> None:
    await write(bob, order, "No mail server yet", mail_me="1", email=BOB)
    assert await letters(shop, order) == [("No mail server yet", False)]
    assert (await shop.db.read(lambda conn: sales_rows.order_by_id(conn, order.id))).email is None
    send_mail(shop)
    await write(bob, order, "Now there is one", mail_me="1", email=f" {BOB} ")
    assert (await letters(shop, order))[1] == ("Now there is one", True)
    assert (await shop.db.read(lambda conn: sales_rows.order_by_id(conn, order.id))).email == BOB


async def test_an_address_without_the_tick_is_not_kept(shop: House, bob: Client, order: Order) -> None:
    send_mail(shop)
    await write(bob, order, "Dear Alice", email=BOB)
    assert (await shop.db.read(lambda conn: sales_rows.order_by_id(conn, order.id))).email is None


@pytest.mark.parametrize("email", ["", "bob", f"{BOB}\r\nBcc: charlie@example.net", "<script>alert(1)</script>@x.org"])
async def test_a_tick_without_an_address_comes_back(shop: House, bob: Client, order: Order, email: str) -> None:
    send_mail(shop)
    answer = await write(bob, order, "Dear Alice", mail_me="1", email=email)
    page = await answer.text()
    assert answer.status == 422
    assert ">Dear Alice</textarea>" in page
    assert "<script>alert" not in page
    assert await letters(shop, order) == []


async def test_with_an_address_on_the_order_the_tick_is_enough(shop: House, bob: Client) -> None:
    send_mail(shop)
    order = await take_work(shop, email=BOB)
    await write(bob, order, "Dear Alice", mail_me="1")
    assert await letters(shop, order) == [("Dear Alice", True)]


# ── no more mail ─────────────────────────────────────────────────────────────────────────────────


async def refuses(house: House, address: str) -> bool:
    digest = address_digest(mail_key(house.shop_key), address)
    return await house.db.read(lambda conn: rows.refuses_mail(conn, digest))


def path_of(house: House, address: str = BOB) -> str:
    return mail.refusal_url(house, address).removeprefix(house.config.url)


async def test_opening_the_link_refuses_nothing_the_button_does(shop: House, bob: Client) -> None:
    page = await bob.get(path_of(shop))
    assert page.status == 200
    assert "Never write to me again" in await page.text()
    assert page.headers["Cache-Control"] == "no-store"
    assert not await refuses(shop, BOB)
    for _ in range(2):
        done = await bob.post(path_of(shop))
        assert done.status == 200
        assert "will not write to you again" in await done.text()
    assert await refuses(shop, BOB)
    assert not await refuses(shop, "charlie@example.net")


async def test_a_mail_programs_own_button_works_without_cookies_or_origin(shop: House, bob: Client) -> None:
    """RFC 8058: List-Unsubscribe=One-Click, from the provider's machines."""
    answer = await bob.post(path_of(shop), data={"List-Unsubscribe": "One-Click"}, headers={"Origin": "null"})
    assert answer.status == 200
    assert await refuses(shop, BOB)


@pytest.mark.parametrize("signed", ["x", "ImFiYyI.xxxx", "a" * 3000, "%00", "<script>"])
async def test_a_link_that_the_shop_did_not_make_is_nothing(shop: House, bob: Client, signed: str) -> None:
    for method in ("GET", "POST"):
        assert (await bob.request(method, f"/mail/refuse/{signed}")).status == 404
