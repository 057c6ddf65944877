"""What pages say of a file whose bytes are damaged or missing here: that it is so, and what there is meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from headwaters.core.shelf.metalink import under
from headwaters.core.works.faults import Fault
from headwaters.core.works.formats import SUBTITLES, TITLES
from headwaters.store.fetching import Parcel
from headwaters.store.pages import FileView
from headwaters.web.contexts.fetching import Mirror
from headwaters.web.contexts.orders import Trouble
from headwaters.web.format import Format
from headwaters.web.show_formats import ShelfCell, ShelfTable, as_format, made_cells


@dataclass(frozen=True, slots=True)
class ShelfTrouble:
    """A Trouble, ready but for the key. `instead`: what was made of the file and is whole, each with its title."""

    missing: bool
    instead: tuple[tuple[str, ShelfCell], ...]
    mirrors: tuple[Mirror, ...]
    torrent: bool


def shelf_trouble(
    file: FileView, tables: Sequence[ShelfTable], parcel: Parcel | None, said: Format
) -> ShelfTrouble | None:
    """What is wrong with a file that was given; None where nothing is."""
    if not file.fault:
        return None
    whole = (cell for cell in made_cells(tables) if cell.made_from == file.id and not cell.fault)
    bases = parcel.mirrors if parcel else ()
    return ShelfTrouble(
        file.fault == Fault.MISSING,
        tuple((said.gettext(TITLES[cell.recipe]), cell) for cell in whole if cell.recipe != SUBTITLES),
        tuple(Mirror(urlsplit(base).netloc, under(base, file.name)) for base in bases),
        parcel is not None and parcel.torrent is not None,
    )


def held_trouble(found: ShelfTrouble | None, way: str) -> Trouble | None:
    """The same for one reader. `way`: `/d/<key>`."""
    if found is None:
        return None
    instead = tuple(as_format(cell, title, way) for title, cell in found.instead)
    return Trouble(found.missing, instead, found.mirrors, found.torrent)
