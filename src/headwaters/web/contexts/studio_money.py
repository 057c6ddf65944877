"""The Studio: money and tills."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio import Frame, Moment


@dataclass(frozen=True, slots=True)
class SumsRow:
    """What moved in a month, or in all, in one currency."""

    name: str  # November 2026, or All
    payments: int  # how many came
    came: str
    kept: str  # what tills took of it; empty where they told of nothing
    back: str  # what went back to readers, or empty
    left: str  # what is yours


@dataclass(frozen=True, slots=True)
class CurrencySums:
    """Sums in one currency."""

    currency: str  # ISO 4217
    months: tuple[SumsRow, ...]  # the newest first
    total: SumsRow


@dataclass(frozen=True, slots=True)
class TillItem:
    """A till in the list."""

    name: str  # stripe, by_hand, practice
    title: str
    on: bool
    state: str  # in words
    trouble: str  # what needs a look, or empty
    href: str  # where it is switched and set up


@dataclass(frozen=True, slots=True)
class MoneyPage:
    """`studio/money.html`: what came and what went, and the tills."""

    frame: Frame
    sums: tuple[CurrencySums, ...]  # real money; empty before the first
    practice: tuple[CurrencySums, ...]  # of tests and practice, which is none
    tills: tuple[TillItem, ...]
    practice_on: bool  # the practice till is switched on
    practice_off_by_live: bool  # it is switched on, but live keys keep it off
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class DoubtTick:
    """Something odd about the keys that has to be waved through."""

    value: str
    words: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class StripePage:
    """`studio/stripe.html`: the card till's keys, its events, and how it is."""

    frame: Frame
    on: bool
    live: bool  # its key moves real money
    account: str  # what the account calls itself and its id, or empty
    checked: Moment | None  # when Stripe was asked about the keys
    troubles: tuple[str, ...]  # what does not work, in words with what to do
    last_event: str  # 3 minutes ago, or empty
    last_event_at: Moment | None
    secret_key: str  # what was typed and refused; never what is kept
    webhook_secret: str  # as above
    kept_key: str  # ••••lice, or empty
    kept_secret: str  # as above
    doubts: tuple[DoubtTick, ...]
    hook_url: str  # where Stripe brings its events
    events: tuple[str, ...]  # those that it has to send
    rights: tuple[str, ...]  # what a restricted key must be allowed to do, in Stripe's words
    arranging_right: str  # and what it takes to arrange the events
    reachable: bool  # Stripe can reach that address
    percent: str  # the estimate of its fee
    fixed: str
    currency: str
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class ByHandPage:
    """`studio/by_hand.html`: bank transfer, cash, a promise."""

    frame: Frame
    way: str  # off, on, trust
    payee: str
    iban: str  # in groups of four
    instructions: str
    problem: Problem | None
