"""Named queries of what is counted without anybody in it: downloads of a grant, a day."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from headwaters.store.connection import Prepared
from headwaters.store.db import Connection
from headwaters.store.tables import downloads, grants

DAY = 86_400_000_000  # microseconds

_FRESH = insert(downloads).from_select(
    ["grant_id", "day", "count"],
    select(grants.c.id, bindparam("day", type_=BigInteger), bindparam("more", type_=BigInteger)).where(
        grants.c.key == bindparam("key")
    ),
)
_ADD = Prepared(
    _FRESH.on_conflict_do_update(
        index_elements=[downloads.c.grant_id, downloads.c.day],
        set_={"count": downloads.c.count + _FRESH.excluded.count},
    )
)


def add_downloads(conn: Connection, day: int, counts: Mapping[str, int]) -> None:
    """Add to what was counted on a day (since 1970), by download key. A key that opens nothing counts nothing."""
    for key, count in sorted(counts.items()):  # in one order, so that two processes never wait for each other
        _ADD.run(conn, day=day, more=count, key=key)


def downloads_of(conn: Connection, order_id: int) -> list[tuple[int, int]]:
    """(day, how many began) of an order's grants, the newest day first."""
    found = conn.execute(
        select(downloads.c.day, func.sum(downloads.c.count))
        .join(grants, grants.c.id == downloads.c.grant_id)
        .where(grants.c.order_id == order_id)
        .group_by(downloads.c.day)
        .order_by(downloads.c.day.desc())
    )
    return [(int(day), int(count)) for day, count in found]
