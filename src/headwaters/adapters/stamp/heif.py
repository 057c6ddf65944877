"""HEIC and AVIF (ISO 23008-12): Exif and XMP are items, whose places the box `meta` lists. They are blanked where they
are, and no byte outside of them changes. No colophon goes in, as that would move what is behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from headwaters.adapters.stamp.base import BROKEN, TOO_LARGE, LeftAlone, copy_file, exactly, hash_range, size_of
from headwaters.adapters.stamp.boxes import Box, boxes, top_boxes
from headwaters.adapters.stamp.exif import Exif
from headwaters.adapters.stamp.xmp import MOST_BYTES, Packet, blanked
from headwaters.core.works.stamps import Facts, Field, Finding, Kind

_MOST_LIST = 1 << 20  # bytes of a list of items
_MOST_ITEMS = 65_536
_EXIF, _XMP = b"Exif", b"mime"
_RDF = b"application/rdf+xml"


@dataclass(frozen=True, slots=True)
class _Item:
    """Words about the picture: bytes `start` to `end` of the file, of which `begin` stand before the block."""

    kind: bytes
    start: int
    end: int
    body: bytes
    begin: int = 0

    @property
    def is_scattered(self) -> bool:
        """In pieces, or in another file: it is not read."""
        return self.end == 0


class HeifFormat:
    """HEIC, HEIF and AVIF files."""

    def open(self, path: Path) -> HeifDocument:
        """See base.Format."""
        return HeifDocument(path)

    def essence(self, path: Path) -> object:
        """Every byte that is not in an item of words."""
        with path.open("rb") as file:
            at, hashes = 0, []
            for one in sorted(_items(file), key=lambda item: item.start):
                hashes.append(hash_range(file, at, max(at, one.start)))
                at = max(at, one.end)
            return *hashes, hash_range(file, at, size_of(file)), at


class HeifDocument:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            self._items = list(_items(file))

    def fields(self, facts: Facts) -> list[Field]:
        """None."""
        return []

    def findings(self) -> list[Finding]:
        """See base.Document."""
        found = []
        for one in self._items:
            if one.is_scattered:
                found.append(Finding(Kind.HIDDEN, "HEIF item", one.kind.decode("latin-1"), removable=False))
            found += Exif(one.body).findings() if one.kind == _EXIF else Packet(one.body).findings()
        return found

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        copy_file(self._path, target)
        with target.open("r+b") as copy:
            for one in self._items:
                if one.is_scattered:
                    continue
                if one.kind == _EXIF:
                    block = Exif(one.body)
                    block.drop(drop)
                    data = block.data
                else:
                    data = blanked(one.body, drop)
                copy.seek(one.start + one.begin)
                copy.write(data)


# ── where they are ───────────────────────────────────────────────────────────────────────────────


def _items(file: BinaryIO) -> Iterator[_Item]:
    """Exif and XMP. Raises LeftAlone for lists that do not fit."""
    meta = next((one for one in top_boxes(file) if one.kind == b"meta"), None)
    if meta is None:
        raise LeftAlone(BROKEN)
    parts = {one.kind: one for one in boxes(file, meta.body + 4, meta.end)}
    if b"iinf" not in parts or b"iloc" not in parts:
        return
    kinds = dict(_kinds(file, parts[b"iinf"]))
    idat = parts.get(b"idat")
    for number, start, length in _places(_list(file, parts[b"iloc"]), idat.body if idat else None):
        if (kind := kinds.get(number)) is None:
            continue
        if start < 0:
            yield _Item(kind, 0, 0, b"")
            continue
        if length > MOST_BYTES:
            raise LeftAlone(TOO_LARGE)
        if length <= 0 or start + length > size_of(file):
            raise LeftAlone(BROKEN)
        file.seek(start)
        body = exactly(file, length)
        begin = 0
        if kind == _EXIF:  # four bytes say where the block begins behind them
            begin = 4 + int.from_bytes(body[:4])
            begin += 6 if body[begin : begin + 6] == b"Exif\0\0" else 0
        yield _Item(kind, start, start + length, body[begin:], begin)


def _list(file: BinaryIO, box: Box) -> bytes:
    if box.end - box.body > _MOST_LIST:
        raise LeftAlone(TOO_LARGE)
    file.seek(box.body)
    return exactly(file, box.end - box.body)


def _kinds(file: BinaryIO, iinf: Box) -> Iterator[tuple[int, bytes]]:
    """Numbers of the items that hold words, by version 2 and 3 of their entries."""
    begin = iinf.body + (6 if _list(file, iinf)[:1] == b"\0" else 8)
    for one in boxes(file, begin, iinf.end):
        data = _list(file, one)
        wide = 4 if data[:1] == b"\3" else 2
        kind, rest = data[4 + wide + 2 : 4 + wide + 6], data[4 + wide + 6 :]
        if one.kind != b"infe" or data[:1] not in (b"\2", b"\3"):
            continue
        if kind == _EXIF or (kind == _XMP and _RDF in rest):
            yield int.from_bytes(data[4 : 4 + wide]), kind


class _Reader:
    """Numbers out of bytes, one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def __call__(self, width: int) -> int:
        if self._at + width > len(self._data):
            raise LeftAlone(BROKEN)
        self._at += width
        return int.from_bytes(self._data[self._at - width : self._at])


def _places(iloc: bytes, idat: int | None) -> Iterator[tuple[int, int, int]]:
    """(item, where it begins in the file, how long it is); -1 for what is in pieces (ISO 14496-12, 8.11.3)."""
    version, read = iloc[0], _Reader(iloc, 4)
    sizes = read(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    for _ in range(min(read(2 if version < 2 else 4), _MOST_ITEMS)):
        number = read(2 if version < 2 else 4)
        method = read(2) & 15 if version else 0
        read(2)  # which file it is in
        start, pieces = read(base), read(2)
        found = []
        for _ in range(pieces):
            if version:
                read(index)
            found.append((start + read(offset), read(length)))
        home = {0: 0, 1: idat}.get(method)
        if len(found) == 1 and home is not None:
            yield number, home + found[0][0], found[0][1]
        else:
            yield number, -1, 0
