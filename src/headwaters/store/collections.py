"""Named queries of collections: works that belong together, in an order of their own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.errors import N_, Code, NotFound
from headwaters.store.db import Connection
from headwaters.store.tables import collection_works, collections, works

PUBLISHED = "published"
RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """A collection and how many works are in it, of those that are published."""

    id: int
    slug: str
    title: str
    words: str
    state: str
    revision: int
    shown: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A work in a collection."""

    work_id: int
    slug: str
    title: str
    state: str
    position: int


_SHOWN = (
    select(func.count())
    .select_from(collection_works.join(works, works.c.id == collection_works.c.work_id))
    .where(collection_works.c.collection_id == collections.c.id, works.c.state == PUBLISHED)
    .correlate(collections)
    .scalar_subquery()
)
_COLLECTION = select(
    collections.c.id,
    collections.c.slug,
    collections.c.title,
    collections.c.words,
    collections.c.state,
    collections.c.revision,
    _SHOWN.label("shown"),
)
_IN_ORDER = (collections.c.position, collections.c.created_at.desc(), collections.c.id.desc())


def find_collection(conn: Connection, slug: str) -> CollectionRow | None:
    """The collection at an address, in whatever state, if there is one."""
    row = conn.execute(_COLLECTION.where(collections.c.slug == slug)).first()
    return CollectionRow(*row) if row else None


def collection_at(conn: Connection, slug: str) -> CollectionRow:
    """The same. Raises NotFound(COLLECTION_UNKNOWN)."""
    found = find_collection(conn, slug)
    if found is None:
        raise NotFound(
            Code.COLLECTION_UNKNOWN,
            N_("There is no collection “%(slug)s” here."),
            hint=N_("“headwaters collections” lists them."),
            slug=slug,
        )
    return found


def all_collections(conn: Connection) -> tuple[CollectionRow, ...]:
    """All of them, in every state."""
    return tuple(CollectionRow(*row) for row in conn.execute(_COLLECTION.order_by(*_IN_ORDER)))


def shown_collections(conn: Connection) -> tuple[CollectionRow, ...]:
    """Those that are published and hold a work that is."""
    query = _COLLECTION.where(collections.c.state == PUBLISHED, _SHOWN > 0).order_by(*_IN_ORDER)
    return tuple(CollectionRow(*row) for row in conn.execute(query))


def collections_with(conn: Connection, work_id: int) -> tuple[CollectionRow, ...]:
    """The published collections that a work is in."""
    mine = select(collection_works.c.collection_id).where(collection_works.c.work_id == work_id)
    query = _COLLECTION.where(collections.c.state == PUBLISHED, collections.c.id.in_(mine)).order_by(*_IN_ORDER)
    return tuple(CollectionRow(*row) for row in conn.execute(query))


def slugs_with(conn: Connection, work_id: int) -> frozenset[str]:
    """The collections that a work is in, in whatever state they are."""
    query = select(collections.c.slug).join(collection_works, collection_works.c.collection_id == collections.c.id)
    return frozenset(row.slug for row in conn.execute(query.where(collection_works.c.work_id == work_id)))


def add_collection(conn: Connection, slug: str, title: str, words: str, now: int) -> int | None:
    """A new one; None when the address is another's."""
    values = {"slug": slug, "title": title, "words": words, "state": PUBLISHED, "created_at": now, "changed_at": now}
    statement = insert(collections).values(**values).on_conflict_do_nothing().returning(collections.c.id)
    found: int | None = conn.execute(statement).scalar()
    return found


def change_collection(conn: Connection, collection_id: int, revision: int, title: str, words: str, now: int) -> bool:
    """Other words, if nobody changed them since `revision`. Whether nobody did."""
    statement = update(collections).where(collections.c.id == collection_id, collections.c.revision == revision)
    values = {"title": title, "words": words, "changed_at": now, "revision": revision + 1}
    return conn.execute(statement.values(**values)).rowcount == 1


def move_collection(conn: Connection, collection_id: int, target: str, before: str, now: int) -> bool:
    """Another state, if it is in the one `before`. Whether it was."""
    statement = update(collections).where(collections.c.id == collection_id, collections.c.state == before)
    return conn.execute(statement.values(state=target, changed_at=now)).rowcount == 1


# ── the works in it ──────────────────────────────────────────────────────────────────────────────


def lock_collection(conn: Connection, collection_id: int) -> None:
    """Whoever else would change what is in it waits until our transaction has ended."""
    mine = collections.c.id == collection_id
    conn.execute(update(collections).where(mine).values(changed_at=collections.c.changed_at))


def members(conn: Connection, collection_id: int) -> list[MemberRow]:
    """The works of a collection in its order, in whatever state they are."""
    query = (
        select(works.c.id, works.c.slug, works.c.title, works.c.state, collection_works.c.position)
        .join(collection_works, collection_works.c.work_id == works.c.id)
        .where(collection_works.c.collection_id == collection_id)
        .order_by(collection_works.c.position, collection_works.c.id)
    )
    return [MemberRow(*row) for row in conn.execute(query)]


def set_members(conn: Connection, collection_id: int, work_ids: list[int]) -> None:
    """These works, in this order, and no others."""
    mine = collection_works.c.collection_id == collection_id
    conn.execute(delete(collection_works).where(mine))
    if work_ids:
        values = [
            {"collection_id": collection_id, "work_id": work_id, "position": position}
            for position, work_id in enumerate(work_ids, start=1)
        ]
        conn.execute(insert(collection_works), values)
