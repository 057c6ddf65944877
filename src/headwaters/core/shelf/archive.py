"""`everything.zip`: an archive that exists only as a layout (PKWARE's APPNOTE 6.3.10).

Its members are stored, not packed, so their sizes and CRC-32 say where every byte of the archive will lie:
its length is exact before anything is read, any range of it maps onto headers and pieces of blobs, and
the same files give the same bytes for ever. Sizes, offsets and numbers that need ZIP64 get it.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import accumulate
from zlib import crc32

from headwaters.core.shelf.keys import unique_names

COLOPHON = "COLOPHON.txt"
SUMS = "SHA256SUMS"

_LIMIT_16 = 0xFFFF
_LIMIT_32 = 0xFFFFFFFF
_STORED_VERSION, _ZIP64_VERSION = 20, 45
_UNIX = 3 << 8  # made on: the attributes are a Unix mode
_MODE = 0o100644 << 16
_UTF8_NAME = 1 << 11
_EARLIEST, _LATEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file to put in: its bytes are the blob with this SHA-256 (64 hex digits)."""

    name: str
    sha256: str
    crc32: int
    size: int


@dataclass(frozen=True, slots=True)
class Piece:
    """`length` bytes from `offset` of the blob with this SHA-256."""

    blob: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Archive:
    """The layout. `names` are the members' in order, as they came to be in the archive."""

    size: int
    etag: str  # strong, quotes included: it hangs on every byte
    names: tuple[str, ...]
    _parts: tuple[bytes | Piece, ...]
    _starts: tuple[int, ...]

    @property
    def blobs(self) -> tuple[str, ...]:
        """The SHA-256 of each blob in it, in order."""
        return tuple(part.blob for part in self._parts if isinstance(part, Piece))

    def pieces(self, offset: int, length: int) -> Iterator[bytes | Piece]:
        """What makes up `length` bytes from `offset`, in order; parts outside are not looked at."""
        end = min(offset + length, self.size)
        number = max(bisect_right(self._starts, offset) - 1, 0)
        while number < len(self._parts) and (start := self._starts[number]) < end:
            part = self._parts[number]
            if cut := _cut(part, max(offset - start, 0), end - start):
                yield cut
            number += 1


@dataclass(frozen=True, slots=True)
class _Member:
    """One entry: what stands in both headers, and its bytes as they are or by their blob."""

    name: bytes
    crc32: int
    size: int
    body: bytes | Piece


def sums(members: Iterable[tuple[str, str]]) -> bytes:
    """A SHA256SUMS file of (name, SHA-256), as `sha256sum --check` reads it."""
    return "".join(_sum(name, digest) for name, digest in members).encode()


def _sum(name: str, digest: str) -> str:
    """One line. A name that would break it is written out, which a backslash before the sum tells (coreutils)."""
    written = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{digest}  {name}\n" if written == name else f"\\{digest}  {written}\n"


def build_archive(colophon: str, files: Sequence[Stored], date: datetime) -> Archive:
    """The archive of `files` behind the colophon and the sums, every entry dated `date` (UTC)."""
    text = colophon.encode()
    names = unique_names([COLOPHON, SUMS, *(file.name for file in files)])
    digests = [sha256(text).hexdigest(), *(file.sha256 for file in files)]
    listed = sums(zip((names[0], *names[2:]), digests, strict=True))
    stored = (
        _Member(name.encode(), file.crc32, file.size, Piece(file.sha256, 0, file.size))
        for name, file in zip(names[2:], files, strict=True)
    )
    members = (_made(names[0], text), _made(names[1], listed), *stored)
    parts = tuple(part for part in _lay_out(members, _dos_time(date)) if _length(part))
    starts = tuple(accumulate(map(_length, parts), initial=0))
    return Archive(starts[-1], _etag(parts), names, parts, starts[:-1])


def _made(name: str, body: bytes) -> _Member:
    return _Member(name.encode(), crc32(body), len(body), body)


def _length(part: bytes | Piece) -> int:
    return part.length if isinstance(part, Piece) else len(part)


def _cut(part: bytes | Piece, start: int, end: int) -> bytes | Piece | None:
    """The part from `start` up to `end`; None for nothing."""
    length = min(end, _length(part)) - start
    if length <= 0:
        return None
    return Piece(part.blob, part.offset + start, length) if isinstance(part, Piece) else part[start : start + length]


def _etag(parts: Sequence[bytes | Piece]) -> str:
    """From what the archive says of itself: names, dates, sizes and sums are in the bytes, contents by their hash."""
    whole = sha256()
    for part in parts:
        whole.update(f"{part.blob} {part.length}\n".encode() if isinstance(part, Piece) else part)
    return f'"{whole.hexdigest()[:32]}"'


# ── the format ───────────────────────────────────────────────────────────────────────────────────


def _dos_time(moment: datetime) -> tuple[int, int]:
    """(time, date) as ZIP keeps them: two-second steps from 1980 to 2107."""
    at = min(max(moment.astimezone(UTC), _EARLIEST), _LATEST)
    return at.hour << 11 | at.minute << 5 | at.second >> 1, at.year - 1980 << 9 | at.month << 5 | at.day


def _lay_out(members: Iterable[_Member], stamp: tuple[int, int]) -> Iterator[bytes | Piece]:
    directory: list[bytes] = []
    offset = 0
    for member in members:
        header = _local_header(member, stamp)
        yield header
        yield member.body
        directory.append(_central_header(member, stamp, offset))
        offset += len(header) + member.size
    central = b"".join(directory)
    yield central
    yield _end(len(directory), len(central), offset)


def _extra(*values: int) -> bytes:
    """The ZIP64 extra field with these 8-byte values; nothing for none."""
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""


def _local_header(member: _Member, stamp: tuple[int, int]) -> bytes:
    big = member.size >= _LIMIT_32
    extra = _extra(member.size, member.size) if big else b""
    size = _LIMIT_32 if big else member.size
    version = _ZIP64_VERSION if big else _STORED_VERSION
    fixed = _LOCAL.pack(
        b"PK\3\4", version, _UTF8_NAME, 0, *stamp, member.crc32, size, size, len(member.name), len(extra)
    )
    return fixed + member.name + extra


def _central_header(member: _Member, stamp: tuple[int, int], offset: int) -> bytes:
    big, far = member.size >= _LIMIT_32, offset >= _LIMIT_32
    extra = _extra(*((member.size, member.size) if big else ()), *((offset,) if far else ()))
    size = _LIMIT_32 if big else member.size
    version = _ZIP64_VERSION if extra else _STORED_VERSION
    fixed = _CENTRAL.pack(
        b"PK\1\2",
        _UNIX | version,
        version,
        _UTF8_NAME,
        0,
        *stamp,
        member.crc32,
        size,
        size,
        len(member.name),
        len(extra),
        0,
        0,
        0,
        _MODE,
        _LIMIT_32 if far else offset,
    )
    return fixed + member.name + extra


def _end(count: int, size: int, offset: int) -> bytes:
    """The end records for a central directory of `count` entries and `size` bytes at `offset`."""
    plain = _END.pack(
        b"PK\5\6",
        0,
        0,
        min(count, _LIMIT_16),
        min(count, _LIMIT_16),
        min(size, _LIMIT_32),
        min(offset, _LIMIT_32),
        0,
    )
    if count < _LIMIT_16 and size < _LIMIT_32 and offset < _LIMIT_32:
        return plain
    versions = (_UNIX | _ZIP64_VERSION, _ZIP64_VERSION)
    end_64 = _END_64.pack(b"PK\6\6", _END_64.size - 12, *versions, 0, 0, count, count, size, offset)
    return end_64 + _LOCATOR.pack(b"PK\6\7", 0, offset + size, 1) + plain
