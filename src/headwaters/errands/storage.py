"""Where the shop's files are: how many in which place, and from one to the other while the shop is open.

    each blob elsewhere ─► kept there as well ─► read back and compared ─► one UPDATE: it is read there from now on
                                                                       └─► its old bytes go a day later (`clear`)

Whatever is cut off begins again with the blob that was under way. Of two who move at once, the UPDATE of one counts.
Nothing is removed from a place whose name is another shop's (`claims`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice

from headwaters.actions import storage as verbs
from headwaters.core.clock import to_micros
from headwaters.core.errors import HeadwatersError, Refused, Unavailable
from headwaters.core.works.faults import fault_of
from headwaters.errands.blobs import blob_of, row_of
from headwaters.errands.claims import Whose, whose, whose_to_clear
from headwaters.errands.house import House, refresh
from headwaters.ports import Blob, Holding, Keep
from headwaters.store import blobs as rows
from headwaters.store.blobs import PlaceRow
from headwaters.store.db import Connection
from headwaters.store.works import BlobRow

GRACE = timedelta(days=1)  # that bytes stay where they were: downloads run, and a publishing is under way
AT_ONCE = 500  # names that the database is asked for together


class Stopped(Exception):
    """Whoever waited has gone."""


@dataclass(frozen=True, slots=True)
class MoveProgress:
    """How far a move is, in files and bytes. `now`: the SHA-256 at hand."""

    count: int
    of: int
    done: int
    total: int
    now: str


Report = Callable[[MoveProgress], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move came to. `failed`: the SHA-256 of what stayed where it was, and why; nothing of it is lost."""

    place: str
    count: int
    size: int
    failed: tuple[tuple[str, HeadwatersError], ...]


async def standing(house: House, since: datetime) -> tuple[PlaceRow, ...]:
    """What is where, and how much of it was read whole since `since`."""
    return await house.db.read(partial(rows.places, since=to_micros(since)))


# ── moving ───────────────────────────────────────────────────────────────────────────────────────


async def move(house: House, place: str, report: Report = lambda progress: None) -> Moved:
    """Bring every file of the shop to `place`. `report` is called from a thread.

    Raises Refused(CONFIG_BROKEN) where the configuration does not know it, or its store refuses us;
    Unavailable(STORAGE_DOWN) where it does not answer: what was moved until then stays moved.
    """
    await house.storage.at(place).look()
    await whose_to_clear(house, place)
    count, total = await house.db.read(partial(rows.count_elsewhere, place=place))
    journey = _Journey(house, place, count, total, report)
    stop = threading.Event()
    try:
        return await journey.go(stop)
    finally:
        stop.set()
        await refresh(house)


class _Journey:
    def __init__(self, house: House, place: str, count: int, total: int, report: Report) -> None:
        self._house = house
        self._place = place
        self._of, self._total = count, total
        self._report = report
        self._count = self._size = self._seen = self._done = 0
        self._failed: list[tuple[str, HeadwatersError]] = []

    async def go(self, stop: threading.Event) -> Moved:
        after = ""
        while batch := await self._house.db.read(partial(rows.next_elsewhere, place=self._place, after=after)):
            for row in batch:
                after = row.sha256
                await self._take(row, stop)
        return Moved(self._place, self._count, self._size, tuple(self._failed))

    async def _take(self, listed: BlobRow, stop: threading.Event) -> None:
        row = await self._house.db.read(lambda conn: rows.read_blob(conn, listed.sha256))
        if row is None or row.place == self._place:
            return  # somebody was faster
        try:
            await self._move(row, stop)
        except (Refused, Unavailable) as error:
            if fault_of(error.code) is None and not _is_of_its_bytes(error):
                raise  # the store itself: the others would fare no better
            self._failed.append((row.sha256, error))
        self._seen += 1
        self._done += row.size

    async def _move(self, row: BlobRow, stop: threading.Event) -> None:
        there = await asyncio.to_thread(self._carry, blob_of(row), stop)
        now = self._house.clock()
        if await self._house.db.write(lambda conn: verbs.put_in_place(conn, row, row_of(there), now)):
            self._count += 1
            self._size += row.size

    def _carry(self, blob: Blob, stop: threading.Event) -> Blob:
        """Keep it there too, and read it back. Blocks."""
        done = 0

        def tell(more: int) -> None:
            nonlocal done
            if stop.is_set():
                raise Stopped
            done = min(done + more, blob.size)
            self._report(MoveProgress(self._seen, self._of, self._done + done, self._total, blob.sha256))

        tell(0)
        with self._house.storage.local_copy(blob) as path:
            there = self._house.storage.at(self._place).keep(path, Keep.MOVE, tell, blob.sha256)
        there = replace(there, place=self._place)
        self._house.storage.at(self._place).verify(there)
        return there


def _is_of_its_bytes(error: HeadwatersError) -> bool:
    """Whether this one file is the trouble: what lies there under its name has another SHA-256, or cannot be read."""
    return error.code.value.startswith("file_")


# ── clearing ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Cleared:
    """What went, or would: bytes that stayed behind in a move, and bytes that the shop knows nothing of. `not_ours`:
    places that were left alone, as they are another shop's."""

    left_behind: int = 0
    unknown: int = 0
    size: int = 0
    unfinished: int = 0
    not_ours: tuple[str, ...] = ()


async def clear_moved(house: House) -> Cleared:
    """Remove what moves left behind a day ago or longer. For the worker: of what the database does not know it keeps
    its hands off, as that may be another shop's, or of a time before a backup was restored."""
    if not await house.db.read(partial(rows.any_moved, since=to_micros(house.clock() - 30 * GRACE))):
        return Cleared()  # to list all that a store has is work, and may cost
    return await asyncio.to_thread(_in_own_loop, _Broom(house, unknown=False, pretend=False))


async def clear_all(house: House) -> Cleared:
    """The same, and what nobody needs at all: of a publishing that was killed and never repeated, half-kept files."""
    broom = _Broom(house, unknown=True, pretend=False)
    cleared = await asyncio.to_thread(_in_own_loop, broom)
    return replace(cleared, unfinished=await sweep_unfinished(house, broom.before, besides=broom.named))


async def would_clear(house: House) -> Cleared:
    """What `clear_all` would remove; nothing is."""
    return await asyncio.to_thread(_in_own_loop, _Broom(house, unknown=True, pretend=True))


async def sweep_unfinished(house: House, before: datetime, besides: Collection[str] = ()) -> int:
    """Remove half-kept files last touched before then; how many went. One place that does not answer keeps the others
    from nothing. `besides`: places that are left alone. Raises Unavailable(STORAGE_DOWN | DATABASE_DOWN),
    Refused(CONFIG_BROKEN)."""
    count, failed = 0, list[HeadwatersError]()
    for place in house.storage.names:
        if place in besides:
            continue
        try:
            if await whose_to_clear(house, place) is Whose.OURS:
                count += await asyncio.to_thread(house.storage.at(place).sweep, before)
        except (Refused, Unavailable) as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return count


class _Broom:
    """One round through all places."""

    def __init__(self, house: House, *, unknown: bool, pretend: bool) -> None:
        self.before = house.clock() - GRACE
        self._house = house
        self._unknown = unknown
        self._pretend = pretend
        self.named: list[str] = []  # places that have our name since this round: it has to stay there

    async def sweep(self) -> Cleared:
        cleared = Cleared()
        for place in self._house.storage.names:
            holdings = self._house.storage.at(place).holdings()
            old = (holding for holding in holdings if holding.touched < self.before)
            for batch in chain([[]], _batches(old)):
                if (found := await self._whose(place)) is Whose.ANOTHERS:
                    cleared = replace(cleared, not_ours=(*cleared.not_ours, place))
                    break
                if found is Whose.NOBODYS and not self._pretend:
                    self.named.append(place)
                    break
                cleared = await self._sweep_some(place, batch, cleared)
        return cleared

    async def _whose(self, place: str) -> Whose:
        """Asked again for each batch: somebody may claim it meanwhile."""
        return await (whose if self._pretend else whose_to_clear)(self._house, place)

    async def _sweep_some(self, place: str, batch: list[Holding], cleared: Cleared) -> Cleared:
        digests = [holding.sha256 for holding in batch]

        def ask(conn: Connection) -> tuple[set[str], set[str]]:
            needed = rows.needed_at(conn, place, digests, to_micros(self.before))
            return needed, rows.known(conn, digests)

        needed, known = await self._house.db.read(ask)
        for holding in batch:
            if holding.sha256 in needed or (holding.sha256 not in known and not self._unknown):
                continue
            if self._pretend or self._house.storage.at(place).remove(holding.sha256, self.before):
                moved = holding.sha256 in known
                cleared = replace(
                    cleared,
                    left_behind=cleared.left_behind + moved,
                    unknown=cleared.unknown + (not moved),
                    size=cleared.size + holding.size,
                )
        return cleared


def _in_own_loop(broom: _Broom) -> Cleared:
    """Listing and removing block, and the database is asked between: a thread with a loop of its own."""
    return asyncio.run(broom.sweep())


def _batches(items: Iterable[Holding]) -> Iterator[list[Holding]]:
    rest = iter(items)
    while batch := list(islice(rest, AT_ONCE)):
        yield batch
