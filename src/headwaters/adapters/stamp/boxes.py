"""Boxes of ISO base media (ISO 14496-12): MP4, QuickTime, HEIC and AVIF are made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from headwaters.adapters.stamp.base import BROKEN, LeftAlone, exactly, hash_range, size_of

_HOLDERS = frozenset([b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta"])
_MOST_BOXES = 2_000_000
_MAY_CHANGE = frozenset([b"moov", b"free", b"skip"])
_SAME = frozenset([b"mvhd", b"trak", b"iods", b"mvex"])


@dataclass(frozen=True, slots=True)
class Box:
    """One box; `body` behind its header."""

    kind: bytes
    at: int
    body: int
    end: int


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Those from `start` to `end`, one after the other. Raises LeftAlone where they do not fit."""
    at, count = start, 0
    while at + 8 <= end:
        file.seek(at)
        head = exactly(file, 8)
        length, kind, body = int.from_bytes(head[:4]), head[4:], at + 8
        if length == 1:
            length, body = int.from_bytes(exactly(file, 8)), at + 16
        elif length == 0:
            length = end - at
        count += 1
        if length < body - at or at + length > end or count > _MOST_BOXES:
            raise LeftAlone(BROKEN)
        yield Box(kind, at, body, at + length)
        at += length


def top_boxes(file: BinaryIO, first: frozenset[bytes] = frozenset([b"ftyp"])) -> list[Box]:
    """Of a whole file, which begins with one of `first`."""
    found = list(boxes(file, 0, size_of(file)))
    if not found or found[0].kind not in first or found[-1].end != size_of(file):
        raise LeftAlone(BROKEN)
    return found


def inside(file: BinaryIO, box: Box) -> list[Box]:
    """Those in a box."""
    return list(boxes(file, box.body, box.end))


def film_essence(file: BinaryIO, top: Sequence[Box]) -> object:
    """Every byte of sound and picture, how the tracks are described, and at which of those bytes they point."""
    data = [(one.kind, hash_range(file, one.body, one.end)) for one in top if one.kind not in _MAY_CHANGE]
    moov = next(one for one in top if one.kind == b"moov")
    places = [(one.body, one.end) for one in top if one.kind == b"mdat"]
    return data, [_described(file, one, places) for one in inside(file, moov) if one.kind in _SAME]


def _described(file: BinaryIO, box: Box, places: Sequence[tuple[int, int]]) -> object:
    """A box as it must stay: tables of places by what they point at, all others byte by byte."""
    if box.kind in _HOLDERS and box.kind != b"udta":
        return box.kind, [_described(file, one, places) for one in inside(file, box)]
    if box.kind in (b"stco", b"co64"):
        return b"places", _pointed(file, box, places)
    return box.kind, hash_range(file, box.body, box.end)


def _pointed(file: BinaryIO, box: Box, places: Sequence[tuple[int, int]]) -> object:
    """Each offset as (which box of data, how far into it), hashed."""
    width = 4 if box.kind == b"stco" else 8
    file.seek(box.body + 4)
    count = int.from_bytes(exactly(file, 4))
    if box.body + 8 + count * width > box.end:
        raise LeftAlone(BROKEN)
    table, digest, last = exactly(file, count * width), sha256(), 0
    for at in range(0, len(table), width):
        offset = int.from_bytes(table[at : at + width])
        if not places[last][0] <= offset < places[last][1]:
            last = next((place for place, (start, end) in enumerate(places) if start <= offset < end), -1)
            if last < 0:
                raise LeftAlone(BROKEN)
        digest.update(last.to_bytes(4) + (offset - places[last][0]).to_bytes(8))
    return count, digest.hexdigest()
