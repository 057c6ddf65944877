"""Style, script, icon and accents."""

from __future__ import annotations

import re

import pytest
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st

from headwaters.web.look import accent_address, accent_sheet, address_of, assets, contrast

PAPERS = {"light": (0xFB, 0xFA, 0xF6), "dark": (0x14, 0x19, 0x1C)}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web; tests/store/test_pages.py runs the queries on both databases."""
    return sqlite_url


def _colour(text: str) -> tuple[int, int, int]:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


@given(st.integers(0, 0xFFFFFF))
def test_any_accent_can_be_read_in_both_schemes(number: int):
    sheet = accent_sheet(f"{number:06x}").decode()
    rivers = [_colour(found) for found in re.findall(r"--river:#([0-9a-f]{6})", sheet)]
    inks = [_colour(found) for found in re.findall(r"--river-ink:#([0-9a-f]{6})", sheet)]
    assert len(rivers) == len(inks) == 2
    for river, ink, paper in zip(rivers, inks, PAPERS.values(), strict=True):
        assert contrast(river, paper) >= 4.5
        assert contrast(river, ink) >= 4.5


def test_an_accent_that_can_be_read_stays_as_it_is():
    assert "--river:#7a1f3d" in accent_sheet("7a1f3d").decode()
    assert accent_address("#7A1F3D") == "/static/accent-7a1f3d.css"
    assert accent_address("") == ""


def test_the_papers_are_those_of_the_style_sheet():
    sheet = assets()["pages.css"].body.decode()
    assert re.findall(r"--paper:#([0-9a-f]{6})", sheet)[:2] == ["fbfaf6", "14191c"]


async def test_a_file_is_kept_for_good_under_the_hash_of_its_content(client: TestClient) -> None:  # type: ignore[type-arg]
    answer = await client.get(address_of("pages.css"), headers={"Accept-Encoding": "identity"})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert await answer.read() == assets()["pages.css"].body


async def test_an_older_page_gets_todays_style(client: TestClient) -> None:  # type: ignore[type-arg]
    answer = await client.get("/static/pages-000000000000.css")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
    assert await answer.read() == assets()["pages.css"].body  # unpacked by the client


async def test_what_is_no_such_file_is_not_there(client: TestClient) -> None:  # type: ignore[type-arg]
    for name in ("pages.css", "nothing-000000000000.css", "..%2f..%2fshop.key", "accent-zzzzzz.css", "accent-123.css"):
        answer = await client.get(f"/static/{name}")
        assert answer.status == 404, name


async def test_an_accent_has_a_sheet_of_its_own(client: TestClient) -> None:  # type: ignore[type-arg]
    answer = await client.get("/static/accent-7a1f3d.css")
    assert answer.status == 200
    assert (await answer.read()) == accent_sheet("7a1f3d")
    assert "immutable" in answer.headers["Cache-Control"]
