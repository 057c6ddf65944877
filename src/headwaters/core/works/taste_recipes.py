"""What is made so that a work can be tried, and so that a book can be read on a page: a pure function of its files.

One file of each name: of an album in two formats, the songs of one. Where a creator gives samples of a kind by hand,
the shop's usual taste makes none of that kind; the work's own words do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from headwaters.core.works.editions import Role
from headwaters.core.works.media import Family, WorkKind, family_of, stem
from headwaters.core.works.taste import ALL, Taste, read_taste

SOUND = "taste-sound"
FILM = "taste-film"
BOOK = "taste-book"
PAGES = "taste-pages"
PICTURE = "taste-picture"
TASTES = frozenset({SOUND, FILM, BOOK, PAGES, PICTURE})
READ = "read"  # the whole book, for whoever has it
CHAPTERS = "chapters"  # where the chapters of a sound or a film begin

EPUB, PDF = "application/epub+zip", "application/pdf"
TEXTS = ("text/markdown", "text/plain")
PICTURES = frozenset(["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/tiff", "image/bmp"])
_NO_SOUND = frozenset(["audio/midi", "audio/mpegurl"])
_ALL = "all"
_LEAST_OF_TEXT = 3_000  # bytes: less is a note to the reader, and no book


class File(Protocol):
    """What is asked of a file."""

    @property
    def id(self) -> int: ...
    @property
    def role(self) -> Role: ...
    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def size(self) -> int: ...


def taste_recipes(kind: WorkKind, files: Sequence[File], taste: str, own: str) -> Iterator[tuple[int, str]]:
    """(file, recipe) of everything that is made. `taste` counts; `own`: the work's own words for it, or empty."""
    wanted = read_taste(taste)
    works = [file for file in files if file.role is Role.WORK]
    by_hand = set() if own else {family_of(file.media_type) for file in files if file.role is Role.SAMPLE}
    yield from _heard_and_seen(works, wanted, by_hand)
    yield from _read(kind, works, wanted, by_hand)
    if wanted.pictures and Family.PICTURE not in by_hand:
        shown = [file for file in works if file.media_type in PICTURES]
        yield from ((file.id, PICTURE) for file in shown[: wanted.pictures])


def _heard_and_seen(works: Iterable[File], wanted: Taste, by_hand: set[Family]) -> Iterator[tuple[int, str]]:
    works = list(works)
    if wanted.seconds:
        piece = f"{wanted.start}+{_said(wanted.seconds)}"
        for recipe, family in ((FILM, Family.FILM), (SOUND, Family.MUSIC)):
            if family not in by_hand and not (recipe == SOUND and Family.FILM in by_hand):
                yield from ((file.id, f"{recipe}:{piece}") for file in _one_of_each(works, family))
    for file in works:
        if family_of(file.media_type) in {Family.FILM, Family.MUSIC} and file.media_type not in _NO_SOUND:
            yield file.id, CHAPTERS


def _read(kind: WorkKind, works: Sequence[File], wanted: Taste, by_hand: set[Family]) -> Iterator[tuple[int, str]]:
    """A book is read from its EPUB; without one, from its text. A PDF is only tried where nothing else can be."""
    books = [file for file in works if file.media_type == EPUB]
    if not books and kind is WorkKind.BOOK:
        books = [file for file in works if file.media_type in TEXTS and file.size >= _LEAST_OF_TEXT]
    for file in books:
        yield file.id, READ
    if {Family.BOOK, Family.TEXT} & by_hand:
        return
    if wanted.chapters:
        yield from ((file.id, f"{BOOK}:{_said(wanted.chapters)}") for file in books)
    if wanted.pages and not (books and wanted.chapters):
        yield from ((file.id, f"{PAGES}:{_said(wanted.pages)}") for file in works if file.media_type == PDF)


def _one_of_each(works: Iterable[File], family: Family) -> Iterator[File]:
    seen: set[str] = set()
    for file in works:
        name = stem(file.name).casefold()
        if family_of(file.media_type) is family and file.media_type not in _NO_SOUND and name not in seen:
            seen.add(name)
            yield file


def _said(number: int) -> str:
    return _ALL if number >= ALL else str(number)


def read_count(argument: str) -> int:
    """The number behind a recipe's colon."""
    return ALL if argument == _ALL else int(argument)


def read_piece(argument: str) -> tuple[int, int]:
    """(start, seconds) behind the colon of a sound's or a film's recipe."""
    start, _, seconds = argument.partition("+")
    return int(start), read_count(seconds)
