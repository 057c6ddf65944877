"""EBML (RFC 8794): numbers, elements and empty room, as Matroska and WebM are made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from headwaters.adapters.stamp.base import BROKEN, LeftAlone, exactly

UNKNOWN = -1
VOID, CRC = 0xEC, 0xBF
_ROOM_OF_ONE_BYTE = 128  # the largest Void whose length is one byte


@dataclass(frozen=True, slots=True)
class Element:
    """One element: where it begins, where its content does, and where it ends. `length` may be UNKNOWN."""

    kind: int
    at: int
    body: int
    length: int

    @property
    def end(self) -> int:
        """Behind its content."""
        return self.body + self.length


def width_of(first: int) -> int:
    """Bytes of a number, by its first one. Raises LeftAlone."""
    if not first:
        raise LeftAlone(BROKEN)
    return 9 - first.bit_length()


def read_element(file: BinaryIO, at: int) -> Element:
    """The element that begins at `at`. Raises LeftAlone."""
    file.seek(at)
    head = file.read(12)
    if not head or width_of(head[0]) > 4:
        raise LeftAlone(BROKEN)
    own = width_of(head[0])
    if len(head) <= own:
        raise LeftAlone(BROKEN)
    width = width_of(head[own])
    if len(head) < own + width:
        raise LeftAlone(BROKEN)
    length = int.from_bytes(head[own : own + width]) & ((1 << 7 * width) - 1)
    unknown = length == (1 << 7 * width) - 1
    return Element(int.from_bytes(head[:own]), at, at + own + width, UNKNOWN if unknown else length)


def parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(kind, content) of each element in a content. Raises LeftAlone."""
    at = 0
    while at < len(data):
        own = width_of(data[at])
        if own > 4 or at + own >= len(data):
            raise LeftAlone(BROKEN)
        width = width_of(data[at + own])
        length = int.from_bytes(data[at + own : at + own + width]) & ((1 << 7 * width) - 1)
        body = at + own + width
        if body + length > len(data):
            raise LeftAlone(BROKEN)
        yield int.from_bytes(data[at : at + own]), data[body : body + length]
        at = body + length


def element(kind: int, content: bytes) -> bytes:
    """An element, its length as short as it can be."""
    name = kind.to_bytes((kind.bit_length() + 7) // 8)
    width = next(width for width in range(1, 9) if len(content) < (1 << 7 * width) - 1)
    return name + number(len(content), width) + content


def number(value: int, width: int) -> bytes:
    """A length in `width` bytes. Raises LeftAlone where it does not fit."""
    if value >= (1 << 7 * width) - 1:
        raise LeftAlone(BROKEN)
    return (value | 1 << 7 * width).to_bytes(width)


def whole(value: int) -> bytes:
    """An unsigned integer as content."""
    return value.to_bytes(max((value.bit_length() + 7) // 8, 1))


def room(size: int) -> bytes:
    """An element of nothing, `size` bytes with its head; 1 byte is none."""
    if size == 0:
        return b""
    if size == 1:
        raise LeftAlone(BROKEN)
    if size <= _ROOM_OF_ONE_BYTE:
        return bytes((VOID,)) + number(size - 2, 1) + bytes(size - 2)
    return bytes((VOID,)) + number(size - 9, 8) + bytes(size - 9)


def content(file: BinaryIO, found: Element, most: int) -> bytes:
    """What is in it. Raises LeftAlone where that is more than `most`."""
    if not 0 <= found.length <= most:
        raise LeftAlone(BROKEN)
    file.seek(found.body)
    return exactly(file, found.length)
