"""Payment events, the reader's return, the creator's confirmation, and the sweep: all end in the same `settle`."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import replace

from headwaters.actions import sales
from headwaters.actions.deeds import noted
from headwaters.actions.sales import Outcome, Received
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, HeadwatersError, NotFound, Refused, Unavailable
from headwaters.core.sales.money import Money
from headwaters.core.sales.references import read_reference
from headwaters.core.sales.states import PaymentState
from headwaters.core.sales.tills import PaymentStatus
from headwaters.errands.house import House
from headwaters.store import payments as payment_rows
from headwaters.store.db import Connection

log = logging.getLogger(__name__)

SWEEP_AT_ONCE = 50


async def receive(house: House, till_name: str, headers: Mapping[str, str], body: bytes) -> Outcome:
    """Take in one payment event; after it returns, what it says is durable.

    Raises NotFound(TILL_UNKNOWN), Refused(EVENT_FORGED | EVENT_BROKEN), and Unavailable(EVENT_EARLY | TILL_DOWN)
    where the till should send it again.
    """
    till = house.now.tills.get(till_name)
    if till is None:
        raise NotFound(Code.TILL_UNKNOWN, N_("There is no such till here."))
    now = house.clock()
    try:
        event = till.read_event(headers, body, now)
    except Refused as refused:
        if refused.code is Code.EVENT_FORGED:  # mostly the signing secret of another endpoint: the Studio tells
            house.forged[till_name] = now
        raise
    digest, key = hashlib.sha256(body).hexdigest(), house.token()
    received: Received = await house.db.write(
        lambda conn: sales.receive_event(conn, till_name, event, digest, key, now)
    )
    payment = received.payment
    if received.outcome is Outcome.FETCH and payment is not None:
        status = await till.fetch(payment.session_id or event.session_id or "")
        payment_id = payment.id
        received = await house.db.write(
            lambda conn: sales.receive_fetched(conn, till_name, event, payment_id, status, digest, key, now)
        )
    if received.outcome is Outcome.EARLY:
        raise Unavailable(Code.EVENT_EARLY, N_("This payment is not known here yet; send the event again."))
    if received.outcome is Outcome.MISMATCH and payment is not None:
        log.warning("payment %s: the till's event does not match what was asked for", payment.reference)
    return received.outcome


async def look(house: House, order_id: int) -> bool:
    """Ask the tills about an order's open payments now. True: something changed.

    A till that is down, or whose key does not work any more, is no error of who looks.
    """
    changed = False
    for payment in await house.db.read(lambda conn: payment_rows.open_payments(conn, order_id)):
        try:
            changed |= await check(house, payment)
        except HeadwatersError as error:
            log.warning("payment %s: %s", payment.reference, error.code)
    return changed


async def check(house: House, payment: payment_rows.PaymentRow) -> bool:
    """Bring one open payment to what its till says; past its time, an unpaid one expires."""
    said = await ask_till(house, payment)
    now, key = house.clock(), house.token()
    status = said or sales.as_asked(payment, PaymentState.OPEN)
    if status.state is PaymentState.OPEN and now >= from_micros(payment.expires_at):
        status = replace(status, state=PaymentState.EXPIRED)
    if not sales.matches(payment, status):
        log.warning("payment %s: what the till says does not match what was asked for", payment.reference)
        return False

    def run(conn: Connection) -> bool:
        changed = sales.settle(conn, payment, status, key, now)
        if said is None:
            sales.ask_again(conn, payment, now)
        return changed

    return await house.db.write(run)


async def ask_till(house: House, payment: payment_rows.PaymentRow) -> PaymentStatus | None:
    """What the till says; None where it is off or has another account now, so that nobody can tell yet."""
    if payment.session_id is None:
        return sales.as_asked(payment, PaymentState.OPEN)  # the till never heard of it
    till = house.now.tills.get(payment.till)
    if till is None:
        return None
    try:
        return await till.fetch(payment.session_id)
    except NotFound:
        return None


async def sweep(house: House) -> int:
    """Look at open payments that are due, so that a lost event loses nothing; how many changed."""
    now = house.clock()
    changed = 0
    for payment in await house.db.write(lambda conn: sales.lease_checks(conn, now, SWEEP_AT_ONCE)):
        try:
            changed += await check(house, payment)
        except HeadwatersError as error:
            log.warning("payment %s: %s", payment.reference, error.code)
    return changed


async def confirm(
    house: House, reference: str, received: Money | None = None, who: int | None = None
) -> payment_rows.PaymentRow:
    """The creator saw the money of a by-hand payment. Raises as actions.sales.confirm_by_hand."""
    now, key = house.clock(), house.token()
    wanted = read_reference(reference)
    deed = Deed(who, What.PAYMENT_CONFIRMED, f"payment:{wanted}")
    return await house.db.write(noted(lambda conn: sales.confirm_by_hand(conn, wanted, received, key, now), deed, now))
