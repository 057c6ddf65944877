"""From the files that the shop made to what pages say of them: which formats there are, and a table of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from headwaters.core.works.formats import RECIPES, SUBTITLES, TITLES, family_of_recipe, in_format, is_offered
from headwaters.core.works.media import Family, family_of
from headwaters.store.fetching import Coming
from headwaters.store.pages import FileView, WorkView
from headwaters.store.shelf import GIVEN_ROLES
from headwaters.web.contexts import formats as pages
from headwaters.web.contexts.orders import OtherFormat
from headwaters.web.format import Format, formats

_ASIDE = frozenset([SUBTITLES, "webp-512"])  # for browsers and lists: nothing that a reader looks for


def last_part(name: str) -> str:
    """A file's name without its folders, as it stands in an address."""
    return quote(name.rpartition("/")[2], safe="")


@dataclass(frozen=True, slots=True)
class ShelfCell:
    """A made file, ready but for the key in its address. `fault`: as `core.works.faults`; `made_from`: the original."""

    recipe: str
    label: str
    name: str
    size: str
    bytes: int
    sha256: str
    tail: str
    media_type: str
    fault: str
    made_from: int


@dataclass(frozen=True, slots=True)
class ShelfHead:
    """A format of the files of one family. `size`: of all files in it as one ZIP, empty where one alone is in it; `of`:
    how many there will be while they are being made, 0 once they are; `gaps`: some originals stand in the ZIP, as
    nothing was made of them; `whole`: nothing that is in it is damaged."""

    recipe: str
    title: str
    size: str
    made: int
    of: int
    gaps: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class ShelfTable:
    """The other formats of the files of one family. `rows`: a label, and a cell for each of the heads."""

    heads: tuple[ShelfHead, ...]
    rows: tuple[tuple[str, tuple[ShelfCell | None, ...]], ...]


def offered(work: WorkView, usual: str) -> list[FileView]:
    """What was made and is wanted still, in the order of the recipes."""
    made = [file for file in work.of_role("made") if is_offered(file.recipe, work.formats or usual)]
    return sorted(made, key=lambda file: RECIPES.index(file.recipe))


def other_formats(work: WorkView, usual: str, language: str) -> str:
    """What the formats are called that the work is there in as well; empty for none."""
    said = formats(language)
    recipes = dict.fromkeys(file.recipe for file in offered(work, usual))
    return said.join([said.gettext(TITLES[one]) for one in recipes if one not in _ASIDE])


def shelf_tables(work: WorkView, usual: str, coming: Sequence[Coming], said: Format) -> tuple[ShelfTable, ...]:
    """The made files of a work and those to come, by the family of their originals."""
    given, made = work.of_role(*GIVEN_ROLES), offered(work, usual)
    wanted = {one.recipe: one for one in coming if is_offered(one.recipe, work.formats or usual)}
    families = dict.fromkeys(family_of(file.media_type) for file in given)
    tables = (_Making(family, given, made, wanted, said).table() for family in families)
    return tuple(table for table in tables if table.heads)


class _Making:
    """The table of one family."""

    def __init__(
        self,
        family: Family,
        given: Sequence[FileView],
        made: Sequence[FileView],
        coming: Mapping[str, Coming],
        said: Format,
    ) -> None:
        self._given, self._made, self._said = given, made, said
        self._originals = {file.id: file for file in given if family_of(file.media_type) is family}
        self._coming = {name: one for name, one in coming.items() if family_of_recipe(name) is family}
        aside = SUBTITLES if family is Family.FILM else ""  # they are shown with the film, and not beside it
        self._mine = [file for file in made if file.made_from in self._originals and file.recipe != aside]

    def table(self) -> ShelfTable:
        there = {file.recipe for file in self._mine} | self._coming.keys()
        recipes = [recipe for recipe in RECIPES if recipe in there]
        by_original: dict[int | None, dict[str, FileView]] = {}
        for file in self._mine:
            by_original.setdefault(file.made_from, {})[file.recipe] = file
        rows = (
            (label := original.label or original.name, tuple(_cell(label, own.get(one), self._said) for one in recipes))
            for original in self._originals.values()
            if (own := by_original.get(original.id))
        )
        return ShelfTable(tuple(map(self._head, recipes)), tuple(rows))

    def _head(self, recipe: str) -> ShelfHead:
        own = [file for file in self._mine if file.recipe == recipe]
        everything = in_format(recipe, self._given, self._made)
        coming = self._coming.get(recipe)
        return ShelfHead(
            recipe,
            self._said.gettext(TITLES[recipe]),
            self._said.size(sum(file.size for file in everything)) if len(own) > 1 else "",
            coming.made if coming else len(own),
            coming.of if coming else 0,
            len(own) < len(self._originals),
            not any(file.fault for file in everything),
        )


def _cell(label: str, file: FileView | None, said: Format) -> ShelfCell | None:
    if file is None:
        return None
    tail = f"/{file.ref}/{last_part(file.name)}"
    return ShelfCell(
        file.recipe,
        label,
        file.name,
        said.size(file.size),
        file.size,
        file.sha256,
        tail,
        file.media_type,
        file.fault,
        file.made_from or 0,
    )


def held_formats(tables: Sequence[ShelfTable], way: str) -> tuple[OtherFormat, ...]:
    """The formats of a work for one reader: the ZIP of each, or its one file, or how far it is. What is damaged is left
    out. `way`: `/d/<key>`."""
    found = (_format(table, place, way) for table in tables for place in range(len(table.heads)))
    return tuple(one for one in found if one is not None)


def _format(table: ShelfTable, place: int, way: str) -> OtherFormat | None:
    head = table.heads[place]
    if head.recipe in _ASIDE:
        return None
    if head.of:
        return OtherFormat(head.title, "", "", archive=False, made=head.made, of=head.of)
    if head.size:
        archive = _archive(head, way)
        return OtherFormat(head.title, archive, head.size, archive=True, made=0, of=0) if archive else None
    cell = next(cell for _, cells in table.rows if (cell := cells[place]) is not None)
    return None if cell.fault else as_format(cell, head.title, way)


def as_format(cell: ShelfCell, title: str, way: str) -> OtherFormat:
    """One made file as what a reader may take."""
    return OtherFormat(title, way + cell.tail, cell.size, archive=False, made=0, of=0)


def _archive(head: ShelfHead, way: str) -> str:
    """Where all of a format is as one ZIP: once it is made, and while all of it is whole."""
    return f"{way}/everything-{head.recipe}.zip" if head.size and head.whole and not head.of else ""


def made_tables(tables: Sequence[ShelfTable], way: str) -> tuple[pages.MadeTable, ...]:
    """Each file for one reader."""
    return tuple(
        pages.MadeTable(
            tuple(_made_format(head, way) for head in table.heads),
            tuple(pages.MadeRow(label, tuple(_held(cell, way) for cell in cells)) for label, cells in table.rows),
            any(head.gaps and _archive(head, way) for head in table.heads),
        )
        for table in tables
    )


def _made_format(head: ShelfHead, way: str) -> pages.MadeFormat:
    archive = _archive(head, way)
    return pages.MadeFormat(head.title, archive, head.size if archive else "", head.made, head.of)


def _held(cell: ShelfCell | None, way: str) -> pages.MadeFile | None:
    return None if cell is None else pages.MadeFile(cell.name, cell.size, way + cell.tail, bool(cell.fault))


def made_cells(tables: Sequence[ShelfTable]) -> list[ShelfCell]:
    """All of them."""
    return [cell for table in tables for _, row in table.rows for cell in row if cell is not None]


def made_tracks(tables: Sequence[ShelfTable]) -> list[ShelfCell]:
    """Subtitles that were made for browsers, and are whole."""
    return [cell for cell in made_cells(tables) if cell.recipe == SUBTITLES and not cell.fault]


def made_json(cell: ShelfCell, way: str) -> dict[str, object]:
    """A made file on the order page's machine twin."""
    return {
        "format": cell.recipe,
        "name": cell.name,
        "label": cell.label,
        "url": way + cell.tail,
        "size": cell.bytes,
        "sha256": cell.sha256,
        "media_type": cell.media_type,
        "fault": cell.fault or None,
    }
