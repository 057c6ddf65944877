"""Opened blobs. Who reads the same blob at the same time shares one descriptor; nobody seeks it."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from threading import Lock
from typing import Self

from headwaters.core.errors import N_, Code, Unavailable

_FROM_MEMORY = getattr(os, "RWF_NOWAIT", None)  # Linux: read only what needs no disk
_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
_DAMAGED = {errno.EIO, errno.EBADMSG, errno.EUCLEAN}  # the disk has lost it, or the file system's sums of it differ


def refusal(error: OSError) -> Unavailable:
    """What it says of a kept file that it cannot be opened or read: that it is missing, or nothing."""
    if error.errno in _NOT_THERE | _DAMAGED:
        return Unavailable(
            Code.BLOB_MISSING,
            N_("A file of this shop cannot be read right now."),
            hint=N_("“headwaters doctor” says which, and what to do."),
        )
    return Unavailable(
        Code.STORAGE_DOWN,
        N_("The files of this shop cannot be opened right now: %(why)s."),
        hint=N_("“headwaters doctor” says which, and what to do."),
        why=error.strerror or str(error),
    )


class _Shared:
    """One descriptor and how many use it."""

    __slots__ = ("descriptor", "path", "status", "users")

    def __init__(self, path: str) -> None:
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        self.status = os.fstat(self.descriptor)
        self.users = 0


class Descriptors:
    """The descriptors in use, by path. The last user closes; a file that was replaced is opened anew."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[str, _Shared] = {}

    def borrow(self, path: str) -> LocalSource:
        """Open, or share what is open. Raises OSError."""
        with self._lock:
            status = os.lstat(path)
            shared = self._open.get(path)
            if shared is None or not os.path.samestat(shared.status, status):
                shared = self._open[path] = _Shared(path)
            shared.users += 1
        return LocalSource(self, shared, status)

    def give_back(self, shared: _Shared) -> None:
        """One user less."""
        with self._lock:
            shared.users -= 1
            if shared.users:
                return
            if self._open.get(shared.path) is shared:
                del self._open[shared.path]
            os.close(shared.descriptor)


class LocalSource:
    """A Source over a file. `status` is of the moment when it was opened."""

    __slots__ = ("_descriptors", "_shared", "size", "status")

    def __init__(self, descriptors: Descriptors, shared: _Shared, status: os.stat_result) -> None:
        self._descriptors = descriptors
        self._shared: _Shared | None = shared
        self.status = status
        self.size = status.st_size

    @property
    def descriptor(self) -> int | None:
        """See ports.Source."""
        return self._in_use().descriptor

    @property
    def path(self) -> str | None:
        """See ports.Source. None as well where not everybody may read it: a link has the mode of the creator's file."""
        return self._in_use().path if self.status.st_mode & stat.S_IROTH else None

    async def begin(self, offset: int, length: int) -> None:
        """See ports.Source."""

    async def read(self, offset: int, length: int) -> bytes:
        """See ports.Source. What the memory has comes at once; for the disk a thread waits."""
        descriptor = self._in_use().descriptor
        wanted = max(min(length, self.size - offset), 0)
        data = _read_from_memory(descriptor, offset, wanted)
        if len(data) < wanted:
            data += await asyncio.to_thread(_read, descriptor, offset + len(data), wanted - len(data))
        if len(data) < wanted:
            raise Unavailable(Code.BLOB_MISSING, N_("A kept file is shorter than it was."))
        return data

    def close(self) -> None:
        """See ports.Source."""
        shared, self._shared = self._shared, None
        if shared is not None:
            self._descriptors.give_back(shared)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _in_use(self) -> _Shared:
        if self._shared is None:
            raise ValueError("a source used after it was closed")
        return self._shared


def _read_from_memory(descriptor: int, offset: int, length: int) -> bytes:
    """What the page cache has of it, from its start; often all."""
    if _FROM_MEMORY is None or not length:
        return b""
    buffer = bytearray(length)
    try:
        count = os.preadv(descriptor, [buffer], offset, _FROM_MEMORY)
    except OSError:  # not in memory, or a file system that cannot tell
        return b""
    return bytes(memoryview(buffer)[:count])


def _read(descriptor: int, offset: int, length: int) -> bytes:
    parts: list[bytes] = []
    while length:
        try:
            part = os.pread(descriptor, length, offset)
        except OSError as error:
            raise refusal(error) from error
        if not part:
            break
        parts.append(part)
        offset += len(part)
        length -= len(part)
    return b"".join(parts)
