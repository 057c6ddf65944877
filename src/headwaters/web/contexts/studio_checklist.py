"""The Studio's checklist: from first start to first sale."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChecklistStep:
    """A step, and where one takes it."""

    name: str  # name, about, work, till, address, key, mail, practice, sale
    title: str
    words: str  # what to do, or what is good about it now that it is done
    href: str  # where one does it, or empty
    done: bool
    optional: bool  # a shop can do without


@dataclass(frozen=True, slots=True)
class ChecklistView:
    """What the macro of `studio/_checklist.html` shows; `shown` False: nothing at all."""

    shown: bool
    finished: bool  # nothing that a shop needs is left: it may be put away
    done: int  # steps that are done
    steps: tuple[ChecklistStep, ...]
    next: str  # name of the first step that is left, or empty
