"""Named queries of payments, refunds and the tills' events. Those of the order path are compiled once (Prepared)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update

from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import PAYMENT_STEPS, Mode, PaymentState, sources
from headwaters.store.connection import Connection, Prepared
from headwaters.store.inserts import adding, adding_once, putting_once
from headwaters.store.tables import (
    extra_fees,
    payment_events,
    payments,
    refunds,
)


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment; times are microseconds."""

    id: int
    order_id: int
    reference: str
    till: str
    mode: Mode
    state: PaymentState
    currency: str
    amount_minor: int
    session_id: str | None
    external_id: str | None
    url: str | None
    created_at: int
    expires_at: int
    checks: int
    settled_at: int | None = None
    late_at: int | None = None

    @property
    def amount(self) -> Money:
        """What was asked for."""
        return Money(self.amount_minor, self.currency)


_PAYMENT_COLUMNS = (
    payments.c.id,
    payments.c.order_id,
    payments.c.reference,
    payments.c.till,
    payments.c.mode,
    payments.c.state,
    payments.c.currency,
    payments.c.amount_minor,
    payments.c.session_id,
    payments.c.external_id,
    payments.c.url,
    payments.c.created_at,
    payments.c.expires_at,
    payments.c.checks,
    payments.c.settled_at,
    payments.c.late_at,
)
_UNDER_WAY = [PaymentState.OPEN.value, PaymentState.PENDING.value]
_ADD_PAYMENT = adding(
    payments,
    "order_id",
    "nonce",
    "reference",
    "till",
    "mode",
    "state",
    "currency",
    "amount_minor",
    "session_id",
    "url",
    "created_at",
    "expires_at",
    "check_at",
)
_PAYMENT_BY_ID = Prepared(select(*_PAYMENT_COLUMNS).where(payments.c.id == bindparam("id")))
_PAYMENT_BY_REFERENCE = Prepared(select(*_PAYMENT_COLUMNS).where(payments.c.reference == bindparam("reference")))
_PAYMENT_BY_EXTERNAL = Prepared(
    select(*_PAYMENT_COLUMNS).where(
        payments.c.till == bindparam("till"), payments.c.external_id == bindparam("external_id")
    )
)
_PAYMENT_BY_NONCE = Prepared(select(*_PAYMENT_COLUMNS).where(payments.c.nonce == bindparam("nonce")))
_NEWEST_PAYMENT = Prepared(
    select(*_PAYMENT_COLUMNS)
    .where(payments.c.order_id == bindparam("order_id"))
    .order_by(payments.c.id.desc())
    .limit(1)
)
_OPEN_PAYMENTS = Prepared(
    select(*_PAYMENT_COLUMNS).where(payments.c.order_id == bindparam("order_id"), payments.c.state.in_(_UNDER_WAY))
)
_DUE_PAYMENTS = Prepared(
    select(*_PAYMENT_COLUMNS)
    .where(payments.c.check_at <= bindparam("now"))
    .order_by(payments.c.check_at)
    .limit(bindparam("most"))
)
_SESSION = Prepared(
    update(payments)
    .where(payments.c.id == bindparam("id_"), payments.c.session_id.is_(None))
    .values(session_id=bindparam("session"), url=bindparam("address"), expires_at=bindparam("expires"))
)
_LOCK_PAYMENT = Prepared(select(payments.c.id).where(payments.c.id == bindparam("id")).with_for_update(key_share=True))
_CHECKED = Prepared(
    update(payments)
    .where(payments.c.id == bindparam("id_"), payments.c.checks == bindparam("seen"))
    .values(checks=payments.c.checks + 1, check_at=bindparam("at"))
)
_NEXT_CHECK = Prepared(
    update(payments)
    .where(payments.c.id == bindparam("id_"), payments.c.state != PaymentState.PAID.value)
    .values(check_at=bindparam("at"))
)
_FEE = Prepared(
    update(payments)
    .where(payments.c.id == bindparam("id_"), payments.c.fee_minor.is_(None))
    .values(fee_minor=bindparam("fee"))
)


def _move(target: PaymentState) -> Prepared:
    """UPDATE … WHERE state IN (those from which `target` may follow). Ends are not looked at by the sweep any more."""
    more = target in {PaymentState.OPEN, PaymentState.PENDING}
    values: dict[str, Any] = {
        "state": target.value,
        "external_id": func.coalesce(bindparam("external"), payments.c.external_id),
        "settled_at": bindparam("settled"),
    }
    if not more:
        values["check_at"] = None
    if target is PaymentState.PAID:
        values["late_at"] = bindparam("late")
    return Prepared(
        update(payments)
        .where(
            payments.c.id == bindparam("id_"),
            payments.c.state.in_([state.value for state in sources(PAYMENT_STEPS, target)]),
        )
        .values(values)
    )


_MOVE = {state: _move(state) for state in PaymentState if sources(PAYMENT_STEPS, state)}


def _payment(row: tuple[Any, ...] | None) -> PaymentRow | None:
    if row is None:
        return None
    payment_id, order_id, reference, till, mode, state, *rest = row
    return PaymentRow(payment_id, order_id, reference, till, Mode(mode), PaymentState(state), *rest)


def _all_payments(rows: Sequence[tuple[Any, ...]]) -> list[PaymentRow]:
    return [found for row in rows if (found := _payment(row)) is not None]


def add_payment(conn: Connection, **values: Any) -> PaymentRow:
    """A new payment, as it was kept."""
    payment_id = _ADD_PAYMENT.new_id(conn, **values)
    return PaymentRow(
        id=payment_id,
        external_id=None,
        checks=0,
        **{name: values[name] for name in PaymentRow.__slots__ if name in values},
    )


def payment_by_id(conn: Connection, payment_id: int) -> PaymentRow:
    """Raises NotFound(PAYMENT_STATE)."""
    payment = _payment(_PAYMENT_BY_ID.first(conn, id=payment_id))
    if payment is None:
        raise NotFound(Code.PAYMENT_STATE, N_("There is no such payment."))
    return payment


def payment_by_reference(conn: Connection, reference: str) -> PaymentRow | None:
    """The payment whose reference came back in an event or from the creator."""
    return _payment(_PAYMENT_BY_REFERENCE.first(conn, reference=reference))


def payment_by_external(conn: Connection, till: str, external_id: str) -> PaymentRow | None:
    """The payment that the till knows under its own id: refunds and disputes carry nothing of ours."""
    return _payment(_PAYMENT_BY_EXTERNAL.first(conn, till=till, external_id=external_id))


def payment_by_nonce(conn: Connection, nonce: str) -> PaymentRow | None:
    """The payment that this form made before."""
    return _payment(_PAYMENT_BY_NONCE.first(conn, nonce=nonce))


def newest_payment(conn: Connection, order_id: int) -> PaymentRow | None:
    """The last payment of an order."""
    return _payment(_NEWEST_PAYMENT.first(conn, order_id=order_id))


def payments_where(conn: Connection, *conditions: ColumnElement[bool]) -> list[PaymentRow]:
    """Payments for which all of these hold, oldest first."""
    return _all_payments(conn.execute(select(*_PAYMENT_COLUMNS).where(*conditions).order_by(payments.c.id)).all())


def open_payments(conn: Connection, order_id: int) -> list[PaymentRow]:
    """Payments of an order that are under way."""
    return _all_payments(_OPEN_PAYMENTS.all(conn, order_id=order_id))


def payments_to_check(conn: Connection, now: int, most: int) -> list[PaymentRow]:
    """Payments whose next look is due, the longest overdue first."""
    return _all_payments(_DUE_PAYMENTS.all(conn, now=now, most=most))


def move_check(conn: Connection, payment_id: int, seen: int, at: int) -> bool:
    """Move the next look on, if nobody else did since `seen` looks. True: it is ours."""
    return _CHECKED.run(conn, id_=payment_id, seen=seen, at=at) == 1


def set_check(conn: Connection, payment_id: int, at: int | None) -> None:
    """When the sweep looks next at a payment that did not come yet; None: not any more."""
    _NEXT_CHECK.run(conn, id_=payment_id, at=at)


def set_session(conn: Connection, payment_id: int, session_id: str, url: str | None, expires_at: int) -> bool:
    """Remember the till's session, once. True: now."""
    return _SESSION.run(conn, id_=payment_id, session=session_id, address=url, expires=expires_at) == 1


def set_amount(conn: Connection, payment_id: int, amount_minor: int) -> bool:
    """What really came by hand, while it is not yet paid. True: changed."""
    statement = (
        update(payments)
        .where(payments.c.id == payment_id, payments.c.state != PaymentState.PAID.value)
        .values(amount_minor=amount_minor)
    )
    return conn.execute(statement).rowcount == 1


def move_payment(conn: Connection, payment_id: int, state: PaymentState, external_id: str | None) -> bool:
    """Move to `state`, which is not paid, from wherever it may follow. True: now, by this call alone."""
    return _MOVE[state].run(conn, id_=payment_id, external=external_id, settled=None) == 1


def set_paid(conn: Connection, payment_id: int, external_id: str | None, settled_at: int, late_at: int | None) -> bool:
    """Move to paid from wherever it may follow; `late_at`: the first late look. True: now, by this call alone."""
    moved = _MOVE[PaymentState.PAID]
    return moved.run(conn, id_=payment_id, external=external_id, settled=settled_at, late=late_at) == 1


def lock_payment(conn: Connection, payment_id: int) -> None:
    """Whoever else would settle this payment waits until our transaction has ended."""
    _LOCK_PAYMENT.scalar(conn, id=payment_id)


def set_fee(conn: Connection, payment_id: int, fee_minor: int) -> bool:
    """What the till kept, once. True: now."""
    return _FEE.run(conn, id_=payment_id, fee=fee_minor) == 1


def last_paid_at(conn: Connection, order_id: int) -> int | None:
    """When the last payment of an order was settled."""
    found: int | None = conn.execute(
        select(func.max(payments.c.settled_at)).where(
            payments.c.order_id == order_id, payments.c.state == PaymentState.PAID.value
        )
    ).scalar()
    return found


# ── refunds and events ───────────────────────────────────────────────────────────────────────────

_ADD_REFUND = adding_once(refunds, "payment_id", "external_id", "currency", "amount_minor", "created_at", "kind")
_ADD_EXTRA_FEE = adding_once(extra_fees, "payment_id", "external_id", "currency", "amount_minor", "created_at")
_EVENT_SEEN = Prepared(
    select(payment_events.c.id).where(
        payment_events.c.till == bindparam("till"), payment_events.c.event_id == bindparam("event_id")
    )
)
_PUT_EVENT = putting_once(
    payment_events, "till", "event_id", "type", "reference", "outcome", "body_sha256", "received_at"
)


def add_refund(
    conn: Connection, payment_id: int, external_id: str, amount: Money, created_at: int, kind: str = ""
) -> int | None:
    """One refund, once by the till's own id; None: known before."""
    return _ADD_REFUND.id_if_new(
        conn,
        payment_id=payment_id,
        external_id=external_id,
        currency=amount.currency,
        amount_minor=amount.minor,
        created_at=created_at,
        kind=kind,
    )


def add_extra_fee(conn: Connection, payment_id: int, external_id: str, fee: Money, created_at: int) -> int | None:
    """What a till took besides its fee, once by its own id; None: known before."""
    return _ADD_EXTRA_FEE.id_if_new(
        conn,
        payment_id=payment_id,
        external_id=external_id,
        currency=fee.currency,
        amount_minor=fee.minor,
        created_at=created_at,
    )


def undo_refund(conn: Connection, payment_id: int, external_id: str, at: int) -> int | None:
    """A refund that had been booked came back, once; None: it never was, or is known."""
    mine = (refunds.c.payment_id == payment_id, refunds.c.external_id == external_id, refunds.c.undone_at.is_(None))
    found = conn.execute(update(refunds).where(*mine).values(undone_at=at).returning(refunds.c.id)).scalar()
    return None if found is None else int(found)


def refunds_before(conn: Connection, payment_id: int, refund_id: int) -> list[int]:
    """Minor units of a payment's refunds before this one that stand, oldest first."""
    found = conn.execute(
        select(refunds.c.amount_minor)
        .where(refunds.c.payment_id == payment_id, refunds.c.id < refund_id, refunds.c.undone_at.is_(None))
        .order_by(refunds.c.id)
    )
    return [minor for (minor,) in found]


def event_seen(conn: Connection, till: str, event_id: str) -> bool:
    """Whether this event was taken in before."""
    return _EVENT_SEEN.scalar(conn, till=till, event_id=event_id) is not None


def add_event(
    conn: Connection,
    till: str,
    event_id: str,
    type_: str,
    reference: str | None,
    outcome: str,
    body_sha256: str,
    received_at: int,
) -> bool:
    """Keep a payment event, once. True: now."""
    touched = _PUT_EVENT.run(
        conn,
        till=till,
        event_id=event_id,
        type=type_,
        reference=reference,
        outcome=outcome,
        body_sha256=body_sha256,
        received_at=received_at,
    )
    return touched == 1
