"""Named queries of one order, beyond its payments: the creator's note, its address, mails, editions that came since."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, Code, NotFound
from headwaters.store.db import Connection
from headwaters.store.tables import editions, extra_fees, grants, letters, orders, outbox, payments, refunds, works

_MAILS = ("mail.order", "mail.answer")  # those that go to the reader


# ── note and address ─────────────────────────────────────────────────────────────────────────────


def note_of(conn: Connection, order_id: int) -> str:
    """The creator's note. Raises NotFound(ORDER_UNKNOWN)."""
    found: str | None = conn.execute(select(orders.c.note).where(orders.c.id == order_id)).scalar()
    if found is None:
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
    return found


def set_note(conn: Connection, order_id: int, note: str, before: str) -> bool:
    """Another note in place of `before`. False: that is not what stands there."""
    mine = (orders.c.id == order_id, orders.c.note == before)
    return conn.execute(update(orders).where(*mine).values(note=note)).rowcount == 1


def replace_email(conn: Connection, order_id: int, email: str | None, before: str | None) -> bool:
    """Another address in place of `before`. False: that is not what stands there."""
    was = orders.c.email.is_(None) if before is None else orders.c.email == before
    return conn.execute(update(orders).where(orders.c.id == order_id, was).values(email=email)).rowcount == 1


# ── refunds ──────────────────────────────────────────────────────────────────────────────────────


def refund_is_known(conn: Connection, payment_id: int, external_id: str) -> bool:
    """Whether this refund was booked."""
    mine = (refunds.c.payment_id == payment_id, refunds.c.external_id == external_id)
    return conn.execute(select(refunds.c.id).where(*mine)).first() is not None


def given_back(conn: Connection, payment_id: int) -> int:
    """Minor units of a payment that went back and stayed there."""
    mine = (refunds.c.payment_id == payment_id, refunds.c.undone_at.is_(None))
    return int(conn.execute(select(func.sum(refunds.c.amount_minor)).where(*mine)).scalar() or 0)


def given_back_by_order(conn: Connection, numbers: Sequence[int]) -> dict[tuple[int, str], int]:
    """The same for each of these orders that had money paid back, by (order, mode)."""
    found = conn.execute(
        select(payments.c.order_id, payments.c.mode, func.sum(refunds.c.amount_minor))
        .join(refunds, refunds.c.payment_id == payments.c.id)
        .where(payments.c.order_id.in_(numbers), refunds.c.undone_at.is_(None))
        .group_by(payments.c.order_id, payments.c.mode)
    )
    return {(int(order_id), str(mode)): int(total) for order_id, mode, total in found}


def extra_fees_by_order(conn: Connection, numbers: Sequence[int]) -> dict[tuple[int, str], int]:
    """Minor units that tills took of each of these orders besides their fees, by (order, mode)."""
    found = conn.execute(
        select(payments.c.order_id, payments.c.mode, func.sum(extra_fees.c.amount_minor))
        .join(extra_fees, extra_fees.c.payment_id == payments.c.id)
        .where(payments.c.order_id.in_(numbers))
        .group_by(payments.c.order_id, payments.c.mode)
    )
    return {(int(order_id), str(mode)): int(total) for order_id, mode, total in found}


# ── what the story tells besides ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class MailLine:
    """A mail to the reader. `state`: waiting, done, given_up; `error`: why nothing went out, by its code, or empty."""

    kind: str
    state: str
    error: str
    attempts: int
    created_at: datetime
    done_at: datetime | None


def mails_of(conn: Connection, order_id: int) -> list[MailLine]:
    """Mails to the reader of an order. Those that went out are known for thirty days."""
    answers = conn.execute(select(letters.c.id).where(letters.c.order_id == order_id)).scalars().all()
    payloads = [_payload("order", order_id), *(_payload("letter", number) for number in answers)]
    found = conn.execute(
        select(outbox.c.kind, outbox.c.state, outbox.c.error, outbox.c.attempts, outbox.c.created_at, outbox.c.done_at)
        .where(outbox.c.kind.in_(_MAILS), outbox.c.payload.in_(payloads))
        .order_by(outbox.c.id)
    )
    return [
        MailLine(kind, state, error.partition(":")[0], attempts, from_micros(made), _moment(done))
        for kind, state, error, attempts, made, done in found
    ]


def _payload(name: str, number: int) -> str:
    """As store.outbox.add writes it."""
    return json.dumps({name: number}, separators=(",", ":"))


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


@dataclass(frozen=True, slots=True)
class LetterLine:
    """That somebody wrote; what they wrote is a matter of the letters."""

    author: str
    created_at: datetime


def letters_of(conn: Connection, order_id: int) -> list[LetterLine]:
    """When letters were written, oldest first."""
    found = conn.execute(
        select(letters.c.author, letters.c.created_at).where(letters.c.order_id == order_id).order_by(letters.c.id)
    )
    return [LetterLine(author, from_micros(at)) for author, at in found]


@dataclass(frozen=True, slots=True)
class EditionLine:
    """An edition of a work on the order that came after the work was theirs."""

    title: str
    number: int
    published_at: datetime


def editions_since(conn: Connection, order_id: int) -> list[EditionLine]:
    """Editions that the order's holder got for nothing, oldest first."""
    found = conn.execute(
        select(works.c.title, editions.c.number, editions.c.published_at)
        .join(editions, editions.c.work_id == works.c.id)
        .join(grants, grants.c.work_id == works.c.id)
        .where(grants.c.order_id == order_id, editions.c.published_at > grants.c.created_at)
        .order_by(editions.c.published_at)
    )
    return [EditionLine(title, number, from_micros(at)) for title, number, at in found]
