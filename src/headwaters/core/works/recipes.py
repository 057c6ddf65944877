"""Which makings an edition wants: a pure function of its files, the work's choice and the shop's.

A recipe is a name, `mp3`, with what it hangs on behind a colon where it hangs on something, `clip:30`: another value is
another making. Each piece of the house that makes something has a wisher here; `errands/workshop.py` has who makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from headwaters.core.errors import N_
from headwaters.core.sales.states import Door
from headwaters.core.works.editions import Role
from headwaters.core.works.formats import TITLES as FORMATS
from headwaters.core.works.formats import wished_formats
from headwaters.core.works.media import WorkKind
from headwaters.core.works.taste_recipes import CHAPTERS, READ, TASTES, taste_recipes

EDITION = 0  # the file_id of what is made of the edition as a whole
TORRENT = "torrent"
TITLES = {
    **FORMATS,
    TORRENT: N_("Torrent"),
    READ: N_("Pages to read it on"),
    CHAPTERS: N_("Chapters"),
    **dict.fromkeys(TASTES, N_("Taste")),
}


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file of the edition as it was given. `id`: of its row."""

    id: int
    role: Role
    name: str
    media_type: str
    size: int
    seconds: float | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides. `formats`, `taste`: as the work has them, or where it says nothing, as the shop does; `own_taste`:
    the work's own words, empty where it has none."""

    kind: WorkKind
    doors: frozenset[Door]
    formats: str
    taste: str
    files: Sequence[GivenFile]
    own_taste: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """One making. `file_id`: of the file that it is made from, EDITION for the whole."""

    file_id: int
    recipe: str


Wisher = Callable[[Facts], Iterable[Wish]]


def base_of(recipe: str) -> str:
    """The recipe without what it hangs on."""
    return recipe.partition(":")[0]


def title_of(recipe: str) -> str:
    """What people call it: a msgid, or the name of a format; for one of another version itself."""
    return TITLES.get(base_of(recipe), recipe)


def _formats(facts: Facts) -> Iterable[Wish]:
    works = [file for file in facts.files if file.role is Role.WORK]
    for file in works:
        others = [other.name for other in works if other is not file]
        for recipe in wished_formats(file.name, file.media_type, others, facts.formats):
            yield Wish(file.id, recipe)


def _tastes(facts: Facts) -> Iterable[Wish]:
    for file_id, recipe in taste_recipes(facts.kind, facts.files, facts.taste, facts.own_taste):
        yield Wish(file_id, recipe)


def _torrent(facts: Facts) -> Iterable[Wish]:
    if any(file.role in (Role.WORK, Role.COVER) for file in facts.files):
        yield Wish(EDITION, TORRENT)


# What is quick comes first: a reader waits for it. One line for each piece.
WISHERS: tuple[Wisher, ...] = (_tastes, _torrent, _formats)


def wishes(facts: Facts) -> tuple[Wish, ...]:
    """Everything that is to be made, each once."""
    return tuple(dict.fromkeys(wish for wisher in WISHERS for wish in wisher(facts)))
