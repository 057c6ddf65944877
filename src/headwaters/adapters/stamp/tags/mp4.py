"""MP4 and M4A (ISO 14496-12): the list of iTunes in moov.udta.meta, which all players read.

mutagen writes it into a copy and moves what points at the sounds and pictures behind it; a reader of our own looks
afterwards that each of them still points at the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mutagen import mp4 as mp4_library

from headwaters.adapters.stamp.base import BROKEN, LOCKED, TOO_LARGE, LeftAlone, changed, copy_file, exactly
from headwaters.adapters.stamp.boxes import film_essence, top_boxes
from headwaters.adapters.stamp.quicktime import FRAGMENTS, blank, fixed
from headwaters.core.works.stamps import Facts, Field, Finding, Kind, Line, field_of

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
_MOST_INDEX = 256 << 20


class Mp4Format:
    """MP4 and M4A files."""

    def open(self, path: Path) -> Mp4Document:
        """See base.Format."""
        return Mp4Document(path)

    def essence(self, path: Path) -> object:
        """Every byte of sound and picture, how the tracks are described, and at which of those bytes they point."""
        with path.open("rb") as file:
            return film_essence(file, top_boxes(file))


class Mp4Document:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            top = top_boxes(file)
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
            self._fixed = list(fixed(file, moov))
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
        blank(target, wheres)


def _shown(key: str) -> str:
    return "MP4 " + key.removeprefix(_OURS)
