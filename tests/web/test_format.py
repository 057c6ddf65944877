"""Money, sizes, lengths and dates as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.sales.money import CURRENCIES, Money, parse_amount
from headwaters.core.works.taste import read_taste
from headwaters.web.format import Format, formats
from headwaters.web.show_taste import said_taste

NBSP, NNBSP = "\u00a0", "\u202f"
LANGUAGES = ["en", "de", "fr", "fr-CH", "ja", "ar", "fa", "hi", "pt-BR", "sv", "tr"]


@pytest.mark.parametrize(
    ("language", "minor", "currency", "shown"),
    [
        ("en", 500, "EUR", "€5.00"),
        ("en", 123456789, "EUR", "€1,234,567.89"),
        ("en", 500, "JPY", "¥500"),
        ("en", 5500, "BHD", f"BHD{NBSP}5.500"),
        ("en", 50000, "RSD", f"RSD{NBSP}500.00"),
        ("de", 500, "EUR", f"5,00{NBSP}€"),
        ("fr", 1234567, "EUR", f"12{NNBSP}345,67{NBSP}€"),
        ("xx-nonsense", 500, "EUR", "€5.00"),
    ],
)
def test_money_is_said_with_the_decimals_of_iso_4217(language: str, minor: int, currency: str, shown: str):
    assert formats(language).money(minor, currency) == shown


@pytest.mark.parametrize(
    ("minor", "currency", "shown"), [(500, "EUR", "€5"), (550, "EUR", "€5.50"), (800, "JPY", "¥800")]
)
def test_cents_are_left_out_where_there_are_none(minor: int, currency: str, shown: str):
    assert formats("en").money_short(minor, currency) == shown


@given(st.sampled_from(LANGUAGES), st.sampled_from(CURRENCIES), st.integers(0, 99_999_999))
def test_what_stands_in_a_form_is_read_back_exactly(language: str, currency: str, minor: int):
    assert parse_amount(formats(language).amount(minor, currency), currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0\u00a0bytes"),
        (1, "1\u00a0byte"),
        (999, "999\u00a0bytes"),
        (1_500, "1.5\u00a0kB"),
        (640_000_000, "640\u00a0MB"),
        (3_100_000_000, "3.1\u00a0GB"),
        (11_400_000_000, "11.4\u00a0GB"),
        (2_000_000_000_000, "2,000\u00a0GB"),
    ],
)
def test_sizes_count_in_powers_of_ten(count: int, shown: str):
    assert formats("en").size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0\u00a0sec"),
        (45, "45\u00a0sec"),
        (200, "3\u00a0min 20\u00a0sec"),
        (180, "3\u00a0min"),
        (3720, "62\u00a0min"),
        (7500, "2\u00a0hr 5\u00a0min"),
    ],
)
def test_lengths_are_as_exact_as_people_care_for(seconds: int, shown: str):
    assert formats("en").length(seconds) == shown


def test_dates_are_written_out():
    moment = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
    assert formats("en-GB").date(moment) == "22 November 2026"
    assert formats("de").date(moment) == "22. November 2026"


def test_a_language_says_its_direction():
    assert [formats(language).direction for language in ("en", "ar")] == ["ltr", "rtl"]


@pytest.mark.parametrize(
    ("taste", "shown"),
    [
        ("from 1:00 45 seconds, 1 chapter, 3 pages", "45\u00a0Sek. ab 1:00, 1 Kapitel und 3 Seiten"),
        ("90 seconds", "die ersten 1\u00a0Min. 30\u00a0Sek."),
        ("1 page, 2 pictures, 2 chapters", "2 Kapitel, 1 Seite und 2 Bilder"),
        ("whole", "alles"),
        ("off", ""),
    ],
)
def test_a_taste_is_said_in_the_pages_language(taste: str, shown: str, monkeypatch: pytest.MonkeyPatch):
    german = {
        "%(length)s from %(start)s on": "%(length)s ab %(start)s",
        "the first %(length)s": "die ersten %(length)s",
        "all of it": "alles",
        "%(count)d chapter": "%(count)d Kapitel",
        "%(count)d chapters": "%(count)d Kapitel",
        "%(count)d page": "%(count)d Seite",
        "%(count)d pages": "%(count)d Seiten",
        "%(count)d pictures": "%(count)d Bilder",
    }
    said = Format("de")
    monkeypatch.setattr(said, "gettext", german.__getitem__)
    monkeypatch.setattr(said, "ngettext", lambda one, many, count: german.get(one if count == 1 else many, ""))
    assert said_taste(read_taste(taste), said) == shown
