"""The Studio: letters, saved answers, notices, reports."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio import Frame, Moment, Pages, ReportItem, ThreadItem


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several lists, or of several values of a field."""

    value: str
    text: str
    href: str  # where the list is; empty for a value
    count: int  # how many are in the list
    chosen: bool


# ── letters ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ThreadsPage:
    """`studio/letters.html`: threads, unread ones first."""

    frame: Frame
    script: str  # address of the letters' script
    find: str  # what was typed
    tray: str  # open, unread, archived, blocked, all
    trays: tuple[Choice, ...]
    any: bool  # somebody has written at all
    threads: tuple[ThreadItem, ...]
    pages: Pages
    reports: int  # how many reports of a wrong wait for an answer
    sent: bool  # an answer was sent just now


@dataclass(frozen=True, slots=True)
class LetterItem:
    """A letter of a thread, as the creator reads it."""

    mine: bool  # the creator's
    fresh: bool  # not opened before
    body: str  # plain text; line ends are meant
    by_mail: bool  # a reader's: the answer is wanted by mail; the creator's: it went, or goes, by mail as well
    mailed: str  # of the creator's own, what became of the mail, in words; empty where none was meant to go
    when: Moment


@dataclass(frozen=True, slots=True)
class AboutThread:
    """What stands beside the letters."""

    titles: tuple[str, ...]  # of the works
    state: str  # of the order, in words
    amount: str  # what was paid, or asked for; empty where there is nothing to tell
    made: Moment
    email: str  # empty where none was given
    number: int  # of the order
    order_href: str  # empty for who may not see orders


@dataclass(frozen=True, slots=True)
class SavedChoice:
    """A saved answer to put into the answer."""

    id: int
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """`studio/thread.html`: one thread, and a place to answer."""

    frame: Frame
    script: str  # address of the letters' script
    address: str  # path of this page; its forms add to it
    title: str
    about: AboutThread
    letters: tuple[LetterItem, ...]
    archived: bool
    blocked: bool
    newer: str  # address of the unread thread before this one, or empty
    older: str  # address of the one after, or empty
    by_mail: bool  # the answer can go out by mail as well
    by_mail_ticked: bool
    no_mail: str  # why it goes to the page alone, in words
    saved: tuple[SavedChoice, ...]
    body: str  # what was typed
    seen: int  # the newest letter that is shown, for the forms
    limit: int  # KB
    nonce: str
    sent: bool  # an answer was sent just now
    problem: Problem | None


# ── saved answers ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SavedItem:
    """A saved answer in the list."""

    href: str
    title: str
    start: str  # its first words


@dataclass(frozen=True, slots=True)
class SavedForm:
    """The fields of a saved answer."""

    title: str
    body: str
    longest: int  # characters of the title
    limit: int  # KB of the body
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class SavedPage:
    """`studio/saved.html`: all saved answers, and a form for another."""

    frame: Frame
    items: tuple[SavedItem, ...]
    most: int  # how many are kept
    form: SavedForm
    name: str  # what {name} becomes


@dataclass(frozen=True, slots=True)
class SavedEditPage:
    """`studio/saved_edit.html`: one saved answer."""

    frame: Frame
    address: str  # path of this page; its forms add to it
    form: SavedForm
    seen: int  # which one is edited
    theirs_title: str  # what it says now, where somebody else changed it; else empty
    theirs_body: str
    name: str  # what {name} becomes


# ── notices ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class NoticeSwitch:
    """How often one hears of something."""

    name: str  # of the field: orders, letters
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class NoticesPage:
    """`studio/notices.html`: what the shop tells you by mail."""

    frame: Frame
    email: str
    may_address: bool  # this person may change where notices go
    switches: tuple[NoticeSwitch, ...]  # of what this person may see
    hours: tuple[Choice, ...]
    tried: str  # what the mail server said just now, where it was good; else empty
    problem: Problem | None


# ── reports of a wrong ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ReportsPage:
    """`studio/reports.html`: what people told of wrongs, those that wait first."""

    frame: Frame
    states: tuple[Choice, ...]
    any: bool  # somebody has reported something at all
    reports: tuple[ReportItem, ...]
    pages: Pages


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A line of a report's log."""

    mine: bool  # the creator's
    body: str  # plain text; line ends are meant
    when: Moment


@dataclass(frozen=True, slots=True)
class WrongPage:
    """`studio/report.html`: one report, its log, and a place to answer."""

    frame: Frame
    report: ReportItem
    address: str  # path of this page and its form
    email: str  # of who reported it, or empty
    work_title: str  # of the work that the report seems to be about, or empty
    work_href: str  # where it can be retired or withheld, or empty
    log: tuple[ReportLine, ...]
    body: str  # what was typed
    seen: int  # how many lines of the log are shown
    limit: int  # KB
    problem: Problem | None
