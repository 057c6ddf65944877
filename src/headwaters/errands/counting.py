"""Downloads that begin, counted in memory and written down every few seconds: how many a grant and day, and of free
works how many a work and day, with nothing about who. A crash loses the last seconds; a database that is down loses
nothing, as what was not written is kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from headwaters.core.clock import to_micros
from headwaters.store.counts import DAY, add_downloads
from headwaters.store.db import Connection, Database
from headwaters.store.fetching import add_fetches

MOST_KEPT = 50_000  # keys in memory between two writings; what is beyond is not counted
AT_ONCE = 500  # rows of one transaction


K = TypeVar("K", bound=Hashable)


class Counter(Generic[K]):
    """Counts by key since they were taken last. Used by one event loop."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[K, int] = {}

    def begun(self, key: K) -> None:
        """One more. On the way of every download: a look into a dictionary."""
        counts = self._counts
        if key in counts:
            counts[key] += 1
        elif len(counts) < MOST_KEPT:
            counts[key] = 1

    def take(self) -> dict[K, int]:
        """All there is, for who writes it down."""
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, counts: dict[K, int]) -> None:
        """It could not be written down."""
        for key, count in counts.items():
            self._counts[key] = self._counts.get(key, 0) + count


async def flush(counter: Counter[str], db: Database, now: datetime) -> int:
    """Write down what was counted by download key, for the day of now; how many downloads that were."""
    return await _flush(counter, db, now, add_downloads)


async def flush_fetches(counter: Counter[int], db: Database, now: datetime) -> int:
    """The same of free works, by their ids."""
    return await _flush(counter, db, now, add_fetches)


async def _flush(
    counter: Counter[K], db: Database, now: datetime, add: Callable[[Connection, int, Mapping[K, int]], None]
) -> int:
    left, day, written = counter.take(), to_micros(now) // DAY, 0
    try:
        while left:
            some = dict(list(left.items())[:AT_ONCE])
            await db.write(lambda conn, some=some: add(conn, day, some))  # type: ignore[misc]
            written += sum(some.values())
            for key in some:
                del left[key]
    finally:
        counter.give_back(left)
    return written
