"""Whether an archive stays in the folder that it is unpacked into: a member called `../x`, or a link that leads out,
writes over a reader's own files where the program that unpacks it is careless.

Source: PKWARE's APPNOTE 6.3.10. What cannot be read as a ZIP passes: it unpacks nowhere.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.content import Content, sniff
from headwaters.core.works.media import format_by_name
from headwaters.core.works.names import shown

Read = Callable[[int, int], bytes]

_END = struct.Struct("<4s4H2IH")
_LARGE_END = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_MEMBER = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_TAIL = _END.size + 0xFFFF
_MOST_DIRECTORY = 64 << 20  # bytes
_LONGEST_TARGET = 4_096
_LINK, _KIND = 0o120000, 0o170000
_UNIX, _MACOS = 3, 19
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
_MANY = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class _Member:
    """One entry. `start`: of its own header; `packed`: bytes there."""

    name: str
    is_link: bool
    method: int
    packed: int
    start: int


def check_stays_inside(name: str, size: int, read: Read) -> None:
    """Raises Refused(FILE_LEADS_OUT)."""
    content, named = sniff(read(0, 4_096)), format_by_name(name)
    if content is not Content.ZIP or (named is not None and content not in named.contents):
        return
    for member in _members(size, read):
        if _leads_out(member.name) or (member.is_link and _leads_out(_target(member, read), member.name)):
            raise Refused(
                Code.FILE_LEADS_OUT,
                N_("“%(name)s” is not safe to unpack: “%(member)s” in it would land outside of its folder."),
                hint=N_("Make the archive anew, of a folder with all that belongs to it and no links out of it."),
                field="files",
                name=shown(name),
                member=shown(member.name),
            )


def _leads_out(path: str, link: str = "") -> bool:
    """Whether a name, or what the link `link` points to, is outside of the archive's own folder."""
    plain = path.replace("\\", "/")
    if plain.startswith("/") or _DRIVE.match(path):
        return True
    if not link:
        return ".." in plain.split("/")
    depth = link.replace("\\", "/").strip("/").count("/")
    for part in plain.split("/"):
        depth += -1 if part == ".." else 0 if part in {"", "."} else 1
        if depth < 0:
            return True
    return False


def _members(size: int, read: Read) -> Iterator[_Member]:
    begin = max(0, size - _TAIL)
    tail = read(begin, _TAIL)
    place = tail.rfind(b"PK\5\6")
    if place < 0 or place + _END.size > len(tail):
        return
    *_, length, at, _comment = _END.unpack_from(tail, place)
    own = begin + place
    if _MANY in (length, at) or tail[max(0, place - _LOCATOR.size) :][:4] == b"PK\6\7":
        length, at, own = _large(own, read) or (length, at, own)
    before = own - length - at  # bytes of a program that the archive is put behind
    if not 0 < length <= _MOST_DIRECTORY or before < 0:
        return
    yield from _listed(read(at + before, length), before)


def _large(own: int, read: Read) -> tuple[int, int, int] | None:
    """Length and place of the list, and where it ends, of an archive beyond 4 GB (ZIP64)."""
    if own < _LOCATOR.size:
        return None
    locator = read(own - _LOCATOR.size, _LOCATOR.size)
    if len(locator) < _LOCATOR.size:
        return None
    kind, _, place, _ = _LOCATOR.unpack(locator)
    head = read(place, _LARGE_END.size)
    if kind != b"PK\6\7" or len(head) < _LARGE_END.size or head[:4] != b"PK\6\6":
        return None
    *_, length, at = _LARGE_END.unpack(head)
    return length, at, place


def _listed(lines: bytes, before: int) -> Iterator[_Member]:
    at = 0
    while at + _MEMBER.size <= len(lines):
        kind, made, _, flags, method, _, _, _, packed, _, name, extra, comment, _, _, attributes, start = (
            _MEMBER.unpack_from(lines, at)
        )
        if kind != b"PK\1\2":
            return
        at += _MEMBER.size
        text = lines[at : at + name].decode("utf-8" if flags & 1 << 11 else "cp437", "replace")
        link = made >> 8 in {_UNIX, _MACOS} and (attributes >> 16) & _KIND == _LINK
        yield _Member(text, link, method, packed, before + start)
        at += name + extra + comment


def _target(member: _Member, read: Read) -> str:
    """What a link points to; empty where that cannot be told."""
    head = read(member.start, _LOCAL.size)
    if len(head) < _LOCAL.size or member.packed > _LONGEST_TARGET:
        return ""
    kind, *_, name, extra = _LOCAL.unpack(head)
    data = read(member.start + _LOCAL.size + name + extra, member.packed) if kind == b"PK\3\4" else b""
    if member.method == zlib.DEFLATED:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _LONGEST_TARGET)
        except zlib.error:
            return ""
    return data.decode("utf-8", "replace")
