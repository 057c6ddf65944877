"""The bytes of uploads on the disk, until their draft is published.

    <incoming>/<ref>/<name>        one folder an upload, and its file in it, as it is called, readable by the shop alone

A file may be longer than what was counted, after a crash: what was not counted is cut off and sent again. Everything
here blocks: call it in a thread.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from headwaters.core.errors import N_, Code, Conflict, Refused
from headwaters.core.works.uploads import Checksum, Hash

SPARE = 256 * 1024 * 1024  # bytes of the disk that uploads leave alone: orders go on, whatever comes in
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Incoming:
    """The folder of uploads."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, ref: str, name: str) -> Path:
        """Where an upload's file is. A name that was changed is changed here as well, whenever that was cut off."""
        folder = self.root / ref
        path = folder / name
        if not path.exists() and (others := _files(folder)):
            with suppress(FileNotFoundError):
                others[0].rename(path)
                _flush_folder(folder)
        return path

    def make(self, ref: str, name: str) -> Path:
        """An empty file for an upload that is announced. Raises Refused: DISK_FULL, CONFIG_BROKEN."""
        with self.in_words():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = self.root / ref
            folder.mkdir(mode=0o700, exist_ok=True)
            path = folder / name
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
            _flush_folder(folder)
            _flush_folder(self.root)
            return path

    def remove(self, refs: Iterable[str]) -> None:
        """Their bytes go."""
        for ref in refs:
            shutil.rmtree(self.root / ref, ignore_errors=True)

    def sweep(self, known: frozenset[str], older_than: datetime) -> int:
        """Remove what belongs to no upload and was last touched before `older_than`; how many went."""
        gone = 0
        for folder in self.root.iterdir() if self.root.is_dir() else ():
            with suppress(FileNotFoundError):
                touched = max(path.lstat().st_ctime for path in (folder, *_files(folder)))
                if folder.name not in known and touched < older_than.timestamp():
                    self.remove([folder.name])
                    gone += 1
        return gone

    def check_room(self, needed: int) -> None:
        """Raises Refused(DISK_FULL) unless `needed` bytes fit, and what the shop itself needs besides."""
        if self.room() < needed:
            raise self.full()

    def room(self) -> int:
        """Bytes that uploads may still take."""
        place = self.root
        while not place.exists():
            place = place.parent
        disk = os.statvfs(place)
        return disk.f_bavail * disk.f_frsize - SPARE

    def full(self) -> Refused:
        """What a full disk says."""
        return Refused(
            Code.DISK_FULL,
            N_("There is no room for this on the shop’s disk. What is here already stays."),
            hint=N_("Make room on the machine, and it goes on from where it is."),
        )

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Say in our words what the disk refuses."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise self.full() from error
            why = error.strerror or str(error)
            raise Refused(
                Code.CONFIG_BROKEN, N_("Nothing can be kept in %(path)s: %(why)s."), path=str(self.root), why=why
            ) from error


class Writer:
    """An upload's file, open at the place where the next piece begins; nobody else writes meanwhile.

    Raises Conflict(UPLOAD_BUSY) at the start where somebody else does, in whatever process. `close` waits for a write
    that is under way in another thread.
    """

    def __init__(self, incoming: Incoming, path: Path, offset: int, checksum: Checksum | None) -> None:
        self.begin = self.at = offset
        self._incoming = incoming
        self._using = threading.Lock()
        self._checksum = checksum
        self._hash: Hash | None = checksum.begin() if checksum else None
        with incoming.in_words():
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            self._lock()
            with incoming.in_words():
                if os.fstat(self._descriptor).st_size > offset:
                    os.ftruncate(self._descriptor, offset)
        except BaseException:
            self.close()
            raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy() from None
        except OSError:
            pass  # some network disks have no locks; the count in the database is conditional as well

    def write(self, data: bytes) -> None:
        """Append. Raises Refused(DISK_FULL), with as much written as there was room for."""
        with self._using, self._incoming.in_words():
            view = memoryview(data)
            while view:
                written = os.pwrite(self._descriptor, view, self.at)
                if self._hash is not None:
                    self._hash.update(view[:written])
                self.at += written
                view = view[written:]

    def flush(self) -> None:
        """All that was written is on the disk when this returns."""
        with self._incoming.in_words():
            os.fdatasync(self._descriptor)

    def is_right(self) -> bool:
        """Whether the piece came as its checksum says; also where it has none."""
        return self._hash is None or self._checksum is None or self._hash.digest() == self._checksum.digest

    def take_back(self) -> None:
        """The piece never came."""
        with self._using, suppress(OSError):
            os.ftruncate(self._descriptor, self.begin)
        self.at = self.begin

    def close(self) -> None:
        """Let go of the file."""
        with self._using:
            os.close(self._descriptor)
            self._descriptor = -1  # a write that comes too late goes nowhere


def busy() -> Conflict:
    """Somebody else is sending."""
    return Conflict(
        Code.UPLOAD_BUSY,
        N_("This file is being sent from another window just now."),
        hint=N_("Let that one go on, or close it and try again in a few seconds."),
    )


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
