"""The Studio in a real browser: by mouse and by keyboard, with and without scripts, on a phone and at a desk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from headwaters.actions.shop import change_settings
from headwaters.config import load_config
from headwaters.core.sales.states import Door
from headwaters.errands import signin
from headwaters.errands.house import House, refresh
from headwaters.errands.init import NewShop, make_shop
from headwaters.wiring import furnish
from tests.people import BOB, Order, add_work, take_work
from tests.support.browser import DESK, PHONE, OpenPage, axe, scrolls_sideways
from tests.support.served import Served, ServeShop

PASSWORD = "tide lamp oboe fern"
LETTER = "Dear Alice,\n\nwas it cold? <script>document.title = 'broken'</script>\n" + "averylongword" * 30


@dataclass
class Alice:
    """Her served shop, with an order that waits for its money and a letter."""

    folder: Path
    served: Served
    waiting: Order

    def do(self, errand: Callable[[House], Awaitable[Any]]) -> Any:
        return in_house(self.folder, errand, self.served.url)

    def link(self) -> str:
        return str(self.do(signin.make_link))


def in_house(folder: Path, errand: Callable[[House], Awaitable[Any]], url: str = "") -> Any:
    """In a thread: playwright's loop runs in this one."""

    async def run() -> Any:
        async with furnish(load_config(folder, url=url or None)) as house:
            return await errand(house)

    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(run())))
    thread.start()
    thread.join()
    return found[0]


async def _fill(house: House) -> Order:
    await house.db.write(lambda conn: change_settings(conn, {"by_hand": "on", "creator": "Alice"}))
    await refresh(house)
    await house.db.write(lambda conn: add_work(conn, title="High Water and " + "Donaudampfschifffahrt" * 3))
    for _ in range(30):
        await take_work(house, Door.HAVE_COPY)
    await take_work(house, Door.CANT_PAY, email=BOB, letter=LETTER)
    return await take_work(house, Door.PAY, till="by_hand", minor=750)


@pytest.fixture
def alice(tmp_path: Path, serve_shop: ServeShop) -> Alice:
    folder = tmp_path / "shop"
    thread = threading.Thread(target=lambda: asyncio.run(make_shop(NewShop(folder, "Alice's films", "EUR", ""))))
    thread.start()
    thread.join()
    waiting = in_house(folder, _fill)
    return Alice(folder, serve_shop(folder), waiting)


def sign_out(page: Page, alice: Alice) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{alice.served.url}/studio/signin")


def sign_in(page: Page, alice: Alice) -> None:
    page.goto(alice.link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{alice.served.url}/studio/password")


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("javascript", [True, False])
def test_from_the_link_to_an_answered_letter_and_a_confirmed_payment(
    alice: Alice, open_page: OpenPage, width: int, javascript: bool
) -> None:
    page = open_page(width=width, javascript=javascript)
    sign_in(page, alice)
    page.get_by_label("New password").fill("password1234")
    page.get_by_role("button", name="Keep this password").click()
    expect(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Keep this password").click()
    expect(page.get_by_text("It is good: hard to guess.")).to_be_visible()

    section = page.get_by_role("region", name="Letters for you")
    section.get_by_role("link").first.click()
    expect(page.get_by_text("was it cold? <script>")).to_be_visible()
    page.get_by_label("Your answer").fill("Very cold.")
    page.get_by_role("button", name="Send the letter").click()
    expect(page.get_by_text("Your answer is on the reader’s page.")).to_be_visible()

    page.get_by_role("link", name="Start").click()
    page.get_by_role("region", name="Has this money come?").get_by_role("link").first.click()
    expect(page.get_by_label("What came, in EUR")).to_have_value("7.50")
    page.get_by_role("button", name="Yes, it came").click()
    expect(page.get_by_text("€7.50 came in.")).to_be_visible()

    sign_out(page, alice)
    page.goto(f"{alice.served.url}/studio/orders")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{alice.served.url}/studio/orders")


def test_every_page_fits_a_phone_and_is_fit_for_everyone(alice: Alice, open_page: OpenPage) -> None:
    page = open_page(width=PHONE, color_scheme="dark")
    looked = 0
    for path in (
        None,
        "/studio/password",
        "/studio",
        "/studio/orders",
        "/studio/orders?find=nothing&which=waiting",
        "/studio/orders?page=2",
        f"/studio/orders/{alice.waiting.id}",
        "/studio/letters",
        "/studio/letters/31",
        "/studio/works?said=retired",
        "/studio/signin",
        "/studio/in/" + "a" * 26,
    ):
        if path is None:
            page.goto(alice.link())
        elif path == "/studio/password":
            sign_in(page, alice)
        elif path == "/studio/signin":
            sign_out(page, alice)
        else:
            page.goto(alice.served.url + path)
        axe(page)
        assert not scrolls_sideways(page), path
        assert len(page.content().encode()) < 20_000, path
        looked += 1
    assert looked == 12


def test_a_letter_is_answered_by_keyboard_alone(alice: Alice, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, alice)
    page.goto(f"{alice.served.url}/studio/letters/31")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "body":
            break
    page.keyboard.type("Very cold.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your answer is on the reader’s page.")).to_be_visible()


def test_nothing_that_a_reader_writes_runs(alice: Alice, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, alice)
    page.goto(f"{alice.served.url}/studio/letters/31")
    assert page.title().startswith("Letters about High Water")
    assert page.locator("main script").count() == 0


def test_the_back_button_after_signing_out_shows_nothing(alice: Alice, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, alice)
    page.goto(f"{alice.served.url}/studio/letters/31")
    sign_out(page, alice)
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "was it cold?" not in page.content()
