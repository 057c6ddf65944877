"""Named queries of visits that a copy's colophon brought: how many, an edition and a day. Nothing says whose copy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import copy_visits, editions, works

_NEW = insert(copy_visits).values({name: bindparam(name) for name in ("edition_id", "day", "count")})
_ADD = Prepared(
    _NEW.on_conflict_do_update(
        index_elements=["edition_id", "day"], set_={"count": copy_visits.c.count + _NEW.excluded.count}
    )
)


def editions_of(conn: Connection, slugs: Collection[str]) -> dict[tuple[str, int], int]:
    """The editions that there are of these works, by address and number."""
    query = select(works.c.slug, editions.c.number, editions.c.id).join_from(editions, works)
    return {(slug, int(number)): int(own) for slug, number, own in conn.execute(query.where(works.c.slug.in_(slugs)))}


def add_copy_visits(conn: Connection, edition_id: int, day: int, count: int) -> None:
    """`count` more."""
    _ADD.run(conn, edition_id=edition_id, day=day, count=count)


@dataclass(frozen=True, slots=True)
class CopyLine:
    """An edition, and how many visits its copies brought."""

    title: str
    slug: str
    edition: int
    count: int


def copies_of(conn: Connection, slug: str | None = None, first: int = 0, last: int | None = None) -> list[CopyLine]:
    """The editions whose copies brought somebody: of one work or of all, from day `first` to day `last`."""
    total = func.sum(copy_visits.c.count)
    query = (
        select(works.c.title, works.c.slug, editions.c.number, total)
        .join_from(copy_visits, editions)
        .join(works)
        .where(copy_visits.c.day >= first)
        .group_by(works.c.id, works.c.title, works.c.slug, editions.c.number)
        .order_by(total.desc(), works.c.title, editions.c.number)
    )
    if slug is not None:
        query = query.where(works.c.slug == slug)
    if last is not None:
        query = query.where(copy_visits.c.day <= last)
    return [CopyLine(title, own, int(number), int(count)) for title, own, number, count in conn.execute(query)]
