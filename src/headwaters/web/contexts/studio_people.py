"""The Studio: your keys, people, the log."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio import Frame, Moment, Pages, PasskeyHelp

# ── you ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class PasskeyItem:
    """One of your passkeys."""

    id: int
    name: str
    made: Moment
    used: Moment | None  # the last time; nothing for never


@dataclass(frozen=True, slots=True)
class SessionItem:
    """A place where you are signed in."""

    id: str  # for its form
    here: bool  # this one
    way: str  # how, in words
    since: Moment
    seen: str  # the last visit, to the hour, in words; empty where nobody knows
    wrong: str = ""  # how many wrong passwords were tried before, in words; empty for none


@dataclass(frozen=True, slots=True)
class YouPage:
    """`studio/you.html`: your name, passkeys, password, and where you are signed in."""

    frame: Frame
    name: str  # as it is, or what was typed
    passkeys: tuple[PasskeyItem, ...]
    help: PasskeyHelp
    fresh: bool  # you signed in just now: a passkey may be added
    has_password: bool
    sessions: tuple[SessionItem, ...]
    label: str  # what was typed as a new passkey's name
    about: int  # the passkey that `problem` is about; 0: none
    problem: Problem | None


# ── people ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class PersonItem:
    """Somebody in the list."""

    href: str  # their page; your own leads to yours
    name: str
    me: bool
    kind: str  # creator, contributor
    may: tuple[str, ...]  # what a contributor may do, in a word each
    state: str  # invited, here last, ended: in words
    ended: bool


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """`studio/people.html`: who may come in."""

    frame: Frame
    people: tuple[PersonItem, ...]
    gone: tuple[PersonItem, ...]  # who may not any more


@dataclass(frozen=True, slots=True)
class RightTick:
    """A right, as a tick."""

    name: str
    title: str  # Publish
    words: str  # works, editions, collections
    checked: bool
    mine: bool  # it is yours to give


@dataclass(frozen=True, slots=True)
class StandingForm:
    """What somebody is to be: fields `name`, `kind`, `may`."""

    name: str
    kind: str
    may_make_creator: bool  # you are one
    rights: tuple[RightTick, ...]
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class InvitePage:
    """`studio/invite.html`: invite somebody."""

    frame: Frame
    form: StandingForm
    days: int  # how long the link works


@dataclass(frozen=True, slots=True)
class PassOnPage:
    """`studio/pass_on.html`: the link for somebody, shown this once."""

    frame: Frame
    name: str
    href: str  # their page
    url: str
    until: Moment
    first: bool  # they were invited just now


@dataclass(frozen=True, slots=True)
class PersonPage:
    """`studio/person.html`: one person: their rights, a new link, the end."""

    frame: Frame
    address: str  # path of this page; its forms add to it
    name: str
    me: bool  # your own rights are not yours to change
    reach: bool  # they may do no more than you: you may change it
    last: bool  # the only creator
    state: str  # in words
    ended: bool
    days: int  # how long a link works
    form: StandingForm
    problem: Problem | None


# ── the log ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several in a list to choose from."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class LogLine:
    """Who did what, and when."""

    when: Moment
    who: str
    what: str
    href: str  # to what it was done, or empty
    details: str  # in a line, or empty


@dataclass(frozen=True, slots=True)
class LogPage:
    """`studio/log.html`: the audit log."""

    frame: Frame
    lines: tuple[LogLine, ...]
    people: tuple[Choice, ...]
    rooms: tuple[Choice, ...]
    filtered: bool
    pages: Pages
