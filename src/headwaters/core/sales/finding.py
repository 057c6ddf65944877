"""What a creator may type to find an order, and how they may narrow the list.

A text that can mean one thing alone (a reference, a link, a till's id, an address, a day, #31) is looked up as that,
which an index makes quick; only where nothing is found, or it could be anything, are words looked for everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from headwaters.core.errors import Refused
from headwaters.core.sales.money import Money, parse_amount
from headwaters.core.sales.references import read_reference
from headwaters.core.sales.states import Door

_TOKEN = re.compile(r"(?:^|/o/)([a-z2-7]{26})(?:\.json)?/?$")
_KEY = re.compile(r"/d/([a-z2-7]{26})(?:/|$)")
_REFERENCE = re.compile(r"HW-....-....")
_TILL_ID = re.compile(r"(?:[a-z]{2,4}_|[A-Za-z0-9-]+\.)[\w.:-]{4,250}", re.ASCII)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
LONGEST = 200  # characters that are looked at


class Which(StrEnum):
    """Where orders are: all, or those that wait for the creator to see their money, that are at a till, that were
    paid, taken without paying, paid back, withdrawn from, or never paid."""

    ALL = "all"
    WAITING = "waiting"
    OPEN = "open"
    PAID = "paid"
    FREE = "free"
    REFUNDED = "refunded"
    WITHDRAWN = "withdrawn"
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class Narrow:
    """How a list is narrowed: by door, till, work (its slug) and span of days. Empty and None: not."""

    door: Door | None = None
    till: str = ""
    work: str = ""
    start: datetime | None = None
    end: datetime | None = None  # up to, without


@dataclass(frozen=True, slots=True)
class Wanted:
    """One text in every way in which it can be meant."""

    words: str  # in a title or an e-mail address; in small letters
    reference: str | None = None
    token: str | None = None  # of an order page
    key: str | None = None  # of a download
    till_id: str | None = None  # a till's own name of a session, payment, refund or event
    address: str | None = None  # a whole e-mail address
    number: int | None = None  # of the order in the Studio
    numbered: bool = False  # by a # before it, so that it is nothing else
    amount: Money | None = None
    day: tuple[datetime, datetime] | None = None  # from, up to, in UTC

    @property
    def is_definite(self) -> bool:
        """Whether the text can mean one thing alone."""
        return self.is_final or self.address is not None or self.day is not None

    @property
    def is_final(self) -> bool:
        """Whether it is a name that somebody gave: where nothing has it, no other words are looked for."""
        names = (self.reference, self.token, self.key, self.till_id)
        return self.numbered or any(name is not None for name in names)


def _parts(text: str) -> tuple[str, str, str] | None:
    """Year, month and day. With slashes only where it is plain which one is the month."""
    if match := _DAY.fullmatch(text):
        year, month, day = match.group(1, 2, 3) if match[1] else match.group(6, 5, 4)
        return year, month, day
    if (match := _SLASHES.fullmatch(text)) is None:
        return None
    one, other, year = match.groups()
    if int(one) > 12 or one == other:
        return year, other, one
    return (year, one, other) if int(other) > 12 else None


def _day(text: str) -> tuple[datetime, datetime] | None:
    if (parts := _parts(text)) is None:
        return None
    year, month, day = parts
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
    reference, token, key = read_reference(text), _TOKEN.search(text), _KEY.search(text)
    digits = text.lstrip("#")
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else None
    return Wanted(
        words=text.lower(),
        reference=reference if _REFERENCE.fullmatch(reference) else None,
        token=token[1] if token else None,
        key=key[1] if key else None,
        till_id=text if _TILL_ID.fullmatch(text) else None,
        address=text if _ADDRESS.fullmatch(text) else None,
        number=number,
        numbered=text.startswith("#") and number is not None,
        amount=_amount(text, currency),
        day=_day(text),
    )


def read_days(first: str, last: str) -> tuple[datetime | None, datetime | None]:
    """The span from one day up to another, both of them in it; what is no day is no bound."""
    start, end = _day(first.strip()), _day(last.strip())
    return (start[0] if start else None), (end[1] if end else None)


def read_narrow(query: Mapping[str, str]) -> Narrow:
    """From the address of the list; what makes no sense narrows nothing."""
    start, end = read_days(query.get("from", ""), query.get("to", ""))
    door = query.get("door", "")
    return Narrow(
        door=Door(door) if door in set(Door) else None,
        till=query.get("till", "").replace("\0", "")[:40],
        work=query.get("work", "").replace("\0", "")[:LONGEST],
        start=start,
        end=end,
    )


def read_which(text: str) -> Which:
    """A state of the list; all for what is none."""
    return Which(text) if text in set(Which) else Which.ALL
