"""What a creator may type to find an order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headwaters.core.sales.finding import Narrow, Wanted, Which, read_narrow, read_wanted, read_which
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door

TOKEN = "abcdefghijklmnopqrstuvwxy7"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("  High   Water ", Wanted("high water")),
        ("Bob@Example.org", Wanted("bob@example.org", address="Bob@Example.org")),
        ("@example.org", Wanted("@example.org")),
        ("cs_live_a1B2c3", Wanted("cs_live_a1b2c3", till_id="cs_live_a1B2c3")),
        (f"/d/{TOKEN}/film.mp4", Wanted(f"/d/{TOKEN}/film.mp4", key=TOKEN)),
        ("hw-7k3m-9qxa", Wanted("hw-7k3m-9qxa", reference="HW-7K3M-9QXA")),
        ("Transfer HW7K3M9QXA thanks", Wanted("transfer hw7k3m9qxa thanks", reference="HW-7K3M-9QXA")),
        (TOKEN, Wanted(TOKEN, token=TOKEN)),
        (f"https://shop.example/o/{TOKEN}", Wanted(f"https://shop.example/o/{TOKEN}", token=TOKEN)),
        ("7", Wanted("7", number=7, amount=Money(700, "EUR"))),
        ("#7", Wanted("#7", number=7, numbered=True)),
        ("#7²", Wanted("#7²")),
        ("#99999999999999999999", Wanted("#99999999999999999999")),
        ("5,00", Wanted("5,00", amount=Money(500, "EUR"))),
        ("€5", Wanted("€5", amount=Money(500, "EUR"))),
    ],
)
def test_one_text_in_each_way_in_which_it_can_be_meant(typed: str, meant: Wanted) -> None:
    assert read_wanted(typed, "EUR") == meant


@pytest.mark.parametrize("typed", ["2026-11-22", "22.11.2026", "22. 11.2026", "22/11/2026", "11/22/2026"])
def test_a_day_is_from_midnight_to_midnight(typed: str) -> None:
    wanted = read_wanted(typed, "EUR")
    assert wanted is not None
    assert wanted.day == (datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize("typed", ["2026-13-40", "9999-12-31", "0000-01-01", "٢٠٢٦-١١-٢٢x"])
def test_what_is_no_day_is_only_words(typed: str) -> None:
    wanted = read_wanted(typed, "EUR")
    assert wanted is not None
    assert wanted.day is None


@pytest.mark.parametrize("typed", ["", "   ", "\0"])
def test_nothing_typed_is_nothing_wanted(typed: str) -> None:
    assert read_wanted(typed, "EUR") is None


def test_a_flood_of_text_is_cut() -> None:
    wanted = read_wanted("x" * 100_000, "EUR")
    assert wanted == Wanted("x" * 200)


@pytest.mark.parametrize(
    ("text", "definite"),
    [
        ("hw-7k3m-9qxa", True),
        (TOKEN, True),
        (f"https://shop.example/d/{TOKEN}/everything.zip", True),
        ("pi_3Nabc", True),
        ("bob@example.org", True),
        ("2026-11-22", True),
        ("#31", True),
        ("31", False),  # an order, an amount, or a part of a title
        ("5,00", False),
        ("high water", False),
        ("@example.org", False),
    ],
)
def test_what_means_one_thing_alone(text: str, definite: bool) -> None:
    wanted = read_wanted(text, "EUR")
    assert wanted is not None
    assert wanted.is_definite is definite


def test_a_list_is_narrowed_by_what_makes_sense_alone() -> None:
    day, after = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
    query = {"door": "pay", "till": "stripe", "work": "high-water", "from": "2026-11-22", "to": "23.11.2026"}
    assert read_narrow(query) == Narrow(Door.PAY, "stripe", "high-water", day, after)
    assert read_narrow({"door": "window", "from": "2026-02-30", "to": "soon"}) == Narrow()
    assert read_narrow({"till": "\0", "work": "high-\0water"}) == Narrow(work="high-water")
    assert [read_which(text) for text in ("paid", "", "x")] == [Which.PAID, Which.ALL, Which.ALL]
