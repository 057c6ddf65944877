"""Orders as rows of a table, read in pages by their numbers so that a million of them never stand in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from headwaters.core.clock import from_micros
from headwaters.core.sales.money import Money
from headwaters.store.db import Connection
from headwaters.store.order_conditions import Condition
from headwaters.store.orders import given_back_by_order
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
    titles, money, back = _titles(conn, numbers), _money(conn, numbers), given_back_by_order(conn, numbers)
    return [_record(row, lines[row.id], titles, money, back) for row in found]


def _record(
    row: Any,
    line: OrderLine,
    titles: dict[int, str],
    money: dict[int, tuple[str, int, int]],
    back: dict[int, int],
) -> OrderRecord:
    mode, paid, fee = money.get(row.id, ("", 0, 0))
    return OrderRecord(
        line=line,
        works=titles.get(row.id, ""),
        came_from=row.came_from,
        note=row.note,
        mode=mode,
        paid=Money(paid, row.currency),
        fee=Money(fee, row.currency),
        back=Money(back.get(row.id, 0), row.currency),
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


def _money(conn: Connection, numbers: Sequence[int]) -> dict[int, tuple[str, int, int]]:
    """(mode, paid, fee) of each order's paid payments."""
    found = conn.execute(
        select(
            payments.c.order_id,
            func.max(payments.c.mode),
            func.sum(payments.c.amount_minor),
            func.sum(payments.c.fee_minor),
        )
        .where(payments.c.order_id.in_(numbers), payments.c.state == "paid")
        .group_by(payments.c.order_id)
    )
    return {order_id: (mode, int(paid), int(fee or 0)) for order_id, mode, paid, fee in found}
