"""From an empty shop to a work on sale and its next edition in a browser, with and without scripts. The steps are those
of the handbook's “Your first five minutes”, and as many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from headwaters.config import load_config
from headwaters.errands import signin
from headwaters.wiring import furnish
from tests.support import samples
from tests.support.browser import DESK, PHONE, OpenPage, axe, scrolls_sideways
from tests.support.handbook import steps_told
from tests.support.served import Served
from tests.support.shop import fetch, in_a_thread, make_alices_shop, open_shop, taken, twin_of, weight

PATIENCE = 20_000  # milliseconds, for what happens in the background


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with open_shop(make_alices_shop(tmp_path / "shop")) as served:
        yield served


def link(served: Served) -> str:
    async def make() -> str:
        async with furnish(load_config(served.shop, {"HEADWATERS_URL": served.url})) as house:
            return await signin.make_link(house)

    return in_a_thread(make)


class Hand:
    """A person at the page, who counts what they do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.steps = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.steps += 1

    def fill(self, what: Locator, text: str) -> None:
        what.fill(text)
        self.steps += 1

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True))

    def link(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name, exact=True))

    def choose(self, javascript: bool, *files: Path) -> None:
        """Files for a draft: sent at once by the script, else by the form's button."""
        self.page.set_input_files("#files-input", [str(file) for file in files])
        self.steps += 1
        if not javascript:
            self.button("Send")


def here(page: Page, name: str) -> None:
    """Until a file is here and checked; without scripts one looks again."""
    row = page.locator(".upload", has_text=name)
    for _ in range(40):
        if row.count() and "whole and checked" in row.inner_text():
            return
        page.wait_for_timeout(500)
        if not page.evaluate("!!document.querySelector('[data-rich]:not([hidden])')"):
            page.reload()
    expect(row).to_contain_text("whole and checked")


def can_be_paid(served: Served) -> bool:
    page = fetch(f"{served.url}/w/river-song").decode()
    return "Pay and take it" in page and "There is no way to pay here yet." not in page


def be_paid(page: Page) -> None:
    """Switch payment by hand on."""
    hand = Hand(page)
    hand.link("Money")
    hand.link("Bank transfer or cash")
    hand.click(page.get_by_label("When you confirm that the money came"))
    hand.fill(page.get_by_label("What else readers should know"), "In coins, after the show.")
    hand.button("Keep")
    expect(page.get_by_text("Kept. Your pages follow at once.")).to_be_visible()
    assert hand.steps == steps_told("And: be paid")


@pytest.mark.parametrize(("width", "javascript"), [(DESK, True), (PHONE, False)])
def test_a_work_is_on_sale_after_a_dozen_steps_and_gets_another_edition(
    served: Served, open_page: OpenPage, tmp_path: Path, width: int, javascript: bool
) -> None:
    book = samples.book(tmp_path / "River Song.epub", cover=samples.png((600, 900)))
    page = open_page(width=width, javascript=javascript)
    hand = Hand(page)
    page.goto(link(served))
    hand.steps += 1
    hand.button("Sign in")
    hand.link("Skip it for now")
    hand.link("Works")
    hand.button("New work")
    hand.choose(javascript, book)
    here(page, "River Song.epub")
    title = page.get_by_label("Title", exact=True)
    if javascript:
        expect(title).to_have_value("River Song")  # as the file is called
    else:
        hand.fill(title, "River Song")
    hand.click(page.get_by_label("I made this work"))
    hand.button("Publish it now")
    expect(page.get_by_role("heading", name="River Song", level=1)).to_be_visible(timeout=PATIENCE)
    for _ in range(30):
        if "/studio/works/river-song" in page.url:
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text("Published. Anyone can take it now.")).to_be_visible(timeout=PATIENCE)
    assert hand.steps == steps_told("Then: publish") + (0 if javascript else 2)
    assert not scrolls_sideways(page)
    assert not can_be_paid(served)
    be_paid(page)
    assert can_be_paid(served)

    order = taken(served, "river-song")
    assert [file["name"] for file in twin_of(order).files] == ["River Song.epub"]

    page.goto(f"{served.url}/studio/works/river-song")
    hand.button("New edition")
    notes = tmp_path / "Notes.txt"
    notes.write_text("What the river said.\n")
    hand.choose(javascript, notes)
    here(page, "Notes.txt")
    page.get_by_label("What is new?").fill("With notes.")
    page.get_by_label("I made this work").check()
    hand.button("Publish it now")
    for _ in range(30):
        if "/studio/works/river-song" in page.url:
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text("2 editions; in the newest: 2 files")).to_be_visible(timeout=PATIENCE)
    assert [file["name"] for file in twin_of(order).files] == ["River Song.epub", "Notes.txt"]
    page.goto(order)
    expect(page.get_by_text("With notes.")).to_be_visible()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_every_page_of_publishing_fits_and_is_fit_for_everyone(
    served: Served, open_page: OpenPage, tmp_path: Path, width: int
) -> None:
    page = open_page(width=width, color_scheme="dark" if width == PHONE else "light")
    page.goto(link(served))
    page.get_by_role("button", name="Sign in").click()

    def look(path: str = "") -> None:
        if path:
            page.goto(served.url + path)
        axe(page)
        assert not scrolls_sideways(page), page.url
        assert weight(page) < 40_000, page.url

    look("/studio/works")
    page.get_by_role("button", name="New work").click()
    draft = page.url
    look()
    page.get_by_role("button", name="Publish it now").click()
    expect(page.get_by_role("alert").first).to_contain_text("3 things are to be seen to")
    look()
    samples.film(tmp_path / "High Water.mp4", size="320x180", seconds=1)
    page.set_input_files("#files-input", str(tmp_path / "High Water.mp4"))
    here(page, "High Water.mp4")
    page.get_by_label("I made this work").check()
    page.get_by_role("button", name="Save the draft").click()
    look()
    page.goto(f"{draft}/preview")
    look()
    page.goto(draft)
    page.get_by_text("Publish it on a day").click()
    page.get_by_label("Day").fill("2028-05-03")
    page.get_by_label("Hour").fill("20:00")
    page.get_by_role("button", name="Publish it then").click()
    expect(page.get_by_text("by itself.")).to_be_visible()
    look()
    page.get_by_role("button", name="Take it back and change it").click()
    page.get_by_role("button", name="Publish it now").click()
    expect(page.get_by_text("Published. Anyone can take it now.")).to_be_visible(timeout=PATIENCE)
    look()
    page.get_by_label("Title", exact=True).fill(
        "A Very Long Title of the Donaudampfschifffahrtsgesellschaft on the River"
    )
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="A Very Long Title", level=1)).to_be_visible()
    page.get_by_role("button", name="New edition").click()
    look()
    look("/studio/collections")
    page.get_by_label("What it is called").fill("All Water")
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("button", name="Put it in").click()
    look()
    look("/c/all-water")
    look("/w/high-water")
    expect(page.get_by_role("link", name="All Water")).to_be_visible()


def test_a_file_names_the_work_only_where_nobody_is_about_to(
    served: Served, open_page: OpenPage, tmp_path: Path
) -> None:
    song = tmp_path / "River Song.txt"
    song.write_text("Row, row.\n")
    page = open_page()
    page.goto(link(served))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/studio/works")
    page.get_by_role("button", name="New work").click()
    title = page.get_by_label("Title", exact=True)
    title.focus()
    page.set_input_files("#files-input", str(song))
    here(page, song.name)
    expect(title).to_be_focused()
    expect(title).to_have_value("")  # somebody is about to type
    page.keyboard.press("Tab")
    expect(title).to_have_value("River Song")  # and did not
    title.fill("")
    page.get_by_label("About it").focus()
    page.get_by_role("button", name="Take out").click()
    page.set_input_files("#files-input", str(song))
    here(page, song.name)
    expect(title).to_have_value("")  # theirs by now, also empty


def test_an_album_is_not_called_like_its_first_song(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    names = ["01 Spring.txt", "02 Gorge.txt", "cover.txt"]
    for name in names:
        (tmp_path / name).write_text(f"{name}: row, row.\n")
    page = open_page()
    page.goto(link(served))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/studio/works")
    page.get_by_role("button", name="New work").click()
    page.set_input_files("#files-input", [str(tmp_path / name) for name in names])
    expect(page.get_by_text("Here, whole and checked: text")).to_have_count(3)
    expect(page.locator("#files-said")).to_have_text(re.compile(r" is here\.$"))
    expect(page.get_by_label("Title", exact=True)).to_have_value("")


def test_two_tabs_and_only_a_keyboard(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    page.goto(link(served))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/studio/works")
    page.get_by_role("button", name="New work").click()
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("Title", exact=True).fill("Theirs")
    other.get_by_role("button", name="Save the draft").click()
    expect(other.get_by_text("Kept. Nobody sees it before it is published.")).to_be_visible()

    title = page.get_by_label("Title", exact=True)
    title.focus()
    page.keyboard.type("Mine")
    page.keyboard.press("Enter")  # saves, and publishes nothing
    expect(page.get_by_role("heading", name="Somebody else, or another tab of yours, was faster")).to_be_visible()
    expect(page.locator("#theirs-title")).to_have_text("Theirs")
    expect(title).to_have_value("Mine")
    axe(page)
    page.get_by_role("button", name="Save the draft").press("Enter")
    expect(page.get_by_role("heading", name="Mine", level=1)).to_be_visible()

    # what is being written saves itself
    page.get_by_label("About it").focus()
    page.keyboard.type("A river.")
    expect(page.get_by_text("Saved by itself at")).to_be_visible(timeout=PATIENCE)
    other.reload()
    expect(other.get_by_label("About it")).to_have_value("A river.")
