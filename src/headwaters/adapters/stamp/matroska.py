"""Matroska and WebM (RFC 9559): tags, put where nothing else moves.

Pictures and sounds, and what points at them, stay at the same places of the file. New tags go where the old ones were,
or to the end; the index at the head (SeekHead) says where, in the room that it and the empty room behind it have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from headwaters.adapters.stamp.base import BROKEN, LeftAlone, by_where, copy_file, hash_range, size_of
from headwaters.adapters.stamp.ebml import (
    CRC,
    UNKNOWN,
    VOID,
    Element,
    content,
    element,
    number,
    parts,
    read_element,
    room,
    whole,
)
from headwaters.core.errors import N_
from headwaters.core.works.stamps import Facts, Field, Finding, Kind, Line, field_of

NO_ROOM = N_("There is no room in it for tags that players would find; a program such as MKVToolNix makes some.")
LIVE = N_("It was recorded without an end or an index; a program such as MKVToolNix puts it in order.")
_EBML, _SEGMENT, _SEEK_HEAD, _INFO, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x114D9B74, 0x1549A966, 0x1F43B675
_TAGS, _TAG, _TARGETS, _SIMPLE, _NAME, _STRING = 0x1254C367, 0x7373, 0x63C0, 0x67C8, 0x45A3, 0x4487
_TARGET_LEVEL = 0x68CA
_SEEK, _SEEK_ID, _SEEK_POSITION = 0x4DBB, 0x53AB, 0x53AC
_TITLE, _FILENAMES = 0x7BA9, {0x7384: "SegmentFilename", 0x3C83AB: "PrevFilename", 0x3E83BB: "NextFilename"}
_WHOLE_WORK = 50
_MOST_TAGS = 64 << 20
_MOST_ELEMENTS = 5_000_000
_FREE = frozenset([_SEEK_HEAD, _TAGS, VOID])

_LINES = (
    (Line.TITLE, "TITLE"),
    (Line.CREATOR, "ARTIST"),
    (Line.RIGHTS, "COPYRIGHT"),
    (Line.LICENCE, "LICENSE"),
    (Line.PAGE, "URL"),
    (Line.PAY, "PURCHASE_INFO"),
)
_TELLING = {
    **dict.fromkeys(("COMMENT", "DESCRIPTION"), Kind.COMMENT),
    **dict.fromkeys(("LOCATION", "RECORDING_LOCATION", "LOCATION-ENG"), Kind.PLACE),
    **dict.fromkeys(("COM.APPLE.QUICKTIME.LOCATION.ISO6709",), Kind.PLACE),
    **dict.fromkeys(("ENCODED_BY",), Kind.PERSON),
    **dict.fromkeys(("FILENAME", "SOURCE"), Kind.PATH),
}


class MatroskaFormat:
    """Matroska and WebM files."""

    def open(self, path: Path) -> MatroskaDocument:
        """See base.Format."""
        return MatroskaDocument(path)

    def essence(self, path: Path) -> object:
        """Every element but tags, the index of places and empty room, and where it stands."""
        with path.open("rb") as file:
            _, found = _segment(file)
            return [(one.kind, one.at, hash_range(file, one.body, one.end)) for one in found if one.kind not in _FREE]


class MatroskaDocument:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            self._segment, self._elements = _segment(file)
            self._tags: list[list[tuple[int, bytes]]] = []
            for one in self._of(_TAGS):
                inside = parts(content(file, one, _MOST_TAGS))
                self._tags += [list(parts(data)) for kind, data in inside if kind == _TAG]
            info = self._of(_INFO)
            self._info = dict(parts(content(file, info[0], _MOST_TAGS))) if info else {}
            self._heads = [(one, dict(_seeks(content(file, one, _MOST_TAGS)))) for one in self._of(_SEEK_HEAD)]

    def _of(self, kind: int) -> list[Element]:
        return [one for one in self._elements if one.kind == kind]

    # ── what it says ─────────────────────────────────────────────────────────────────────────────

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        return [field_of(facts, line, where, self._text(where)) for line, where in _LINES]

    def _text(self, where: str) -> str:
        found = next((text for name, text in self._simple() if name == where), "")
        if not found and where == "TITLE":
            found = _words(self._info.get(_TITLE, b""))
        return found

    def _simple(self) -> Iterator[tuple[str, str]]:
        """(name, text) of what is said of the whole."""
        for tag in self._tags:
            if _is_of_all(tag):
                yield from (_name_and_text(data) for kind, data in tag if kind == _SIMPLE)

    def findings(self) -> list[Finding]:
        """See base.Document."""
        found = [
            Finding(kind, f"Matroska {name}", text)
            for name, text in self._simple()
            if (kind := _TELLING.get(name)) is not None and text.strip()
        ]
        names = [(name, _words(self._info.get(kind, b""))) for kind, name in _FILENAMES.items()]
        return found + [Finding(Kind.PATH, f"Matroska {name}", text, removable=False) for name, text in names if text]

    # ── written ──────────────────────────────────────────────────────────────────────────────────

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        dropped = {one.where.removeprefix("Matroska ") for one in drop}
        ours: dict[str, str] = {}
        by_where(fields, ours.__setitem__)
        new = element(_TAGS, b"".join(self._kept(dropped | set(ours))) + _tag(ours))
        copy_file(self._path, target)
        with target.open("r+b") as file:
            self._place(file, new)

    def _kept(self, but: set[str]) -> Iterator[bytes]:
        for tag in self._tags:
            whole_work = _is_of_all(tag)
            inside = [
                (kind, data)
                for kind, data in tag
                if not (kind == _SIMPLE and whole_work and _name_and_text(data)[0] in but)
            ]
            if any(kind == _SIMPLE for kind, _ in inside):
                yield element(_TAG, b"".join(element(kind, data) for kind, data in inside if kind != CRC))

    def _place(self, file: BinaryIO, new: bytes) -> None:
        old = self._of(_TAGS)
        places = [one.at for one in old] or [self._segment.end]
        if self._elements[-1].kind == _TAGS and len(old) == 1:
            at = places[0]  # they stand at the end: nothing else moves
        elif len(old) == 1 and _fits(len(new), room_at := self._room_from(old[0])):
            file.seek(old[0].at)
            file.write(new + room(room_at - len(new)))
            return
        else:
            at = self._segment.end
            for one in old:
                file.seek(one.at)
                file.write(room(one.end - one.at))
        self._index(file, at - self._segment.body)
        file.seek(at)
        file.write(new)
        file.truncate()
        width = self._segment.body - self._segment.at - 4
        file.seek(self._segment.at + 4)
        file.write(number(at + len(new) - self._segment.body, width))

    def _room_from(self, one: Element) -> int:
        """How long it is, with the empty room behind it."""
        end = one.end
        for other in self._elements:
            if other.at == end and other.kind == VOID:
                end = other.end
        return end - one.at

    def _index(self, file: BinaryIO, position: int) -> None:
        """Have the index say where the tags are. Raises LeftAlone(NO_ROOM)."""
        if any(seeks.get(_TAGS) == position for _, seeks in self._heads):
            return
        for head, seeks in self._heads:
            entries = {**{kind: at for kind, at in seeks.items() if kind != _TAGS}, _TAGS: position}
            data = element(_SEEK_HEAD, b"".join(_seek(kind, at) for kind, at in entries.items()))
            if len(entries) == len(seeks) + (_TAGS not in seeks) and _fits(len(data), space := self._room_from(head)):
                file.seek(head.at)
                file.write(data + room(space - len(data)))
                return
        raise LeftAlone(NO_ROOM)


def _fits(length: int, space: int) -> bool:
    return length == space or length <= space - 2


def _segment(file: BinaryIO) -> tuple[Element, list[Element]]:
    """(the segment, what stands in it). Raises LeftAlone."""
    size = size_of(file)
    head = read_element(file, 0)
    if head.kind != _EBML or head.length == UNKNOWN:
        raise LeftAlone(BROKEN)
    segment = read_element(file, head.end)
    if segment.kind != _SEGMENT:
        raise LeftAlone(BROKEN)
    if segment.length == UNKNOWN:
        raise LeftAlone(LIVE)
    if segment.end != size:
        raise LeftAlone(BROKEN)
    at = segment.body
    found: list[Element] = []
    while at < segment.end:
        one = read_element(file, at)
        if one.length == UNKNOWN:
            raise LeftAlone(LIVE)
        if one.end > segment.end or len(found) >= _MOST_ELEMENTS or one.kind == CRC:
            raise LeftAlone(BROKEN)
        found.append(one)
        at = one.end
    if not found:
        raise LeftAlone(BROKEN)
    return segment, found


def _seeks(data: bytes) -> Iterator[tuple[int, int]]:
    for kind, inside in parts(data):
        if kind == _SEEK:
            found = dict(parts(inside))
            yield int.from_bytes(found.get(_SEEK_ID, b"")), int.from_bytes(found.get(_SEEK_POSITION, b""))


def _seek(kind: int, at: int) -> bytes:
    name = kind.to_bytes((kind.bit_length() + 7) // 8)
    return element(_SEEK, element(_SEEK_ID, name) + element(_SEEK_POSITION, whole(at)))


def _is_of_all(tag: Sequence[tuple[int, bytes]]) -> bool:
    """Whether it speaks of the whole work: no track, chapter or attachment is named."""
    targets = dict(parts(next((data for kind, data in tag if kind == _TARGETS), b"")))
    level = int.from_bytes(targets.pop(_TARGET_LEVEL, bytes((_WHOLE_WORK,))))
    return level == _WHOLE_WORK and not any(int.from_bytes(data) for kind, data in targets.items() if kind != 0x63CA)


def _name_and_text(data: bytes) -> tuple[str, str]:
    found = dict(parts(data))
    return _words(found.get(_NAME, b"")).upper(), _words(found.get(_STRING, b""))


def _words(data: bytes) -> str:
    with suppress(UnicodeDecodeError):
        return data.rstrip(b"\0").decode()
    return ""


def _tag(texts: dict[str, str]) -> bytes:
    """Our tag; nothing where there is nothing to say."""
    if not texts:
        return b""
    simple = [
        element(_SIMPLE, element(_NAME, name.encode()) + element(_STRING, text.encode()))
        for name, text in texts.items()
    ]
    return element(_TAG, element(_TARGETS, element(_TARGET_LEVEL, whole(_WHOLE_WORK))) + b"".join(simple))
