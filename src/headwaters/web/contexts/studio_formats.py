"""What the shop makes of works that do not say so themselves."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio import Frame
from headwaters.web.contexts.studio_works import Choice


@dataclass(frozen=True, slots=True)
class FormatChoices:
    """The formats of one kind of files."""

    title: str  # Music
    words: str  # of which files they are made
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class OwnFormats:
    """A work with formats of its own."""

    title: str
    href: str
    words: str  # which


@dataclass(frozen=True, slots=True)
class FormatsPage:
    """`studio/formats.html`: what the shop makes of works that do not say so themselves."""

    frame: Frame
    kinds: tuple[FormatChoices, ...]
    taste: str  # how much of a work can be tried
    own: tuple[OwnFormats, ...]  # works that have a choice of their own
    marks: dict[str, str]  # of what the form began with, by setting
    encoder: bool  # there is a program for sound and films on this machine
    problem: Problem | None
