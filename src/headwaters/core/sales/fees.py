"""What a till takes of a payment, as an estimate at the rate that the creator set."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from headwaters.core.sales.money import Money, digits


@dataclass(frozen=True, slots=True)
class FeeRate:
    """`percent` of the payment (1.5 is 1.5 %) and `fixed` units of its currency (0.25 is 25 cents) on top."""

    percent: Decimal
    fixed: Decimal


@dataclass(frozen=True, slots=True)
class Fee:
    """How an amount falls into what the `till` takes and what the `creator` gets; the two add up to it."""

    till: Money
    creator: Money


NO_FEE = FeeRate(Decimal(0), Decimal(0))


def fee_rate(percent: str, fixed: str) -> FeeRate:
    """The rate from two settings, which were checked when they were set."""
    return FeeRate(Decimal(percent or "0"), Decimal(fixed or "0"))


def estimate(amount: Money, rate: FeeRate) -> Fee:
    """The fee on `amount`, rounded half up to the currency's smallest unit, and never more than the amount."""
    exact = amount.minor * rate.percent / 100 + rate.fixed.scaleb(digits(amount.currency))
    fee = Money(min(int(exact.quantize(Decimal(1), ROUND_HALF_UP)), amount.minor), amount.currency)
    return Fee(till=fee, creator=amount - fee)
