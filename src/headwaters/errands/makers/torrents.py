"""The torrent of an edition: all of its files are read once, and the info dictionary is kept as a blob of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from headwaters.core.clock import to_micros
from headwaters.core.shelf.torrents import Pieces, TorrentFile, folder_name, info_dict, infohash, piece_length
from headwaters.core.works.makings import WHOLE, Lane
from headwaters.core.works.recipes import TORRENT
from headwaters.errands.bench import Bench, Product, Recipe
from headwaters.errands.blobs import blob_of
from headwaters.errands.house import House
from headwaters.store import fetching as rows
from headwaters.store import shelf
from headwaters.store.db import Connection
from headwaters.store.shelf import FileRow

AT_ONCE = 1 << 20  # bytes read at a time

Report = Callable[[int], None]


async def make_torrent(house: House, edition_id: int, report: Report = lambda thousandths: None) -> Product:
    """The same files give the same, whenever it is run. Raises Unavailable(BLOB_MISSING | BLOB_CHANGED),
    Refused(DISK_FULL)."""
    slug, number = await house.db.read(partial(rows.name_of_edition, edition_id=edition_id))
    files = await house.db.read(partial(shelf.edition_files, edition_id=edition_id))
    length = piece_length(sum(file.size for file in files))
    pieces = await _read(house, files, length, report)
    listed = [TorrentFile(file.name, file.size) for file in files]
    info = info_dict(folder_name(slug, number), listed, length, pieces)
    blob = await asyncio.to_thread(house.storage.keep_bytes, info)
    now = to_micros(house.clock())

    def write(conn: Connection) -> None:
        rows.add_torrent(conn, edition_id, blob.sha256, infohash(info), now)

    return Product(blobs=(blob,), then=write)


async def _read(house: House, files: tuple[FileRow, ...], length: int, report: Report) -> bytes:
    pieces, done, total = Pieces(length), 0, sum(file.size for file in files)
    for file in files:
        with house.storage.open(blob_of(file)) as source:
            offset = 0
            while offset < file.size:
                data = await source.read(offset, AT_ONCE)
                await asyncio.to_thread(pieces.add, data)
                offset += len(data)
                done += len(data)
                report(WHOLE * done // total)
    return pieces.done()


async def _make(bench: Bench) -> Product:
    return await make_torrent(bench.house, bench.making.edition_id, bench.report)


RECIPES: Mapping[str, Recipe] = {TORRENT: Recipe(_make, Lane.READING)}
