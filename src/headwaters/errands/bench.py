"""What a maker gets to work with, and what it gives back. The workshop runs it; see `errands/workshop.py`.

    async def make_sound(bench: Bench) -> Product:
        async with bench.open() as original:                    # the file that it is made from
            …                                                   # write into bench.folder; bench.report(thousandths)
        blob = await bench.keep(path)
        return Product((MadeFile(Role.MADE, name, "audio/mpeg", blob),))

A maker raises Skip where it is not worth making, or cannot be made here; Refused where it never can be (then it failed,
and the creator reads why); Unavailable, or Refused(DISK_FULL), where it may go well later. Cancelled, it ends what it
started and gives way. It is run again from the start after a crash, so nothing outside of `folder` and the storage
hangs on it.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from headwaters.core.errors import N_, Code, HeadwatersError, Refused, Unavailable
from headwaters.core.works.editions import Role
from headwaters.core.works.faults import Fault
from headwaters.core.works.makings import NO_SMALLER, Lane
from headwaters.core.works.makings import Skip as Skip  # for makers
from headwaters.core.works.media import format_by_name
from headwaters.core.works.names import shown
from headwaters.core.works.stamps import wants_colophon
from headwaters.errands.blobs import blob_of
from headwaters.errands.house import House
from headwaters.errands.incoming import SPARE
from headwaters.errands.stamping import facts_for
from headwaters.ports import Blob, Encoder, Keep, Material, Source, StampWish
from headwaters.store.db import Connection
from headwaters.store.makings import MakingRow, OriginRow, SubjectRow
from headwaters.store.works import work_by_id

_CHUNK = 1 << 20
_FRESH = 60.0  # seconds that a folder is let alone, whoever's it is


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that joins the edition. `details`: JSON, for who shows it."""

    role: Role
    name: str
    media_type: str
    blob: Blob
    label: str = ""
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    details: str = ""


def _nothing(conn: Connection) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Product:
    """What was made. `blobs`: that are kept besides those of the files; `then` writes, in the transaction that finishes
    the making, what is no file of the edition."""

    files: Sequence[MadeFile] = ()
    blobs: Sequence[Blob] = ()
    then: Callable[[Connection], None] = _nothing


@dataclass(frozen=True, slots=True)
class Bench:
    """One making under way. `files`: all that the creator gave of the edition; `folder`: to write into, on the disk of
    the shop's files, gone afterwards; `report`: how far it is, in thousandths."""

    house: House
    making: MakingRow
    subject: SubjectRow
    files: tuple[OriginRow, ...]
    folder: Path
    report: Callable[[int], None] = field(default=lambda done: None)

    @property
    def argument(self) -> str:
        """What the recipe hangs on: `30` of `clip:30`."""
        return self.making.recipe.partition(":")[2]

    @property
    def file(self) -> OriginRow:
        """What it is made from. Raises Refused(FILE_MISSING) for a making of the edition as a whole."""
        found = next((file for file in self.files if file.id == self.making.file_id), None)
        if found is None:
            raise Refused(Code.FILE_MISSING, N_("The file that it is made from is not there (any more)."))
        return found

    @asynccontextmanager
    async def open(self, file: OriginRow | None = None) -> AsyncIterator[Material]:
        """`file` (by default the one that it is made from), for reading. Raises Unavailable(BLOB_MISSING |
        BLOB_CHANGED), also at the end if it changed meanwhile."""
        row = file or self.file
        blob = blob_of(row)
        if blob.fault:
            raise _damaged(row.name, blob.fault)
        with self.house.storage.open(blob) as source:
            path = self.folder / f"original-{row.id}{_ending(row.name)}"
            if (descriptor := source.descriptor) is not None and _is_reopened(descriptor):
                path.unlink(missing_ok=True)
                path.symlink_to(f"/proc/self/fd/{descriptor}")
                descriptors: tuple[int, ...] = (descriptor,)
            else:
                await _copy(source, path)
                descriptors = ()
            seconds = None if row.seconds_micros is None else row.seconds_micros / 1_000_000
            try:
                with _by_its_name(path.name, row.name):
                    yield Material(path, descriptors, row.name, row.media_type, row.size, seconds)
            finally:
                path.unlink(missing_ok=True)
        self.house.storage.open(blob).close()  # a link to the creator's file: is it still what it was?

    async def finish(self, path: Path, name: str) -> Blob:
        """A file that was made of the original, with the work's colophon, kept for good. Raises Skip where it has as
        many bytes as the original; Refused(DISK_FULL)."""
        signed = await self._sign(path, name)
        check_smaller(signed, self.file.size)
        return await self.keep(signed)

    async def _sign(self, path: Path, name: str) -> Path:
        """The same with a colophon, where the work's files say where they come from."""
        house = self.house
        work = await house.db.read(lambda conn: work_by_id(conn, self.subject.work_id))
        if house.stamper is None or work is None or not wants_colophon(work.colophon, house.now.settings.colophon):
            return path
        facts = facts_for(house, work.details, work.slug, self.subject.number)
        target = path.with_name(f"signed-{path.name}")
        with _in_words(self.folder):
            stamped = await asyncio.to_thread(house.stamper.stamp, path, name, target, StampWish(facts))
        return target if stamped.made else path

    async def keep(self, path: Path) -> Blob:
        """A finished file of `folder`, kept for good. Raises Refused(DISK_FULL)."""
        return await asyncio.to_thread(self.house.storage.keep, path, Keep.MOVE, lambda done: None)

    async def keep_bytes(self, data: bytes) -> Blob:
        """The same for bytes. Raises Refused(DISK_FULL)."""
        return await asyncio.to_thread(self.house.storage.keep_bytes, data)


Maker = Callable[[Bench], Awaitable[Product]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Who makes it, and beside what."""

    make: Maker
    lane: Lane = Lane.LONG


def encoder_of(house: House) -> Encoder:
    """The shop's encoder. Raises Skip in a process that has none."""
    if house.encoder is None:
        raise Skip(N_("Nothing is converted here."))
    return house.encoder


def check_smaller(path: Path, size: int) -> None:
    """Raises Skip where what was made has as many bytes as the original, or more."""
    if path.stat().st_size >= size:
        raise Skip(NO_SMALLER)


def _ending(name: str) -> str:
    """The extension of a known format, so that nothing strange gets into a path."""
    found = format_by_name(name)
    return f".{found.extensions[0]}" if found else ""


def _damaged(name: str, fault: str) -> Unavailable:
    """What is known to be damaged, in words for its creator: the storage's are for readers."""
    return Unavailable(
        Code.BLOB_CHANGED if fault == Fault.CHANGED else Code.BLOB_MISSING,
        N_("“%(name)s” is damaged, so nothing is made of it until it is whole again."),
        hint=N_("Publish the same file again, or put it back from your backup."),
        name=shown(name),
    )


@contextmanager
def _by_its_name(ours: str, name: str) -> Iterator[None]:
    """What is said of a file under the name that it has on a bench says the one that its creator gave it."""
    try:
        yield
    except HeadwatersError as error:
        if error.values.get("name") == ours:
            error.values["name"] = shown(name)
            error.args = (error.message % error.values,)
        raise


def _is_reopened(descriptor: int) -> bool:
    """Whether a descriptor has a path here under which it is opened anew, with an offset of its own (Linux)."""
    return Path(f"/proc/self/fd/{descriptor}").exists()


async def _copy(source: Source, path: Path) -> None:
    offset = 0
    with _in_words(path.parent), path.open("wb") as file:
        disk = os.statvfs(path.parent)
        if disk.f_bavail * disk.f_frsize < source.size + SPARE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        while data := await source.read(offset, _CHUNK):
            await asyncio.to_thread(file.write, data)
            offset += len(data)


@contextmanager
def work_folder(root: Path) -> Iterator[Path]:
    """A folder of our own in `root`, locked while we have it; those that nobody has go. Raises Refused(DISK_FULL)."""
    with _in_words(root):
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(root)
        folder = Path(tempfile.mkdtemp(dir=root))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some network disks have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _sweep(root: Path) -> None:
    """What a process left that was killed."""
    for folder in root.iterdir():
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - folder.stat().st_mtime > _FRESH:
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


@contextmanager
def _in_words(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        message = N_("Nothing can be made in %(path)s: %(why)s.")
        raise Refused(Code.DISK_FULL, message, path=str(root), why=why) from error
