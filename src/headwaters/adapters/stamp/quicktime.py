"""What cameras and telephones write into films beside their tags: boxes in moov.udta, and QuickTime's own list of keys
and values (QuickTime File Format, Metadata) in moov.meta. All of it is blanked in its place, so that nothing moves.

A QuickTime film gets no colophon: its players read no list that has a place for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from headwaters.adapters.stamp.base import BROKEN, TOO_LARGE, LeftAlone, copy_file, exactly
from headwaters.adapters.stamp.boxes import Box, boxes, film_essence, inside, top_boxes
from headwaters.core.errors import N_
from headwaters.core.works.stamps import Facts, Field, Finding, Kind

FRAGMENTS = N_("It is a film in fragments, and its index would not fit any more.")
_FIXED = {
    **dict.fromkeys((b"\xa9xyz", b"loci"), Kind.PLACE),
    **dict.fromkeys((b"\xa9mak", b"\xa9mod", b"manu", b"modl", b"CAME"), Kind.DEVICE),
    **dict.fromkeys((b"\xa9aut", b"auth"), Kind.PERSON),
    **dict.fromkeys((b"Xtra", b"uuid", b"GPMF"), Kind.HIDDEN),
}
_KEYS = {
    "location": Kind.PLACE,
    "direction": Kind.PLACE,
    **dict.fromkeys(("make", "model", "camera", "serial"), Kind.DEVICE),
    "author": Kind.PERSON,
    "comment": Kind.COMMENT,
}
_TRACKS = {
    **dict.fromkeys((b"gpmd", b"camm", b"djmd"), Kind.PLACE),
    **dict.fromkeys((b"mebx", b"rtmd"), Kind.HIDDEN),
}
_TEXT = b"\xa9"
_NAMED = ("com.apple.quicktime.", "com.android.", "samsung.", "com.apple.photos.")
_BEGIN = frozenset([b"ftyp", b"wide", b"mdat", b"moov", b"free", b"skip"])
_MOST_KEYS = 1 << 20  # bytes of their list
_MOST_SHOWN = 4_096
_MOST_INDEX = 256 << 20


@dataclass(frozen=True, slots=True)
class _Telling:
    """A box that tells something, which begins at `start`."""

    kind: Kind
    where: str
    box: Box
    start: int


class QuickTimeFormat:
    """MOV files."""

    def open(self, path: Path) -> QuickTimeDocument:
        """See base.Format."""
        return QuickTimeDocument(path)

    def essence(self, path: Path) -> object:
        """As of MP4."""
        with path.open("rb") as file:
            return film_essence(file, top_boxes(file, _BEGIN))


class QuickTimeDocument:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            top = top_boxes(file, _BEGIN)
            kinds = [one.kind for one in top]
            if kinds.count(b"moov") != 1:
                raise LeftAlone(BROKEN)
            if b"moof" in kinds or b"mfra" in kinds:
                raise LeftAlone(FRAGMENTS)
            moov = top[kinds.index(b"moov")]
            if moov.end - moov.at > _MOST_INDEX:
                raise LeftAlone(TOO_LARGE)
            self._findings = list(fixed(file, moov))

    def fields(self, facts: Facts) -> list[Field]:
        """None."""
        return []

    def findings(self) -> list[Finding]:
        """See base.Document."""
        return self._findings

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        copy_file(self._path, target)
        blank(target, {one.where for one in drop})


def fixed(file: BinaryIO, moov: Box) -> Iterator[Finding]:
    """What is no tag of iTunes."""
    for one in _telling(file, moov):
        file.seek(one.start)
        data = exactly(file, min(one.box.end - one.start, _MOST_SHOWN))
        if data.strip(b"\0"):
            yield Finding(one.kind, one.where, _shown(data, one))
    yield from _tracks(file, moov)


def blank(path: Path, wheres: set[str]) -> None:
    """These boxes stay as room that nobody reads."""
    with path.open("r+b") as file:
        moov = next(one for one in top_boxes(file, _BEGIN) if one.kind == b"moov")
        for one in list(_telling(file, moov)):
            if one.where in wheres:
                file.seek(one.box.at + 4)
                file.write(b"free")
                file.seek(one.box.body)
                file.write(bytes(one.box.end - one.box.body))


def _shown(data: bytes, one: _Telling) -> str:
    """In words: QuickTime's texts have their length and their language before them."""
    if one.box.kind in _FIXED:
        if not one.box.kind.startswith(_TEXT):
            return f"{one.box.end - one.start} bytes"
        if int.from_bytes(data[:2]) == len(data) - 4:
            data = data[4:]
    return data.decode("utf-8", "replace").strip("\0")


def _telling(file: BinaryIO, moov: Box) -> Iterator[_Telling]:
    for box in inside(file, moov):
        if box.kind == b"udta":
            for one in _boxes_or_none(file, box.body, box.end):
                if one.kind in _FIXED:
                    where = f"MP4 udta {one.kind.decode('latin-1')}"
                    yield _Telling(_FIXED[one.kind], where, one, one.body)
        elif box.kind == b"meta":
            yield from _listed(file, box)


def _boxes_or_none(file: BinaryIO, start: int, end: int) -> list[Box]:
    """A udta may end with four zero bytes that are no box."""
    try:
        return list(boxes(file, start, end))
    except LeftAlone:
        return []


def _listed(file: BinaryIO, meta: Box) -> Iterator[_Telling]:
    """Values by their keys. The box has four bytes before its boxes in MP4, and none in QuickTime."""
    file.seek(meta.body)
    begin = meta.body + (0 if exactly(file, min(8, meta.end - meta.body))[4:] == b"hdlr" else 4)
    parts = {one.kind: one for one in _boxes_or_none(file, begin, meta.end)}
    if b"keys" not in parts or b"ilst" not in parts:
        return
    names = _names(file, parts[b"keys"])
    for item in _boxes_or_none(file, parts[b"ilst"].body, parts[b"ilst"].end):
        name = names.get(int.from_bytes(item.kind), "")
        own = next((name.removeprefix(start) for start in _NAMED if name.startswith(start)), "")
        kind = next((kind for word, kind in _KEYS.items() if word in own), None)
        if kind is not None:
            value = next((one for one in _boxes_or_none(file, item.body, item.end) if one.kind == b"data"), item)
            yield _Telling(kind, f"MP4 {name}", item, min(value.body + 8, item.end))


def _tracks(file: BinaryIO, moov: Box) -> Iterator[Finding]:
    """Tracks in which a camera notes all the way where it is, and the like: to take one out would move all others."""
    for trak in inside(file, moov):
        if trak.kind != b"trak":
            continue
        box: Box | None = trak
        for kind in (b"mdia", b"minf", b"stbl", b"stsd"):
            box = next((one for one in inside(file, box) if one.kind == kind), None) if box else None
        if box is not None and box.end - box.body >= 16:
            file.seek(box.body + 12)
            if (form := exactly(file, 4)) in _TRACKS:
                yield Finding(_TRACKS[form], "MP4 track", form.decode("ascii"), removable=False)


def _names(file: BinaryIO, keys: Box) -> dict[int, str]:
    """The keys' names by their numbers, which begin at one."""
    file.seek(keys.body)
    data = exactly(file, min(keys.end - keys.body, _MOST_KEYS))
    found, at = {}, 8
    for number in range(1, int.from_bytes(data[4:8]) + 1):
        length = int.from_bytes(data[at : at + 4])
        if length < 8 or at + length > len(data):
            break
        found[number] = data[at + 8 : at + length].decode("utf-8", "replace")
        at += length
    return found
