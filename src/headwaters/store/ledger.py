"""Named queries of the ledger: as the creator reads it (sums by month, its lines), and of its entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from headwaters.core.sales.ledger import Entry, Posting
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Mode
from headwaters.store.db import Connection
from headwaters.store.inserts import adding_once, putting
from headwaters.store.tables import (
    extra_fees,
    ledger_entries,
    ledger_postings,
    payments,
    refunds,
)

DAY = 86_400_000_000  # microseconds
_EPOCH = date(1970, 1, 1)
_TILL = "till:"
_OF_PAYMENT = frozenset({"payment", "fee"})  # kinds of keys that hold a payment's id; the others hold a refund's


@dataclass(frozen=True, slots=True)
class MonthSums:
    """What moved at a till in a month, in one currency. `kept` is what the till told of its fees; `back` is net of
    refunds that were undone."""

    month: str  # 2026-11, in UTC
    currency: str
    mode: Mode
    till: str
    payments: int
    came: int
    kept: int
    back: int

    @property
    def left(self) -> int:
        """What is the creator's."""
        return self.came - self.kept - self.back


def _is_till() -> ColumnElement[bool]:
    """Postings on a till's account, of whatever mode: each entry has exactly one."""
    account = ledger_postings.c.account
    return account.like(f"{_TILL}%") | account.like(f"%:{_TILL}%")


def read_account(account: str) -> tuple[Mode, str]:
    """The mode and the till of a till's account: `till:stripe`, `practice:till:practice`."""
    mode, _, till = account.rpartition(_TILL)
    return Mode(mode.rstrip(":")) if mode else Mode.LIVE, till


DaySums = tuple[int, str, str, str, int, int]  # day since 1970, kind, account, currency, how many entries, minor units


def day_sums(conn: Connection, after: int, upto: int) -> list[DaySums]:
    """What entries above the id `after` and not above `upto` come to, by day."""
    day = (ledger_entries.c.at // DAY).label("day")
    parts = (day, ledger_entries.c.kind, ledger_postings.c.account, ledger_postings.c.currency)
    found = conn.execute(
        select(*parts, func.count(), func.sum(ledger_postings.c.amount_minor))
        .join(ledger_postings, ledger_entries.c.id == ledger_postings.c.entry_id)
        .where(ledger_entries.c.id > after, ledger_entries.c.id <= upto, _is_till())
        .group_by(*parts)
    )
    return [(int(at), kind, account, code, int(count), int(total)) for at, kind, account, code, count, total in found]


def newest_entry(conn: Connection, before: int | None = None) -> int:
    """The id of the newest entry, or of the newest one that was booked before a moment; 0 where there is none."""
    older = () if before is None else (ledger_entries.c.at < before,)
    newest = select(ledger_entries.c.id).where(*older).order_by(ledger_entries.c.id.desc()).limit(1)
    return int(conn.execute(newest).scalar() or 0)


def by_month(rows: Iterable[DaySums]) -> list[MonthSums]:
    """Each month in which something moved, the newest first."""
    sums: dict[tuple[str, str, str], dict[str, int]] = {}
    for day, kind, account, currency, count, total in rows:
        month = f"{_EPOCH + timedelta(days=day):%Y-%m}"
        place = sums.setdefault((month, currency, account), dict.fromkeys(("payments", "payment", "fee", "refund"), 0))
        place[kind] += total
        place["payments"] += count if kind == "payment" else 0
    found = []
    for (month, currency, account), place in sums.items():
        mode, till = read_account(account)
        came, kept, back = place["payment"], -place["fee"], -place["refund"]
        found.append(MonthSums(month, currency, mode, till, place["payments"], came, kept, back))
    return sorted(found, key=lambda each: (each.month, each.currency, each.till), reverse=True)


# ── its lines ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """What moved at a till: a payment (above zero), its fee or a refund (below). `key` is unique in the ledger."""

    id: int
    key: str
    kind: str
    at: int  # microseconds
    order_id: int
    reference: str
    mode: Mode
    till: str
    amount: Money


def ledger_lines(conn: Connection, after: int, most: int, order_id: int | None = None) -> list[LedgerLine]:
    """Lines whose entry's id is above `after`, oldest first; of one order, where one is given."""
    entries = select(
        ledger_entries.c.id,
        ledger_entries.c.key,
        ledger_entries.c.kind,
        ledger_entries.c.at,
        ledger_entries.c.order_id,
        ledger_postings.c.account,
        ledger_postings.c.amount_minor,
        ledger_postings.c.currency,
    ).join(ledger_postings, ledger_postings.c.entry_id == ledger_entries.c.id)
    wanted = [ledger_entries.c.id > after, _is_till()]
    if order_id is not None:
        wanted.append(ledger_entries.c.order_id == order_id)
    found = conn.execute(entries.where(*wanted).order_by(ledger_entries.c.id).limit(most)).all()
    references = _references(conn, [row.key for row in found])
    return [_line(row, references) for row in found]


def _line(row: Any, references: Mapping[str, str]) -> LedgerLine:
    entry_id, key, kind, at, order_id, account, minor, currency = row
    mode, till = read_account(account)
    return LedgerLine(
        entry_id, key, kind, at, order_id, references.get(key, ""), mode, till, Money(int(minor), currency)
    )


def _references(conn: Connection, keys: Sequence[str]) -> dict[str, str]:
    """The payment's reference of each entry: its key names the payment, the further fee, or the refund, by id."""
    by_payment = {key: int(number) for key in keys for kind, _, number in [key.partition(":")] if kind in _OF_PAYMENT}
    by_fee = {key: int(number) for key in keys for kind, _, number in [key.partition(":")] if kind == "extra"}
    by_refund = {key: int(key.partition(":")[2]) for key in keys if key not in by_payment and key not in by_fee}
    paid = select(payments.c.id, payments.c.reference).where(payments.c.id.in_(set(by_payment.values())))
    given_back = (
        select(refunds.c.id, payments.c.reference)
        .join(payments, payments.c.id == refunds.c.payment_id)
        .where(refunds.c.id.in_(set(by_refund.values())))
    )
    taken = (
        select(extra_fees.c.id, payments.c.reference)
        .join(payments, payments.c.id == extra_fees.c.payment_id)
        .where(extra_fees.c.id.in_(set(by_fee.values())))
    )
    found: dict[str, str] = {}
    for numbers, statement in ((by_payment, paid), (by_fee, taken), (by_refund, given_back)):
        if numbers:
            references = {int(number): str(reference) for number, reference in conn.execute(statement)}
            found |= {key: references[number] for key, number in numbers.items() if number in references}
    return found


# ── entries ──────────────────────────────────────────────────────────────────────────────────────

_ADD_ENTRY = adding_once(ledger_entries, "key", "order_id", "kind", "at")
_PUT_POSTING = putting(ledger_postings, "entry_id", "account", "currency", "amount_minor")


def add_entry(conn: Connection, order_id: int, entry: Entry, at: int) -> bool:
    """Post a balanced entry, once by its key. True: now."""
    entry_id = _ADD_ENTRY.id_if_new(conn, key=entry.key, order_id=order_id, kind=entry.kind, at=at)
    if entry_id is None:
        return False
    rows = [
        {
            "entry_id": entry_id,
            "account": posting.account,
            "currency": posting.amount.currency,
            "amount_minor": posting.amount.minor,
        }
        for posting in entry.postings
    ]
    _PUT_POSTING.many(conn, rows)
    return True


def postings(conn: Connection, key: str) -> list[Posting]:
    """The postings of the entry with this key."""
    found = conn.execute(
        select(ledger_postings.c.account, ledger_postings.c.amount_minor, ledger_postings.c.currency)
        .join(ledger_entries, ledger_entries.c.id == ledger_postings.c.entry_id)
        .where(ledger_entries.c.key == key)
        .order_by(ledger_postings.c.id)
    )
    return [Posting(account, Money(minor, currency)) for account, minor, currency in found]


def balances(conn: Connection) -> list[tuple[str, str, int]]:
    """(account, currency, minor units) of every account that moved."""
    found = conn.execute(
        select(ledger_postings.c.account, ledger_postings.c.currency, func.sum(ledger_postings.c.amount_minor))
        .group_by(ledger_postings.c.account, ledger_postings.c.currency)
        .order_by(ledger_postings.c.account, ledger_postings.c.currency)
    )
    return [(account, currency, int(total)) for account, currency, total in found]
