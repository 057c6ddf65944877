"""Does every file still have its SHA-256? Each is read again once in a while, at night and slowly; or now, when asked.

    the blob that was looked at longest ago ─► all of it read ─► whole, missing or changed: noted ─► the next
                                            └─► its place gives nothing: left out, and said at the end

What is not whole is not sent to anybody until it is again: when the same file is published once more, or is put back
(healing.py looks whether it is). A restart goes on where it was; a place that does not answer says nothing about its
bytes, and keeps those of the others from nothing.

Of several processes of a shop one has the watch of the night, and gives a sign of life each minute. Killed, it loses it
after five, and another goes on.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from headwaters.actions import storage as verbs
from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, HeadwatersError, Unavailable
from headwaters.core.works.faults import Fault, fault_of
from headwaters.errands.blobs import blob_of
from headwaters.errands.house import House, refresh
from headwaters.ports import Blob
from headwaters.store import blobs as rows
from headwaters.store.works import BlobRow

PERIODS = {"week": timedelta(days=7), "month": timedelta(days=30)}  # in which everything is read once
NIGHT = range(1, 6)  # hours, UTC
PACE = 20_000_000  # bytes a second at most, at night, of all processes: readers come first
BEAT = 60.0  # seconds between two signs of life of who has the watch
PATIENCE = 3  # blobs in a row of which a place says nothing, until it is asked whether it is there at all
_HEX = "0123456789abcdef"


class Stopped(Exception):
    """Nobody waits for the look any more."""


@dataclass(frozen=True, slots=True)
class LookProgress:
    """How far a look is, in files and bytes."""

    count: int
    of: int
    done: int
    total: int


Report = Callable[[LookProgress], None]


@dataclass(slots=True)
class Looked:
    """What a look came to. `faults`: SHA-256 and what is wrong; `healed`: what was bad and is whole."""

    count: int = 0
    size: int = 0
    faults: dict[str, Fault] = field(default_factory=dict)
    healed: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at: blobs that nobody read since `before`, of one work or of all. `pace`: bytes a second, 0: as
    fast as it goes; `go_on`: asked before each file; `stop`: ends it in the middle of one, which raises Stopped."""

    before: datetime
    work: str = ""
    pace: int = 0
    report: Report = lambda progress: None
    go_on: Callable[[], bool] = lambda: True
    stop: threading.Event = field(default_factory=lambda: threading.Event())


async def look(house: House, wanted: Wanted) -> Looked:
    """Read what is wanted, the longest ago first. Raises Unavailable(STORAGE_DOWN), Refused(CONFIG_BROKEN) of the first
    that a storage did not give, also where nothing of a place opens: at the end, when all others are read and noted."""
    before = to_micros(wanted.before)
    of, total = await house.db.read(partial(rows.size_to_check, before=before, work=wanted.work))
    looked, silent, turn = Looked(), _Silent(), None
    queue = partial(rows.next_to_check, before=before, work=wanted.work)
    try:
        while wanted.go_on():
            turn = await house.db.read(partial(queue, after=turn, without=silent.places))
            if turn is None:
                break
            told = _Told(wanted, looked, of, total, wanted.stop)
            await _look_at(house, turn.row, told, looked, silent)
    finally:
        wanted.stop.set()
        await refresh(house)
    silent.tell()
    return looked


async def _look_at(house: House, row: BlobRow, told: _Told, looked: Looked, silent: _Silent) -> None:
    try:
        fault, tag = await asyncio.to_thread(_read, house, blob_of(row), told)
    except HeadwatersError as error:
        if silent.gave_nothing(row.place, error) and not await is_there(house, row.place, row.sha256):
            silent.places.add(row.place)
        return
    if fault is Fault.MISSING and not await is_there(house, row.place, row.sha256):
        silent.is_away(row.place, _nothing_there(row.place))
        return
    silent.gave(row.place)
    await _note(house, row, fault, tag, looked)


class _Silent:
    """The places that gave nothing in a look."""

    def __init__(self) -> None:
        self.places: set[str] = set()
        self._first: HeadwatersError | None = None
        self._in_a_row: dict[str, int] = {}

    def gave(self, place: str) -> None:
        """Something was read there, or is missing among others."""
        self._in_a_row[place] = 0

    def gave_nothing(self, place: str, error: HeadwatersError) -> bool:
        """Of one blob it is not known how it is; whether these were several in a row: the place may be away."""
        self._first = self._first or error
        self._in_a_row[place] = self._in_a_row.get(place, 0) + 1
        return self._in_a_row[place] % PATIENCE == 0

    def is_away(self, place: str, error: HeadwatersError) -> None:
        """Nothing there can be opened: the rest of it is left out."""
        self._first = self._first or error
        self.places.add(place)

    def tell(self) -> None:
        """Raise the first of what went wrong."""
        if self._first is not None:
            raise self._first


async def _note(house: House, row: BlobRow, fault: Fault | None, tag: str | None, looked: Looked) -> None:
    now = house.clock()
    if not await house.db.write(lambda conn: verbs.note_look(conn, row, fault, now, tag)):
        return  # it was kept anew, or moved, while it was read: its turn comes again
    looked.count += 1
    looked.size += row.size
    if fault is not None:
        looked.faults[row.sha256] = fault
    elif row.fault:
        looked.healed += 1


async def note_found(house: House, blob: Blob, fault: Fault | None, tag: str | None = None) -> bool:
    """Somebody wanted `blob`, all of it was looked at, and it is not what it was, or its store calls it otherwise
    (`tag`): noted as a look would, so that its creator hears of it today and not in a month. False, and nothing
    changed: it was kept anew or moved meanwhile, or is known already."""
    row = await house.db.read(lambda conn: rows.read_blob(conn, blob.sha256))
    if row is None or row.fault or blob_of(row) != blob:
        return False
    now = house.clock()
    noted = await house.db.write(lambda conn: verbs.note_look(conn, row, fault, now, tag))
    await refresh(house)
    return noted


async def is_there(house: House, place: str, besides: str, start: str = "") -> bool:
    """Whether others of a place can be opened, so that one that is missing is missing, and no disk is. True where it
    has no others. Some hundreds are tried, all over it: what was cut off lacks whole folders. `start`: a SHA-256 to
    begin at, else one drawn by lot."""
    count = silent = 0
    for first, end in _all_around(start or secrets.token_hex(32)):
        others = partial(rows.others_at, place=place, besides=besides, first=first, end=end)
        for row in await house.db.read(others):
            count += 1
            try:
                with house.storage.at(place).open(blob_of(row)) as source:
                    await source.begin(0, min(row.size, 1))
            except HeadwatersError as error:
                silent += fault_of(error.code) is None
                if silent == PATIENCE:
                    return False
            else:
                return True
    return not count


def _all_around(start: str) -> Iterator[tuple[str, str]]:
    """Parts of all SHA-256, as their first and their end: two for each first digit, as `start` divides them."""
    at = _HEX.index(start[0])
    for digit in _HEX[at:] + _HEX[:at]:
        middle = digit + start[1:]
        yield middle, digit + "g"
        yield digit, middle


def _nothing_there(place: str) -> Unavailable:
    return Unavailable(
        Code.STORAGE_DOWN,
        N_("Nothing in the storage “%(place)s” can be opened, so nothing was noted."),
        hint=N_(
            "Is its disk mounted? If the files are gone for good, put them back from a backup, or publish them again."
        ),
        place=place,
    )


class _Told:
    """Counts what was read, and holds it to its pace."""

    def __init__(self, wanted: Wanted, looked: Looked, of: int, total: int, stop: threading.Event) -> None:
        self._wanted = wanted
        self._looked = looked
        self._of, self._total = of, total
        self._stop = stop
        self._done = 0
        self._start = time.monotonic()

    def __call__(self, more: int) -> None:
        self._done += more
        done = min(self._looked.size + self._done, self._total)
        self._wanted.report(LookProgress(self._looked.count, self._of, done, self._total))
        ahead = self._done / self._wanted.pace - (time.monotonic() - self._start) if self._wanted.pace else 0.0
        if self._stop.wait(ahead) if ahead > 0 else self._stop.is_set():
            raise Stopped


def _read(house: House, blob: Blob, told: _Told) -> tuple[Fault | None, str | None]:
    """What is wrong with it, or what its store calls it."""
    try:
        return None, house.storage.verify(blob, told)
    except HeadwatersError as error:
        if (fault := fault_of(error.code)) is None:
            raise
        return fault, None


async def look_at_night(house: House) -> Looked | None:
    """The share of a night: what was not read for a week or a month, as the shop's settings say. None by day, and where
    another process has the watch, or took it."""

    def is_night() -> bool:
        return house.clock().astimezone(UTC).hour in NIGHT

    period = PERIODS.get(house.now.settings.check_files)
    if period is None or not is_night():
        return None
    async with _watch(house) as lost:
        if lost is None:
            return None
        with suppress(Stopped):
            return await look(house, Wanted(house.clock() - period, pace=PACE, go_on=is_night, stop=lost))
    return None


@asynccontextmanager
async def _watch(house: House) -> AsyncIterator[threading.Event | None]:
    """The watch for as long as it lasts; the event is set when it is lost. None where somebody else has it."""
    who, lost = house.token(), threading.Event()
    if not await house.db.write(lambda conn: verbs.take_watch(conn, who, house.clock())):
        yield None
        return
    beating = asyncio.create_task(_beat(house, who, lost))
    try:
        yield lost
    finally:
        beating.cancel()
        with suppress(HeadwatersError):  # it ends by itself
            await house.db.write(lambda conn: verbs.leave_watch(conn, who))


async def _beat(house: House, who: str, lost: threading.Event) -> None:
    while not lost.is_set():
        await asyncio.sleep(BEAT)
        with suppress(HeadwatersError):  # a database that is down for a minute; the next beat tells
            if not await house.db.write(lambda conn: verbs.take_watch(conn, who, house.clock())):
                lost.set()
