"""What is remembered of how kept files looked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from headwaters.adapters.storage.local import LocalStorage
from headwaters.errands import looks
from headwaters.ports import Blob


async def unheard(_blob: Blob, _mtime_ns: int) -> None:
    """Nobody is told of a date."""


async def test_no_more_is_remembered_than_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "MOST", 3)
    storage, seen = LocalStorage(tmp_path / "files"), looks.Looks(unheard)
    undated = [replace(storage.keep_bytes(f"page {n}".encode()), mtime_ns=None) for n in range(5)]
    for blob in undated:
        with storage.open(blob) as source:
            assert seen.is_as_seen(blob, source)
    assert list(seen._seen) == [blob.sha256 for blob in undated[2:]]
    for blob, is_as_seen in zip((undated[4], undated[0]), (False, True), strict=True):
        (path,) = (tmp_path / "files").rglob(blob.sha256)
        path.chmod(0o600)
        path.write_bytes(b"Page" + path.read_bytes()[4:])
        with storage.open(blob) as source:
            assert seen.is_as_seen(blob, source) is is_as_seen
