"""Making an edition's torrent: all of its files are read once, and what came out is kept as a blob of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from headwaters.core.clock import to_micros
from headwaters.core.shelf.torrents import Pieces, TorrentFile, folder_name, info_dict, infohash, piece_length
from headwaters.errands.blobs import blob_of, row_of
from headwaters.errands.house import House
from headwaters.store import fetching as rows
from headwaters.store import shelf, works
from headwaters.store.db import Connection
from headwaters.store.shelf import FileRow
from headwaters.store.shop import raise_catalogue

AT_ONCE = 1 << 20  # bytes read at a time

Progress = Callable[[int, int], None]
"""How many bytes were read, of how many."""


async def make_torrent(
    house: House, edition_id: int, progress: Progress = lambda done, total: None
) -> Callable[[Connection], bool]:
    """Read the edition's files, and keep its info dictionary; what is left to do is a function for the transaction,
    which answers whether it was news.

    The same files give the same, so that it may be run again at any gap. Raises Unavailable(BLOB_MISSING |
    BLOB_CHANGED), Refused(DISK_FULL).
    """
    slug, number = await house.db.read(partial(rows.name_of_edition, edition_id=edition_id))
    files = await house.db.read(partial(shelf.edition_files, edition_id=edition_id))
    listed = [TorrentFile(file.name, file.size) for file in files]
    length = piece_length(sum(file.size for file in files))
    pieces = await _read(house, files, length, progress)
    info = info_dict(folder_name(slug, number), listed, length, pieces)
    blob = await asyncio.to_thread(house.storage.keep_bytes, info)
    now = to_micros(house.clock())

    def finish(conn: Connection) -> bool:
        works.keep_blobs(conn, [row_of(blob)], now)
        news = rows.add_torrent(conn, edition_id, blob.sha256, infohash(info), now)
        if news:
            raise_catalogue(conn)
        return news

    return finish


async def _read(house: House, files: tuple[FileRow, ...], length: int, progress: Progress) -> bytes:
    pieces, done, total = Pieces(length), 0, sum(file.size for file in files)
    for file in files:
        with house.storage.open(blob_of(file)) as source:
            offset = 0
            while offset < file.size:
                data = await source.read(offset, AT_ONCE)
                await asyncio.to_thread(pieces.add, data)
                offset += len(data)
                done += len(data)
                progress(done, total)
    return pieces.done()


async def make_missing(house: House) -> int:
    """Make the torrents of newest editions that have none, one after the other; how many were made."""
    made = 0
    for edition_id in await house.db.read(rows.without_torrent):
        finish = await make_torrent(house, edition_id)
        made += await house.db.write(finish)
    return made
