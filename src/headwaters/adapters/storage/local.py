"""Files in a folder of this machine, by their SHA-256.

    <root>/ab/cd/<sha256>          own bytes, read-only, never written again
    <root>/links/ab/cd/<sha256>    hard links to the creator's files, watched by their witness
    <root>/again/ab/cd/<sha256>    empty: its date says when those bytes were kept again
    <root>/incoming/<random>       what is being kept right now

A blob appears under its name whole or not at all: it is written in `incoming`, flushed, and renamed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from headwaters.adapters.storage.leftovers import hold, sweep_file
from headwaters.adapters.storage.originals import CHUNK, Original, Sums, open_original
from headwaters.adapters.storage.sources import Descriptors, LocalSource, refusal
from headwaters.core.errors import N_, Code, Refused, Unavailable
from headwaters.core.works.faults import fault_of
from headwaters.ports import Blob, Holding, Keep, Witness

_FICLONE = 0x40049409  # linux/fs.h: share the bytes of another file, copy on write
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_SECOND_NAME = {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS}
_READ_ONLY = 0o444
_ZEROS = bytes(CHUNK)
_DIGITS = 64  # of a SHA-256


def _quiet(_done: int) -> None:
    """A progress that nobody looks at."""


class LocalStorage:
    """The Storage port over a folder. Any number of processes may use one folder."""

    def __init__(self, root: Path, folder_mode: int = 0o700) -> None:
        """`folder_mode`: who may look into the folders that are made from now on."""
        self._root = root
        self._folder_mode = folder_mode
        self._incoming = root / "incoming"
        self._copies, self._links, self._again = str(root), str(root / "links"), str(root / "again")
        self._descriptors = Descriptors()

    # ── keeping ──────────────────────────────────────────────────────────────────────────────────

    def keep(self, path: Path, keep: Keep, progress: Callable[[int], None], known: str = "") -> Blob:
        """See ports.Storage."""
        with open_original(path) as original:
            match keep:
                case Keep.COPY:
                    return self._copy(original, progress, known)
                case Keep.LINK:
                    return self._link(original, progress, known)
                case Keep.MOVE:
                    return self._move(original, progress, known)

    def keep_bytes(self, data: bytes) -> Blob:
        """See ports.Storage."""
        sums = Sums()
        sums.add(data)
        with self._writing(), self._new_file() as (name, descriptor):
            _write(descriptor, memoryview(data))
            date = self._place(name, descriptor, sums)
        return _blob(sums, date)

    def _copy(self, original: Original, progress: Callable[[int], None], known: str) -> Blob:
        with self._writing(), self._new_file() as (name, descriptor):
            if _clone(original.descriptor, descriptor):
                sums = _hash(descriptor, progress)
            else:
                self._check_room(descriptor, original.room)
                sums = _copy_bytes(original, descriptor, progress)
            original.check_unchanged(sums.size)
            original.check_known(sums.sha256, known)
            date = self._place(name, descriptor, sums)
        return _blob(sums, date)

    def _move(self, original: Original, progress: Callable[[int], None], known: str) -> Blob:
        """Its own bytes under the blob's name. Where they cannot have a second name (another disk), a copy."""
        sums = original.hash(progress)
        original.check_unchanged(sums.size)
        original.check_known(sums.sha256, known)
        target = self._copy_path(sums.sha256)
        if (date := self._relied_on(target, sums)) is not None:
            return _blob(sums, date)  # these bytes are here already, perhaps from a move that was cut off
        with self._writing():
            self._mark(sums.sha256)  # an upload may be days old
            self._make_folder(target.parent)
            if not self._make_second_name(original, target):
                os.lseek(original.descriptor, 0, os.SEEK_SET)
                return self._copy(original, lambda done: None, known)
            _flush_folder(target.parent)
        return _blob(sums, original.status.st_mtime_ns)

    def _make_second_name(self, original: Original, target: Path) -> bool:
        """False where the disk has no second names for this file. Raises Refused(FILE_CHANGED)."""
        name = self._new_name()
        try:
            os.fchmod(original.descriptor, _READ_ONLY)
            os.fsync(original.descriptor)
            os.link(original.path, name, follow_symlinks=False)
            if not original.is_same(name.lstat()):
                original.check_unchanged(-1)  # it went between two looks
            name.replace(target)
        except OSError as error:
            if error.errno in _NO_SECOND_NAME:
                return False
            raise
        finally:
            name.unlink(missing_ok=True)
        return True

    def _place(self, name: Path, descriptor: int, sums: Sums) -> int:
        """Give the finished file its name, unless a good one has it; the date of which is there then."""
        os.fchmod(descriptor, _READ_ONLY)
        os.fsync(descriptor)
        target = self._copy_path(sums.sha256)
        self._make_folder(target.parent)
        if (date := self._relied_on(target, sums)) is None:
            date = os.fstat(descriptor).st_mtime_ns
            name.replace(target)
        _flush_folder(target.parent)
        return date

    def _link(self, original: Original, progress: Callable[[int], None], known: str) -> Blob:
        sums = original.hash(progress)
        original.check_unchanged(sums.size)
        original.check_known(sums.sha256, known)
        copy, target = self._copy_path(sums.sha256), self._link_path(sums.sha256)
        if (date := self._relied_on(copy, sums)) is not None:
            return _blob(sums, date)  # our own bytes are better than a link
        if not _is_same(original, target) and (good := _whole(target, sums)) is not None:
            return _blob(sums, witness=good)  # another file has these bytes, and works may rely on its witness
        with self._writing():
            os.fsync(original.descriptor)
            self._make_folder(target.parent)
            if not _is_same(original, target):
                self._make_link(original, target)
            _flush_folder(target.parent)
            copy.unlink(missing_ok=True)  # it has rotted
        return _blob(sums, witness=self._witness_of(original, target))

    def _witness_of(self, original: Original, target: Path) -> Witness:
        """What the link looks like, if it is still the file that was hashed. Raises Refused(FILE_CHANGED)."""
        status = target.stat()
        if not original.is_same(status):
            original.check_unchanged(-1)
        return _witness(status)

    def _make_link(self, original: Original, target: Path) -> None:
        name = self._new_name()
        try:
            _hard_link(original.path, name)
            if not original.is_same(name.stat()):
                original.check_unchanged(-1)  # it went between two looks
            name.replace(target)
        finally:
            name.unlink(missing_ok=True)

    # ── opening ──────────────────────────────────────────────────────────────────────────────────

    def open(self, blob: Blob) -> LocalSource:
        """See ports.Storage. A copy is preferred where there is one."""
        try:
            return self._open_checked(_under(self._copies, blob.sha256), blob, None)
        except Unavailable as error:
            if blob.keep is not Keep.LINK or fault_of(error.code) is None:
                raise
        return self._open_checked(_under(self._links, blob.sha256), blob, blob.witness)

    def _open_checked(self, path: str, blob: Blob, witness: Witness | None) -> LocalSource:
        try:
            source = self._descriptors.borrow(path)
        except OSError as error:
            raise refusal(error) from error
        if source.size != blob.size or (witness is not None and _witness(source.status) != witness):
            source.close()
            raise _blob_changed()
        return source

    def verify(self, blob: Blob, progress: Callable[[int], None] = _quiet) -> str:
        """See ports.Storage."""
        with self.open(blob) as source:
            try:
                sums = Sums() if source.descriptor is None else _hash(source.descriptor, progress)
            except OSError as error:
                raise refusal(error) from error
        if sums.sha256 != blob.sha256:
            raise _blob_changed()
        return ""

    def glance(self, blob: Blob) -> str:
        """See ports.Storage."""
        with self.open(blob) as source:
            status = source.status
        return f"{status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"

    @contextmanager
    def local_copy(self, blob: Blob) -> Iterator[Path]:
        """See ports.Storage: the kept file itself."""
        self.open(blob).close()
        copy = self._copy_path(blob.sha256)
        yield copy if copy.exists() else self._link_path(blob.sha256)

    async def address(self, blob: Blob, name: str, media_type: str, method: str = "GET") -> str | None:
        """See ports.Storage."""
        return None

    async def look(self) -> None:
        """See ports.Storage."""
        with self._writing(), self._new_file() as (_name, descriptor):
            _write(descriptor, memoryview(b"a look"))
            os.fsync(descriptor)

    # ── tidying ──────────────────────────────────────────────────────────────────────────────────

    def sweep(self, older_than: datetime) -> int:
        """See ports.Storage. What another process is writing is locked, and stays."""
        limit = int(older_than.timestamp() * 1_000_000_000)
        with suppress(FileNotFoundError):
            return sum(sweep_file(path, limit) for path in self._incoming.iterdir())
        return 0

    def close(self) -> None:
        """See ports.Storage."""

    def holdings(self) -> Iterator[Holding]:
        """See ports.Storage. Links are the creator's own bytes, and no holding of the shop's."""
        for first in _folders(self._root):
            for second in _folders(first):
                for path in second.iterdir():
                    if len(path.name) == _DIGITS and path.name.startswith(first.name + second.name):
                        with suppress(FileNotFoundError):
                            status = path.lstat()
                            touched = self._touched(path.name, status) / 1_000_000_000
                            yield Holding(path.name, status.st_size, datetime.fromtimestamp(touched, UTC))

    def remove(self, sha256: str, touched_before: datetime) -> bool:
        """See ports.Storage. It is first taken aside and its mark is looked at again: whoever relies on bytes that are
        here marks them, and then looks whether they stayed. The mark goes with them."""
        limit = int(touched_before.timestamp() * 1_000_000_000)
        path, aside = self._copy_path(sha256), self._new_name()
        with self._writing():
            try:
                if self._touched(sha256, path.lstat()) >= limit:
                    return False
                path.rename(aside)
            except FileNotFoundError:
                return False
            if self._touched(sha256, aside.lstat()) >= limit:
                with suppress(FileExistsError):  # or somebody kept them again meanwhile
                    os.link(aside, path)
                aside.unlink()
                return False
            aside.unlink()
            Path(_under(self._again, sha256)).unlink(missing_ok=True)
        return True

    def _relied_on(self, path: Path, sums: Sums) -> int | None:
        """The date of a kept file that has the bytes of `sums`, so that it can stand for them; else None. It counts as
        kept just now: see `remove`."""
        if (good := _whole(path, sums)) is None:
            return None
        try:
            self._mark(sums.sha256)
            path.lstat()
        except OSError:
            return None
        return good.mtime_ns

    def _mark(self, sha256: str) -> None:
        """They count as kept just now. Not by the date of their own file: that says when its bytes were written, and
        whoever sends them would have to read them all again. Raises OSError."""
        mark = Path(_under(self._again, sha256))
        self._make_folder(mark.parent)
        descriptor = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.utime(descriptor)
        finally:
            os.close(descriptor)

    def _touched(self, sha256: str, status: os.stat_result) -> int:
        """When these bytes were kept last, in nanoseconds: when they were written, or marked."""
        try:
            return max(status.st_mtime_ns, os.lstat(_under(self._again, sha256)).st_mtime_ns)
        except OSError:
            return status.st_mtime_ns

    # ── paths and files ──────────────────────────────────────────────────────────────────────────

    def _copy_path(self, digest: str) -> Path:
        return Path(_under(self._copies, digest))

    def _link_path(self, digest: str) -> Path:
        return Path(_under(self._links, digest))

    def _new_name(self) -> Path:
        self._make_folder(self._incoming)
        return self._incoming / secrets.token_hex(16)

    @contextmanager
    def _new_file(self) -> Iterator[tuple[Path, int]]:
        """A locked file in `incoming`; it goes away again unless it was renamed."""
        name = self._new_name()
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            hold(descriptor)
            yield name, descriptor
        finally:
            name.unlink(missing_ok=True)
            os.close(descriptor)

    def _make_folder(self, folder: Path) -> None:
        """Make it and what leads to it, each entry flushed."""
        if folder.is_dir():
            return
        if folder != self._root:
            self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, parents=folder == self._root, exist_ok=True)
        if self._folder_mode != 0o700:
            folder.chmod(self._folder_mode)  # whatever the process keeps from others by its umask
        if folder != self._root:
            _flush_folder(folder.parent)

    def _check_room(self, descriptor: int, needed: int) -> None:
        """Say at once what would else be said after hours."""
        disk = os.fstatvfs(descriptor)
        if disk.f_bavail * disk.f_frsize < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say in our words what the shop's own disk refuses."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise Refused(
                    Code.DISK_FULL,
                    N_("The disk that holds %(path)s is full; nothing was kept."),
                    hint=N_("Make room there, or put the files on another disk (“files” in headwaters.toml)."),
                    path=str(self._root),
                ) from error
            why = error.strerror or str(error)
            raise Refused(
                Code.CONFIG_BROKEN, N_("Nothing can be kept in %(path)s: %(why)s."), path=str(self._root), why=why
            ) from error


def _under(folder: str, digest: str) -> str:
    """Where a blob lies. A text: each download asks, and joining a Path takes as long as opening what it names."""
    return f"{folder}/{digest[:2]}/{digest[2:4]}/{digest}"


def _blob(sums: Sums, date: int | None = None, witness: Witness | None = None) -> Blob:
    keep = Keep.COPY if witness is None else Keep.LINK
    return Blob(sums.sha256, sums.crc32, sums.size, keep, witness, mtime_ns=date)


def _blob_changed() -> Unavailable:
    return Unavailable(
        Code.BLOB_CHANGED,
        N_("A file of this shop is not as it was published."),
        hint=N_("“headwaters doctor” says which; publish it again."),
    )


def _witness(status: os.stat_result) -> Witness:
    return Witness(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _whole(path: Path, sums: Sums) -> Witness | None:
    """What a kept file looks like, if all its bytes are those of `sums`; else None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        witness = _witness(os.fstat(descriptor))
        if witness.size != sums.size or _hash(descriptor, lambda done: None).sha256 != sums.sha256:
            return None
        return witness if witness == _witness(os.fstat(descriptor)) else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _folders(folder: Path) -> Iterator[Path]:
    """Those that `_under` makes in a folder."""
    with suppress(FileNotFoundError):
        for path in sorted(folder.iterdir()):
            if len(path.name) == 2 and path.is_dir():
                yield path


def _is_same(original: Original, path: Path) -> bool:
    try:
        return original.is_same(path.lstat())
    except FileNotFoundError:
        return False


def _clone(source: int, target: int) -> bool:
    """Share the bytes of `source`, where the file system can."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def _hash(descriptor: int, progress: Callable[[int], None]) -> Sums:
    sums = Sums()
    while chunk := os.pread(descriptor, CHUNK, sums.size):
        sums.add(chunk)
        progress(len(chunk))
    return sums


def _copy_bytes(original: Original, target: int, progress: Callable[[int], None]) -> Sums:
    """Copy and count what is written; holes stay holes."""
    sums = Sums()
    for chunk in original.chunks():
        sums.add(chunk)
        if original.is_sparse and chunk[0] == 0 and bytes(chunk) == _ZEROS[: len(chunk)]:
            os.lseek(target, len(chunk), os.SEEK_CUR)
        else:
            _write(target, chunk)
        progress(len(chunk))
    os.ftruncate(target, sums.size)
    return sums


def _write(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hard_link(path: Path, name: Path) -> None:
    """A second name of the creator's file. Raises Refused where the disk or its rules do not allow one."""
    try:
        os.link(path.resolve(), name)
    except OSError as error:
        if error.errno == errno.EXDEV:
            message = N_("%(path)s is on another disk than the shop's files, so it cannot be linked.")
        else:
            message = N_("%(path)s cannot be linked: %(why)s.")
        hint = N_("Leave out --link: the shop then keeps a copy of its own.")
        why = error.strerror or str(error)
        raise Refused(Code.FILE_UNREADABLE, message, hint=hint, path=str(path), why=why) from error
