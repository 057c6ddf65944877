"""The ledger's sums by month. Nothing in the ledger ever changes, so that what was added up once is remembered by this
process and only what is new is read: the first look at a million sales takes seconds, and the next ones nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from headwaters.core.clock import to_micros
from headwaters.store.db import Connection, Database
from headwaters.store.ledger import DaySums, MonthSums, by_month, day_sums, newest_entry

AT_ONCE = 100_000  # entries read in one go, so that pages get their turn in between
SETTLED = timedelta(minutes=10)  # an id that old is followed by no smaller one that another process has yet to commit

_Sums = dict[tuple[int, str, str, str], tuple[int, int]]  # by day, kind, account, currency: how many, minor units


class LedgerSums:
    """What is remembered: sums of all entries up to an id."""

    __slots__ = ("_sums", "_upto")

    def __init__(self) -> None:
        self._upto = 0
        self._sums: _Sums = {}

    async def months(self, db: Database, now: datetime) -> list[MonthSums]:
        """Each month in which something moved, the newest first."""
        settled = await db.read(partial(newest_entry, before=to_micros(now - SETTLED)))
        if settled > self._upto:
            self._sums = await _added(db, self._sums, self._upto, settled)
            self._upto = settled
        sums = await _added(db, self._sums, self._upto, await db.read(newest_entry))
        return by_month((*key, count, total) for key, (count, total) in sums.items())


async def _added(db: Database, before: _Sums, after: int, upto: int) -> _Sums:
    """`before` and the entries above `after` and not above `upto`."""
    sums = dict(before)
    while after < upto:
        piece = min(after + AT_ONCE, upto)
        _add(sums, await db.read(partial(_between, after, piece)))
        after = piece
    return sums


def _between(after: int, upto: int, conn: Connection) -> list[DaySums]:
    return day_sums(conn, after, upto)


def _add(sums: _Sums, rows: list[DaySums]) -> None:
    for day, kind, account, currency, count, total in rows:
        key = (day, kind, account, currency)
        entries, minor = sums.get(key, (0, 0))
        sums[key] = entries + count, minor + total
