"""What a till takes, as an estimate."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.sales.fees import NO_FEE, FeeRate, estimate, fee_rate
from headwaters.core.sales.money import CURRENCIES, Money


@pytest.mark.parametrize(
    ("amount", "percent", "fixed", "fee"),
    [
        (Money(500, "EUR"), "1.5", "0.25", 33),  # 7.5 + 25 = 32.5, half up
        (Money(1000, "EUR"), "2.9", "0.30", 59),
        (Money(100, "EUR"), "0", "0", 0),
        (Money(20, "EUR"), "1.5", "0.25", 20),  # never more than the amount
        (Money(0, "EUR"), "1.5", "0.25", 0),
        (Money(500, "JPY"), "3.6", "0", 18),
        (Money(500, "JPY"), "3.6", "0.5", 19),  # 18.5, half up
        (Money(5000, "KWD"), "2.9", "0.1", 245),
        (Money(500, "EUR"), "", "", 0),
    ],
)
def test_a_fee_is_rounded_half_up_to_the_smallest_coin(amount: Money, percent: str, fixed: str, fee: int) -> None:
    estimated = estimate(amount, fee_rate(percent, fixed))
    assert estimated.till == Money(fee, amount.currency)
    assert estimated.till + estimated.creator == amount


@given(
    st.integers(0, 10**8),
    st.sampled_from(CURRENCIES),
    st.decimals(0, 100, places=3),
    st.decimals(0, 100, places=3),
)
def test_till_and_creator_share_the_amount_exactly(minor: int, currency: str, percent: Decimal, fixed: Decimal) -> None:
    amount = Money(minor, currency)
    fee = estimate(amount, FeeRate(percent, fixed))
    assert fee.till + fee.creator == amount
    assert 0 <= fee.till.minor <= minor


def test_no_fee_leaves_everything() -> None:
    assert estimate(Money(500, "EUR"), NO_FEE).creator == Money(500, "EUR")
