"""The second theme in a real browser: River's promises (tests/web/test_looks.py), kept in another design."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from headwaters.errands.themes import load_theme
from headwaters.web.look import theme_assets
from tests.support.browser import DESK, PHONE, OpenPage, Record, axe, scrolls_sideways
from tests.support.gallery import Gallery, gallery
from tests.web.test_looks import DOORS, LARGEST_PAGE, PAGES, sheets_of, visit

pytestmark = pytest.mark.needs("chromium", "axe")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Gallery]:
    settings = {"theme": "zine", "accent": "#ffd800", "scheme": "auto"}
    with gallery(tmp_path_factory.mktemp("zine") / "shop", sqlite_template, settings) as opened:
        yield opened


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (768, "dark"), (DESK, "light")])
def test_every_page_is_for_everyone(shop: Gallery, open_page: OpenPage, width: int, scheme: str):
    page = open_page(width=width, color_scheme=scheme)
    for name in PAGES if width != 768 else ("film", "songs", "paid"):
        page.goto(shop.url + shop.paths[name])
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        assert page.locator(".mast").count() == 1, name
        assert not scrolls_sideways(page), name
        axe(page)


def test_every_page_weighs_little(shop: Gallery):
    sheet = len(theme_assets(load_theme(Path(), "zine"))["zine.css"].body)
    for name in PAGES:
        request = Request(shop.url + shop.paths[name], headers={"Accept-Encoding": "identity"})
        try:
            with urlopen(request) as answer:
                html = answer.read()
        except OSError as error:  # an error's page is a page
            html = error.read()  # type: ignore[attr-defined]
        assert len(html) + sheet + sheets_of(html) <= (LARGEST_PAGE if name != "many" else 2 * LARGEST_PAGE), name


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_doors_are_peers(shop: Gallery, open_page: OpenPage, width: int):
    page = visit(shop, open_page, "film", width=width)
    looks = (
        "e => { const s = getComputedStyle(e); return [s.fontSize, s.fontWeight, s.color, s.backgroundColor].join() }"
    )
    for part in ("h2", "p", "button.go"):
        assert len({page.locator(f"#{door} {part}").first.evaluate(looks) for door in DOORS}) == 1, part
    buttons = [page.locator(f"#{door} button.go").bounding_box() for door in DOORS]
    assert len({(round(box["width"]), round(box["height"])) for box in buttons if box}) == 1
    boxes = [page.locator(f"#{door}").bounding_box() for door in DOORS]
    assert len({round(box["width"]) for box in boxes if box}) == 1
    if width == DESK:
        assert len({(round(box["y"]), round(box["height"])) for box in boxes if box}) == 1
        assert len({round(box["y"]) for box in buttons if box}) == 1
    assert [page.locator(".door").nth(n).get_attribute("id") for n in range(3)] == list(DOORS)


@pytest.mark.parametrize("door", DOORS)
def test_each_door_is_one_click_and_no_field_away_without_a_script(shop: Gallery, open_page: OpenPage, door: str):
    page = visit(shop, open_page, "film", javascript=False)
    if door == "pay":
        page.get_by_role("radio", name="Practice").check()  # the practice till stands in for a real one
    page.locator(f"#{door} button.go").click()
    page.wait_for_url(re.compile(r"/(practice|o)/"))
    assert ("/practice/" in page.url) == (door == "pay")
    assert page.locator(".mast").count() == 1


def test_a_page_asks_for_nothing_but_its_own_things(shop: Gallery, open_page: OpenPage, record: Record):
    page = visit(shop, open_page, "film")
    page.wait_for_load_state("networkidle")
    assert record.origins == {shop.url}
    sheets = [request.url for request in record.requests if request.resource_type == "stylesheet"]
    assert [re.sub(r"-[0-9a-f]{12}", "", url.removeprefix(shop.url)) for url in sheets] == [
        "/static/zine/zine.css",
        "/static/zine/look-ffd800-own-auto.css",
    ]


def test_it_is_another_design(shop: Gallery, open_page: OpenPage):
    page = visit(shop, open_page, "songs")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    art, words = page.locator(".two .art").bounding_box(), page.locator(".two .words").bounding_box()
    assert art is not None
    assert words is not None
    assert abs(art["y"] - words["y"]) < 10
    assert words["x"] > art["x"] + art["width"]


def test_an_order_prints_as_a_receipt(shop: Gallery, open_page: OpenPage):
    page = visit(shop, open_page, "paid")
    page.emulate_media(media="print")
    assert page.get_by_text("At the River 3").is_visible()
    for hidden in ("form", "audio", "video", ".foot", ".go", ".less"):
        assert [part.is_visible() for part in page.locator(hidden).all()].count(True) == 0, hidden
    page.goto(shop.url + shop.paths["formats"])
    assert page.locator(".sums").first.is_visible()
