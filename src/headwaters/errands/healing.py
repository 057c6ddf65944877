"""Files that are missing, and files that are whole again: what is noted of them between two looks of integrity.py.

    a reader finds it missing ─► five minutes later still, and others of its place are there ─► noted, the creator hears
    noted as missing or changed ─► it looks otherwise than when it was read last ─► all of it read ─► whole: sent again

A disk that is not mounted is no fault of the files on it: then nothing of its place opens, and nothing is noted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from datetime import datetime, timedelta
from functools import partial

from headwaters.actions import storage as verbs
from headwaters.core.errors import HeadwatersError
from headwaters.core.works.faults import Fault, fault_of
from headwaters.errands.blobs import blob_of
from headwaters.errands.house import House, refresh
from headwaters.errands.integrity import Stopped, is_there, note_found
from headwaters.ports import Blob, Source
from headwaters.store import blobs as rows
from headwaters.store.works import BlobRow

log = logging.getLogger(__name__)

AGAIN = timedelta(minutes=5)  # until what a reader found is looked at once more
MOST = 1024  # that are remembered

_Look = tuple[int, ...]


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
        noted = 0
        for blob in due:
            del self._found[blob.sha256]
            noted += await self._look(blob)
        return noted

    async def _look(self, blob: Blob) -> bool:
        try:
            await _read(self._house, blob)
        except HeadwatersError as error:
            fault = fault_of(error.code)
            if fault is None:
                return False
            if fault is Fault.MISSING and not await is_there(self._house, blob.place, blob.sha256):
                log.error(
                    "Nothing in the storage “%s” can be opened: is its disk mounted? Nothing was noted.", blob.place
                )
                return False
            return await note_found(self._house, blob, fault)
        return False


class Healing:
    """Looks whether what is noted as missing or changed is whole again. It is read only where it may be: where it is
    there, and looks otherwise than when this process read it last."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._read: dict[str, _Look] = {}

    async def look(self) -> int:
        """One round; how many are whole again, and are sent from now on. Raises nothing of a storage."""
        healed = 0
        for row in await self._house.db.read(rows.faulty):
            if await self._is_whole(row):
                now = self._house.clock()
                healed += await self._house.db.write(partial(verbs.note_look, seen=row, fault=None, now=now))
        if healed:
            await refresh(self._house)
        return healed

    async def _is_whole(self, row: BlobRow) -> bool:
        blob = blob_of(row)
        try:
            look = await self._glance(blob)
            if self._read.get(row.sha256) == look:
                return False
            self._read[row.sha256] = look
            await _read(self._house, blob)
        except HeadwatersError as error:
            if fault_of(error.code) is Fault.MISSING:
                self._read.pop(row.sha256, None)
            return False
        return self._read.pop(row.sha256) == look

    async def _glance(self, blob: Blob) -> _Look:
        """How it looks from outside. Raises as `Storage.open`."""
        with self._house.storage.at(blob.place).open(blob) as source:
            await source.begin(0, min(blob.size, 1))
            return _look(source)


def _look(source: Source) -> _Look:
    if source.descriptor is None:
        return ()  # it is far away, and there
    status = os.fstat(source.descriptor)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


async def _read(house: House, blob: Blob) -> None:
    """All of it, in a thread that ends with whoever waits. Raises as `Storage.verify`."""
    stop = threading.Event()

    def go_on(_more: int) -> None:
        if stop.is_set():
            raise Stopped

    try:
        await asyncio.to_thread(house.storage.verify, blob, go_on)
    finally:
        stop.set()
