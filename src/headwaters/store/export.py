"""Orders as rows of a table, read in pages by their numbers so that a million of them never stand in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from headwaters.core.clock import from_micros
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Mode
from headwaters.store.db import Connection
from headwaters.store.order_conditions import Condition
from headwaters.store.orders import extra_fees_by_order, given_back_by_order
from headwaters.store.studio import OrderLine, lines_of
from headwaters.store.tables import order_lines, orders, payments, works


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order with what a list does not show. `mode` and `fee` are those of its payments, where it has any."""

    line: OrderLine
    works: str  # their titles
    came_from: str
    note: str
    mode: str
    paid: Money
    fee: Money
    back: Money
    granted_at: datetime | None
    withdrawn_at: datetime | None


def order_records(conn: Connection, conditions: Sequence[Condition], after: int, most: int) -> list[OrderRecord]:
    """Orders whose number is above `after`, oldest first."""
    columns = (
        orders.c.id,
        orders.c.came_from,
        orders.c.note,
        orders.c.currency,
        orders.c.granted_at,
        orders.c.withdrawn_at,
    )
    found = conn.execute(
        select(*columns).where(orders.c.id > after, *conditions).order_by(orders.c.id).limit(most)
    ).all()
    numbers = [row.id for row in found]
    if not numbers:
        return []
    lines = {line.id: line for line in lines_of(conn, numbers)}
    titles, money = _titles(conn, numbers), _money(conn, numbers)
    return [_record(row, lines[row.id], titles.get(row.id, ""), money.get(row.id, _NOTHING)) for row in found]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Money of one mode, in minor units."""

    mode: str
    paid: int
    fee: int
    back: int


_NOTHING = _Sums("", 0, 0, 0)


def _record(row: Any, line: OrderLine, titles: str, sums: _Sums) -> OrderRecord:
    return OrderRecord(
        line=line,
        works=titles,
        came_from=row.came_from,
        note=row.note,
        mode=sums.mode,
        paid=Money(sums.paid, row.currency),
        fee=Money(sums.fee, row.currency),
        back=Money(sums.back, row.currency),
        granted_at=None if row.granted_at is None else from_micros(row.granted_at),
        withdrawn_at=None if row.withdrawn_at is None else from_micros(row.withdrawn_at),
    )


def _titles(conn: Connection, numbers: Sequence[int]) -> dict[int, str]:
    found = conn.execute(
        select(order_lines.c.order_id, works.c.title)
        .join(works, works.c.id == order_lines.c.work_id)
        .where(order_lines.c.order_id.in_(numbers))
        .order_by(order_lines.c.id)
    )
    titles: dict[int, str] = {}
    for order_id, title in found:
        titles[order_id] = f"{titles[order_id]}, {title}" if order_id in titles else title
    return titles


def _money(conn: Connection, numbers: Sequence[int]) -> dict[int, _Sums]:
    """What came and went of each order with a paid payment. Real money and that of tests and practice never meet in one
    sum: where any is real, it is what counts."""
    of_orders = (payments.c.order_id.in_(numbers), payments.c.state == "paid")
    came = conn.execute(
        select(
            payments.c.order_id,
            payments.c.mode,
            func.sum(payments.c.amount_minor),
            func.sum(func.coalesce(payments.c.fee_minor, 0)),
        )
        .where(*of_orders)
        .group_by(payments.c.order_id, payments.c.mode)
        .order_by(payments.c.mode != Mode.LIVE.value, payments.c.mode)
    )
    back, extra = given_back_by_order(conn, numbers), extra_fees_by_order(conn, numbers)
    found: dict[int, _Sums] = {}
    for order_id, mode, paid, fee in came:
        kept = int(fee) + extra.get((order_id, mode), 0)
        found.setdefault(order_id, _Sums(mode, int(paid), kept, back.get((order_id, mode), 0)))
    return found
