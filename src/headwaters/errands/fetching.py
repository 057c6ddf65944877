"""The many ways to fetch an edition beside a browser's: sums, Metalink, torrent, web seed, mirrors; and, where a work
asks for nothing, without a key.

What the database said is remembered until the catalogue moves, as at the desk: a download says with its headers where
else it is, and its thousandth range must cost no query.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.shelf import metalink, torrents, ways
from headwaters.core.shelf.archive import sums
from headwaters.errands.blobs import blob_of
from headwaters.errands.download import Desk, Download
from headwaters.errands.house import House
from headwaters.errands.memory import Memory
from headwaters.store import fetching as rows
from headwaters.store.fetching import Parcel, ParcelFile, TorrentRow
from headwaters.store.shelf import no_such_file

MOST_FILES = 100_000  # of the works and editions that are remembered
MOST_INFO = 32 << 20  # bytes of info dictionaries

T = TypeVar("T")


def _files_in(known: object) -> int:
    """A work, its parcel, or the files of an edition; each takes some room besides."""
    files = known.files if isinstance(known, Parcel) else known
    return 50 + (len(files) if isinstance(files, Sequence) else 0)


class Fetching:
    """Hands out what programs fetch by. One for a house."""

    def __init__(self, house: House, desk: Desk) -> None:
        self._house = house
        self._desk = desk
        self._version = house.now.version
        self._memory: Memory[object] = Memory(MOST_FILES, _files_in)
        self._infos: Memory[bytes] = Memory(MOST_INFO, len)  # by SHA-256: these never change

    async def held(self, key: str) -> Parcel:
        """The parcel that a download key opens. Raises NotFound(GRANT_UNKNOWN), Refused(WORK_WITHHELD)."""
        return await self._parcel(await self._desk.work(key))

    async def free(self, slug: str) -> Parcel:
        """The parcel of a work that everybody may fetch. Raises as `held`, and NotFound(WORK_RETIRED)."""
        found: int = await self._recall(("free", slug), partial(rows.free_work, slug=slug))
        return await self._parcel(found)

    async def _parcel(self, work_id: int) -> Parcel:
        return await self._recall(("parcel", work_id), partial(rows.parcel_of, work_id=work_id))

    async def seeded(self, parcel: Parcel, number: int, path: str) -> Download:
        """The file at `path` of a torrent of an edition. What is not exactly one of its paths is nothing.

        Raises NotFound(GRANT_UNKNOWN) and what the desk does.
        """
        query = partial(rows.files_of_edition, work_id=parcel.work_id, number=number)
        files: Sequence[ParcelFile] = await self._recall(("seed", parcel.work_id, number), query)
        folder = torrents.folder_name(parcel.edition.slug, number)
        ref = next((file.ref for file in files if f"{folder}/{file.name}" == path), None)
        if ref is None:
            raise no_such_file()
        return await self._desk.file_of(parcel.work_id, ref)

    async def torrent(self, parcel: Parcel, way: str) -> bytes:
        """The .torrent of a parcel, whose web seed is `way`. Raises NotFound(TORRENT_MISSING), Unavailable."""
        if (row := parcel.torrent) is None:
            raise NotFound(
                Code.TORRENT_MISSING,
                N_("The torrent of this edition is not made yet."),
                hint=N_("The shop makes it in the background. Try again in a few minutes."),
            )
        page = f"{self._house.config.url}/w/{parcel.edition.slug}"
        return torrents.torrent_file(await self._info(row), seeds_of(self._house.config.url, way, parcel), page)

    async def _info(self, row: TorrentRow) -> bytes:
        known = self._infos.get(row.sha256)
        if known is None:
            with self._desk.open(blob_of(row)) as source:
                known = await source.read(0, row.size)
            self._infos.remember(row.sha256, known)
        return known

    async def _recall(self, key: object, query: Callable[..., T]) -> T:
        """What is remembered under `key`, else what `query(conn)` finds; kept unless the catalogue moved meanwhile."""
        version = self._look()
        if key in self._memory:
            return self._memory[key]  # type: ignore[return-value]
        found = await self._read(query)
        if self._look() == version:
            self._memory.remember(key, found)
        return found

    def _read(self, query: Callable[..., T]) -> Awaitable[T]:
        return self._house.db.read(query)

    def _look(self) -> int:
        if self._version != self._house.now.version:
            self._version = self._house.now.version
            self._memory.clear()
        return self._version


# ── what is said of a parcel ─────────────────────────────────────────────────────────────────────


def sums_of(parcel: Parcel) -> bytes:
    """SHA256SUMS of what was given, as all ways have it. Other formats tell theirs on a page of their own."""
    return sums((file.name, file.sha256) for file in parcel.given)


def metalink_of(url: str, way: str, parcel: Parcel, ref: str = "") -> bytes:
    """The Metalink of what was given, or of one file by its reference. `url`: the shop's.

    Raises NotFound(GRANT_UNKNOWN) where the newest edition has no such file.
    """
    files = [file for file in parcel.files if file.ref == ref] if ref else parcel.given
    if not files:
        raise no_such_file()
    edition = parcel.edition
    about = metalink.Edition(edition.title, edition.number, from_micros(edition.published_at))
    linked = [metalink.LinkedFile(file.name, file.size, file.sha256, _urls(url, way, parcel, file)) for file in files]
    return metalink.metalink(about, linked)


def _urls(url: str, way: str, parcel: Parcel, file: ParcelFile) -> tuple[str, ...]:
    return (url + ways.file_at(way, file.ref, file.name), *mirrors_of(parcel, file))


def mirrors_of(parcel: Parcel, file: ParcelFile) -> tuple[str, ...]:
    """Where else a file is: mirrors have what was given, under its name."""
    if file not in parcel.given:
        return ()
    return tuple(metalink.under(base, file.name) for base in parcel.mirrors)


def seeds_of(url: str, way: str, parcel: Parcel) -> tuple[str, ...]:
    """The web seeds of a parcel's torrent: a single file's own addresses, or the folder of the edition."""
    given = parcel.given
    if torrents.stands_alone([file.name for file in given]):
        return _urls(url, way, parcel, given[0])
    return (url + ways.seed_at(way, parcel.edition.number),)


def magnet_of(url: str, way: str, parcel: Parcel) -> str:
    """The magnet link of a parcel, or nothing where its torrent is not made yet."""
    if parcel.torrent is None:
        return ""
    names = [file.name for file in parcel.given]
    alone = torrents.stands_alone(names)
    name = names[0] if alone else torrents.folder_name(parcel.edition.slug, parcel.edition.number)
    size = sum(file.size for file in parcel.given)
    seeds = seeds_of(url, way, parcel)[:1]
    return torrents.magnet(parcel.torrent.infohash, name, size, seeds, url + ways.torrent_at(way))


def links_of(way: str, parcel: Parcel, ref: str) -> tuple[tuple[str, str], ...]:
    """The Link headers of a file's download (RFC 6249); none for a file of an edition before the newest."""
    file = next((file for file in parcel.files if file.ref == ref), None)
    if file is None:
        return ()
    alone = torrents.stands_alone([each.name for each in parcel.given]) and file == parcel.given[0]
    torrent = ways.torrent_at(way) if alone and parcel.torrent else ""
    return tuple(metalink.links(ways.meta4_at(way, ref), torrent, mirrors_of(parcel, file)))
