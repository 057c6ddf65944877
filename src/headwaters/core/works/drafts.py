"""Drafts: a work, or a new edition of one, before it is published.

open ⇄ scheduled → publishing → published        “now” is a day that has come already
publishing → open                                it failed, and the draft says why
publishing → scheduled                           the process ended in the middle: another takes it up
open, scheduled → discarded
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from headwaters.core.errors import N_, Code, Refused

LEASE = timedelta(seconds=60)  # without a sign of life for so long, publishing is taken up by somebody else
BEAT = timedelta(seconds=15)  # how often who publishes gives a sign of life
FURTHEST = timedelta(days=3 * 366)

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_HOUR = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?", re.ASCII)
_OFFSET = re.compile(r"-?\d{1,4}", re.ASCII)


class DraftState(StrEnum):
    """Where a draft is."""

    OPEN = "open"
    SCHEDULED = "scheduled"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    DISCARDED = "discarded"


STEPS: Mapping[DraftState, frozenset[DraftState]] = {
    DraftState.OPEN: frozenset({DraftState.SCHEDULED, DraftState.DISCARDED}),
    DraftState.SCHEDULED: frozenset({DraftState.OPEN, DraftState.PUBLISHING, DraftState.DISCARDED}),
    DraftState.PUBLISHING: frozenset({DraftState.OPEN, DraftState.SCHEDULED, DraftState.PUBLISHED}),
    DraftState.PUBLISHED: frozenset(),
    DraftState.DISCARDED: frozenset(),
}
ALIVE = (DraftState.OPEN, DraftState.SCHEDULED, DraftState.PUBLISHING)

# What stands beside the price of a new work until its creator writes something better; %(creator)s signs it.
FIRST_WORDS = N_(
    "I made this, and I publish it here myself, with nobody in between. You get plain files to keep: no lock, no "
    "account, the same for everyone.\n\nPay what feels right to you; it helps me to make the next one. If you can’t "
    "give anything just now, take it all the same. I mean that.\n\n%(creator)s"
)


def read_moment(day: str, hour: str, offset: str, now: datetime) -> datetime:
    """The moment of a day and an hour on a clock that is `offset` minutes ahead of UTC (empty: UTC itself).

    Raises Refused(DAY_INVALID) for what is no day, is over, or is years away.
    """
    date, clock = _DAY.fullmatch(day.strip()), _HOUR.fullmatch(hour.strip() or "00:00")
    if date is None or clock is None or not _OFFSET.fullmatch(offset.strip() or "0"):
        raise _no_day(N_("Choose a day and an hour."))
    ahead = int(offset.strip() or 0)
    if abs(ahead) > 16 * 60:
        raise _no_day(N_("Choose a day and an hour."))
    try:
        moment = datetime(int(date[1]), int(date[2]), int(date[3]), int(clock[1]), int(clock[2]), tzinfo=UTC)
        moment -= timedelta(minutes=ahead)
    except (ValueError, OverflowError):
        raise _no_day(N_("There is no such day or hour.")) from None
    if moment <= now:
        raise _no_day(N_("That moment is over: it was %(moment)s UTC."), moment=f"{moment:%Y-%m-%d %H:%M}")
    if moment > now + FURTHEST:
        raise _no_day(N_("That is more than three years away."))
    return moment


def _no_day(message: str, **values: object) -> Refused:
    return Refused(Code.DAY_INVALID, message, hint="", field="day", **values)


def source_of(ref: str) -> str:
    """Where a work that was published from a draft came from, as works.source keeps it."""
    return f"studio:{ref}"


def states_before(target: DraftState) -> tuple[DraftState, ...]:
    """The states from which `target` may follow, for `UPDATE … WHERE state IN`."""
    return tuple(state for state, after in STEPS.items() if target in after)


if set(STEPS) != set(DraftState):
    raise RuntimeError("a state without its steps")
