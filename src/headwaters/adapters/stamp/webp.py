"""WebP (RFC 9649): RIFF chunks, with XMP and Exif behind the picture, and the extended header that announces them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headwaters.adapters.stamp.base import (
    APPENDED,
    BROKEN,
    TOO_LARGE,
    LeftAlone,
    copy_range,
    exactly,
    hash_range,
    size_of,
)
from headwaters.adapters.stamp.exif import Exif
from headwaters.adapters.stamp.xmp import MOST_BYTES, PICTURE, Packet
from headwaters.core.works.stamps import Facts, Field, Finding

_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10
_MOST_CHUNKS = 200_000
_SMALL = (b"XMP ", b"EXIF", b"VP8X")


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One chunk with its padding; `body` only of those that hold no picture."""

    kind: bytes
    at: int
    end: int
    length: int
    body: bytes


class WebpFormat:
    """WebP files, also animated ones."""

    def open(self, path: Path) -> WebpDocument:
        """See base.Format."""
        return WebpDocument(path)

    def essence(self, path: Path) -> object:
        """All chunks but Exif, XMP and the header that announces them."""
        with path.open("rb") as file:
            chunks = [one for one in _chunks(path) if one.kind not in _SMALL]
            return [(one.kind, hash_range(file, one.at, one.end)) for one in chunks]


class WebpDocument:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._chunks = _chunks(path)
        self._packet = Packet(next((one.body for one in self._chunks if one.kind == b"XMP "), b""))

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        return self._packet.fields(facts, PICTURE)

    def findings(self) -> list[Finding]:
        """See base.Document."""
        blocks = [one.body.removeprefix(b"Exif\0\0") for one in self._chunks if one.kind == b"EXIF"]
        return [*(found for block in blocks for found in Exif(block).findings()), *self._packet.findings()]

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        self._packet.put(fields)
        self._packet.drop(drop)
        if self._packet.is_new:
            header, ours = b"".join(_chunk(one.kind, one.body) for one in self._chunks if one.kind == b"VP8X"), b""
        else:
            header, ours = self._header(), _chunk(b"XMP ", self._packet.data())
        with self._path.open("rb") as source, target.open("wb") as copy:
            copy.write(b"RIFF\0\0\0\0WEBP" + header)
            for one in self._chunks:
                if one.kind in (b"VP8X", b"XMP "):
                    continue
                if one.kind == b"EXIF" and drop:
                    start = b"Exif\0\0" if one.body.startswith(b"Exif\0\0") else b""
                    block = Exif(one.body[len(start) :])
                    block.drop(drop)
                    copy.write(_chunk(b"EXIF", start + block.data))
                else:
                    copy_range(source, copy, one.at, one.end)
            copy.write(ours)
            size = copy.tell() - 8
            if size > 0xFFFF_FFFE:
                raise LeftAlone(TOO_LARGE)
            copy.seek(4)
            copy.write(size.to_bytes(4, "little"))

    def _header(self) -> bytes:
        """The extended header, with XMP announced."""
        found = next((one.body for one in self._chunks if one.kind == b"VP8X"), None)
        if found is not None:
            if len(found) < 10:
                raise LeftAlone(BROKEN)
            return _chunk(b"VP8X", bytes((found[0] | _XMP_FLAG,)) + found[1:])
        width, height, alpha = self._canvas()
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        return _chunk(b"VP8X", bytes((_XMP_FLAG | (_ALPHA_FLAG if alpha else 0), 0, 0, 0)) + sides)

    def _canvas(self) -> tuple[int, int, bool]:
        """Width, height and whether it can be seen through, by the picture's own header (RFC 6386, RFC 9649)."""
        first = self._chunks[0]
        with self._path.open("rb") as file:
            file.seek(first.at + 8)
            head = exactly(file, min(10, first.length))
        if first.kind == b"VP8L" and len(head) >= 5 and head[0] == 0x2F:
            bits = int.from_bytes(head[1:5], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
        if first.kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
            width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (6, 8))
            if width and height:
                return width, height, False
        raise LeftAlone(BROKEN)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def _chunks(path: Path) -> list[_Chunk]:
    found: list[_Chunk] = []
    with path.open("rb") as file:
        size = size_of(file)
        head = exactly(file, 12)
        whole = int.from_bytes(head[4:8], "little") + 8
        if head[:4] != b"RIFF" or head[8:] != b"WEBP" or whole > size:
            raise LeftAlone(BROKEN)
        if whole < size:
            raise LeftAlone(APPENDED)
        at = 12
        while at < whole:
            file.seek(at)
            kind = exactly(file, 4)
            length = int.from_bytes(exactly(file, 4), "little")
            end = at + 8 + length + length % 2
            if end > whole or len(found) >= _MOST_CHUNKS:
                raise LeftAlone(BROKEN)
            if kind in _SMALL and length > MOST_BYTES:
                raise LeftAlone(TOO_LARGE)
            found.append(_Chunk(kind, at, end, length, exactly(file, length) if kind in _SMALL else b""))
            at = end
    if not found:
        raise LeftAlone(BROKEN)
    return found
