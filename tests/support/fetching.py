"""Torrents and mirrors for tests, made in the foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.store.shop import raise_catalogue
from headwaters.store.works import keep_blobs

if TYPE_CHECKING:
    from headwaters.errands.house import House


async def make_torrents(house: House) -> int:
    """Make the torrents of all editions that have none, whether they were queued or not; how many."""
    from headwaters.errands.blobs import row_of
    from headwaters.errands.house import refresh
    from headwaters.errands.makers.torrents import make_torrent

    known = select(tables.torrents.c.edition_id)
    missing = select(tables.editions.c.id).where(tables.editions.c.id.not_in(known))
    found = await house.db.read(lambda conn: list(conn.execute(missing).scalars()))
    for edition_id in found:
        product = await make_torrent(house, edition_id)

        def write(conn: Connection, product=product) -> None:
            keep_blobs(conn, [row_of(blob) for blob in product.blobs], 0)
            product.then(conn)
            raise_catalogue(conn)

        await house.db.write(write)
    await refresh(house)
    return len(found)


async def add_mirror(
    house: House, work_id: int, address: str, checked_at: int | None = 2**52, state: str = "good"
) -> None:
    """A mirror that was looked at, by default after every edition."""
    from headwaters.errands.house import refresh

    def write(conn: Connection) -> None:
        row = {"work_id": work_id, "address": address, "state": state, "created_at": 0, "checked_at": checked_at}
        conn.execute(insert(tables.mirrors).values(**row))
        raise_catalogue(conn)

    await house.db.write(write)
    await refresh(house)


def fetchable(conn: Connection) -> None:
    """Torrents (of nothing) and mirrors for two works of the gallery, whose files are not as large as they say."""
    found = conn.execute(select(tables.works.c.slug, tables.works.c.id))
    works = {str(row.slug): int(row.id) for row in found}
    blob = conn.execute(select(tables.blobs.c.sha256).limit(1)).scalar_one()
    for slug in ("high-water", "zine"):
        edition = select(tables.editions.c.id).where(tables.editions.c.work_id == works[slug])
        torrent = {"info_sha256": blob, "infohash": "c0ffee" * 6 + "c0ff", "created_at": 0}
        conn.execute(insert(tables.torrents).values(edition_id=conn.execute(edition).scalar_one(), **torrent))
    latest = conn.execute(select(func.max(tables.editions.c.published_at))).scalar_one()
    at = int(latest) + 600_000_000  # nobody is to look at them now
    for address, state, error in (
        ("https://mirror.example/zine/", "good", ""),
        ("https://river.university.example/pub/zines/alice/", "good", ""),
        ("https://old.example/", "bad", "“Zine 2.pdf” has another size there."),
        ("https://new.example/alice/", "unchecked", ""),
    ):
        row = {"work_id": works["zine"], "address": address, "state": state, "error": error, "created_at": 0}
        conn.execute(insert(tables.mirrors).values(**row, checked_at=at))
