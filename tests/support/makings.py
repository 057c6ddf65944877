"""What the workshop made, for tests: works published, makings made in the foreground, and what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from headwaters.core.works.makings import Lane
from headwaters.core.works.manifest import Given
from headwaters.store import tables

if TYPE_CHECKING:
    from headwaters.errands.house import House
    from headwaters.errands.publish import Outcome
    from headwaters.store.db import Connection
    from headwaters.store.makings import MakingRow
    from headwaters.store.works import FileRow

OWN = {"taste": Given("off", "--taste"), "rights": Given("own", "--i-made-this")}


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
    """All makings of a work's newest edition."""
    from headwaters.store import makings as rows

    return await house.db.read(lambda conn: rows.of_edition(conn, edition_of(conn, slug)))


async def made(house: House, slug: str) -> dict[str, FileRow]:
    """What the shop made of a work's newest edition, by name."""
    from headwaters.store import works as rows

    files = await house.db.read(lambda conn: rows.files_of(conn, edition_of(conn, slug)))
    return {file.name: file for file in files if file.recipe}


def path_of(house: House, sha256: str) -> Path:
    """Where a kept file is."""
    return Path(house.config.files_dir / sha256[:2] / sha256[2:4] / sha256)
