"""Files that are missing, and files that are whole again: what is noted of them between two looks of integrity.py.

    a reader finds it missing ─► five minutes later still, and others of its place are there ─► noted, the creator hears
    noted as missing or changed ─► it looks otherwise than when it was read last ─► all of it read ─► whole: sent again

Where a look from outside says nothing (a disk that cannot read what it shows, a store without tags and dates) it is
read once a day.

A disk that is not mounted is no fault of the files on it: then nothing of its place opens, and nothing is noted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from headwaters.actions import storage as verbs
from headwaters.core.errors import HeadwatersError
from headwaters.core.works.faults import Fault, fault_of
from headwaters.errands.blobs import blob_of
from headwaters.errands.house import House, refresh
from headwaters.errands.integrity import Stopped, is_there, note_found
from headwaters.ports import Blob
from headwaters.store import blobs as rows
from headwaters.store.works import BlobRow

log = logging.getLogger(__name__)

AGAIN = timedelta(minutes=5)  # until what a reader found is looked at once more
DAILY = timedelta(days=1)  # until that is read again of which a look says nothing
MOST = 1024  # that are remembered


class Suspects:
    """What readers of this process found missing, or in a store not as it was kept. Told of from any thread."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._found: dict[str, tuple[Blob, datetime]] = {}

    def note(self, blob: Blob) -> None:
        """A reader wanted `blob`, and it was not there."""
        if not blob.fault and len(self._found) < MOST:
            self._found.setdefault(blob.sha256, (blob, self._house.clock()))

    async def look_again(self) -> int:
        """Look at those that were found a while ago; how many of them are noted now. The others are forgotten, until
        somebody finds them anew. Raises nothing of a storage."""
        before = self._house.clock() - AGAIN
        due = [blob for blob, at in list(self._found.values()) if at <= before]
        noted, away = 0, set[str]()
        for blob in due:
            del self._found[blob.sha256]
            if blob.place not in away:
                noted += await self._look(blob, away)
        return noted

    async def _look(self, blob: Blob, away: set[str]) -> bool:
        try:
            tag = await _read(self._house, blob)
        except HeadwatersError as error:
            fault = fault_of(error.code)
            if fault is None:
                return False
            if fault is Fault.MISSING and not await is_there(self._house, blob.place, blob.sha256):
                away.add(blob.place)
                log.error(
                    "Nothing in the storage “%s” can be opened: is its disk mounted? Nothing was noted.", blob.place
                )
                return False
            return await note_found(self._house, blob, fault)
        if tag != blob.tag:  # its store was told to keep the same bytes anew
            await note_found(self._house, blob, None, tag)
        return False


@dataclass(frozen=True, slots=True)
class _Read:
    """That all of it was read in vain. `look`: as it looked then; `again`: when it is read however it looks."""

    look: str
    again: datetime | None


class Healing:
    """Looks whether what is noted as missing or changed is whole again. It is read only where it may be: where it is
    there, and looks otherwise than when this process read it last."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._read: dict[str, _Read] = {}

    async def look(self) -> int:
        """One round; how many are whole again, and are sent from now on. Raises nothing of a storage."""
        healed, faulty = 0, await self._house.db.read(rows.faulty)
        self._read = {row.sha256: self._read[row.sha256] for row in faulty if row.sha256 in self._read}
        for row in faulty:
            if (tag := await self._look_at(row)) is not None:
                now = self._house.clock()
                whole = partial(verbs.note_look, seen=row, fault=None, now=now, tag=tag)
                healed += await self._house.db.write(whole)
        if healed:
            await refresh(self._house)
        return healed

    async def _look_at(self, row: BlobRow) -> str | None:
        """The tag of what is whole again; else None."""
        try:
            look = await asyncio.to_thread(self._house.storage.glance, blob_of(row))
        except HeadwatersError as error:
            if fault_of(error.code) is Fault.MISSING:
                self._read.pop(row.sha256, None)
            return None
        return await self._read_again(row, look) if self._is_new(row, look) else None

    def _is_new(self, row: BlobRow, look: str) -> bool:
        """Whether reading it may say otherwise than it did last."""
        last = self._read.get(row.sha256)
        if last is None or last.look != look:
            return True
        return last.again is not None and last.again <= self._house.clock()

    async def _read_again(self, row: BlobRow, look: str) -> str | None:
        self._read.pop(row.sha256, None)
        try:
            return await _read(self._house, blob_of(row))
        except HeadwatersError as error:
            fault = fault_of(error.code)
            if fault is not None:  # else the storage went away, and nothing is known
                known = look and fault is Fault.CHANGED
                self._read[row.sha256] = _Read(look, None if known else self._house.clock() + DAILY)
        return None


async def _read(house: House, blob: Blob) -> str:
    """All of it, in a thread that ends with whoever waits; its tag. Raises as `Storage.verify`."""
    stop = threading.Event()

    def go_on(_more: int) -> None:
        if stop.is_set():
            raise Stopped

    try:
        return await asyncio.to_thread(house.storage.verify, blob, go_on)
    finally:
        stop.set()
