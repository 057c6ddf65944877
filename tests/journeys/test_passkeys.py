"""Alice, Bob and their passkeys: a real browser with a virtual authenticator, at localhost, by phone and at a desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESK, PHONE, OpenPage, axe, scrolls_sideways
from tests.support.localhost import Device, LocalShop, open_at_localhost
from tests.support.shop import make_alices_shop, weight

PASSWORD = "gravel otter lantern ninth"


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[LocalShop]:
    with open_at_localhost(make_alices_shop(tmp_path / "shop")) as shop:
        yield shop


def look(page: Page) -> None:
    """What holds for every page of the Studio."""
    axe(page)
    assert not scrolls_sideways(page), page.url
    assert weight(page) < 32_000, page.url


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def sign_out(page: Page) -> None:
    page.locator("footer").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_from_the_link_to_a_passkey_that_signs_in_alone(alice: LocalShop, open_page: OpenPage, width: int) -> None:
    page = open_page(width=width)
    device = Device.of(page)
    page.goto(alice.link())
    press(page, "Sign in")
    expect(page.get_by_role("heading", name="You are in. And the next time?")).to_be_visible()
    look(page)
    press(page, "Make a passkey")
    expect(page.get_by_text("Your passkey is kept.")).to_be_visible()
    (key,) = device.keys()
    assert (key["rpId"], key["isResidentCredential"]) == ("localhost", True)
    sign_out(page)
    look(page)
    page.goto(f"{alice.url}/studio/works")
    press(page, "Sign in with a passkey")
    expect(page).to_have_url(f"{alice.url}/studio/works")
    page.goto(f"{alice.url}/studio/you")
    expect(page.get_by_text("By the passkey “Passkey 1”")).to_be_visible()
    look(page)
    press(page, "Make a passkey")
    expect(page.get_by_text("This device has a passkey for you already.")).to_be_visible()

    page.get_by_text("Rename or remove").click()
    page.get_by_label("Its name").fill("my phone")
    press(page, "Rename")
    expect(page.get_by_text("It is called so now.")).to_be_visible()
    look(page)
    sign_out(page)

    device.verifies(False)
    press(page, "Sign in with a passkey")
    expect(page.get_by_text("Nothing was chosen. Please try once more.")).to_be_visible()
    device.verifies(True)
    device.count_back()
    press(page, "Sign in with a passkey")
    expect(page.get_by_text("This passkey does not open this Studio.")).to_be_visible()
    look(page)

    page.goto(alice.link())  # the machine always lets its owner in
    press(page, "Sign in")
    page.goto(f"{alice.url}/studio/you")
    page.get_by_text("Rename or remove").click()
    press(page, "Remove this passkey")
    expect(page.get_by_text("The passkey opens nothing any more.")).to_be_visible()
    deeds = [deed["deed"] for deed in alice.run("log", "--who", "Alice").json["deeds"]]
    assert deeds[:2] == ["signin.passkey_removed", "signin.in"]


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_bob_is_invited_helps_and_goes_and_alice_loses_no_word(
    alice: LocalShop, open_page: OpenPage, width: int
) -> None:
    page = open_page(width=width)
    Device.of(page)
    page.goto(alice.link())
    press(page, "Sign in")
    press(page, "Make a passkey")
    expect(page.get_by_text("Your passkey is kept.")).to_be_visible()
    page.goto(f"{alice.url}/studio/people/invite")
    look(page)
    page.get_by_role("textbox", name="Name").fill("Bob")
    page.get_by_label("Talk").check()
    press(page, "Make the link")
    look(page)
    link = page.locator("#link").inner_text()

    bob = open_page(width=PHONE, javascript=False)
    bob.goto(link)
    press(bob, "Sign in")
    expect(bob.get_by_text("Passkeys need JavaScript")).to_be_visible()
    bob.get_by_label("New password").fill(PASSWORD)
    press(bob, "Keep this password")
    tabs = bob.get_by_role("navigation", name="Studio").get_by_role("link").all_inner_texts()
    assert tabs == ["Start", "Letters", "Shop", "See it"]

    page.goto(f"{alice.url}/studio/people")
    look(page)
    page.get_by_role("link", name="Bob").click()
    page.get_by_text("End the access of Bob").click()
    look(page)
    press(page, "Yes, end it")
    expect(page.get_by_text("They are out: every place")).to_be_visible()
    bob.goto(f"{alice.url}/studio/letters")
    expect(bob.get_by_role("heading", name="Sign in")).to_be_visible()
    bob.get_by_label("Your password").fill(PASSWORD)
    press(bob, "Sign in")
    expect(bob.get_by_text("This is not the password.")).to_be_visible()

    page.goto(f"{alice.url}/studio/log")
    expect(page.get_by_text("ended the access of Bob")).to_be_visible()
    look(page)

    # ended elsewhere while she types
    page.goto(f"{alice.url}/studio/you")
    page.get_by_role("textbox", name="Your name").fill("Alice of the River")
    page.context.clear_cookies()
    press(page, "Keep")
    expect(page.get_by_text("You were signed out, so nothing was done yet.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("Alice of the River")
    look(page)
    press(page, "Sign in with a passkey")
    expect(page.get_by_text("Welcome back, Alice. Nothing is lost")).to_be_visible()
    look(page)
    press(page, "Send it now")
    expect(page.get_by_text("Your name is kept.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Your name")).to_have_value("Alice of the River")


def test_somebody_is_invited_by_keyboard_alone(alice: LocalShop, open_page: OpenPage) -> None:
    page = open_page()

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.trim()") == name:
                return
        raise AssertionError(f"{name} is not reached")

    page.goto(alice.link())
    press(page, "Sign in")
    page.wait_for_url("**/studio/password")
    page.goto(f"{alice.url}/studio/people/invite")
    tab_to("People")
    page.keyboard.press("Tab")
    page.keyboard.type("Bob")
    for key in ("Tab", "Tab", "Space"):  # the radio buttons, then the first tick
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A link for Bob")).to_be_visible()
    assert [one["may"] for one in alice.run("people", "Bob").json["people"]] == [["publish"]]


def test_at_an_address_without_a_name_the_page_leads_to_one_that_has_it(alice: LocalShop, open_page: OpenPage) -> None:
    page = open_page(width=PHONE)
    page.goto(alice.link().replace("localhost", "127.0.0.1"))
    press(page, "Sign in")
    expect(page.get_by_text("Browsers take passkeys only at an address with a name.")).to_be_visible()
    expect(page.get_by_role("link", name=f"{alice.url}/studio/password")).to_be_visible()
    expect(page.get_by_role("button", name="Make a passkey")).to_have_count(0)
    page.get_by_label("New password").fill(PASSWORD)
    press(page, "Keep this password")
    expect(page.get_by_text("Your password is kept.")).to_be_visible()
    look(page)
