"""ZIP (PKWARE's APPNOTE 6.3.10) without unpacking: where each member lies, and how one is put in or changed while all
others stay, packed as they are.

What is in any way unusual (ZIP64, several disks, something before, between or behind) is left alone: too many programs
read ZIPs, each in its own way.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from headwaters.adapters.stamp.base import (
    BROKEN,
    LOCKED,
    TOO_LARGE,
    LeftAlone,
    copy_range,
    exactly,
    hash_range,
    size_of,
)
from headwaters.core.errors import N_

UNUSUAL = N_("It is a ZIP of an unusual kind (very large, or with something before or behind it).")
_END = struct.Struct("<4s4H2IH")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_LONGEST_COMMENT = 0xFFFF
_MOST_MEMBERS = 60_000
_MOST_DIRECTORY = 32 << 20
_UTF8_NAME = 1 << 11
_UNIX = 3 << 8
_LINK, _KIND = 0o120000, 0o170000
_FIRST_DAY = 1 << 5 | 1  # 1980-01-01


@dataclass(frozen=True, slots=True)
class Member:
    """One entry: where its own header begins, and its line of the directory as it stands."""

    name: str
    flags: int
    method: int
    crc32: int
    packed: int
    size: int
    offset: int
    line: bytes
    is_link: bool

    @property
    def is_outside(self) -> bool:
        """Whether it would be unpacked somewhere else."""
        return self.name.startswith(("/", "\\")) or ".." in self.name.replace("\\", "/").split("/") or ":" in self.name


@dataclass(frozen=True, slots=True)
class Directory:
    """What a ZIP says of itself. `at`: where the list of its members begins."""

    members: tuple[Member, ...]
    at: int
    comment: bytes

    def find(self, name: str) -> Member | None:
        """The member of this name."""
        return next((one for one in self.members if one.name == name), None)


def read_directory(path: Path) -> Directory:
    """Raises LeftAlone."""
    with path.open("rb") as file:
        size = size_of(file)
        start = max(0, size - _END.size - _LONGEST_COMMENT)
        file.seek(start)
        tail = exactly(file, size - start)
        place = tail.rfind(b"PK\x05\x06")
        if place < 0 or place + _END.size > len(tail):
            raise LeftAlone(BROKEN)
        _, disk, first_disk, here, count, length, at, comment = _END.unpack_from(tail, place)
        own, end = start + place, start + place + _END.size + comment
        if (disk, first_disk) != (0, 0) or 0xFFFF in (here, count) or 0xFFFF_FFFF in (length, at):
            raise LeftAlone(UNUSUAL)
        if at + length != own or end != size or here != count:
            raise LeftAlone(UNUSUAL)
        if length > _MOST_DIRECTORY or count > _MOST_MEMBERS:
            raise LeftAlone(TOO_LARGE)
        file.seek(at)
        members = _members(exactly(file, length), count, at)
    return Directory(members, at, tail[place + _END.size :])


def _members(lines: bytes, count: int, end: int) -> tuple[Member, ...]:
    found, at = [], 0
    for _ in range(count):
        if at + _CENTRAL.size > len(lines):
            raise LeftAlone(BROKEN)
        kind, made, _, flags, method, _, _, crc, packed, size, name, extra, comment, disk, _, attributes, offset = (
            _CENTRAL.unpack_from(lines, at)
        )
        after = at + _CENTRAL.size + name + extra + comment
        if kind != b"PK\x01\x02" or after > len(lines):
            raise LeftAlone(BROKEN)
        if 0xFFFF_FFFF in (packed, size, offset) or disk:
            raise LeftAlone(UNUSUAL)
        if flags & 1:
            raise LeftAlone(LOCKED)
        text = lines[at + _CENTRAL.size : at + _CENTRAL.size + name].decode("utf-8" if flags & _UTF8_NAME else "cp437")
        link = made & 0xFF00 == _UNIX and (attributes >> 16) & _KIND == _LINK
        found.append(Member(text, flags, method, crc, packed, size, offset, lines[at:after], link))
        at = after
    if at != len(lines) or len({one.name for one in found}) < len(found):
        raise LeftAlone(BROKEN)
    ordered = sorted(one.offset for one in found)
    if ordered and (ordered[0] != 0 or len(set(ordered)) < len(ordered) or ordered[-1] >= end):
        raise LeftAlone(UNUSUAL)
    return tuple(found)


def _body_at(file: BinaryIO, member: Member) -> int:
    file.seek(member.offset)
    kind, *_, name, extra = _LOCAL.unpack(exactly(file, _LOCAL.size))
    if kind != b"PK\x03\x04":
        raise LeftAlone(BROKEN)
    return member.offset + _LOCAL.size + int(name) + int(extra)


def read_member(path: Path, member: Member, most: int) -> bytes:
    """Its bytes, unpacked and checked. Raises LeftAlone, also where there are more than `most`."""
    if member.size > most or member.packed > most:
        raise LeftAlone(TOO_LARGE)
    with path.open("rb") as file:
        file.seek(_body_at(file, member))
        data = exactly(file, member.packed)
    if member.method == zlib.DEFLATED:
        unpacker = zlib.decompressobj(-15)
        try:
            data = unpacker.decompress(data, most)
        except zlib.error:
            raise LeftAlone(BROKEN) from None
    elif member.method != 0:
        raise LeftAlone(UNUSUAL)
    if len(data) != member.size or zlib.crc32(data) != member.crc32:
        raise LeftAlone(BROKEN)
    return data


def essence(path: Path, besides: frozenset[str]) -> object:
    """All members as they are packed, but for those that may differ."""
    directory = read_directory(path)
    with path.open("rb") as file:
        found = []
        for one in directory.members:
            if one.name not in besides:
                start = _body_at(file, one)
                found.append((one.name, one.crc32, one.size, hash_range(file, start, start + one.packed)))
    return found


# ── written ──────────────────────────────────────────────────────────────────────────────────────


def append(source: Path, target: Path, directory: Directory, name: str, data: bytes) -> None:
    """A copy with one member more at its end. Every byte before the directory stays."""
    local, line = _headers(name, data, directory.at)
    with source.open("rb") as file, target.open("wb") as copy:
        copy_range(file, copy, 0, directory.at)
        copy.write(local + data)
        _finish(copy, [*(one.line for one in directory.members), line], directory.comment)


def replace(source: Path, target: Path, directory: Directory, changed: Mapping[str, bytes]) -> None:
    """A copy in which these members hold something else, stored; all others are as they were packed."""
    ordered = sorted(directory.members, key=lambda one: one.offset)
    ends = [*(one.offset for one in ordered[1:]), directory.at]
    lines: dict[str, bytes] = {}
    with source.open("rb") as file, target.open("wb") as copy:
        for one, end in zip(ordered, ends, strict=True):
            place = copy.tell()
            if one.name in changed:
                data = changed[one.name]
                local, lines[one.name] = _headers(one.name, data, place)
                copy.write(local + data)
            else:
                copy_range(file, copy, one.offset, end)
                lines[one.name] = one.line[:42] + place.to_bytes(4, "little") + one.line[46:]
        _finish(copy, [lines[one.name] for one in directory.members], directory.comment)


def _headers(name: str, data: bytes, at: int) -> tuple[bytes, bytes]:
    """(header, line of the directory) of a stored member, without a time of its own."""
    raw, crc, size = name.encode(), zlib.crc32(data), len(data)
    flags = 0 if raw.isascii() else _UTF8_NAME
    local = _LOCAL.pack(b"PK\x03\x04", 20, flags, 0, 0, _FIRST_DAY, crc, size, size, len(raw), 0)
    line = _CENTRAL.pack(
        *(b"PK\x01\x02", 20 | _UNIX, 20, flags, 0, 0, _FIRST_DAY, crc, size, size),
        *(len(raw), 0, 0, 0, 0, 0o100644 << 16, at),
    )
    return local + raw, line + raw


def _finish(copy: BinaryIO, lines: list[bytes], comment: bytes) -> None:
    at, listed = copy.tell(), b"".join(lines)
    if len(lines) >= 0xFFFF or at + len(listed) >= 0xFFFF_FFFF:
        raise LeftAlone(UNUSUAL)
    copy.write(listed)
    copy.write(_END.pack(b"PK\x05\x06", 0, 0, len(lines), len(lines), len(listed), at, len(comment)) + comment)
