"""The shop's other pages."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from headwaters.web.contexts.common import Problem


@dataclass(frozen=True, slots=True)
class AboutPage:
    """`about.html`: who runs this shop, and how to reach them."""

    about: Markup  # the creator's own words, or empty
    imprint: str  # plain text; line ends are meant
    email: str  # or empty


@dataclass(frozen=True, slots=True)
class PrivacyPage:
    """`privacy.html`: what the software does and does not do."""

    tills: tuple[str, ...]  # names of the tills that are on
    email: str  # whom to ask, or empty


@dataclass(frozen=True, slots=True)
class ReportForm:
    """`report.html`: tell of a wrong."""

    address: str  # what was typed, or where the reader came from
    body: str  # what was typed
    email: str  # what was typed
    nonce: str
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """A line of a report's log."""

    mine: bool  # written by who reported
    date: str
    day: str  # the same as ISO 8601 has it
    body: str  # plain text; line ends are meant


@dataclass(frozen=True, slots=True)
class ReportPage:
    """`report_page.html`: what became of a report."""

    path: str  # the page's path
    link: str  # the whole address, to keep
    reference: str
    state: str  # open, answered or closed
    about: str  # what it is about
    log: tuple[ReportEntry, ...]  # the report itself first
    body: str  # what was typed
    nonce: str
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """`error.html`: what happened, and what to do."""

    status: int  # HTTP's
    title: str
    message: str
    hint: str  # or empty
    code: str  # the error's stable name, or empty
