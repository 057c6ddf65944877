"""Bob pays by card, in a real browser: Alice's page, Stripe's page (the emulator's), his own page."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from pathlib import Path

import pytest

from tests.support.browser import DESK, PHONE, OpenPage
from tests.support.served import Served, ServeShop, headwaters
from tests.support.stripe_emulator import StripeEmulator

WORDS = b"The river was there before the dam.\n"


@pytest.fixture
def shop(tmp_path: Path, serve_shop: ServeShop, stripe_emulator: StripeEmulator) -> Served:
    """Alice's shop with one work, served, paid by the emulator's Stripe."""
    folder, work = tmp_path / "alice's shop", tmp_path / "High Water.txt"
    work.write_bytes(WORDS)
    assert headwaters("init", folder, "--name", "Alice", "--currency", "EUR").code == 0
    publish = ["--title", "High Water", "--price", "5", "--minimum", "1", "--licence", "CC-BY-4.0", "--i-made-this"]
    assert headwaters("publish", work, "--shop", folder, *publish).code == 0
    for name, value in stripe_emulator.settings.items():
        assert headwaters("settings", name, value, "--shop", folder).code == 0
    served = serve_shop(folder, {"HEADWATERS_STRIPE_API": stripe_emulator.url})
    stripe_emulator.hook_url = f"{served.url}/hooks/stripe"
    return served


def download(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        body: bytes = answer.read()
        return body


@pytest.mark.parametrize(("width", "javascript"), [(DESK, True), (PHONE, False)])
def test_bob_pays_by_card_and_holds_the_work(
    shop: Served, stripe_emulator: StripeEmulator, open_page: OpenPage, width: int, javascript: bool
) -> None:
    page = open_page(width=width, javascript=javascript)
    page.goto(f"{shop.url}/w/high-water")
    page.locator("#pay input[name=amount]").fill("7,50")
    page.locator("#pay button.go").click()
    page.wait_for_url(f"{stripe_emulator.url}/checkout/**")
    assert "High Water" in page.content()
    page.locator("button[type=submit]").click()
    page.wait_for_url(f"{shop.url}/o/*")
    assert [event.answer for event in stripe_emulator.events] == [200]
    twin = json.loads(download(f"{page.url}.json"))
    assert (twin["state"], twin["paid"]) == ("granted", {"amount": "7.50", "currency": "EUR"})
    (file,) = twin["works"][0]["editions"][-1]["files"]
    assert file["sha256"] == hashlib.sha256(WORDS).hexdigest()
    assert download(file["url"]) == WORDS
    assert "€7.50" in page.content()


def test_bob_changes_his_mind_at_stripe_and_takes_it_without_paying(
    shop: Served, stripe_emulator: StripeEmulator, open_page: OpenPage
) -> None:
    page = open_page()
    page.goto(f"{shop.url}/w/high-water")
    page.locator("#pay button.go").click()
    page.wait_for_url(f"{stripe_emulator.url}/checkout/**")
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url(f"{shop.url}/o/*")
    assert json.loads(download(f"{page.url}.json"))["state"] == "waiting"
    with page.expect_navigation():
        page.locator("form[action$='/free'] button").click()
    twin = json.loads(download(f"{page.url}.json"))
    assert (twin["state"], twin["paid"]["amount"]) == ("granted", "0.00")
    assert stripe_emulator.events == []
