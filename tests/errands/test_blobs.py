"""A blob is the same after a night in the database."""

from __future__ import annotations

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
