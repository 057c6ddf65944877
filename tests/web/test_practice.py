"""The practice till's pay page, through HTTP: from the door over its buttons to the order page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from headwaters.actions.shop import change_settings
from headwaters.core.sales.states import OrderState, PaymentState
from headwaters.errands.house import House, look_around
from headwaters.store import ledger as ledger_rows
from headwaters.store import payments as payment_rows
from headwaters.store import sales as rows
from headwaters.web.app import make_app
from tests.people import add_work
from tests.support.house import Clock

Client = TestClient[Any, Any]


@pytest_asyncio.fixture
async def client(house: House, clock: Clock) -> AsyncIterator[Client]:
    await house.db.write(add_work)
    async with TestClient(TestServer(make_app(house))) as client:
        yield client


async def order(house: House) -> rows.OrderRow:
    return await house.db.read(lambda conn: rows.order_by_id(conn, 1))


async def payment(house: House) -> payment_rows.PaymentRow:
    return await house.db.read(lambda conn: payment_rows.payment_by_id(conn, 1))


async def to_the_pay_page(client: Client) -> str:
    """Through the pay door of the work; the path of the practice till's page."""
    form = {"door": "pay", "amount": "5,00", "till": "practice", "nonce": "n" * 22}
    answer = await client.post("/w/high-water/take", data=form, allow_redirects=False)
    assert answer.status == 303
    address = answer.headers["Location"]
    assert address.startswith("http://shop.example/practice/")
    return urlsplit(address).path


async def choose(client: Client, path: str, choice: str) -> Any:
    return await client.post(path, data={"choice": choice}, allow_redirects=False)


async def test_the_page_says_what_it_is_about_and_that_no_money_moves(client: Client) -> None:
    answer = await client.get(await to_the_pay_page(client))
    page = await answer.text()
    assert answer.status == 200
    assert "Pay €5.00, for practice" in page
    assert "High Water" in page
    assert "no real money moves" in page
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


async def test_nobody_practises_without_end(client: Client) -> None:
    path = await to_the_pay_page(client)
    told = [(await choose(client, path, "cancel")).status for _ in range(61)]
    assert (set(told[:60]), told[60]) == ({303}, 429)


async def test_once_cards_are_charged_in_earnest_no_page_speaks_of_practice(client: Client, house: House) -> None:
    path = await to_the_pay_page(client)
    live = {"stripe_secret_key": "sk_live_x", "stripe_webhook_secret": "whsec_x"}
    await house.db.write(lambda conn: change_settings(conn, live))
    house.now = await look_around(house.db, house.config, house.make_tills)
    page = await (await client.get("/w/high-water")).text()
    assert "no real money moves" not in page
    assert 'value="practice"' not in page
    form = {"door": "pay", "amount": "5,00", "till": "practice", "nonce": "m" * 22}
    answers = [
        await client.post("/w/high-water/take", data=form),
        await client.get(path),
        await choose(client, path, "pay"),
    ]
    assert [answer.status for answer in answers] == [422, 404, 404]
    assert (await order(house)).state is OrderState.WAITING


@pytest.mark.parametrize(
    ("choice", "state", "held", "goes_to"),
    [
        ("pay", PaymentState.PAID, OrderState.GRANTED, "/back"),
        ("pay_twice", PaymentState.PAID, OrderState.GRANTED, "/back"),
        ("pay_late", PaymentState.PENDING, OrderState.WAITING, "/back"),
        ("fail", PaymentState.FAILED, OrderState.EXPIRED, "/back"),
        ("cancel", PaymentState.OPEN, OrderState.WAITING, ""),
    ],
)
async def test_each_button_leads_back_and_has_happened(
    client: Client, house: House, choice: str, state: PaymentState, held: OrderState, goes_to: str
) -> None:
    path = await to_the_pay_page(client)
    answer = await choose(client, path, choice)
    token = (await order(house)).token
    assert (answer.status, answer.headers["Location"]) == (303, f"http://shop.example/o/{token}{goes_to}")
    assert (await payment(house)).state is state
    assert (await order(house)).state is held


async def test_what_comes_late_is_there_when_the_reader_looks_again(client: Client, house: House, clock: Clock) -> None:
    await choose(client, await to_the_pay_page(client), "pay_late")
    clock.move(seconds=11)
    back = f"/o/{(await order(house)).token}/back"
    assert (await client.get(back, allow_redirects=False)).status == 303
    assert (await order(house)).state is OrderState.GRANTED


async def test_pressing_twice_counts_once(client: Client, house: House) -> None:
    path = await to_the_pay_page(client)
    assert [(await choose(client, path, "pay")).status for _ in range(2)] == [303, 303]
    assert await house.db.read(ledger_rows.balances) == [
        ("practice:sales:1", "EUR", -500),
        ("practice:till:practice", "EUR", 500),
    ]
    page = await (await client.get(path)).text()
    assert "This was paid, for practice." in page
    assert "<form" not in page


async def test_no_other_button_is_there(client: Client, house: House) -> None:
    path = await to_the_pay_page(client)
    answer = await choose(client, path, "steal")
    assert answer.status == 422
    assert "Press one of the buttons." in await answer.text()
    assert (await payment(house)).state is PaymentState.OPEN


async def test_after_its_time_the_page_says_so(client: Client, house: House, clock: Clock) -> None:
    path = await to_the_pay_page(client)
    clock.move(hours=24)
    answer = await choose(client, path, "pay")
    assert answer.status == 422
    assert "nothing was paid" in await answer.text()
    assert (await order(house)).state is OrderState.WAITING


@pytest.mark.parametrize("path", ["/practice/x", "/practice/aGk.aGk", "/practice/%00", "/practice/..%2f..%2fetc"])
async def test_an_unknown_session_is_not_found(client: Client, path: str) -> None:
    for answer in (await client.get(path), await choose(client, path, "pay")):
        assert answer.status == 404


async def test_a_shop_that_does_not_practise_has_no_such_page(client: Client, house: House) -> None:
    path = await to_the_pay_page(client)
    await house.db.write(lambda conn: change_settings(conn, {"practice": "off"}))
    house.now = await look_around(house.db, house.config, house.make_tills)
    assert (await client.get(path)).status == 404
    assert (await choose(client, path, "pay")).status == 404
    assert (await payment(house)).state is PaymentState.OPEN


async def test_forged_events_at_the_hook_change_nothing(client: Client, house: House) -> None:
    await to_the_pay_page(client)
    session_id = (await payment(house)).session_id
    body = f'{{"id": "evt_1", "session_id": "{session_id}", "state": "paid"}}'
    for headers in ({}, {"Practice-Signature": f"t={int(house.clock().timestamp())},v1={'0' * 64}"}):
        answer = await client.post("/hooks/practice", data=body, headers=headers)
        assert (answer.status, await answer.text()) == (400, "event_forged\n")
    assert (await payment(house)).state is PaymentState.OPEN


async def test_a_till_on_a_domain_that_no_page_named_is_reached_by_a_link(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Browsers refuse a form that leads where its page did not say; links they let go anywhere."""
    monkeypatch.setattr(house.now.tills["practice"], "_url", "https://pay.alice.example")
    form = {"door": "pay", "amount": "5,00", "till": "practice", "nonce": "n" * 22}
    answer = await client.post("/w/high-water/take", data=form, allow_redirects=False)
    token = (await order(house)).token
    assert (answer.status, answer.headers["Location"]) == (303, f"/o/{token}")
    page = await (await client.get(f"/o/{token}")).text()
    assert '<a class="go" href="https://pay.alice.example/practice/' in page
    more = {"amount": "6.00", "nonce": "m" * 16, "till": "practice"}
    answer = await client.post(f"/o/{token}/pay", data=more, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"/o/{token}")
