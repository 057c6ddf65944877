"""Named queries of orders, payments, refunds and the ledger. Those of the order path are compiled once (Prepared)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.sales.ledger import Entry, Posting
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import PAYMENT_STEPS, Door, Mode, OrderState, PaymentState, sources
from headwaters.store.connection import Connection, Prepared, PreparedInsert
from headwaters.store.tables import (
    extra_fees,
    grants,
    ledger_entries,
    ledger_postings,
    order_lines,
    orders,
    payment_events,
    payments,
    refunds,
    works,
)

# SQLite has learnt PostgreSQL's ON CONFLICT, and SQLAlchemy compiles the one's insert for the other.


def _values(columns: Sequence[str]) -> dict[str, Any]:
    return {name: bindparam(name) for name in columns}


def _add(table: Table, *columns: str) -> PreparedInsert:
    """INSERT that tells the id."""
    return PreparedInsert(insert(table).values(_values(columns)))


def _put(table: Table, *columns: str) -> Prepared:
    """INSERT of a row whose id nobody asks for."""
    return Prepared(insert(table).values(_values(columns)))


def _add_once(table: Table, *columns: str) -> PreparedInsert:
    """INSERT … ON CONFLICT DO NOTHING that tells the id: None where a unique constraint says that it was done."""
    return PreparedInsert(insert(table).values(_values(columns)).on_conflict_do_nothing())


def _put_once(table: Table, *columns: str) -> Prepared:
    """INSERT … ON CONFLICT DO NOTHING: it touches no row where a unique constraint says that it was done before."""
    return Prepared(insert(table).values(_values(columns)).on_conflict_do_nothing())


# ── works, as far as selling needs them ──────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class WorkForSale:
    """What a door needs to know of a work."""

    id: int
    slug: str
    title: str
    currency: str
    price: Money
    minimum: Money
    doors: frozenset[Door]


_WORK = Prepared(
    select(
        works.c.id,
        works.c.slug,
        works.c.title,
        works.c.currency,
        works.c.price_minor,
        works.c.minimum_minor,
        works.c.doors,
        works.c.state,
    ).where(works.c.slug == bindparam("slug"))
)


def work_for_sale(conn: Connection, slug: str) -> WorkForSale:
    """The published work at `slug`. Raises NotFound(WORK_UNKNOWN | WORK_RETIRED | WORK_WITHHELD)."""
    row = _WORK.first(conn, slug=slug)
    if row is None:
        raise NotFound(Code.WORK_UNKNOWN, N_("There is no such work here."))
    work_id, slug, title, currency, price, minimum, doors, state = row
    if state == "retired":
        raise NotFound(Code.WORK_RETIRED, N_("This work is not published any more."))
    if state == "withheld":
        raise NotFound(Code.WORK_WITHHELD, N_("This work is withheld."))
    open_doors = frozenset(Door(door) for door in doors.split(",") if door)
    return WorkForSale(work_id, slug, title, currency, Money(price, currency), Money(minimum, currency), open_doors)


# ── orders ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order; times are microseconds."""

    id: int
    token: str
    door: Door
    state: OrderState
    currency: str
    amount_minor: int
    email: str | None
    created_at: int
    granted_at: int | None
    expires_at: int | None
    withdrawn_at: int | None


_ORDER_COLUMNS = (
    orders.c.id,
    orders.c.token,
    orders.c.door,
    orders.c.state,
    orders.c.currency,
    orders.c.amount_minor,
    orders.c.email,
    orders.c.created_at,
    orders.c.granted_at,
    orders.c.expires_at,
    orders.c.withdrawn_at,
)
_ORDER_BY_TOKEN = Prepared(select(*_ORDER_COLUMNS).where(orders.c.token == bindparam("token")))
_ORDER_BY_NONCE = Prepared(select(*_ORDER_COLUMNS).where(orders.c.nonce == bindparam("nonce")))
_ORDER_BY_ID = Prepared(select(*_ORDER_COLUMNS).where(orders.c.id == bindparam("id")))


def _order(row: tuple[Any, ...] | None) -> OrderRow | None:
    if row is None:
        return None
    order_id, token, door, state, *rest = row
    return OrderRow(order_id, token, Door(door), OrderState(state), *rest)


def order_by_token(conn: Connection, token: str) -> OrderRow | None:
    """The order of an order page."""
    return _order(_ORDER_BY_TOKEN.first(conn, token=token))


def order_by_nonce(conn: Connection, nonce: str) -> OrderRow | None:
    """The order that this form made before."""
    return _order(_ORDER_BY_NONCE.first(conn, nonce=nonce))


def order_by_id(conn: Connection, order_id: int) -> OrderRow:
    """Raises NotFound(ORDER_UNKNOWN)."""
    order = _order(_ORDER_BY_ID.first(conn, id=order_id))
    if order is None:
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
    return order


_ADD_ORDER = _add(
    orders,
    "token",
    "nonce",
    "door",
    "came_from",
    "state",
    "currency",
    "amount_minor",
    "email",
    "created_at",
    "granted_at",
    "expires_at",
)
_PUT_LINE = _put(order_lines, "order_id", "work_id", "amount_minor")
_PUT_GRANT = _put_once(grants, "order_id", "work_id", "key", "created_at")
_LINES = Prepared(
    select(order_lines.c.work_id, order_lines.c.amount_minor)
    .where(order_lines.c.order_id == bindparam("order_id"))
    .order_by(order_lines.c.id)
)
_GRANTED = Prepared(
    update(orders)
    .where(orders.c.id == bindparam("id_"), orders.c.state.in_([OrderState.WAITING.value, OrderState.EXPIRED.value]))
    .values(state=OrderState.GRANTED.value, granted_at=bindparam("at"), expires_at=None)
)
_TAKEN_FREE = Prepared(
    update(orders)
    .where(orders.c.id == bindparam("id_"), orders.c.state.in_([OrderState.WAITING.value, OrderState.EXPIRED.value]))
    .values(
        state=OrderState.GRANTED.value,
        door=Door.CANT_PAY.value,
        first_door=orders.c.door,
        granted_at=bindparam("at"),
        expires_at=None,
    )
)
_EXPIRED = Prepared(
    update(orders)
    .where(
        orders.c.id == bindparam("id_"),
        orders.c.state == OrderState.WAITING.value,
        ~select(payments.c.id)
        .where(
            payments.c.order_id == orders.c.id,
            payments.c.state.in_([PaymentState.OPEN.value, PaymentState.PENDING.value]),
        )
        .exists(),
    )
    .values(state=OrderState.EXPIRED.value)
)


# On PostgreSQL these wait for other transactions, on SQLite there are none. A payment is locked before its order.
_LOCK_ORDER = Prepared(select(orders.c.id).where(orders.c.id == bindparam("id")).with_for_update(key_share=True))
_LOCK_PAYMENT = Prepared(select(payments.c.id).where(payments.c.id == bindparam("id")).with_for_update(key_share=True))


def add_order(conn: Connection, **values: object) -> int:
    """A new order; returns its id."""
    return _ADD_ORDER.new_id(conn, **values)


def add_line(conn: Connection, **values: object) -> None:
    """One work on an order."""
    _PUT_LINE.run(conn, **values)


def add_grant(conn: Connection, **values: object) -> bool:
    """The right to a work's editions, once for an order and work. True: now."""
    return _PUT_GRANT.run(conn, **values) == 1


def lines(conn: Connection, order_id: int) -> list[tuple[int, int]]:
    """(work id, minor units) of each line."""
    return [(work_id, amount) for work_id, amount in _LINES.all(conn, order_id=order_id)]


def work_ids(conn: Connection, order_id: int) -> list[int]:
    """The works on an order."""
    return [work_id for work_id, _ in lines(conn, order_id)]


def set_order_granted(conn: Connection, order_id: int, at: int) -> bool:
    """waiting or expired → granted. True: now."""
    return _GRANTED.run(conn, id_=order_id, at=at) == 1


def set_order_taken_free(conn: Connection, order_id: int, at: int) -> bool:
    """waiting or expired → granted, and from now on an order of the door `cant_pay`. True: now."""
    return _TAKEN_FREE.run(conn, id_=order_id, at=at) == 1


def expire_order(conn: Connection, order_id: int) -> bool:
    """waiting → expired, unless another of its payments is still under way. True: now.

    Of payments that end at once the last one has to see the others: whoever comes second waits for the first.
    """
    _LOCK_ORDER.scalar(conn, id=order_id)
    return _EXPIRED.run(conn, id_=order_id) == 1


def set_email(conn: Connection, order_id: int, email: str) -> None:
    """The address that the reader gave, or corrected."""
    conn.execute(update(orders).where(orders.c.id == order_id).values(email=email))


def set_country(conn: Connection, order_id: int, country: str | None) -> bool:
    """Where the reader says they are; None: not any more. True: it changed."""
    other = orders.c.country.is_distinct_from(country)
    return conn.execute(update(orders).where(orders.c.id == order_id, other).values(country=country)).rowcount == 1


def set_withdrawn(conn: Connection, order_id: int, at: int) -> bool:
    """Once. True: now."""
    statement = update(orders).where(orders.c.id == order_id, orders.c.withdrawn_at.is_(None)).values(withdrawn_at=at)
    return conn.execute(statement).rowcount == 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order's works ask for now: the doors that are open for all of them, the least to pay in its currency.
    `withheld`: whether the files of one of them do not go out."""

    doors: frozenset[Door]
    minimum: Money
    withheld: bool


def terms(conn: Connection, order: OrderRow) -> Terms:
    """What the creator asks for the works of an order. A price in another currency than the order's asks nothing."""
    found = conn.execute(
        select(works.c.doors, works.c.minimum_minor, works.c.currency, works.c.state)
        .join(order_lines, order_lines.c.work_id == works.c.id)
        .where(order_lines.c.order_id == order.id)
    ).all()
    open_doors = [frozenset(Door(door) for door in doors.split(",") if door) for doors, *_ in found]
    minimum = sum(minor for _, minor, currency, _ in found if currency == order.currency)
    withheld = any(state == "withheld" for *_, state in found)
    return Terms(frozenset(Door).intersection(*open_doors), Money(minimum, order.currency), withheld)


def titles(conn: Connection, order_id: int) -> list[str]:
    """The titles of an order's works, in the order of its lines."""
    found = conn.execute(
        select(works.c.title)
        .join(order_lines, order_lines.c.work_id == works.c.id)
        .where(order_lines.c.order_id == order_id)
        .order_by(order_lines.c.id)
    )
    return [title for (title,) in found]


# ── payments ─────────────────────────────────────────────────────────────────────────────────────


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
_ADD_PAYMENT = _add(
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

_ADD_REFUND = _add_once(refunds, "payment_id", "external_id", "currency", "amount_minor", "created_at", "kind")
_ADD_EXTRA_FEE = _add_once(extra_fees, "payment_id", "external_id", "currency", "amount_minor", "created_at")
_EVENT_SEEN = Prepared(
    select(payment_events.c.id).where(
        payment_events.c.till == bindparam("till"), payment_events.c.event_id == bindparam("event_id")
    )
)
_PUT_EVENT = _put_once(payment_events, "till", "event_id", "type", "reference", "outcome", "body_sha256", "received_at")


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


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────

_ADD_ENTRY = _add_once(ledger_entries, "key", "order_id", "kind", "at")
_PUT_POSTING = _put(ledger_postings, "entry_id", "account", "currency", "amount_minor")


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
