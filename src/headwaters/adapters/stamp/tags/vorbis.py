"""FLAC (RFC 9639), and Vorbis, Opus, Speex, FLAC and Theora in Ogg (RFC 3533): Vorbis comments, with the fields of
their specification."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import mutagen
from mutagen import flac

from headwaters.adapters.stamp.base import (
    BROKEN,
    TOO_LARGE,
    LeftAlone,
    changed,
    copy_file,
    exactly,
    hash_range,
    size_of,
)
from headwaters.core.works.stamps import Facts, Field, Finding, Kind, Line, field_of

_LINES = (
    (Line.TITLE, "TITLE"),
    (Line.CREATOR, "ARTIST"),
    (Line.RIGHTS, "COPYRIGHT"),
    (Line.LICENCE, "LICENSE"),
    (Line.PAGE, "CONTACT"),
    (Line.PAGE, "WEBSITE"),
    (Line.PAY, "PAY"),
)
_TELLING = {
    **dict.fromkeys(("COMMENT", "DESCRIPTION"), Kind.COMMENT),
    **dict.fromkeys(("LOCATION", "GEO_LOCATION"), Kind.PLACE),
    **dict.fromkeys(("ENCODED-BY", "ENCODED_BY", "ENCODEDBY", "OWNER"), Kind.PERSON),
    **dict.fromkeys(("SOURCE", "FILENAME", "ORIGINAL_FILENAME"), Kind.PATH),
}
_flac_library: Any = flac  # untyped
_COMMENTS, _PADDING = 4, 1
_MOST_BLOCKS = 512 << 20


class VorbisFormat:
    """FLAC and Ogg files."""

    def open(self, path: Path) -> VorbisDocument:
        """See base.Format."""
        return VorbisDocument(path)

    def essence(self, path: Path) -> object:
        """FLAC: its frames, and all blocks but comments and room. Ogg: every packet but those of comments, with its
        place in time."""
        with path.open("rb") as file:
            return _ogg(file) if exactly(file, 4) == b"OggS" else _flac(file)


class VorbisDocument:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _load(path)

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        return [field_of(facts, line, where, self._text(where)) for line, where in _LINES]

    def _text(self, where: str) -> str:
        return ", ".join((self._file.tags or {}).get(where.lower(), []))

    def findings(self) -> list[Finding]:
        """See base.Document."""
        found = [Finding(kind, where, text) for where, kind in _TELLING.items() if (text := self._text(where).strip())]
        applications = [block for block in getattr(self._file, "metadata_blocks", []) if block.code == 2]
        names = [bytes(block.data[:4]).decode("latin-1") for block in applications if getattr(block, "data", b"")]
        return found + [Finding(Kind.HIDDEN, "FLAC APPLICATION", name, removable=False) for name in names]

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        copy_file(self._path, target)
        file = _load(target)
        if file.tags is None:
            file.add_tags()
        for one in changed(fields):
            file.tags[one.where] = [one.after]
        for finding in drop:
            if finding.where in _TELLING and finding.where in file.tags:
                del file.tags[finding.where]
        file.save(str(target))


def _load(path: Path) -> Any:
    with path.open("rb") as file:
        start = file.read(4)
    try:
        found: Any = mutagen.File(str(path)) if start == b"OggS" else _flac_library.FLAC(str(path))
    except mutagen.MutagenError:
        raise LeftAlone(BROKEN) from None
    if found is None:
        raise LeftAlone(BROKEN)
    return found


# ── what must stay ───────────────────────────────────────────────────────────────────────────────


def _flac(file: BinaryIO) -> object:
    at = _flac_start(file)
    file.seek(at)
    if exactly(file, 4) != b"fLaC":
        raise LeftAlone(BROKEN)
    at, blocks, last = at + 4, [], False
    while not last:
        file.seek(at)
        head = exactly(file, 4)
        last, kind, end = bool(head[0] & 0x80), head[0] & 0x7F, at + 4 + int.from_bytes(head[1:])
        if end > _MOST_BLOCKS:
            raise LeftAlone(TOO_LARGE)
        if kind not in {_COMMENTS, _PADDING}:
            blocks.append((kind, hash_range(file, at + 4, end)))
        at = end
    return blocks, hash_range(file, at, size_of(file))


def _flac_start(file: BinaryIO) -> int:
    """Behind an ID3 tag, which does not belong there and is found there all the same."""
    file.seek(0)
    head = exactly(file, 10)
    if head[:3] != b"ID3":
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return 10 + length


def _ogg(file: BinaryIO) -> object:
    """Of each stream: its packets, the times of its pages, and how it ends."""
    streams: dict[int, _Stream] = {}
    for serial, flags, granule, pieces, open_end in _pages(file):
        streams.setdefault(serial, _Stream()).add(flags, granule, pieces, open_end)
    return sorted((serial, *stream.result()) for serial, stream in streams.items())


class _Stream:
    """One logical stream. The second packet holds the comments; where pages begin anew within the headers is free."""

    def __init__(self) -> None:
        self._digest, self._number, self._open, self._ended = sha256(), 0, False, False

    def add(self, flags: int, granule: int, pieces: list[bytes], open_end: bool) -> None:
        """A page."""
        for place, piece in enumerate(pieces):
            if not self._open:
                self._number += 1
            if self._number != 2:
                self._digest.update(piece)
            self._open = place == len(pieces) - 1 and open_end
            if not self._open and self._number != 2:
                self._digest.update(b"/")
        if self._number > 3:
            self._digest.update(granule.to_bytes(8))
        self._ended = self._ended or bool(flags & 4)

    def result(self) -> tuple[str, int, bool]:
        """What must be the same."""
        return self._digest.hexdigest(), self._number, self._ended


def _pages(file: BinaryIO) -> Iterator[tuple[int, int, int, list[bytes], bool]]:
    file.seek(0)
    while head := file.read(27):
        if len(head) < 27 or head[:4] != b"OggS":
            raise LeftAlone(BROKEN)
        lacing = exactly(file, head[26])
        pieces, length = [], 0
        for value in lacing:
            length += value
            if value < 255:
                pieces.append(exactly(file, length))
                length = 0
        open_end = bool(lacing) and lacing[-1] == 255
        if open_end:
            pieces.append(exactly(file, length))
        yield int.from_bytes(head[14:18], "little"), head[5], int.from_bytes(head[6:14]), pieces, open_end
