"""What a file becomes between the creator's disk and the shop's: a copy that says where it comes from.

    examine each file ─► what it tells (shown) ─► hash the originals ─► the edition before again? its copies stay
                                                                    └─► a copy with a colophon ─► kept

Copies are written where the storage's half-kept files are, and swept with them if the process ends in between.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from headwaters.core.errors import N_, Code, HeadwatersError, Refused
from headwaters.core.works.colophon import Colophon, colophon_text
from headwaters.core.works.details import Details
from headwaters.core.works.editions import Role
from headwaters.core.works.names import shown
from headwaters.core.works.stamps import Facts, Field, Finding, facts_of, findings_text, gets_colophon
from headwaters.errands.blobs import blob_of
from headwaters.errands.gather import PlannedFile
from headwaters.errands.house import House
from headwaters.ports import Blob, Examined, Keep, StampWish
from headwaters.store import works as rows
from headwaters.store.db import Connection
from headwaters.store.works import BlobRow, FileRow
from headwaters.texts import translations

LINKED = N_("It stays your own file (a link), so nothing is written into it.")
CLEANED = "-"  # behind the SHA-256 of a creator's file in `files.given`: something was left out of the shop's copy
_FULL = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
_CHUNK = 1 << 20

Tell = Callable[[int], None]
"""Told the bytes done since its last call."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest edition of a work, with what the shop has of it; number 0 for none."""

    number: int = 0
    fingerprint: str = ""
    files: tuple[FileRow, ...] = ()
    blobs: dict[str, BlobRow] = field(default_factory=dict)

    @property
    def has_cleaned(self) -> bool:
        """Whether something was left out of a file of it."""
        return any(row.given.endswith(CLEANED) for row in self.files)

    def has_file(self, role: Role, name: str, given: str) -> bool:
        """Whether it has this file."""
        return any((row.role, row.name, row.given) == (role.value, name, given) for row in self.files)

    def copy_of(self, role: Role, name: str, given: str) -> Blob | None:
        """What the shop made of this file for it."""
        for row in self.files:
            if (row.role, row.name, row.given) == (role.value, name, given) and row.sha256 in self.blobs:
                return blob_of(self.blobs[row.sha256])
        return None


def read_newest(conn: Connection, work_id: int) -> Newest:
    """The newest edition as publishing needs it."""
    found = rows.newest_edition(conn, work_id)
    if found is None:
        return Newest()
    return Newest(found.number, found.fingerprint, rows.files_of(conn, found.id), rows.blobs_of(conn, found.id))


@dataclass(frozen=True, slots=True)
class Note:
    """What is said of a file. `wish`: what its copy shall be; afterwards `fields` that the copy says, what was
    `removed` from it, what could not be (`left`), and `why` (a msgid) it was left alone."""

    name: str
    examined: Examined = field(default_factory=Examined)
    wish: StampWish = field(default_factory=StampWish)
    fields: tuple[Field, ...] = ()
    removed: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()
    why: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the file tells."""
        return self.examined.findings

    @property
    def is_plain(self) -> bool:
        """Whether it is published as it is."""
        return self.wish == StampWish()


def facts_for(house: House, details: Details, slug: str, edition: int) -> Facts:
    """The colophon of an edition; in the shop's language, never in a reader's."""
    settings, home = house.now.settings, f"{house.config.url}/w/{quote(slug)}"
    text = Colophon(
        title=details.title,
        by=details.by,
        year=details.year,
        edition=edition,
        published="",
        shop=settings.name,
        address=home,
        licence=details.licence,
        files=(),
    )
    return facts_of(details, home, edition, colophon_text(text, translations(settings.language).gettext))


def examine(house: House, file: PlannedFile, facts: Facts | None, wants: StampWish, keep: Keep) -> Note:
    """What a file tells, and what its copy shall be. Reads its metadata only. Blocks. Raises Refused:
    STILL_TELLS, and as `readable`."""
    if house.stamper is None:
        return Note(file.name)
    wish = replace(wants, facts=facts if gets_colophon(file.role) else None)
    with readable(file):
        examined = house.stamper.examine(file.found.real, file.name, wish.facts)
    if wants.clean and examined.unread:
        raise _still_tells(file, examined.why)
    wish = replace(wish, clean=wish.clean and any(one.removable for one in examined.findings))
    if wish == StampWish():
        return Note(file.name, examined, left=examined.findings if wants.clean else ())
    if (file.keep or keep) is Keep.LINK:
        return Note(file.name, examined, left=examined.findings if wants.clean else (), why=LINKED)
    if examined.why:
        return Note(file.name, examined, why=examined.why)
    return Note(file.name, examined, wish)


def findings_of(house: House, path: Path, name: str) -> str:
    """What a file tells, as a row keeps it. What cannot be read tells nothing. Blocks."""
    if house.stamper is not None:
        with suppress(OSError):
            found = house.stamper.examine(path, name, None).findings
            return findings_text([one for one in found if one.value != house.now.settings.creator])
    return ""


def hash_original(file: PlannedFile, tell: Tell) -> str:
    """The SHA-256 of a creator's file. Blocks. Raises Refused: FILE_MISSING, FILE_UNREADABLE, FILE_CHANGED."""
    digest = hashlib.sha256()
    with readable(file), file.found.real.open("rb") as original:
        while data := original.read(_CHUNK):
            digest.update(data)
            tell(len(data))
    if file.known and file.known != digest.hexdigest():
        raise Refused(
            Code.FILE_CHANGED,
            N_("“%(name)s” changed while the work was being published, so nothing was."),
            field="files",
            name=shown(file.name),
        )
    return digest.hexdigest()


def mark_of(note: Note, sha256: str) -> str:
    """What `files.given` says of a file whose copy shall be as its note wishes: so that the same files make the same
    edition, and those of which something goes out another one."""
    if note.is_plain:
        return ""
    return sha256 + (CLEANED if note.wish.clean else "")


def keep_copy(house: House, file: PlannedFile, note: Note, facts: Facts) -> tuple[Blob | None, Note]:
    """A copy as its note wishes, kept; None where there is nothing to write, or it was left alone. Blocks.

    Raises Refused: DISK_FULL, STILL_TELLS (what was to go out of it would be published for good), and as Storage.keep.
    """
    if house.stamper is None or note.is_plain:
        return None, note
    wish = replace(note.wish, facts=facts if note.wish.facts else None)
    with _scratch(house, file) as target:
        made = house.stamper.stamp(file.found.real, file.name, target, wish)
        done = replace(note, fields=made.fields, removed=made.removed, left=made.left, why=made.why)
        if not made.made and wish.clean:
            raise _still_tells(file, made.why)
        if not made.made:
            return None, done
        return house.storage.keep(target, Keep.MOVE, lambda more: None), done


def _still_tells(file: PlannedFile, why: str) -> Refused:
    return Refused(
        Code.STILL_TELLS,
        N_("“%(name)s” would still tell what you want left out of it. %(why)s"),
        hint=N_("Take it out with a program of your own, or publish the file as it is."),
        field="files",
        name=shown(file.name),
        why=why,
    )


def is_whole(house: House, blob: Blob) -> bool:
    """Whether a kept blob still has its bytes. Blocks."""
    try:
        house.storage.verify(blob)
    except HeadwatersError:
        return False
    return True


@contextmanager
def _scratch(house: House, file: PlannedFile) -> Iterator[Path]:
    """A name for a copy, on the disk of the shop's files; whatever is there goes at the end. Raises Refused."""
    folder = house.config.files_dir / "incoming"
    target = folder / f"{house.token()}-copy"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize < file.found.size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with readable(file):
            yield target
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise Refused(
            Code.DISK_FULL,
            N_("The disk that holds %(path)s is full; nothing was kept."),
            hint=N_("Make room there, or put the files on another disk (“files” in headwaters.toml)."),
            path=str(house.config.files_dir),
        ) from error
    finally:
        with suppress(OSError):
            target.unlink(missing_ok=True)


@contextmanager
def readable(file: PlannedFile) -> Iterator[None]:
    """Say in our words why a file cannot be read. A full disk is another matter."""
    try:
        yield
    except FileNotFoundError as gone:
        raise Refused(
            Code.FILE_MISSING,
            N_("“%(name)s” is not there (any more)."),
            field="files",
            name=shown(file.name),
        ) from gone
    except OSError as error:
        if error.errno in _FULL:
            raise
        why = error.strerror or type(error).__name__
        message = N_("“%(name)s” cannot be read: %(why)s.")
        raise Refused(Code.FILE_UNREADABLE, message, field="files", name=shown(file.name), why=why) from error
