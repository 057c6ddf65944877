"""Every page in a real browser: nothing for axe to find, nothing that scrolls sideways, nothing that needs a mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page

from headwaters.web.look import assets
from tests.support.browser import DESK, PHONE, OpenPage, Record, axe, scrolls_sideways
from tests.support.gallery import PUBLIC, Gallery, gallery

pytestmark = pytest.mark.needs("chromium", "axe")

TASTES = tuple(
    f"{what} of {work}" for what in ("taste", "all") for work in ("humming", "ripples", "a-river-book", "stones")
)
ORDERS = ("free", "copy", "by hand", "unfinished", "paid", "many", "closed", "country", "formats", "lost link")
PAGES = (*PUBLIC, *ORDERS, *TASTES, "reading", "reading all")
DOORS = ("pay", "cant_pay", "have_copy")
LARGEST_PAGE = 30_000  # bytes of HTML and CSS


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Gallery]:
    with gallery(tmp_path_factory.mktemp("gallery") / "shop", sqlite_template) as opened:
        yield opened


def visit(shop: Gallery, open_page: OpenPage, name: str, **more: Any) -> Page:
    page = open_page(**more)
    page.goto(shop.url + shop.paths[name])
    return page


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everyone(shop: Gallery, open_page: OpenPage, name: str, width: int):
    scheme = "light" if width == PHONE else "dark"
    page = visit(shop, open_page, name, width=width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    assert not scrolls_sideways(page)
    axe(page)


@pytest.mark.parametrize("name", ["film", "paid", "report"])
def test_the_other_scheme_is_for_everyone_too(shop: Gallery, open_page: OpenPage, name: str):
    axe(visit(shop, open_page, name, width=PHONE, color_scheme="dark"))
    axe(visit(shop, open_page, name, width=768, color_scheme="light"))


def sheets_of(html: bytes) -> int:
    """Bytes of the style sheets that a page asks for."""
    names = set(re.findall(rb'href="/static/([a-z]+)-[0-9a-f]{12}\.css"', html))
    return sum(len(assets()[f"{name.decode()}.css"].body) for name in names)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_weighs_little(shop: Gallery, name: str):
    request = Request(shop.url + shop.paths[name], headers={"Accept-Encoding": "identity"})
    try:
        with urlopen(request) as answer:
            html = answer.read()
    except OSError as error:  # an error's page is a page
        html = error.read()  # type: ignore[attr-defined]
    assert len(html) + sheets_of(html) <= (LARGEST_PAGE if name != "many" else 2 * LARGEST_PAGE)


def test_a_page_asks_for_nothing_but_its_own_things(shop: Gallery, open_page: OpenPage, record: Record):
    page = visit(shop, open_page, "film")
    page.wait_for_load_state("networkidle")
    assert record.origins == {shop.url}
    kinds = [request.resource_type for request in record.requests]
    assert kinds.count("stylesheet") == 1
    assert kinds.count("script") == 1
    assert kinds.count("media") == 0  # nothing plays by itself


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_doors_are_peers(shop: Gallery, open_page: OpenPage, width: int):
    """The same look of heading, text and button; side by side they are as large as each other."""
    page = visit(shop, open_page, "film", width=width)
    looks = {"h2": set(), "p": set(), "button.go": set()}  # type: dict[str, set[str]]
    for door in DOORS:
        for part, seen in looks.items():
            look = page.locator(f"#{door} {part}").first.evaluate(
                "e => { const s = getComputedStyle(e);"
                " return [s.fontSize, s.fontWeight, s.color, s.backgroundColor, s.borderColor, s.textAlign].join() }"
            )
            seen.add(look)
    assert [len(seen) for seen in looks.values()] == [1, 1, 1]
    buttons = [page.locator(f"#{door} button.go").bounding_box() for door in DOORS]
    assert len({(round(box["width"]), round(box["height"])) for box in buttons if box}) == 1
    if width == DESK:
        boxes = [page.locator(f"#{door}").bounding_box() for door in DOORS]
        assert len({(round(box["y"]), round(box["height"])) for box in boxes if box}) == 1
        assert len({round(box["y"]) for box in buttons if box}) == 1


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("door", DOORS)
def test_each_door_is_one_click_and_no_field_away(shop: Gallery, open_page: OpenPage, door: str, javascript: bool):
    page = visit(shop, open_page, "book" if door == "have_copy" else "film", javascript=javascript)
    if door == "pay":
        page.get_by_role("radio", name="Practice").check()  # the practice till stands in for a real one
    page.locator(f"#{door} button.go").click()
    page.wait_for_url(re.compile(r"/(practice|o)/"))
    assert ("/practice/" in page.url) == (door == "pay")


def test_everything_can_be_done_by_keyboard(shop: Gallery, open_page: OpenPage):
    page = visit(shop, open_page, "film")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#cant_pay') && document.activeElement.tagName") == "BUTTON":
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/o/[a-z2-7]{26}$"))


def test_targets_are_large_enough_to_hit(shop: Gallery, open_page: OpenPage):
    """WCAG 2.2, 2.5.8: 24 by 24, links inside sentences aside."""
    for name in ("film", "paid"):
        page = visit(shop, open_page, name, width=PHONE)
        small = page.evaluate(
            "[...document.querySelectorAll('a,button,input,select,textarea,summary')]"
            ".filter(e => e.offsetParent && !e.closest('p:not(.actions),h2,dd,.hidden') && e.type !== 'hidden')"
            ".map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])"
            ".filter(([_, box]) => box.height < 24 || box.width < 24).map(([html]) => html)"
        )
        assert [html for html in small if 'type="radio"' not in html and 'type="checkbox"' not in html] == []


def test_the_script_only_adds(shop: Gallery, open_page: OpenPage):
    page = visit(shop, open_page, "songs")
    page.locator("#pay .presets button").first.click()
    assert page.locator("#amount").input_value() == "5.00"
    page = visit(shop, open_page, "songs", javascript=False)
    assert not page.locator("#pay .presets").is_visible()
    page = visit(shop, open_page, "copy", javascript=False)
    assert not page.locator(".copy").first.is_visible()
    assert page.locator("#letter-email").is_visible()  # without the script the field is simply there
    page = visit(shop, open_page, "copy")
    assert not page.locator("#letter-email").is_visible()
    page.get_by_label("Mail me the answer").check()
    assert page.locator("#letter-email").is_visible()


def test_an_address_is_copied_with_one_press(shop: Gallery, open_page: OpenPage):
    page = visit(shop, open_page, "paid", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the address").click()
    page.get_by_text("✓ Copy the address").first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_refused_amount_is_shown_where_it_was_typed(shop: Gallery, open_page: OpenPage):
    page = visit(shop, open_page, "film", width=PHONE)
    page.locator("#amount").fill("five")
    page.locator("#pay button.go").click()
    page.get_by_text("“five” is not an amount.").wait_for()
    assert page.locator("#amount").input_value() == "five"
    assert page.evaluate("document.activeElement.id") == "amount"
    axe(page)


def test_an_order_prints_as_a_receipt(shop: Gallery, open_page: OpenPage):
    page = visit(shop, open_page, "paid")
    page.emulate_media(media="print")
    assert page.get_by_text("At the River 3").is_visible()
    for hidden in ("form", "audio", "video", ".foot", ".go", ".less"):
        assert [part.is_visible() for part in page.locator(hidden).all()].count(True) == 0, hidden
    page.goto(shop.url + shop.paths["formats"])
    assert page.locator(".sums").first.is_visible()
