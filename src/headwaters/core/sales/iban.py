"""Account numbers by ISO 13616: two letters of a country, two check digits by ISO 7064 MOD 97-10, the country's own
number. Each country has one length (SWIFT's IBAN registry)."""

from __future__ import annotations

import re

from headwaters.core.errors import N_
from headwaters.core.sales.money import Money, plain

_SHAPE = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_BY_LENGTH = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_LENGTHS = {country: length for length, countries in _BY_LENGTH.items() for country in countries.split()}


def check_iban(text: str) -> str:
    """An account number without spaces, in capitals; empty for none. Raises ValueError(msgid, values) in words."""
    compact = re.sub(r"[\s.-]", "", text).upper().removeprefix("IBAN")
    if not compact:
        return ""
    country = compact[:2]
    length = _LENGTHS.get(country)
    if not _SHAPE.fullmatch(compact) or length is None:
        raise ValueError(N_("It begins with the letters of a country and two digits, such as DE02…"), {})
    if len(compact) != length:
        message = N_("One of %(country)s has %(length)d characters, and this one has %(found)d.")
        raise ValueError(message, {"country": country, "length": length, "found": len(compact)})
    if _rest(compact[4:] + compact[:4]) != 1:
        raise ValueError(N_("A character is wrong somewhere: its check digits do not fit."), {})
    return compact


def _rest(text: str) -> int:
    """Letters count as 10 to 35; the number modulo 97."""
    return int("".join(str(int(character, 36)) for character in text)) % 97


def in_fours(iban: str) -> str:
    """As people read it: DE02 1203 0000 0000 2020 51."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def transfer_code(name: str, iban: str, amount: Money, reference: str) -> str:
    """What the QR code of a SEPA credit transfer holds (EPC069-12, version 002); `reference` as ISO 11649 has it.

    Empty where a bank would not read it: another currency than the euro, no payee or account.
    """
    if not (name and iban) or amount.currency != "EUR":
        return ""
    lines = ("BCD", "002", "1", "SCT", "", name[:70], iban, f"EUR{plain(amount)}", "", reference, "", "")
    return "\n".join(lines)
