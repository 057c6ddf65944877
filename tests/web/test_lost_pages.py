"""Lost your link? The same answer for everybody, a link that looking does not use up, and no guessing."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select

from headwaters.core.sales.states import Door
from headwaters.core.signin import secret_digest
from headwaters.errands.house import House
from headwaters.errands.worker import Worker
from headwaters.ports import Mail
from headwaters.store import tables
from headwaters.store.lost import LinkRow, add_link
from headwaters.web.limits import LIMITS
from tests.people import BOB, Order, add_work, take_work
from tests.support.house import Clock

Client = TestClient[Any, Any]
SAFE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
TODAY = "2026-11-22"


class NoPostOffice:
    """The pages only ask whether there is one."""

    async def send(self, mail: Mail) -> None:
        raise AssertionError("nothing goes out from a page")


@pytest.fixture
async def shop(house: House) -> House:
    """Alice's shop, which sends mail. Bob took her film twice."""
    house.mailer = NoPostOffice()
    await house.db.write(add_work)
    return house


async def send(client: Client, path: str, **fields: str) -> ClientResponse:
    answer: ClientResponse = await client.post(path, data=fields, allow_redirects=False)
    return answer


async def make_link(house: House, email: str = BOB) -> str:
    secret, now = house.token(), house.clock()
    link = LinkRow(secret_digest(secret), email, now, now.replace(minute=now.minute + 15))
    await house.db.write(lambda conn: add_link(conn, link))
    return f"/lost/{secret}"


async def count(house: House, table: str) -> int:
    wanted = select(func.count()).select_from(tables.metadata.tables[table])
    return int(await house.db.read(lambda conn: conn.execute(wanted).scalar_one()))


def is_safe(answer: ClientResponse) -> bool:
    return {name: answer.headers.get(name) for name in SAFE} == SAFE


# ── by mail ──────────────────────────────────────────────────────────────────────────────────────


async def test_known_and_unknown_addresses_are_answered_with_the_same_bytes(client: Client, shop: House) -> None:
    await take_work(shop, email=BOB)
    answers = []
    for email in (BOB, "stranger@example.org", "Bob@Example.ORG"):
        answer = await send(client, "/lost", email=email)
        headers = {name: value for name, value in answer.headers.items() if name != "Date"}
        page = await (await client.get(answer.headers["Location"])).read()
        answers.append((answer.status, headers, await answer.read(), page))
    assert answers[0] == answers[1] == answers[2]
    assert (answers[0][0], answers[0][1]["Location"]) == (303, "/lost/sent")
    assert b"example" not in answers[0][3].replace(b"shop.example", b"")


@pytest.fixture
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written down stays as it is."""

    async def start(_: Worker) -> None:
        pass

    monkeypatch.setattr(Worker, "start", start)


async def test_known_and_unknown_addresses_are_written_down_alike(
    nobody_works: None, client: Client, shop: House
) -> None:
    await take_work(shop, email=BOB)
    before = await count(shop, "outbox")
    for number, email in enumerate((BOB, "stranger@example.org"), 1):
        await send(client, "/lost", email=email)
        assert await count(shop, "lost_links") == number
        assert await count(shop, "outbox") - before == number


@pytest.mark.parametrize("email", ["", "bob", "bob@example.org\nBcc: all@example.net", "<bob@example.org>", "a@b@c.d"])
async def test_what_is_no_address_comes_back_as_it_was_typed(client: Client, shop: House, email: str) -> None:
    answer = await send(client, "/lost", email=email)
    page = await answer.text()
    assert answer.status == 422
    assert 'id="email-wrong"' in page
    assert await count(shop, "lost_links") == 0


async def test_a_shop_without_mail_offers_the_other_way(client: Client, shop: House) -> None:
    shop.mailer = None
    page = await (await client.get("/lost")).text()
    assert "This shop sends no mail" in page
    assert 'action="/lost"' not in page
    assert 'action="/lost/payment"' in page
    assert re.findall(r"<h2[^>]*>([^<]+)</h2>", page) == ["By what you paid", "If that does not help"]
    assert (await send(client, "/lost", email=BOB)).status == 422
    assert await count(shop, "lost_links") == 0


async def test_pages_say_whom_to_write_to(client: Client, shop: House) -> None:
    for path in ("/lost", "/lost/sent"):
        assert 'href="/about"' in await (await client.get(path)).text()
    shop.now = replace(shop.now, settings=replace(shop.now.settings, contact_email="alice@shop.example"))
    for path in ("/lost", "/lost/sent"):
        assert 'href="mailto:alice@shop.example"' in await (await client.get(path)).text()


async def test_one_mailbox_is_written_to_a_few_times_however_it_is_spelled(client: Client, shop: House) -> None:
    spelled = ("bob@example.org", "BOB@example.org", "bob+a@example.org", "bob+b@example.org")
    assert [(await send(client, "/lost", email=email)).status for email in spelled] == [303, 303, 303, 429]
    assert (await send(client, "/lost", email="other@example.org")).status == 303
    assert await count(shop, "lost_links") == 4


async def test_one_network_asks_a_few_times(client: Client, shop: House) -> None:
    statuses = [(await send(client, "/lost", email=f"reader{n}@example.org")).status for n in range(8)]
    assert statuses == [303] * 6 + [429] * 2
    answer = await send(client, "/lost", email=BOB)
    assert int(answer.headers["Retry-After"]) > 0
    assert await count(shop, "lost_links") == 6


async def test_all_networks_together_come_to_an_end(client: Client, shop: House) -> None:
    limits = client.server.app[LIMITS]  # type: ignore[union-attr, attr-defined]
    for _ in range(600):
        limits.check_name("", "lost all")
    assert (await send(client, "/lost", email=BOB)).status == 429
    assert await count(shop, "lost_links") == 0


# ── the link ─────────────────────────────────────────────────────────────────────────────────────


async def test_scanners_look_and_the_reader_presses(client: Client, shop: House) -> None:
    order = await take_work(shop, email=BOB)
    path = await make_link(shop)
    for method in ("GET", "HEAD", "GET"):
        answer = await client.request(method, path)
        assert answer.status == 200
        assert order.token not in await answer.text()
        assert is_safe(answer)
    answer = await send(client, path)
    page = await answer.text()
    assert answer.status == 200
    assert is_safe(answer)
    assert re.findall(r'<a href="/o/([a-z2-7]{26})">High Water</a>', page) == [order.token]
    assert f"http://shop.example/o/{order.token}" in page
    assert "Taken on November 22, 2026" in page
    again = await send(client, path)
    assert again.status == 410
    assert order.token not in await again.text()


async def test_of_two_presses_at_once_one_shows_the_list(client: Client, shop: House) -> None:
    await take_work(shop, email=BOB)
    path = await make_link(shop)
    statuses = [answer.status for answer in await asyncio.gather(*(send(client, path) for _ in range(2)))]
    assert sorted(statuses) == [200, 410]


async def test_links_that_are_spent_over_or_never_were_are_answered_alike(
    client: Client, shop: House, clock: Clock
) -> None:
    spent, over = await make_link(shop), await make_link(shop)
    await send(client, spent)
    clock.move(minutes=15)
    pages = set()
    for path in (spent, over, "/lost/" + "a" * 26, "/lost/guess"):
        for method in ("GET", "POST"):
            answer = await client.request(method, path)
            assert answer.status == 410
            pages.add(re.sub(r"nonce\w+", "", await answer.text()))
    assert len(pages) == 1
    assert 'href="/lost"' in pages.pop()


async def test_a_link_shows_only_the_pages_of_its_address(client: Client, shop: House) -> None:
    mine, theirs = await take_work(shop, email=BOB), await take_work(shop, email="charlie@example.net")
    page = await (await send(client, await make_link(shop))).text()
    assert mine.token in page
    assert theirs.token not in page


async def test_a_title_that_is_code_is_text(client: Client, shop: House) -> None:
    await shop.db.write(lambda conn: add_work(conn, "odd", "<script>alert(1)</script>"))
    await take_work(shop, email=BOB, slug="odd")
    page = await (await send(client, await make_link(shop))).text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


# ── by a payment ─────────────────────────────────────────────────────────────────────────────────


async def slip(client: Client, reference: str, amount: str = "5.00", day: str = TODAY) -> ClientResponse:
    return await send(client, "/lost/payment", reference=reference, amount=amount, day=day)


async def promised(house: House) -> Order:
    return await take_work(house, Door.PAY, till="by_hand")


async def test_a_payment_leads_to_its_page(client: Client, shop: House) -> None:
    order = await promised(shop)
    answer = await slip(client, order.reference.lower().replace("-", " "))
    page = await answer.text()
    assert answer.status == 200
    assert is_safe(answer)
    assert re.findall(r'<a href="/o/([a-z2-7]{26})">', page) == [order.token]
    assert "Begun on November 22, 2026, not paid yet" in page


async def test_whatever_does_not_fit_the_answer_is_the_same(client: Client, shop: House) -> None:
    order = await promised(shop)
    pages = set()
    for reference, amount, day in (
        ("HW-2222-2222", "5.00", TODAY),
        (order.reference, "5.01", TODAY),
        (order.reference, "5.00", "2026-11-01"),
        ("anything", "5.00", TODAY),
    ):
        answer = await slip(client, reference, amount, day)
        assert answer.status == 404
        page = await answer.text()
        assert order.token not in page
        assert reference in page, "what was typed is still there"
        pages.add(re.sub(r'value="[^"]*"', "", page))
    assert len(pages) == 1


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [(("", "5", TODAY), "reference"), (("HW-2222-2222", "", TODAY), "amount"), (("HW-2222-2222", "5", ""), "day")],
)
async def test_what_is_missing_is_said_beside_its_field(
    client: Client, shop: House, fields: tuple[str, str, str], wrong: str
) -> None:
    answer = await slip(client, *fields)
    page = await answer.text()
    assert answer.status == 422
    assert re.findall(r'id="(\w+)-wrong"', page) == [wrong]


async def test_nobody_guesses_for_long(client: Client, shop: House) -> None:
    order = await promised(shop)
    statuses = [(await slip(client, f"HW-2222-222{n}")).status for n in range(2, 9)]
    assert statuses == [404] * 6 + [429]
    assert (await slip(client, order.reference)).status == 429, "also with the right one, or guessing would go on"


async def test_one_reference_is_guessed_at_a_few_times_from_wherever(client: Client, shop: House) -> None:
    order = await promised(shop)
    limits = client.server.app[LIMITS]  # type: ignore[union-attr, attr-defined]
    for _ in range(4):
        limits.check_name(order.reference, "slip reference")
    assert (await slip(client, order.reference.replace("-", ""))).status == 429
    beyond = f"{order.reference} {'x' * 200} HW-2222-2222"
    assert (await slip(client, beyond)).status == 429, "what is not looked at makes it no other"


# ── the way there ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/", "/w/high-water", "/about", "/o/" + "a" * 26, "/nowhere", "/lost/" + "a" * 26])
async def test_whoever_needs_it_finds_the_way(client: Client, shop: House, path: str) -> None:
    assert 'href="/lost"' in await (await client.get(path)).text()


async def test_no_machine_is_sent_there(client: Client) -> None:
    assert "Disallow: /lost\n" in await (await client.get("/robots.txt")).text()
    assert is_safe(await client.get("/lost"))
    assert is_safe(await client.get("/lost/sent"))
