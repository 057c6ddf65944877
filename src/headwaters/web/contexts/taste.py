"""What of a work can be tried on its page, and a book as it is read."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Chapter:
    """A moment in a sound or a film."""

    title: str
    seconds: int
    time: str  # as a person reads it: 1:02:03
    href: str  # the file from this moment on


@dataclass(frozen=True, slots=True)
class SoundTaste:
    """The beginning of a track, or some other piece of it."""

    label: str
    length: str  # of the piece: 30 s; empty where there are many
    whole: str  # of the track: 4 min; empty where it is not known
    href: str
    media_type: str
    wave: str  # the shape of its sound as the `d` of an SVG path, 5 times `bars` wide and 32 high, or empty
    bars: int


@dataclass(frozen=True, slots=True)
class FilmTaste:
    """A piece of a film."""

    label: str
    length: str  # of the piece: 30 s
    whole: str  # of the film: 62 min; empty where it is not known
    href: str
    media_type: str
    poster: str  # address of a picture, or empty
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class BookTaste:
    """The first chapters of a book."""

    label: str
    href: str  # the reading page
    chapters: int  # that can be read
    of: int  # that the book has
    opening: str  # its first words, plain
    language: str


@dataclass(frozen=True, slots=True)
class PagesTaste:
    """The first pages of a PDF, as a PDF."""

    label: str
    href: str
    pages: int
    of: int
    size: str


@dataclass(frozen=True, slots=True)
class PictureTaste:
    """A picture, reduced."""

    label: str
    href: str  # the larger one
    src: str  # the small one
    width: int  # of the small one
    height: int


@dataclass(frozen=True, slots=True)
class Tastes:
    """Everything that the shop made of a work's files for those who look at its page; often nothing."""

    sounds: tuple[SoundTaste, ...]
    films: tuple[FilmTaste, ...]
    books: tuple[BookTaste, ...]
    pages: tuple[PagesTaste, ...]
    pictures: tuple[PictureTaste, ...]
    more: int  # pictures that are not shown here
    any: bool  # whether there is anything of these


@dataclass(frozen=True, slots=True)
class ContentsLine:
    """A line of a book's table of contents."""

    title: str
    level: int  # 1 for the outermost
    href: str
    here: bool  # it leads to the page that is shown


@dataclass(frozen=True, slots=True)
class Turn:
    """A page to turn to."""

    title: str  # of what stands there, or empty
    href: str


@dataclass(frozen=True, slots=True)
class ReadPage:
    """`read.html`: a book, a part on each page. Public for the first chapters; whoever has the work reads all of it."""

    title: str  # of the book
    part: str  # the name of what is shown, or empty
    language: str  # of the book, as a BCP 47 tag, or empty
    direction: str  # of its script: ltr or rtl
    turning: str  # ltr; rtl: the next page lies to the left
    body: Markup
    contents: tuple[ContentsLine, ...]  # empty where there is one line or none
    number: int  # of this page, from 1
    count: int  # of all pages
    first: int  # the page where the book's own words begin: its first chapter, behind title and imprint
    minutes: int  # that this page takes to read, about
    before: Turn | None
    after: Turn | None
    href: str  # this page's own address, where it is public; empty otherwise
    work: str  # the work's page, or empty
    rest: int  # on the last page of a taste: chapters that follow in the whole book; 0 otherwise
    place: str  # what the device remembers the page by: SHA-256 of what is read
