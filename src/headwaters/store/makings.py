"""Named queries of makings: what the shop makes of an edition in the background, and what has come of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.works.editions import Role, WorkState
from headwaters.core.works.makings import ALIVE, MakingState
from headwaters.core.works.recipes import TORRENT, GivenFile, Wish
from headwaters.store.db import Connection
from headwaters.store.shelf import HELD_ROLES
from headwaters.store.tables import assets, blobs, editions, files, makings, torrents, works
from headwaters.store.works import BlobRow, FileRow


@dataclass(frozen=True, slots=True)
class MakingRow:
    """A making. `file_id` 0: of the edition as a whole; `done` in thousandths; times are microseconds."""

    id: int
    edition_id: int
    file_id: int
    recipe: str
    state: MakingState
    done: int
    attempts: int
    error: str
    due_at: int
    beat_at: int | None
    changed_at: int


_COLUMNS = tuple(makings.c[item.name] for item in fields(MakingRow))
_MAKING = select(*_COLUMNS)


def _makings(conn: Connection, query: Select[tuple[object, ...]]) -> list[MakingRow]:
    rows = (dict(row._mapping) for row in conn.execute(query))
    return [MakingRow(**{**row, "state": MakingState(row["state"])}) for row in rows]


# ── what is wanted ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """The work that an edition is of, as far as it decides what is made. `number`: of the edition."""

    work_id: int
    slug: str
    title: str
    by: str
    state: str
    kind: str
    doors: str
    minimum_minor: int
    formats: str
    taste: str
    language: str
    number: int


def subject(conn: Connection, edition_id: int) -> SubjectRow | None:
    """The work of an edition."""
    query = select(
        works.c.id,
        works.c.slug,
        works.c.title,
        works.c.by_line,
        works.c.state,
        works.c.kind,
        works.c.doors,
        works.c.minimum_minor,
        works.c.formats,
        works.c.taste,
        works.c.language,
        editions.c.number,
    ).join(editions, editions.c.work_id == works.c.id)
    row = conn.execute(query.where(editions.c.id == edition_id)).first()
    return SubjectRow(*row) if row else None


_GIVEN_COLUMNS = (
    files.c.id,
    files.c.role,
    files.c.name,
    files.c.media_type,
    files.c.size,
    files.c.seconds_micros,
    files.c.width,
    files.c.height,
)


def given_files(conn: Connection, edition_id: int) -> list[GivenFile]:
    """What the creator gave of an edition, in its order."""
    given = [role.value for role in Role if role.given]
    query = select(*_GIVEN_COLUMNS).where(files.c.edition_id == edition_id, files.c.role.in_(given))
    return [
        GivenFile(
            id=row.id,
            role=Role(row.role),
            name=row.name,
            media_type=row.media_type,
            size=row.size,
            seconds=None if row.seconds_micros is None else row.seconds_micros / 1_000_000,
            width=row.width,
            height=row.height,
        )
        for row in conn.execute(query.order_by(files.c.position, files.c.id))
    ]


def newest_editions(conn: Connection) -> list[int]:
    """The edition of each work that holders get now; of withheld works none."""
    number = select(func.max(editions.c.number)).where(editions.c.work_id == works.c.id)
    newest = number.correlate(works).scalar_subquery()
    query = select(editions.c.id).join(works, works.c.id == editions.c.work_id).where(editions.c.number == newest)
    return [row.id for row in conn.execute(query.where(works.c.state != WorkState.WITHHELD.value).order_by(works.c.id))]


def add(conn: Connection, edition_id: int, wishes: Sequence[Wish], now: int) -> int:
    """Queue what is not queued, made or given up already; how many that were."""
    added = 0
    for wish in wishes:
        values = {"edition_id": edition_id, **asdict(wish), "state": MakingState.WAITING.value, "due_at": now}
        statement = insert(makings).values(**values, created_at=now, changed_at=now).on_conflict_do_nothing()
        added += conn.execute(statement.returning(makings.c.id)).first() is not None
    return added


def drop_waiting(conn: Connection, edition_id: int, wishes: Collection[Wish]) -> int:
    """Forget what waits, failed or was skipped and is not wished any more; how many that were."""
    wished = {(wish.file_id, wish.recipe) for wish in wishes}
    stale = [
        row.id
        for row in of_edition(conn, edition_id)
        if row.state not in {MakingState.MADE, MakingState.MAKING} and (row.file_id, row.recipe) not in wished
    ]
    return conn.execute(delete(makings).where(makings.c.id.in_(stale))).rowcount if stale else 0


def drop_of_older(conn: Connection, work_id: int, number: int) -> int:
    """Forget what waits of a work's editions before this one, and was never made."""
    older = select(editions.c.id).where(editions.c.work_id == work_id, editions.c.number < number)
    mine = (makings.c.edition_id.in_(older), makings.c.state == MakingState.WAITING.value, ~exists().where(of_making))
    return conn.execute(delete(makings).where(*mine)).rowcount


# What a making made: the files with its recipe, of its file.
of_making = and_(
    files.c.edition_id == makings.c.edition_id,
    files.c.recipe == makings.c.recipe,
    func.coalesce(files.c.made_from, 0) == makings.c.file_id,
)


# ── the queue ────────────────────────────────────────────────────────────────────────────────────


def of_edition(conn: Connection, edition_id: int) -> list[MakingRow]:
    """All makings of an edition, as they were queued."""
    return _makings(conn, _MAKING.where(makings.c.edition_id == edition_id).order_by(makings.c.id))


def by_id(conn: Connection, making_id: int) -> MakingRow | None:
    """One making."""
    found = _makings(conn, _MAKING.where(makings.c.id == making_id))
    return found[0] if found else None


def in_hand(conn: Connection, recipes: Collection[str], lease: int) -> bool:
    """Whether somebody is at one of these recipes, and gave a sign of life since `lease`."""
    alive = (makings.c.state == MakingState.MAKING.value, makings.c.beat_at > lease)
    query = select(makings.c.id).where(_of_recipes(recipes), *alive)
    return conn.execute(query.limit(1)).first() is not None


def next_due(conn: Connection, recipes: Collection[str], now: int, lease: int) -> MakingRow | None:
    """The next making that is to be made now, or that nobody is at any more (no sign of life since `lease`)."""
    due = and_(makings.c.state == MakingState.WAITING.value, makings.c.due_at <= now)
    left = and_(
        makings.c.state == MakingState.MAKING.value, or_(makings.c.beat_at.is_(None), makings.c.beat_at <= lease)
    )
    query = _MAKING.where(_of_recipes(recipes), or_(due, left)).order_by(makings.c.due_at, makings.c.id)
    found = _makings(conn, query.limit(1))
    return found[0] if found else None


def _of_recipes(names: Collection[str]) -> ColumnElement[bool]:
    """Recipes with these names, whatever they hang on."""
    return or_(makings.c.recipe.in_(list(names)), *(makings.c.recipe.startswith(f"{name}:") for name in sorted(names)))


def take(conn: Connection, row: MakingRow, now: int) -> bool:
    """Ours to make, if it is as it was seen."""
    state = (makings.c.state == row.state.value, makings.c.attempts == row.attempts)
    seen = (makings.c.id == row.id, *state, makings.c.beat_at.is_not_distinct_from(row.beat_at))
    values = {"state": MakingState.MAKING.value, "attempts": row.attempts + 1, "done": 0, "error": ""}
    return conn.execute(update(makings).where(*seen).values(**values, beat_at=now, changed_at=now)).rowcount == 1


def beat(conn: Connection, row: MakingRow, done: int, now: int) -> bool:
    """A sign of life of who makes it. False: it is not theirs any more."""
    return conn.execute(update(makings).where(*_mine(row)).values(beat_at=now, done=done)).rowcount == 1


def end(conn: Connection, row: MakingRow, target: MakingState, now: int, **values: object) -> bool:
    """Another state after an attempt, if it is still that attempt. Whether it was."""
    statement = update(makings).where(*_mine(row)).values(state=target.value, beat_at=None, changed_at=now, **values)
    return conn.execute(statement).rowcount == 1


def _mine(row: MakingRow) -> tuple[ColumnElement[bool], ...]:
    making = makings.c.state == MakingState.MAKING.value
    return makings.c.id == row.id, making, makings.c.attempts == row.attempts


def move(
    conn: Connection, making_id: int, target: MakingState, before: Sequence[MakingState], now: int, **values: object
) -> bool:
    """Another state, if it is in one of those `before`. Whether it was."""
    mine = (makings.c.id == making_id, makings.c.state.in_([state.value for state in before]))
    statement = update(makings).where(*mine).values(state=target.value, beat_at=None, changed_at=now, **values)
    return conn.execute(statement).rowcount == 1


def lost(conn: Connection) -> tuple[int, ...]:
    """Makings of which a file, or the torrent, is missing or has changed, and what they were made from is whole."""
    origin, bytes_of = files.alias(), blobs.alias()
    harmed = (
        exists()
        .where(
            origin.c.edition_id == makings.c.edition_id, or_(makings.c.file_id == 0, origin.c.id == makings.c.file_id)
        )
        .where(origin.c.role.in_([role.value for role in Role if role.given]))
        .where(bytes_of.c.sha256 == origin.c.sha256, bytes_of.c.fault != "")
    )
    a_file = exists().where(of_making, blobs.c.sha256 == files.c.sha256, blobs.c.fault != "")
    a_torrent = exists().where(
        makings.c.recipe == TORRENT,
        torrents.c.edition_id == makings.c.edition_id,
        blobs.c.sha256 == torrents.c.info_sha256,
        blobs.c.fault != "",
    )
    query = select(makings.c.id).where(makings.c.state == MakingState.MADE.value, or_(a_file, a_torrent), ~harmed)
    return tuple(row.id for row in conn.execute(query.order_by(makings.c.id)))


def is_coming(conn: Connection, edition_id: int, recipe: str) -> bool:
    """Whether a recipe is not through with an edition."""
    states = [state.value for state in ALIVE]
    mine = (makings.c.edition_id == edition_id, makings.c.recipe == recipe, makings.c.state.in_(states))
    return conn.execute(select(makings.c.id).where(*mine).limit(1)).first() is not None


# ── what it is made from, and what came of it ────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OriginRow:
    """A file with its blob: what something is made from. `id`: of the file's row."""

    id: int
    ref: str
    role: str
    name: str
    label: str
    media_type: str
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
    seconds_micros: int | None
    width: int | None
    height: int | None


_ORIGIN = select(
    files.c.id,
    files.c.ref,
    files.c.role,
    files.c.name,
    files.c.label,
    files.c.media_type,
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
    files.c.seconds_micros,
    files.c.width,
    files.c.height,
).join(blobs, blobs.c.sha256 == files.c.sha256)


def origins(conn: Connection, edition_id: int) -> list[OriginRow]:
    """What the creator gave of an edition, with its blobs, in its order."""
    given = [role.value for role in Role if role.given]
    query = _ORIGIN.where(files.c.edition_id == edition_id, files.c.role.in_(given))
    return [OriginRow(*row) for row in conn.execute(query.order_by(files.c.position, files.c.id))]


def made_before(conn: Connection, row: MakingRow) -> tuple[FileRow, ...]:
    """What the same recipe made of the same bytes under the same name for another edition of the same work."""
    origin, edition, other, work_of = files.alias(), editions.alias(), files.alias(), editions.alias()
    query = (
        select(other.c.edition_id)
        .select_from(origin)
        .join(edition, edition.c.id == origin.c.edition_id)
        .join(other, and_(other.c.sha256 == origin.c.sha256, other.c.name == origin.c.name, other.c.id != origin.c.id))
        .join(work_of, and_(work_of.c.id == other.c.edition_id, work_of.c.work_id == edition.c.work_id))
        .join(makings, and_(makings.c.file_id == other.c.id, makings.c.recipe == row.recipe))
        .where(origin.c.id == row.file_id, makings.c.state == MakingState.MADE.value)
        .add_columns(other.c.id)
        .order_by(other.c.edition_id.desc())
        .limit(1)
    )
    found = conn.execute(query).first()
    return () if found is None else made_of(conn, found.edition_id, found.id, row.recipe)


def made_of(conn: Connection, edition_id: int, file_id: int, recipe: str) -> tuple[FileRow, ...]:
    """The files that a recipe made of a file."""
    columns = [files.c[item.name] for item in fields(FileRow)]
    made_from = files.c.made_from.is_not_distinct_from(file_id or None)
    mine = (files.c.edition_id == edition_id, made_from, files.c.recipe == recipe)
    return tuple(FileRow(*row) for row in conn.execute(select(*columns).where(*mine).order_by(files.c.position)))


def blobs_of(conn: Connection, digests: Collection[str]) -> dict[str, BlobRow]:
    """Blobs that are known already, by their SHA-256."""
    columns = [blobs.c[item.name] for item in fields(BlobRow)]
    query = select(*columns).where(blobs.c.sha256.in_(list(digests)))
    return {row.sha256: BlobRow(*row) for row in conn.execute(query)}


def held_names(conn: Connection, edition_id: int) -> tuple[str, ...]:
    """What the files of an edition are called that holders get, in its order."""
    query = select(files.c.name).where(files.c.edition_id == edition_id, files.c.role.in_(HELD_ROLES))
    return tuple(row.name for row in conn.execute(query.order_by(files.c.position, files.c.id)))


def replace_made(conn: Connection, there: Sequence[FileRow], rows: Sequence[FileRow]) -> None:
    """Other bytes for files that were made before. Each keeps its address and its name."""
    for old, new in zip(there, rows, strict=True):
        values = {name: getattr(new, name) for name in _REMADE}
        conn.execute(update(files).where(files.c.ref == old.ref).values(values))


_REMADE = ("label", "media_type", "sha256", "size", "seconds_micros", "width", "height", "details")


def drop_made(conn: Connection, there: Sequence[FileRow]) -> None:
    """Forget files that were made before."""
    conn.execute(delete(files).where(files.c.ref.in_([row.ref for row in there])))


def drop_lost(conn: Connection, digests: Collection[str]) -> None:
    """Forget those of these bytes that are missing or have changed, and that nothing needs any more."""
    unused = [~exists().where(column == blobs.c.sha256) for column in _NEEDED_BY]
    conn.execute(delete(blobs).where(blobs.c.sha256.in_(list(digests)), blobs.c.fault != "", *unused))


_NEEDED_BY = (files.c.sha256, torrents.c.info_sha256, assets.c.sha256)


def add_made(conn: Connection, edition_id: int, rows: Sequence[FileRow]) -> None:
    """More files of an edition, behind those that it has."""
    last = conn.execute(select(func.max(files.c.position)).where(files.c.edition_id == edition_id)).scalar()
    start = 0 if last is None else last + 1
    if rows:
        values = [{"edition_id": edition_id, "position": start + at, **asdict(row)} for at, row in enumerate(rows)]
        conn.execute(insert(files), values)


@dataclass(frozen=True, slots=True)
class MakingLine:
    """A making as the Studio and the command line tell it. `name`, `label`: of the file it is made from, empty for the
    edition as a whole; `size`: of what it made."""

    id: int
    slug: str
    name: str
    label: str
    recipe: str
    state: MakingState
    done: int
    error: str
    due_at: int
    size: int


_MADE_SIZE = (
    select(func.coalesce(func.sum(files.c.size), 0))
    .where(files.c.edition_id == makings.c.edition_id, files.c.recipe == makings.c.recipe)
    .where(func.coalesce(files.c.made_from, 0) == makings.c.file_id)
    .correlate(makings)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A work of whose newest edition something could not be made."""

    slug: str
    title: str
    count: int


def failed(conn: Connection) -> tuple[FailedRow, ...]:
    """Works with makings that failed, as far as holders get them."""
    number = select(func.max(editions.c.number)).where(editions.c.work_id == works.c.id)
    query = (
        select(works.c.slug, works.c.title, func.count())
        .join(editions, editions.c.work_id == works.c.id)
        .join(makings, makings.c.edition_id == editions.c.id)
        .where(makings.c.state == MakingState.FAILED.value, works.c.state != WorkState.WITHHELD.value)
        .where(editions.c.number == number.correlate(works).scalar_subquery())
        .group_by(works.c.id, works.c.slug, works.c.title)
        .order_by(works.c.id)
    )
    return tuple(FailedRow(*row) for row in conn.execute(query))


def lines(conn: Connection, slug: str | None = None) -> list[MakingLine]:
    """The makings of a work's newest edition, or of all works', as they were queued."""
    origin = files.alias()
    number = select(func.max(editions.c.number)).where(editions.c.work_id == works.c.id)
    query = (
        select(
            makings.c.id,
            works.c.slug,
            func.coalesce(origin.c.name, "").label("name"),
            func.coalesce(origin.c.label, "").label("label"),
            makings.c.recipe,
            makings.c.state,
            makings.c.done,
            makings.c.error,
            makings.c.due_at,
            _MADE_SIZE.label("size"),
        )
        .select_from(makings)
        .join(editions, editions.c.id == makings.c.edition_id)
        .join(works, works.c.id == editions.c.work_id)
        .outerjoin(origin, origin.c.id == makings.c.file_id)
        .where(editions.c.number == number.correlate(works).scalar_subquery())
        .order_by(works.c.slug, makings.c.id)
    )
    if slug is not None:
        query = query.where(works.c.slug == slug)
    return [
        MakingLine(**{**row._mapping, "state": MakingState(row.state), "size": int(row.size)})
        for row in conn.execute(query)
    ]
