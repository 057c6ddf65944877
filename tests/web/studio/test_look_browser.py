"""The pages of look and address in a real browser: live, without scripts, by keyboard, on a phone and at a desk."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from headwaters.config import load_config
from headwaters.errands import signin
from headwaters.wiring import furnish
from tests.support.browser import DESK, PHONE, OpenPage, Record, axe, scrolls_sideways
from tests.support.gallery import Gallery, gallery
from tests.support.samples import picture

pytestmark = pytest.mark.needs("chromium", "axe")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("look") / "shop"


@pytest.fixture(scope="module")
def shop(folder: Path, sqlite_template: Path) -> Iterator[Gallery]:
    with gallery(folder, sqlite_template, {"next_address": "https://films.example"}) as opened:
        yield opened


def link(folder: Path, url: str) -> str:
    found: list[str] = []

    async def run() -> None:
        async with furnish(load_config(folder, {}, url=url)) as house:
            found.append(await signin.make_link(house))

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()
    return found[0]


def sign_in(page: Page, shop: Gallery, folder: Path, path: str = "/studio/look") -> None:
    page.goto(link(folder, shop.url))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/studio/password")
    page.goto(shop.url + path)


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (768, "light"), (DESK, "light")])
def test_both_pages_are_for_everyone(shop: Gallery, folder: Path, open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(width=width, color_scheme=scheme)
    sign_in(page, shop, folder)
    page.get_by_label("Colour of links and buttons").fill("#ffd800")
    expect(page.locator("#accent-said")).to_contain_text("would be too faint")
    axe(page)
    assert not scrolls_sideways(page)
    beside = page.locator(".seen").bounding_box()
    form = page.locator("#look").bounding_box()
    assert beside is not None
    assert form is not None
    assert (beside["x"] > form["x"] + form["width"]) == (width == DESK)
    page.get_by_label("a desk", exact=True).check()
    assert not scrolls_sideways(page)
    page.get_by_role("link", name="Back to how it was").click()
    page.goto(shop.url + "/studio/address")
    axe(page)
    assert not scrolls_sideways(page)


def test_the_real_page_follows_the_form_and_nothing_is_kept(
    shop: Gallery, folder: Path, open_page: OpenPage, record: Record
) -> None:
    page = open_page()
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page, shop, folder)
    seen = page.frame_locator("#seen")
    expect(seen.locator("h1")).to_have_text("Stones")
    page.get_by_label("Name of the shop").fill("Not <b>kept</b> yet")
    expect(seen.locator(".shop b")).to_have_text("Not <b>kept</b> yet")
    page.get_by_label("Always dark").check()
    expect(seen.locator("body")).to_have_css("background-color", "rgb(20, 25, 28)")
    page.get_by_label("Colour of links and buttons").fill("#f80")
    expect(seen.locator("#pay button.go")).to_have_css("color", "rgb(255, 136, 0)")
    page.get_by_label("A typewriter: for zines, scripts and code").check()
    expect(seen.locator("h1")).to_have_css("font-family", re.compile("Courier"))
    page.get_by_label("Zine. Black, white and one colour").check()
    expect(seen.locator(".mast")).to_be_visible()
    page.get_by_label("Which page").select_option("order")
    expect(seen.locator("h1")).to_have_text("Thank you.")
    assert page.evaluate("document.getElementById('seen').contentDocument.scripts.length") == 0
    asked = len(record.requests)
    seen.get_by_role("button", name="Send the letter").click()  # it goes nowhere
    page.wait_for_timeout(200)
    assert [request.method for request in record.requests[asked:]] == []
    page.goto(shop.url)
    expect(page.locator(".shop b")).to_have_text("Alice")


def test_kept_without_a_script_with_a_logo_and_seen_by_a_button(
    shop: Gallery, folder: Path, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(width=PHONE, javascript=False)
    sign_in(page, shop, folder)
    page.get_by_label("Name of the shop").fill("Alice & friends")
    page.get_by_role("button", name="Show it").click()
    expect(page.frame_locator("#seen").locator(".shop b")).to_have_text("Alice & friends")
    page.get_by_label("Colour of links and buttons").fill("mauve")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_label("Colour of links and buttons")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name of the shop")).to_have_value("Alice & friends")
    page.get_by_label("Colour of links and buttons").fill("#7a1f3d")
    page.get_by_label("Logo").set_input_files(picture(tmp_path / "logo.png", (400, 120)))
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("Kept. Your pages look like this from now on.")).to_be_visible()
    page.goto(shop.url)
    logo = page.get_by_role("img", name="Alice & friends")
    box = logo.bounding_box()
    assert box is not None
    assert box["height"] <= 48
    assert logo.evaluate("image => image.naturalWidth") == 400
    page.goto(shop.url + "/studio/look")
    page.get_by_label("Take the logo away").check()
    page.get_by_label("Name of the shop").fill("Alice")
    page.get_by_label("Colour of links and buttons").fill("")
    page.get_by_role("button", name="Keep").click()
    page.goto(shop.url)
    expect(page.locator(".shop b")).to_have_text("Alice")


def test_a_look_is_kept_by_keyboard_alone(shop: Gallery, folder: Path, open_page: OpenPage) -> None:
    page = open_page()
    sign_in(page, shop, folder)
    page.locator("#tagline").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("by keyboard")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Keep":
            break
    box = page.get_by_role("button", name="Keep").bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 900 - box["height"]  # the bar stays in sight
    page.keyboard.press("Enter")
    expect(page.get_by_text("Kept. Your pages look like this from now on.")).to_be_visible()
    expect(page.locator("#tagline")).to_have_value("by keyboard")
