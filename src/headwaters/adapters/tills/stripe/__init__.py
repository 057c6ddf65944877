"""Stripe: a Checkout Session on Stripe's own page, paid to the creator's own account.

The creator gives two keys. A visit to the return address proves nothing: a payment counts by a signed event, or by what
Stripe says when it is asked.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from headwaters.adapters.tills.stripe import events, sessions
from headwaters.adapters.tills.stripe.amounts import check_amount
from headwaters.adapters.tills.stripe.client import make_client, translated
from headwaters.adapters.tills.stripe.events import EVENTS, mode_of
from headwaters.core.errors import N_, Code, NotFound, Unavailable
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Mode
from headwaters.core.sales.tills import (
    ExtraFee,
    PaymentRequest,
    PaymentStatus,
    RefundStatus,
    TillEvent,
    TillSession,
)

__all__ = ["EVENTS", "StripeTill", "is_complete"]

_SESSION = re.compile(r"cs_[\w-]{1,250}", re.ASCII)  # it becomes a part of an address


def is_complete(secret_key: str, webhook_secret: str) -> bool:
    """Whether the two keys make a till: without the second, events could be forged."""
    return mode_of(secret_key) is not None and bool(webhook_secret)


class StripeTill:
    """`shop_key` tells this shop's payments from those of another one on the same account."""

    name = "stripe"

    def __init__(self, secret_key: str, webhook_secret: str, *, shop_key: bytes, api: str = "") -> None:
        self.mode: Mode = mode_of(secret_key) or Mode.LIVE
        self._webhook_secret = webhook_secret
        self._shop = hmac.digest(shop_key, b"headwaters: shop at stripe", "sha256").hex()[:16]
        self._stripe = make_client(secret_key, api)

    def check(self, amount: Money) -> None:
        """Raises Refused: AMOUNT_TOO_SMALL, AMOUNT_TOO_LARGE, AMOUNT_TOO_PRECISE."""
        check_amount(amount)

    async def open(self, request: PaymentRequest) -> TillSession:
        """Create the session, or get the one that was created for this reference before."""
        self.check(request.amount)
        params = sessions.create_params(request, self._shop)
        with translated():
            made = await self._stripe.v1.checkout.sessions.create_async(params, {"idempotency_key": request.reference})
        return TillSession(made.id, made.url, datetime.fromtimestamp(made.expires_at, UTC))

    async def fetch(self, session_id: str) -> PaymentStatus:
        """Raises Unavailable(TILL_DOWN), NotFound(PAYMENT_STATE)."""
        if not _SESSION.fullmatch(session_id):
            raise NotFound(Code.PAYMENT_STATE, N_("Stripe knows no such payment."))
        try:
            with translated():
                found = await self._stripe.v1.checkout.sessions.retrieve_async(session_id, {"expand": sessions.EXPAND})
                raw = found.to_dict()
                return sessions.read_status(raw, sessions.state_of(raw), *await self._given_back(raw))
        except (KeyError, TypeError, ValueError) as odd:
            raise Unavailable(Code.TILL_DOWN, N_("Stripe's answer could not be read.")) from odd

    async def _given_back(self, session: Mapping[str, Any]) -> tuple[list[RefundStatus], list[ExtraFee]]:
        """Refunds and disputes of a session's charge, and what these cost."""
        charge = sessions.charge_of(session)
        refunds = charge.get("refunds") or {}
        found = [sessions.read_refund(refund) for refund in refunds.get("data", ())]
        if refunds.get("has_more"):  # only the newest ten come with the charge
            pages = await self._stripe.v1.refunds.list_async({"charge": charge["id"], "limit": 100})
            found = [sessions.read_refund(refund.to_dict()) async for refund in pages.auto_paging_iter()]
        if charge.get("disputed"):
            pages_of_disputes = await self._stripe.v1.disputes.list_async({"charge": charge["id"], "limit": 100})
            disputes = [dispute.to_dict() async for dispute in pages_of_disputes.auto_paging_iter()]
            found += map(sessions.read_dispute, disputes)
            return found, [fee for dispute in disputes for fee in sessions.read_extra_fees(dispute)]
        return found, []

    def read_event(self, headers: Mapping[str, str], body: bytes, now: datetime) -> TillEvent:
        """Raises Refused: EVENT_FORGED, EVENT_BROKEN."""
        return events.read_event(headers, body, now, secret=self._webhook_secret, shop=self._shop)
