"""What a measurement says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `ratio` is `value` to `against`'s value in the same run; `goal` is what DESIGN.md section 6 asks for.

    `met` is None where there is no goal.
    """

    name: str
    value: float
    unit: str
    against: str
    ratio: float | None
    goal: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class Options:
    """How much to measure: `rounds` of each side, and `scale` (1 is the size that the design names)."""

    rounds: int = 3
    scale: float = 1.0


def median(values: list[float]) -> float:
    """The middle value (the upper one of two)."""
    return sorted(values)[len(values) // 2]
