"""A reader who lost their link: from a dead address to their files again, by keyboard and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.support.browser import PHONE, axe, scrolls_sideways
from tests.support.mail import PostOffice
from tests.support.served import Served
from tests.support.shop import ask, make_alices_shop, open_shop, river_song, taken, twin_of

pytestmark = pytest.mark.needs("chromium", "axe")


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    """Who carries the mail of this module's shop."""
    office = PostOffice()
    office.up()
    yield office
    office.down()


@pytest.fixture(scope="module")
def shop(office: PostOffice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Alice's shop, with mail."""
    base = tmp_path_factory.mktemp("lost")
    folder = make_alices_shop(base / "shop", [river_song(base)], by_hand="on")
    mail = {"HOST": office.host, "PORT": str(office.port), "SENDER": "alice@shop.example", "SECURITY": "none"}
    with open_shop(folder, {f"HEADWATERS_SMTP_{name}": value for name, value in mail.items()}) as served:
        yield served


def check(page: Page) -> None:
    assert not scrolls_sideways(page)
    axe(page)


def go_to(page: Page, text: str) -> None:
    """Press Tab until what says `text` has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == text:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            return
    raise AssertionError(f"the keyboard does not reach “{text}”")


def test_by_mail(shop: Served, office: PostOffice, visit: Visit) -> None:
    first = taken(shop, "river-song", email="bob@example.org")
    second = taken(shop, "river-song", "have_copy", email="bob@example.org")
    office.wait_for(1)
    page = visit(width=PHONE)
    page.goto(first[:-1])  # a letter is missing at its end
    check(page)
    go_to(page, "Find your page again")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lost your link?")
    check(page)
    page.get_by_label("The e-mail address that you gave").focus()
    page.keyboard.type("Bob@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    check(page)
    mail = office.wait_for(2)[-1]
    assert office.recipients[-1] == "bob@example.org", "as it stands on the order"
    (link,) = re.findall(rf"{re.escape(shop.url)}/lost/\S+", str(mail.get_content()))
    assert [ask(link, method=method).status for method in ("HEAD", "GET", "GET")] == [200] * 3
    page.goto(link)
    check(page)
    go_to(page, "Show my pages")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your pages")
    check(page)
    links = page.get_by_role("link", name="River Song").evaluate_all("links => links.map(link => link.href)")
    assert links == [second, first]
    page.get_by_role("link", name="River Song").last.press("Enter")
    page.wait_for_url(first)
    assert len(twin_of(page).files) == 1
    reply = ask(link, {})
    assert (reply.status, "/o/" in reply.text) == (410, False)
    assert link.rpartition("/")[2] not in shop.log


@pytest.mark.parametrize("javascript", [True, False])
def test_by_a_bank_statement(shop: Served, visit: Visit, javascript: bool) -> None:
    order = taken(shop, "river-song", "pay", amount="12.50", till="by_hand")
    page = visit(width=PHONE, javascript=javascript)
    page.goto(order)
    creditor = page.locator("#creditor").inner_text()
    assert creditor.startswith("RF")
    page.goto(f"{shop.url}/lost")
    page.get_by_label("Reference").fill(f"{creditor[:4]} {creditor[4:8]} {creditor[8:]}")
    page.get_by_label("Amount").fill("12,05")
    page.get_by_label("Day").fill(datetime.now(UTC).date().isoformat())
    page.get_by_role("button", name="Find my page").click()
    expect(page.get_by_role("alert")).to_contain_text("No payment here has this reference")
    if javascript:  # axe is a script
        check(page)
    page.get_by_label("Amount").fill("12,50")
    page.get_by_role("button", name="Find my page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your page")
    page.get_by_role("link", name="River Song").click()
    page.wait_for_url(order)
