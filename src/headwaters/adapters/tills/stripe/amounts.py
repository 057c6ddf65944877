"""Stripe's own units of money (docs.stripe.com/currencies), which are ISO 4217's but for a few, and its limits."""

from __future__ import annotations

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.sales.money import MAX_MINOR, Money, digits, largest

# Stripe's decimals where they are not ISO 4217's: Iceland and Uganda gave theirs up, and Stripe kept them for
# compatibility; the ariary's fifths it never had.
_DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}

# The least that a card payment may be, in our minor units. Of other currencies Stripe itself says what is too little.
_LEAST = {
    **dict.fromkeys(["AUD", "BRL", "CAD", "CHF", "EUR", "INR", "NZD", "SGD", "USD", "JPY"], 50),
    **dict.fromkeys(["AED", "MYR", "PLN", "RON"], 200),
    **dict.fromkeys(["NOK", "SEK"], 300),
    **dict.fromkeys(["MXN", "THB"], 1000),
    "CZK": 1500,
    "DKK": 250,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
}


def _shift(currency: str) -> int:
    """By how many powers of ten Stripe's units are finer than ours."""
    return _DECIMALS.get(currency, digits(currency)) - digits(currency)


def _power(exponent: int) -> int:
    """Ten to the exponent; one for those below zero."""
    power: int = 10 ** max(exponent, 0)
    return power


def to_units(amount: Money) -> int:
    """`amount` as Stripe counts it. Raises Refused(AMOUNT_TOO_PRECISE) for what it cannot count."""
    shift = _shift(amount.currency)
    step = 10 if digits(amount.currency) == 3 else _power(-shift)  # its partners take dinars in tens of fils
    if amount.minor % step:
        raise Refused(
            Code.AMOUNT_TOO_PRECISE,
            N_("This kind of payment cannot take the last digit of %(amount)s. Round it, please."),
            field="amount",
            amount=amount,
        )
    return amount.minor * _power(shift) // _power(-shift)


def from_units(units: int, currency: str) -> Money:
    """What Stripe counts as `units` of `currency` (in any case). Raises ValueError for what cannot be ours."""
    code = currency.upper()
    shift = _shift(code) if code in _DECIMALS else 0
    minor, rest = divmod(units * _power(-shift), _power(shift))
    if rest:
        raise ValueError(f"{units} units of {code} are no whole amount")
    return Money(minor, code)


def rounded_from_units(units: int, currency: str) -> Money:
    """As `from_units`, for a fee, which Stripe may count more finely than the currency is: rounded half up."""
    code = currency.upper()
    step = _power(_shift(code) if code in _DECIMALS else 0)
    return from_units((units + step // 2) // step * step, code)


def check_amount(amount: Money) -> None:
    """Raises Refused: AMOUNT_TOO_SMALL, AMOUNT_TOO_LARGE, AMOUNT_TOO_PRECISE."""
    least = Money(_LEAST.get(amount.currency, 1), amount.currency)
    if amount < least:
        raise Refused(
            Code.AMOUNT_TOO_SMALL,
            N_("Card payments start at %(least)s: below that, the fees would eat them."),
            hint=N_("Pay a little more, or choose another way."),
            field="amount",
            least=least,
        )
    # Eight digits; for currencies with a tiny unit more, which Stripe checks itself.
    if to_units(amount) > MAX_MINOR and largest(amount.currency).minor <= MAX_MINOR:
        most = from_units(MAX_MINOR - MAX_MINOR % 100, amount.currency)
        raise Refused(Code.AMOUNT_TOO_LARGE, N_("One card payment can be %(most)s at most."), field="amount", most=most)
