"""From an address to bytes: what may be downloaded, and its open source.

What the database said is remembered until the catalogue moves, so that the thousandth range of a film costs
no query, and the thousandth reader one small one; a key that nobody has is asked for each time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from headwaters.config import Config
from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, Code, HeadwatersError, NotFound, Unavailable
from headwaters.core.shelf.archive import COLOPHON, SUMS, Archive, Piece, Stored, build_archive
from headwaters.core.shelf.keys import is_ref, is_secret, unique_names
from headwaters.core.shelf.ranges import Representation, Segment, Slice, etag_of
from headwaters.core.works.colophon import Colophon, ColophonFile, colophon_text
from headwaters.core.works.faults import Fault, fault_of
from headwaters.core.works.formats import in_format
from headwaters.errands.blobs import blob_of
from headwaters.errands.healing import Suspects
from headwaters.errands.house import House
from headwaters.errands.integrity import note_found
from headwaters.errands.looks import Looks, is_changed, note_date
from headwaters.errands.memory import Memory
from headwaters.ports import Blob, Source
from headwaters.store import shelf as rows
from headwaters.store.db import Connection
from headwaters.store.makings import is_coming
from headwaters.store.shelf import EditionRow, FileRow
from headwaters.texts import translations

ZIP = "application/zip"
MOST_REMEMBERED = 4096  # files or keys
MOST_ARCHIVED = 32_768  # files in archives: one of 10,000 takes some megabytes
MOST_AT_ONCE = 16  # files that are looked at without giving others a turn

_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9!#$&^_.+-]*", re.ASCII)

T = TypeVar("T")
OpenBlob = Callable[[Blob], Source]
Part = bytes | tuple[Blob, int, int]  # bytes as they are, or (blob, offset, length)


@dataclass(frozen=True, slots=True)
class Download:
    """What an address stands for. `sha256` is None where it was never computed: an archive is made on the way."""

    name: str
    representation: Representation
    sha256: str | None
    body: Blob | tuple[Archive, Mapping[str, Blob]]
    names: Mapping[str, str] = field(default_factory=dict)  # of what is in an archive, by SHA-256

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Every blob in it."""
        return (self.body,) if isinstance(self.body, Blob) else tuple(self.body[1].values())

    def parts(self, segments: Iterable[Segment]) -> Iterator[Part]:
        """The plan's segments as bytes and parts of blobs, found one after the other."""
        for segment in segments:
            if not isinstance(segment, Slice):
                yield segment
            elif isinstance(self.body, Blob):
                yield self.body, segment.offset, segment.length
            else:
                yield from _archived(*self.body, segment)


def _archived(archive: Archive, blobs: Mapping[str, Blob], segment: Slice) -> Iterator[Part]:
    for piece in archive.pieces(segment.offset, segment.length):
        yield (blobs[piece.blob], piece.offset, piece.length) if isinstance(piece, Piece) else piece


@contextmanager
def _named(download: Download, blob: Blob) -> Iterator[None]:
    """What is wrong with a file of an archive is said with its name: the archive is whole, or not sent."""
    try:
        yield
    except Unavailable as error:
        if (name := download.names.get(blob.sha256)) is None or fault_of(error.code) is None:
            raise
        raise Unavailable(
            error.code,
            N_("“%(name)s” is not whole here for now, and this ZIP never lacks a file."),
            hint=N_("The other files can be had one by one. Come back in a while for all of them."),
            name=name,
        ) from error


def _members(archive: Download) -> int:
    return 512 + len(archive.blobs)


def _first_then(first: Source, others: OpenBlob) -> OpenBlob:
    """The source that is open already for whoever opens first, and then others."""
    waiting = [first]
    return lambda blob: waiting.pop() if waiting else others(blob)


class Desk:
    """Hands out downloads. One for a house; its memory is emptied when the catalogue's version moves."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._version = house.now.version
        self._works: Memory[int] = Memory(MOST_REMEMBERED)
        self._files: Memory[Download] = Memory(MOST_REMEMBERED)
        self._editions: Memory[EditionRow] = Memory(MOST_REMEMBERED)
        self._archives: Memory[Download] = Memory(MOST_ARCHIVED, _members)
        self._looks = Looks(partial(note_date, house))
        self.suspects = Suspects(house)

    async def file(self, key: str, ref: str) -> Download:
        """A work's file, opened by a download key.

        Raises NotFound(GRANT_UNKNOWN), Refused(WORK_WITHHELD), Unavailable(BLOB_MISSING | BLOB_CHANGED).
        """
        if not is_ref(ref):
            raise rows.no_such_file()
        return await self.file_of(await self.work(key), ref)

    async def work(self, key: str) -> int:
        """The work that a download key opens. Raises NotFound(GRANT_UNKNOWN)."""
        if not is_secret(key):
            raise rows.no_such_file()
        return await self._recall(self._works, key, self._read(lambda conn: rows.work_by_key(conn, key)))

    async def file_of(self, work_id: int, ref: str) -> Download:
        """A file of a work that whoever asks may have. Raises as `file`."""
        if not is_ref(ref):
            raise rows.no_such_file()
        return await self._file((work_id, ref), lambda conn: rows.held_file(conn, work_id, ref))

    def expect(self, key: str, work_id: int) -> None:
        """A reader was shown `key`, and will use it next: that spares its look-up."""
        if key not in self._works:
            self._works.remember(key, work_id)

    async def public_file(self, slug: str, ref: str) -> Download:
        """A sample of a published work, or its art. Raises as `file`, and NotFound(WORK_RETIRED)."""
        if not is_ref(ref):
            raise rows.no_such_file()
        return await self._file((slug, ref), lambda conn: rows.public_file(conn, slug, ref))

    async def everything(self, key: str, recipe: str = "") -> Download:
        """The newest edition as one archive: as it was given, or with what a recipe made in the places of what it was
        made from. Raises as `file`."""
        return await self.everything_of(await self.work(key), recipe)

    async def everything_of(self, work_id: int, recipe: str = "") -> Download:
        """The same of a work that whoever asks may have. Raises as `file`."""
        newest = self._read(lambda conn: rows.newest_edition(conn, work_id))
        edition = await self._recall(self._editions, work_id, newest)
        lay_out = partial(self._lay_out, edition, recipe)
        return await self._checked(await self._recall(self._archives, (edition.id, recipe), lay_out))

    @property
    def config(self) -> Config:
        """How the process runs."""
        return self._house.config

    def place_of(self, download: Download) -> str | None:
        """Where its bytes lie below the folder of files; None for an archive, and for what lies elsewhere or may not
        be read by others. Looks at them first. Raises as `open`."""
        if not isinstance(download.body, Blob):
            return None
        with self.open(download.body) as source:
            path = source.path
        return None if path is None else Path(path).relative_to(self.config.files_dir).as_posix()

    def open(self, blob: Blob) -> Source:
        """Open what a part names. Raises Unavailable(BLOB_MISSING | BLOB_CHANGED)."""
        try:
            source = self._house.storage.open(blob)
        except Unavailable as error:
            if fault_of(error.code) is Fault.MISSING:
                self.suspects.note(blob)
            raise
        if not self._looks.is_as_seen(blob, source):
            source.close()
            raise Unavailable(Code.BLOB_CHANGED, N_("A file of this shop is not as it was published."))
        return source

    async def begin(self, parts: Iterable[Part]) -> tuple[Iterator[Part], OpenBlob]:
        """The same parts, and how to open what they name, after a look at the first: where a storage is far away, what
        it says comes before anybody is promised anything. Raises as `open`, Unavailable(STORAGE_DOWN)."""
        rest, before = iter(parts), list[Part]()
        for part in rest:
            before.append(part)
            if not isinstance(part, bytes):
                first = self.open(part[0])
                await self._begin(first, part)
                return chain(before, rest), _first_then(first, self.open)
        return iter(before), self.open

    async def _begin(self, source: Source, part: tuple[Blob, int, int]) -> None:
        blob, offset, length = part
        try:
            await source.begin(offset, length)
        except Unavailable as error:
            if fault_of(error.code) is not None:
                self.suspects.note(blob)
            raise

    async def elsewhere(self, download: Download, method: str) -> str | None:
        """Where a reader gets it without us: where the configuration wants that, and a store has it as it is. Only what
        somebody downloads: what a page plays or shows comes from the shop, so that it asks nobody else."""
        s3 = self._house.config.s3
        if s3 is None or s3.downloads != "redirect" or not isinstance(download.body, Blob):
            return None
        media_type = download.representation.media_type
        return await self._house.storage.address(download.body, download.name, media_type, method)

    async def _file(self, key: object, query: Callable[[Connection], FileRow]) -> Download:
        download = await self._recall(self._files, key, self._read(lambda conn: _download(query(conn))))
        return await self._checked(download)

    async def _lay_out(self, edition: EditionRow, recipe: str) -> Download:
        if recipe:
            files = await self._house.db.read(lambda conn: _in_format(conn, edition.id, recipe))
        else:
            files = await self._house.db.read(lambda conn: rows.edition_files(conn, edition.id))
        download = await asyncio.to_thread(_archive, edition, files, self._house, recipe)
        return download

    async def _checked(self, download: Download) -> Download:
        """The same; what was touched is read whole first. Raises as `open`."""
        try:
            if len(download.blobs) > MOST_AT_ONCE:
                await asyncio.to_thread(self._check, download)
            else:
                self._check(download)
        except Unavailable as error:
            if not is_changed(error):
                raise
            for blob in download.blobs:
                with _named(download, blob):
                    await self._look_at(blob)
        return download

    async def _look_at(self, blob: Blob) -> None:
        try:
            self.open(blob).close()
        except Unavailable as error:
            if not is_changed(error) or blob.fault:
                raise
            await self._read_whole(blob)

    async def _read_whole(self, blob: Blob) -> None:
        try:
            await self._looks.look_again(self._house.storage, blob)
            self.open(blob).close()
        except Unavailable as error:
            if is_changed(error):
                with suppress(HeadwatersError):  # whoever asks hears of the file, and of no other trouble
                    await note_found(self._house, blob, Fault.CHANGED)
            raise

    def _check(self, download: Download) -> None:
        """Better an honest error now than half an answer later. Raises as `open`."""
        for blob in download.blobs:
            with _named(download, blob):
                self.open(blob).close()

    def _read(self, query: Callable[[Connection], T]) -> Callable[[], Awaitable[T]]:
        return lambda: self._house.db.read(query)

    async def _recall(self, memory: Memory[T], key: object, find: Callable[[], Awaitable[T]]) -> T:
        """What is remembered under `key`, else what `find` finds; kept unless the catalogue moved meanwhile."""
        version = self._look()
        known = memory.get(key)
        if known is None:
            known = await find()
            if self._look() == version:
                memory.remember(key, known)
        return known

    def _look(self) -> int:
        """The catalogue's version; when it moved, all is forgotten but which work a key opens: that never changes."""
        if self._version != self._house.now.version:
            self._version = self._house.now.version
            for memory in (self._files, self._editions, self._archives):
                memory.clear()
        return self._version


# ── from rows to downloads ───────────────────────────────────────────────────────────────────────


def _download(row: FileRow) -> Download:
    published = from_micros(row.published_at)
    representation = Representation(row.size, etag_of(row.sha256), published, _told_type(row.media_type))
    return Download(row.name, representation, row.sha256, blob_of(row))


def _told_type(media_type: str) -> str:
    """The Content-Type: text is UTF-8 unless somebody knows better, and what is no media type is plain bytes."""
    if media_type == "text/plain":
        return "text/plain; charset=utf-8"
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"


def _in_format(conn: Connection, edition_id: int, recipe: str) -> tuple[FileRow, ...]:
    """The edition in one format, each file labelled as its original. Raises NotFound: GRANT_UNKNOWN, NOT_MADE (not all
    of it is made yet)."""
    kept = rows.kept_files(conn, edition_id)
    if is_coming(conn, edition_id, recipe):
        raise NotFound(
            Code.NOT_MADE,
            N_("Not all of this format is made yet."),
            hint=N_("The order page says how far it is, and has every file as it was given."),
        )
    given, made = [row for row in kept if not row.recipe], [row for row in kept if row.recipe]
    chosen = in_format(recipe, given, made)
    if not chosen:
        raise rows.no_such_file()
    return tuple(replace(row.file, label=first.file.label) for row, first in zip(chosen, given, strict=True))


def _archive(edition: EditionRow, files: Sequence[FileRow], house: House, recipe: str = "") -> Download:
    """The ZIP of an edition. It has no date: two editions may come within a second; its tag tells them apart."""
    stored = [Stored(file.name, file.sha256, file.crc32, file.size) for file in files]
    archive = build_archive(_colophon(edition, files, house), stored, from_micros(edition.published_at))
    representation = Representation(archive.size, archive.etag, None, ZIP)
    return Download(
        f"{edition.slug}-{recipe}.zip" if recipe else f"{edition.slug}.zip",
        representation,
        None,
        (archive, {file.sha256: blob_of(file) for file in files}),
        {file.sha256: file.name for file in files},
    )


def _colophon(edition: EditionRow, files: Sequence[FileRow], house: House) -> str:
    """In the shop's language, never in the reader's: the bytes are the same for everyone."""
    names = unique_names([COLOPHON, SUMS, *(file.name for file in files)])[2:]
    listed = [ColophonFile(name, file.label, file.size, file.sha256) for name, file in zip(names, files, strict=True)]
    settings = house.now.settings
    colophon = Colophon(
        title=edition.title,
        by=edition.by_line,
        year=edition.year,
        edition=edition.number,
        published=from_micros(edition.published_at).date().isoformat(),
        shop=settings.name,
        address=f"{house.config.url}/w/{edition.slug}",
        licence=edition.licence,
        files=listed,
    )
    return colophon_text(colophon, translations(settings.language).gettext)
