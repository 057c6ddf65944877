"""Several storages as one: new bytes go to the first, kept ones are where their blob says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from headwaters.core.errors import N_, Code, Refused, Unavailable
from headwaters.core.works.faults import Fault
from headwaters.ports import Blob, Holding, Keep, Shared, Source

if TYPE_CHECKING:
    from headwaters.ports import Storage


def _quiet(_done: int) -> None:
    """A progress that nobody looks at."""


class StoragePlaces:
    """The Places port. What is known to be bad is never opened, but can be verified."""

    def __init__(self, storages: Mapping[str, Storage], first: str) -> None:
        self._storages = dict(storages)
        self.first = first

    @property
    def names(self) -> tuple[str, ...]:
        """See ports.Places."""
        return tuple(self._storages)

    def at(self, place: str) -> Storage:
        """See ports.Places."""
        if (storage := self._storages.get(place)) is None:
            raise Refused(
                Code.CONFIG_BROKEN,
                N_("The configuration says nothing about the storage “%(place)s”."),
                hint=N_("Files of this shop are there: put its part back into headwaters.toml."),
                place=place,
            )
        return storage

    def shared(self, place: str) -> Shared | None:
        """See ports.Places."""
        storage = self.at(place)
        return storage if isinstance(storage, Shared) else None

    def keep(self, path: Path, keep: Keep, progress: Callable[[int], None], known: str = "") -> Blob:
        """See ports.Storage."""
        return replace(self.at(self.first).keep(path, keep, progress, known), place=self.first)

    def keep_bytes(self, data: bytes) -> Blob:
        """See ports.Storage."""
        return replace(self.at(self.first).keep_bytes(data), place=self.first)

    def open(self, blob: Blob) -> Source:
        """See ports.Storage."""
        if blob.fault:
            raise Unavailable(
                Code.BLOB_CHANGED if blob.fault == Fault.CHANGED else Code.BLOB_MISSING,
                N_("A file of this shop is damaged, and is not sent until it is whole again."),
                hint=N_("Its creator was told. Nothing that you have is lost: come back in a while."),
            )
        return self._of(blob).open(blob)

    def verify(self, blob: Blob, progress: Callable[[int], None] = _quiet) -> str:
        """See ports.Storage."""
        return self._of(blob).verify(blob, progress)

    def glance(self, blob: Blob) -> str:
        """See ports.Storage."""
        return self._of(blob).glance(blob)

    def local_copy(self, blob: Blob) -> AbstractContextManager[Path]:
        """See ports.Storage."""
        return self._of(blob).local_copy(blob)

    def holdings(self) -> Iterator[Holding]:
        """See ports.Storage; of all of them."""
        for storage in self._storages.values():
            yield from storage.holdings()

    def remove(self, sha256: str, touched_before: datetime) -> bool:
        """See ports.Storage; from all of them."""
        gone = [storage.remove(sha256, touched_before) for storage in self._storages.values()]
        return any(gone)

    def sweep(self, older_than: datetime) -> int:
        """See ports.Storage. One that does not answer keeps the others from nothing."""
        count = 0
        with ExitStack() as later:
            for storage in self._storages.values():
                try:
                    count += storage.sweep(older_than)
                except Unavailable as error:
                    later.callback(_raise, error)
        return count

    async def address(self, blob: Blob, name: str, media_type: str, method: str = "GET") -> str | None:
        """See ports.Storage."""
        return None if blob.fault else await self._of(blob).address(blob, name, media_type, method)

    async def look(self) -> None:
        """See ports.Storage; at all of them."""
        for storage in self._storages.values():
            await storage.look()

    def close(self) -> None:
        """See ports.Storage."""
        for storage in self._storages.values():
            storage.close()

    def _of(self, blob: Blob) -> Storage:
        """Raises Unavailable(STORAGE_DOWN): a reader can do nothing about a configuration."""
        if blob.place not in self._storages:
            raise Unavailable(
                Code.STORAGE_DOWN,
                N_("A file of this shop is out of reach right now."),
                hint=N_("“headwaters doctor” says why."),
            )
        return self._storages[blob.place]


def _raise(error: Exception) -> None:
    raise error
