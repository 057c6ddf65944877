"""What there is of a reader's works besides the files: other formats, other ways to fetch, fingerprints."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.fetching import Fetch


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file in another format."""

    name: str
    size: str
    href: str
    damaged: bool  # it is not sent for now


@dataclass(frozen=True, slots=True)
class MadeFormat:
    """A column: one format."""

    title: str  # MP3
    archive: str  # address of the whole work in it as one ZIP, or empty: one file is all there is, or it is not ready
    size: str  # of that, or empty
    made: int  # how many files are there in it
    of: int  # how many there will be, while they are being made; 0 once they are


@dataclass(frozen=True, slots=True)
class MadeRow:
    """A file of the work, and what was made of it: one for each of the formats, or none."""

    label: str
    files: tuple[MadeFile | None, ...]


@dataclass(frozen=True, slots=True)
class MadeTable:
    """What was made of a work's music, of its films, of its pictures."""

    formats: tuple[MadeFormat, ...]
    rows: tuple[MadeRow, ...]
    gaps: bool  # in a ZIP of these some originals stand in their own places, as nothing was made of them


@dataclass(frozen=True, slots=True)
class SumLine:
    """A line of SHA256SUMS."""

    sha256: str  # 64 hexadecimal digits
    name: str


@dataclass(frozen=True, slots=True)
class MadeOfWork:
    """A work on the order."""

    title: str
    language: str  # as a BCP 47 tag
    tables: tuple[MadeTable, ...]  # none: there is nothing but what was given
    damaged: bool  # some of what was made is damaged or missing, and not sent for now
    lacking: tuple[str, ...]  # names of what was given and is not sent for now, as it is damaged or missing
    fetch: Fetch | None  # other ways to fetch it; None where there are no files
    sums: tuple[SumLine, ...]  # of what was given, then of what was made; none where there are no files


@dataclass(frozen=True, slots=True)
class FormatsPage:
    """`formats.html`: a reader's works in other formats, other ways to fetch them, and each file's SHA-256."""

    address: str  # path of the order page
    works: tuple[MadeOfWork, ...]
