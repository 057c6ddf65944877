"""What a creator does with an order besides confirming its payment: a note, a corrected address, money paid back."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from headwaters.actions import mail
from headwaters.actions.sales import as_asked, settle
from headwaters.core.errors import N_, Code, Conflict, NotFound, Refused
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import PaymentState
from headwaters.core.sales.tills import RefundStatus
from headwaters.store import orders as rows
from headwaters.store import payments as payment_rows
from headwaters.store import sales
from headwaters.store.db import Connection
from headwaters.store.payments import PaymentRow

LONGEST_NOTE = 4000  # characters


def write_note(conn: Connection, order_id: int, note: str, before: str, now: datetime) -> bool:
    """The creator's own words about an order. `before`: what stood there when they began to write.

    True: now; False: it said so already. Raises NotFound(ORDER_UNKNOWN), Conflict(EDIT_CONFLICT) where somebody else
    wrote meanwhile.
    """
    note = note.replace("\r\n", "\n").replace("\0", "").strip()
    if len(note) > LONGEST_NOTE:
        message = N_("A note has %(most)d characters at most; this one has %(found)d.")
        raise Refused(Code.LETTER_TOO_LONG, message, field="note", most=LONGEST_NOTE, found=len(note))
    present = rows.note_of(conn, order_id)
    if note == present:
        return False
    if not rows.set_note(conn, order_id, note, before.replace("\r\n", "\n").strip()):
        raise Conflict(
            Code.EDIT_CONFLICT,
            N_("Somebody changed this note meanwhile. It now says: %(present)s"),
            hint=N_("What you typed is still in the field: put the two together, and keep it."),
            field="note",
            present=present or "–",
        )
    return True


def correct_address(conn: Connection, order_id: int, email: str | None, before: str | None, now: datetime) -> bool:
    """Another e-mail address for an order, or none; the link goes there. `before`: the one that stood in the form.

    True: now; False: it was so already. Raises NotFound(ORDER_UNKNOWN), Conflict(EDIT_CONFLICT).
    """
    present = sales.order_by_id(conn, order_id).email
    if email == present:
        return False
    if not rows.replace_email(conn, order_id, email, before):
        raise Conflict(
            Code.EDIT_CONFLICT,
            N_("The address was changed meanwhile, perhaps by the reader: it is %(present)s now."),
            hint=N_("If yours is better, send it again."),
            field="email",
            present=present or "–",
        )
    if email:
        mail.queue_order_mail(conn, order_id, now)
    return True


def refund_by_hand(conn: Connection, reference: str, amount: Money, nonce: str, now: datetime) -> bool:
    """The creator gave money of a by-hand payment back, by hand. The same form twice is one refund.

    True: now; False: booked before. Raises NotFound(PAYMENT_STATE), Refused(PAYMENT_STATE | CURRENCY_UNKNOWN |
    AMOUNT_TOO_LARGE).
    """
    payment = _paid_by_hand(conn, reference)
    if amount.currency != payment.currency:
        raise Refused(Code.CURRENCY_UNKNOWN, N_("This payment is in %(currency)s."), currency=payment.currency)
    name = "hand_" + hashlib.sha256(f"{nonce}\n{reference}\n{amount.minor}".encode()).hexdigest()[:24]
    payment_rows.lock_payment(conn, payment.id)  # what is left hangs on the refunds before
    if rows.refund_is_known(conn, payment.id, name):
        return False
    left = Money(payment.amount_minor - rows.given_back(conn, payment.id), payment.currency)
    if amount > left or not amount.minor:
        raise Refused(
            Code.AMOUNT_TOO_LARGE,
            N_("Of this payment %(left)s are left: no more can go back."),
            field="amount",
            left=left,
        )
    said = replace(as_asked(payment, PaymentState.PAID), refunds=(RefundStatus(name, amount, done=True),))
    return settle(conn, payment, said, "", now)


def _paid_by_hand(conn: Connection, reference: str) -> PaymentRow:
    payment = payment_rows.payment_by_reference(conn, reference)
    if payment is None or payment.till != mail.BY_HAND:
        raise NotFound(
            Code.PAYMENT_STATE,
            N_("There is no payment by hand with the reference %(reference)s."),
            reference=reference,
        )
    if payment.state is not PaymentState.PAID:
        raise Refused(Code.PAYMENT_STATE, N_("Nothing came for this payment, so nothing can go back."))
    return payment
