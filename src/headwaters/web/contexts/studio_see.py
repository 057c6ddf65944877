"""The Studio: how it is going, and how a launch goes."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio import DamagedItem, Frame, Moment, OrderItem, ReportItem, ThreadItem
from headwaters.web.contexts.studio_checklist import ChecklistView
from headwaters.web.contexts.studio_makings import Unmade
from headwaters.web.contexts.studio_works import CopyBrought


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several things to look at."""

    name: str  # its value in the address
    text: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class NumberCard:
    """A number that one sees first."""

    name: str  # Copies
    values: tuple[str, ...]  # mostly one; money has one a currency
    parts: str  # what it is made of, in words, or empty
    compared: str  # with the time before, in words, or empty


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of one kind in a plot, as one path of its SVG."""

    kind: str  # class of the path: pay, cant_pay, have_copy, income
    name: str
    total: str
    path: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars over time. The numbers are in the table beside it."""

    id: str  # unique on the page
    title: str
    words: str  # what is to be seen, in a sentence or two
    series: tuple[Bars, ...]  # stacked, the first one lowest
    width: int  # of the SVG's view box; its height is 100, the middle line at 50
    top: str  # what the upper line stands for
    middle: str  # the same of the middle one
    first: str  # label of the first bar
    centre: str  # of the middle one, where there are many
    last: str  # of the last


@dataclass(frozen=True, slots=True)
class TableRow:
    """A line of a table."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers."""

    heads: tuple[str, ...]  # the first is that of the names
    rows: tuple[TableRow, ...]
    total: TableRow
    csv: str  # address of the same as CSV


@dataclass(frozen=True, slots=True)
class Origin:
    """A word of links, or none, and who came by it."""

    name: str
    words: str  # what it means, or empty
    mono: bool  # it is a word that the creator chose
    visits: str
    copies: str
    share: int  # of the most copies, 0 to 100


@dataclass(frozen=True, slots=True)
class CountryRow:
    """How many readers said that they are in a country, in fives."""

    name: str
    count: str
    share: int  # of the most, 0 to 100


@dataclass(frozen=True, slots=True)
class Going:
    """How it is going: the numbers of a span, of one work or all."""

    spans: tuple[Choice, ...]
    works: tuple[Choice, ...]  # the first stands for all; empty where there are less than two
    span: str  # name of the chosen span
    span_words: str  # In the last 7 days
    cards: tuple[NumberCard, ...]
    practice: str  # what was practised, in words, or empty
    plots: tuple[Plot, ...]  # empty: not enough for a picture
    too_little: str  # why there is none, or empty
    numbers: str  # address of the same as a table
    table: Table
    origins: tuple[Origin, ...]
    origins_csv: str
    countries: tuple[CountryRow, ...]
    countries_csv: str
    countries_words: str  # who said nothing, in words; empty where nobody said anything


@dataclass(frozen=True, slots=True)
class NumbersPage:
    """`studio/numbers.html`: how it is going, as tables."""

    frame: Frame
    back: str  # address of the first page, with the same span and work
    going: Going
    brought: tuple[CopyBrought, ...]  # editions whose copies brought visits in that time
    empty: bool  # nobody ever came by


@dataclass(frozen=True, slots=True)
class StartPage:
    """`studio/start.html`: the Studio's first page: what waits, and how it is going."""

    frame: Frame
    name: str  # the creator's
    empty: bool  # nothing has happened in this shop yet
    works: int  # how many there are
    checklist: ChecklistView  # from first start to first sale
    going: Going
    waiting: tuple[OrderItem, ...]
    letters: tuple[ThreadItem, ...]  # with something unread
    reports: tuple[ReportItem, ...]  # that nobody answered yet
    newest: tuple[OrderItem, ...]
    has_password: bool
    damaged: tuple[DamagedItem, ...]  # works whose files are missing or changed
    check: str  # the command that looks at them again
    unmade: tuple[Unmade, ...]  # works of which the shop could not make something
    wrong_tries: str  # how many wrong passwords were tried before this session, in words; empty for none


# ── a launch ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Sign:
    """How something about the shop is."""

    name: str  # Pages
    words: str  # answered at once
    good: bool  # nothing to do


@dataclass(frozen=True, slots=True)
class LaunchNow:
    """`studio/launch_now.html`: the part of the launch view that is made anew every few seconds."""

    cards: tuple[NumberCard, ...]
    plot: Plot | None  # None: nothing happened yet
    table: Table | None
    practice: str  # what was practised, in words, or empty
    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class LaunchPage:
    """`studio/launch.html`: a release, followed while it happens."""

    frame: Frame
    works: tuple[Choice, ...]  # the first stands for all
    starts: tuple[Choice, ...]  # other times to begin at
    since: Moment
    since_field: str  # as it stands in the form, in UTC
    problem: Problem | None
    now: LaunchNow
    at: Moment  # when these numbers were read
    live: str  # address of the numbers as JSON
    again: str  # address of this page
    accounts: str  # address of the same as a page to print
    script: str  # address of the script that looks again by itself


@dataclass(frozen=True, slots=True)
class AccountLine:
    """A line of the accounts."""

    name: str
    amount: str
    sum: bool  # what is left so far


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """`studio/accounts.html`: what a release brought and cost, as a page to print."""

    frame: Frame
    title: str  # of the work, or the shop's name
    work: str  # its slug; empty: all
    since: Moment
    until: Moment
    since_field: str  # as they stand in the form, in UTC
    until_field: str
    costs_field: str
    currency: str  # of the costs
    accounts: tuple[tuple[AccountLine, ...], ...]  # one a currency
    cards: tuple[NumberCard, ...]
    average: str  # what who paid gave, in words, or empty
    plots: tuple[Plot, ...]
    table: Table
    origins: tuple[Origin, ...]
    countries: tuple[CountryRow, ...]
    countries_words: str
    practice: str
    launch: str  # address of the launch view
    problem: Problem | None
