"""What counts as a visit, and where a reader is if they say it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from headwaters.core.errors import Code, Unavailable
from headwaters.core.study.visits import OTHER_WORDS
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.web import visits as module
from headwaters.web.app import make_app
from headwaters.web.pulse import Pulse
from headwaters.web.visits import VISITS, Visits, keep_visits
from tests.people import add_work, take_work
from tests.support.house import Clock

READER = {"Accept": "text/html,application/xhtml+xml", "User-Agent": "Mozilla/5.0"}


async def kept(house: House) -> dict[str, int]:
    columns = tables.visits.c.came_from, tables.visits.c.count
    found = await house.db.read(lambda conn: conn.execute(select(*columns)).all())
    return {str(word): count for word, count in found}


@pytest.fixture
async def shop(house: House) -> House:
    await house.db.write(add_work)
    return house


async def test_visits_are_kept_by_the_word_of_the_link(shop: House) -> None:
    async with TestClient(TestServer(make_app(shop))) as client:
        for query in ("", "?from=letter", "?from=letter", "?from=Bob@example.org", "?other=1"):
            assert (await client.get(f"/w/high-water{query}", headers=READER)).status == 200
        assert client.app is not None
        await keep_visits(shop, client.app[VISITS])
        assert await kept(shop) == {"": 3, "letter": 2}
        await client.get("/w/high-water?from=copy", headers=READER)
    assert await kept(shop) == {"": 3, "letter": 2, "copy": 1}  # also what waited when the process ended


async def test_what_else_cannot_be_written_at_the_end_takes_no_visits_along(
    shop: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> int:
        raise Unavailable(Code.DATABASE_DOWN, "down")

    monkeypatch.setattr("headwaters.errands.counting.flush", fails)
    async with TestClient(TestServer(make_app(shop))) as client:
        await client.get("/w/high-water?from=copy", headers=READER)
    assert await kept(shop) == {"copy": 1}


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/w/nothing", {}),
        ("/", {}),
        ("/w/high-water", {"Accept": "*/*"}),
        ("/w/high-water", {"Accept": ""}),
        ("/w/high-water", {"Sec-Purpose": "prefetch;prerender"}),
        ("/w/high-water", {"Purpose": "prefetch"}),
        ("/w/high-water", {"Cookie": "studio=" + "a" * 26}),
        ("/w/high-water", {"Cookie": "other=1; __Host-studio=" + "a" * 26}),
    ],
)
async def test_what_is_no_visit(shop: House, path: str, headers: dict[str, str]) -> None:
    async with TestClient(TestServer(make_app(shop))) as client:
        await client.get(path, headers={**READER, **headers})
        await client.head("/w/high-water", headers=READER)
    assert await kept(shop) == {}


async def test_what_the_database_does_not_take_waits(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    visits = Visits(lambda: 1e9)
    visits.count("high-water", "a")

    def down(*_args: object, **_values: object) -> int:
        raise Unavailable(Code.DATABASE_DOWN, "down")

    with monkeypatch.context() as patched:
        patched.setattr(module.study, "add_visits", down)
        with pytest.raises(Unavailable):
            await keep_visits(shop, visits)
    visits.count("high-water", "a")
    await keep_visits(shop, visits)
    await keep_visits(shop, visits)
    assert await kept(shop) == {"a": 2}


def test_a_flood_of_words_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    visits = Visits(lambda: 86_400.0 * 5)
    for word in ("a", "b", "c", "d", "e", "a", ""):
        visits.count("w", word)
    assert visits.take() == {
        ("w", 5, "a"): 2,
        ("w", 5, "b"): 1,
        ("w", 5, "c"): 1,
        ("w", 5, OTHER_WORDS): 2,
        ("w", 5, ""): 1,
    }
    assert visits.take() == {}


def test_visits_of_the_last_minute() -> None:
    now = [6000.0]
    visits = Visits(lambda: now[0])
    for _ in range(60):
        visits.count("w", "")
    visits.count("other", "")
    assert (visits.a_minute("w"), visits.a_minute(None), visits.a_minute("none")) == (60, 61, 0)
    visits.turn()
    now[0] = 6000 + 60 + 45
    visits.turn()
    visits.count("w", "")
    assert visits.a_minute("w") == 1 + 15
    now[0] += 120
    assert visits.a_minute(None) == 0


async def test_the_pulse_tells_how_late_the_loop_is(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 0.25, 0.55, 0.75])
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: next(times), raising=False)
    pulse = Pulse()
    assert pulse.late() == 0
    for _ in range(4):
        pulse.beat()
    monkeypatch.undo()
    assert sorted(round(each, 2) for each in pulse._late) == [0, 0, 0.05]


# ── countries ────────────────────────────────────────────────────────────────────────────────────


async def test_a_reader_says_where_they_are_and_takes_it_back(shop: House, client: TestClient[Any, Any]) -> None:
    order = await take_work(shop)
    page = f"/o/{order.token}"
    assert "say which country you are in" in await (await client.get(page)).text()
    answer = await client.get(f"{page}/country")
    text = await answer.text()
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert text.count("<option") == 250
    assert text.index("Afghanistan") < text.index("Åland") < text.index("Albania")
    assert "Take it back" not in text
    answer = await client.post(f"{page}/country", data={"country": "AT"}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"{page}#where")
    assert "You said that you are in Austria." in await (await client.get(page)).text()
    text = await (await client.get(f"{page}/country")).text()
    assert '<option value="AT" selected>Austria' in text
    assert "Take it back" in text
    await client.post(f"{page}/country", data={"country": ""})
    assert "Austria" not in await (await client.get(page)).text()


async def test_a_country_that_is_none_is_refused(shop: House, client: TestClient[Any, Any], clock: Clock) -> None:
    order = await take_work(shop)
    answer = await client.post(f"/o/{order.token}/country", data={"country": "Atlantis"})
    assert answer.status == 422
    assert "Choose a country from the list." in await answer.text()
    assert (await client.post(f"/o/{'a' * 26}/country", data={"country": "AT"})).status == 404
    assert await shop.db.read(lambda conn: conn.execute(select(tables.orders.c.country)).scalar_one()) is None
