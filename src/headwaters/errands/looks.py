"""Whether a kept file still looks as it did when all of it was read last.

    opened first by this process ─► it has the date of its row, or its row has none ─► remembered, sent
    opened again ─► it looks as remembered, or has got the date of its row by now ─► sent
    any other look ─► all of it read ─► whole: remembered, its date noted in its row, sent
                                     └─► changed: not sent, and not read again for a while unless it looks otherwise

Its size is looked at by the storage each time, and a link has its witness. A copy is never written to again, and one
that is kept once more keeps its date (see the storage), so that a date tells also what was written to while no process
ran. Not which file it is: a backup that kept the dates needs no reading. What was changed under somebody's running
download, or was given its date back, the nightly check finds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import NamedTuple

from headwaters.actions import storage as verbs
from headwaters.core.errors import Code, HeadwatersError, Unavailable
from headwaters.errands.blobs import row_of
from headwaters.errands.house import House
from headwaters.errands.memory import Memory
from headwaters.ports import Blob, Source, Storage

ODD = 60.0  # seconds until what was found changed is worth reading again, where it looks the same
MOST = 65_536  # files of which it is remembered how they looked

Note = Callable[[Blob, int], Awaitable[None]]


class _Look(NamedTuple):
    """What tells one file from another."""

    device: int
    inode: int
    mtime_ns: int


def _look(source: Source) -> _Look | None:
    """None where it is far away: its store tells by a tag."""
    if source.descriptor is None:
        return None
    status = os.fstat(source.descriptor)
    return _Look(status.st_dev, status.st_ino, status.st_mtime_ns)


def _stamp(source: Source) -> tuple[int, ...]:
    """All that tells that it was touched; it changes also where the bytes do not."""
    if source.descriptor is None:
        return ()
    status = os.fstat(source.descriptor)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


async def note_date(house: House, blob: Blob, mtime_ns: int) -> None:
    """`blob` was found whole with that date: no other process has to read it. Where that cannot be noted, they do."""
    with suppress(HeadwatersError):
        await house.db.write(lambda conn: verbs.note_date(conn, row_of(blob), mtime_ns))


class Looks:
    """What one process has seen. `note`: told the date of what was read and is whole."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._seen: Memory[_Look] = Memory(MOST)
        self._lock = Lock()  # large archives are looked at in a thread
        self._reading: dict[object, asyncio.Task[None]] = {}

    def is_as_seen(self, blob: Blob, source: Source) -> bool:
        """Whether `source` looks as it did when it was read last, here or, by its date, elsewhere."""
        look = _look(source)
        if blob.witness is not None or look is None:
            return True
        seen = self._seen.get(blob.sha256)
        if look == seen:
            return True
        if seen is None:
            good = blob.mtime_ns is None or blob.mtime_ns == look.mtime_ns
        else:
            good = seen.mtime_ns != look.mtime_ns == blob.mtime_ns
        if good:
            self._remember(blob, look)
        return good

    def _remember(self, blob: Blob, look: _Look) -> None:
        with self._lock:
            self._seen.remember(blob.sha256, look)

    async def look_again(self, storage: Storage, blob: Blob) -> None:
        """Read all of it: once, however many wait, and while it stays as it is not again for a while where it is not
        what it was. Raises as `Storage.verify`."""
        with storage.open(blob) as source:
            key = blob.sha256, _stamp(source)
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.create_task(self._read(storage, blob))
            reading.add_done_callback(partial(self._forget, key))
        await asyncio.shield(reading)

    async def _read(self, storage: Storage, blob: Blob) -> None:
        with storage.open(blob) as source:
            look = _look(source)
        await asyncio.to_thread(storage.verify, blob)
        if look is not None:
            self._remember(blob, look)
            await self._note(blob, look.mtime_ns)

    def _forget(self, key: object, done: asyncio.Task[None]) -> None:
        odd = not done.cancelled() and done.exception() is not None
        asyncio.get_running_loop().call_later(ODD if odd else 0, self._reading.pop, key, None)


def is_changed(error: Unavailable) -> bool:
    """Whether reading it whole may say otherwise."""
    return error.code is Code.BLOB_CHANGED
