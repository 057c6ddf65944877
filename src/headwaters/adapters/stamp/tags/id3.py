"""MP3: ID3v2 at its head. The version that is there stays; frames that mutagen does not know are carried along."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mutagen import id3 as id3_library

from headwaters.adapters.media.packed import TooMuch, next_tag
from headwaters.adapters.stamp.base import BROKEN, TOO_LARGE, LeftAlone, changed, copy_file, hash_range, size_of
from headwaters.core.works.stamps import Facts, Field, Finding, Kind, Line, field_of

id3: Any = id3_library  # untyped
_LINES = (
    (Line.TITLE, "TIT2"),
    (Line.CREATOR, "TPE1"),
    (Line.RIGHTS, "TCOP"),
    (Line.LICENCE, "WCOP"),
    (Line.LICENCE, "TXXX:LICENSE"),
    (Line.PAGE, "WOAF"),
    (Line.PAY, "WPAY"),
)
_TELLING = {
    "PRIV": Kind.HIDDEN,
    "GEOB": Kind.HIDDEN,
    "COMM": Kind.COMMENT,
    "TENC": Kind.PERSON,
    "TOWN": Kind.PERSON,
    "OWNE": Kind.ACCOUNT,
    "UFID": Kind.ACCOUNT,
    "POPM": Kind.ACCOUNT,
}
_MOST_TAG = 256 << 20
_UTF16, _UTF8 = 1, 3
_V1 = 128


class Id3Format:
    """MP3 files."""

    def open(self, path: Path) -> Id3Document:
        """See base.Format."""
        return Id3Document(path)

    def essence(self, path: Path) -> object:
        """All bytes behind the tag."""
        with path.open("rb") as file:
            return hash_range(file, _tag_end(path), size_of(file))


class Id3Document:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if _tag_end(path) > _MOST_TAG:
            raise LeftAlone(TOO_LARGE)
        self._tags = _load(path)

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        ours = {"TCOP": facts.rights.removeprefix("© ")}  # who shows it puts the sign before it
        return [field_of(facts, line, where, self._text(where), ours.get(where)) for line, where in _LINES]

    def _text(self, where: str) -> str:
        found = self._tags.getall(where)
        return _text(found[0]) if found else ""

    def findings(self) -> list[Finding]:
        """See base.Document."""
        return [
            Finding(kind, _name(frame), _text(frame))
            for frame in self._tags.values()
            if (kind := _TELLING.get(frame.FrameID)) is not None and _text(frame) and not _is_gapless(frame)
        ]

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        copy_file(self._path, target)
        tags = _load(self._path)
        version = 4 if _tag_end(self._path) and tags.version[:2] == (2, 4) else 3  # old players read 2.3 alone
        for one in changed(fields):
            tags.setall(one.where, [_frame(one.where, one.after, version)])
        wheres = {one.where for one in drop}
        for key in [key for key, frame in tags.items() if _name(frame) in wheres]:
            del tags[key]
        older = _v1(self._path)
        tags.save(str(target), v1=1, v2_version=version)
        if older:  # mutagen brings it in line with the new tag; it stays as it was
            with target.open("r+b") as file:
                file.seek(-_V1, 2)
                file.write(older)


def _load(path: Path) -> Any:
    """Frames as they are; those of ID3v2.2 have other names, and become frames of today."""
    next_tag()
    try:
        tags = id3.ID3(str(path), translate=False, load_v1=False)
        if tags.version[:2] == (2, 2):
            tags = id3.ID3(str(path), load_v1=False)
    except id3.ID3NoHeaderError:
        tags = id3.ID3()
        for frame in (id3.ParseID3v1(_v1(path)) or {}).values() if _v1(path) else ():
            tags.add(frame)  # what the old tag at the end says, it goes on saying
        return tags
    except TooMuch:
        raise LeftAlone(TOO_LARGE) from None
    except id3.error:
        raise LeftAlone(BROKEN) from None
    if tags.version[:2] not in {(2, 2), (2, 3), (2, 4)}:
        raise LeftAlone(BROKEN)
    return tags


def _frame(where: str, text: str, version: int) -> Any:
    encoding = _UTF8 if version == 4 else 0 if _is_latin(text) else _UTF16
    if where.startswith("W"):
        return getattr(id3, where)(url=text)
    if where.startswith("TXXX:"):
        return id3.TXXX(encoding=encoding, desc=where.removeprefix("TXXX:"), text=[text])
    return getattr(id3, where)(encoding=encoding, text=[text])


def _is_latin(text: str) -> bool:
    return all(ord(letter) < 256 for letter in text)


def _name(frame: Any) -> str:
    return f"ID3 {frame.FrameID}"


def _text(frame: Any) -> str:
    if hasattr(frame, "url"):
        return str(frame.url)
    if hasattr(frame, "text"):
        texts = frame.text if isinstance(frame.text, list) else [frame.text]
        return ", ".join(str(text) for text in texts)
    owner = str(getattr(frame, "owner", "") or getattr(frame, "email", "") or getattr(frame, "filename", ""))
    return f"{owner} ({len(getattr(frame, 'data', b'') or b'')} bytes)".strip()


def _is_gapless(frame: Any) -> bool:
    """iTunes keeps lengths and loudness in comments: players need them, and they tell nothing."""
    return frame.FrameID == "COMM" and str(getattr(frame, "desc", "")).startswith("iTun")


def _tag_end(path: Path) -> int:
    """Where the first tag ends: its length stands in four bytes of seven bits (ID3v2.4, 3.1)."""
    with path.open("rb") as file:
        head = file.read(10)
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    if any(byte & 0x80 for byte in head[6:10]):
        raise LeftAlone(BROKEN)
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte
    return 10 + length + (10 if head[5] & 0x10 else 0)


def _v1(path: Path) -> bytes:
    with path.open("rb") as file:
        if size_of(file) < _V1:
            return b""
        file.seek(-_V1, 2)
        data = file.read(_V1)
    return data if data.startswith(b"TAG") else b""
