"""Visits of works' pages, counted without a word about who: in memory, and added to the table by a chore."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

from aiohttp import web

from headwaters.actions import study
from headwaters.core.study.visits import FROM_COPY, OTHER_WORDS, read_edition, read_word
from headwaters.errands.house import House
from headwaters.store.db import Connection

EVERY = timedelta(seconds=10)
MOST_WAITING = 10_000  # different words between two looks; a flood of words is told as other words
_MINUTE = 60
_MINUTES_A_DAY = 1440


def is_visit(headers: Mapping[str, str]) -> bool:
    """Whether a person may be behind a GET: asks for HTML, not ahead of time, and is not signed in to the Studio.
    `headers`: whichever way they are written, or their names in lower case."""
    return (
        "text/html" in headers.get("accept", "")
        and "prefetch" not in headers.get("sec-purpose", headers.get("purpose", ""))
        and "studio=" not in headers.get("cookie", "")
    )


class Visits:
    """The counts of one process, for its event loop only. `now`: seconds since 1970.

    Counting reads no clock, as it is on the way of each page: `turn` does, several times a second.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._open: dict[tuple[str, str], int] = {}  # by slug and word, since the last turn that found something
        self._waiting: Counter[tuple[str, int, str]] = Counter()  # by slug, day and word, for the table
        self._copies: Counter[tuple[str, int]] = Counter()  # brought by copies, by slug and edition, as `_open`
        self._copies_waiting: Counter[tuple[str, int, int]] = Counter()  # by slug, edition and day
        self._minute = int(now()) // _MINUTE
        self._this: Counter[str] = Counter()  # of this minute, by slug
        self._last: Counter[str] = Counter()  # of the one before

    def count(self, slug: str, word: str) -> None:
        """One visit of the page of the work at `slug`, by a link with `word`."""
        counts, key = self._open, (slug, word)
        if key in counts:
            counts[key] += 1
        elif word and len(counts) + len(self._waiting) >= MOST_WAITING:
            counts[slug, OTHER_WORDS] = counts.get((slug, OTHER_WORDS), 0) + 1
        else:
            counts[key] = 1

    def count_copy(self, slug: str, edition: int) -> None:
        """A copy of this edition brought the visit. A flood of numbers that are of no edition is left out."""
        key = slug, edition
        if key in self._copies or len(self._copies) + len(self._copies_waiting) < MOST_WAITING:
            self._copies[key] += 1

    def count_page(self, slug: str, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        """The page of the work at `slug` was asked for with `query`, by whoever sends these `headers`."""
        if not is_visit(headers):
            return
        word = read_word(query.get("from", ""))
        self.count(slug, word)
        if word == FROM_COPY and (edition := read_edition(query.get("edition", ""))) is not None:
            self.count_copy(slug, edition)

    def turn(self) -> None:
        """Put what was counted where it belongs: its minute and its day."""
        if self._open:
            counts, self._open, day = self._open, {}, self._minute // _MINUTES_A_DAY
            for (slug, word), count in counts.items():
                self._waiting[slug, day, word] += count
                self._this[slug] += count
        if self._copies:
            copies, self._copies, day = self._copies, Counter(), self._minute // _MINUTES_A_DAY
            for (slug, edition), count in copies.items():
                self._copies_waiting[slug, edition, day] += count
        minute = int(self._now()) // _MINUTE
        if minute != self._minute:
            self._last = self._this if minute == self._minute + 1 else Counter()
            self._this, self._minute = Counter(), minute

    def a_minute(self, slug: str | None) -> int:
        """Visits in the last sixty seconds, of one work or of all: as if those of the minute before had come evenly."""
        self.turn()
        rest = 1 - self._now() % _MINUTE / _MINUTE
        this, last = ((each[slug] if slug else each.total()) for each in (self._this, self._last))
        return this + round(last * rest)

    def take(self) -> Counter[tuple[str, int, str]]:
        """What waits to be added to the table; it does not wait any more."""
        self.turn()
        taken, self._waiting = self._waiting, Counter()
        return taken

    def take_copies(self) -> Counter[tuple[str, int, int]]:
        """The same of visits that copies brought."""
        self.turn()
        taken, self._copies_waiting = self._copies_waiting, Counter()
        return taken

    def put_back(self, taken: Counter[tuple[str, int, str]], copies: Counter[tuple[str, int, int]]) -> None:
        """What could not be added now."""
        self._waiting.update(taken)
        self._copies_waiting.update(copies)


VISITS: web.AppKey[Visits] = web.AppKey("visits", Visits)


async def keep_visits(house: House, visits: Visits) -> None:
    """Add what was counted to the table, in one transaction; what the database would not take waits for the next."""
    taken, copies = visits.take(), visits.take_copies()
    if not (taken or copies):
        return
    by_work: dict[tuple[str, int], dict[str, int]] = {}
    for (slug, day, word), count in taken.items():
        by_work.setdefault((slug, day), {})[word] = count

    def write(conn: Connection) -> None:
        study.add_visits(conn, by_work)
        study.add_copy_visits(conn, copies)

    try:
        await house.db.write(write)
    except BaseException:
        visits.put_back(taken, copies)
        raise
