"""A launch, followed: read once a second however many look, exact all the same, and its accounts to the cent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from headwaters.core.errors import Code, Refused, Unavailable
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.study.launches import Cost, read_costs, read_since, read_time, usual_since
from headwaters.core.study.numbers import tally
from headwaters.core.study.spans import even
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.store.db import Connection
from headwaters.web.studio import lookout as module
from headwaters.web.studio.lookout import MOST_QUESTIONS, WHOLE, Lookout, Question
from headwaters.web.visits import VISITS
from tests.people import add_work, take_work
from tests.support.house import Clock
from tests.web.studio.conftest import Visitor
from tests.web.studio.test_numbers import text_of

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SINCE = "since=2026-11-22T12:00"


class Stopwatch:
    """Seconds, as the lookout reads them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Reads:
    """Counts what is read of the database."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._read = house.db.read
        monkeypatch.setattr(house.db, "read", self._counted)

    async def _counted(self, fn: Callable[[Connection], Any]) -> Any:
        self.count += 1
        await asyncio.sleep(0.01)  # so that those who ask meanwhile meet it
        return await self._read(fn)


async def test_a_hundred_viewers_cost_one_reading_a_second(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await take_work(shop)
    watch, reads = Stopwatch(), Reads(shop, monkeypatch)
    lookout, question = Lookout(shop, watch), Question(NOON)
    for second in range(5):
        watch.now = float(second)
        for part in (0.0, 0.3, 0.9):
            watch.now = second + part
            sights = await asyncio.gather(*(lookout.look(question) for _ in range(100)))
            assert {tally(sight.minutes).copies for sight in sights} == {1}
        assert reads.count == second + 1


async def test_the_last_minutes_are_read_at_once_and_the_whole_now_and_then(shop: House, clock: Clock) -> None:
    watch = Stopwatch()
    lookout, question = Lookout(shop, watch), Question(NOON)

    async def copies() -> int:
        watch.now += 1
        return tally((await lookout.look(question)).minutes).copies

    late = await take_work(shop, Door.PAY, till="by_hand")
    assert await copies() == 0
    clock.move(minutes=10)
    await take_work(shop)
    assert await copies() == 1
    await settle.confirm(shop, late.reference)  # of an order of ten minutes ago
    sight = await lookout.look(question)
    watch.now += 1
    sight = await lookout.look(question)
    assert tally(sight.minutes).copies == 1
    assert tally(sight.minutes).money["EUR"].paid == 500  # the money is there at once
    watch.now += WHOLE
    assert await copies() == 2


async def test_a_reading_that_failed_is_tried_again(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lookout = Lookout(shop, Stopwatch())

    def down(*_args: object, **_values: object) -> Any:
        raise Unavailable(Code.DATABASE_DOWN, "down")

    with monkeypatch.context() as patched:
        patched.setattr(module.launches, "waiting", down)
        with pytest.raises(Unavailable):
            await lookout.look(Question(NOON))
    assert (await lookout.look(Question(NOON))).minutes == ()


async def test_it_remembers_a_few_questions(shop: House) -> None:
    lookout = Lookout(shop, Stopwatch())
    for minute in range(3 * MOST_QUESTIONS):
        await lookout.look(Question(NOON - timedelta(minutes=minute)))
    assert len(lookout._watches) == MOST_QUESTIONS


# ── what is to be seen ───────────────────────────────────────────────────────────────────────────


async def test_the_page_and_its_data_say_the_same(shop: House, alice: Visitor, clock: Clock) -> None:
    assert alice.client.app is not None
    for door in (Door.CANT_PAY, Door.HAVE_COPY, Door.HAVE_COPY):
        await take_work(shop, door)
    clock.move(minutes=30)
    paid = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    await take_work(shop, Door.PAY, till="by_hand", minor=900)
    await settle.confirm(shop, paid.reference)
    alice.client.app[VISITS].turn()
    for _ in range(7):
        alice.client.app[VISITS].count("high-water", "")
    clock.move(seconds=20)
    page = await text_of(alice, f"/studio/launch?{SINCE}&work=high-water")
    assert "Since November 22, 2026, 12:00 UTC" in page
    assert "Copies 4 paid: 1, couldn’t pay: 1, had a copy: 2 Copies a minute 1 Visits a minute 7" in page
    assert "Money for you €7.50 €7.50 came in" in page
    assert "4 copies in all. The tallest bar is 12:00, with 3." in page
    assert "12:00 0 1 2 0 0 12:30 1 0 0 €7.50 €7.50 All 1 1 2 €7.50 €7.50" in page
    assert "Payments under way 1" in page
    data = json.loads(await alice.text(f"/studio/launch.json?{SINCE}&work=high-water"))
    html = data.pop("html")
    assert "Copies a minute" in html
    assert "<html" not in html
    assert data.pop("disk_free") > 0
    assert data.pop("late_ms") >= 0
    assert data == {
        "work": "high-water",
        "since": "2026-11-22T12:00:00Z",
        "copies": {"all": 4, "pay": 1, "cant_pay": 1, "have_copy": 2},
        "copies_a_minute": 1,
        "visits_a_minute": 7,
        "money": {"EUR": {"paid": "7.50", "fees": "0.00", "refunded": "0.00", "rest": "7.50", "payments": 1}},
        "practised": 0,
        "downloads_now": 0,
        "payments_under_way": 1,
        "mail_waiting": 0,
    }


async def test_nothing_new_is_304(shop: House, alice: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwaters.web.pulse.Pulse.late", lambda _pulse: 0.0)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 10**10}))
    await take_work(shop)
    path = f"/studio/launch.json?{SINCE}"
    first = await alice.get(path)
    tag = first.headers["ETag"]
    assert (first.status, first.headers["Cache-Control"]) == (200, "no-store")
    again = await alice.get(path, **{"If-None-Match": tag})
    assert (again.status, await again.read()) == (304, b"")
    assert (await alice.get(path, **{"If-None-Match": '"other"'})).status == 200


async def test_it_begins_where_the_newest_work_came_out(shop: House, alice: Visitor, clock: Clock) -> None:
    html = await alice.text("/studio/launch")
    assert "Since November 22, 2026, 11:00 UTC" in unescape(html)  # the work of old: the last hour, of all
    assert '<option value="high-water">' in html
    assert usual_since(NOON, NOON - timedelta(days=2, seconds=5)) == NOON - timedelta(days=2, minutes=1)
    assert usual_since(NOON, NOON - timedelta(days=8)) == NOON - timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("soon", "“soon” is not a time."),
        ("2026-11-22T12:01", "That is still to come."),
        ("2026-11-14T12:00", "A launch is followed for seven days at most."),
        ("<script>", "“&lt;script&gt;” is not a time."),
    ],
)
async def test_a_start_that_cannot_be_is_said_beside_its_field(
    shop: House, alice: Visitor, since: str, words: str
) -> None:
    answer = await alice.get(f"/studio/launch?since={since}")
    text = await answer.text()
    assert answer.status == 422
    assert words in text
    assert 'aria-describedby="since-wrong"' in text
    assert (await alice.get(f"/studio/launch.json?since={since}")).status == 422


async def test_of_a_work_alone(shop: House, alice: Visitor) -> None:
    await shop.db.write(lambda conn: add_work(conn, "low-water", "Low Water"))
    await take_work(shop)
    found = json.loads(await alice.text(f"/studio/launch.json?{SINCE}&work=low-water"))
    assert (found["work"], found["copies"]["all"]) == ("low-water", 0)
    assert "Nothing yet." in found["html"]
    assert json.loads(await alice.text(f"/studio/launch.json?{SINCE}&work=nothing"))["copies"]["all"] == 1


def test_bars_of_whole_minutes() -> None:
    window = even(NOON + timedelta(minutes=7), NOON + timedelta(hours=5))
    assert [f"{at:%H:%M}" for at in window.cuts[:3]] == ["12:07", "12:10", "12:15"]
    assert len(window.cuts) == 59
    assert len(even(NOON - timedelta(days=7), NOON).cuts) <= 61


# ── the accounts ─────────────────────────────────────────────────────────────────────────────────


async def test_the_accounts_to_the_cent(shop: House, alice: Visitor, clock: Clock) -> None:
    for minor in (500, 500, 700, 800, 550):
        order = await take_work(shop, Door.PAY, till="by_hand", minor=minor)
        await settle.confirm(shop, order.reference)
    clock.move(hours=3)
    costs = "costs=Camera+10.50%0AFour+friends:+1200%0A%0A"
    page = await text_of(alice, f"/studio/launch/accounts?{SINCE}&work=high-water&{costs}")
    assert "The accounts of High Water November 22, 2026, 12:00 UTC – November 22, 2026, 15:00 UTC" in page
    assert "Came in €30.50 Left for you €30.50 Camera -€10.50 Four friends -€1,200.00 Left after what it cost" in page
    assert "-€1,180.00" in page
    assert "5 payments, €6.10 each on average." in page
    assert "12:00 5 0 0 €30.50 €30.50 0" in page
    later = await text_of(alice, "/studio/launch/accounts?since=2026-11-22T12:01&until=2026-11-22T14:00")
    assert "The accounts of Alice's films" in later
    assert "No money came in this time." in later


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("costs=Camera", "costs", "“Camera” has no name with an amount behind it."),
        ("costs=12.50", "costs", "“12.50” has no name with an amount behind it."),
        ("since=now", "since", "“now” is not a time."),
        ("until=2027-01-01T00:00", "until", "That is still to come."),
    ],
)
async def test_accounts_that_cannot_be_keep_what_was_typed(
    shop: House, alice: Visitor, query: str, field: str, words: str
) -> None:
    answer = await alice.get(f"/studio/launch/accounts?{query}")
    text = await answer.text()
    assert answer.status == 422
    assert words in text
    assert f'aria-describedby="{field}-wrong"' in text
    assert query.partition("=")[2] in text


def test_times_are_read_in_utc_to_the_minute() -> None:
    assert read_time("2026-11-22T10:30:59", NOON, "since") == NOON - timedelta(hours=1, minutes=30)
    assert read_time("2026-11-22T12:30+01:00", NOON, "since") == NOON - timedelta(minutes=30)
    assert read_time("", NOON, "since") is None
    assert read_since("2026-11-15T12:00", NOON) == NOON - timedelta(days=7)
    assert read_time("0001-01-01T00:00", NOON, "since") == datetime(2011, 12, 10, tzinfo=UTC)
    for text in ("x", "2026-13-01", "9999-12-31T23:59-23:00", "0001-01-01T00:00+10:00"):
        with pytest.raises(Refused) as raised:
            read_time(text, NOON, "until")
        assert (raised.value.code, raised.value.field) == (Code.TIME_INVALID, "until")


def test_costs_are_read_a_line_each() -> None:
    assert read_costs("The hall: 1200\r\n\nTrain tickets – 99.90", "EUR") == [
        Cost("The hall", Money(120_000, "EUR")),
        Cost("Train tickets", Money(9_990, "EUR")),
    ]
    assert len(read_costs("a 1\n" * 99, "EUR")) == 30
