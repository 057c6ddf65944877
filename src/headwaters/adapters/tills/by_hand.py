"""Paid by hand: a bank transfer, cash, a promise. The creator confirms it; there is nobody to ask and no event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn

from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.sales.money import CURRENCIES, Money
from headwaters.core.sales.states import Mode, PaymentState
from headwaters.core.sales.tills import PaymentRequest, PaymentStatus, TillEvent, TillSession

# All that this till knows of a payment stands in the name of its session, so it keeps nothing.
_SESSION = re.compile(r"(?P<reference>[A-Za-z0-9-]{1,64})\.(?P<minor>[0-9]{1,18})\.(?P<currency>[A-Z]{3})")


class ByHandTill:
    """The order page shows the creator's instructions (a setting) and the payment's reference."""

    name = "by_hand"
    mode = Mode.LIVE

    def check(self, amount: Money) -> None:
        """Any amount can change hands."""

    def open_now(self, request: PaymentRequest) -> TillSession:
        """A session without a page: there is nowhere to go."""
        session_id = f"{request.reference}.{request.amount.minor}.{request.amount.currency}"
        return TillSession(session_id, None, request.expires_at)

    async def open(self, request: PaymentRequest) -> TillSession:
        """As `open_now`."""
        return self.open_now(request)

    async def fetch(self, session_id: str) -> PaymentStatus:
        """Always open: that it was paid is known from the creator alone, and recorded when they say so."""
        session = _SESSION.fullmatch(session_id)
        if session is None or session["currency"] not in CURRENCIES:
            raise NotFound(Code.PAYMENT_STATE, N_("There is no such payment by hand."))
        amount = Money(int(session["minor"]), session["currency"])
        return PaymentStatus(session_id, session["reference"], PaymentState.OPEN, amount, self.mode)

    def read_event(self, headers: Mapping[str, str], body: bytes, now: datetime) -> TillEvent:
        """No event is ever from here."""
        _no_events()


def _no_events() -> NoReturn:
    raise NotFound(Code.TILL_UNKNOWN, N_("Payments by hand have no events."))
