"""The lookout: reads how a launch goes at most once a second, however many look.

It remembers the minutes of the launch. Each second it reads the last few anew, as that is where things happen; the
whole only now and then, for the payment that comes late to an order of an hour ago.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from aiohttp import web

from headwaters.core.clock import to_micros
from headwaters.core.study.numbers import At, Tally
from headwaters.core.study.spans import MINUTE
from headwaters.errands.house import House
from headwaters.store import launches
from headwaters.store import numbers as rows
from headwaters.store.db import Connection
from headwaters.store.numbers import Asked

FRESH = 1.0  # seconds that what was read is good for
TAIL = timedelta(minutes=3)  # read anew each time
WHOLE = 30.0  # seconds between two readings of the whole, at least
_PART = 50  # the whole takes no more than this part of the time
MOST_QUESTIONS = 8  # remembered; each is somebody's own work and start

_MICROS = int(MINUTE.total_seconds()) * 1_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """What one looks at."""

    since: datetime  # a whole minute
    work_id: int | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What is to be seen."""

    now: datetime
    minutes: tuple[At, ...]  # in which something happened, from the first on
    waiting: launches.Waiting
    free: int  # bytes on the disk of the shop's files


class _Watch:
    """One question, and what is known of its answer."""

    def __init__(self, house: House, question: Question, clock: Callable[[], float]) -> None:
        self._house = house
        self._question = question
        self._clock = clock
        self._minutes: dict[int, Tally] = {}
        self._whole_due = float("-inf")
        self._read_at = float("-inf")
        self._reading: asyncio.Task[Sight] | None = None

    async def look(self) -> Sight:
        """What is there now, a second old at most. Many who ask at once wait for one reading."""
        task = self._reading
        if task is None or (task.done() and (_failed(task) or self._clock() - self._read_at >= FRESH)):
            self._read_at = self._clock()
            task = self._reading = asyncio.ensure_future(self._read())
        return await asyncio.shield(task)

    async def _read(self) -> Sight:
        now, began = self._house.clock(), self._clock()
        whole = began >= self._whole_due
        start = self._question.since if whole else max(self._question.since, _minute_of(now - TAIL))
        asked = Asked(start, now + timedelta(microseconds=1), self._question.work_id)
        found, waiting = await self._house.db.read(partial(_read, asked=asked))
        first = to_micros(start) // _MICROS
        self._minutes = {at: part for at, part in self._minutes.items() if at < first} | found
        if whole:
            self._whole_due = began + max(WHOLE, (self._clock() - began) * _PART)
        minutes = tuple((_at(at), part) for at, part in sorted(self._minutes.items()))
        return Sight(now, minutes, waiting, shutil.disk_usage(self._house.config.shop).free)


def _read(conn: Connection, asked: Asked) -> tuple[dict[int, Tally], launches.Waiting]:
    return rows.minutes(conn, asked, MINUTE), launches.waiting(conn)


def _minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, tz=UTC)


def _failed(task: asyncio.Task[Sight]) -> bool:
    return task.cancelled() or task.exception() is not None


class Lookout:
    """One for a house. It forgets the question that was asked longest ago rather than remembering too many."""

    def __init__(self, house: House, clock: Callable[[], float] = time.monotonic) -> None:
        self._house = house
        self._clock = clock
        self._watches: dict[Question, _Watch] = {}

    async def look(self, question: Question) -> Sight:
        """What is there now, a second old at most."""
        watch = self._watches.pop(question, None) or _Watch(self._house, question, self._clock)
        self._watches[question] = watch
        if len(self._watches) > MOST_QUESTIONS:
            del self._watches[next(iter(self._watches))]
        return await watch.look()


LOOKOUT: web.AppKey[Lookout] = web.AppKey("lookout", Lookout)
