"""How it is going, as a person types it and as a program reads it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headwaters.actions.study import add_visits, say_country
from headwaters.core.sales.states import Door
from headwaters.core.study.spans import day_number
from headwaters.errands import settle
from headwaters.errands.house import House
from tests.cli.test_letters import Shop
from tests.people import add_work, take_work


async def _fill(house: House) -> None:
    for door in (Door.CANT_PAY, Door.CANT_PAY, Door.HAVE_COPY, Door.CANT_PAY):
        order = await take_work(house, door, letter="Dear Alice" if door is Door.HAVE_COPY else None)
        await house.db.write(lambda conn, order=order: say_country(conn, order.id, "AT"))
    paid = await take_work(house, Door.PAY, till="by_hand", minor=750)
    await settle.confirm(house, paid.reference)
    await house.db.write(lambda conn: say_country(conn, paid.id, "AT"))
    today = day_number(house.clock())
    await house.db.write(lambda conn: add_work(conn, "low-water", "Low Water"))
    await house.db.write(lambda conn: add_visits(conn, {("high-water", today): {"": 30, "letter": 2}}))


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    from headwaters.config import load_config
    from headwaters.wiring import furnish

    opened = Shop(tmp_path / "shop", capsys)

    async def run() -> None:
        async with furnish(load_config(opened.folder)) as house:
            await _fill(house)

    asyncio.run(run())
    return opened


def test_the_numbers_in_words(shop: Shop) -> None:
    code, out, _ = shop.run("numbers", "--span", "7")
    assert code == 0
    assert out.splitlines() == [
        "In the last 7 days",
        "  Copies: 5 (paid: 1, couldn’t pay: 3, had a copy: 1)",
        "  Money for you: €7.50 (€7.50 came in)",
        "  Letters: 1",
        "  Visits: 32",
        "Where readers came from:",
        "  Nothing said: 30 visits, 5 copies",
        "  letter: 2 visits, 0 copies",
        "Where readers are, in fives:",
        "  Austria: 5",
    ]


def test_the_numbers_for_a_program(shop: Shop) -> None:
    found: dict[str, Any] = shop.json("numbers", "--span", "all")
    money = {"EUR": {"paid": "7.50", "fees": "0.00", "refunded": "0.00", "rest": "7.50", "payments": 1}}
    assert {name: value for name, value in found.items() if name not in ("since", "until")} == {
        "copies": {"all": 5, "pay": 1, "cant_pay": 3, "have_copy": 1},
        "money": money,
        "practice": {"copies": 0, "money": {}},
        "letters": 1,
        "visits": 32,
        "fetched": 0,
        "origins": {"": {"visits": 30, "copies": 5}, "letter": {"visits": 2, "copies": 0}},
        "countries": {"named": {"AT": 5}, "others": 0, "not_said": 0},
    }
    assert shop.json("numbers", "--work", "low-water")["copies"]["all"] == 0
    since = f"{datetime.now(UTC):%Y}-01-01T00:00"
    assert shop.json("numbers", "--since", since)["since"].startswith(since)
    assert shop.json("numbers", "--since", since, "--until", since)["copies"]["all"] == 0


def test_a_table_as_csv(shop: Shop) -> None:
    code, out, _ = shop.run("numbers", "--csv", "days")
    assert (code, len(out.splitlines())) == (0, 31)
    assert out.splitlines()[-1].endswith(",1,3,1,7.50,0.00,0.00,7.50,1,32")
    assert shop.run("numbers", "--csv", "countries")[1].splitlines() == [
        "country,copies",
        "AT,5",
        "other countries,0",
        "not said,0",
    ]
    assert shop.run("numbers", "--csv", "origins")[1].splitlines()[1] == ",30,5"


def test_what_makes_no_sense_is_refused(shop: Shop) -> None:
    for arguments, words in (
        (("--work", "nothing"), "There is no such work here."),
        (("--since", "yesterday"), "“yesterday” is not a time."),
        (("--until", "2999-01-01T00:00"), "That is still to come."),
    ):
        code, out, err = shop.run("numbers", *arguments)
        assert (code, out) == (1, "")
        assert words in err
