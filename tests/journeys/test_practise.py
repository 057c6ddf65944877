"""Bob practises paying, in a real browser: the practice till's page, for eyes and for screen readers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.browser import DESK, PHONE, OpenPage, axe, scrolls_sideways
from tests.support.served import Served, ServeShop, headwaters


@pytest.fixture
def shop(tmp_path: Path, serve_shop: ServeShop) -> Served:
    """Alice's shop with one work and the practice till."""
    folder, work = tmp_path / "shop", tmp_path / "High Water.txt"
    work.write_bytes(b"The river was there before the dam.\n")
    assert headwaters("init", folder, "--name", "Alice", "--currency", "EUR").code == 0
    publish = ["--title", "High Water", "--price", "5", "--licence", "CC-BY-4.0", "--i-made-this"]
    assert headwaters("publish", work, "--shop", folder, *publish).code == 0
    assert headwaters("settings", "practice", "on", "--shop", folder).code == 0
    return serve_shop(folder)


def test_the_pay_page_is_for_everyone_and_each_of_its_ends_too(shop: Served, open_page: OpenPage) -> None:
    page = open_page(width=PHONE)
    page.goto(f"{shop.url}/w/high-water")
    page.locator("#pay button.go").click()
    page.wait_for_url(f"{shop.url}/practice/**")
    address = page.url
    axe(page)
    assert not scrolls_sideways(page)
    page.get_by_role("button", name="Let the payment fail").click()
    page.wait_for_url(f"{shop.url}/o/*")
    page.goto(address)
    assert page.get_by_text("This payment failed, as you wanted.").is_visible()
    axe(page)
    page.set_viewport_size({"width": DESK, "height": 900})
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("button", ["Pay", "Pay, and report it twice"])
def test_after_paying_for_practice_the_files_are_there(shop: Served, open_page: OpenPage, button: str) -> None:
    page = open_page(javascript=False)
    page.goto(f"{shop.url}/w/high-water")
    page.locator("#pay button.go").click()
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_url(f"{shop.url}/o/*")
    assert "High Water.txt" in page.content()
    assert "no real money moves" in page.content()
