"""When a payment that was paid is looked at once more: money can go back weeks later, and the event that tells of it is
lost where the shop was away for longer than the till tries."""

from __future__ import annotations

from datetime import datetime, timedelta

LATE_LOOKS = tuple(timedelta(days=days) for days in (1, 7, 30, 120))  # a card's owner may dispute for four months
NO_ANSWER = timedelta(days=1)  # until it is tried again
GIVEN_UP = timedelta(days=150)
_ASK_NOBODY = frozenset({"by_hand", "practice"})  # nothing happens there that the shop does not do itself


def first_late_look(till: str, paid_at: datetime) -> datetime | None:
    """The first one; None for a till that knows nothing more than the shop."""
    return None if till in _ASK_NOBODY else paid_at + LATE_LOOKS[0]


def next_late_look(paid_at: datetime, now: datetime) -> datetime | None:
    """The next one after `now`; those that were missed meanwhile are made up for by the one that was just done."""
    return next((paid_at + after for after in LATE_LOOKS if paid_at + after > now), None)


def after_no_answer(paid_at: datetime, now: datetime) -> datetime | None:
    """When to try again if nobody answers; None: not any more."""
    return now + NO_ANSWER if now < paid_at + GIVEN_UP else None
