"""Named queries of kept bytes: where they are, when they were looked at, what is wrong with them.

What is kept is said by `store.works.keep_blobs`; a blob's row goes only
where the shop lost what it had made, and made something else in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Select, and_, func, or_, select, update

from headwaters.core.works.editions import Role
from headwaters.core.works.makings import MakingState
from headwaters.store.connection import Connection
from headwaters.store.makings import of_making
from headwaters.store.tables import blobs, editions, files, makings, torrents, works
from headwaters.store.works import BlobRow

_COLUMNS = [blobs.c[item.name] for item in fields(BlobRow)]


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """How much is in one place. `checked`: how many were read whole since the time that was asked for."""

    place: str
    count: int
    size: int
    checked: int
    faults: int


def places(conn: Connection, since: int) -> tuple[PlaceRow, ...]:
    """The places that have something, by name."""
    query = select(
        blobs.c.place,
        func.count(),
        func.sum(blobs.c.size),
        func.count(blobs.c.sha256).filter(blobs.c.checked_at >= since),
        func.count(blobs.c.sha256).filter(blobs.c.fault != ""),
    )
    return tuple(
        PlaceRow(place, int(count), int(size or 0), int(checked), int(faults))
        for place, count, size, checked, faults in conn.execute(query.group_by(blobs.c.place).order_by(blobs.c.place))
    )


def is_whole_at(conn: Connection, sha256: str, place: str) -> bool:
    """Whether a place has these bytes, as far as anybody knows in good order."""
    query = select(blobs.c.sha256).where(blobs.c.sha256 == sha256, blobs.c.place == place, blobs.c.fault == "")
    return conn.execute(query).first() is not None


def read_blob(conn: Connection, sha256: str) -> BlobRow | None:
    """One of them."""
    row = conn.execute(select(*_COLUMNS).where(blobs.c.sha256 == sha256)).first()
    return None if row is None else BlobRow(*row)


# ── moving ───────────────────────────────────────────────────────────────────────────────────────


def next_elsewhere(conn: Connection, place: str, after: str, limit: int = 100) -> tuple[BlobRow, ...]:
    """Blobs that are in another place than `place`, after one of them, in the order of their names."""
    query = select(*_COLUMNS).where(blobs.c.place != place, blobs.c.sha256 > after)
    return tuple(BlobRow(*row) for row in conn.execute(query.order_by(blobs.c.sha256).limit(limit)))


def count_elsewhere(conn: Connection, place: str) -> tuple[int, int]:
    """How many are in another place than `place`, and their bytes."""
    count, size = conn.execute(select(func.count(), func.sum(blobs.c.size)).where(blobs.c.place != place)).one()
    return int(count), int(size or 0)


def put_in_place(conn: Connection, before: BlobRow, after: BlobRow, now: int) -> bool:
    """The bytes of `before` are `after` from now on, wherever it says. False where the row is not `before` any more:
    they were moved, or kept anew, by somebody else. A date that was noted meanwhile changes nothing of that."""
    same = [name for name in _AS_IT_IS if name != "mtime_ns"]
    still = [blobs.c[name].is_not_distinct_from(getattr(before, name)) for name in same]
    fresh = {name: getattr(after, name) for name in _AS_IT_IS}
    statement = update(blobs).where(blobs.c.sha256 == before.sha256, *still)
    return conn.execute(statement.values(moved_at=now, checked_at=now, fault="", **fresh)).rowcount == 1


_AS_IT_IS = ("keep", "inode", "mtime_ns", "ctime_ns", "place", "tag")


def any_moved(conn: Connection, since: int) -> bool:
    """Whether anything moved since then."""
    return conn.execute(select(blobs.c.sha256).where(blobs.c.moved_at >= since).limit(1)).first() is not None


def needed_at(conn: Connection, place: str, digests: Sequence[str], moved_since: int) -> set[str]:
    """Those of `digests` whose bytes have to stay in a place: they are there, or were there a while ago."""
    here = or_(blobs.c.place == place, and_(blobs.c.place != place, blobs.c.moved_at >= moved_since))
    return set(conn.execute(select(blobs.c.sha256).where(blobs.c.sha256.in_(digests), here)).scalars())


def known(conn: Connection, digests: Sequence[str]) -> set[str]:
    """Those of `digests` that the shop knows at all."""
    return set(conn.execute(select(blobs.c.sha256).where(blobs.c.sha256.in_(digests))).scalars())


# ── looking whether they are whole ───────────────────────────────────────────────────────────────


_read_at = func.coalesce(blobs.c.checked_at, blobs.c.created_at)  # who kept it read it too


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is to be read. `read_at`: when somebody read it last."""

    row: BlobRow
    read_at: int


def next_to_check(
    conn: Connection, before: int, work: str = "", after: Turn | None = None, without: Collection[str] = ()
) -> Turn | None:
    """The blob that nobody read since `before`, the longest ago, behind `after`; `work`: only those of one, by its
    slug; `without`: none of these places."""
    query = select(_read_at, *_COLUMNS).where(_read_at < before)
    if work:
        query = query.where(blobs.c.sha256.in_(_of_work(work)))
    if after is not None:
        same = and_(_read_at == after.read_at, blobs.c.sha256 > after.row.sha256)
        query = query.where(or_(_read_at > after.read_at, same))
    if without:
        query = query.where(blobs.c.place.not_in(without))
    found = conn.execute(query.order_by(_read_at, blobs.c.sha256).limit(1)).first()
    return None if found is None else Turn(BlobRow(*found[1:]), int(found[0]))


def _of_work(slug: str) -> Select[tuple[str]]:
    query = select(files.c.sha256).join(editions, editions.c.id == files.c.edition_id)
    return query.join(works, works.c.id == editions.c.work_id).where(works.c.slug == slug)


def size_to_check(conn: Connection, before: int, work: str = "") -> tuple[int, int]:
    """How many those are, and their bytes."""
    query = select(func.count(), func.sum(blobs.c.size))
    query = query.where(_read_at < before)
    if work:
        query = query.where(blobs.c.sha256.in_(_of_work(work)))
    count, size = conn.execute(query).one()
    return int(count), int(size or 0)


def note_check(conn: Connection, seen: BlobRow, fault: str, tag: str, now: int) -> bool:
    """What a look at `seen` found. False where its bytes were kept anew or moved meanwhile: the look says nothing."""
    still = [blobs.c[name].is_not_distinct_from(getattr(seen, name)) for name in _AS_IT_IS]
    statement = update(blobs).where(blobs.c.sha256 == seen.sha256, *still)
    return conn.execute(statement.values(checked_at=now, fault=fault, tag=tag)).rowcount == 1


def note_date(conn: Connection, seen: BlobRow, mtime_ns: int) -> bool:
    """A copy was found whole with that date. False, and nothing changed: the row is not `seen` any more."""
    still = [blobs.c[name].is_not_distinct_from(getattr(seen, name)) for name in (*_AS_IT_IS, "fault")]
    statement = update(blobs).where(blobs.c.sha256 == seen.sha256, *still)
    return conn.execute(statement.values(mtime_ns=mtime_ns)).rowcount == 1


def others_at(conn: Connection, place: str, besides: str, first: str, end: str, limit: int = 10) -> tuple[BlobRow, ...]:
    """Some of a place without a known fault, by their SHA-256: from `first` on, before `end`."""
    query = select(*_COLUMNS).where(blobs.c.place == place, blobs.c.fault == "", blobs.c.sha256 != besides)
    query = query.where(blobs.c.sha256 >= first, blobs.c.sha256 < end)
    return tuple(BlobRow(*row) for row in conn.execute(query.order_by(blobs.c.sha256).limit(limit)))


# ── what is wrong ────────────────────────────────────────────────────────────────────────────────


def faulty(conn: Connection) -> tuple[BlobRow, ...]:
    """All bytes that are missing or changed, the longest-known first."""
    query = select(*_COLUMNS).where(blobs.c.fault != "").order_by(blobs.c.checked_at, blobs.c.sha256)
    return tuple(BlobRow(*row) for row in conn.execute(query))


def of_the_shop(conn: Connection, digests: Collection[str]) -> frozenset[str]:
    """Those of these bytes that the shop made itself, and makes again: files that hang on a making, and torrents."""
    of_files = select(files.c.sha256).join(makings, of_making).where(files.c.sha256.in_(list(digests)))
    of_torrents = select(torrents.c.info_sha256).where(torrents.c.info_sha256.in_(list(digests)))
    return frozenset(row[0] for query in (of_files, of_torrents) for row in conn.execute(query))


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A file whose bytes are missing or changed, by the names that people know; a blob that no file uses has none.
    `making`: of what the shop made itself, where its making is."""

    sha256: str
    fault: str
    place: str
    slug: str
    title: str
    edition: int
    name: str
    role: str
    making: MakingState | None


def faults(conn: Connection, work: str = "") -> tuple[FaultRow, ...]:
    """All of them, or those of one work: newer editions first, each file once a work."""
    query = (
        select(
            blobs.c.sha256,
            blobs.c.fault,
            blobs.c.place,
            works.c.slug,
            works.c.title,
            func.max(editions.c.number),
            func.max(files.c.name),
            func.max(files.c.role),
            func.max(makings.c.state),
        )
        .select_from(blobs)
        .outerjoin(files, files.c.sha256 == blobs.c.sha256)
        .outerjoin(editions, editions.c.id == files.c.edition_id)
        .outerjoin(works, works.c.id == editions.c.work_id)
        .outerjoin(makings, of_making)
        .where(blobs.c.fault != "")
        .group_by(blobs.c.sha256, blobs.c.fault, blobs.c.place, works.c.slug, works.c.title)
        .order_by(works.c.slug, func.max(editions.c.number).desc(), func.max(files.c.name))
    )
    if work:
        query = query.where(works.c.slug == work)
    return tuple(
        FaultRow(
            sha256,
            fault,
            place,
            slug or "",
            title or "",
            int(edition or 0),
            name or "",
            role or Role.WORK.value,
            MakingState(making) if making else None,
        )
        for sha256, fault, place, slug, title, edition, name, role, making in conn.execute(query)
    )
