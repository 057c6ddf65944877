"""Money: a whole number of a currency's smallest unit and its ISO 4217 code. No floats anywhere.

How many decimals a currency has is ISO 4217's own table, not CLDR's: CLDR tells how many are *shown* by custom (none
for the Serbian dinar), which would lose cents. A till that counts otherwise (Stripe takes krónur in hundredths)
converts in its own adapter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from headwaters.core.errors import N_, Code, Refused

# ISO 4217 with its amendments up to the middle of 2026: money that people pay with, so no metals, funds, units of
# account or test codes. A code that is withdrawn one day stays here, because the ledger keeps what was paid in it.
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
    CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
    KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
    NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_DIGITS: dict[str, int] = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}
CURRENCIES: tuple[str, ...] = tuple(sorted(_DIGITS))

MAX_MINOR = 99_999_999
# Two decimals on paper, but a work costs thousands of the unit: 999,999.99 would be no more than a good dinner.
_MAX_MINOR_OF_SMALL_UNITS = 99_999_999_999
_SMALL_UNITS = frozenset(["COP", "IDR", "IRR", "KHR", "LAK", "LBP", "MGA", "MMK", "SYP", "TZS", "UZS", "YER"])

_DOLLARS = """
    ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP CVE DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD USD UYU
    XCD
"""
_SYMBOLS: dict[str, str] = {
    "$": _DOLLARS,
    "US$": "USD",
    "€": "EUR",
    "£": "EGP FKP GBP GIP LBP SHP SSP SYP",
    "¥": "CNY JPY",
    "円": "JPY",
    "元": "CNY",
    "₹": "INR",
    "₩": "KPW KRW",
    "₫": "VND",
    "₺": "TRY",
    "₴": "UAH",
    "₽": "RUB",
    "₪": "ILS",
    "₱": "PHP",
    "₦": "NGN",
    "₵": "GHS",
    "₡": "CRC",
    "₲": "PYG",
    "₸": "KZT",
    "₾": "GEL",
    "฿": "THB",
    "R$": "BRL",
    "R": "ZAR",
    "Fr.": "CHF",
    "kr": "DKK ISK NOK SEK",
    "kr.": "DKK ISK NOK SEK",
    "Kč": "CZK",
    "Ft": "HUF",
    "zł": "PLN",
    "lei": "MDL RON",
    "Rp": "IDR",
    "RM": "MYR",
}

_LONGEST_AMOUNT = 40  # characters: more is no amount that a person wrote
_SPACES = re.compile("[ \u00a0\u2009\u202f]")  # also the no-break and thin spaces that amounts are set with
_SIDES = re.compile(r"([^0-9]*)(.*?)([^0-9]*)")  # what stands before, the number, what stands behind
_NO_CENTS = re.compile(r"\A[.,][-–—]")  # as in 5,– and 5.-
_PLAIN = re.compile(r"[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}(?:(?P<mark>[ ,.'’])[0-9]{3})(?:(?P=mark)[0-9]{3})*")
_DECIMAL = re.compile(r"(?P<whole>[0-9 ,.'’]*)(?P<mark>[.,])(?P<fraction>[0-9]+)")


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` smallest units (cents, yen, fils) of `currency`, an ISO 4217 code in upper case. May be negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"money is a whole number of minor units, not {self.minor!r}")
        if self.currency not in _DIGITS:
            raise ValueError(f"no currency {self.currency!r}")

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __str__(self) -> str:
        """As in a log or a message that nobody has put into a language yet: `5.00 EUR`."""
        return f"{plain(self)} {self.currency}"

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
        return other.minor


def check_currency(text: str) -> str:
    """The ISO 4217 code in upper case. Raises ValueError(msgid, values)."""
    code = text.strip().upper()
    if code not in _DIGITS:
        raise ValueError(N_("It is the code of a currency, such as EUR or USD."), {})
    return code


def digits(currency: str) -> int:
    """How many decimals `currency` has: 0, 2 or 3."""
    return _DIGITS[currency]


def largest(currency: str) -> Money:
    """The largest amount that one payment may have: eight digits, as tills want it, more where the unit is tiny."""
    return Money(_MAX_MINOR_OF_SMALL_UNITS if currency in _SMALL_UNITS else MAX_MINOR, currency)


def plain(money: Money) -> str:
    """For forms and JSON: `5.00`, `-0.05`, `500` for yen. `parse_amount` reads it back exactly."""
    places = _DIGITS[money.currency]
    sign = "-" if money.minor < 0 else ""
    text = str(abs(money.minor)).rjust(places + 1, "0")
    return f"{sign}{text[:-places]}.{text[-places:]}" if places else sign + text


def share(total: int, weights: Sequence[int]) -> list[int]:
    """`total` cut by `weights` (none negative) into whole parts that add up to it exactly.

    Largest remainder (Hamilton): no part is a whole unit off its quota; equal remainders go to the earlier part.
    Where all weights are zero the parts are as equal as they can be.
    """
    if not weights or min(weights) < 0:
        raise ValueError("parts need weights, none below zero")
    if not any(weights):
        weights = [1] * len(weights)
    whole, size = sum(weights), abs(total)
    parts = [size * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: -(size * weights[at] % whole))
    for at in by_remainder[: size - sum(parts)]:
        parts[at] += 1
    return parts if total >= 0 else [-part for part in parts]


# ── Amounts as a person writes them ──────────────────────────────────────────────────────────────


def parse_amount(text: str, currency: str) -> Money:
    """Read `5`, `5,00`, `€5`, `EUR 5`, `1.000,50`, `1,000.50`, `1 000,50`: never guessing, never losing a cent.

    Of two kinds of marks the last is the decimal one; a mark that comes twice groups thousands. One mark before three
    digits (`1.000`) could be either, and the difference is a factor of a thousand on somebody's card:
    - no decimals (yen): it can only group, and is taken;
    - two decimals: refused, even though three decimals make no sense: an `0` typed behind a prefilled `5.00` must not
      become five thousand;
    - three decimals (dinars): a dot is the decimal point, as `plain` writes it into the form; a comma is refused.

    Raises Refused with `field` amount: AMOUNT_MISSING, AMOUNT_NOT_A_NUMBER, AMOUNT_TOO_PRECISE, AMOUNT_TOO_LARGE.
    """
    number = _SPACES.sub(" ", text).strip()
    if not number:
        raise _refused(Code.AMOUNT_MISSING, N_("Write an amount, like %(example)s."), example=_example(currency))
    if len(number) > _LONGEST_AMOUNT:
        _no_number(number[:_LONGEST_AMOUNT] + "…", currency)
    whole, fraction = _cut(_without_currency(number, currency), currency)
    if len(fraction) > _DIGITS[currency]:
        raise _too_precise(currency)
    money = Money(int(whole + fraction.ljust(_DIGITS[currency], "0")), currency)
    if largest(currency) < money:
        raise _refused(Code.AMOUNT_TOO_LARGE, N_("One payment can be %(largest)s at most."), largest=largest(currency))
    return money


def _without_currency(text: str, currency: str) -> str:
    """The number alone; this currency's code or symbol may stand on one side of it."""
    sides = _SIDES.fullmatch(text)
    if not sides or not sides[2]:
        _no_number(text, currency)
    before, number, after = sides[1].strip(), sides[2], sides[3].strip()
    after = _NO_CENTS.sub("", after, count=1).strip()
    if before in {".", ","}:  # .50; but the dot of “kr.5” is no decimal point
        before, number = "", before + number
    if before and after:
        _no_number(text, currency)
    sign = before or after
    if sign and sign.upper() != currency and currency not in _SYMBOLS.get(sign, ""):
        _wrong_sign(text, sign, currency)
    return number


def _cut(number: str, currency: str) -> tuple[str, str]:
    """(digits before, digits after the decimal mark) of a number with its currency taken off."""
    if _PLAIN.fullmatch(number):
        return number, ""
    if _GROUPED.fullmatch(number) and not _is_decimal(number, currency):
        return _ungrouped(number), ""
    decimal = _DECIMAL.fullmatch(number)
    if not decimal or not _is_whole(decimal["whole"], decimal["mark"]):
        _no_number(number, currency)
    return _ungrouped(decimal["whole"]), decimal["fraction"]


def _is_decimal(grouped: str, currency: str) -> bool:
    """Whether the only mark of `1.000` is a decimal one. Raises Refused where a person could mean either."""
    marks = re.findall(r"[^0-9]", grouped)
    if len(marks) > 1 or marks[0] not in ".," or _DIGITS[currency] == 0:
        return grouped.startswith("0")
    if grouped.startswith("0") or (marks[0] == "." and _DIGITS[currency] == 3):
        return True
    whole, fraction = re.split(r"[.,]", grouped)
    raise _refused(
        Code.AMOUNT_NOT_A_NUMBER,
        N_("“%(text)s” can be read in two ways. Write %(thousands)s or %(units)s."),
        text=grouped,
        thousands=whole + fraction,
        units=f"{whole}.{fraction[: _DIGITS[currency]]}",
    )


def _is_whole(text: str, decimal_mark: str) -> bool:
    """Whether `text` can stand before the decimal mark: nothing (`.50`), digits, or thousands with another mark."""
    if not text or _PLAIN.fullmatch(text):
        return True
    grouped = _GROUPED.fullmatch(text)
    return grouped is not None and grouped["mark"] != decimal_mark


def _ungrouped(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _refused(code: Code, message: str, **values: object) -> Refused:
    return Refused(code, message, hint="", field="amount", **values)


def _example(currency: str) -> str:
    return plain(Money(5 * 10 ** _DIGITS[currency], currency))


def _no_number(text: str, currency: str) -> NoReturn:
    message = N_("“%(text)s” is not an amount. Write it in the digits 0 to 9, like %(example)s.")
    raise _refused(Code.AMOUNT_NOT_A_NUMBER, message, text=text, example=_example(currency))


def _wrong_sign(text: str, sign: str, currency: str) -> NoReturn:
    if sign in _SYMBOLS or sign.upper() in _DIGITS:
        message = N_("This work is paid in %(currency)s. Write the amount in it, like %(example)s.")
        raise _refused(Code.AMOUNT_NOT_A_NUMBER, message, currency=currency, example=_example(currency))
    _no_number(text, currency)


def _too_precise(currency: str) -> Refused:
    if _DIGITS[currency] == 0:
        return _refused(Code.AMOUNT_TOO_PRECISE, N_("%(currency)s has no decimals."), currency=currency)
    message = N_("%(currency)s has %(digits)s decimals at most, like %(example)s.")
    return _refused(
        Code.AMOUNT_TOO_PRECISE, message, currency=currency, digits=_DIGITS[currency], example=_example(currency)
    )
