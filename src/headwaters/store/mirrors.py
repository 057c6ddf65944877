"""Named queries of mirrors: other hosts that have a work's files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.works.editions import WorkState
from headwaters.core.works.mirrors import MirrorState
from headwaters.store.db import Connection
from headwaters.store.tables import editions, mirrors, works


@dataclass(frozen=True, slots=True)
class MirrorRow:
    """A mirror and what the last look at it found. Times are microseconds; `published_at`: of the newest edition."""

    id: int
    work_id: int
    address: str
    state: MirrorState
    error: str
    checked_at: int | None
    published_at: int


_PUBLISHED_AT = (
    select(func.max(editions.c.published_at)).where(editions.c.work_id == mirrors.c.work_id).scalar_subquery()
)
_COLUMNS = (
    mirrors.c.id,
    mirrors.c.work_id,
    mirrors.c.address,
    mirrors.c.state,
    mirrors.c.error,
    mirrors.c.checked_at,
    _PUBLISHED_AT.label("published_at"),
)


def _row(found: Sequence[Any]) -> MirrorRow:
    number, work_id, address, state, *rest = found
    return MirrorRow(number, work_id, address, MirrorState(state), *rest)


def mirrors_of(conn: Connection, work_id: int) -> tuple[MirrorRow, ...]:
    """All mirrors of a work, in the order they are told."""
    query = select(*_COLUMNS).where(mirrors.c.work_id == work_id).order_by(mirrors.c.position, mirrors.c.id)
    return tuple(map(_row, conn.execute(query)))


def add_mirror(conn: Connection, work_id: int, address: str, now: int) -> bool:
    """Another one, which nobody looked at yet. False: it was noted before."""
    statement = insert(mirrors).values(work_id=work_id, address=address, created_at=now)
    return conn.execute(statement.on_conflict_do_nothing().returning(mirrors.c.id)).first() is not None


def remove_mirror(conn: Connection, work_id: int, address: str) -> bool:
    """Forget it. Whether it was there."""
    statement = delete(mirrors).where(mirrors.c.work_id == work_id, mirrors.c.address == address)
    return conn.execute(statement).rowcount == 1


def due(conn: Connection, before: int) -> tuple[MirrorRow, ...]:
    """Mirrors that nobody looked at since `before`, or since a newer edition came; not those of withheld works."""
    late = or_(mirrors.c.checked_at.is_(None), mirrors.c.checked_at < before, mirrors.c.checked_at < _PUBLISHED_AT)
    query = select(*_COLUMNS).join(works, works.c.id == mirrors.c.work_id)
    query = query.where(late, works.c.state != WorkState.WITHHELD.value).order_by(mirrors.c.id)
    return tuple(map(_row, conn.execute(query)))


def keep_look(conn: Connection, seen: MirrorRow, state: MirrorState, error: str, now: int) -> bool:
    """What a look found, if nobody looked since `seen` was read. Whether nobody did."""
    statement = update(mirrors).where(
        mirrors.c.id == seen.id, mirrors.c.checked_at.is_not_distinct_from(seen.checked_at)
    )
    return conn.execute(statement.values(state=state.value, error=error, checked_at=now)).rowcount == 1


def forget_looks(conn: Connection, work_id: int) -> int:
    """As if nobody had looked at the mirrors of a work; how many those are."""
    statement = update(mirrors).where(mirrors.c.work_id == work_id)
    return conn.execute(statement.values(state=MirrorState.UNCHECKED.value, error="", checked_at=None)).rowcount
