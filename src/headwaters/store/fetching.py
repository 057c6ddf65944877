"""Named queries of the many ways to fetch a work: its newest files, its torrent, its mirrors; and what is free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.works.free import reads_free
from headwaters.core.works.makings import ALIVE, MakingState
from headwaters.core.works.mirrors import is_told
from headwaters.store.connection import Connection, Prepared
from headwaters.store.pages import WorkView
from headwaters.store.shelf import GIVEN_ROLES, HELD_ROLES, EditionRow, bytes_may_go, newest_edition, no_such_file
from headwaters.store.tables import blobs, editions, fetches, files, makings, mirrors, torrents, works

PUBLISHED, RETIRED = "published", "retired"


@dataclass(frozen=True, slots=True)
class ParcelFile:
    """A file that holders get: as it was given, or (`made`) another format of one."""

    ref: str
    name: str
    size: int
    sha256: str
    role: str


@dataclass(frozen=True, slots=True)
class TorrentRow:
    """The info dictionary of an edition's torrent: what it is called by, and the blob that it is."""

    infohash: str
    sha256: str
    crc32: int
    size: int
    keep: str
    inode: int | None = None
    mtime_ns: int | None = None
    ctime_ns: int | None = None
    place: str = "local"
    tag: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Coming:
    """A recipe that is not through with an edition. `of`: how many files there will be of it, as far as one knows."""

    recipe: str
    made: int
    of: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """The newest edition of a work for who fetches it by other ways. `mirrors`: addresses of folders, those that are
    told to readers; `coming`: what is being made of it."""

    work_id: int
    edition: EditionRow
    files: tuple[ParcelFile, ...]
    torrent: TorrentRow | None
    mirrors: tuple[str, ...]
    coming: tuple[Coming, ...] = ()

    @property
    def given(self) -> tuple[ParcelFile, ...]:
        """What is in the ZIP and in the torrent."""
        return tuple(file for file in self.files if file.role in GIVEN_ROLES)


_FILE = (files.c.ref, files.c.name, files.c.size, files.c.sha256, files.c.role)
_HELD = Prepared(
    select(*_FILE)
    .where(files.c.edition_id == bindparam("edition_id"), files.c.role.in_(HELD_ROLES))
    .order_by(files.c.position, files.c.id)
)
_GIVEN_OF = Prepared(
    select(*_FILE)
    .join(editions, editions.c.id == files.c.edition_id)
    .where(
        editions.c.work_id == bindparam("work_id"),
        editions.c.number == bindparam("number"),
        files.c.role.in_(GIVEN_ROLES),
    )
    .order_by(files.c.position, files.c.id)
)
_TORRENT = Prepared(
    select(
        torrents.c.infohash,
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
    .join(blobs, blobs.c.sha256 == torrents.c.info_sha256)
    .where(torrents.c.edition_id == bindparam("edition_id"))
)
_MIRRORS = Prepared(
    select(mirrors.c.address, mirrors.c.state, mirrors.c.checked_at)
    .where(mirrors.c.work_id == bindparam("work_id"))
    .order_by(mirrors.c.position, mirrors.c.id)
)
_MADE = makings.c.state == MakingState.MADE.value
_ALIVE = or_(*(makings.c.state == state.value for state in ALIVE))
_COMING = Prepared(
    select(
        makings.c.recipe,
        func.count(makings.c.id).filter(_MADE),
        func.count(makings.c.id).filter(or_(_MADE, _ALIVE)),
    )
    .where(makings.c.edition_id == bindparam("edition_id"))
    .group_by(makings.c.recipe)
    .having(func.count(makings.c.id).filter(_ALIVE) > 0)
    .order_by(makings.c.recipe)
)
_FREE = Prepared(select(works.c.id, works.c.state, works.c.doors).where(works.c.slug == bindparam("slug")))


def parcel_of(conn: Connection, work_id: int) -> Parcel:
    """What there is to fetch of a work now. Raises NotFound(GRANT_UNKNOWN), Refused(WORK_WITHHELD)."""
    edition = newest_edition(conn, work_id)
    torrent = _TORRENT.first(conn, edition_id=edition.id)
    told = _MIRRORS.all(conn, work_id=work_id)
    return Parcel(
        work_id=work_id,
        edition=edition,
        files=tuple(ParcelFile(*row) for row in _HELD.all(conn, edition_id=edition.id)),
        torrent=TorrentRow(*torrent) if torrent else None,
        mirrors=tuple(address for address, state, at in told if is_told(state, at, edition.published_at)),
        coming=tuple(Coming(*row) for row in _COMING.all(conn, edition_id=edition.id)),
    )


def files_of_edition(conn: Connection, work_id: int, number: int) -> tuple[ParcelFile, ...]:
    """What was given of any edition of a work; nothing for one that never was."""
    return tuple(ParcelFile(*row) for row in _GIVEN_OF.all(conn, work_id=work_id, number=number))


def free_work(conn: Connection, slug: str) -> int:
    """The id of a work that everybody may fetch.

    Raises NotFound: GRANT_UNKNOWN (there is none, or it is not free), WORK_RETIRED; Refused(WORK_WITHHELD).
    """
    found = _FREE.first(conn, slug=slug)
    if found is None or not reads_free(found[2]):
        raise no_such_file()
    work_id, state, _ = found
    bytes_may_go(state)
    if state == RETIRED:
        raise NotFound(Code.WORK_RETIRED, N_("This work is not published any more."))
    return int(work_id)


def free_parcel(conn: Connection, work: WorkView) -> Parcel | None:
    """What everybody may fetch of a work that is shown; None where it is not free."""
    return parcel_of(conn, work.id) if work.state == PUBLISHED and reads_free(work.doors) else None


# ── torrents ─────────────────────────────────────────────────────────────────────────────────────


def name_of_edition(conn: Connection, edition_id: int) -> tuple[str, int]:
    """The slug of an edition's work, and its number."""
    query = select(works.c.slug, editions.c.number).join_from(editions, works).where(editions.c.id == edition_id)
    slug, number = conn.execute(query).one()
    return str(slug), int(number)


def add_torrent(conn: Connection, edition_id: int, sha256: str, infohash: str, now: int) -> bool:
    """Keep what was made, unless somebody was faster. True: now."""
    values = {"edition_id": edition_id, "info_sha256": sha256, "infohash": infohash, "created_at": now}
    statement = upsert(torrents).values(values).on_conflict_do_nothing().returning(torrents.c.edition_id)
    return conn.execute(statement).first() is not None


# ── how often free works are fetched ─────────────────────────────────────────────────────────────

_NEW = upsert(fetches).from_select(
    ["work_id", "day", "count"],
    select(works.c.id, bindparam("day", type_=BigInteger), bindparam("more", type_=BigInteger)).where(
        works.c.id == bindparam("work_id")
    ),
)
_ADD = Prepared(
    _NEW.on_conflict_do_update(
        index_elements=[fetches.c.work_id, fetches.c.day], set_={"count": fetches.c.count + _NEW.excluded.count}
    )
)


def add_fetches(conn: Connection, day: int, counts: Mapping[int, int]) -> None:
    """Add to what was counted on a day (since 1970), by the work's id."""
    for work_id, count in sorted(counts.items()):  # in one order, so that two processes never wait for each other
        _ADD.run(conn, day=day, more=count, work_id=work_id)


def fetched(conn: Connection, first: int, last: int, work_id: int | None = None) -> int:
    """How often free works were fetched from the first day up to the last (since 1970), one or (None) all."""
    query = select(func.sum(fetches.c.count)).where(fetches.c.day.between(first, last))
    if work_id is not None:
        query = query.where(fetches.c.work_id == work_id)
    return int(conn.execute(query).scalar() or 0)
