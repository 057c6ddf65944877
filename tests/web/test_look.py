"""Style sheets, scripts and pictures; colours and type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.look import TYPES
from headwaters.core.themes import RIVER_THEME
from headwaters.errands.themes import load_theme
from headwaters.web.colours import contrast, in_scheme, look_sheet, shades
from headwaters.web.look import address_of, assets, file_addresses, look_address, style_address, theme_assets

ZINE = load_theme(Path(), "zine")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web; tests/store/test_pages.py runs the queries on both databases."""
    return sqlite_url


def _colour(text: str) -> tuple[int, int, int]:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


@pytest.mark.parametrize("theme", [RIVER_THEME, ZINE], ids=["river", "zine"])
@given(number=st.integers(0, 0xFFFFFF))
def test_any_accent_can_be_read_in_both_schemes(theme, number: int):
    sheet = look_sheet(f"#{number:06x}", "", "auto", theme.card).decode()
    rivers = [_colour(found) for found in re.findall(r"--river:#([0-9a-f]{6})", sheet)]
    inks = [_colour(found) for found in re.findall(r"--river-ink:#([0-9a-f]{6})", sheet)]
    assert len(rivers) == len(inks) == 2
    for river, ink, papers in zip(rivers, inks, (theme.card.day, theme.card.night), strict=True):
        assert min(contrast(river, paper) for paper in papers) >= 4.5
        assert contrast(river, ink) >= 4.5


def test_an_accent_that_can_be_read_stays_as_it_is():
    assert "--river:#7a1f3d" in look_sheet("#7a1f3d", "", "auto", RIVER_THEME.card).decode()
    day, night = shades("#7a1f3d", RIVER_THEME.card)
    assert (day.colour, f"{day.before:.1f}", f"{day.ratio:.1f}") == ((0x7A, 0x1F, 0x3D), "9.6", "9.6")
    assert (f"{night.before:.1f}", f"{night.ratio:.1f}") == ("1.6", "5.7")


def test_an_address_says_what_the_sheet_is_made_of():
    assert look_address(RIVER_THEME, "#7a1f3d", "", "auto") == "/static/river/look-7a1f3d-own-auto.css"
    assert look_address(ZINE, "", "book", "dark") == "/static/zine/look-own-book-dark.css"
    assert look_address(RIVER_THEME, "", "", "dark") == ""


def test_each_type_is_made_of_what_every_device_has():
    for kind in TYPES:
        sheet = look_sheet("", kind, "auto", RIVER_THEME.card).decode()
        assert "--serif:" in sheet
        assert "--sans:" in sheet
        assert "url(" not in sheet
        assert sheet.count(";") >= 1


@pytest.mark.parametrize(
    "night", ["@media (prefers-color-scheme:dark){", "@media ( prefers-color-scheme : dark ) {"], ids=["tight", "loose"]
)
def test_a_sheet_can_be_held_in_one_scheme(night: str):
    sheet = ":root{color-scheme: light dark;--a:1}\n" + night + ":root{--a:2}}"
    assert in_scheme(sheet, "auto") == sheet
    assert in_scheme(sheet, "dark") == ":root{color-scheme:dark;--a:1}\n@media all{:root{--a:2}}"
    assert in_scheme(sheet, "light") == ":root{color-scheme:light;--a:1}\n@media not all{:root{--a:2}}"


def test_the_papers_are_those_of_the_style_sheets():
    for theme, sheet in ((RIVER_THEME, assets()["pages.css"]), (ZINE, theme_assets(ZINE)["zine.css"])):
        found = re.findall(r"--paper:#([0-9a-f]{3,6})", sheet.body.decode())[:2]
        papers = [_colour(one if len(one) == 6 else "".join(2 * digit for digit in one)) for one in found]
        assert papers == [theme.card.day[0], theme.card.night[0]]


async def test_a_file_is_kept_for_good_under_the_hash_of_its_content(client: TestClient) -> None:  # type: ignore[type-arg]
    answer = await client.get(address_of("pages.css"), headers={"Accept-Encoding": "identity"})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert await answer.read() == assets()["pages.css"].body


@pytest.mark.parametrize("theme", [RIVER_THEME, ZINE], ids=["river", "zine"])
@pytest.mark.parametrize("scheme", ["auto", "light", "dark"])
async def test_each_theme_has_a_sheet_for_each_scheme(client: TestClient, theme, scheme: str) -> None:  # type: ignore[type-arg]
    answer = await client.get(style_address(theme, scheme))
    text = await answer.text()
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert ("prefers-color-scheme" in text) == (scheme == "auto")
    assert (f"color-scheme:{scheme}" in text) == (scheme != "auto")


async def test_an_older_page_gets_todays_style(client: TestClient) -> None:  # type: ignore[type-arg]
    for address, body in (
        ("/static/pages-000000000000.css", assets()["pages.css"].body),
        ("/static/zine/zine-000000000000.css", theme_assets(ZINE)["zine.css"].body),
    ):
        answer = await client.get(address)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
        assert await answer.read() == body  # unpacked by the client


async def test_what_is_no_such_file_is_not_there(client: TestClient) -> None:  # type: ignore[type-arg]
    names = ("pages.css", "nothing-000000000000.css", "..%2f..%2fshop.key", "logo-0123456789abcdef.webp", "logo.webp")
    looks = ("look-zzzzzz-own-auto.css", "look-7a1f3d-comic-auto.css", "look-7a1f3d-own-grey.css", "zine.css")
    paths = [*names, *(f"river/{name}" for name in looks), "zine/theme.toml", "nowhere/look-7a1f3d-own-auto.css"]
    for path in [*paths, "..%2f/look-7a1f3d-own-auto.css", "zine/..%2ftheme-000000000000.toml"]:
        answer = await client.get(f"/static/{path}")
        assert answer.status == 404, path


async def test_a_creators_own_colour_and_type_are_a_sheet(client: TestClient) -> None:  # type: ignore[type-arg]
    answer = await client.get("/static/river/look-7a1f3d-book-auto.css")
    assert answer.status == 200
    assert (await answer.read()) == look_sheet("#7a1f3d", "book", "auto", RIVER_THEME.card)
    assert "immutable" in answer.headers["Cache-Control"]


def test_a_theme_finds_its_own_files_and_the_programs():
    files = file_addresses(ZINE)
    assert files["zine.css"] == style_address(ZINE, "auto")
    assert files["pages.js"] == address_of("pages.js")
