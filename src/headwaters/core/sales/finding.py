"""What a creator may type to find an order: a reference, an address, a page's link, an amount, a day, a title."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from headwaters.core.errors import Refused
from headwaters.core.sales.money import Money, parse_amount
from headwaters.core.sales.references import read_reference

_TOKEN = re.compile(r"(?:^|/o/)([a-z2-7]{26})(?:\.json)?/?$")
_REFERENCE = re.compile(r"HW-....-....")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
LONGEST = 200  # characters that are looked at


class Which(StrEnum):
    """All orders, or those that wait for the creator to see their money."""

    ALL = "all"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One text in every way in which it can be meant; an order is found when any of them fits."""

    words: str  # in a title or an e-mail address; in small letters
    reference: str | None = None
    token: str | None = None
    number: int | None = None  # of the order in the Studio
    amount: Money | None = None
    day: tuple[datetime, datetime] | None = None  # from, up to, in UTC


def _day(text: str) -> tuple[datetime, datetime] | None:
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    year, month, day = match.group(1, 2, 3) if match[1] else match.group(6, 5, 4)
    try:
        start = datetime.combine(date(int(year), int(month), int(day)), time(), UTC)
        return start, start + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def _amount(text: str, currency: str) -> Money | None:
    try:
        return parse_amount(text, currency)
    except Refused:
        return None


def read_wanted(text: str, currency: str) -> Wanted | None:
    """What was typed; None for nothing. `currency` is that of an amount without one."""
    text = " ".join(text.replace("\0", "").split())[:LONGEST]
    if not text:
        return None
    reference, token = read_reference(text), _TOKEN.search(text)
    number = text.lstrip("#")
    return Wanted(
        words=text.lower(),
        reference=reference if _REFERENCE.fullmatch(reference) else None,
        token=token[1] if token else None,
        number=int(number) if number.isascii() and number.isdigit() and len(number) <= 15 else None,
        amount=_amount(text, currency),
        day=_day(text),
    )
