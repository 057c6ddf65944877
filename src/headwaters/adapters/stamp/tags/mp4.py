"""MP4 and M4A (ISO 14496-12): the list of iTunes in moov.udta.meta, which all players read.

mutagen writes it into a copy and moves what points at the sounds and pictures behind it; a reader of our own looks
afterwards that each of them still points at the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from mutagen import mp4 as mp4_library

from headwaters.adapters.stamp.base import (
    BROKEN,
    LOCKED,
    TOO_LARGE,
    LeftAlone,
    changed,
    copy_file,
    exactly,
    hash_range,
    size_of,
)
from headwaters.core.errors import N_
from headwaters.core.works.stamps import Facts, Field, Finding, Kind, Line, field_of

FRAGMENTS = N_("It is a film in fragments, and its index would not fit any more.")
mp4: Any = mp4_library  # untyped
_OURS = "----:com.apple.iTunes:"
_LINES = (
    (Line.TITLE, "\xa9nam"),
    (Line.CREATOR, "\xa9ART"),
    (Line.RIGHTS, "cprt"),
    (Line.LICENCE, f"{_OURS}LICENSE"),
    (Line.PAGE, "purl"),
    (Line.PAGE, f"{_OURS}URL"),
    (Line.PAY, f"{_OURS}PAY"),
)
_TELLING = {
    "\xa9xyz": Kind.PLACE,
    "\xa9cmt": Kind.COMMENT,
    "apID": Kind.ACCOUNT,
    "ownr": Kind.ACCOUNT,
    "\xa9enc": Kind.PERSON,
    "\xa9mak": Kind.DEVICE,
}
_FIXED = {b"\xa9xyz": Kind.PLACE, b"loci": Kind.PLACE, b"keys": Kind.PLACE, b"Xtra": Kind.HIDDEN, b"uuid": Kind.HIDDEN}
_HOLDERS = frozenset([b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta"])
_MOST_INDEX = 256 << 20
_MOST_BOXES = 2_000_000


@dataclass(frozen=True, slots=True)
class _Box:
    """One box; `body` behind its header."""

    kind: bytes
    at: int
    body: int
    end: int


class Mp4Format:
    """MP4 and M4A files."""

    def open(self, path: Path) -> Mp4Document:
        """See base.Format."""
        return Mp4Document(path)

    def essence(self, path: Path) -> object:
        """Every byte of sound and picture, how the tracks are described, and at which of those bytes they point."""
        with path.open("rb") as file:
            top = _top(file)
            data = [(one.kind, hash_range(file, one.body, one.end)) for one in top if one.kind not in _MAY_CHANGE]
            moov = next(one for one in top if one.kind == b"moov")
            places = [(one.body, one.end) for one in top if one.kind == b"mdat"]
            return data, [_described(file, one, places) for one in _inside(file, moov) if one.kind in _SAME]


_MAY_CHANGE = frozenset([b"moov", b"free", b"skip"])
_SAME = frozenset([b"mvhd", b"trak", b"iods", b"mvex"])


class Mp4Document:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            top = _top(file)
            kinds = [one.kind for one in top]
            if kinds.count(b"moov") != 1:
                raise LeftAlone(BROKEN)
            if b"moof" in kinds or b"mfra" in kinds:
                raise LeftAlone(FRAGMENTS)
            moov = top[kinds.index(b"moov")]
            if moov.end - moov.at > _MOST_INDEX:
                raise LeftAlone(TOO_LARGE)
            file.seek(moov.at)
            index = exactly(file, moov.end - moov.at)
            if b"saio" in index and b"sinf" in index:
                raise LeftAlone(LOCKED)
            self._fixed = list(_fixed(file, moov))
        try:
            self._tags = mp4.MP4(str(path)).tags or {}
        except mp4.error:
            raise LeftAlone(BROKEN) from None

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        return [field_of(facts, line, _shown(key), self._text(key)) for line, key in _LINES]

    def _text(self, key: str) -> str:
        values = self._tags.get(key, [])
        texts = values if isinstance(values, list) else [values]
        return ", ".join(bytes(one).decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in texts)

    def findings(self) -> list[Finding]:
        """See base.Document."""
        found = [Finding(kind, _shown(key), text) for key, kind in _TELLING.items() if (text := self._text(key))]
        return found + self._fixed

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        copy_file(self._path, target)
        film = mp4.MP4(str(target))
        if film.tags is None:
            film.add_tags()
        tags: Any = film.tags
        keys = {_shown(key): key for _, key in _LINES}
        for one in changed(fields):
            key = keys[one.where]
            tags[key] = [mp4.MP4FreeForm(one.after.encode())] if key.startswith("----") else [one.after]
        wheres = {one.where for one in drop}
        for key in _TELLING:
            if _shown(key) in wheres:
                tags.pop(key, None)
        film.save(str(target))
        _blank(target, wheres)


def _shown(key: str) -> str:
    return "MP4 " + key.removeprefix(_OURS)


# ── boxes ────────────────────────────────────────────────────────────────────────────────────────


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
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
        yield _Box(kind, at, body, at + length)
        at += length


def _top(file: BinaryIO) -> list[_Box]:
    found = list(_boxes(file, 0, size_of(file)))
    if not found or found[0].kind != b"ftyp" or found[-1].end != size_of(file):
        raise LeftAlone(BROKEN)
    return found


def _inside(file: BinaryIO, box: _Box) -> list[_Box]:
    return list(_boxes(file, box.body, box.end))


def _described(file: BinaryIO, box: _Box, places: Sequence[tuple[int, int]]) -> object:
    """A box as it must stay: tables of places by what they point at, all others byte by byte."""
    if box.kind in _HOLDERS and box.kind != b"udta":
        return box.kind, [_described(file, one, places) for one in _inside(file, box)]
    if box.kind in (b"stco", b"co64"):
        return b"places", _pointed(file, box, places)
    return box.kind, hash_range(file, box.body, box.end)


def _pointed(file: BinaryIO, box: _Box, places: Sequence[tuple[int, int]]) -> object:
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


# ── what cameras write outside of the list ───────────────────────────────────────────────────────


def _fixed(file: BinaryIO, moov: _Box) -> Iterator[Finding]:
    """Boxes in moov.udta that are no tags: they are blanked in their place."""
    for box in _telling(file, moov):
        file.seek(box.body)
        data = exactly(file, min(box.end - box.body, 4_096))
        if data.strip(b"\0"):
            text = data.decode("utf-8", "replace") if box.kind == b"\xa9xyz" else f"{box.end - box.body} bytes"
            yield Finding(_FIXED[box.kind], _box_name(box.kind), text.strip("\0"))


def _telling(file: BinaryIO, moov: _Box) -> Iterator[_Box]:
    for box in _inside(file, moov):
        if box.kind == b"udta":
            yield from (one for one in _boxes_or_none(file, box) if one.kind in _FIXED)
        elif box.kind == b"meta":
            yield from (one for one in _keys(file, box) if one.kind in _FIXED)


def _boxes_or_none(file: BinaryIO, box: _Box) -> list[_Box]:
    """A udta may end with four zero bytes that are no box."""
    try:
        return _inside(file, box)
    except LeftAlone:
        return []


def _keys(file: BinaryIO, box: _Box) -> Iterator[_Box]:
    """QuickTime's own metadata names its values by keys; a place among them is told as one."""
    file.seek(box.body)
    data = exactly(file, min(box.end - box.body, 1 << 20))
    if b"com.apple.quicktime.location" in data:
        yield _Box(b"keys", box.at, box.body, box.end)


def _box_name(kind: bytes) -> str:
    return f"MP4 udta {kind.decode('latin-1')}"


def _blank(path: Path, wheres: set[str]) -> None:
    """The box stays as room that nobody reads, so that nothing moves."""
    with path.open("r+b") as file:
        moov = next(one for one in _top(file) if one.kind == b"moov")
        for box in list(_telling(file, moov)):
            if _box_name(box.kind) in wheres:
                file.seek(box.at + 4)
                file.write(b"free")
                file.seek(box.body)
                file.write(bytes(box.end - box.body))
