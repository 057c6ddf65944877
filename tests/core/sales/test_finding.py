"""What a creator may type to find an order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headwaters.core.sales.finding import Wanted, read_wanted
from headwaters.core.sales.money import Money

TOKEN = "abcdefghijklmnopqrstuvwxy7"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("  High   Water ", Wanted("high water")),
        ("Bob@Example.org", Wanted("bob@example.org")),
        ("hw-7k3m-9qxa", Wanted("hw-7k3m-9qxa", reference="HW-7K3M-9QXA")),
        ("Transfer HW7K3M9QXA thanks", Wanted("transfer hw7k3m9qxa thanks", reference="HW-7K3M-9QXA")),
        (TOKEN, Wanted(TOKEN, token=TOKEN)),
        (f"https://shop.example/o/{TOKEN}", Wanted(f"https://shop.example/o/{TOKEN}", token=TOKEN)),
        ("7", Wanted("7", number=7, amount=Money(700, "EUR"))),
        ("#7", Wanted("#7", number=7)),
        ("5,00", Wanted("5,00", amount=Money(500, "EUR"))),
        ("€5", Wanted("€5", amount=Money(500, "EUR"))),
    ],
)
def test_one_text_in_each_way_in_which_it_can_be_meant(typed: str, meant: Wanted) -> None:
    assert read_wanted(typed, "EUR") == meant


@pytest.mark.parametrize("typed", ["2026-11-22", "22.11.2026", "22. 11.2026"])
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
