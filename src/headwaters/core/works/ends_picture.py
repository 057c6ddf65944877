"""Whether a photograph ends where its format says that it does; see `whole.py`.

Sources: ITU T.81 (JPEG), TIFF 6.0.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Read = Callable[[int, int], bytes]

_END = b"\xff\xd9"
_TAIL = 65_536
_PIECE = 1 << 20
_MOST_OF_SCAN = 64 << 20  # bytes that are looked through for a mark
_MOST_SEGMENTS = 2_000
_ALONE = frozenset([0x01, *range(0xD0, 0xD8)])  # markers that nothing belongs to


def jpeg(size: int, read: Read) -> bool:
    """Behind the picture's lines stands the mark of its end, be it in the middle of the file: telephones put a film
    behind it, cameras a smaller picture, and some nothing but zeros. A mark in its head is that of a preview."""
    lines = _lines_of(size, read)
    if lines is None:
        return True
    if lines >= size:
        return False
    if _END in read(max(lines, size - _TAIL), _TAIL):
        return True
    for at in range(lines, min(size, lines + _MOST_OF_SCAN), _PIECE):
        if _END in read(at, _PIECE + 1):
            return True
    return size > lines + _MOST_OF_SCAN


def _lines_of(size: int, read: Read) -> int | None:
    """Where the first lines begin; beyond the end where the file ends before; None where that cannot be told."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        head = read(at, 4)
        if head[:2] == _END:
            return None
        if len(head) < 4:
            return size
        kind = head[1]
        if head[0] != 0xFF or kind in {0x00, 0xD8}:
            return None
        if kind == 0xFF or kind in _ALONE:
            at += 1 if kind == 0xFF else 2
            continue
        length = int.from_bytes(head[2:4])
        if length < 2:
            return None
        at += 2 + length
        if kind == 0xDA or at > size:
            return at
    return None


# ── TIFF ─────────────────────────────────────────────────────────────────────────────────────────

_MOST_PAGES = 100
_MOST_ENTRIES = 4_096
_MOST_STRIPS = 65_536
_NUMBERS = {1: "B", 3: "H", 4: "I"}  # BYTE, SHORT, LONG
_WIDE, _HIGH, _BITS, _PACKED, _COLOURS, _SAMPLES = 256, 257, 258, 259, 262, 277
_PLACES = ((273, 279), (324, 325))  # strips, tiles: where they are, and how long
_PLAIN, _OLD_JPEG, _YCBCR = 1, 6, 6


@dataclass(frozen=True, slots=True)
class _Tiff:
    size: int
    read: Read
    order: Literal["little", "big"]

    def number(self, at: int, width: int) -> int:
        return int.from_bytes(self.read(at, width), self.order)


_Tags = dict[int, Sequence[int]]


def tiff(size: int, read: Read) -> bool:
    """Every page's list, and what it points to, lies within the file."""
    file = _Tiff(size, read, "little" if read(0, 2) == b"II" else "big")
    at = file.number(4, 4)
    for _ in range(_MOST_PAGES):
        if at < 8:
            return True
        count = file.number(at, 2)
        end = at + 2 + 12 * count
        if at + 2 > size or (count <= _MOST_ENTRIES and end > size):
            return False
        if count > _MOST_ENTRIES:
            return True
        tags = _tags(file, read(at + 2, 12 * count))
        if tags is None or not _page_is_there(size, tags):
            return False
        at = file.number(end, 4)
    return True


def _tags(file: _Tiff, entries: bytes) -> _Tags | None:
    """The numbers that matter; None where they are beyond the end."""
    found: _Tags = {}
    wanted = {_WIDE, _HIGH, _BITS, _PACKED, _COLOURS, _SAMPLES, *(tag for pair in _PLACES for tag in pair)}
    for entry in (entries[at : at + 12] for at in range(0, len(entries), 12)):
        tag, kind = (int.from_bytes(entry[at : at + 2], file.order) for at in (0, 2))
        count = int.from_bytes(entry[4:8], file.order)
        if tag not in wanted or kind not in _NUMBERS or not 0 < count <= _MOST_STRIPS:
            continue
        numbers = struct.Struct(f"{'<' if file.order == 'little' else '>'}{count}{_NUMBERS[kind]}")
        data, length = entry[8:], numbers.size
        if length > 4:
            place = int.from_bytes(data, file.order)
            if place + length > file.size:
                return None
            data = file.read(place, length)
        found[tag] = numbers.unpack(data[:length])
    return found


def _page_is_there(size: int, tags: _Tags) -> bool:
    packed = tags.get(_PACKED, [_PLAIN])[0]
    for places, lengths in _PLACES:
        parts = list(zip(tags.get(places, []), tags.get(lengths, []), strict=False))
        if any(length and place >= size for place, length in parts):
            return False
        if packed not in {_PLAIN, _OLD_JPEG} and any(place + length > size for place, length in parts):
            return False
    return packed != _PLAIN or _plain_end(tags) <= size


def _plain_end(tags: _Tags) -> int:
    """Where the dots of a page end at the earliest that is not packed: old programs say too much of their last strip.
    0 where that cannot be told: strips may be left out, or be there once for several."""
    places, lengths = ([*tags.get(strips, []), *tags.get(tiles, [])] for strips, tiles in zip(*_PLACES, strict=True))
    if not places or 0 in places or 0 in lengths or len(set(places)) < len(places):
        return 0
    samples, bits = tags.get(_SAMPLES, [1])[0], tags.get(_BITS, [1])
    if tags.get(_COLOURS, [0])[0] == _YCBCR:
        return 0
    depth = sum(bits) if len(bits) == samples else bits[0] * samples
    return min(places) + tags.get(_WIDE, [0])[0] * tags.get(_HIGH, [0])[0] * depth // 8
