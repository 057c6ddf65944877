"""How it is going, as the first page and its CSV say it: in plain words, and only to whom it concerns."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest
from sqlalchemy import update

from headwaters.actions import study
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.study.spans import day_number
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.web.studio.plots import Series, draw, nice_top
from tests.people import Order, add_work, take_work
from tests.support.house import Clock
from tests.web.studio.conftest import Visitor

_TAGS = re.compile(r"<[^>]+>")


async def text_of(visitor: Visitor, path: str = "/studio") -> str:
    """What a page says, without its markup."""
    return " ".join(unescape(_TAGS.sub(" ", await visitor.text(path))).split())


async def paid(shop: House, minor: int = 500) -> Order:
    order = await take_work(shop, Door.PAY, till="by_hand", minor=minor)
    await settle.confirm(shop, order.reference)
    return order


async def lines(visitor: Visitor, path: str) -> list[list[str]]:
    answer = await visitor.get(path)
    assert (answer.status, answer.content_type) == (200, "text/csv")
    assert answer.headers["Cache-Control"] == "no-store"
    return list(csv.reader(io.StringIO(await answer.text())))


async def only(shop: House, may: str) -> None:
    """From now on Alice is somebody who helps."""
    change = update(tables.creators).values(kind="contributor", may=may)
    await shop.db.write(lambda conn: conn.execute(change) and None)


async def say(shop: House, order: Order, word: str = "", country: str | None = None) -> None:
    def change(conn: Connection) -> None:
        conn.execute(update(tables.orders).where(tables.orders.c.id == order.id).values(came_from=word))
        study.say_country(conn, order.id, country)

    await shop.db.write(change)


async def test_a_new_shop_has_words_and_no_table_of_zeros(shop: House, alice: Visitor) -> None:
    page = await alice.text("/studio/numbers")
    assert "There is nothing to count yet." in page
    assert "<table" not in page
    await take_work(shop)
    page = await alice.text("/studio/numbers")
    assert "There is nothing to count yet." not in page
    assert '<table class="numbers">' in page


async def test_copies_money_and_letters_in_plain_words(shop: House, alice: Visitor, clock: Clock) -> None:
    await take_work(shop, Door.CANT_PAY, letter="Dear Alice")
    clock.move(days=40)
    await alice.sign_in(shop)
    for door in (Door.CANT_PAY, Door.HAVE_COPY, Door.HAVE_COPY):
        await take_work(shop, door)
    await paid(shop, 1250)
    page = await text_of(alice)
    assert "In the last 30 days" in page
    assert "Copies 4 paid: 1, couldn’t pay: 1, had a copy: 2 Money" in page  # the shop is too young to compare
    assert "Money for you €12.50 €12.50 came in" in page
    assert "Not enough yet for a picture" in page
    page = await text_of(alice, "/studio?span=all")
    assert "Copies 5 paid: 1, couldn’t pay: 2, had a copy: 2" in page
    assert "Letters 1" in page
    clock.move(days=30)
    await alice.sign_in(shop)
    page = await text_of(alice)
    assert "Copies 0 4 fewer than in the 30 days before" in page
    assert "Money for you None €12.50 less than in the 30 days before" in page
    assert "Nobody took a copy in this time." in page


async def test_a_span_is_compared_with_the_one_before(shop: House, alice: Visitor, clock: Clock) -> None:
    for days, copies in ((0, 1), (14, 2), (7, 3), (1, 2)):
        clock.move(days=days)
        for _ in range(copies):
            await take_work(shop)
    assert "Copies 5 paid: 0, couldn’t pay: 5, had a copy: 0 3 more than in the 7 days before" in await text_of(
        alice, "/studio?span=7"
    )
    assert "had a copy: 0 1 fewer than by this time yesterday" in await text_of(alice, "/studio?span=today")
    clock.move(days=7)
    assert "Copies 0 5 fewer than in the 7 days before" in await text_of(alice, "/studio?span=7")
    assert "before" not in (await text_of(alice, "/studio?span=all")).partition("Visits")[0]


async def test_a_picture_and_its_table_say_the_same(shop: House, alice: Visitor, clock: Clock) -> None:
    for minor in (500, 700, 300):
        await paid(shop, minor)
        await take_work(shop)
        clock.move(days=1)
    html = await alice.text("/studio?span=7")
    assert html.count('role="img"') == 2
    assert "6 copies in all. The tallest bar is Nov 22, with 2." in html
    assert "€15.00 in all, before fees and refunds." in html
    assert html.count("<path") == 6  # of two doors, the key's three, money
    assert 'href="/studio/numbers?span=7"' in html
    page = await text_of(alice, "/studio/numbers?span=7")
    for row in (
        "Nov 21 0 0 0 0 0 0 0",
        "Nov 22 1 1 0 €5.00 €5.00 0 0",
        "Nov 24 1 1 0 €3.00 €3.00 0 0",
        "All 3 3 0 €15.00",
    ):
        assert row in page, row
    found = await lines(alice, "/studio/numbers.csv?span=7")
    heads = "day,pay,cant_pay,have_copy,EUR paid,EUR fees,EUR refunded,EUR rest,letters,visits"
    assert ",".join(found[0]) == heads
    assert len(found) == 1 + 7
    assert found[4] == ["2026-11-22", "1", "1", "0", "5.00", "0.00", "0.00", "5.00", "0", "0"]
    assert sum(int(line[1]) for line in found[1:]) == 3


async def test_a_year_as_csv_is_a_line_a_day(shop: House, alice: Visitor, clock: Clock) -> None:
    await take_work(shop)
    assert len(await lines(alice, "/studio/numbers.csv?span=365")) == 1 + 365
    clock.move(days=2000)
    await alice.sign_in(shop)
    assert len(await lines(alice, "/studio/numbers.csv?span=all")) == 1 + 2001
    found = await lines(alice, "/studio/numbers.csv?span=today")
    assert (found[0][0], found[1][0], len(found)) == ("hour", clock().replace(hour=0).isoformat(), 1 + 13)
    assert "visits" not in found[0]


async def test_practice_stands_apart(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand", minor=600)
    change = update(tables.payments).values(mode="test")
    await shop.db.write(lambda conn: conn.execute(change) and None)
    await settle.confirm(shop, order.reference)
    await take_work(shop)
    page = await text_of(alice)
    assert "Copies 1 paid: 0" in page
    assert "Money for you None" in page
    assert "Practice and tests, counted apart: 1 copy, €6.00 that are not real." in page
    assert (await lines(alice, "/studio/numbers.csv"))[0][-2:] == ["letters", "visits"]


async def test_where_readers_came_from(shop: House, alice: Visitor, clock: Clock) -> None:
    for word in ("letter", "letter", "copy", ""):
        await say(shop, await take_work(shop), word)
    today = day_number(clock())
    visits = {("high-water", today): {"": 1200, "feed": 3, "letter": 9, "-2": 1, "*": 2}}
    await shop.db.write(lambda conn: study.add_visits(conn, visits))
    page = await text_of(alice)
    assert "letter 9 2 Nothing said an address that was typed or kept, or a link without a word 1,200 1" in page
    assert "A copy the plain words beside a file led home 0 1" in page
    assert "feed 3 0 Other words more than 50 a day are not told apart 2 0" in page
    assert "Visits 1,215 of your works’ pages, not people" in page
    assert await lines(alice, "/studio/origins.csv") == [
        ["from", "visits", "copies"],
        ["letter", "9", "2"],
        ["", "1200", "1"],
        ["copy", "0", "1"],
        ["feed", "3", "0"],
        ["*", "2", "0"],
        ["'-2", "1", "0"],
    ]


async def test_many_words_are_folded(shop: House, alice: Visitor, clock: Clock) -> None:
    await take_work(shop)
    visits = {("high-water", day_number(clock())): {f"w{number:02}": 1 for number in range(20)}}
    await shop.db.write(lambda conn: study.add_visits(conn, visits))
    assert "w10" not in await text_of(alice)
    page = await text_of(alice, "/studio/numbers")
    assert "w10 1 0" in page
    assert "w11" not in page
    assert "9 more words 9 0" in page


async def test_countries_are_shown_in_fives_and_never_beside_an_order(shop: House, alice: Visitor) -> None:
    orders = [await take_work(shop) for _ in range(9)]
    for order, country in zip(orders, ["AT"] * 6 + ["DE"] * 2 + [None], strict=True):
        await say(shop, order, country=country)
    page = await text_of(alice, "/studio/numbers")
    assert "Austria 5 Other countries 3" in page
    assert "Germany" not in page
    assert "1 reader did not say." in page
    assert await lines(alice, "/studio/countries.csv") == [
        ["country", "copies"],
        ["AT", "5"],
        ["other countries", "3"],
        ["not said", "1"],
    ]
    texts = [await alice.text(path) for path in ("/studio/orders", f"/studio/orders/{orders[0].id}")]
    sent = await alice.send("/studio/orders", "/studio/orders/export")
    assert sent.status == 200
    for text in (*texts, await sent.text()):
        assert "Austria" not in text
        assert not re.search(r"\bAT\b|country", text)


async def test_of_one_work(shop: House, alice: Visitor) -> None:
    await shop.db.write(lambda conn: add_work(conn, "low-water", "Low & Water"))
    await take_work(shop, slug="low-water")
    await take_work(shop)
    assert "Copies 2" in await text_of(alice)
    html = await alice.text("/studio?span=all&work=low-water")
    assert '<option value="low-water" selected>Low &amp; Water</option>' in html
    assert 'href="/studio?span=7&amp;work=low-water#going"' in html
    assert "Copies 1" in await text_of(alice, "/studio?span=all&work=low-water")
    assert "Copies 2" in await text_of(alice, "/studio?span=nonsense&work=nothing")


async def test_only_who_sells_sees_money_and_only_who_talks_sees_letters(shop: House, alice: Visitor) -> None:
    await paid(shop, 1250)
    await take_work(shop, letter="For your eyes alone.", email="bob@example.org")
    waiting = await take_work(shop, Door.PAY, till="by_hand")
    for may, sees, not_sees in (
        ("publish", (), ("12.50", "For your eyes", "bob@example.org", waiting.reference, "Letters", "Newest orders")),
        ("sell", ("€12.50", "Newest orders", waiting.reference), ("For your eyes",)),
        ("talk", ("For your eyes", "Letters"), ("12.50", "Newest orders", waiting.reference)),
    ):
        await only(shop, may)
        page = await text_of(alice)
        assert "Copies 2" in page
        for words in sees:
            assert words in page, (may, words)
        for words in not_sees:
            assert words not in page, (may, words)
        table = await text_of(alice, "/studio/numbers")
        assert ("Came in" in table) == (may == "sell")
        assert ("Letters" in table) == (may == "talk")
        heads = (await lines(alice, "/studio/numbers.csv"))[0]
        assert ("EUR paid" in heads) == (may == "sell")
        assert ("letters" in heads) == (may == "talk")
    await only(shop, "talk")
    for path in ("/studio/launch", "/studio/launch.json", "/studio/launch/accounts"):
        assert (await alice.get(path)).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/studio/numbers",
        "/studio/numbers.csv",
        "/studio/origins.csv",
        "/studio/countries.csv",
        "/studio/launch",
        "/studio/launch.json",
        "/studio/launch/accounts",
    ],
)
async def test_a_stranger_is_led_to_the_sign_in(stranger: Visitor, path: str) -> None:
    answer = await stranger.get(path)
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/studio/signin")


# ── plots ────────────────────────────────────────────────────────────────────────────────────────


def test_the_top_of_an_axis_is_a_round_number_with_a_middle() -> None:
    assert [nice_top(most) for most in (0, 1, 2, 3, 7, 11, 250, 1001)] == [2, 2, 2, 4, 8, 20, 400, 2000]


def test_bars_are_stacked_and_what_is_nothing_is_not_drawn() -> None:
    series = [Series("pay", "Paid", "3", [1, 0, 2]), Series("cant_pay", "Couldn’t pay", "1", [1, 0, 0])]
    plot = draw("p", "T", "W", series, ["a", "b", "c"], str)
    assert [bars.path for bars in plot.series] == ["M5 100V50M25 100V0", "M5 50V0"]
    assert (plot.width, plot.top, plot.middle) == (30, "2", "1")
    assert (plot.first, plot.centre, plot.last) == ("a", "", "c")


def test_money_of_two_currencies_is_not_added(shop: House) -> None:
    from headwaters.core.study.numbers import Sums, Tally
    from headwaters.web.format import formats
    from headwaters.web.studio.going import money_card

    total = Tally(money={"EUR": Sums(500, 20, 0, 2), "USD": Sums(300, 0, 100, 1)})
    card = money_card(formats("en"), total, Tally(money={"EUR": Sums(1, 0, 0, 1)}), "in the 7 days before")
    assert card.values == ("€4.80", "$2.00")
    assert card.parts == "€5.00 came in, €0.20 in fees; $3.00 came in, $1.00 went back"
    assert card.compared == ""
    assert Money(1, "EUR") != Money(1, "USD")
