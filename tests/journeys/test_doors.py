"""Bob goes through the three doors in a real browser: with and without JavaScript, on a phone and at a desk."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Visit
from tests.support.browser import DESK, PHONE, axe, scrolls_sideways
from tests.support.served import Served
from tests.support.shop import (
    INSTRUCTIONS,
    balances,
    change,
    count,
    fetch,
    high_water,
    make_alices_shop,
    new_network,
    open_shop,
    river_song,
    rows,
    sha256_of,
    twin_of,
    weight,
)

DOORS = ["pay", "cant_pay", "have_copy"]
HEAVIEST = 30_000  # bytes of HTML and CSS
FILES = ["High Water.epub", "High Water.txt", "Map of the river.png", "The river at night.wav", "cover.jpg"]
LEADING_HOME = {"Map of the river.png"}  # the shop’s copy of it says where it comes from
REFERENCE = re.compile(r"HW-[0-9A-Z]{4}-[0-9A-Z]{4}")


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Alice's originals."""
    return tmp_path_factory.mktemp("works")


@pytest.fixture(scope="module")
def shop(works: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Alice's shop, with the practice till and payment by hand."""
    folder = tmp_path_factory.mktemp("doors") / "shop"
    made = [high_water(works), river_song(works)]
    make_alices_shop(folder, made, practice="on", by_hand="on", by_hand_instructions=INSTRUCTIONS)
    with open_shop(folder) as served:
        yield served


def look(page: Page, javascript: bool = True) -> None:
    """What holds for every page: light, narrow, for everyone."""
    assert not scrolls_sideways(page), f"{page.url} scrolls sideways"
    assert weight(page) <= HEAVIEST, f"{page.url} is too heavy"
    if javascript:
        axe(page)


def door(page: Page, name: str) -> Locator:
    return page.locator(f"form#{name}")


def button(page: Page, name: str) -> Locator:
    return door(page, name).locator("button.go")


def arrive(page: Page, shop: Served) -> None:
    """Wait for the order page."""
    page.wait_for_url(re.compile(re.escape(shop.url) + r"/o/[a-z2-7]{26}(#.*)?$"))


def open_till(page: Page, shop: Served, slug: str = "high-water", till: str = "practice") -> None:
    """Through the pay door to the till's page, or the order page of a payment by hand."""
    page.goto(f"{shop.url}/w/{slug}")
    door(page, "pay").locator(f"input[name=till][value={till}]").check()
    button(page, "pay").click()
    page.wait_for_url(re.compile("/practice/" if till == "practice" else "/o/"))


def take_free(page: Page, shop: Served, slug: str = "high-water") -> None:
    page.goto(f"{shop.url}/w/{slug}")
    button(page, "cant_pay").click()
    arrive(page, shop)


# ── through the doors ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "nojs"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", DOORS)
def test_each_door_leads_to_the_same_bytes(
    shop: Served, works: Path, visit: Visit, name: str, width: int, javascript: bool
) -> None:
    page = visit(width=width, javascript=javascript)
    page.goto(f"{shop.url}/w/high-water")
    look(page, javascript)
    if name == "pay":
        door(page, name).locator("input[value=practice]").check()
    button(page, name).click()
    if name == "pay":
        page.wait_for_url("**/practice/**")
        look(page, javascript)
        page.get_by_role("button", name="Pay", exact=True).click()
    arrive(page, shop)
    look(page, javascript)
    twin = twin_of(page)
    assert (twin.state, twin.paid) == ("granted", "5.00" if name == "pay" else "0.00")
    originals = {file: sha256_of(works / "High Water" / file) for file in FILES}
    kept = {file["name"]: file["sha256"] for file in twin.files}
    assert set(kept.items()) ^ set(originals.items()) == {
        (file, digest) for file in LEADING_HOME for digest in (kept[file], originals[file])
    }
    assert {file["name"]: hashlib.sha256(fetch(file["url"])).hexdigest() for file in twin.files} == kept
    for file in FILES:  # what the page links to is what the browser gets
        with page.expect_download() as download:
            page.locator(f"a[download][href$='{file.replace(' ', '%20')}']").click()
        assert download.value.suggested_filename == file
        assert sha256_of(download.value.path()) == kept[file]


def test_everything_as_one_archive_is_the_same_through_every_door(shop: Served, works: Path, visit: Visit) -> None:
    archives = set()
    for name in DOORS:
        page = visit()
        page.goto(f"{shop.url}/w/high-water")
        if name == "pay":
            open_till(page, shop)
            page.get_by_role("button", name="Pay", exact=True).click()
        else:
            button(page, name).click()
        arrive(page, shop)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download everything").click()
        archives.add(download.value.path().read_bytes())
    (archive,) = archives
    with zipfile.ZipFile(BytesIO(archive)) as unpacked:
        assert {*FILES, "COLOPHON.txt", "SHA256SUMS"} == set(unpacked.namelist())
        for file in FILES:
            own = (works / "High Water" / file).read_bytes()
            assert (unpacked.read(file) == own) == (file not in LEADING_HOME)


_COUNT_STEPS = """
for (const kind of ["click", "keydown", "input"])
  addEventListener(kind, (event) => {
    if (event.isTrusted) sessionStorage[kind] = Number(sessionStorage[kind] ?? 0) + 1;
  }, true);
"""


def test_the_three_doors_take_the_same_clicks_and_ask_for_nothing(shop: Served, visit: Visit) -> None:
    steps = {}
    for name in DOORS:
        page = visit(width=PHONE)
        page.add_init_script(_COUNT_STEPS)
        page.goto(f"{shop.url}/w/river-song")
        empty = "fields => fields.filter((field) => field.required && !field.value).length"
        required = door(page, name).locator("input, textarea, select").evaluate_all(empty)
        assert door(page, name).evaluate("form => form.checkValidity()")
        button(page, name).click()
        page.wait_for_url(re.compile("/o/|/practice/"))
        counted = page.evaluate("['click', 'keydown', 'input'].map((kind) => Number(sessionStorage[kind] ?? 0))")
        steps[name] = (required, *counted)
    assert steps == dict.fromkeys(DOORS, (0, 1, 0, 0))


def test_without_javascript_the_three_doors_take_one_click_and_ask_for_nothing(shop: Served, visit: Visit) -> None:
    for name in DOORS:
        page = visit(width=PHONE, javascript=False)
        page.goto(f"{shop.url}/w/river-song")
        assert door(page, name).evaluate("form => form.checkValidity()")
        with page.expect_navigation():
            button(page, name).click()
        assert re.search("/o/|/practice/", page.url)


def test_the_doors_are_peers_in_size_and_weight(shop: Served, visit: Visit) -> None:
    page = visit()
    page.goto(f"{shop.url}/w/high-water")
    shapes = {
        (
            round(button(page, name).bounding_box()["height"]),
            round(door(page, name).bounding_box()["width"]),
            *button(page, name).evaluate(
                "b => ['color', 'backgroundColor', 'fontSize', 'fontWeight'].map((k) => getComputedStyle(b)[k])"
            ),
        )
        for name in DOORS
    }
    assert len(shapes) == 1


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "nojs"])
def test_the_keyboard_alone_goes_through_every_door(shop: Served, visit: Visit, javascript: bool) -> None:
    for name in DOORS:
        page = visit(javascript=javascript)
        page.goto(f"{shop.url}/w/high-water")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('a.skip')")
        tab_to(page, f"form#{name} button.go")
        page.keyboard.press("Enter")
        if name == "pay":
            page.wait_for_url("**/practice/**")
            tab_to(page, "button[value=pay]")
            page.keyboard.press("Enter")
        arrive(page, shop)
        tab_to(page, "a[download]")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert download.value.suggested_filename in {*FILES, "high-water.zip"}


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what `selector` names has the focus, and see where it is on the way."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            ring = "getComputedStyle(document.activeElement).outlineStyle"
            near = "getComputedStyle(document.activeElement.closest('.coin') ?? document.activeElement).outlineStyle"
            assert "none" not in {page.evaluate(ring), page.evaluate(near)}, f"nothing shows the focus on {selector}"
            return
    raise AssertionError(f"the keyboard does not come to {selector} on {page.url}")


# ── the practice till ────────────────────────────────────────────────────────────────────────────


def test_a_payment_that_failed_can_be_tried_again(shop: Served, visit: Visit) -> None:
    page = visit(width=PHONE)
    open_till(page, shop)
    page.get_by_role("button", name="Let the payment fail").click()
    arrive(page, shop)
    address = page.url
    expect(page.get_by_role("heading", level=1)).to_have_text("That did not work.")
    assert (twin_of(page).state, twin_of(page).files) == ("expired", [])
    look(page)
    page.locator("input[name=till][value=practice]").check()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.wait_for_url("**/practice/**")
    page.get_by_role("button", name="Pay", exact=True).click()
    arrive(page, shop)
    assert page.url == address
    twin = twin_of(page)
    assert (twin.state, twin.paid, len(twin.files)) == ("granted", "5.00", len(FILES))


def test_money_that_comes_late_brings_the_files_when_it_comes(shop: Served, visit: Visit) -> None:
    page = visit(javascript=False)
    open_till(page, shop)
    page.get_by_role("button", name="Pay, but the money comes late").click()
    arrive(page, shop)
    expect(page.get_by_role("heading", level=1)).to_have_text("On its way.")
    assert (twin_of(page).state, twin_of(page).files) == ("waiting", [])
    with page.expect_navigation():
        page.get_by_role("link", name="Look again").click()
    arrive(page, shop)
    expect(page.get_by_role("heading", level=1)).to_have_text("On its way.")
    page.wait_for_timeout(10_500)  # so long is “late” at the practice till
    page.get_by_role("link", name="Look again").click()
    arrive(page, shop)
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you.")
    assert twin_of(page).paid == "5.00"


def test_going_back_from_the_till_pays_nothing_and_the_page_stays(shop: Served, visit: Visit) -> None:
    page = visit()
    open_till(page, shop)
    page.get_by_role("button", name="Go back without paying").click()
    arrive(page, shop)
    expect(page.get_by_role("heading", level=1)).to_have_text("Almost there.")
    assert twin_of(page).state == "waiting"
    look(page)
    with page.expect_navigation():
        page.get_by_role("link", name="I have paid: look again").click()  # saying so proves nothing
    arrive(page, shop)
    assert twin_of(page).state == "waiting"
    page.get_by_role("link", name="Go on paying").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    arrive(page, shop)
    assert twin_of(page).paid == "5.00"


def test_an_event_that_comes_twice_counts_once(shop: Served, visit: Visit) -> None:
    page = visit()
    before = balances(shop.shop)
    open_till(page, shop)
    page.get_by_role("button", name="Pay, and report it twice").click()
    arrive(page, shop)
    assert twin_of(page).paid == "5.00"
    after = balances(shop.shop)
    assert after["practice:till:practice"] - before.get("practice:till:practice", 0) == 500
    assert sum(after.values()) == 0


# ── amounts ──────────────────────────────────────────────────────────────────────────────────────


REFUSED = {
    "0,50": "The creator asks for €1.00 at least.",
    "0": "To pay, the amount has to be more than nothing.",
    "five": "",
    "1e9": "",
    "-5": "",
    "٥": "",
    "5.001": "",
    "99999999999": "",
    "<b>5</b>": "",
}


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "nojs"])
def test_amounts_that_are_refused_come_back_as_they_were_written_with_why_beside_them(
    shop: Served, visit: Visit, javascript: bool
) -> None:
    orders = count(shop.shop, "orders")
    page = visit(width=PHONE, javascript=javascript)
    page.goto(f"{shop.url}/w/high-water?from=a-poster")
    door(page, "pay").locator("summary").click()
    door(page, "pay").locator("textarea").fill("I <3 rivers & boats")
    door(page, "pay").locator("input[value=practice]").check()
    for amount, why in REFUSED.items():
        refuse_amount(page, amount, why)
    look(page, javascript)
    assert count(shop.shop, "orders") == orders
    door(page, "pay").locator("input[name=amount]").fill("4,20")
    button(page, "pay").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    arrive(page, shop)
    assert twin_of(page).paid == "4.20"
    assert page.locator(".thread .said").inner_text() == "I <3 rivers & boats"
    assert rows(shop.shop, "SELECT came_from FROM orders ORDER BY id DESC LIMIT 1") == [("a-poster",)]


def refuse_amount(page: Page, amount: str, why: str) -> None:
    """Send `amount`, and look at what comes back."""
    field = door(page, "pay").locator("input[name=amount]")
    field.fill(amount)
    with page.expect_navigation() as answer:
        button(page, "pay").click()
    assert answer.value is not None
    assert answer.value.status == 422
    assert field.input_value() == amount
    assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("aria-describedby") == "amount-wrong"
    assert field.evaluate("field => field === document.activeElement")
    message = door(page, "pay").locator("#amount-wrong")
    assert len(message.inner_text()) > 20
    assert why in message.inner_text()
    below = message.bounding_box()["y"] - field.bounding_box()["y"]
    assert 0 < below < 120, "the message is not beside the field"
    assert door(page, "pay").locator("textarea").input_value() == "I <3 rivers & boats"
    assert door(page, "pay").locator("input[value=practice]").is_checked()


def test_an_amount_may_be_written_as_people_write_it(shop: Served, visit: Visit) -> None:
    page = visit(javascript=False)
    for written in ("7", "7.00", "7,00", "€ 7", " 7,- "):
        page.goto(f"{shop.url}/w/river-song")
        door(page, "pay").locator("input[value=practice]").check()
        door(page, "pay").locator("input[name=amount]").fill(written)
        button(page, "pay").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Pay €7.00, for practice")


# ── later, and twice ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["cant_pay", "have_copy"])
def test_who_took_it_without_paying_can_pay_later_from_the_same_page(shop: Served, visit: Visit, name: str) -> None:
    page = visit(javascript=False)
    page.goto(f"{shop.url}/w/high-water")
    button(page, name).click()
    arrive(page, shop)
    address, files = page.url, twin_of(page).files
    form = page.locator("form[action$='/pay']")
    form.locator("input[name=amount]").fill("2,50")
    form.locator("input[value=practice]").check()
    form.locator("button.go").click()
    page.wait_for_url("**/practice/**")  # the button there has the same name
    page.get_by_role("button", name="Pay", exact=True).click()
    arrive(page, shop)
    assert page.url == address
    assert twin_of(page).paid == "2.50"
    assert twin_of(page).files == files
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you.")


def test_a_refused_amount_on_the_order_page_comes_back_beside_its_field(shop: Served, visit: Visit) -> None:
    page = visit()
    take_free(page, shop)
    payments = count(shop.shop, "payments")
    field = page.locator("form[action$='/pay'] input[name=amount]")
    field.fill("1e9")
    with page.expect_navigation() as answer:
        page.locator("form[action$='/pay'] button.go").click()
    assert answer.value is not None
    assert answer.value.status == 422
    assert field.input_value() == "1e9"
    assert page.locator("form[action$='/pay'] #amount-wrong").is_visible()
    assert count(shop.shop, "payments") == payments
    assert len(twin_of(page.url.removesuffix("/pay")).files) == len(FILES)
    look(page)


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "nojs"])
def test_a_double_click_makes_one_order(shop: Served, visit: Visit, javascript: bool) -> None:
    for name in DOORS:
        orders = count(shop.shop, "orders")
        page = visit(javascript=javascript)
        page.goto(f"{shop.url}/w/river-song")
        button(page, name).dblclick(no_wait_after=True)
        expect(page).to_have_url(re.compile("/o/|/practice/"))  # the second click may break the first one off
        assert count(shop.shop, "orders") == orders + 1


def test_the_same_form_in_two_tabs_makes_one_order(shop: Served, visit: Visit) -> None:
    orders = count(shop.shop, "orders")
    first = visit()
    first.goto(f"{shop.url}/w/river-song")
    second = first.context.new_page()
    second.goto(first.url)
    nonce = door(first, "cant_pay").locator("input[name=nonce]").get_attribute("value")
    door(second, "cant_pay").locator("input[name=nonce]").evaluate("(field, nonce) => field.value = nonce", nonce)
    button(first, "cant_pay").click(no_wait_after=True)
    button(second, "cant_pay").click()
    for tab in (first, second):
        arrive(tab, shop)
    assert first.url == second.url
    assert count(shop.shop, "orders") == orders + 1


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_payment_by_hand_is_told_how_and_under_which_reference(shop: Served, visit: Visit, width: int) -> None:
    page = visit(width=width, javascript=False)
    open_till(page, shop, till="by_hand")
    arrive(page, shop)
    expect(page.get_by_role("heading", level=1)).to_have_text("Almost there.")
    assert page.locator(".notice .said").inner_text() == INSTRUCTIONS
    reference = page.locator("#reference").inner_text()
    assert REFERENCE.fullmatch(reference)
    assert page.locator("#creditor").inner_text().replace(" ", "").endswith(reference.replace("-", ""))
    assert page.get_by_text("€5.00", exact=True).is_visible()
    twin = twin_of(page)
    assert (twin.state, twin.files) == ("waiting", [])
    assert rows(shop.shop, f"SELECT till, state FROM payments WHERE reference = '{reference}'") == [("by_hand", "open")]
    look(page, javascript=False)
    page.get_by_role("button", name="Take it").click()  # who cannot pay after all
    arrive(page, shop)
    assert len(twin_of(page).files) == len(FILES)


def test_where_alice_trusts_the_files_come_before_the_money(shop: Served, visit: Visit) -> None:
    change(shop.shop, by_hand="trust")
    try:
        page = visit()
        page.wait_for_timeout(1_500)  # it is looked for once a second
        open_till(page, shop, till="by_hand")
        arrive(page, shop)
        expect(page.get_by_role("heading", level=1)).to_have_text("It’s yours.")
        assert REFERENCE.fullmatch(page.locator("#reference").inner_text())
        twin = twin_of(page)
        assert (twin.state, twin.paid, len(twin.files)) == ("granted", "0.00", len(FILES))
        look(page)
    finally:
        change(shop.shop, by_hand="on")


# ── every page ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_every_public_page_is_light_narrow_and_for_everyone(
    shop: Served, visit: Visit, width: int, scheme: str
) -> None:
    page = visit(width=width, color_scheme=scheme)
    for path in ("/", "/w/high-water", "/w/river-song", "/about", "/privacy", "/report", "/studio/signin", "/w/none"):
        page.goto(shop.url + path)
        look(page)
    page.goto(f"{shop.url}/report?about=/w/high-water")
    page.get_by_label("What is wrong?").fill("This boat is mine.")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/report/*")
    look(page)
    take_free(page, shop)
    look(page)
    page.get_by_label("Your letter").fill("Which river is it?")
    page.get_by_role("button", name="Send the letter").click()
    page.wait_for_url("**/o/*#letters")
    look(page)
    open_till(page, shop, till="by_hand")
    look(page)


def test_everything_is_there_for_who_follows_links_and_nothing_else_is_asked(shop: Served, visit: Visit) -> None:
    page = visit()
    page.goto(shop.url)
    page.get_by_role("link", name="High Water", exact=True).click()
    expect(page.locator("audio")).to_have_count(1)  # the free sample
    assert {cookie["name"] for cookie in page.context.cookies()} == set()
    take_free(page, shop)
    assert {cookie["name"] for cookie in page.context.cookies()} == set()
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    headers = page.request.get(page.url, headers=new_network()).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "noindex" in headers["x-robots-tag"]
