"""Stripe's events: the signature over the raw body first, then what the body says.

https://docs.stripe.com/webhooks: `Stripe-Signature: t=<unix>,v1=<hex>`, with several v1 while a secret is being rolled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import stripe

from headwaters.adapters.tills.stripe.sessions import Raw, id_of, read_status, reference_of
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.sales.states import Mode, PaymentState
from headwaters.core.sales.tills import TillEvent

HEADER = "Stripe-Signature"
TOLERANCE = 300  # seconds, as the library has it
_TIME = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)

# What the session itself says enough of. `completed` may be unpaid: then the money is on its way.
_SESSION_EVENTS = {
    "checkout.session.completed": PaymentState.PENDING,
    "checkout.session.async_payment_succeeded": PaymentState.PAID,
    "checkout.session.async_payment_failed": PaymentState.FAILED,
    "checkout.session.expired": PaymentState.EXPIRED,
}
# What makes us look: fees come with charge.updated, when Stripe has booked the charge.
_LOOK_EVENTS = (
    "charge.updated",
    "charge.refunded",
    "charge.dispute.closed",
    "charge.dispute.created",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
EVENTS: tuple[str, ...] = (*_SESSION_EVENTS, *_LOOK_EVENTS)  # what a creator's webhook has to send


def read_event(headers: Mapping[str, str], body: bytes, now: datetime, *, secret: str, shop: str) -> TillEvent:
    """Raises Refused: EVENT_FORGED, EVENT_BROKEN."""
    _check_signature(headers, body, now, secret)
    try:
        raw = json.loads(body)
        return _read(_text(raw["id"]), _text(raw["type"]), raw, shop)
    except (ValueError, TypeError, KeyError, AttributeError) as broken:
        raise Refused(Code.EVENT_BROKEN, N_("This payment event cannot be read.")) from broken


def _check_signature(headers: Mapping[str, str], body: bytes, now: datetime, secret: str) -> None:
    """By the library, but for the time: it would look at the clock itself, and lets events of the future pass.

    There has to be one time, written plainly: of several, the library's might not be the one that is looked at here.
    """
    given = next((value for name, value in headers.items() if name.lower() == HEADER.lower()), "")
    times = [item.removeprefix("t=") for item in given.split(",") if item.startswith("t=")]
    try:
        stripe.WebhookSignature.verify_header(body.decode("utf-8"), given, secret, tolerance=None)
    except (stripe.SignatureVerificationError, ValueError) as wrong:
        raise Refused(Code.EVENT_FORGED, N_("The signature of this payment event is wrong.")) from wrong
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or abs(now.timestamp() - int(times[0])) > TOLERANCE:
        raise Refused(Code.EVENT_FORGED, N_("The signature of this payment event is too old."))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no text: {value!r}")
    return value


def _read(event_id: str, kind: str, raw: Raw, shop: str) -> TillEvent:
    about = raw["data"]["object"] if kind in EVENTS else {}
    reference = reference_of(about, shop)
    if kind not in _SESSION_EVENTS:
        return TillEvent(event_id, kind, reference, None, None, external_id=id_of(about.get("payment_intent")))
    if reference is None:
        return TillEvent(event_id, kind, None, None, None)
    status = read_status(about, _session_state(kind, about))
    return TillEvent(event_id, kind, reference, status.session_id, status, external_id=status.external_id)


def _session_state(kind: str, session: Mapping[str, Any]) -> PaymentState:
    paid = session["payment_status"] in {"paid", "no_payment_required"}
    if kind in {"checkout.session.completed", "checkout.session.async_payment_succeeded"}:
        return PaymentState.PAID if paid else PaymentState.PENDING
    return _SESSION_EVENTS[kind]


def mode_of(secret_key: str) -> Mode | None:
    """Whether a secret or restricted key moves real money; None for what is no such key."""
    kind = re.match(r"(?:sk|rk)_(live|test)_\w", secret_key)
    return None if kind is None else Mode(kind[1])
