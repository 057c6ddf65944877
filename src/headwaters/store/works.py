"""Named queries of works, editions, files and blobs: what publishing needs. What pages show is in store/pages.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields

from sqlalchemy import Select, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.works.details import Details
from headwaters.core.works.editions import DRAWN, Role, WorkState
from headwaters.core.works.media import WorkKind
from headwaters.store.db import Connection
from headwaters.store.shelf import GIVEN_ROLES
from headwaters.store.tables import blobs, editions, files, works

# ── works ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A work as publishing sees it."""

    id: int
    slug: str
    source: str
    state: WorkState
    details: Details
    revision: int = 0
    colophon: str = ""  # on, off; empty: as the shop does


_WORK = select(
    works.c.id,
    works.c.slug,
    works.c.source,
    works.c.state,
    works.c.title,
    works.c.by_line,
    works.c.kind,
    works.c.language,
    works.c.year,
    works.c.price_minor,
    works.c.minimum_minor,
    works.c.currency,
    works.c.licence,
    works.c.doors,
    works.c.words,
    works.c.description,
    works.c.cover_alt,
    works.c.taste,
    works.c.formats,
    works.c.revision,
    works.c.colophon,
)


def _work(conn: Connection, query: Select[tuple[object, ...]]) -> WorkRow | None:
    row = conn.execute(query).first()
    if row is None:
        return None
    details = Details(
        title=row.title,
        by=row.by_line,
        kind=WorkKind(row.kind),
        language=row.language,
        year=row.year,
        price=Money(row.price_minor, row.currency),
        minimum=Money(row.minimum_minor, row.currency),
        licence=row.licence,
        doors=frozenset(Door(door) for door in row.doors.split(",") if door),
        words=row.words,
        description=row.description,
        cover_alt=row.cover_alt,
        taste=row.taste,
        formats=row.formats,
    )
    return WorkRow(row.id, row.slug, row.source, WorkState(row.state), details, row.revision, row.colophon)


def _columns(details: Details) -> dict[str, object]:
    return {
        "title": details.title,
        "by_line": details.by,
        "kind": details.kind.value,
        "language": details.language,
        "year": details.year,
        "price_minor": details.price.minor,
        "minimum_minor": details.minimum.minor,
        "currency": details.price.currency,
        "licence": details.licence,
        "doors": ",".join(door.value for door in Door if door in details.doors),
        "words": details.words,
        "description": details.description,
        "cover_alt": details.cover_alt,
        "taste": details.taste,
        "formats": details.formats,
    }


def work_by_slug(conn: Connection, slug: str) -> WorkRow | None:
    """The work at an address, in whatever state."""
    return _work(conn, _WORK.where(works.c.slug == slug))


def work_by_id(conn: Connection, work_id: int) -> WorkRow | None:
    """The work of a draft."""
    return _work(conn, _WORK.where(works.c.id == work_id))


def work_by_source(conn: Connection, source: str) -> WorkRow | None:
    """The work that was published from `source`; the one last changed, should there be several."""
    return _work(conn, _WORK.where(works.c.source == source).order_by(works.c.changed_at.desc()).limit(1))


def work_at(conn: Connection, slug: str) -> WorkRow:
    """The work at an address. Raises NotFound(WORK_UNKNOWN)."""
    found = work_by_slug(conn, slug)
    if found is None:
        raise NotFound(
            Code.WORK_UNKNOWN,
            N_("There is no work “%(slug)s” here."),
            hint=N_("“headwaters works” lists them."),
            slug=slug,
        )
    return found


def add_work(conn: Connection, slug: str, source: str, details: Details, now: int) -> int | None:
    """A new published work; None when the slug is somebody's."""
    values = {"slug": slug, "source": source, "state": WorkState.PUBLISHED.value, "note": "", **_columns(details)}
    statement = insert(works).values(created_at=now, changed_at=now, **values)
    found: int | None = conn.execute(statement.on_conflict_do_nothing().returning(works.c.id)).scalar()
    return found


def lock_work(conn: Connection, work_id: int) -> None:
    """Whoever else would change this work waits until our transaction has ended (on SQLite they wait anyway)."""
    conn.execute(update(works).where(works.c.id == work_id).values(changed_at=works.c.changed_at))


def change_work(conn: Connection, work_id: int, source: str, details: Details, now: int) -> None:
    """Other words on the page, or another place that the work is published from."""
    values = {"source": source, "changed_at": now, **_columns(details)}
    conn.execute(update(works).where(works.c.id == work_id).values(revision=works.c.revision + 1, **values))


def change_words(conn: Connection, work_id: int, revision: int, details: Details, now: int) -> bool:
    """Other words on the page, if nobody changed them since `revision`. Whether nobody did."""
    statement = update(works).where(works.c.id == work_id, works.c.revision == revision)
    done = conn.execute(statement.values(revision=revision + 1, changed_at=now, **_columns(details)))
    return done.rowcount == 1


def set_colophon(conn: Connection, work_id: int, colophon: str) -> bool:
    """Whether its files say where they come from. True: it was otherwise."""
    statement = update(works).where(works.c.id == work_id, works.c.colophon != colophon)
    return conn.execute(statement.values(colophon=colophon)).rowcount == 1


def move_work(
    conn: Connection, work_id: int, target: WorkState, before: Sequence[WorkState], note: str, now: int
) -> bool:
    """Another state, if it is in one of those `before`. Whether it was."""
    statement = update(works).where(works.c.id == work_id, works.c.state.in_([state.value for state in before]))
    return conn.execute(statement.values(state=target.value, note=note, changed_at=now)).rowcount == 1


# ── editions and files ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class EditionRow:
    """An edition of a work."""

    id: int
    number: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class BlobRow:
    """A kept blob; inode and times are a hard link's witness, a date alone is a copy's."""

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
class FileRow:
    """One file of an edition, as its row has it."""

    ref: str
    role: str
    name: str
    label: str
    media_type: str
    sha256: str
    size: int
    seconds_micros: int | None
    width: int | None
    height: int | None
    given: str = ""
    made_from: int | None = None
    recipe: str = ""
    details: str = ""


def newest_edition(conn: Connection, work_id: int) -> EditionRow | None:
    """The edition that is on the page."""
    query = select(editions.c.id, editions.c.number, editions.c.fingerprint).where(editions.c.work_id == work_id)
    row = conn.execute(query.order_by(editions.c.number.desc()).limit(1)).first()
    return EditionRow(*row) if row else None


@dataclass(frozen=True, slots=True)
class EditionLine:
    """An edition with what its creator gave. Times are microseconds."""

    number: int
    published_at: int
    rights: str
    rights_text: str
    changes: str
    files: tuple[FileRow, ...]


_BY_CREATOR = frozenset({*(role for role in Role if role.given), Role.WITHDRAWN})


def editions_of(conn: Connection, work_id: int) -> list[EditionLine]:
    """All editions of a work, the newest first; without the pictures that the shop made."""
    query = select(
        editions.c.id,
        editions.c.number,
        editions.c.published_at,
        editions.c.rights,
        editions.c.rights_text,
        editions.c.changes,
    ).where(editions.c.work_id == work_id)
    return [
        EditionLine(
            number=row.number,
            published_at=row.published_at,
            rights=row.rights,
            rights_text=row.rights_text,
            changes=row.changes,
            files=tuple(file for file in files_of(conn, row.id) if Role(file.role) in _BY_CREATOR),
        )
        for row in conn.execute(query.order_by(editions.c.number.desc()))
    ]


def note_of(conn: Connection, work_id: int) -> str:
    """Why a work is withheld."""
    return str(conn.execute(select(works.c.note).where(works.c.id == work_id)).scalar() or "")


def add_edition(
    conn: Connection, work_id: int, number: int, fingerprint: str, rights: str, rights_text: str, changes: str, now: int
) -> int:
    """One more edition. Its number is unique for the work: lock the work first."""
    values = {"work_id": work_id, "number": number, "fingerprint": fingerprint, "changes": changes}
    declared = {"rights": rights, "rights_text": rights_text, "rights_at": now, "published_at": now}
    statement = insert(editions).values(**values, **declared).returning(editions.c.id)
    return int(conn.execute(statement).scalar_one())


def add_files(conn: Connection, edition_id: int, rows: Sequence[FileRow]) -> None:
    """The files of an edition, in their order."""
    if rows:
        values = [{"edition_id": edition_id, "position": at, **asdict(row)} for at, row in enumerate(rows)]
        conn.execute(insert(files), values)


def replace_art(conn: Connection, edition_id: int, rows: Sequence[FileRow]) -> None:
    """Other pictures, which the shop made itself, in the place of those that it made before."""
    mine = (files.c.edition_id == edition_id, files.c.role == Role.ART.value)
    conn.execute(delete(files).where(*mine))
    last = conn.execute(select(func.max(files.c.position)).where(files.c.edition_id == edition_id)).scalar()
    start = 0 if last is None else last + 1
    if rows:
        values = [{"edition_id": edition_id, "position": start + at, **asdict(row)} for at, row in enumerate(rows)]
        conn.execute(insert(files), values)


def withdraw_samples(conn: Connection, work_id: int, name: str, edition: int | None) -> tuple[int, int]:
    """Samples of this name, of one edition or of all, are none any more: how many, and how many were none before."""
    mine = select(editions.c.id).where(editions.c.work_id == work_id)
    if edition is not None:
        mine = mine.where(editions.c.number == edition)
    called = (files.c.edition_id.in_(mine), files.c.name == name)
    gone = select(func.count()).select_from(files).where(*called, files.c.role == Role.WITHDRAWN.value)
    before = int(conn.execute(gone).scalar() or 0)
    samples = update(files).where(*called, files.c.role == Role.SAMPLE.value)
    return conn.execute(samples.values(role=Role.WITHDRAWN.value)).rowcount, before


def drawn_otherwise(conn: Connection, recipe: str) -> list[str]:
    """The slugs of published works whose newest edition has a cover that the shop drew, but not by this recipe."""
    newest = select(func.max(editions.c.number)).where(editions.c.work_id == works.c.id).correlate(works)
    drawn = (files.c.role == Role.ART.value, files.c.name.startswith(DRAWN), files.c.recipe != recipe)
    found = conn.execute(
        select(works.c.slug)
        .join(editions, (editions.c.work_id == works.c.id) & (editions.c.number == newest.scalar_subquery()))
        .join(files, files.c.edition_id == editions.c.id)
        .where(works.c.state == "published", *drawn)
        .distinct()
        .order_by(works.c.slug)
    )
    return list(found.scalars())


_AS_KEPT = ("keep", "inode", "mtime_ns", "ctime_ns", "place", "tag", "fault")


def keep_blobs(conn: Connection, rows: Sequence[BlobRow], now: int) -> bool:
    """Blobs as the storage keeps them now: one that was a link before may be a copy today, one that was damaged is
    whole again. Whether that was news. Only for what was kept just now, never for rows that were read.

    Of several rows with one SHA-256 the last counts: so it was kept last.
    """
    added = insert(blobs)
    fresh = {name: added.excluded[name] for name in _AS_KEPT}
    other = or_(*(blobs.c[name].is_distinct_from(value) for name, value in fresh.items()))
    # somebody may be reading it where it was: there it stays for a day, as after a move
    moved = case((blobs.c.place != added.excluded.place, added.excluded.created_at), else_=blobs.c.moved_at)
    added = added.on_conflict_do_update(index_elements=[blobs.c.sha256], set_={**fresh, "moved_at": moved}, where=other)
    statement = added.returning(blobs.c.sha256)
    newest = {row.sha256: row for row in rows}
    news = False
    for _, row in sorted(newest.items()):  # one order for all, so that no two wait for each other
        news |= conn.execute(statement, {"created_at": now, **asdict(row)}).first() is not None
    return news


def damaged_among(conn: Connection, digests: Collection[str]) -> int:
    """How many of these are known to be damaged."""
    query = select(func.count()).where(blobs.c.sha256.in_(list(digests)), blobs.c.fault != "")
    found: int = conn.execute(query).scalar_one()
    return found


def all_blobs(conn: Connection) -> tuple[BlobRow, ...]:
    """Every blob that a file of any edition needs."""
    columns = [blobs.c[item.name] for item in fields(BlobRow)]
    return tuple(BlobRow(*row) for row in conn.execute(select(*columns).order_by(blobs.c.sha256)))


@dataclass(frozen=True, slots=True)
class Use:
    """A file of an edition, by the names that people know."""

    slug: str
    edition: int
    name: str


def uses_of(conn: Connection, sha256: str) -> tuple[Use, ...]:
    """Where a blob is used."""
    query = select(works.c.slug, editions.c.number, files.c.name).join_from(files, editions).join(works)
    query = query.where(files.c.sha256 == sha256).order_by(works.c.slug, editions.c.number, files.c.position)
    return tuple(Use(*row) for row in conn.execute(query))


def files_of(conn: Connection, edition_id: int) -> tuple[FileRow, ...]:
    """The files of an edition, in their order."""
    columns = [files.c[item.name] for item in fields(FileRow)]
    query = select(*columns).where(files.c.edition_id == edition_id).order_by(files.c.position)
    return tuple(FileRow(*row) for row in conn.execute(query))


def blobs_of(conn: Connection, edition_id: int) -> dict[str, BlobRow]:
    """The blobs of an edition's files, by their SHA-256."""
    columns = [blobs.c[item.name] for item in fields(BlobRow)]
    query = select(*columns).where(blobs.c.sha256.in_(select(files.c.sha256).where(files.c.edition_id == edition_id)))
    return {row.sha256: BlobRow(*row) for row in conn.execute(query)}


# ── the order of works ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """Where a work stands on the first page."""

    id: int
    slug: str
    state: str
    position: int


IN_ORDER = (works.c.position, works.c.created_at.desc(), works.c.id.desc())


def places(conn: Connection) -> list[PlaceRow]:
    """All works as the first page has them: smaller positions first, then the newer ones."""
    query = select(works.c.id, works.c.slug, works.c.state, works.c.position).order_by(*IN_ORDER)
    return [PlaceRow(*row) for row in conn.execute(query)]


def put_at(conn: Connection, work_id: int, position: int) -> None:
    """Another position."""
    conn.execute(update(works).where(works.c.id == work_id).values(position=position))


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class WorkLine:
    """A work in a list: its newest edition, with how many files it gives and their bytes. Times are microseconds."""

    slug: str
    title: str
    kind: str
    state: str
    price: Money
    minimum: Money
    edition: int
    published_at: int
    files: int
    size: int


_NEWEST = (
    select(editions.c.work_id, func.max(editions.c.number).label("number")).group_by(editions.c.work_id).subquery()
)
_GIVEN = case((files.c.role.in_(GIVEN_ROLES), 1), else_=0)
_LIST = (
    select(
        works.c.slug,
        works.c.title,
        works.c.kind,
        works.c.state,
        works.c.price_minor,
        works.c.minimum_minor,
        works.c.currency,
        editions.c.number,
        editions.c.published_at,
        func.sum(_GIVEN).label("files"),
        func.sum(_GIVEN * files.c.size).label("size"),
    )
    .join(_NEWEST, _NEWEST.c.work_id == works.c.id)
    .join(editions, (editions.c.work_id == works.c.id) & (editions.c.number == _NEWEST.c.number))
    .outerjoin(files, files.c.edition_id == editions.c.id)
    .group_by(works.c.id, editions.c.id)
    .order_by(*IN_ORDER)
)


def list_works(conn: Connection) -> tuple[WorkLine, ...]:
    """All works in every state, as the first page has them."""
    return tuple(
        WorkLine(
            slug=row.slug,
            title=row.title,
            kind=row.kind,
            state=row.state,
            price=Money(row.price_minor, row.currency),
            minimum=Money(row.minimum_minor, row.currency),
            edition=row.number,
            published_at=row.published_at,
            files=int(row.files or 0),
            size=int(row.size or 0),
        )
        for row in conn.execute(_LIST)
    )


@dataclass(frozen=True, slots=True)
class OwnFormatsRow:
    """A work with a choice of formats of its own."""

    slug: str
    title: str
    formats: str


def own_formats(conn: Connection) -> tuple[OwnFormatsRow, ...]:
    """Works whose formats are not the shop's usual ones, as the first page has them."""
    query = select(works.c.slug, works.c.title, works.c.formats).where(works.c.formats != "")
    return tuple(OwnFormatsRow(*row) for row in conn.execute(query.order_by(*IN_ORDER)))


@dataclass(frozen=True, slots=True)
class ThumbRow:
    """The smallest picture of a work."""

    ref: str
    name: str
    width: int
    height: int


def thumbs(conn: Connection) -> dict[str, ThumbRow]:
    """The smallest picture of each work's newest edition, by slug."""
    query = (
        select(works.c.slug, files.c.ref, files.c.name, files.c.width, files.c.height)
        .join(_NEWEST, _NEWEST.c.work_id == works.c.id)
        .join(editions, (editions.c.work_id == works.c.id) & (editions.c.number == _NEWEST.c.number))
        .join(files, files.c.edition_id == editions.c.id)
        .where(files.c.role == Role.ART.value, files.c.width.is_not(None), files.c.height.is_not(None))
        .order_by(files.c.width.desc(), files.c.size.desc())
    )
    return {row.slug: ThumbRow(row.ref, row.name, row.width, row.height) for row in conn.execute(query)}
