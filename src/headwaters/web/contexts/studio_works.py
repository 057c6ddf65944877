"""The Studio: works, their words and editions, drafts, collections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio import DamagedItem, Frame, Moment, WorkRow
from headwaters.web.contexts.studio_makings import Makings
from headwaters.web.contexts.studio_uploads import UploadsView

# ── forms ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several that a field offers."""

    value: str
    text: str
    chosen: bool
    hint: str  # what it means, or empty


@dataclass(frozen=True, slots=True)
class Choices:
    """A few choices under one heading of a list."""

    title: str  # of the group, or empty
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Differing:
    """A field that somebody else, or another tab, changed as well."""

    field: str
    name: str  # as the page calls it
    theirs: str  # as it is kept now
    yours: str  # as it was typed here


@dataclass(frozen=True, slots=True)
class Clash:
    """What a form says when somebody else was faster: nothing was kept, and this is where the two differ."""

    differences: tuple[Differing, ...]
    taken: tuple[str, ...]  # names of fields that follow the other side, as they were left alone here


@dataclass(frozen=True, slots=True)
class WordsForm:
    """The fields of a work's words and terms, as they were typed."""

    fields: Mapping[
        str, str
    ]  # title, by, year, language, price, minimum, words, description, cover_alt, taste, slug, changes
    kinds: tuple[Choice, ...]
    licences: tuple[Choices, ...]
    doors: tuple[Choice, ...]
    formats: tuple[Choice, ...]  # that are made of it, where it does not follow the shop (fields.formats is not empty)
    rights: tuple[Choice, ...]  # empty where nothing is declared
    currency: str  # ISO 4217
    symbol: str  # the same as it stands beside an amount: €
    problems: Mapping[str, Problem]  # by field
    faults: tuple[Problem, ...]  # the same, and those of no field, in order
    more: frozenset[str]  # fields that a draft has on its other page
    revision: int
    marks: str  # of each field as it stood when the form was made
    clash: Clash | None


# ── works ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class DraftItem:
    """A draft in the list."""

    title: str  # empty for none yet
    href: str
    edition: bool  # it is a new edition of a work
    state: str  # open, scheduled or publishing
    state_words: str
    failed: str  # why publishing it failed, or empty
    changed: Moment


@dataclass(frozen=True, slots=True)
class WorksPage:
    """`studio/works.html`: all works, in the order of the first page, and what is not published yet."""

    frame: Frame
    works: tuple[WorkRow, ...]  # published, as the first page has them
    others: tuple[WorkRow, ...]  # retired and withheld
    drafts: tuple[DraftItem, ...]
    script: str  # address of the script, which the page can do without
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class EditionFile:
    """A file of an edition."""

    name: str
    size: str
    state: str  # sample: free for everybody; withdrawn: it was; or empty


@dataclass(frozen=True, slots=True)
class EditionItem:
    """An edition of a work."""

    number: int
    published: Moment
    changes: str  # what is new in it, in the creator's words, or empty
    rights: str  # what was declared, in words
    files: tuple[EditionFile, ...]
    size: str


@dataclass(frozen=True, slots=True)
class CollectionTick:
    """A collection that a work is in, or could be put into."""

    title: str
    href: str
    slug: str


@dataclass(frozen=True, slots=True)
class CopyBrought:
    """An edition whose copies brought somebody home."""

    name: str  # Edition 2; on a page of several works with the work’s title
    href: str  # the work’s page in the Studio
    visits: str


@dataclass(frozen=True, slots=True)
class WorkColophon:
    """Whether the files of editions to come say where they come from, and whom copies brought."""

    choice: str  # on, off; empty: as the shop does
    usual: bool  # what the shop does
    total: str  # visits that copies brought, in a sentence; empty for none
    brought: tuple[CopyBrought, ...]  # by edition


@dataclass(frozen=True, slots=True)
class ColophonLine:
    """A field of a file."""

    name: str
    where: str  # as the format calls it; several, where it has several for one thing
    before: str
    after: str
    changes: bool


@dataclass(frozen=True, slots=True)
class ColophonFile:
    """A file of a draft, with what its copy will say."""

    name: str
    lines: tuple[ColophonLine, ...]
    findings: tuple[str, ...]  # what it tells that its creator perhaps did not mean to publish, a line each
    left_out: str  # that its copy does not tell it, in a sentence, or empty
    why: str  # why it gets no colophon, or empty
    made: str  # what the shop makes of it that gets one all the same, or empty


@dataclass(frozen=True, slots=True)
class ColophonPage:
    """`studio/colophon.html`: what each file of a draft says now, and what its copy will say."""

    frame: Frame
    draft: str  # the draft’s address
    files: tuple[ColophonFile, ...]
    kept: bool  # files of the edition before go on beside them


@dataclass(frozen=True, slots=True)
class WorkStudioPage:
    """`studio/work.html`: one work: its words, its state; its files have a page of their own."""

    frame: Frame
    work: WorkRow
    note: str  # why it is withheld, or empty
    form: WordsForm
    files: str  # how many editions, and how large the newest is
    makings: str  # the formats that the shop makes of it, or empty
    copies: str  # visits that copies brought, or empty
    draft: str  # address of the edition that is being prepared, or empty
    inside: tuple[CollectionTick, ...]  # collections that it is in
    outside: tuple[CollectionTick, ...]  # those that it is not in
    why: str  # what was typed as the reason to withhold it
    script: str
    problem: Problem | None  # of anything but the words
    damaged: tuple[DamagedItem, ...]  # this work, if files of it are missing or changed
    check: str  # the command that looks at them again


@dataclass(frozen=True, slots=True)
class WorkFilesPage:
    """`studio/work_files.html`: a work's editions, what the shop makes of it, and what copies say."""

    frame: Frame
    title: str
    address: str  # path of the work's page; its forms add to it
    editions: tuple[EditionItem, ...]  # the newest first
    makings: Makings  # what the shop makes of it
    colophon: WorkColophon
    script: str
    problem: Problem | None


# ── drafts ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the edition before, in a draft of the next."""

    field: str  # the name of its tick
    name: str
    label: str
    role: str  # work, sample or cover
    size: str
    kept: bool  # it goes on into the next edition
    replaced: bool  # a new file of the same name stands in its place


@dataclass(frozen=True, slots=True)
class DraftPage:
    """`studio/draft.html`: a work before it is published; what few change is on `<address>/more`."""

    frame: Frame
    address: str  # path of this page; its forms add to it
    title: str  # as far as there is one
    work: str  # address of the work whose new edition it is, or empty
    uploads: UploadsView
    kept: tuple[KeptFile, ...]  # files of the edition before
    form: WordsForm
    site: str  # how the addresses of works begin: https://shop.example/w/
    slug: str  # the end of its address as it would be now, or empty
    licences: bool  # all of them are shown, not only the common ones
    failed: str  # why publishing it failed, or empty
    day: str  # what was typed: 2027-05-03
    hour: str  # what was typed: 20:00
    later: bool  # the place to choose a day is open
    script: str
    problem: Problem | None  # of anything but the fields


@dataclass(frozen=True, slots=True)
class DraftMorePage:
    """`studio/draft_more.html`: what few change of a work before it is published: doors, formats, what copies say."""

    frame: Frame
    address: str  # path of the draft, where the form goes
    title: str  # as far as there is one
    edition: bool  # it is a new edition of a work: its copies alone
    form: WordsForm
    colophon: bool  # its files say where they come from, as the shop or the work usually has it
    script: str
    problem: Problem | None  # of anything but the fields


@dataclass(frozen=True, slots=True)
class DraftWaitsPage:
    """`studio/draft_waits.html`: a draft that waits for its day, or is being published."""

    frame: Frame
    address: str  # path of this page; its forms add to it
    title: str
    edition: bool  # it is a new edition of a work
    state: str  # scheduled or publishing
    moment: Moment | None  # when it is published
    again: int  # seconds after which the page loads itself anew; 0 for not
    percent: int  # of its bytes that are kept
    name: str  # of the file at hand, or empty
    script: str
    problem: Problem | None


# ── collections ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class CollectionItem:
    """A collection in the list."""

    title: str
    href: str  # its page in the Studio
    state: str  # published or retired
    state_words: str
    works: str  # how many are in it, in words


@dataclass(frozen=True, slots=True)
class CollectionsPage:
    """`studio/collections.html`: all collections, and a form for another."""

    frame: Frame
    collections: tuple[CollectionItem, ...]
    title: str  # what was typed
    slug: str  # what was typed
    problems: Mapping[str, Problem]


@dataclass(frozen=True, slots=True)
class MemberItem:
    """A work in a collection."""

    title: str
    slug: str
    href: str
    state_words: str  # empty while it is published
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class CollectionStudioPage:
    """`studio/collection.html`: one collection: its words, its works in order, its state."""

    frame: Frame
    title: str
    state: str  # published or retired
    state_words: str
    href: str  # its public page
    address: str  # path that its forms add to
    fields: Mapping[str, str]  # title and words, as they were typed
    problems: Mapping[str, Problem]
    revision: int
    marks: str  # of each field as it stood when the form was made
    clash: Clash | None
    members: tuple[MemberItem, ...]
    others: tuple[Choice, ...]  # works that could be put in
    problem: Problem | None  # of anything but the words
