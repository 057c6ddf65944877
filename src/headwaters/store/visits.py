"""Named queries of visits: how many, a work, a day and a word."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import visits, works

_NEW = insert(visits).values({name: bindparam(name) for name in ("work_id", "day", "came_from", "count")})
_ADD = Prepared(
    _NEW.on_conflict_do_update(
        index_elements=["work_id", "day", "came_from"], set_={"count": visits.c.count + _NEW.excluded.count}
    )
)
_WORDS = Prepared(
    select(visits.c.came_from).where(visits.c.work_id == bindparam("work_id"), visits.c.day == bindparam("day"))
)


def ids_of(conn: Connection, slugs: Collection[str]) -> dict[str, int]:
    """The works at these addresses."""
    found = conn.execute(select(works.c.slug, works.c.id).where(works.c.slug.in_(slugs)))
    return {slug: int(number) for slug, number in found}


def words_of(conn: Connection, work_id: int, day: int) -> frozenset[str]:
    """The words that are counted for a work and a day."""
    return frozenset(word for (word,) in _WORDS.all(conn, work_id=work_id, day=day))


def add_visits(conn: Connection, work_id: int, day: int, came_from: str, count: int) -> None:
    """`count` more."""
    _ADD.run(conn, work_id=work_id, day=day, came_from=came_from, count=count)
