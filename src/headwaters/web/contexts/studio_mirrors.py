"""The Studio: mirrors of a work."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio import Frame, Moment


@dataclass(frozen=True, slots=True)
class MirrorItem:
    """Another host that has, or should have, a work's files."""

    address: str
    state: str  # unchecked, good or bad
    state_words: str
    error: str  # what is wrong with it, or empty
    checked: Moment | None  # when it was looked at last


@dataclass(frozen=True, slots=True)
class MirrorsPage:
    """`studio/mirrors.html`: the mirrors of a work, and a form for another."""

    frame: Frame
    title: str  # of the work
    back: str  # the work's page in the Studio
    address: str  # this page; its forms add to it
    asks: bool  # the work asks for money, which no mirror does
    example: str  # where a file would be, for whoever puts them there
    mirrors: tuple[MirrorItem, ...]
    most: int  # as many as there can be
    typed: str  # the address that was refused
    problem: Problem | None
