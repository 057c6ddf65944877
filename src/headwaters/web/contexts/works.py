"""The pages of works."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from headwaters.web.contexts.common import Amount, Art, FileLine, Licence, PayForm, Problem
from headwaters.web.contexts.fetching import FreeWork
from headwaters.web.contexts.taste import Tastes


@dataclass(frozen=True, slots=True)
class WorkCard:
    """A work in the list of all works."""

    title: str
    by_line: str  # who made it, in the creator's words, or empty
    language: str  # of the work, as a BCP 47 tag
    facts: tuple[str, ...]  # kind, length and year, as far as they are known
    href: str  # its page
    art: Art | None
    price: Amount | None  # what is suggested, or None where nothing is


@dataclass(frozen=True, slots=True)
class HomePage:
    """`home.html`: all works, in the creator's order, else the newest first."""

    works: tuple[WorkCard, ...]  # empty in a new shop
    collections: tuple[CollectionLink, ...]


@dataclass(frozen=True, slots=True)
class CollectionLink:
    """A collection to go to."""

    title: str
    href: str
    count: int  # works in it


@dataclass(frozen=True, slots=True)
class CollectionPage:
    """`collection.html`: works that belong together, in an order of their own."""

    title: str
    href: str  # this page
    words: Markup  # the creator's own, or empty
    works: tuple[WorkCard, ...]
    summary: str  # one sentence in plain text, for the page's description


@dataclass(frozen=True, slots=True)
class Preview:
    """The page is shown to its creator alone, before anybody else sees it: its doors lead nowhere."""

    back: str  # where it can be changed; empty where that is open in another tab
    faults: tuple[str, ...]  # what cannot be read yet, and is shown as if it had not been written


@dataclass(frozen=True, slots=True)
class Sample:
    """A file that anyone can play on the page."""

    kind: str  # audio, video, picture, or file (to be downloaded)
    label: str
    href: str
    media_type: str
    size: str
    poster: str  # address of a picture for a video, or empty


@dataclass(frozen=True, slots=True)
class Door:
    """One of the three ways in."""

    name: str  # the value of the form's `door`: pay, cant_pay or have_copy
    open: bool  # False: the creator closed it for this work
    email: str  # what was typed
    letter: str  # what was typed
    problem: Problem | None  # why it was refused, where it is not about the amount


@dataclass(frozen=True, slots=True)
class WorkPage:
    """`work.html`: a work, the creator's words, and the three doors."""

    title: str
    by_line: str
    language: str  # of the work, as a BCP 47 tag
    facts: tuple[str, ...]  # kind, length and year, as far as they are known
    href: str  # this page
    art: Art | None
    layout: str  # where the art stands: above, beside, full or small
    words: Markup  # the creator's own words; empty: the template has some
    description: Markup
    samples: tuple[Sample, ...]
    hero: Sample | None  # the one of them that plays in place of the art
    taste: Tastes  # what the shop made of its files to be tried
    files: tuple[FileLine, ...]  # what one gets
    size: str  # of all of them
    formats: str  # what they are there in as well: MP3 and Opus; or empty
    edition: int
    price: Amount | None  # what is suggested, or None where nothing is
    free: FreeWork | None  # what everybody may take, where the work asks for nothing
    pay: PayForm
    doors: tuple[Door, ...]  # all three, in the order of reading
    problem: Problem | None  # why a form was refused that came through none of the open doors
    nonce: str  # the stem of each form's `nonce`; a door adds a letter
    came_from: str  # the form's `from`
    licence: Licence
    summary: str  # one sentence in plain text, for the page's description
    share_image: str  # whole address of a picture for those who pass the page on, or empty
    data: str  # schema.org JSON, safe inside a script element
    collections: tuple[CollectionLink, ...]  # that it belongs to
    preview: Preview | None  # nobody but the creator sees it so
