"""Orders and the ledger as tables (core.csv), a piece at a time: a shop of a million orders fits into no memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

from headwaters.actions.deeds import noted
from headwaters.core.clock import from_micros
from headwaters.core.csv import BOM, Cell, csv_line
from headwaters.core.deeds import Deed, What
from headwaters.core.sales.finding import Narrow, Wanted, Which
from headwaters.errands.house import House
from headwaters.store.db import Connection
from headwaters.store.export import OrderRecord, order_records
from headwaters.store.ledger import LedgerLine, ledger_lines
from headwaters.store.order_conditions import ALL, conditions

AT_ONCE = 500  # rows a piece

T = TypeVar("T")


class Start(StrEnum):
    """What stands before the first line: nothing, or the mark by which Excel knows UTF-8."""

    PLAIN = ""
    MARKED = BOM


@dataclass(frozen=True, slots=True)
class Wish:
    """Which orders: what was typed, and how the list is narrowed."""

    wanted: Wanted | None = None
    which: Which = Which.ALL
    narrow: Narrow = ALL


ORDER_COLUMNS = (
    "order",
    "made",
    "works",
    "door",
    "state",
    "currency",
    "asked",
    "paid",
    "till_kept",
    "paid_back",
    "till",
    "mode",
    "reference",
    "payment",
    "email",
    "came_from",
    "granted",
    "withdrawn",
    "note",
)
LEDGER_COLUMNS = ("entry", "at", "kind", "order", "reference", "till", "mode", "currency", "amount")


async def orders_csv(house: House, wish: Wish, start: Start, who: int | None) -> AsyncIterator[str]:
    """One row an order, oldest first. That they were taken out is noted before the first."""
    found = await house.db.read(lambda conn: conditions(conn, wish.wanted, wish.which, wish.narrow))
    await _note(house, Deed(who, What.ORDERS_EXPORTED))
    yield start.value + csv_line(ORDER_COLUMNS)
    read = partial(order_records, conditions=found)
    async for record in _in_pieces(house, lambda conn, after: read(conn, after=after, most=AT_ONCE), _order_number):
        yield "".join(csv_line(_order_cells(each)) for each in record)


async def ledger_csv(house: House, start: Start, who: int | None) -> AsyncIterator[str]:
    """One row a payment, fee or refund, in the order in which they were booked."""
    await _note(house, Deed(who, What.LEDGER_EXPORTED))
    yield start.value + csv_line(LEDGER_COLUMNS)
    async for lines in _in_pieces(house, lambda conn, after: ledger_lines(conn, after, AT_ONCE), _entry_number):
        yield "".join(csv_line(_ledger_cells(each)) for each in lines)


async def _note(house: House, deed: Deed) -> None:
    await house.db.write(noted(lambda _: None, deed, house.clock()))


async def _in_pieces(
    house: House, read: Callable[[Connection, int], list[T]], number: Callable[[T], int]
) -> AsyncIterator[Sequence[T]]:
    """What `read` gives after the last one's number, until it gives nothing."""
    after = 0
    while found := await house.db.read(partial(_read_after, read, after)):
        yield found
        after = number(found[-1])


def _read_after(read: Callable[[Connection, int], list[T]], after: int, conn: Connection) -> list[T]:
    return read(conn, after)


def _order_number(record: OrderRecord) -> int:
    return record.line.id


def _entry_number(line: LedgerLine) -> int:
    return line.id


def _order_cells(record: OrderRecord) -> tuple[Cell, ...]:
    line = record.line
    return (
        line.id,
        line.created_at,
        record.works,
        line.door.value,
        line.state.value,
        line.amount.currency,
        line.amount,
        record.paid,
        record.fee,
        record.back,
        line.till,
        record.mode,
        line.reference,
        None if line.payment is None else line.payment.value,
        line.email,
        record.came_from,
        record.granted_at,
        record.withdrawn_at,
        record.note,
    )


def _ledger_cells(line: LedgerLine) -> tuple[Cell, ...]:
    return (
        line.key,
        from_micros(line.at),
        line.kind,
        line.order_id,
        line.reference,
        line.till,
        line.mode.value,
        line.amount.currency,
        line.amount,
    )
