"""Makings: what the shop makes of an edition in the background, such as formats, tastes and torrents.

waiting → making → made                  taken by one process of all, which gives signs of life
making → waiting                         the process ended in the middle, or it may work later
waiting, making → failed | skipped       with the reason, in words
failed, skipped → waiting                somebody says: try again
made → waiting                           what was made is missing or has changed, and what it was made from is whole
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from headwaters.core.errors import N_, Code, Refused

BEAT = timedelta(seconds=5)  # how often who makes something gives a sign of life, and says how far it is
LEASE = timedelta(seconds=60)  # without one for so long, it is taken up by somebody else
MOST_ATTEMPTS = 4  # a making that never ends may be what ends the process
WHOLE = 1000  # thousandths
_WAITS = (timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=2))


class Skip(Refused):
    """It is not worth making, or cannot be made here: no failure, and it says why."""

    def __init__(self, message: str, *, hint: str = "", **values: object) -> None:
        super().__init__(Code.NOT_MADE, message, hint=hint, field="", **values)


NO_SMALLER = N_("It would be no smaller than the original.")
SAME_SIZE = N_("The film is no larger than the smaller format.")
IS_ALREADY = N_("The original is that already.")
ONLY_LARGER = N_("The original has lost something already: FLAC of it would only be larger.")
ONLY_WORSE = N_("The original is small already, and made again it would only sound worse.")
FOR_GOOD = frozenset([NO_SMALLER, SAME_SIZE, IS_ALREADY, ONLY_LARGER, ONLY_WORSE])  # another try skips it again


class MakingState(StrEnum):
    """Where a making is."""

    WAITING = "waiting"
    MAKING = "making"
    MADE = "made"
    FAILED = "failed"
    SKIPPED = "skipped"


class Lane(StrEnum):
    """One making at a time in each lane of a shop: what takes seconds does not wait for a film, and what only reads
    files waits for neither."""

    QUICK = "quick"
    READING = "reading"
    LONG = "long"


STEPS: Mapping[MakingState, frozenset[MakingState]] = {
    MakingState.WAITING: frozenset({MakingState.MAKING, MakingState.FAILED, MakingState.SKIPPED}),
    MakingState.MAKING: frozenset(set(MakingState) - {MakingState.MAKING}),
    MakingState.MADE: frozenset({MakingState.WAITING}),
    MakingState.FAILED: frozenset({MakingState.WAITING}),
    MakingState.SKIPPED: frozenset({MakingState.WAITING}),
}
ALIVE = (MakingState.WAITING, MakingState.MAKING)
ENDED = (MakingState.FAILED, MakingState.SKIPPED)


def states_before(target: MakingState) -> tuple[MakingState, ...]:
    """The states from which `target` may follow, for `UPDATE … WHERE state IN`."""
    return tuple(state for state, after in STEPS.items() if target in after)


def wait_after(attempts: int) -> timedelta:
    """How long until it is worth another try, after so many that went wrong."""
    return _WAITS[min(max(attempts, 1), len(_WAITS)) - 1]


def is_spent(attempts: int) -> bool:
    """Whether that were enough attempts."""
    return attempts >= MOST_ATTEMPTS


if set(STEPS) != set(MakingState):
    raise RuntimeError("a state without its steps")
