"""Money to the cent: how it is counted, cut, and read from what a person wrote."""

from __future__ import annotations

import pytest
from babel.numbers import get_currency_precision
from hypothesis import assume, example, given
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused
from headwaters.core.sales.money import (
    CURRENCIES,
    MAX_MINOR,
    Money,
    check_currency,
    digits,
    largest,
    parse_amount,
    plain,
    share,
)

currencies = st.sampled_from(CURRENCIES)
minors = st.integers(0, MAX_MINOR)

# CLDR says how many decimals are shown by custom, ISO 4217 how many there are.
_CLDR_SHOWS_FEWER = {
    "AFN": 0, "ALL": 0, "IQD": 0, "IRR": 0, "KPW": 0, "LAK": 0, "LBP": 0, "MGA": 0,
    "MMK": 0, "RSD": 0, "SOS": 0, "SYP": 0, "YER": 0,
}  # fmt: skip


def refused(text: str, currency: str = "EUR") -> Refused:
    with pytest.raises(Refused) as caught:
        parse_amount(text, currency)
    assert caught.value.field == "amount"
    return caught.value


# ── currencies ──


def test_digits_are_those_of_cldr_but_where_cldr_leaves_out_coins_that_exist() -> None:
    differing = {
        code: get_currency_precision(code) for code in CURRENCIES if get_currency_precision(code) != digits(code)
    }
    assert differing == _CLDR_SHOWS_FEWER


@pytest.mark.parametrize(
    ("code", "places"), [("EUR", 2), ("JPY", 0), ("ISK", 0), ("UGX", 0), ("KWD", 3), ("TND", 3), ("HUF", 2)]
)
def test_digits_of_a_currency(code: str, places: int) -> None:
    assert digits(code) == places


def test_a_currency_is_read_in_any_case() -> None:
    assert check_currency(" eur ") == "EUR"


@pytest.mark.parametrize("text", ["", "EURO", "€", "XXX", "XAU", "HRK", "ＥＵＲ"])
def test_what_is_no_currency_is_told_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="code of a currency") as caught:
        check_currency(text)
    assert caught.value.args[1] == {}


# ── arithmetic ──


@given(st.integers(), st.integers(), currencies)
def test_money_of_one_currency_adds_and_subtracts_exactly(one: int, other: int, currency: str) -> None:
    assert Money(one, currency) + Money(other, currency) == Money(one + other, currency)
    assert Money(one, currency) - Money(other, currency) == Money(one - other, currency)
    assert (Money(one, currency) < Money(other, currency)) == (one < other)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="EUR and USD"):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(ValueError, match="EUR and USD"):
        assert Money(1, "EUR") <= Money(1, "USD")


@pytest.mark.parametrize("minor", [1.0, True, "1"])
def test_money_is_counted_in_whole_numbers(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "EUR")  # type: ignore[arg-type]


def test_money_has_a_currency_that_exists() -> None:
    with pytest.raises(ValueError, match="no currency 'eur'"):
        Money(1, "eur")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(500, "EUR"), "5.00"),
        (Money(5, "EUR"), "0.05"),
        (Money(0, "EUR"), "0.00"),
        (Money(-5, "EUR"), "-0.05"),
        (Money(500, "JPY"), "500"),
        (Money(5, "KWD"), "0.005"),
        (Money(5000, "KWD"), "5.000"),
    ],
)
def test_money_as_a_form_and_json_have_it(money: Money, text: str) -> None:
    assert plain(money) == text
    assert str(money) == f"{text} {money.currency}"


# ── sharing ──


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_shares_add_up_and_none_is_a_whole_unit_off_its_quota(total: int, weights: list[int]) -> None:
    parts = share(total, weights)
    assert sum(parts) == total
    effective = weights if any(weights) else [1] * len(weights)
    for part, weight in zip(parts, effective, strict=True):
        assert abs(part * sum(effective) - total * weight) < sum(effective)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 1000), min_size=1, max_size=8))
def test_who_has_no_weight_gets_nothing(total: int, weights: list[int]) -> None:
    assume(any(weights))
    assert all(part == 0 for part, weight in zip(share(total, weights), weights, strict=True) if weight == 0)


def test_the_odd_cent_goes_to_the_largest_remainder_and_then_to_the_first() -> None:
    assert share(100, [1, 1, 1]) == [34, 33, 33]
    assert share(100, [1, 2]) == [33, 67]
    assert share(1, [0, 0]) == [1, 0]
    assert share(-100, [1, 1, 1]) == [-34, -33, -33]


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_shares_need_weights(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        share(1, weights)


# ── as a person writes it ──


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("5", "EUR", 500),
        ("5.00", "EUR", 500),
        ("5,00", "EUR", 500),
        ("5,5", "EUR", 550),
        (" 5 ", "EUR", 500),
        ("\u00a05\u202f", "EUR", 500),
        ("005", "EUR", 500),
        (".50", "EUR", 50),
        (",50", "EUR", 50),
        ("0,50", "EUR", 50),
        ("0", "EUR", 0),
        ("€5", "EUR", 500),
        ("€ 5,00", "EUR", 500),
        ("5 €", "EUR", 500),
        ("EUR 5", "EUR", 500),
        ("5 eur", "EUR", 500),
        ("$5", "USD", 500),
        ("$5", "AUD", 500),
        ("US$5", "USD", 500),
        ("5 kr", "SEK", 500),
        ("kr.5", "DKK", 500),
        ("Fr. 5.50", "CHF", 550),
        ("5.–", "CHF", 500),
        ("5,- €", "EUR", 500),
        ("R$ 5,00", "BRL", 500),
        ("1.000,50", "EUR", 100050),
        ("1,000.50", "EUR", 100050),
        ("1 000,50", "EUR", 100050),
        ("1\u202f000,50 €", "EUR", 100050),
        ("1'000.50", "CHF", 100050),
        ("1’000", "CHF", 100000),
        ("1 000", "EUR", 100000),
        ("123.456,00", "EUR", 12345600),
        ("99,999,999", "JPY", 99_999_999),
        ("1.000", "JPY", 1000),
        ("1,000", "JPY", 1000),
        ("50.000", "VND", 50000),
        ("¥500", "JPY", 500),
        ("5.000", "KWD", 5000),
        ("5.5", "KWD", 5500),
        ("5,50", "KWD", 5500),
        ("0,500", "KWD", 500),
        ("1,000.500", "KWD", 1000500),
        ("1000.50", "EUR", 100050),
        ("150.000,00", "IDR", 15000000),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_it_was_meant(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == Money(minor, currency)


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "\n"])
def test_no_amount_is_asked_for(text: str) -> None:
    assert refused(text).code is Code.AMOUNT_MISSING
    assert str(refused(text)) == "Write an amount, like 5.00."


@pytest.mark.parametrize(
    "text",
    [
        "five", "1e9", "1E9", "-5", "−5", "+5", "- 5", "5-", "0x10", "NaN", "inf", "٥", "５", "५", "5²", "½", "5..0",
        "5.0.0", "5,0,0", "1,00,000", "1.0000,00", "10 00", "1 000 00", "1.000.00", "5.", "5,", ".", ",", "€", "€5€",
        "5€50", "1_000", "5;", "5\x00", "5\n0", "<b>5</b>", "5 or 6", "''5", "1.000'000", "1'000,50.00", "5%",
        "1,000,", "1 ,000", "1..000", "0.000.000", "(5)",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str) -> None:
    error = refused(text)
    assert error.code is Code.AMOUNT_NOT_A_NUMBER
    assert "5.00" in str(error)


@pytest.mark.parametrize("text", ["$5", "5 USD", "usd 5", "£5", "5 kr"])
def test_another_currency_is_refused_with_the_right_one(text: str) -> None:
    error = refused(text)
    assert error.code is Code.AMOUNT_NOT_A_NUMBER
    assert str(error) == "This work is paid in EUR. Write the amount in it, like 5.00."


@pytest.mark.parametrize(
    ("text", "currency", "readings"),
    [
        ("1.000", "EUR", ("1000", "1.00")),
        ("1,000", "USD", ("1000", "1.00")),
        ("5.000", "EUR", ("5000", "5.00")),
        ("123,456", "EUR", ("123456", "123.45")),
        ("5,000", "KWD", ("5000", "5.000")),
    ],
)
def test_what_could_be_a_thousand_times_more_is_asked_about(
    text: str, currency: str, readings: tuple[str, str]
) -> None:
    error = refused(text, currency)
    assert error.code is Code.AMOUNT_NOT_A_NUMBER
    assert str(error) == f"“{text}” can be read in two ways. Write {readings[0]} or {readings[1]}."


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("5.0000", "EUR"),
        ("0.005", "EUR"),
        (".001", "EUR"),
        ("1.000,500", "EUR"),
        ("5.0", "JPY"),
        ("0.500", "JPY"),
        ("1.0000", "KWD"),
    ],
)
def test_smaller_than_the_smallest_coin_is_refused(text: str, currency: str) -> None:
    assert refused(text, currency).code is Code.AMOUNT_TOO_PRECISE


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1000000", "EUR"), ("9" * 39, "EUR"), ("100.000.000", "JPY"), ("1000000000", "IDR"), ("100000", "KWD")],
)
def test_more_than_the_largest_amount_is_refused(text: str, currency: str) -> None:
    error = refused(text, currency)
    assert error.code is Code.AMOUNT_TOO_LARGE
    assert error.values == {"largest": largest(currency)}


@pytest.mark.parametrize(
    ("text", "currency"), [("999999.99", "EUR"), ("99999999", "JPY"), ("999999999.99", "IDR"), ("99999.999", "KWD")]
)
def test_the_largest_amount_is_taken(text: str, currency: str) -> None:
    assert parse_amount(text, currency) == largest(currency)


def test_a_very_long_text_is_not_repeated() -> None:
    error = refused("9" * 100_000)
    assert error.code is Code.AMOUNT_NOT_A_NUMBER
    assert len(str(error)) < 200


@given(minors, currencies)
@example(100, "EUR")
@example(1000, "KWD")
def test_what_a_form_was_filled_with_is_read_back(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert parse_amount(plain(money), currency) == money
    assert parse_amount(f"{currency} {plain(money)}", currency) == money


@given(
    minors,
    st.sampled_from([code for code in CURRENCIES if digits(code) == 2]),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]),
)
def test_grouped_amounts_are_read_back(minor: int, currency: str, marks: tuple[str, str]) -> None:
    text = f"{minor // 100:,}.{minor % 100:02d}".translate({ord(","): marks[0], ord("."): marks[1]})
    assert parse_amount(text, currency) == Money(minor, currency)


@given(st.text(max_size=12) | st.text("0123456789.,' €-e", max_size=12), currencies)
def test_any_text_is_an_amount_or_refused_and_no_digit_is_lost(text: str, currency: str) -> None:
    try:
        money = parse_amount(text, currency)
    except Refused:
        return
    written = "".join(character for character in text if character in "0123456789")
    assert money.minor in {int(written) * 10**places for places in range(digits(currency) + 1)}
