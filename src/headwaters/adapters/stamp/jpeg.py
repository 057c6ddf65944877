"""JPEG (ITU-T T.81): its segments up to the first scan; XMP in an APP1 of its own (ISO 16684-3, 1.1.3)."""

from __future__ import annotations

import mmap
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from headwaters.adapters.stamp.base import APPENDED, BROKEN, TOO_LARGE, LeftAlone, copy_range
from headwaters.adapters.stamp.exif import Exif
from headwaters.adapters.stamp.iptc import PHOTOSHOP, photoshop_findings, without_photoshop
from headwaters.adapters.stamp.xmp import PICTURE, Packet
from headwaters.core.works.stamps import Facts, Field, Finding, Kind

_XMP, _EXIF = b"http://ns.adobe.com/xap/1.0/\0", b"Exif\0\0"
_APP0, _APP1, _APP2, _APP13, _COM, _SOS, _EOI = 0xE0, 0xE1, 0xE2, 0xED, 0xFE, 0xDA, 0xD9
_MOST = 65_533  # bytes of a segment without its marker and length
_MOST_SEGMENTS = 10_000
_MOST_FILE = 2 << 30
_NEXT = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)
_COMMENT = "JPEG comment"


@dataclass(frozen=True, slots=True)
class _Segment:
    """One marker with its bytes; `at`: where the marker begins, `end`: behind it."""

    kind: int
    at: int
    end: int
    body: bytes


class JpegFormat:
    """JPEG files."""

    def open(self, path: Path) -> JpegDocument:
        """See base.Format."""
        return JpegDocument(path)

    def essence(self, path: Path) -> object:
        """All of it but Exif, XMP, Photoshop's block and comments."""
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            segments, scan, end = _segments(data)
            digest = sha256()
            for one in segments:
                if one.kind not in {_APP1, _APP13, _COM}:
                    digest.update(data[one.at : one.end])
            with memoryview(data) as view:
                digest.update(view[scan:end])
            return digest.hexdigest()


class JpegDocument:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if len(data) > _MOST_FILE:
                raise LeftAlone(TOO_LARGE)
            self._segments, self._scan, self._end = _segments(data)
            if len(data) > self._end or any(self._is_multi(one) for one in self._segments):
                raise LeftAlone(APPENDED)
        found = self._with(_APP1, _XMP)
        self._packet = Packet(found[0].body[len(_XMP) :] if found else b"")

    @staticmethod
    def _is_multi(one: _Segment) -> bool:
        return one.kind == _APP2 and one.body.startswith(b"MPF\0")

    def _with(self, kind: int, start: bytes = b"") -> list[_Segment]:
        return [one for one in self._segments if one.kind == kind and one.body.startswith(start)]

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        blocks = self._with(_APP1, _EXIF)
        return self._packet.fields(facts, PICTURE, Exif(blocks[0].body[len(_EXIF) :]).meant() if blocks else None)

    def findings(self) -> list[Finding]:
        """See base.Document."""
        found: list[Finding] = []
        for one in self._with(_APP1, _EXIF):
            found += Exif(one.body[len(_EXIF) :]).findings(self._path.read_bytes())
        for one in self._with(_APP13, PHOTOSHOP):
            found += photoshop_findings(one.body[len(PHOTOSHOP) :])
        found += self._packet.findings()
        comments = [one.body.decode("utf-8", "replace") for one in self._with(_COM)]
        return found + [Finding(Kind.COMMENT, _COMMENT, text) for text in comments if text.strip("\0 \n")]

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        self._packet.put(fields)
        self._packet.drop(drop)
        body = _XMP + self._packet.data()
        if len(body) > _MOST:
            raise LeftAlone(TOO_LARGE)
        dropped = {one.where for one in drop}
        with self._path.open("rb") as source, target.open("wb") as copy:
            copy.write(b"\xff\xd8")
            ours = b"" if self._packet.is_new else _segment(_APP1, body)
            for one in self._segments:
                if ours and not (one.kind == _APP0 or (one.kind == _APP1 and not one.body.startswith(_XMP))):
                    copy.write(ours)
                    ours = b""
                if (one.kind == _APP1 and one.body.startswith(_XMP)) or (one.kind == _COM and _COMMENT in dropped):
                    continue
                if one.kind == _APP1 and one.body.startswith(_EXIF) and drop:
                    block = Exif(one.body[len(_EXIF) :])
                    block.drop(drop)
                    copy.write(_segment(_APP1, _EXIF + block.data))
                elif one.kind == _APP13 and one.body.startswith(PHOTOSHOP) and drop:
                    copy.write(_segment(_APP13, PHOTOSHOP + without_photoshop(one.body[len(PHOTOSHOP) :], dropped)))
                else:
                    copy_range(source, copy, one.at, one.end)
            copy.write(ours)
            copy_range(source, copy, self._scan, self._end)


def _segment(kind: int, body: bytes) -> bytes:
    return bytes((0xFF, kind)) + (len(body) + 2).to_bytes(2) + body


def _segments(data: mmap.mmap) -> tuple[list[_Segment], int, int]:
    """(segments before the first scan, where that begins, where the picture ends). Raises LeftAlone."""
    if data[:2] != b"\xff\xd8":
        raise LeftAlone(BROKEN)
    at = 2
    found: list[_Segment] = []
    while len(found) < _MOST_SEGMENTS:
        head = data[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0xFF, 0x00, 0x01) or 0xD0 <= head[1] <= 0xD9:
            raise LeftAlone(BROKEN)
        end = at + 2 + int.from_bytes(head[2:4])
        if end > len(data) or end < at + 4:
            raise LeftAlone(BROKEN)
        if head[1] == _SOS:
            return found, at, _picture_end(data, end)
        found.append(_Segment(head[1], at, end, data[at + 4 : end]))
        at = end
    raise LeftAlone(BROKEN)


def _picture_end(data: mmap.mmap, at: int) -> int:
    """Behind the mark of the end, past all scans and what stands between them."""
    while (found := _NEXT.search(data, at)) is not None:
        kind = found.group()[-1]
        if kind == _EOI:
            return found.end()
        length = int.from_bytes(data[found.end() : found.end() + 2])
        if length < 2:
            break
        at = found.end() + length
    raise LeftAlone(BROKEN)
