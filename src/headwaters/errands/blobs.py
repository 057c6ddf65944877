"""Between a kept blob as the storage speaks of it and as the database keeps it."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from headwaters.ports import Blob, Keep, Witness
from headwaters.store.works import BlobRow


class KeptRow(Protocol):
    """What any row says of a blob; inode and times are a hard link's witness, a date alone is a copy's."""

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
    @property
    def place(self) -> str: ...
    @property
    def tag(self) -> str: ...
    @property
    def fault(self) -> str: ...


def blob_of(row: KeptRow) -> Blob:
    """The blob that a row speaks of."""
    witness = None
    if row.inode is not None and row.mtime_ns is not None and row.ctime_ns is not None:
        witness = Witness(row.inode, row.size, row.mtime_ns, row.ctime_ns)
    date = row.mtime_ns if witness is None else None
    return Blob(row.sha256, row.crc32, row.size, Keep(row.keep), witness, row.place, row.tag, row.fault, date)


def row_of(blob: Blob) -> BlobRow:
    """The row that a blob becomes."""
    row = BlobRow(blob.sha256, blob.crc32, blob.size, blob.keep.value, place=blob.place, tag=blob.tag, fault=blob.fault)
    if (seen := blob.witness) is None:
        return replace(row, mtime_ns=blob.mtime_ns)
    return replace(row, inode=seen.inode, mtime_ns=seen.mtime_ns, ctime_ns=seen.ctime_ns)
