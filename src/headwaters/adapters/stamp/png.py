"""PNG (ISO 15948) and its chunks; XMP in an iTXt named XML:com.adobe.xmp (ISO 16684-3, 1.1.5)."""

from __future__ import annotations

import zlib
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
    unpacked,
)
from headwaters.adapters.stamp.exif import Exif
from headwaters.adapters.stamp.xmp import MOST_BYTES, PICTURE, Packet
from headwaters.core.works.stamps import Facts, Field, Finding, Kind

_START = b"\x89PNG\r\n\x1a\n"
_XMP = b"XML:com.adobe.xmp\0"
_MOST_CHUNKS = 500_000
_MOST_META = 4 * MOST_BYTES  # of all chunks of words together
_LONGEST_WORDS = 10_000  # characters of a chunk that are kept, however many it comes to
_WORDS = (b"tEXt", b"zTXt", b"iTXt")
_META = frozenset([*_WORDS, b"eXIf", b"tIME"])
_TELLING = {
    **dict.fromkeys(("Comment", "Description"), Kind.COMMENT),
    **dict.fromkeys(("Raw profile type exif", "Raw profile type APP1", "Raw profile type iptc"), Kind.HIDDEN),
    **dict.fromkeys(("Thumb::URI", "svg:base-uri"), Kind.PATH),
    **dict.fromkeys(("parameters", "prompt", "workflow"), Kind.HISTORY),  # what makes pictures from words leaves these
}


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One chunk; `at` its start, `end` behind its checksum. `body` only of small ones that hold words."""

    kind: bytes
    at: int
    end: int
    body: bytes

    @property
    def word(self) -> str:
        return self.body.partition(b"\0")[0].decode("latin-1") if self.kind in _WORDS else ""

    @property
    def is_xmp(self) -> bool:
        return self.kind == b"iTXt" and self.body.startswith(_XMP)


class PngFormat:
    """PNG files, also animated ones."""

    def open(self, path: Path) -> PngDocument:
        """See base.Format."""
        return PngDocument(path)

    def essence(self, path: Path) -> object:
        """All chunks but those of words, Exif and the time of a change."""
        chunks = _chunks(path)
        with path.open("rb") as file:
            return [(one.kind, hash_range(file, one.at, one.end)) for one in chunks if one.kind not in _META]


class PngDocument:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._chunks = _chunks(path)
        found = [one for one in self._chunks if one.is_xmp]
        self._packet = Packet(_itxt(found[0].body) if found else b"")

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        blocks = [one.body for one in self._chunks if one.kind == b"eXIf"]
        return self._packet.fields(facts, PICTURE, Exif(blocks[0]).meant() if blocks else None)

    def findings(self) -> list[Finding]:
        """See base.Document."""
        found = self._packet.findings()
        for one in self._chunks:
            if one.kind == b"eXIf":
                found += Exif(one.body).findings()
            elif (kind := _TELLING.get(one.word)) is not None:
                found.append(Finding(kind, f"PNG {one.word}", _words(one)[:_LONGEST_WORDS]))
        return found

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        self._packet.put(fields)
        self._packet.drop(drop)
        dropped = {one.where for one in drop}
        ours = b"" if self._packet.is_new else _chunk(b"iTXt", _XMP + b"\0\0\0\0" + self._packet.data())
        with self._path.open("rb") as source, target.open("wb") as copy:
            copy.write(_START)
            for one in self._chunks:
                if ours and one.kind != b"IHDR":
                    copy.write(ours)
                    ours = b""
                if one.is_xmp or (one.word and f"PNG {one.word}" in dropped):
                    continue
                if one.kind == b"eXIf" and drop:
                    block = Exif(one.body)
                    block.drop(drop)
                    copy.write(_chunk(b"eXIf", block.data))
                else:
                    copy_range(source, copy, one.at, one.end)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def _chunks(path: Path) -> list[_Chunk]:
    """All chunks to the last. Raises LeftAlone, also where something stands behind it."""
    found: list[_Chunk] = []
    with path.open("rb") as file:
        size = size_of(file)
        if file.read(8) != _START:
            raise LeftAlone(BROKEN)
        at, meta = 8, 0
        while len(found) < _MOST_CHUNKS:
            head = exactly(file, 8)
            length, kind = int.from_bytes(head[:4]), head[4:]
            end = at + 12 + length
            if end > size or not kind.isalpha() or (not found) != (kind == b"IHDR"):
                raise LeftAlone(BROKEN)
            meta += length if kind in _META else 0
            if kind in _META and (length > MOST_BYTES or meta > _MOST_META):
                raise LeftAlone(TOO_LARGE)
            found.append(_Chunk(kind, at, end, exactly(file, length) if kind in _META else b""))
            if kind == b"IEND":
                if end < size:
                    raise LeftAlone(APPENDED)
                return found
            at = end
            file.seek(at)
    raise LeftAlone(BROKEN)


def _itxt(body: bytes) -> bytes:
    """The text of an iTXt: behind its keyword come two flags, a language and a translated keyword."""
    _, _, rest = body.partition(b"\0")
    packed, rest = rest[:1] == b"\1", rest[2:]
    for _ in range(2):
        _, _, rest = rest.partition(b"\0")
    return unpacked(rest) if packed else rest


def _words(one: _Chunk) -> str:
    rest = one.body.partition(b"\0")[2]
    if one.kind == b"iTXt":
        return _itxt(one.body).decode("utf-8", "replace")
    return (unpacked(rest[1:]) if one.kind == b"zTXt" else rest).decode("latin-1")
