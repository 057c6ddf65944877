"""Orders, money and tills in a real browser: on a phone and at a desk, by keyboard, with and without scripts."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.errands import orders, settle, signin
from headwaters.errands.house import House, refresh
from headwaters.errands.init import NewShop, make_shop
from headwaters.errands.settings import change_settings
from tests.people import BOB, Order, add_work, take_work
from tests.support.browser import DESK, PHONE, OpenPage, axe, scrolls_sideways
from tests.support.served import Served, ServeShop
from tests.web.studio.test_browser import in_house

LONG = "High Water and " + "Donaudampfschifffahrt" * 3
KEYS = {"stripe_secret_key": "sk_test_51Riverbed", "stripe_webhook_secret": "whsec_51Riverbed"}


@dataclass
class Alice:
    """Her served shop, with an order that was paid and one that waits."""

    folder: Path
    served: Served
    paid: Order
    waiting: Order

    def at(self, path: str) -> str:
        return f"{self.served.url}/studio{path}"


async def _fill(house: House) -> tuple[Order, Order]:
    await change_settings(house, {"by_hand": "on", "creator": "Alice", "practice": "on", **KEYS})
    await refresh(house)
    await house.db.write(lambda conn: add_work(conn, title=LONG))
    paid = await take_work(house, Door.PAY, till="by_hand", minor=123_456_789, email=BOB, letter="Was it cold?")
    await settle.confirm(house, paid.reference)
    await orders.refund_by_hand(house, paid.reference, Money(250, "EUR"), "a" * 26, None)
    await orders.write_note(house, paid.id, "paid in coins", "", None)
    return paid, await take_work(house, Door.PAY, till="by_hand", minor=750)


@pytest.fixture
def alice(tmp_path: Path, serve_shop: ServeShop) -> Alice:
    folder = tmp_path / "shop"
    thread = threading.Thread(target=lambda: asyncio.run(make_shop(NewShop(folder, "Alice's films", "EUR", ""))))
    thread.start()
    thread.join()
    paid, waiting = in_house(folder, _fill)
    return Alice(folder, serve_shop(folder), paid, waiting)


def sign_in(page: Page, alice: Alice) -> None:
    page.goto(in_house(alice.folder, signin.make_link, alice.served.url))
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_each_page_fits_and_is_fit_for_everyone(alice: Alice, open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(width=width, color_scheme=scheme)
    sign_in(page, alice)
    for path in (
        "/orders?which=paid&from=2026-01-01",
        "/orders?find=nothing&door=pay",
        f"/orders/{alice.paid.id}",
        f"/orders/{alice.waiting.id}",
        "/money",
        "/money/by-hand",
        "/money/stripe",
    ):
        page.goto(alice.at(path))
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        axe(page)
        assert not scrolls_sideways(page), path
        assert len(page.content().encode()) < 20_000, path


@pytest.mark.parametrize("javascript", [True, False])
def test_from_a_phone_money_is_confirmed_paid_back_and_taken_out(
    alice: Alice, open_page: OpenPage, javascript: bool
) -> None:
    page = open_page(width=PHONE, javascript=javascript, accept_downloads=True)
    sign_in(page, alice)
    page.goto(alice.at("/orders"))
    page.get_by_label("Find an order").fill(alice.waiting.reference)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=LONG).click()
    page.get_by_role("button", name="Yes, it came").click()
    expect(page.get_by_text("You confirmed it: €7.50 came in.")).to_be_visible()
    page.get_by_text("Pay it back").click()
    page.get_by_label("What went back, in EUR").fill("8")
    page.get_by_role("button", name="Book it").click()
    expect(page.get_by_label("What went back, in EUR")).to_be_focused()
    expect(page.get_by_text("no more can go back")).to_be_visible()
    page.get_by_label("What went back, in EUR").fill("7.50")
    page.get_by_role("button", name="Book it").click()
    expect(page.get_by_text("Booked. The money that went back is in the ledger")).to_be_visible()
    page.get_by_label("Your note").fill("came on a Sunday")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.get_by_label("Your note")).to_have_value("came on a Sunday")
    page.goto(alice.at("/money"))
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Take the ledger out").click()
    table = waiting.value.path().read_text("utf-8").splitlines()
    assert len(table) == 5
    assert table[-1].endswith(",by_hand,live,EUR,-7.50")


def test_a_till_is_set_up_by_keyboard_alone(alice: Alice, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, alice)
    page.goto(alice.at("/money/by-hand"))
    page.get_by_label("Who gets the money").focus()
    page.keyboard.type("Alice Rivers")
    page.keyboard.press("Tab")
    page.keyboard.type("DE89 3704 0044 0532 0130 01")
    page.keyboard.press("Enter")
    expect(page.get_by_label("IBAN")).to_be_focused()
    expect(page.get_by_text("its check digits do not fit")).to_be_visible()
    expect(page.get_by_label("Who gets the money")).to_have_value("Alice Rivers")
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    page.keyboard.type("0")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Kept. Your pages follow at once.")).to_be_visible()


def test_a_wrong_key_keeps_what_was_typed_and_the_address_can_be_copied(alice: Alice, open_page: OpenPage) -> None:
    page = open_page(width=PHONE, permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, alice)
    page.goto(alice.at("/money/stripe"))
    page.get_by_label("Secret key").fill("pk_live_51Riverbed")
    page.get_by_role("button", name="Check and keep").click()
    expect(page.get_by_label("Secret key")).to_be_focused()
    expect(page.get_by_label("Secret key")).to_have_value("pk_live_51Riverbed")
    expect(page.get_by_text("This is the publishable key.")).to_be_visible()
    axe(page)
    page.get_by_text("How to arrange the events yourself").click()
    page.get_by_role("button", name="Copy").nth(1).click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.split() == copied.splitlines()
    assert "checkout.session.completed" in copied.splitlines()
