"""Named queries of downloads: what a key opens, and what of a work is for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select

from headwaters.core.errors import N_, Code, NotFound, Refused
from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import blobs, editions, files, grants, works

GIVEN_ROLES = ("work", "cover")  # what holders get as it was given; a cover may tell where and when it was made
HELD_ROLES = (*GIVEN_ROLES, "made")  # what a key opens
PUBLIC_ROLES = ("sample", "art", "taste")


@dataclass(frozen=True, slots=True)
class FileRow:
    """Everything that a download of one file needs. Times are microseconds; from `keep` on, where its bytes are."""

    name: str
    label: str
    media_type: str
    published_at: int
    sha256: str
    crc32: int
    size: int
    keep: str
    inode: int | None
    mtime_ns: int | None
    ctime_ns: int | None
    place: str
    tag: str
    fault: str


@dataclass(frozen=True, slots=True)
class EditionRow:
    """The newest edition of a work, and what its colophon says. `published_at` is microseconds."""

    id: int
    number: int
    published_at: int
    slug: str
    title: str
    by_line: str
    year: int | None
    licence: str


_FILE_COLUMNS = (
    files.c.name,
    files.c.label,
    files.c.media_type,
    editions.c.published_at,
    blobs.c.sha256,
    blobs.c.crc32,
    blobs.c.size,
    blobs.c.keep,
    blobs.c.inode,
    blobs.c.mtime_ns,
    blobs.c.ctime_ns,
    blobs.c.place,
    blobs.c.tag,
    blobs.c.fault,
)
_WORK_BY_KEY = Prepared(select(grants.c.work_id).where(grants.c.key == bindparam("key")))
_HELD = Prepared(
    select(works.c.state, *_FILE_COLUMNS)
    .select_from(files)
    .join(editions, editions.c.id == files.c.edition_id)
    .join(works, works.c.id == editions.c.work_id)
    .join(blobs, blobs.c.sha256 == files.c.sha256)
    .where(files.c.ref == bindparam("ref"), works.c.id == bindparam("work_id"), files.c.role.in_(HELD_ROLES))
)
_NEWEST = select(func.max(editions.c.number)).where(editions.c.work_id == works.c.id).correlate(works).scalar_subquery()
_PUBLIC = Prepared(
    select(works.c.state, files.c.role, *_FILE_COLUMNS)
    .select_from(files)
    .join(editions, editions.c.id == files.c.edition_id)
    .join(works, works.c.id == editions.c.work_id)
    .join(blobs, blobs.c.sha256 == files.c.sha256)
    .where(files.c.ref == bindparam("ref"), works.c.slug == bindparam("slug"), files.c.role.in_(PUBLIC_ROLES))
    .where((files.c.role != "taste") | (editions.c.number == _NEWEST))
)
_NEWEST_EDITION = Prepared(
    select(
        works.c.state,
        editions.c.id,
        editions.c.number,
        editions.c.published_at,
        works.c.slug,
        works.c.title,
        works.c.by_line,
        works.c.year,
        works.c.licence,
    )
    .select_from(works)
    .join(editions, editions.c.work_id == works.c.id)
    .where(works.c.id == bindparam("work_id"), editions.c.number == _NEWEST)
)
_EDITION_FILES = Prepared(
    select(*_FILE_COLUMNS)
    .select_from(files)
    .join(editions, editions.c.id == files.c.edition_id)
    .join(blobs, blobs.c.sha256 == files.c.sha256)
    .where(files.c.edition_id == bindparam("edition_id"), files.c.role.in_(GIVEN_ROLES))
    .order_by(files.c.position, files.c.id)
)


_KEPT_FILES = Prepared(
    select(files.c.id, files.c.made_from, files.c.recipe, *_FILE_COLUMNS)
    .select_from(files)
    .join(editions, editions.c.id == files.c.edition_id)
    .join(blobs, blobs.c.sha256 == files.c.sha256)
    .where(files.c.edition_id == bindparam("edition_id"), files.c.role.in_(HELD_ROLES))
    .order_by(files.c.position, files.c.id)
)


def no_such_file() -> NotFound:
    """The one answer for an unknown key, an unknown file, and a file of another work."""
    return NotFound(
        Code.GRANT_UNKNOWN,
        N_("There is no such file here."),
        hint=N_("Is the address complete? The order page has them all."),
    )


def bytes_may_go(state: str) -> None:
    """A retired work is still its holders'; a withheld one stops."""
    if state == "withheld":
        raise Refused(
            Code.WORK_WITHHELD,
            N_("This work is withheld: a legal duty stops its files for now."),
            hint=N_("Your order page stays, and says when it changes."),
        )


def _known(row: Sequence[Any] | None) -> Sequence[Any]:
    if row is None:
        raise no_such_file()
    state, *values = row
    bytes_may_go(state)
    return values


def work_by_key(conn: Connection, key: str) -> int:
    """The work that the key opens. Raises NotFound(GRANT_UNKNOWN)."""
    work_id: int | None = _WORK_BY_KEY.scalar(conn, key=key)
    if work_id is None:
        raise no_such_file()
    return work_id


def held_file(conn: Connection, work_id: int, ref: str) -> FileRow:
    """A file that holders of the work get, of whichever edition.

    Raises NotFound(GRANT_UNKNOWN), Refused(WORK_WITHHELD).
    """
    return FileRow(*_known(_HELD.first(conn, work_id=work_id, ref=ref)))


def newest_edition(conn: Connection, work_id: int) -> EditionRow:
    """The edition that holders of the work get now. Raises as `held_file`."""
    return EditionRow(*_known(_NEWEST_EDITION.first(conn, work_id=work_id)))


def edition_files(conn: Connection, edition_id: int) -> tuple[FileRow, ...]:
    """What holders get of an edition as it was given, in its order."""
    return tuple(FileRow(*row) for row in _EDITION_FILES.all(conn, edition_id=edition_id))


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A file that was given or made, with what says which is made of which."""

    id: int
    made_from: int | None
    recipe: str
    file: FileRow


def kept_files(conn: Connection, edition_id: int) -> tuple[KeptRow, ...]:
    """What holders get of an edition, as it was given and as it was made, in its order."""
    found = _KEPT_FILES.all(conn, edition_id=edition_id)
    return tuple(KeptRow(id_, made_from, recipe, FileRow(*values)) for id_, made_from, recipe, *values in found)


def public_file(conn: Connection, slug: str, ref: str) -> FileRow:
    """A sample of a work or its art, for everybody. Of a retired work the art is left: its holders' order pages show
    it. Raises as `held_file`, and NotFound(WORK_RETIRED)."""
    row = _PUBLIC.first(conn, slug=slug, ref=ref)
    role, *values = _known(row)
    if row is not None and row[0] == "retired" and role != "art":
        raise NotFound(Code.WORK_RETIRED, N_("This work is not published any more."))
    return FileRow(*values)
