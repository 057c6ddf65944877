"""How it goes, summed: copies by door, money by currency, letters, visits; by bar and in all.

What comes in are counts of hours (`At`); what goes out are tallies. Real money and that of tests and practice never
meet in one sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.study.spans import Window

ENOUGH_COPIES = 5  # for a picture; fewer say nothing that their number does not
ENOUGH_BARS = 3
FIVES = 5  # what a number of readers is rounded down to where it tells of where they are


@dataclass(slots=True)
class Sums:
    """Money of one currency, in its smallest unit."""

    paid: int = 0
    fees: int = 0
    refunded: int = 0
    payments: int = 0

    @property
    def rest(self) -> int:
        """What is left of it."""
        return self.paid - self.fees - self.refunded

    def add(self, other: Sums) -> None:
        """And what is in `other`."""
        self.paid += other.paid
        self.fees += other.fees
        self.refunded += other.refunded
        self.payments += other.payments


@dataclass(slots=True)
class Tally:
    """What happened in a time. `money` is real; `practice` is that of tests, and `practised` the copies taken with it,
    which are none of `doors`."""

    doors: dict[Door, int] = field(default_factory=lambda: dict.fromkeys(Door, 0))
    practised: int = 0
    money: dict[str, Sums] = field(default_factory=dict)
    practice: dict[str, Sums] = field(default_factory=dict)
    letters: int = 0
    visits: int = 0

    @property
    def copies(self) -> int:
        """How many took a work."""
        return sum(self.doors.values())

    @property
    def is_empty(self) -> bool:
        """Nothing happened, not even for practice."""
        return not (self.copies or self.practised or self.money or self.practice or self.letters or self.visits)

    def add(self, other: Tally) -> None:
        """And what is in `other`."""
        for door, count in other.doors.items():
            self.doors[door] += count
        self.practised += other.practised
        self.letters += other.letters
        self.visits += other.visits
        for mine, theirs in ((self.money, other.money), (self.practice, other.practice)):
            for currency, sums in theirs.items():
                mine.setdefault(currency, Sums()).add(sums)


At = tuple[datetime, Tally]
"""A tally of a unit of time that begins then: an hour, a minute, a day."""


def tally(parts: Iterable[At]) -> Tally:
    """All of them together."""
    total = Tally()
    for _, part in parts:
        total.add(part)
    return total


def tallies(window: Window, parts: Iterable[At]) -> tuple[Tally, ...]:
    """One a bar of `window`. What begins before it (a day that it cuts) is of its first bar."""
    bars = tuple(Tally() for _ in window.cuts)
    for moment, part in parts:
        number = window.bar_of(max(moment, window.start))
        if number is not None:
            bars[number].add(part)
    return bars


def is_enough(bars: Sequence[Tally]) -> bool:
    """Whether they make a picture."""
    return sum(bar.copies for bar in bars) >= ENOUGH_COPIES and sum(bar.copies > 0 for bar in bars) >= ENOUGH_BARS


def rests(sums: Mapping[str, Sums]) -> tuple[Money, ...]:
    """What is left in each currency, the one with the most payments first."""
    order = sorted(sums, key=lambda currency: (-sums[currency].payments, currency))
    return tuple(Money(sums[currency].rest, currency) for currency in order)


# ── where readers are ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Countries:
    """What readers said, in fives. `others`: of countries that fewer named, and what the rounding left."""

    named: tuple[tuple[str, int], ...]  # the code and how many, the most first
    others: int
    silent: int  # said nothing


def in_fives(counts: Mapping[str, int], copies: int) -> Countries:
    """`counts` of readers by country, of `copies` in all, so that none of them moves by one."""
    named = {code: count - count % FIVES for code, count in counts.items() if count >= FIVES}
    said = sum(counts.values())
    order = sorted(named.items(), key=lambda pair: (-pair[1], pair[0]))
    return Countries(tuple(order), said - sum(named.values()), max(0, copies - said))
