"""Verbs of orders and payments. Each runs inside one transaction and can be run again.

    take ──► order (waiting or granted) ──► payment (open) ──► settle: paid ──► ledger, grant, outbox
                                                 └──► refund rows, each with its ledger entry

What may happen only once hangs on a unique constraint or on a conditional UPDATE whose row count is looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from headwaters.actions import mail
from headwaters.actions.letters import write_letter
from headwaters.core.clock import from_micros, to_micros
from headwaters.core.errors import N_, Code, Conflict, NotFound, Refused
from headwaters.core.letters import Author
from headwaters.core.sales import ledger
from headwaters.core.sales.doors import Take, check_least, check_open, least_for
from headwaters.core.sales.late import first_late_look
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import PAYMENT_STEPS, Door, Mode, OrderState, PaymentState, sources
from headwaters.core.sales.tills import PaymentStatus, TillEvent, TillSession
from headwaters.store import ledger as ledger_rows
from headwaters.store import payments as payment_rows
from headwaters.store import sales as rows
from headwaters.store.db import Connection
from headwaters.store.payments import PaymentRow

FIRST_CHECK = timedelta(minutes=2)
LONGEST_CHECK = timedelta(hours=6)
TILL_OFF = timedelta(days=30)
DISPUTE = "dispute"  # kind of a refund that the reader's bank took
WITHDRAWAL = timedelta(days=14)  # Directive 2011/83/EU, Article 9


@dataclass(frozen=True, slots=True)
class Secrets:
    """Fresh randomness for one order: 26-character tokens, and the payment's reference."""

    token: str
    key: str
    letter: str
    reference: str


@dataclass(frozen=True, slots=True)
class TillChoice:
    """The till a payment is asked of. `trusts`: the files come before the money does."""

    name: str
    mode: Mode
    trusts: bool
    expires_at: datetime
    session: TillSession | None  # already open, where a till opens without the network


@dataclass(frozen=True, slots=True)
class Placed:
    """What `place_order` made, or found: the nonce was seen before."""

    order_id: int
    token: str
    payment: PaymentRow | None
    again: bool


def _nonce(nonce: str, *parts: object) -> str:
    """What a double submit has in common. The same form sent with another door or amount is another wish."""
    return hashlib.sha256("\n".join((nonce, *map(str, parts))).encode()).hexdigest()


def place_order(
    conn: Connection, take: Take, work: rows.WorkForSale, till: TillChoice | None, secrets: Secrets, now: datetime
) -> Placed:
    """One order on one work through one door. Twice with the same nonce: the first one's order, with what was added to
    the form meanwhile."""
    nonce = _nonce(take.nonce, work.id, take.door, take.amount.minor if take.amount else 0, till.name if till else "")
    if (found := rows.order_by_nonce(conn, nonce)) is not None:
        _write(conn, found.id, take, nonce, secrets, now)
        if take.email and found.email is None:
            set_address(conn, found.id, take.email, now)
        return Placed(found.id, found.token, payment_rows.newest_payment(conn, found.id), again=True)
    amount = take.amount if take.amount is not None else Money(0, work.currency)
    granted = till is None or till.trusts
    order_id = rows.add_order(
        conn,
        token=secrets.token,
        nonce=nonce,
        door=take.door,
        came_from=take.came_from,
        state=OrderState.GRANTED if granted else OrderState.WAITING,
        currency=amount.currency,
        amount_minor=amount.minor,
        email=take.email,
        created_at=to_micros(now),
        granted_at=to_micros(now) if granted else None,
        expires_at=to_micros(till.expires_at) if till and not granted else None,
    )
    rows.add_line(conn, order_id=order_id, work_id=work.id, amount_minor=amount.minor)
    payment = None
    if till is not None:
        # The order's nonce keeps it single; its number, unlike a hash, lies beside its neighbours' in the index.
        payment = _add_payment(conn, order_id, f"order:{order_id}", amount, till, secrets.reference, now)
    if granted:
        rows.add_grant(conn, order_id=order_id, work_id=work.id, key=secrets.key, created_at=to_micros(now))
    _write(conn, order_id, take, nonce, secrets, now)
    if take.email:
        mail.queue_order_mail(conn, order_id, now)
    if granted or (payment is not None and payment.till == mail.BY_HAND):  # else it is told of when it is paid
        mail.queue_order_notice(conn, order_id, now)
    return Placed(order_id, secrets.token, payment, again=False)


def _write(conn: Connection, order_id: int, take: Take, nonce: str, secrets: Secrets, now: datetime) -> None:
    """The letter that came with the form, if one did; the same one twice is one."""
    if take.letter:
        write_letter(
            conn,
            order_id=order_id,
            author=Author.READER,
            body=take.letter,
            wants_mail=False,  # the address was given for the link; the order page asks about answers
            nonce=nonce,
            ref=secrets.letter,
            now=now,
        )


def _add_payment(
    conn: Connection, order_id: int, nonce: str, amount: Money, till: TillChoice, reference: str, now: datetime
) -> PaymentRow:
    return payment_rows.add_payment(
        conn,
        order_id=order_id,
        nonce=nonce,
        reference=reference,
        till=till.name,
        mode=till.mode,
        state=PaymentState.OPEN,
        currency=amount.currency,
        amount_minor=amount.minor,
        session_id=till.session.session_id if till.session else None,
        url=till.session.url if till.session else None,
        created_at=to_micros(now),
        expires_at=to_micros(till.session.expires_at if till.session else till.expires_at),
        check_at=to_micros(now + FIRST_CHECK),
    )


def pay_more(
    conn: Connection, order_id: int, amount: Money, nonce: str, till: TillChoice, reference: str, now: datetime
) -> PaymentRow:
    """A payment on an order that exists: pay later, pay again, pay more. Twice with the same nonce: the first.

    Raises Refused(AMOUNT_TOO_SMALL) for less than the pay door asks for, where the works are not theirs yet;
    Refused(DOOR_CLOSED) where it is closed by now; and Refused(WORK_WITHHELD), as nobody pays for what does not come.
    """
    key = _nonce(nonce, order_id, amount.minor, till.name)
    if (found := payment_rows.payment_by_nonce(conn, key)) is not None:
        return found
    order = rows.order_by_id(conn, order_id)
    terms = rows.terms(conn, order)
    if terms.withheld:
        raise Refused(Code.WORK_WITHHELD, N_("This work is withheld, so nothing is taken for it."), field="amount")
    check_open(Door.PAY, terms.doors)
    if order.state is not OrderState.GRANTED:
        check_least(amount, least_for(order.amount_minor, terms.minimum), terms.doors)
    return _add_payment(conn, order_id, key, amount, till, reference, now)


def open_session(conn: Connection, payment_id: int, session: TillSession) -> None:
    """Remember the till's session. The same again changes nothing; another one is refused."""
    kept = payment_rows.set_session(conn, payment_id, session.session_id, session.url, to_micros(session.expires_at))
    if not kept and payment_rows.payment_by_id(conn, payment_id).session_id != session.session_id:
        raise Conflict(Code.PAYMENT_STATE, N_("This payment was already opened elsewhere."))


def take_free(conn: Connection, order_id: int, key: str, now: datetime) -> bool:
    """The reader of a waiting or expired order takes the works without paying: the door `cant_pay`, opened later. The
    order counts for that door from then on, also if money comes after all.

    True: now; False: had them already. Raises Refused(DOOR_CLOSED).
    """
    order = rows.order_by_id(conn, order_id)
    if order.state is not OrderState.GRANTED:
        check_open(Door.CANT_PAY, rows.terms(conn, order).doors)
    if not rows.set_order_taken_free(conn, order_id, to_micros(now)):
        return False
    _grant_unpaid(conn, order_id, key, now)
    return True


def grant_unpaid(conn: Connection, order_id: int, key: str, now: datetime) -> bool:
    """The works of a waiting or expired order are the reader's before any money. True: now; False: were already."""
    if not rows.set_order_granted(conn, order_id, to_micros(now)):
        return False
    _grant_unpaid(conn, order_id, key, now)
    return True


def _grant_unpaid(conn: Connection, order_id: int, key: str, now: datetime) -> None:
    for work_id in rows.work_ids(conn, order_id):
        rows.add_grant(conn, order_id=order_id, work_id=work_id, key=key, created_at=to_micros(now))
    mail.queue_order_mail(conn, order_id, now)


def set_address(conn: Connection, order_id: int, email: str, now: datetime) -> None:
    """The reader gave an address, or another one, to be sent the order page's link."""
    rows.set_email(conn, order_id, email)
    mail.queue_order_mail(conn, order_id, now)


# ── what a till says ─────────────────────────────────────────────────────────────────────────────


class Outcome(StrEnum):
    """What became of a payment event."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"  # seen before: nothing changed
    IGNORED = "ignored"  # none of ours, or nothing that counts
    MISMATCH = "mismatch"  # ours by its reference, but not what was asked for: kept, and nothing granted
    EARLY = "early"  # its payment is not here (yet): the till is asked to send it again
    FETCH = "fetch"  # the event alone is not enough: ask the till, outside, then say what it said


@dataclass(frozen=True, slots=True)
class Received:
    """What to do next about an event; `payment` where it is ours."""

    outcome: Outcome
    payment: PaymentRow | None = None


def as_asked(payment: PaymentRow, state: PaymentState) -> PaymentStatus:
    """What a till would say of a payment that is just what was asked for."""
    return PaymentStatus(payment.session_id or "", payment.reference, state, payment.amount, payment.mode)


def matches(payment: PaymentRow, status: PaymentStatus) -> bool:
    """Whether the till speaks of this very payment: reference, amount, currency, mode, and its session if known."""
    refunded = sum(refund.amount.minor for refund in status.refunds if refund.done)
    return (
        status.reference == payment.reference
        and status.amount == payment.amount
        and status.mode == payment.mode
        and payment.session_id in {None, status.session_id}
        and all(refund.amount.currency == payment.currency for refund in status.refunds)
        and refunded <= payment.amount_minor
    )


def receive_event(conn: Connection, till: str, event: TillEvent, body_sha256: str, key: str, now: datetime) -> Received:
    """Store a signed event once, and settle from it where it alone is enough. `key`: for a grant it may cause."""
    payment = _payment_of(conn, till, event)
    outcome = _outcome(payment, till, event)
    if outcome in {Outcome.EARLY, Outcome.FETCH}:  # not to be kept yet, so only a look tells whether it was before
        if payment_rows.event_seen(conn, till, event.event_id):
            return Received(Outcome.DUPLICATE)
        return Received(outcome, payment if outcome is Outcome.FETCH else None)
    if not payment_rows.add_event(
        conn, till, event.event_id, event.type, event.reference, outcome, body_sha256, to_micros(now)
    ):
        return Received(Outcome.DUPLICATE)
    if payment is not None and event.status is not None:
        settle(conn, payment, event.status, key, now)
    return Received(outcome, payment)


def _outcome(payment: PaymentRow | None, till: str, event: TillEvent) -> Outcome:
    """What becomes of an event that was not seen before."""
    if event.reference is None and payment is None:
        return Outcome.IGNORED
    if payment is None or payment.till != till:
        return Outcome.EARLY
    if event.status is None or not matches(payment, event.status):
        return Outcome.FETCH
    return Outcome.HANDLED


def _payment_of(conn: Connection, till: str, event: TillEvent) -> PaymentRow | None:
    if event.reference is not None:
        return payment_rows.payment_by_reference(conn, event.reference)
    return payment_rows.payment_by_external(conn, till, event.external_id) if event.external_id else None


def receive_fetched(
    conn: Connection,
    till: str,
    event: TillEvent,
    payment_id: int,
    status: PaymentStatus,
    body_sha256: str,
    key: str,
    now: datetime,
) -> Received:
    """The second half of an event that needed a look at the till."""
    payment = payment_rows.payment_by_id(conn, payment_id)
    outcome = Outcome.HANDLED if matches(payment, status) else Outcome.MISMATCH
    if not payment_rows.add_event(
        conn, till, event.event_id, event.type, event.reference, outcome, body_sha256, to_micros(now)
    ):
        return Received(Outcome.DUPLICATE, payment)
    if outcome is Outcome.HANDLED:
        settle(conn, payment, status, key, now)
    return Received(outcome, payment)


def settle(conn: Connection, payment: PaymentRow, status: PaymentStatus, key: str, now: datetime) -> bool:
    """Bring a payment to what the till says of it: state, ledger, fee, refunds, grant, mail. The one way there is.

    `status` must match (`matches`). True when something changed. Twice, in any order, at once: each fact counts once.
    """
    changed = False
    if sources(PAYMENT_STEPS, status.state):
        changed = _move(conn, payment, status, now)
    if changed and status.state is PaymentState.PAID:
        shares = _shares(conn, payment)
        _book(conn, payment, ledger.payment_entry(payment.id, payment.till, payment.amount, shares), now)
        _grant(conn, payment.order_id, [work_id for work_id, _ in shares], key, now)
        mail.queue_paid_notice(conn, payment, now)
    if changed and status.state is PaymentState.PENDING:
        payment_rows.set_check(conn, payment.id, to_micros(now + FIRST_CHECK))
    if status.state in {PaymentState.FAILED, PaymentState.EXPIRED}:
        if changed:
            rows.expire_order(conn, payment.order_id)
        else:  # over before, and looked at since because its till was off: now the till has said so too
            payment_rows.set_check(conn, payment.id, None)
    if status.state is PaymentState.PAID:
        changed |= _settle_fee(conn, payment, status, now)
        changed |= _settle_extra_fees(conn, payment, status, now)
        changed |= _settle_refunds(conn, payment, status, now)
    return changed


def _move(conn: Connection, payment: PaymentRow, status: PaymentStatus, now: datetime) -> bool:
    if status.state is not PaymentState.PAID:
        return payment_rows.move_payment(conn, payment.id, status.state, status.external_id)
    late = first_late_look(payment.till, now)
    at = None if late is None else to_micros(late)
    return payment_rows.set_paid(conn, payment.id, status.external_id, to_micros(now), at)


def _shares(conn: Connection, payment: PaymentRow) -> list[tuple[int, int]]:
    """(work id, weight) of the order's lines, by what each costs; alike where nothing was asked for."""
    lines = rows.lines(conn, payment.order_id)
    asked = any(amount for _, amount in lines)
    return [(work_id, amount if asked else 1) for work_id, amount in lines]


def _grant(conn: Connection, order_id: int, works: Sequence[int], key: str, now: datetime) -> None:
    if rows.set_order_granted(conn, order_id, to_micros(now)):
        for work_id in works:
            rows.add_grant(conn, order_id=order_id, work_id=work_id, key=key, created_at=to_micros(now))


def _settle_fee(conn: Connection, payment: PaymentRow, status: PaymentStatus, now: datetime) -> bool:
    if status.fee is None or status.fee.minor <= 0 or not payment_rows.set_fee(conn, payment.id, status.fee.minor):
        return False
    _book(conn, payment, ledger.fee_entry(payment.id, payment.till, status.fee), now)
    return True


def _settle_extra_fees(conn: Connection, payment: PaymentRow, status: PaymentStatus, now: datetime) -> bool:
    changed = False
    for fee in (each for each in status.extra_fees if each.amount.currency == payment.currency):
        fee_id = payment_rows.add_extra_fee(conn, payment.id, fee.external_id, fee.amount, to_micros(now))
        if fee_id is not None:
            _book(conn, payment, ledger.extra_fee_entry(fee_id, payment.till, fee.amount), now)
            changed = True
    return changed


def _settle_refunds(conn: Connection, payment: PaymentRow, status: PaymentStatus, now: datetime) -> bool:
    if not status.refunds:
        return False
    payment_rows.lock_payment(conn, payment.id)  # each refund's parts hang on those before it
    changed = _undo_refunds(conn, payment, status, now)
    for refund in (each for each in status.refunds if each.done):
        kind = DISPUTE if refund.disputed else ""
        refund_id = payment_rows.add_refund(conn, payment.id, refund.external_id, refund.amount, to_micros(now), kind)
        if refund_id is not None:
            earlier = [
                Money(minor, payment.currency) for minor in payment_rows.refunds_before(conn, payment.id, refund_id)
            ]
            entry = ledger.refund_entry(
                refund_id,
                payment.till,
                refund.amount,
                _shares(conn, payment),
                paid=payment.amount,
                earlier=earlier,
            )
            _book(conn, payment, entry, now)
            changed = True
    return changed


def _undo_refunds(conn: Connection, payment: PaymentRow, status: PaymentStatus, now: datetime) -> bool:
    """Refunds that were booked and that the bank sent back since. Only a till that says so counts: one that is on its
    way may be an older answer."""
    changed = False
    for refund in (each for each in status.refunds if each.failed):
        refund_id = payment_rows.undo_refund(conn, payment.id, refund.external_id, to_micros(now))
        if refund_id is not None:
            entry = ledger.undone_entry(refund_id, ledger_rows.postings(conn, f"refund:{refund_id}"))
            ledger_rows.add_entry(conn, payment.order_id, entry, to_micros(now))
            changed = True
    return changed


def _book(conn: Connection, payment: PaymentRow, entry: ledger.Entry, now: datetime) -> None:
    ledger_rows.add_entry(conn, payment.order_id, ledger.in_mode(entry, payment.mode), to_micros(now))


# ── the creator's and the reader's own words on a payment ────────────────────────────────────────


def confirm_by_hand(conn: Connection, reference: str, received: Money | None, key: str, now: datetime) -> PaymentRow:
    """The creator saw the money of a by-hand payment. `received` other than asked for becomes the payment's amount.

    Raises NotFound(PAYMENT_STATE), Conflict(PAYMENT_STATE) when it was confirmed before, Refused on another currency.
    """
    payment = payment_rows.payment_by_reference(conn, reference)
    if payment is None or payment.till != "by_hand":
        raise NotFound(
            Code.PAYMENT_STATE,
            N_("There is no payment by hand with the reference %(reference)s."),
            reference=reference,
        )
    if received is not None and received.currency != payment.currency:
        raise Refused(Code.CURRENCY_UNKNOWN, N_("This payment is in %(currency)s."), currency=payment.currency)
    if received is not None and received != payment.amount:
        payment_rows.set_amount(conn, payment.id, received.minor)
        payment = payment_rows.payment_by_id(conn, payment.id)
    if not settle(conn, payment, as_asked(payment, PaymentState.PAID), key, now):
        raise Conflict(Code.PAYMENT_STATE, N_("The payment %(reference)s was confirmed before."), reference=reference)
    return payment_rows.payment_by_id(conn, payment.id)


def withdraw(conn: Connection, order_id: int, now: datetime) -> bool:
    """The reader withdraws within 14 days of paying; the files stay. True: now; False: was withdrawn before.

    Raises Refused(PAYMENT_STATE) when nothing was paid or the time is over.
    """
    paid_at = payment_rows.last_paid_at(conn, order_id)
    if paid_at is None:
        raise Refused(Code.PAYMENT_STATE, N_("Nothing was paid here, so there is nothing to withdraw from."))
    if now > from_micros(paid_at) + WITHDRAWAL:
        raise Refused(
            Code.PAYMENT_STATE,
            N_("The 14 days to withdraw are over."),
            hint=N_("Write to the creator all the same: a letter from this page reaches them."),
        )
    if not rows.set_withdrawn(conn, order_id, to_micros(now)):
        return False
    mail.queue_withdrawal_notice(conn, order_id, now)
    return True


# ── the sweep ────────────────────────────────────────────────────────────────────────────────────


def next_check(payment: PaymentRow, now: datetime) -> datetime:
    """When to look at an open payment again: after 2, 4, 8… minutes, at most 6 hours, and once it has expired."""
    wait: timedelta = min(FIRST_CHECK * (2 << min(payment.checks, 10)), LONGEST_CHECK)
    expires = from_micros(payment.expires_at)
    return min(now + wait, expires + timedelta(seconds=1)) if now < expires else now + wait


def ask_again(conn: Connection, payment: PaymentRow, now: datetime) -> None:
    """There was no till to ask. It may be on again one day and know of money that came: look now and then, up to
    TILL_OFF after the payment's time is over."""
    wait = next_check(payment, now)
    over = wait > from_micros(payment.expires_at) + TILL_OFF
    payment_rows.set_check(conn, payment.id, None if over else to_micros(wait))


def lease_checks(conn: Connection, now: datetime, most: int) -> list[PaymentRow]:
    """Payments to look at now, each handed to one sweep only: its next look is moved on first."""
    leased = []
    for payment in payment_rows.payments_to_check(conn, to_micros(now), most):
        if payment_rows.move_check(conn, payment.id, payment.checks, to_micros(next_check(payment, now))):
            leased.append(payment)
    return leased
