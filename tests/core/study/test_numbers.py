"""Spans, sums and what is enough to be shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.study.countries import COUNTRIES, read_country
from headwaters.core.study.numbers import (
    Countries,
    Sums,
    Tally,
    in_fives,
    is_enough,
    rests,
    tallies,
    tally,
)
from headwaters.core.study.spans import MOST_BARS, Span, Step, Window, cut, day_number, window_before, window_of
from headwaters.core.study.visits import MOST_WORDS, OTHER_WORDS, bounded, read_word

NOW = datetime(2026, 11, 26, 14, 30, tzinfo=UTC)  # a Thursday
MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def day(month: int, number: int, year: int = 2026) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "start", "step", "bars", "second"),
    [
        (Span.TODAY, day(11, 26), Step.HOUR, 15, datetime(2026, 11, 26, 1, tzinfo=UTC)),
        (Span.WEEK, day(11, 20), Step.DAY, 7, day(11, 21)),
        (Span.MONTH, day(10, 28), Step.DAY, 30, day(10, 29)),
        (Span.QUARTER, day(8, 29), Step.WEEK, 14, day(8, 31)),
        (Span.YEAR, day(11, 27, 2025), Step.MONTH, 13, day(12, 1, 2025)),
        (Span.ALL, day(11, 10), Step.DAY, 17, day(11, 11)),
    ],
)
def test_a_span_is_whole_days_in_utc_up_to_now(span: Span, start: datetime, step: Step, bars: int, second: datetime):
    window = window_of(span, NOW, datetime(2026, 11, 10, 23, 59, tzinfo=UTC))
    assert (window.start, window.step, len(window.cuts)) == (start, step, bars)
    assert window.cuts[:2] == (start, second)
    assert window.bar_of(NOW) == bars - 1
    assert window.bar_of(NOW + timedelta(seconds=1)) is None
    assert window.bar_of(start - timedelta(microseconds=1)) is None


def test_a_shop_without_an_order_has_one_day():
    assert window_of(Span.ALL, NOW, None).cuts[0] == day(11, 26)


@given(MOMENTS, st.timedeltas(timedelta(microseconds=1), timedelta(days=9000)))
def test_a_span_that_grows_never_has_too_many_bars(start: datetime, length: timedelta):
    window = cut(start, start + length)
    assert 1 <= len(window.cuts) <= MOST_BARS
    assert list(window.cuts) == sorted(set(window.cuts))
    assert window.cuts[0] == start
    assert window.cuts[-1] < window.end


def test_it_is_compared_with_as_long_a_time_up_to_the_same_hour():
    before = window_before(window_of(Span.WEEK, NOW, None), day(1, 1))
    assert before is not None
    assert (before.start, before.end) == (day(11, 13), NOW - timedelta(days=7, microseconds=-1))
    today = window_before(window_of(Span.TODAY, NOW, None), day(1, 1))
    assert today is not None
    assert (today.start, today.end) == (day(11, 25), NOW - timedelta(days=1, microseconds=-1))


def test_it_is_compared_with_nothing_where_the_shop_was_not_open():
    week = window_of(Span.WEEK, NOW, None)
    assert window_before(week, datetime(2026, 11, 13, 20, tzinfo=UTC)) is not None
    assert window_before(week, day(11, 14)) is None
    assert window_before(week, None) is None


# ── sums ─────────────────────────────────────────────────────────────────────────────────────────


def _tallies() -> st.SearchStrategy[Tally]:
    counts = st.integers(0, 9)
    sums = st.builds(Sums, st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**9), counts)
    money = st.dictionaries(st.sampled_from(["EUR", "JPY", "USD"]), sums, max_size=3)
    return st.builds(Tally, st.fixed_dictionaries(dict.fromkeys(Door, counts)), counts, money, money, counts, counts)


@given(
    st.lists(st.tuples(st.timedeltas(timedelta(0), timedelta(days=500)), _tallies()), max_size=40),
    st.sampled_from([None, Step.DAY, Step.WEEK, Step.MONTH, Step.YEAR]),
)
def test_the_sum_over_bars_is_the_total(parts: list[tuple[timedelta, Tally]], step: Step | None):
    start = datetime(2025, 3, 3, 5, 5, tzinfo=UTC)
    at = [(start + delay, part) for delay, part in parts]
    window = cut(start, start + timedelta(days=500, seconds=1), step)
    bars = tallies(window, at)
    assert tally((start, bar) for bar in bars) == tally(at)


def test_what_a_window_cuts_into_is_of_its_first_bar_and_what_follows_it_is_not():
    window = cut(NOW, NOW + timedelta(hours=3), Step.HOUR)
    bars = tallies(window, [(day(11, 26), Tally(visits=3)), (NOW + timedelta(hours=3), Tally(visits=5))])
    assert [bar.visits for bar in bars] == [3, 0, 0, 0]


def test_few_copies_make_no_picture():
    def bars(*copies: int) -> list[Tally]:
        return [Tally(doors={**dict.fromkeys(Door, 0), Door.PAY: count}) for count in copies]

    assert is_enough(bars(1, 2, 2, 0))
    assert not is_enough(bars(1, 2, 1))
    assert not is_enough(bars(100, 200))
    assert not is_enough([])


def test_money_is_told_by_currency_less_fees_and_what_went_back():
    sums = {"USD": Sums(1000, 30, 500, 1), "EUR": Sums(500, 0, 900, 2), "JPY": Sums(5, 0, 0, 1)}
    assert rests(sums) == (Money(-400, "EUR"), Money(5, "JPY"), Money(470, "USD"))


# ── countries and words ──────────────────────────────────────────────────────────────────────────


def test_countries_are_told_in_fives():
    counts = {"AT": 12, "DE": 14, "CH": 5, "LI": 4, "IT": 1}
    assert in_fives(counts, 50) == Countries((("AT", 10), ("DE", 10), ("CH", 5)), others=11, silent=14)
    assert in_fives({}, 3) == Countries((), 0, 3)
    assert in_fives({"AT": 4}, 4) == Countries((), 4, 0)


@given(st.dictionaries(st.sampled_from(sorted(COUNTRIES)), st.integers(1, 40), max_size=9), st.integers(0, 99))
def test_no_reader_is_lost_among_countries(counts: dict[str, int], silent: int):
    told = in_fives(counts, sum(counts.values()) + silent)
    assert sum(count for _, count in told.named) + told.others + told.silent == sum(counts.values()) + silent
    assert all(count % 5 == 0 and count for _, count in told.named)


def test_a_country_is_one_of_the_list_or_nothing():
    assert len(COUNTRIES) == 249
    assert read_country(" at ") == "AT"
    assert read_country("") is None
    for text in ("XX", "AUT", "Austria", "<b>"):
        with pytest.raises(Refused) as raised:
            read_country(text)
        assert (raised.value.code, raised.value.field) == (Code.COUNTRY_UNKNOWN, "country")


def test_a_word_names_nobody():
    assert read_word("newsletter-3") == "newsletter-3"
    for text in ("bob@example.org", "Bob", "a" * 33, "*", "a b", "", "é"):
        assert read_word(text) == ""


def test_words_are_bounded_the_frequent_ones_first():
    full = {f"w{number}" for number in range(MOST_WORDS - 1)}
    assert bounded({"": 4, "w1": 2, "new": 3, "newer": 1, "newest": 1}, full) == {
        "": 4,
        "w1": 2,
        "new": 3,
        OTHER_WORDS: 2,
    }
    assert bounded({"": 1, "late": 2}, full | {"last", "", OTHER_WORDS}) == {"": 1, OTHER_WORDS: 2}


def test_days_are_counted_since_1970():
    assert day_number(datetime(1970, 1, 2, 23, 59, tzinfo=UTC)) == 1
    assert day_number(NOW) == 20783


def test_a_window_knows_its_bars():
    window = Window(day(1, 1), day(1, 3), Step.DAY, (day(1, 1), day(1, 2)))
    assert [window.bar_of(day(1, number)) for number in (1, 2, 3)] == [0, 1, None]
