"""From the files that the shop made to what pages say of them: which formats there are, and a table of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from headwaters.core.works.formats import RECIPES, SUBTITLES, TITLES, in_format, is_offered
from headwaters.core.works.media import Family, family_of
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
    """A made file, ready but for the key in its address."""

    recipe: str
    label: str
    name: str
    size: str
    bytes: int
    sha256: str
    tail: str
    media_type: str


@dataclass(frozen=True, slots=True)
class ShelfTable:
    """The other formats of the files of one family. `heads`: recipe, title, and the size of all in it where that is
    worth an archive; `rows`: a label, and a cell for each of the heads."""

    heads: tuple[tuple[str, str, str], ...]
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


def shelf_tables(work: WorkView, usual: str, said: Format) -> tuple[ShelfTable, ...]:
    """The made files of a work, by the family of their originals."""
    given, made = work.of_role(*GIVEN_ROLES), offered(work, usual)
    families = dict.fromkeys(family_of(file.media_type) for file in given)
    tables = (_table(family, given, made, said) for family in families)
    return tuple(table for table in tables if table.rows)


def _table(family: Family, given: Sequence[FileView], made: Sequence[FileView], said: Format) -> ShelfTable:
    originals = {file.id: file for file in given if family_of(file.media_type) is family}
    by_original: dict[int, dict[str, FileView]] = {}
    for file in made:
        if file.made_from in originals:
            by_original.setdefault(file.made_from, {})[file.recipe] = file
    recipes = tuple(dict.fromkeys(file.recipe for file in made if file.made_from in originals))
    heads = tuple((recipe, said.gettext(TITLES[recipe]), _whole(recipe, given, made, said)) for recipe in recipes)
    rows = (
        (label := original.label or original.name, tuple(_cell(label, mine.get(one), said) for one in recipes))
        for original in originals.values()
        if (mine := by_original.get(original.id))
    )
    return ShelfTable(heads, tuple(rows))


def _whole(recipe: str, given: Sequence[FileView], made: Sequence[FileView], said: Format) -> str:
    """The size of the archive in one format; empty where one file alone is in it."""
    if sum(file.recipe == recipe for file in made) < 2:
        return ""
    return said.size(sum(file.size for file in in_format(recipe, given, made)))


def _cell(label: str, file: FileView | None, said: Format) -> ShelfCell | None:
    if file is None:
        return None
    tail = f"/{file.ref}/{last_part(file.name)}"
    return ShelfCell(file.recipe, label, file.name, said.size(file.size), file.size, file.sha256, tail, file.media_type)


def held_formats(tables: Sequence[ShelfTable], way: str) -> tuple[OtherFormat, ...]:
    """The formats of a work for one reader: the ZIP of each, or its one file. `way`: `/d/<key>`."""
    return tuple(_format(table, place, way) for table in tables for place in _worth_a_line(table))


def _worth_a_line(table: ShelfTable) -> list[int]:
    return [place for place, (recipe, *_) in enumerate(table.heads) if recipe not in _ASIDE]


def _format(table: ShelfTable, place: int, way: str) -> OtherFormat:
    recipe, title, size = table.heads[place]
    if size:
        return OtherFormat(title, f"{way}/everything-{recipe}.zip", size, archive=True)
    cell = next(cell for _, cells in table.rows if (cell := cells[place]) is not None)
    return OtherFormat(title, way + cell.tail, cell.size, archive=False)


def made_tables(tables: Sequence[ShelfTable], way: str) -> tuple[pages.MadeTable, ...]:
    """Each file for one reader."""
    return tuple(
        pages.MadeTable(
            tuple(
                pages.MadeFormat(title, f"{way}/everything-{recipe}.zip" if size else "", size)
                for recipe, title, size in table.heads
            ),
            tuple(pages.MadeRow(label, tuple(_held(cell, way) for cell in cells)) for label, cells in table.rows),
        )
        for table in tables
    )


def _held(cell: ShelfCell | None, way: str) -> pages.MadeFile | None:
    return None if cell is None else pages.MadeFile(cell.name, cell.size, way + cell.tail)


def made_cells(tables: Sequence[ShelfTable]) -> list[ShelfCell]:
    """All of them."""
    return [cell for table in tables for _, row in table.rows for cell in row if cell is not None]


def made_tracks(tables: Sequence[ShelfTable]) -> list[ShelfCell]:
    """Subtitles that were made for browsers."""
    return [cell for cell in made_cells(tables) if cell.recipe == SUBTITLES]


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
    }
