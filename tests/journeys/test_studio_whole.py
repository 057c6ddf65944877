"""Alice's first weeks in a browser alone: first start, a passkey, a way to be paid, a work on sale, sold, a letter
answered, a new edition. At a desk by keyboard only, and on a phone by touch; every page is looked at by axe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support import samples
from tests.support.browser import DESK, PHONE, OpenPage, axe, scrolls_sideways
from tests.support.localhost import Device, LocalShop, open_at_localhost
from tests.support.served import headwaters
from tests.support.shop import twin_of

PATIENCE = 20_000  # milliseconds, for what happens in the background
MOST_TABS = 120


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[LocalShop]:
    """A shop as it is after its first command."""
    made = headwaters("init", tmp_path / "shop", "--name", "Alice's river", "--currency", "EUR")
    assert made.code == 0, made.err
    with open_at_localhost(tmp_path / "shop") as shop:
        yield shop


class Keyboard:
    """Whoever has nothing but keys: Tab, Space, Enter, arrows and letters."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def _tab_to(self, what: Locator, same: str = "part === document.activeElement") -> None:
        what = what.first
        expect(what).to_be_visible()
        for _ in range(MOST_TABS):
            if what.evaluate(f"part => {same}"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{what} is not reached")

    def press(self, what: Locator) -> None:
        self._tab_to(what)
        self.page.keyboard.press("Enter")

    def choose(self, what: Locator) -> None:
        """A tick or one of several: these are one stop of Tab, and arrows go on from there."""
        self._tab_to(what, "document.activeElement.type === part.type && document.activeElement.name === part.name")
        if not what.is_checked():
            self.page.keyboard.press("Space")
        for _ in range(9):
            if what.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        expect(what).to_be_checked()

    def write(self, what: Locator, text: str) -> None:
        self._tab_to(what)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)


class Finger:
    """Whoever has a phone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        what.first.tap()

    choose = press

    def write(self, what: Locator, text: str) -> None:
        what.tap()
        what.fill(text)


Hand = Keyboard | Finger


def look(page: Page, heading: str) -> None:
    """The page is there, and what holds for every page holds."""
    expect(page.get_by_role("heading", level=1)).to_have_text(heading, timeout=PATIENCE)
    axe(page)
    assert not scrolls_sideways(page), page.url


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def tab(page: Page, name: str) -> Locator:
    """One of the Studio's rooms. That of the letters may have a number beside it."""
    return page.get_by_role("navigation", name="Studio").get_by_role("link", name=re.compile(rf"^{name}\b"))


def send_a_file(hand: Hand, file: Path) -> None:
    """Of the device, for a draft."""
    with hand.page.expect_file_chooser() as chooser:
        hand.press(button(hand.page, "Choose files"))
    chooser.value.set_files(str(file))
    expect(hand.page.locator(".upload", has_text=file.name)).to_contain_text("whole and checked", timeout=PATIENCE)


def publish(hand: Hand, heading: str, said: str) -> None:
    """The draft that is open, until its work's page is there. That of an edition is declared as the one before was."""
    made = hand.page.get_by_label("I made this work")
    if not made.is_checked():
        hand.choose(made)
    look(hand.page, heading)
    hand.press(button(hand.page, "Publish it now"))
    hand.page.wait_for_url("**/studio/works/river-song?said=published*", timeout=PATIENCE)
    expect(hand.page.get_by_text(said)).to_be_visible()
    look(hand.page, "River Song")


@pytest.mark.parametrize(("width", "kind"), [(DESK, Keyboard), (PHONE, Finger)])
def test_from_the_first_start_to_a_new_edition(
    shop: LocalShop, open_page: OpenPage, tmp_path: Path, width: int, kind: type[Keyboard] | type[Finger]
) -> None:
    page = open_page(width=width, has_touch=kind is Finger)
    alice, device = kind(page), Device.of(page)

    # in, with a passkey for the next time
    page.goto(shop.link())
    alice.press(button(page, "Sign in"))
    look(page, "You are in. And the next time?")
    alice.press(button(page, "Make a passkey"))
    expect(page.get_by_text("Your passkey is kept.")).to_be_visible()
    assert len(device.keys()) == 1
    look(page, "Hello, Alice's river")

    # a way to be paid
    alice.press(tab(page, "Money"))
    alice.press(page.get_by_role("link", name="Bank transfer or cash"))
    alice.choose(page.get_by_label("When you confirm that the money came"))
    alice.write(page.get_by_label("What else readers should know"), "Leave it at the bakery.")
    look(page, "Bank transfer or cash")
    alice.press(button(page, "Keep"))
    expect(page.get_by_text("Kept. Your pages follow at once.")).to_be_visible()

    # a work
    alice.press(tab(page, "Works"))
    alice.press(button(page, "New work"))
    send_a_file(alice, samples.book(tmp_path / "River Song.epub", cover=samples.png((600, 900))))
    expect(page.get_by_label("Title", exact=True)).to_have_value("River Song")
    publish(alice, "New work", "Published. Anyone can take it now.")

    # somebody takes it, and pays
    reader = open_page(width=width, has_touch=kind is Finger)
    bob = kind(reader)
    reader.goto(f"{shop.url}/w/river-song")
    look(reader, "River Song")
    bob.press(reader.locator("#pay button.go"))
    look(reader, "Almost there.")
    assert twin_of(reader).files == []
    alice.press(tab(page, "Orders"))
    look(page, "Orders")
    alice.press(page.locator(".list").get_by_role("link", name="River Song"))
    look(page, "River Song")
    alice.press(button(page, "Yes, it came"))
    expect(page.get_by_text("Confirmed. The money is in the ledger, and the files are theirs.")).to_be_visible()
    reader.reload()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Thank you.")
    assert [file["name"] for file in twin_of(reader).files] == ["River Song.epub"]

    # a letter, and its answer
    bob.write(reader.get_by_label("Your letter"), "Which river is it?")
    bob.press(button(reader, "Send the letter"))
    expect(reader.locator(".thread .letter")).to_have_count(1)
    alice.press(tab(page, "Letters"))
    look(page, "Letters")
    expect(tab(page, "Letters")).to_contain_text("1")
    alice.press(page.locator(".list").get_by_role("link", name="River Song"))
    alice.write(page.get_by_label("Your answer"), "The one behind my house.")
    look(page, "Letters about River Song")
    alice.press(button(page, "Send the letter"))
    expect(page.get_by_text("Your answer is on the reader’s page.")).to_be_visible()
    reader.reload()
    expect(reader.locator(".thread .said").last).to_have_text("The one behind my house.")

    # another edition, which comes to who has the work
    alice.press(tab(page, "Works"))
    look(page, "Works")
    alice.press(page.locator(".list").get_by_role("link", name="River Song"))
    alice.press(button(page, "New edition"))
    notes = tmp_path / "Notes.txt"
    notes.write_text("What the river said.\n")
    send_a_file(alice, notes)
    alice.write(page.get_by_label("What is new?"), "With notes.")
    publish(alice, "New edition of River Song", "Whoever has the work finds the new edition on their page.")
    reader.reload()
    expect(reader.get_by_text("With notes.")).to_be_visible()
    assert [file["name"] for file in twin_of(reader).files] == ["River Song.epub", "Notes.txt"]
    look(reader, "Thank you.")

    # out, and in again with the passkey
    alice.press(tab(page, "Start"))
    look(page, "Hello, Alice's river")
    alice.press(button(page, "Sign out"))
    alice.press(button(page, "Sign in with a passkey"))
    page.wait_for_url(re.compile("/studio$"))
