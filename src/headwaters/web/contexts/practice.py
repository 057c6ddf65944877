"""What the practice till's pay page shows."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem


@dataclass(frozen=True, slots=True)
class PracticePayPage:
    """`practice.html`: stands where a real till's page would."""

    title: str  # what is paid for
    amount: str  # €5.00
    action: str  # where the form goes
    open: bool  # nothing was decided yet
    state: str  # open, pending, paid, failed or expired
    back: str  # the order page
    problem: Problem | None  # why a choice was refused
