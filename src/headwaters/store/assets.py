"""Named queries of the shop's own pictures: its logo."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import assets, blobs
from headwaters.store.works import BlobRow, keep_blobs


@dataclass(frozen=True, slots=True)
class AssetRow:
    """A picture of the shop, with the blob that holds it."""

    name: str
    media_type: str
    width: int
    height: int
    blob: BlobRow


_ASSET = Prepared(
    select(
        assets.c.name,
        assets.c.media_type,
        assets.c.width,
        assets.c.height,
        blobs.c.sha256,
        blobs.c.crc32,
        blobs.c.size,
        blobs.c.keep,
        blobs.c.inode,
        blobs.c.mtime_ns,
        blobs.c.ctime_ns,
        blobs.c.place,
        blobs.c.tag,
        blobs.c.fault,
    )
    .join(blobs, blobs.c.sha256 == assets.c.sha256)
    .where(assets.c.name == bindparam("name"))
)


def read_asset(conn: Connection, name: str) -> AssetRow | None:
    """The picture called `name`, if there is one."""
    row = _ASSET.first(conn, name=name)
    if row is None:
        return None
    called, media_type, width, height, *blob = row
    return AssetRow(called, media_type, width, height, BlobRow(*blob))


def write_asset(conn: Connection, asset: AssetRow, now: int) -> None:
    """Put it in the place of the one before. Its bytes stay among the blobs, so that they are looked after."""
    keep_blobs(conn, (asset.blob,), now)
    values = {
        "sha256": asset.blob.sha256,
        "media_type": asset.media_type,
        "size": asset.blob.size,
        "width": asset.width,
        "height": asset.height,
        "created_at": now,
    }
    statement = insert(assets).values(name=asset.name, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=[assets.c.name], set_=values))


def remove_asset(conn: Connection, name: str) -> bool:
    """Take it away; whether it was there."""
    return conn.execute(delete(assets).where(assets.c.name == name)).rowcount == 1
