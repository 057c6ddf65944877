"""Talk in a real browser: by mouse, by keyboard, with and without scripts, on a phone and at a desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from headwaters.actions import letters as letter_verbs
from headwaters.actions import saved as saved_verbs
from headwaters.actions.reports import file_report, read_wrong
from headwaters.config import load_config
from headwaters.core.letters import Author
from headwaters.core.sales.states import Door
from headwaters.errands import signin
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.wiring import furnish
from tests.people import BOB, Order, add_work, fresh_nonce, take_work
from tests.support.browser import DESK, PHONE, OpenPage, axe, scrolls_sideways
from tests.support.served import Served
from tests.support.shop import in_a_thread, make_alices_shop, open_shop

LONG = "Dear Alice,\n\nwas it cold? <script>document.title = 'broken'</script> 🌊\n" + "averylongword" * 30
REFERENCE = "WR-7K3M-9QXA"


@dataclass
class Alice:
    """Her served shop."""

    folder: Path
    served: Served

    def do(self, errand: Callable[[House], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            async with furnish(load_config(self.folder, {}, url=self.served.url)) as house:
                return await errand(house)

        return in_a_thread(run)

    def take(self, letter: str, **more: Any) -> Order:
        order: Order = self.do(lambda house: take_work(house, Door.CANT_PAY, letter=letter, **more))
        return order

    def open(self, page: Page, path: str) -> None:
        page.goto(self.served.url + path)

    def sign_in(self, page: Page, path: str = "/studio") -> None:
        page.goto(self.do(signin.make_link))
        page.get_by_role("button", name="Sign in").click()
        self.open(page, path)


async def _fill(house: House) -> None:
    await house.db.write(lambda conn: add_work(conn, title="High Water and " + "Donaudampfschifffahrt" * 3))
    order = await take_work(house, Door.CANT_PAY, email=BOB, letter=LONG)
    await house.db.write(
        lambda conn: letter_verbs.write_letter(
            conn,
            order_id=order.id,
            author=Author.READER,
            body="مرحبا، هل توجد ترجمة عربية؟",
            wants_mail=True,
            nonce=fresh_nonce(),
            ref=house.token()[:13],
            now=house.clock(),
        )
    )
    wrong = read_wrong("/w/high-water", LONG, BOB)
    values = {"nonce": fresh_nonce(), "token": house.token(), "reference": REFERENCE, "now": house.clock()}
    await house.db.write(lambda conn: file_report(conn, wrong, **values))  # type: ignore[arg-type]
    text = "Thank you for writing about {title}.\n{name}"
    await house.db.write(lambda conn: saved_verbs.add_saved(conn, "Thank you", text, house.clock()))


@pytest.fixture(scope="module")
def alice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alice]:
    folder = make_alices_shop(tmp_path_factory.mktemp("talk") / "shop")
    mail = {"HOST": "127.0.0.1", "PORT": "9", "SENDER": "shop@shop.example", "SECURITY": "none"}
    with open_shop(folder, {f"HEADWATERS_SMTP_{name}": value for name, value in mail.items()}) as served:
        found = Alice(folder, served)
        found.do(_fill)
        yield found


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_every_page_fits_and_is_fit_for_everyone(alice: Alice, open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(width=width, color_scheme=scheme)
    closed = alice.take("You fraud")
    alice.sign_in(page, f"/studio/letters/{closed.id}")
    page.get_by_text("Close the letters with this reader").click()
    page.get_by_role("button", name="Take no more letters from them").click()
    for path in (
        "/studio/letters",
        "/studio/letters?find=nobody",
        "/studio/letters?tray=blocked",
        "/studio/letters/1",
        f"/studio/letters/{closed.id}",
        "/studio/letters/saved",
        "/studio/letters/saved/1",
        "/studio/notices",
        "/studio/reports",
        f"/studio/reports/{REFERENCE}",
        f"/o/{closed.token}",
    ):
        alice.open(page, path)
        axe(page)
        assert not scrolls_sideways(page), path
        assert len(page.content().encode()) < 12_000, path
        assert page.title() != "broken"


def test_a_conversation_by_keyboard_alone(alice: Alice, open_page: OpenPage) -> None:
    order = alice.take("By keyboard, please")
    page = open_page()
    alice.sign_in(page, "/studio/letters?find=keyboard")
    press_to(page, lambda: page.evaluate("document.activeElement.getAttribute('href')"), f"/studio/letters/{order.id}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("By keyboard, please")).to_be_visible()
    press_to(page, lambda: page.evaluate("document.activeElement.id"), "insert")
    page.keyboard.press("Enter")
    box = page.get_by_label("Your answer")
    expect(box).to_have_value("Thank you for writing about High Water and " + "Donaudampfschifffahrt" * 3 + ".\nAlice")
    expect(box).to_be_focused()
    page.keyboard.type(" (by hand)")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Your answer is on the reader’s page.")).to_be_visible()
    expect(page.locator(".letter.mine .said")).to_contain_text("Alice (by hand)")
    press_to(page, lambda: page.evaluate("document.activeElement.textContent"), "Archive")
    page.keyboard.press("Enter")
    expect(page.get_by_text("It comes back by itself when they write again.", exact=False).first).to_be_visible()


def press_to(page: Page, look: Callable[[], Any], wanted: str) -> None:
    """Tab until the focus is there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if look() == wanted:
            return
    raise AssertionError(f"{wanted} is not reached")


def test_an_unsent_answer_outlives_its_tab_and_goes_when_it_is_sent(alice: Alice, open_page: OpenPage) -> None:
    order = alice.take("Keep what I write")
    path = f"/studio/letters/{order.id}"
    page = open_page(width=PHONE)
    alice.sign_in(page, path)
    page.get_by_label("Your answer").fill("Half a sentence")
    other = page.context.new_page()
    page.close()
    alice.open(other, path)
    expect(other.get_by_label("Your answer")).to_have_value("Half a sentence")
    expect(other.get_by_text("What you wrote before is here again.")).to_be_visible()
    axe(other)
    other.get_by_label("Your answer").fill("A whole sentence.")
    other.get_by_role("button", name="Send, and archive").click()
    expect(other.get_by_text("the letters are in the archive", exact=False)).to_be_visible()
    alice.open(other, path)
    expect(other.locator(".letter.mine .said")).to_have_text("A whole sentence.")
    expect(other.get_by_label("Your answer")).to_have_value("")
    other.get_by_label("Your answer").fill("Not this")
    other.get_by_role("button", name="Throw it away").click()
    alice.open(other, path)
    expect(other.get_by_label("Your answer")).to_have_value("")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_session_that_ended_elsewhere_loses_nothing(alice: Alice, open_page: OpenPage, javascript: bool) -> None:
    order = alice.take("Do not lose it")
    page = open_page(width=PHONE, javascript=javascript)
    alice.sign_in(page, f"/studio/letters/{order.id}")
    page.get_by_label("Your answer").fill("A long answer")

    async def end(house: House) -> None:
        await house.db.write(lambda conn: conn.execute(tables.studio_sessions.update().values(ended_at=1)) and None)

    alice.do(end)
    page.get_by_role("button", name="Send the letter").click()
    expect(page.get_by_text("You were signed out, so nothing was done yet.")).to_be_visible()
    expect(page.get_by_text("A long answer")).to_be_visible()
    alice.sign_in(page, f"/studio/letters/{order.id}")
    expect(page.get_by_label("Your answer")).to_have_value("A long answer" if javascript else "")


def test_without_scripts_a_saved_answer_goes_in_and_out(alice: Alice, open_page: OpenPage) -> None:
    order = alice.take("Without scripts")
    page = open_page(width=PHONE, javascript=False)
    alice.sign_in(page, f"/studio/letters/{order.id}")
    page.get_by_label("Your answer").fill("Dear Bob,")
    page.get_by_role("button", name="Put it in").click()
    expect(page.get_by_label("Your answer")).to_have_value(
        "Dear Bob,\n\nThank you for writing about High Water and " + "Donaudampfschifffahrt" * 3 + ".\nAlice"
    )
    expect(page.get_by_text("Ctrl and Enter send it.")).to_be_hidden()
    page.get_by_role("button", name="Send the letter").click()
    expect(page.get_by_text("Your answer is on the reader’s page.")).to_be_visible()


def test_who_was_closed_out_reads_it_kindly_and_keeps_what_they_wrote(alice: Alice, open_page: OpenPage) -> None:
    order = alice.take("Something unpleasant")
    bob, page = open_page(width=PHONE), open_page()
    alice.open(bob, f"/o/{order.token}")
    bob.get_by_label("Your next letter").fill("And another thing")
    alice.sign_in(page, f"/studio/letters/{order.id}")
    page.get_by_text("Close the letters with this reader").click()
    page.get_by_role("button", name="Take no more letters from them").click()
    bob.get_by_role("button", name="Send the letter").click()
    expect(bob.get_by_text("Alice takes no more letters on this page.")).to_be_visible()
    expect(bob.get_by_label("What you wrote, to copy.")).to_have_value("And another thing")
    axe(bob)
    page.get_by_role("button", name="Open them again").click()
    alice.open(bob, f"/o/{order.token}")
    bob.get_by_label("Your next letter").fill("I am sorry")
    bob.get_by_role("button", name="Send the letter").click()
    expect(bob.get_by_text("I am sorry")).to_be_visible()


def test_a_report_is_answered_and_notices_are_chosen_on_a_phone(alice: Alice, open_page: OpenPage) -> None:
    page = open_page(width=PHONE)
    alice.sign_in(page, "/studio/letters")
    page.get_by_role("link", name="Reports of a wrong").click()
    page.get_by_role("link", name="/w/high-water").click()
    page.get_by_label("Your answer").fill("Which song?")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_text("Your answer is on the reporter’s page.")).to_be_visible()
    page.get_by_role("link", name="Shop", exact=True).click()
    page.get_by_role("link", name="Notices").click()
    page.get_by_label("Where they go").fill("alice@shop.example")
    page.get_by_role("group", name="Of letters").get_by_label("Daily").check()
    page.get_by_label("The hour of the daily mail").select_option("20:00 UTC")
    page.get_by_role("button", name="Keep it, and send me one now to try").click()
    expect(page.get_by_role("alert")).to_contain_text("The mail server 127.0.0.1:9 did not take the mail")
    expect(page.get_by_role("group", name="Of letters").get_by_label("Daily")).to_be_checked()
    axe(page)
