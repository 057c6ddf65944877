"""What goes wrong around a card payment, in a real browser: refunds, lost and forged events, a Stripe that is down.

A sale in which all goes well is in test_pay_with_stripe.py.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.support.browser import PHONE, axe, scrolls_sideways
from tests.support.served import Served
from tests.support.shop import (
    Reply,
    ask,
    balances,
    count,
    fetch,
    make_alices_shop,
    open_shop,
    river_song,
    rows,
    twin_of,
)
from tests.support.stripe_emulator import Event, StripeEmulator
from tests.support.stripe_objects import sign, stripe_event, stripe_object


@pytest.fixture(scope="module")
def stripes_shop(running_stripe: StripeEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Alice's shop, paid by card."""
    base = tmp_path_factory.mktemp("stripe-shop")
    folder = make_alices_shop(base / "shop", [river_song(base)], **running_stripe.settings)
    with open_shop(folder, {"HEADWATERS_STRIPE_API": running_stripe.url}) as served:
        yield served


@pytest.fixture
def shop(stripes_shop: Served, stripe_emulator: StripeEmulator) -> Served:
    """The same, told of everything that happens."""
    stripe_emulator.hook_url = f"{stripes_shop.url}/hooks/stripe"
    return stripes_shop


def go_to_stripe(page: Page, shop: Served, emulator: StripeEmulator) -> str:
    """Through the pay door to Stripe's page; the session's id."""
    page.goto(f"{shop.url}/w/river-song")
    page.locator("#pay input[name=amount]").fill("5")
    page.locator("#pay button.go").click()
    page.wait_for_url(f"{emulator.url}/checkout/**")
    return str(rows(shop.shop, "SELECT session_id FROM payments ORDER BY id DESC LIMIT 1")[0][0])


def pay(page: Page, shop: Served) -> None:
    """Press Stripe's button, and come back."""
    page.locator("button[type=submit]").click()
    page.wait_for_url(f"{shop.url}/o/*")


def page_of(shop: Served, session: str) -> str:
    ((token,),) = rows(
        shop.shop,
        f"SELECT token FROM orders JOIN payments ON payments.order_id = orders.id WHERE session_id = '{session}'",
    )
    return f"{shop.url}/o/{token}"


def tell(shop: Served, body: bytes, secret: str, **more: int) -> Reply:
    """Bring an event, signed by Stripe's own library."""
    return ask(f"{shop.url}/hooks/stripe", body, {**sign(body, secret, **more), "Content-Type": "application/json"})


def test_a_refund_at_stripe_shows_on_the_page_and_takes_no_file_away(
    shop: Served, stripe_emulator: StripeEmulator, visit: Visit
) -> None:
    page = visit(width=PHONE)
    session = go_to_stripe(page, shop, stripe_emulator)
    pay(page, shop)
    before, files = balances(shop.shop), twin_of(page).files
    assert len(files) == 1
    ((external,),) = rows(shop.shop, f"SELECT external_id FROM payments WHERE session_id = '{session}'")
    refund = stripe_emulator.refund(session, 200)
    told = stripe_event("refund.created", stripe_object("refund", id=refund, payment_intent=external), id="evt_part")
    assert (tell(shop, told, stripe_emulator.webhook_secret).status, twin_of(page).paid) == (200, "3.00")
    page.reload()
    expect(page.get_by_text("€2.00 went back to you.")).to_be_visible()
    stripe_emulator.refund(session, 300)
    charge = stripe_object("charge", payment_intent=external, metadata={})
    told = stripe_event("charge.refunded", charge, id="evt_rest")
    assert [tell(shop, told, stripe_emulator.webhook_secret).status for _ in range(2)] == [200, 200]
    page.reload()
    expect(page.get_by_text("Your money went back to you. The files stay yours.")).to_be_visible()
    assert (twin_of(page).state, twin_of(page).paid, twin_of(page).files) == ("granted", "0.00", files)
    after = balances(shop.shop)
    assert after["test:refunds:1"] - before.get("test:refunds:1", 0) == 500
    assert before["test:till:stripe"] - after["test:till:stripe"] == 500
    assert sum(after.values()) == 0
    assert not scrolls_sideways(page)
    axe(page)


def test_who_closes_the_tab_at_stripe_has_paid_all_the_same(
    shop: Served, stripe_emulator: StripeEmulator, visit: Visit
) -> None:
    page = visit(javascript=False)
    session = go_to_stripe(page, shop, stripe_emulator)
    done = ask(f"{page.url}/complete", {})  # the button's form, and nobody who follows where it leads
    assert done.status == 302
    page.close()
    assert (twin_of(page_of(shop, session)).state, twin_of(page_of(shop, session)).paid) == ("granted", "5.00")


def test_when_the_event_is_lost_coming_back_is_enough(
    shop: Served, stripe_emulator: StripeEmulator, visit: Visit
) -> None:
    stripe_emulator.hook_url = ""
    page = visit(javascript=False)
    go_to_stripe(page, shop, stripe_emulator)
    pay(page, shop)
    assert (twin_of(page).state, twin_of(page).paid) == ("granted", "5.00")


def test_coming_back_without_having_paid_brings_nothing(
    shop: Served, stripe_emulator: StripeEmulator, visit: Visit
) -> None:
    page = visit()
    session = go_to_stripe(page, shop, stripe_emulator)
    page.goto(f"{page_of(shop, session)}/back")
    expect(page.get_by_role("heading", level=1)).to_have_text("Almost there.")
    assert (twin_of(page).state, twin_of(page).files) == ("waiting", [])
    axe(page)
    page.get_by_role("link", name="Go on paying").click()
    page.wait_for_url(f"{stripe_emulator.url}/checkout/**")
    pay(page, shop)
    assert twin_of(page).paid == "5.00"


def test_forged_stale_and_foreign_events_change_nothing(
    shop: Served, stripe_emulator: StripeEmulator, visit: Visit
) -> None:
    page = visit(javascript=False)
    session = go_to_stripe(page, shop, stripe_emulator)
    ((reference,),) = rows(shop.shop, f"SELECT reference FROM payments WHERE session_id = '{session}'")
    paid = {"id": session, "amount_total": 500, "currency": "eur", "payment_status": "paid", "status": "complete"}
    about = stripe_object("checkout.session", **paid, metadata={"payment": reference}, client_reference_id=reference)
    body = stripe_event("checkout.session.completed", about, id="evt_forged")
    events, secret = count(shop.shop, "payment_events"), stripe_emulator.webhook_secret
    assert tell(shop, body, "whsec_of_somebody_else").status == 400
    assert tell(shop, body, secret, timestamp=int(time.time()) - 3600).status == 400
    assert ask(f"{shop.url}/hooks/stripe", body).status == 400
    assert ask(f"{shop.url}/hooks/stripe", body.replace(b"500", b"501"), sign(body, secret)).status == 400
    assert ask(f"{shop.url}/hooks/practice", body, sign(body, secret)).status == 404
    assert ask(f"{shop.url}/hooks/stripe", b"{}", sign(b"{}", secret)).status == 400
    assert (twin_of(page_of(shop, session)).state, postings(shop, reference)) == ("waiting", [])
    assert count(shop.shop, "payment_events") == events


def postings(shop: Served, reference: str) -> list[tuple[object, ...]]:
    return rows(
        shop.shop,
        "SELECT account, ledger_postings.amount_minor FROM ledger_postings"
        " JOIN ledger_entries ON entry_id = ledger_entries.id"
        f" JOIN payments ON payments.order_id = ledger_entries.order_id WHERE reference = '{reference}'"
        " ORDER BY account",
    )


def test_ten_of_the_same_event_at_once_and_shuffled_with_older_ones_count_once(
    shop: Served, stripe_emulator: StripeEmulator, visit: Visit
) -> None:
    stripe_emulator.hook_url = ""
    page = visit(javascript=False)
    session = go_to_stripe(page, shop, stripe_emulator)
    assert ask(f"{page.url}/complete", {}).status == 302
    (event,) = stripe_emulator.events
    unpaid = stripe_event("checkout.session.expired", {**event.raw["data"]["object"], "status": "expired"})
    older = Event(sign(unpaid, stripe_emulator.webhook_secret), unpaid)

    def bring(one: Event) -> int:
        return ask(f"{shop.url}/hooks/stripe", one.body, one.headers).status

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(bring, [event] * 5 + [older] + [event] * 5))
    assert answers == [200] * 11
    ((reference,),) = rows(shop.shop, f"SELECT reference FROM payments WHERE session_id = '{session}'")
    assert [amount for _, amount in postings(shop, reference)] == [-500, 500]
    assert twin_of(page_of(shop, session)).paid == "5.00"


def test_while_stripe_is_down_the_page_stays_and_offers_another_try(
    shop: Served, stripe_emulator: StripeEmulator, visit: Visit
) -> None:
    page = visit(width=PHONE)
    stripe_emulator.failures.extend([(500, {"error": {"type": "api_error", "message": "Down"}})] * 8)
    page.goto(f"{shop.url}/w/river-song")
    page.locator("#pay button.go").click()
    page.wait_for_url(f"{shop.url}/o/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("One more try.")
    axe(page)
    address = page.url
    stripe_emulator.failures.clear()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.wait_for_url(f"{stripe_emulator.url}/checkout/**")
    pay(page, shop)
    assert page.url == address
    assert twin_of(page).paid == "5.00"


def test_stripe_hears_the_amount_and_the_title_and_nothing_of_the_reader(
    shop: Served, stripe_emulator: StripeEmulator, visit: Visit
) -> None:
    page = visit(user_agent="Bobs Browser")
    session = go_to_stripe(page, shop, stripe_emulator)
    told = json.dumps(stripe_emulator.sessions[session].form)
    assert "River Song" in told
    assert re.search(r'"line_items\[0\]\[price_data\]\[unit_amount\]": "500"', told)
    assert "Bobs Browser" not in told
    for method, path, headers in stripe_emulator.requests:
        assert "X-Stripe-Client-Telemetry" not in headers, (method, path)
        assert "Bobs Browser" not in str(headers)


def test_a_shop_with_half_of_the_keys_offers_no_card(
    tmp_path: Path, visit: Visit, stripe_emulator: StripeEmulator
) -> None:
    half = {**stripe_emulator.settings, "stripe_webhook_secret": ""}
    with open_shop(make_alices_shop(tmp_path / "half", [river_song(tmp_path)], **half)) as served:
        page = visit(javascript=False)
        page.goto(f"{served.url}/w/river-song")
        assert page.locator("#pay button").count() == 0
        expect(page.get_by_text("There is no way to pay here yet.")).to_be_visible()
        assert ask(f"{served.url}/hooks/stripe", b"{}").status == 404
        page.locator("#cant_pay button.go").click()
        page.wait_for_url(f"{served.url}/o/*")
        assert fetch(twin_of(page).files[0]["url"]) == b"Row, row.\n"
