"""Plots as SVG, made here: bars as strokes along one path, so that a page of them weighs little and needs no script.

The view box is 100 high and is stretched to the page's width; the style sheet says how wide a stroke is, and what is
written stands beside it as HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headwaters.web.contexts.studio_see import Bars, Plot

HEIGHT = 100
_STEP = 10  # of the view box, for a bar and the gap around it
_FROM_MANY = 7  # bars on, the middle one has a label


@dataclass(frozen=True, slots=True)
class Series:
    """What is to be drawn: a count for each bar."""

    kind: str
    name: str
    total: str
    counts: Sequence[int]


def nice_top(most: int) -> int:
    """The upper end of an axis that holds `most`, and whose middle is whole as well: 2, 4, 6, 8, 10, 20…"""
    scale = 1
    while True:
        for first in (2, 4, 6, 8, 10):
            if first * scale >= most:
                return first * scale
        scale *= 10


def draw(
    id_: str,
    title: str,
    words: str,
    series: Sequence[Series],
    labels: Sequence[str],
    said: Callable[[int], str],
) -> Plot:
    """A plot of `series`, stacked in their order; `labels` of the bars, `said`: how the axis says a number."""
    sums = [sum(counts) for counts in zip(*(each.counts for each in series), strict=True)]
    top = nice_top(max(sums, default=0))
    floors = [0] * len(sums)
    bars = []
    for each in series:
        bars.append(Bars(each.kind, each.name, each.total, _path(floors, each.counts, top)))
        floors = [floor + count for floor, count in zip(floors, each.counts, strict=True)]
    return Plot(
        id=id_,
        title=title,
        words=words,
        series=tuple(bars),
        width=_STEP * len(sums),
        top=said(top),
        middle=said(top // 2),
        first=labels[0],
        centre=labels[len(labels) // 2] if len(labels) >= _FROM_MANY else "",
        last=labels[-1] if len(labels) > 1 else "",
    )


def _path(floors: Sequence[int], counts: Sequence[int], top: int) -> str:
    """The bars of one series: each a stroke from its floor up, in thousandths of the axis where it takes them."""
    parts = []
    for number, (floor, count) in enumerate(zip(floors, counts, strict=True)):
        if count > 0:
            low, high = _level(floor, top), _level(floor + count, top)
            parts.append(f"M{number * _STEP + _STEP // 2} {low:g}V{high:g}")
    return "".join(parts)


def _level(count: int, top: int) -> float:
    return round(HEIGHT - HEIGHT * count / top, 1)
