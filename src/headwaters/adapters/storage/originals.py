"""Reading the creator's files: plain files only, looked at before and after, never written to."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from headwaters.core.errors import N_, Code, Refused

CHUNK = 1 << 20  # bytes a step: large enough for the disk, small enough for a lively progress

_MISSING = {errno.ENOENT, errno.ENOTDIR}
_OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK  # a pipe in the way must not hold us


class Sums:
    """SHA-256, CRC-32 and length of what went through."""

    def __init__(self) -> None:
        self._sha256 = sha256()
        self.crc32 = 0
        self.size = 0

    def add(self, data: memoryview | bytes) -> None:
        """Count `data` in."""
        self._sha256.update(data)
        self.crc32 = crc32(data, self.crc32)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        """64 lower-case hex digits."""
        return self._sha256.hexdigest()


def _refusal(path: Path, error: OSError) -> Refused:
    if error.errno in _MISSING:
        return Refused(Code.FILE_MISSING, N_("There is no file %(path)s."), path=str(path))
    why = os.strerror(error.errno or 0)
    return Refused(Code.FILE_UNREADABLE, N_("%(path)s cannot be read: %(why)s."), path=str(path), why=why)


def _changed(path: Path) -> Refused:
    return Refused(
        Code.FILE_CHANGED,
        N_("%(path)s changed while it was read."),
        hint=N_("Publish again when the program that writes it is done."),
        path=str(path),
    )


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _check_plain(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Refused(Code.FILE_UNREADABLE, N_("%(path)s is not a plain file."), path=str(path))


class Original:
    """A creator's file, open for reading. `check_unchanged` at the end says that it stood still."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.status = os.fstat(descriptor)

    def chunks(self) -> Iterator[memoryview]:
        """All bytes in order. Each view is good until the next."""
        buffer = bytearray(CHUNK)
        view = memoryview(buffer)
        while True:
            try:
                count = os.readv(self.descriptor, [buffer])
            except OSError as error:
                raise _refusal(self.path, error) from error
            if not count:
                return
            yield view[:count]

    def hash(self, progress: Callable[[int], None]) -> Sums:
        """Read it all for its sums."""
        sums = Sums()
        for chunk in self.chunks():
            sums.add(chunk)
            progress(len(chunk))
        return sums

    def check_unchanged(self, size: int) -> None:
        """Raise Refused(FILE_CHANGED) unless it is still the file that was opened, and `size` bytes were read."""
        try:
            now = self.path.stat()  # the name may lead elsewhere by now
        except OSError as error:
            raise _changed(self.path) from error
        before = _identity(self.status)
        if size != self.status.st_size or {before} != {_identity(os.fstat(self.descriptor)), _identity(now)}:
            raise _changed(self.path)

    def check_known(self, digest: str, known: str) -> None:
        """Raise Refused(FILE_CHANGED) where its SHA-256 was `known`, and is another."""
        if known and digest != known:
            raise _changed(self.path)

    def is_same(self, status: os.stat_result) -> bool:
        """Whether `status` is of this very file, unchanged."""
        return _identity(status) == _identity(self.status)

    @property
    def is_sparse(self) -> bool:
        """Whether parts of it may be holes."""
        return self.room < self.status.st_size

    @property
    def room(self) -> int:
        """Bytes that a copy needs on a disk, at least."""
        return min(self.status.st_size, self.status.st_blocks * 512)


@contextmanager
def open_original(path: Path) -> Iterator[Original]:
    """Open a creator's file. Raises Refused: FILE_MISSING, FILE_UNREADABLE (also: not a plain file)."""
    try:
        _check_plain(path, path.stat())  # before opening: to open a device may already do something
        descriptor = os.open(path, _OPEN_FLAGS)
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        original = Original(path, descriptor)
        _check_plain(path, original.status)
        yield original
    finally:
        os.close(descriptor)
