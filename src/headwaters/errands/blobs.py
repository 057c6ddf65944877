"""Between a kept blob as the storage speaks of it and as the database keeps it."""

from __future__ import annotations

from typing import Protocol

from headwaters.ports import Blob, Keep, Witness
from headwaters.store.works import BlobRow


class KeptRow(Protocol):
    """What any row says of a blob; the last three are a hard link's witness."""

    @property
    def sha256(self) -> str: ...
    @property
    def crc32(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def keep(self) -> str: ...
    @property
    def inode(self) -> int | None: ...
    @property
    def mtime_ns(self) -> int | None: ...
    @property
    def ctime_ns(self) -> int | None: ...


def blob_of(row: KeptRow) -> Blob:
    """The blob that a row speaks of."""
    witness = None
    if row.inode is not None and row.mtime_ns is not None and row.ctime_ns is not None:
        witness = Witness(row.inode, row.size, row.mtime_ns, row.ctime_ns)
    return Blob(row.sha256, row.crc32, row.size, Keep(row.keep), witness)


def row_of(blob: Blob) -> BlobRow:
    """The row that a blob becomes."""
    if (witness := blob.witness) is None:
        return BlobRow(blob.sha256, blob.crc32, blob.size, blob.keep.value)
    seen = (witness.inode, witness.mtime_ns, witness.ctime_ns)
    return BlobRow(blob.sha256, blob.crc32, blob.size, blob.keep.value, *seen)
