"""What the practice till's pay page shows and offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from headwaters.core.sales.money import Money
from headwaters.core.sales.states import PaymentState


class Choice(StrEnum):
    """What a learner lets happen: the things that happen at real tills."""

    PAY = "pay"
    PAY_LATE = "pay_late"  # promised now, paid some seconds later without an event: the shop has to ask
    PAY_TWICE = "pay_twice"  # paid once, and its event sent twice
    FAIL = "fail"
    CANCEL = "cancel"  # the reader goes back; nothing is decided


@dataclass(frozen=True, slots=True)
class PracticePage:
    """A session at the practice till, for its pay page."""

    session_id: str
    title: str
    amount: Money
    state: PaymentState
    return_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class PracticeEvent:
    """A signed payment event, as it would arrive at /hooks/practice."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Decided:
    """What follows from a choice: the events to deliver, in this order, and where the reader goes."""

    events: tuple[PracticeEvent, ...]
    go_to: str
