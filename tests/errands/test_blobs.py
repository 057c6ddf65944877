"""A blob is the same after a night in the database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headwaters.errands.blobs import blob_of, row_of
from headwaters.ports import Blob, Keep, Witness


@pytest.mark.parametrize(
    "blob",
    [
        Blob("a" * 64, 7, 5),
        Blob("b" * 64, 0, 0, Keep.COPY),
        Blob("c" * 64, 0xFFFFFFFF, 1 << 40, Keep.LINK, Witness(inode=0, size=1 << 40, mtime_ns=-1, ctime_ns=2)),
    ],
)
def test_a_blob_comes_back_from_its_row_as_it_was(blob: Blob) -> None:
    assert blob_of(row_of(blob)) == blob
    assert blob_of(row_of(blob)).mtime_ns is None


def test_a_copy_keeps_its_date_and_is_the_same_blob_without() -> None:
    blob = Blob("d" * 64, 7, 5)
    dated = replace(blob, mtime_ns=1_790_000_000_123_456_789)
    row = row_of(dated)
    assert (row.inode, row.mtime_ns, row.ctime_ns) == (None, 1_790_000_000_123_456_789, None)
    assert (blob_of(row).mtime_ns, blob_of(row).witness) == (1_790_000_000_123_456_789, None)
    assert blob_of(row) == dated == blob
