"""View queries of a launch that do not grow with it: what waits, and what came out last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from headwaters.core.clock import from_micros
from headwaters.core.works.editions import WorkState
from headwaters.store.connection import Connection
from headwaters.store.tables import outbox, payments, works

MOST = 10_000  # that are counted: more wait too long in any case


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is not done yet; MOST + 1 stands for more."""

    mail: int  # rows of the outbox
    payments: int  # that are under way


def waiting(conn: Connection) -> Waiting:
    """By their indexes, and never further than MOST."""
    mail = select(outbox.c.id).where(outbox.c.state == "waiting")
    under_way = select(payments.c.id).where(payments.c.check_at.is_not(None))
    return Waiting(_count(conn, mail), _count(conn, under_way))


def _count(conn: Connection, rows: Select[*tuple[int]]) -> int:
    return int(conn.execute(select(func.count()).select_from(rows.limit(MOST + 1).subquery())).scalar_one())


def newest_work(conn: Connection) -> tuple[str, datetime] | None:
    """(slug, when) of the published work that came out last."""
    row = conn.execute(
        select(works.c.slug, works.c.created_at)
        .where(works.c.state == WorkState.PUBLISHED.value)
        .order_by(works.c.created_at.desc(), works.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], from_micros(row[1]))
