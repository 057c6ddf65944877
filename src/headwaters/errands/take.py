"""Take: order in one transaction → the till's session (network) → remembered in another → where to go next."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from headwaters.actions import sales
from headwaters.actions.sales import Placed, Secrets, TillChoice
from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, Code, Refused, Unavailable
from headwaters.core.sales.doors import Take
from headwaters.core.sales.money import Money
from headwaters.core.sales.references import make_reference
from headwaters.core.sales.states import Door, PaymentState
from headwaters.errands.house import House
from headwaters.ports import LocalTill, PaymentRequest, Till
from headwaters.store import payments as payment_rows
from headwaters.store import sales as rows
from headwaters.store.db import Connection, ConstraintBroken

log = logging.getLogger(__name__)

BY_HAND_WAITS = timedelta(days=30)
SESSION_WAITS = timedelta(hours=23)  # Stripe's longest is 24 hours


@dataclass(frozen=True, slots=True)
class Taken:
    """Where the reader goes next: the till (`url`), else the order page of `token`."""

    token: str
    url: str | None


def pick_till(tills: Mapping[str, Till], name: str | None) -> Till:
    """The till that was asked for, else the first one. Raises Refused(TILL_OFF | TILL_UNKNOWN)."""
    if not tills:
        raise Refused(
            Code.TILL_OFF,
            N_("This shop has no way to take a payment yet."),
            hint=N_("You can take the work through another door, and pay later from your page."),
        )
    if not name:
        return next(iter(tills.values()))
    if name not in tills:
        raise Refused(Code.TILL_UNKNOWN, N_("This shop does not take that kind of payment."), field="till")
    return tills[name]


def _is_local(till: Till) -> bool:
    return hasattr(till, "open_now")


def _expires(till: Till, now: datetime) -> datetime:
    return now + (BY_HAND_WAITS if till.name == "by_hand" else SESSION_WAITS)


def _request(
    house: House,
    title: str,
    amount: Money,
    reference: str,
    token: str,
    times: tuple[datetime, datetime],
) -> PaymentRequest:
    page = f"{house.config.url}/o/{token}"
    created, expires = times
    return PaymentRequest(reference, amount, title, f"{page}/back", page, created, expires)


def _choice(house: House, till: Till, request: PaymentRequest) -> TillChoice:
    session = cast("LocalTill", till).open_now(request) if _is_local(till) else None
    trusts = till.name == "by_hand" and house.now.settings.by_hand == "trust"
    return TillChoice(till.name, till.mode, trusts, request.expires_at, session)


async def take(house: House, wish: Take, work: rows.WorkForSale) -> Taken:
    """Carry out one take. Raises Refused (nothing was made). A till that is down or refuses leaves a waiting order: its
    page offers to try again, or another till."""
    try:
        return await _take(house, wish, work)
    except ConstraintBroken:  # references are short, and another payment had this one
        return await _take(house, wish, work)


async def _take(house: House, wish: Take, work: rows.WorkForSale) -> Taken:
    now = house.clock()
    secrets = Secrets(house.token(), house.token(), house.token()[:13], make_reference(house.token()))
    choice, request = None, None
    if wish.door is Door.PAY and wish.amount is not None:
        till = pick_till(house.now.tills, wish.till)
        till.check(wish.amount)
        times = (now, _expires(till, now))
        request = _request(house, work.title, wish.amount, secrets.reference, secrets.token, times)
        choice = _choice(house, till, request)

    def run(conn: Connection) -> Placed:
        return sales.place_order(conn, wish, work, choice, secrets, now)

    placed = await house.db.write(run)
    try:
        return Taken(placed.token, await _where(house, placed.token, work.title, placed.payment))
    except Refused as refused:  # the order is made, and its letter written: the order page is where to go on
        log.warning("payment %s: %s", placed.payment.reference if placed.payment else "", refused.code)
        return Taken(placed.token, None)


async def pay(
    house: House, order: rows.OrderRow, title: str, amount: Money, till_name: str | None, nonce: str
) -> Taken:
    """Pay on an order that exists: later, again, or more. Raises as `take`."""
    try:
        return await _pay(house, order, title, amount, till_name, nonce)
    except ConstraintBroken:
        return await _pay(house, order, title, amount, till_name, nonce)


async def _pay(
    house: House, order: rows.OrderRow, title: str, amount: Money, till_name: str | None, nonce: str
) -> Taken:
    now = house.clock()
    till = pick_till(house.now.tills, till_name)
    till.check(amount)
    reference = make_reference(house.token())
    times = (now, _expires(till, now))
    choice = _choice(house, till, _request(house, title, amount, reference, order.token, times))
    key = house.token()

    def run(conn: Connection) -> payment_rows.PaymentRow:
        payment = sales.pay_more(conn, order.id, amount, nonce, choice, reference, now)
        if choice.trusts:
            sales.grant_unpaid(conn, order.id, key, now)
        return payment

    payment = await house.db.write(run)
    return Taken(order.token, await _where(house, order.token, title, payment))


async def _where(house: House, token: str, title: str, payment: payment_rows.PaymentRow | None) -> str | None:
    """The till's page for an open payment, opening it if that was not done; None: the order page."""
    if payment is None or payment.state is not PaymentState.OPEN:
        return None
    if payment.session_id is not None:
        return payment.url
    till = house.now.tills.get(payment.till)
    if till is None or till.mode != payment.mode:  # a test payment that was not opened never becomes a real one
        return None
    times = (from_micros(payment.created_at), from_micros(payment.expires_at))
    request = _request(house, title, payment.amount, payment.reference, token, times)
    try:
        session = await till.open(request)
    except Unavailable:
        return None  # the order page says so and offers to try again
    await house.db.write(lambda conn: sales.open_session(conn, payment.id, session))
    return session.url
