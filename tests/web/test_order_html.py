"""Order pages that differ in nothing but their secrets are rendered once; each reader gets their own all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.sales.states import Door
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.errands.take import Taken
from headwaters.store import pages as rows
from headwaters.web import order_html
from headwaters.web.render import page_html, site_of
from headwaters.web.show_orders import NOTHING_TYPED, ShelfWork, Typed, order_page, shelf_work
from tests.support.pages import order, publish
from tests.web.test_order_page import FILMS, set_up

NONCE = "n" * 26


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web."""
    return sqlite_url


@pytest.fixture
async def shop(house: House) -> House:
    """Alice's shop with one work."""
    order_html._kept.cache_clear()
    await set_up(house, creator="Alice", by_hand_instructions="100 % to IBAN %(nonce)s", imprint="50 % Alice")
    await publish(house, "High Water", FILMS)
    return house


async def see(house: House, taken: Taken) -> tuple[rows.OrderView, list[ShelfWork]]:
    found = await house.db.read(lambda conn: rows.order_by_token(conn, taken.token))
    works = [await house.db.read(lambda conn, line=line: rows.work_by_id(conn, line.work_id)) for line in found.lines]
    return found, [shelf_work(work, "en") for work in works]


async def pages(house: House, taken: Taken, typed: Typed = NOTHING_TYPED) -> tuple[str, str]:
    """The page as it goes out, and as it is when it is rendered for this reader alone."""
    found, shelves = await see(house, taken)
    site, now = site_of(house), house.clock()
    alone = page_html(site, "order.html", order_page(site, found, shelves, house.now, now, NONCE, typed))
    return order_html.order_html(site, found, shelves, house.now, now, NONCE, typed), alone


async def pay(house: House) -> Taken:
    taken = await order(house, "high-water", Door.PAY, till="by_hand")
    found, _ = await see(house, taken)
    await settle.confirm(house, found.payments[0].reference)
    return taken


async def test_readers_of_a_work_share_a_page_but_not_its_secrets(shop: House) -> None:
    for _ in range(3):
        taken = await pay(shop)
        page, alone = await pages(shop, taken)
        assert page == alone
        assert taken.token in page
    assert order_html._kept.cache_info().misses == 1


@pytest.mark.parametrize("door", [Door.PAY, Door.CANT_PAY, Door.HAVE_COPY])
async def test_every_door_has_its_own_page(shop: House, door: Door) -> None:
    await pay(shop)
    page, alone = await pages(shop, await order(shop, "high-water", door))
    assert page == alone


async def test_what_is_about_one_reader_is_made_for_them_alone(shop: House) -> None:
    taken = await pay(shop)
    refused = Typed({"amount": "nothing"}, Refused(Code.AMOUNT_NOT_A_NUMBER, N_("No.")))
    page, alone = await pages(shop, taken, refused)
    assert page == alone
    found, shelves = await see(shop, taken)
    letter = rows.LetterView("a", "reader", "Only for Alice", 0, found.created_at)
    site = site_of(shop)
    written = replace(found, letters=(letter,))
    page = order_html.order_html(site, written, shelves, shop.now, shop.clock(), NONCE)
    assert "Only for Alice" in page
    assert order_html._kept.cache_info().misses == 0


async def test_time_goes_on_for_a_page_that_is_kept(shop: House) -> None:
    found, shelves = await see(shop, await pay(shop))
    paid = from_micros(found.payments[0].settled_at or 0)
    site = site_of(shop)
    for days, offered in ((0, True), (13, True), (15, False)):
        page = order_html.order_html(site, found, shelves, shop.now, paid + timedelta(days=days), NONCE)
        assert ("Withdraw from the purchase" in page) == offered
    back = replace(found.payments[0], refunded_minor=100)
    page = order_html.order_html(site, replace(found, payments=(back,)), shelves, shop.now, paid, NONCE)
    assert "€1.00 went back to you." in page
