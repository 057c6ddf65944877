"""What the workshop made, for tests: works published, makings made in the foreground, and what came of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from headwaters.core.works.makings import Lane
from headwaters.core.works.manifest import Given
from headwaters.core.works.recipes import TORRENT
from headwaters.store import tables

if TYPE_CHECKING:
    from headwaters.errands.bench import Bench, Product
    from headwaters.errands.house import House
    from headwaters.errands.publish import Outcome
    from headwaters.store.db import Connection
    from headwaters.store.makings import MakingRow
    from headwaters.store.works import FileRow

OWN = {"rights": Given("own", "--i-made-this")}


async def published(house: House, *paths: Path, **said: str) -> Outcome:
    """One work of these files."""
    from headwaters.errands.gather import Failure
    from headwaters.errands.publish import publish

    options = {**OWN, **{name: Given(value, f"--{name}") for name, value in said.items()}}
    (result,) = await publish(house, paths, options)
    if isinstance(result, Failure):
        raise result.error
    return result


async def make_all(house: House) -> int:
    """Make everything that is due, as the background would; how many were taken."""
    from headwaters.errands.workshop import Workshop

    workshop = Workshop(house)
    return sum([await workshop.make_due(lane) for lane in Lane])


def edition_of(conn: Connection, slug: str) -> int:
    """The newest edition of a work."""
    query = select(tables.editions.c.id).join(tables.works).where(tables.works.c.slug == slug)
    return int(conn.execute(query.order_by(tables.editions.c.number.desc()).limit(1)).scalar_one())


async def makings(house: House, slug: str) -> list[MakingRow]:
    """All makings of a work's newest edition, but for the torrent, which each has."""
    from headwaters.store import makings as rows

    found = await house.db.read(lambda conn: rows.of_edition(conn, edition_of(conn, slug)))
    return [row for row in found if row.recipe != TORRENT]


async def made(house: House, slug: str) -> dict[str, FileRow]:
    """What the shop made of a work's newest edition, by name."""
    from headwaters.store import works as rows

    files = await house.db.read(lambda conn: rows.files_of(conn, edition_of(conn, slug)))
    return {file.name: file for file in files if file.recipe}


def path_of(house: House, sha256: str) -> Path:
    """Where a kept file is."""
    return Path(house.config.files_dir / sha256[:2] / sha256[2:4] / sha256)


# ── pretended ────────────────────────────────────────────────────────────────────────────────────

_SIZES = {"mp3": 6_300_000, "opus": 3_900_000, "h264-1080": 1_900_000_000, "h264-480": 412_000_000}


async def pretend_formats(house: House) -> None:
    """Every making that waits is made of a few bytes, with a size that pages show; one failed, one was skipped."""
    from headwaters.errands.workshop import RECIPES, Workshop

    failing = {"High Water 2.mp4": "This file cannot be read through. ffmpeg says: moov atom not found"}

    async def make(bench: Bench) -> Product:
        from headwaters.core.errors import Code, Refused
        from headwaters.core.works.editions import Role
        from headwaters.core.works.formats import made_name
        from headwaters.errands.bench import MadeFile, Product, Skip

        if bench.file.name in failing:
            raise Refused(Code.NOT_MADE, failing[bench.file.name])
        if bench.file.name == "High Water 1.mp4":
            raise Skip("The film is no larger than the smaller format.")
        blob = await bench.keep_bytes(f"{bench.making.recipe} {bench.file.id}".encode())
        ending = bench.making.recipe.replace("h264-", "") + (".mp4" if "h264" in bench.making.recipe else "")
        return Product((MadeFile(Role.MADE, made_name(bench.file.name, f".{ending}"), "audio/mpeg", blob),))

    workshop = Workshop(house, {name: replace(recipe, make=make) for name, recipe in RECIPES.items()})
    for lane in Lane:
        await workshop.make_due(lane)

    def pretend(conn: Connection) -> None:
        for recipe, size in _SIZES.items():
            conn.execute(update(tables.files).where(tables.files.c.recipe == recipe).values(size=size))

    await house.db.write(pretend)
