"""Downloads that begin, counted in memory and written down every few seconds: how many a grant and day, and nothing
about who. A crash loses the last seconds; a database that is down loses nothing, as what was not written is kept."""

from __future__ import annotations

from datetime import datetime

from headwaters.core.clock import to_micros
from headwaters.store.counts import DAY, add_downloads
from headwaters.store.db import Database

MOST_KEPT = 50_000  # keys in memory between two writings; what is beyond is not counted
AT_ONCE = 500  # rows of one transaction


class Counter:
    """Counts by key since they were taken last. Used by one event loop."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def begun(self, key: str) -> None:
        """One more. On the way of every download: a look into a dictionary."""
        counts = self._counts
        if key in counts:
            counts[key] += 1
        elif len(counts) < MOST_KEPT:
            counts[key] = 1

    def take(self) -> dict[str, int]:
        """All there is, for who writes it down."""
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, counts: dict[str, int]) -> None:
        """It could not be written down."""
        for key, count in counts.items():
            self._counts[key] = self._counts.get(key, 0) + count


async def flush(counter: Counter, db: Database, now: datetime) -> int:
    """Write down what was counted, for the day of now; how many downloads that were."""
    left, day, written = counter.take(), to_micros(now) // DAY, 0
    try:
        while left:
            some = dict(list(left.items())[:AT_ONCE])
            await db.write(lambda conn, some=some: add_downloads(conn, day, some))  # type: ignore[misc]
            written += sum(some.values())
            for key in some:
                del left[key]
    finally:
        counter.give_back(left)
    return written
