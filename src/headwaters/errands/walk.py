"""Walking a creator's folder: which files are meant, and which are left out. Reads names and nothing else.

Links are followed inside the folder and refused where they lead out of it: a folder that came from somebody else must
not publish what lies elsewhere on this disk.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.manifest import MANIFEST
from headwaters.core.works.names import MOST_PARTS, is_housekeeping, shown

MOST_FILES = 2_000  # of one work
_MOST_ENTRIES = 20_000
_NUMBER = re.compile(r"([0-9]+)")

Stamp = tuple[int, int, int, int]  # device, inode, size, mtime in nanoseconds


@dataclass(frozen=True, slots=True)
class Found:
    """One plain file: `name` from the folder with `/`; `path` by that name, `real` without links; `stamp` to see
    whether it stands still."""

    name: str
    path: Path
    real: Path
    size: int
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the folder that is not published, and why (a msgid)."""

    name: str
    why: str


def stamp_of(path: Path) -> Stamp:
    """What a file looks like now. Raises OSError."""
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def natural(name: str) -> list[tuple[int, int | str]]:
    """A key that puts `2 Rain` before `10 Sun`, `Rain` before `Rain 2`, and files before the files of folders."""
    *folders, last = name.casefold().split("/")
    own, _, ending = last.rpartition(".")
    key: list[tuple[int, int | str]] = []
    for folder in folders:
        key += [(1, ""), *_counted(folder)]
    return [*key, (0, ""), *_counted(own or last), (1, ending if own else "")]


def _counted(text: str) -> list[tuple[int, int | str]]:
    pieces = [piece for piece in _NUMBER.split(text) if piece]
    return [(2, int(piece)) if _NUMBER.fullmatch(piece) else (3, piece) for piece in pieces]


def find_file(path: Path, name: str, root: Path | None) -> Found:
    """The plain file at `path`; with a `root`, only inside it.

    Raises Refused: FILE_MISSING, FILE_UNREADABLE, LINK_LOOP.
    """
    real = _real(path, name)
    if root is not None and not real.is_relative_to(root):
        raise Refused(
            Code.FILE_UNREADABLE,
            N_("“%(name)s” is a link that leads out of the folder."),
            hint=N_("Put the file itself there, or a hard link to it."),
            field="files",
            name=shown(name),
        )
    status = _status(real, name)
    if not stat.S_ISREG(status.st_mode):
        raise _unreadable(name, N_("it is not a file"))
    return Found(
        name, path.absolute(), real, status.st_size, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    )


@dataclass(slots=True)
class Walk:
    """One walk through the folder `root` (without links); `closed`: folders that are never entered."""

    root: Path
    closed: tuple[Path, ...]
    left_out: list[LeftOut] = field(default_factory=list)
    _entries: int = 0

    def files(self) -> tuple[Found, ...]:
        """All files that may be meant, in natural order. Raises Refused as `find_file`, and for too many."""
        found = sorted(self._below(self.root, "", ()), key=lambda file: natural(file.name))
        if len(found) > MOST_FILES:
            raise self._too_many()
        return tuple(found)

    def _below(self, folder: Path, prefix: str, above: tuple[Path, ...]) -> Iterator[Found]:
        for entry in self._list(folder, prefix):
            name = prefix + entry.name
            if is_housekeeping(entry.name):
                self._leave(name, N_("hidden or temporary"))
            elif prefix and entry.name == MANIFEST:
                self._leave(name, N_("only the one beside the files counts"))
            elif self._is_folder(entry, name):
                yield from self._enter(Path(entry.path), name, (*above, folder))
            else:
                yield find_file(Path(entry.path), name, self.root)

    def _list(self, folder: Path, prefix: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as wrong:
            raise _because(wrong, prefix.rstrip("/") or folder.name) from None
        self._entries += len(listed)
        if self._entries > _MOST_ENTRIES or prefix.count("/") > MOST_PARTS:
            raise self._too_many()
        return listed

    def _is_folder(self, entry: os.DirEntry[str], name: str) -> bool:
        return _real(Path(entry.path), name).is_dir() if entry.is_symlink() else entry.is_dir()

    def _enter(self, path: Path, name: str, above: tuple[Path, ...]) -> Iterator[Found]:
        real = _real(path, name)
        if real in self.closed:
            self._leave(name, N_("the shop's own folder"))
        elif real in above:
            raise _loop(name)
        elif not real.is_relative_to(self.root):
            find_file(path, name, self.root)  # says that it leads out
        else:
            yield from self._below(real, f"{name}/", above)

    def _leave(self, name: str, why: str) -> None:
        self.left_out.append(LeftOut(name, why))

    def _too_many(self) -> Refused:
        return Refused(
            Code.NOTHING_TO_PUBLISH,
            N_("%(place)s holds more than %(most)s files, or folders too deep, so it is no work."),
            hint=N_("Is it the right folder? If so, put the small files into a ZIP."),
            place=shown(str(self.root)),
            most=MOST_FILES,
        )


def _real(path: Path, name: str) -> Path:
    """Without links. Raises Refused: LINK_LOOP, FILE_MISSING, FILE_UNREADABLE."""
    try:
        return Path(os.path.realpath(path, strict=True))
    except OSError as wrong:
        raise _because(wrong, name) from None


def _status(path: Path, name: str) -> os.stat_result:
    try:
        return path.stat()
    except OSError as wrong:
        raise _because(wrong, name) from None


def _because(wrong: OSError, name: str) -> Refused:
    if wrong.errno == errno.ELOOP:
        return _loop(name)
    if wrong.errno in {errno.ENOENT, errno.ENOTDIR}:
        hint = N_("Is the name right? A link may lead nowhere.")
        return Refused(Code.FILE_MISSING, N_("“%(name)s” is not there."), hint=hint, field="files", name=shown(name))
    return _unreadable(name, os.strerror(wrong.errno or 0))


def _loop(name: str) -> Refused:
    return Refused(
        Code.LINK_LOOP,
        N_("The link “%(name)s” leads back to itself."),
        hint=N_("Remove the link."),
        field="files",
        name=shown(name),
    )


def _unreadable(name: str, why: str) -> Refused:
    message = N_("“%(name)s” cannot be read: %(why)s.")
    return Refused(Code.FILE_UNREADABLE, message, field="files", name=shown(name), why=why)
