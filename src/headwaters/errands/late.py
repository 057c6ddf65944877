"""Looking again: at paid payments, now and then, by the worker; and at all of an order's, at the creator's word.

A refund that a till told of while the shop was away is found here. What is found is booked by `settle`, once, also
where the event comes after all.
"""

from __future__ import annotations

import logging
from enum import StrEnum

from headwaters.actions import late as verbs
from headwaters.actions import sales
from headwaters.actions.deeds import noted
from headwaters.actions.mail import BY_HAND
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import HeadwatersError
from headwaters.core.sales.states import PaymentState
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.store import late as rows
from headwaters.store.db import Connection
from headwaters.store.payments import PaymentRow
from headwaters.store.sales import order_by_id

log = logging.getLogger(__name__)

AT_ONCE = 20  # looks of one round, one after the other


class Looked(StrEnum):
    """What came of looking again: something new, nothing new, what does not match, or nobody to ask."""

    NEWS = "news"
    SAME = "same"
    MISMATCH = "mismatch"
    NOBODY = "nobody"


async def look_late(house: House) -> int:
    """Look at paid payments that are due, one after the other; how many had changed."""
    changed = 0
    for _ in range(AT_ONCE):
        now = house.clock()
        if not await house.db.read(lambda conn: rows.any_due(conn, now)):  # noqa: B023  (it is awaited here)
            break
        payment = await house.db.write(lambda conn: verbs.lease_late(conn, now))  # noqa: B023
        if payment is None:
            continue
        try:
            changed += await _look(house, payment) is Looked.NEWS
        except HeadwatersError as error:
            log.warning("payment %s: %s", payment.reference, error.code)
    return changed


async def _look(house: House, payment: PaymentRow) -> Looked:
    """Ask the till, and book what it says. Raises HeadwatersError where it does not answer."""
    said = await settle.ask_till(house, payment)
    now, key = house.clock(), house.token()
    if said is not None and not sales.matches(payment, said):
        log.warning("payment %s: what the till says does not match what was asked for", payment.reference)
        said, looked = None, Looked.MISMATCH
    else:
        looked = Looked.NOBODY if said is None else Looked.SAME

    def run(conn: Connection) -> bool:
        return verbs.settle_late(conn, payment, said, key, now)

    return Looked.NEWS if await house.db.write(run) else looked


async def look_again(house: House, order_id: int, who: int | None = None) -> Looked:
    """Ask the tills about all payments of an order, whatever is known of them.

    Raises NotFound(ORDER_UNKNOWN), Unavailable(TILL_DOWN), Refused(TILL_OFF) for a till that does not answer.
    """

    def read(conn: Connection) -> list[PaymentRow]:
        order_by_id(conn, order_id)
        return rows.payments_of(conn, order_id)

    found = {Looked.NOBODY}
    for payment in (each for each in await house.db.read(read) if each.till != BY_HAND):
        if payment.state is PaymentState.PAID:
            found.add(await _look(house, payment))
        elif can_look(house, payment.till):
            found.add(Looked.NEWS if await settle.check(house, payment) else Looked.SAME)
    now = house.clock()
    await house.db.write(noted(lambda _: True, Deed(who, What.PAYMENT_LOOKED, f"order:{order_id}"), now))
    return next(each for each in (Looked.NEWS, Looked.MISMATCH, Looked.SAME, Looked.NOBODY) if each in found)


def can_look(house: House, till: str) -> bool:
    """Whether this till can be asked: it is on, and is more than the creator's own word."""
    return till in house.now.tills and till != BY_HAND
