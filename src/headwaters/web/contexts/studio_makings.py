"""What the shop makes of a work in the background, for the Studio."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MakingItem:
    """One that is at work, or ended without a file."""

    name: str  # of the file it is made from, or empty: of the edition as a whole
    state: str  # waiting (after something went wrong), making, failed or skipped
    words: str  # how far it is, or why it ended


@dataclass(frozen=True, slots=True)
class Unmade:
    """A work of which the shop could not make something."""

    title: str
    href: str  # where it is told why, and tried again
    words: str  # how much that is


@dataclass(frozen=True, slots=True)
class MakingGroup:
    """All of one format."""

    name: str  # what its buttons send
    title: str  # MP3
    words: str  # “12 made, 75 MB”, “3 wait”
    items: tuple[MakingItem, ...]
    busy: bool  # some wait, or are being made: they can be stopped
    ended: bool  # some failed or were skipped, and may be made if they are tried again


@dataclass(frozen=True, slots=True)
class Makings:
    """The section of a work’s page."""

    address: str  # where its forms go
    groups: tuple[MakingGroup, ...]
    busy: bool  # it is worth looking again
    paused: bool  # this server makes nothing by itself: its configuration says so
