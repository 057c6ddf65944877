"""A book as it is read on a page: parts in their order, a table of contents, pictures; and all of it in one file.

A reading is made once of an e-book or a text, and kept like any other file. Its layout: eight hexadecimal digits (the
length of the index) and a line end, the index as JSON, then the parts as HTML and the pictures, one after the other.
Whoever shows one part reads the index and that part, wherever the file is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headwaters.core.errors import N_, Code, Unavailable

READING = "application/vnd.headwaters.reading"
PREFIX = 9  # bytes before the index
LARGEST_INDEX = 8 << 20
_VERSION = 1
_LINK = re.compile(r'(<a(?: (?!href=)[a-z]+="[^"<>]*")*) href="([0-9]{1,6})((?:#[^"]*)?)"')
# A book is set from right to left where its language is, unless it says otherwise.
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ku", "ps", "sd", "syr", "ug", "ur", "yi"})


@dataclass(frozen=True, slots=True)
class Part:
    """What stands on one page: a chapter mostly. `html`: clean, its links `3#r-note` (a part) and `p/2.jpg`.
    `chapter`: it is one of those that are counted; titles and imprints are not. `opening`: its first words, plain."""

    title: str
    html: str
    words: int
    chapter: bool = True
    opening: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents. `level`: 1 for the outermost; `part` counts from 1; `place`: where in it."""

    title: str
    level: int
    part: int
    place: str = ""


@dataclass(frozen=True, slots=True)
class BookPicture:
    """A picture of a book, by the name that parts call it."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """A book, or the beginning of one. `chapters`: that the whole has; `backwards`: its next page lies to the left."""

    title: str
    language: str
    direction: str
    parts: Sequence[Part]
    contents: Sequence[Entry]
    pictures: Sequence[BookPicture]
    chapters: int
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Where something is in the file."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class PartLine:
    """A part as the index has it."""

    title: str
    words: int
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """What stands at the beginning of the file. `first`: the part that is the first chapter, counted from 1."""

    title: str
    language: str
    direction: str
    backwards: bool
    chapters: int
    first: int
    parts: tuple[PartLine, ...]
    contents: tuple[Entry, ...]
    pictures: Mapping[str, tuple[str, Span]] = field(hash=False)

    def part(self, number: int) -> PartLine | None:
        """The part, counted from 1."""
        return self.parts[number - 1] if 1 <= number <= len(self.parts) else None


def direction_of(language: str) -> str:
    """rtl for languages that are written so."""
    tag = language.casefold().replace("_", "-").split("-")
    if "latn" in tag[1:]:
        return "ltr"
    return "rtl" if tag[0] in _RIGHT_TO_LEFT or {"arab", "hebr"} & set(tag[1:]) else "ltr"


def excerpt(whole: Reading, chapters: int) -> Reading:
    """The first chapters, without what stands before them, and with the pictures that they show."""
    numbers = [number for number, part in enumerate(whole.parts, 1) if part.chapter][:chapters]
    first = numbers[0] if numbers else 1
    last = numbers[-1] if numbers else min(1, len(whole.parts))
    parts = whole.parts[first - 1 : last]
    moved = [_moved(part, first, last) for part in parts]
    shown = [one for one in whole.pictures if any(f'"p/{one.name}"' in part.html for part in moved)]
    contents = [
        Entry(one.title, one.level, one.part - first + 1, one.place)
        for one in whole.contents
        if first <= one.part <= last
    ]
    return Reading(
        whole.title, whole.language, whole.direction, moved, contents, shown, whole.chapters, whole.backwards
    )


def _moved(part: Part, first: int, last: int) -> Part:
    """The part with its links to other parts set right; those that lead out of the excerpt lead nowhere."""

    def lead(found: re.Match[str]) -> str:
        number = int(found[2])
        return f'{found[1]} href="{number - first + 1}{found[3]}"' if first <= number <= last else found[1]

    return replace(part, html=_LINK.sub(lead, part.html))


# ── one file ─────────────────────────────────────────────────────────────────────────────────────


def pack(reading: Reading) -> bytes:
    """All of it in one file; the same reading gives the same bytes."""
    bodies: list[bytes] = []
    at = 0

    def put(data: bytes) -> list[int]:
        nonlocal at
        bodies.append(data)
        at += len(data)
        return [at - len(data), len(data)]

    index = {
        "version": _VERSION,
        "title": reading.title,
        "language": reading.language,
        "direction": reading.direction,
        "backwards": reading.backwards,
        "chapters": reading.chapters,
        "first": _first(reading.parts),
        "parts": [[part.title, part.words, *put(part.html.encode())] for part in reading.parts],
        "contents": [[one.title, one.level, one.part, one.place] for one in reading.contents],
        "pictures": {one.name: [one.media_type, *put(one.data)] for one in reading.pictures},
    }
    head = json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode()
    return b"%08x\n" % len(head) + head + b"".join(bodies)


def _first(parts: Sequence[Part]) -> int:
    """The first chapter, counted from 1."""
    return next((number for number, part in enumerate(parts, 1) if part.chapter), 1)


def index_length(prefix: bytes) -> int:
    """How long the index is, by the file's first bytes. Raises Unavailable(BLOB_CHANGED) for what is no reading."""
    try:
        length = int(prefix[:8], 16) if len(prefix) == PREFIX and prefix.endswith(b"\n") else -1
    except ValueError:
        length = -1
    if not 0 < length <= LARGEST_INDEX:
        raise _no_reading()
    return length


def read_index(head: bytes) -> Index:
    """The index that `pack` wrote. Raises Unavailable(BLOB_CHANGED)."""
    start = PREFIX + len(head)

    def span(offset: int, length: int) -> Span:
        return Span(start + offset, length)

    try:
        raw: dict[str, Any] = json.loads(head)
        return Index(
            title=raw["title"],
            language=raw["language"],
            direction=raw["direction"],
            backwards=raw["backwards"],
            chapters=raw["chapters"],
            first=raw.get("first", 1),  # older ones do not say
            parts=tuple(PartLine(title, words, span(*where)) for title, words, *where in raw["parts"]),
            contents=tuple(Entry(*one) for one in raw["contents"]),
            pictures={name: (kind, span(*where)) for name, (kind, *where) in raw["pictures"].items()},
        )
    except (ValueError, KeyError, TypeError):
        raise _no_reading() from None


def _no_reading() -> Unavailable:
    return Unavailable(Code.BLOB_CHANGED, N_("This book cannot be opened here."))
