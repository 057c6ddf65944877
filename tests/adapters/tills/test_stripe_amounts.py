"""Stripe's units and limits: docs.stripe.com/currencies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.adapters.tills.stripe.amounts import check_amount, from_units, rounded_from_units, to_units
from headwaters.core.errors import Code, Refused
from headwaters.core.sales.money import CURRENCIES, Money, digits

# Stripe's own list of currencies without decimals, without those that it takes in hundredths all the same
_ZERO_DECIMAL = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"


@pytest.mark.parametrize(
    ("money", "units"),
    [
        (Money(500, "EUR"), 500),
        (Money(500, "JPY"), 500),
        (Money(500, "ISK"), 50000),
        (Money(500, "UGX"), 50000),
        (Money(17500, "HUF"), 17500),
        (Money(5120, "KWD"), 5120),
        (Money(500000, "MGA"), 5000),
    ],
)
def test_an_amount_in_stripes_units(money: Money, units: int) -> None:
    assert to_units(money) == units
    assert from_units(units, money.currency.lower()) == money


def test_a_unit_is_a_whole_one_exactly_where_stripe_says_so() -> None:
    whole = {code for code in CURRENCIES if to_units(Money(10 ** digits(code), code)) == 1}
    assert whole == set(_ZERO_DECIMAL.split())


@given(st.integers(0, 10**8), st.sampled_from(CURRENCIES))
def test_what_stripe_can_count_comes_back_exactly(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    try:
        units = to_units(amount)
    except Refused as refused:
        assert refused.code is Code.AMOUNT_TOO_PRECISE  # noqa: PT017
    else:
        assert from_units(units, currency) == amount


@pytest.mark.parametrize("money", [Money(5124, "KWD"), Money(501, "TND"), Money(550, "MGA")])
def test_what_stripe_cannot_count_is_refused(money: Money) -> None:
    for ask in (to_units, check_amount):
        with pytest.raises(Refused) as caught:
            ask(money)
        assert (caught.value.code, caught.value.field) == (Code.AMOUNT_TOO_PRECISE, "amount")


def test_a_payment_that_is_no_whole_amount_is_no_payment() -> None:
    with pytest.raises(ValueError, match="no whole amount"):
        from_units(50, "isk")
    with pytest.raises(ValueError, match="no currency"):
        from_units(50, "zzz")


@pytest.mark.parametrize(
    ("units", "currency", "fee"),
    [(33, "eur", 33), (1234, "isk", 12), (1250, "isk", 13), (18, "jpy", 18), (5, "mga", 500)],
)
def test_a_fee_is_rounded_to_the_smallest_coin(units: int, currency: str, fee: int) -> None:
    assert rounded_from_units(units, currency) == Money(fee, currency.upper())


@pytest.mark.parametrize(
    ("money", "least"),
    [
        (Money(49, "EUR"), 50),
        (Money(29, "GBP"), 30),
        (Money(49, "JPY"), 50),
        (Money(17499, "HUF"), 17500),
        (Money(299, "SEK"), 300),
        (Money(0, "KES"), 1),
    ],
)
def test_too_little_for_a_card_is_refused_with_the_least(money: Money, least: int) -> None:
    with pytest.raises(Refused) as caught:
        check_amount(money)
    assert (caught.value.code, caught.value.field) == (Code.AMOUNT_TOO_SMALL, "amount")
    assert caught.value.values == {"least": Money(least, money.currency)}
    check_amount(Money(least, money.currency))


def test_too_much_for_a_card_is_refused_with_the_most() -> None:
    check_amount(Money(99_999_999, "EUR"))
    check_amount(Money(999_999, "ISK"))
    with pytest.raises(Refused) as caught:
        check_amount(Money(1_000_000, "ISK"))
    assert caught.value.code is Code.AMOUNT_TOO_LARGE
    assert caught.value.values == {"most": Money(999_999, "ISK")}


def test_where_a_unit_is_worth_little_stripe_itself_says_what_is_too_much() -> None:
    check_amount(Money(9_500_000_000, "IDR"))
