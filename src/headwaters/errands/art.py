"""The picture that a work shows on its page: the cover that was given, else one that the work itself brings, else one
that is drawn from its words.

    cover ─► inside a book or a piece of music ─► a frame of the film ─► the picture, if the work is one ─► drawn
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from headwaters.actions.works import has_drawn_cover, replace_drawn_cover
from headwaters.core.errors import Refused
from headwaters.core.shelf.keys import REF_LENGTH
from headwaters.core.works.details import Details
from headwaters.core.works.editions import DRAWN, EditionFile, Role, drawn_in
from headwaters.core.works.media import Family, WorkKind, format_by_name
from headwaters.errands.blobs import row_of
from headwaters.errands.house import House
from headwaters.ports import Blob, Cover, Picture
from headwaters.store import works as rows
from headwaters.store.db import Connection

ART_WIDTHS = (480, 960, 1600)  # CSS pixels of a phone, a desk, and both at twice the density
WORK_WIDTHS = (480, 960)  # of a picture that is itself the work: enough for its page
RIVER = "#0d4a68"  # the accent of a shop that chose none
_CARRIERS = frozenset([Family.BOOK, Family.MUSIC])  # they often carry their cover inside
_SHAPES = {WorkKind.MUSIC: (1, 1)}
_USUAL_SHAPE = (3, 4)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be, or hold, a picture for the page."""

    path: Path
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Art:
    """The pictures in every width, how their names begin, and how they were made."""

    pictures: tuple[Picture, ...] = ()
    prefix: str = "art-"
    recipe: str = ""


def find_art(house: House, files: Sequence[Candidate], details: Details) -> Art:
    """The best picture there is. Blocks. Raises Refused where the cover that was given is none."""
    if cover := next((file for file in files if file.role is Role.COVER), None):
        return Art(house.media.pictures(cover.path, ART_WIDTHS))
    for candidate, widths in _carried(files, details.kind):
        with suppress(Refused):
            return Art(house.media.pictures(candidate.path, widths))
    return draw_art(house, details)


def _carried(files: Sequence[Candidate], kind: WorkKind) -> list[tuple[Candidate, tuple[int, ...]]]:
    """Files that may bring a picture, the likeliest first, and how large it may be shown."""
    found: list[tuple[Candidate, tuple[int, ...]]] = []
    works = [file for file in files if file.role is Role.WORK]
    found += [(file, ART_WIDTHS) for file in works if _family(file) in _CARRIERS][:1]
    found += [(file, ART_WIDTHS) for file in (*works, *files) if _family(file) is Family.FILM][:1]
    if kind is WorkKind.PICTURE:
        found += [(file, WORK_WIDTHS) for file in works if _family(file) is Family.PICTURE][:3]
    return found


def _family(file: Candidate) -> Family | None:
    known = format_by_name(file.name)
    return known.family if known else None


def draw_art(house: House, details: Details) -> Art:
    """A cover from the work's words alone. Blocks."""
    width, height = _SHAPES.get(details.kind, _USUAL_SHAPE)
    accent = colour_of(house)
    cover = Cover(details.title, details.by, accent, width, height)
    return Art(house.media.draw(cover, ART_WIDTHS), DRAWN, drawn_in(accent))


def colour_of(house: House) -> str:
    """The colour that covers are drawn in: the one that was chosen, else the theme's own."""
    return house.now.settings.accent or house.now.dress.theme.card.accent or RIVER


def keep_art(house: House, art: Art) -> tuple[list[EditionFile], list[Blob]]:
    """The pictures kept, as files of an edition. Blocks. Raises Refused(DISK_FULL)."""
    blobs = [house.storage.keep_bytes(picture.data) for picture in art.pictures]
    return [_art_file(art, *pair) for pair in zip(art.pictures, blobs, strict=True)], blobs


def _art_file(art: Art, picture: Picture, blob: Blob) -> EditionFile:
    ending = picture.media_type.rpartition("/")[2]
    return EditionFile(
        role=Role.ART,
        name=f"{art.prefix}{picture.width}.{ending}",
        label="",
        media_type=picture.media_type,
        sha256=blob.sha256,
        size=blob.size,
        width=picture.width,
        height=picture.height,
        recipe=art.recipe,
    )


async def draw_anew(house: House, slug: str) -> bool:
    """After a work's title or maker, or the shop's colour changed: the cover that says them, if it is one that the shop
    drew. Run twice, it draws the same."""

    def look(conn: Connection) -> Details | None:
        work = rows.work_at(conn, slug)
        newest = rows.newest_edition(conn, work.id)
        return work.details if newest and has_drawn_cover(conn, newest.id) else None

    if (details := await house.db.read(look)) is None:
        return False
    files, blobs = await _kept(house, details)
    refs, now = [house.token()[:REF_LENGTH] for _ in files], house.clock()
    kept = tuple(map(row_of, blobs))
    return await house.db.write(lambda conn: replace_drawn_cover(conn, slug, files, kept, refs, now))


async def _kept(house: House, details: Details) -> tuple[list[EditionFile], list[Blob]]:
    return await asyncio.to_thread(lambda: keep_art(house, draw_art(house, details)))
