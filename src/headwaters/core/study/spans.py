"""Spans of time and the bars they are shown in. All times are aware and in UTC; nothing here reads a clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOST_BARS = 31  # of a span that grows
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTES = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440)


class Span(StrEnum):
    """How far back one looks; the numbers are days."""

    TODAY = "today"
    WEEK = "7"
    MONTH = "30"
    QUARTER = "90"
    YEAR = "365"
    ALL = "all"


class Step(StrEnum):
    """What one bar stands for."""

    MINUTE = "minute"  # some minutes, all bars alike; `even` alone makes them
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"  # from Monday
    MONTH = "month"
    YEAR = "year"


_STEPS = {
    Span.TODAY: Step.HOUR,
    Span.WEEK: Step.DAY,
    Span.MONTH: Step.DAY,
    Span.QUARTER: Step.WEEK,
    Span.YEAR: Step.MONTH,
}


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to `end`, cut at `cuts`: where each bar begins, the first at `start`. The first and the last bar
    may be shorter than a whole step."""

    start: datetime
    end: datetime
    step: Step
    cuts: tuple[datetime, ...]

    def bar_of(self, moment: datetime) -> int | None:
        """Which bar `moment` falls into; None outside."""
        if not self.start <= moment < self.end:
            return None
        return bisect_right(self.cuts, moment) - 1


def midnight(moment: datetime) -> datetime:
    """When its day began, in UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day_number(moment: datetime) -> int:
    """Days since 1970, in UTC."""
    return (moment - _EPOCH) // DAY


def window_of(span: Span, now: datetime, first: datetime | None) -> Window:
    """The window of a span that ends with what happened up to now. `first`: when the shop's first order came; all
    begins there."""
    start = midnight(now) if span is Span.TODAY else midnight(now) - timedelta(days=_days(span, now, first) - 1)
    return cut(start, now + timedelta(microseconds=1), _STEPS.get(span))


def _days(span: Span, now: datetime, first: datetime | None) -> int:
    if span is not Span.ALL:
        return int(span.value)
    return 1 + (midnight(now) - midnight(min(first or now, now))) // DAY


def cut(start: datetime, end: datetime, step: Step | None = None) -> Window:
    """A window in bars of `step`; without one, of the smallest that leaves not too many."""
    if step is None:
        fits = (each for each in _NEXT if len(_cuts(start, end, each, MOST_BARS)) <= MOST_BARS)
        step = next(fits, Step.YEAR)
    return Window(start, end, step, _cuts(start, end, step))


def even(start: datetime, end: datetime, most: int = 60) -> Window:
    """A window of hours or days in bars of as few whole minutes as leave no more than `most`, give or take one."""
    length = end - start
    minutes = next((each for each in _MINUTES if length <= each * most * MINUTE), _MINUTES[-1])
    step = minutes * MINUTE
    at = start + step - (start - _EPOCH) % step
    cuts = [start]
    while at < end:
        cuts.append(at)
        at += step
    return Window(start, end, Step.MINUTE, tuple(cuts))


def window_before(window: Window, first: datetime | None) -> Window | None:
    """The window just as long before this one, up to the same time of its last day; None where the shop, whose first
    order came at `first`, was not open all of it."""
    days = (midnight(window.end) - midnight(window.start)) // DAY + 1
    start = window.start - timedelta(days=days)
    if first is None or midnight(first) > start:
        return None
    end = window.end - timedelta(days=days)
    return Window(start, end, window.step, (start,))


# ── where bars begin ─────────────────────────────────────────────────────────────────────────────


def _next_month(moment: datetime) -> datetime:
    return (midnight(moment).replace(day=1) + timedelta(days=32)).replace(day=1)


_NEXT: dict[Step, Callable[[datetime], datetime]] = {
    Step.HOUR: lambda at: at.replace(minute=0, second=0, microsecond=0) + HOUR,
    Step.DAY: lambda at: midnight(at) + DAY,
    Step.WEEK: lambda at: midnight(at) + timedelta(days=7 - at.weekday()),
    Step.MONTH: _next_month,
    Step.YEAR: lambda at: midnight(at).replace(year=at.year + 1, month=1, day=1),
}


def _cuts(start: datetime, end: datetime, step: Step, most: int | None = None) -> tuple[datetime, ...]:
    """The beginnings of the bars; no more of them than tell that they are more than `most`."""
    cuts, at = [start], _NEXT[step](start)
    while at < end and (most is None or len(cuts) <= most):
        cuts.append(at)
        at = _NEXT[step](at)
    return tuple(cuts)
