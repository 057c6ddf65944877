"""Whether a kept file still looks as it did when this process opened it first.

Its size is looked at by the storage each time, and a link has its witness. A copy is never written to again; one whose
file was replaced or written to all the same is read whole before anybody gets another byte of it, as its date may have
changed alone. (A copy that is kept once more keeps its date: see the storage.) What was changed before this process
began, or under somebody's running download, the nightly check finds.
"""

from __future__ import annotations

import asyncio
import os

from headwaters.core.errors import Code, Unavailable
from headwaters.errands.memory import Memory
from headwaters.ports import Blob, Source, Storage

ODD = 60.0  # seconds until what was found changed is worth reading again
MOST = 65_536  # files of which it is remembered how they looked

_Look = tuple[int, int, int]


def _look(source: Source) -> _Look | None:
    if source.descriptor is None:
        return None
    status = os.fstat(source.descriptor)
    return status.st_dev, status.st_ino, status.st_mtime_ns


class Looks:
    """What one process has seen."""

    def __init__(self) -> None:
        self._seen: Memory[_Look | None] = Memory(MOST)
        self._reading: dict[str, asyncio.Task[None]] = {}

    def is_as_seen(self, blob: Blob, source: Source) -> bool:
        """Whether `source` looks as it did; what nobody saw before does."""
        look = _look(source)
        if blob.sha256 not in self._seen:
            self._seen.remember(blob.sha256, look)
        return blob.witness is not None or self._seen.get(blob.sha256) == look

    async def look_again(self, storage: Storage, blob: Blob) -> None:
        """Read all of it: once, however many wait, and not again for a while where it is not what it was. Raises as
        `Storage.verify`."""
        reading = self._reading.get(blob.sha256)
        if reading is None:
            reading = asyncio.create_task(self._read(storage, blob))
            self._reading[blob.sha256] = reading
            reading.add_done_callback(lambda done: self._forget(blob.sha256, done))
        await asyncio.shield(reading)

    async def _read(self, storage: Storage, blob: Blob) -> None:
        with storage.open(blob) as source:
            look = _look(source)
        await asyncio.to_thread(storage.verify, blob)
        self._seen.remember(blob.sha256, look)

    def _forget(self, sha256: str, done: asyncio.Task[None]) -> None:
        odd = not done.cancelled() and done.exception() is not None
        asyncio.get_running_loop().call_later(ODD if odd else 0, self._reading.pop, sha256, None)


def is_changed(error: Unavailable) -> bool:
    """Whether reading it whole may say otherwise."""
    return error.code is Code.BLOB_CHANGED
