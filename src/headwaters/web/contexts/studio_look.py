"""The Studio: what the shop looks like, and where it lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headwaters.web.contexts.common import Logo, Problem
from headwaters.web.contexts.studio import Frame


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several that a creator picks from."""

    value: str
    label: str
    checked: bool


@dataclass(frozen=True, slots=True)
class AccentShade:
    """The accent as one scheme shows it."""

    scheme: str  # light or dark
    paper: str  # #rrggbb
    colour: str  # #rrggbb, as pages show it
    words: str  # how well it can be read there, and what was done about it


@dataclass(frozen=True, slots=True)
class Accent:
    """What becomes of the accent that was typed."""

    shades: tuple[AccentShade, ...]  # empty: none, or none that can be read as a colour
    words: str  # where there is nothing to show


@dataclass(frozen=True, slots=True)
class FaultLine:
    """Something that went wrong with the theme."""

    place: str  # file and line
    message: str


@dataclass(frozen=True, slots=True)
class LookPage:
    """`studio/look.html`: name, words, logo, colours and type, beside the real page."""

    frame: Frame
    script: str  # address of the script that keeps the picture fresh
    values: Mapping[str, str]  # what stands in each field, by its name
    marks: Mapping[str, str]  # what the form started from, for hidden fields
    problems: Mapping[str, Problem]  # why a field was refused
    theirs: Mapping[str, str]  # what somebody else put there in the meantime, by field
    problem: Problem | None  # what is not about one field
    logo: Logo | None
    logo_again: bool  # a picture was chosen and not kept, and browsers forget which
    themes: tuple[Choice, ...]
    types: tuple[Choice, ...]
    covers: tuple[Choice, ...]
    schemes: tuple[Choice, ...]
    accent: Accent
    theme_fault: Problem | None  # why the theme that was chosen is not worn
    faults: tuple[FaultLine, ...]  # pages that are made without the theme, and why
    shown: tuple[Choice, ...]  # the pages that can be looked at
    preview: str  # address of the first one


@dataclass(frozen=True, slots=True)
class AccentPart:
    """`studio/accent.html`: a piece of the page before, fetched anew as the colour changes."""

    accent: Accent


@dataclass(frozen=True, slots=True)
class Check:
    """What was found when the shop asked for itself by a name."""

    good: bool
    message: str
    hint: str  # or empty


@dataclass(frozen=True, slots=True)
class Record:
    """A line to enter where the name was registered."""

    kind: str  # A, AAAA or CNAME
    name: str
    value: str  # in words where only the creator knows it


@dataclass(frozen=True, slots=True)
class AddressPage:
    """`studio/address.html`: where the shop lives, and how it moves to a name of one's own."""

    frame: Frame
    url: str  # of now
    secure: bool
    local: bool  # only this machine can reach it
    typed: str  # the address that the shop is to move to, as it was typed
    next: str  # the same as it was noted; empty: none
    problem: Problem | None
    records: tuple[Record, ...]
    caddyfile: str
    line: str  # of headwaters.toml
    command: str
    check: tuple[Check, ...]  # one a scheme that was tried; empty before
    reached: bool  # what was checked leads here, over HTTPS
    lacks_proxies: bool  # nothing stands in front of the shop so far
    from_environment: bool  # HEADWATERS_URL stands over the file
