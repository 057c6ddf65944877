"""Checkout Sessions: the request for one, and what Stripe says of one, read into our own values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from stripe.params.checkout import SessionCreateParams

from headwaters.adapters.tills.stripe.amounts import from_units, rounded_from_units, to_units
from headwaters.core.sales.money import Money
from headwaters.core.sales.references import is_reference
from headwaters.core.sales.states import Mode, PaymentState
from headwaters.core.sales.tills import ExtraFee, PaymentRequest, PaymentStatus, RefundStatus

# Stripe keeps a session open for 30 minutes to 24 hours from when it gets the request; a minute for the way.
_SHORTEST = timedelta(minutes=31)
_LONGEST = timedelta(hours=23, minutes=59)
_LONGEST_NAME = 250  # characters of a product's name

# So that one look tells all: the fee hangs on the charge's balance transaction.
EXPAND = ["payment_intent.latest_charge.balance_transaction", "payment_intent.latest_charge.refunds"]

Raw = Mapping[str, Any]  # one of Stripe's objects


def create_params(request: PaymentRequest, shop: str) -> SessionCreateParams:
    """The request for a session. The same PaymentRequest always gives the same, as its idempotency key demands."""
    metadata = {"payment": request.reference, "shop": shop}
    # Stripe's receipts show it: whoever lost their page finds it by the reference (docs/decisions/lost.md)
    described = f"{request.title[:_LONGEST_NAME]} · {request.reference}"
    params: SessionCreateParams = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": request.amount.currency.lower(),
                    "unit_amount": to_units(request.amount),
                    "product_data": {"name": request.title[:_LONGEST_NAME]},
                },
            }
        ],
        "client_reference_id": request.reference,
        "metadata": metadata,
        # on the payment too: refunds and disputes do not know their session
        "payment_intent_data": {"metadata": metadata, "description": described},
        "success_url": request.return_url,
        "cancel_url": request.cancel_url,
        "expires_at": _expires_at(request),
        "adaptive_pricing": {"enabled": False},  # the reader pays what they said, in the currency they said it in
    }
    return params


def _expires_at(request: PaymentRequest) -> int:
    soonest, latest = request.created_at + _SHORTEST, request.created_at + _LONGEST
    moment: datetime = min(max(request.expires_at, soonest), latest)
    return int(moment.timestamp())


def reference_of(raw: Raw, shop: str) -> str | None:
    """Our reference on a session, payment or charge; None for what another shop or program on the account asked for."""
    metadata = raw.get("metadata") or {}
    if metadata.get("shop", shop) != shop:
        return None
    reference = metadata.get("payment") or raw.get("client_reference_id")
    return reference if isinstance(reference, str) and is_reference(reference) else None


def id_of(value: Any) -> str | None:
    """The id of an object that may be expanded or not."""
    found = value.get("id") if isinstance(value, Mapping) else value
    return str(found) if found else None


def read_status(
    raw: Raw, state: PaymentState, refunds: Sequence[RefundStatus] = (), extra_fees: Sequence[ExtraFee] = ()
) -> PaymentStatus:
    """A session's status. Raises ValueError, KeyError or TypeError when it lacks what every paid session has."""
    return PaymentStatus(
        session_id=raw["id"],
        reference=str((raw.get("metadata") or {}).get("payment") or raw.get("client_reference_id") or ""),
        state=state,
        amount=from_units(raw["amount_total"], raw["currency"]),
        mode=Mode.LIVE if raw["livemode"] else Mode.TEST,
        external_id=id_of(raw.get("payment_intent")),
        fee=_fee(raw),
        refunds=tuple(refunds),
        extra_fees=tuple(extra_fees),
    )


def state_of(raw: Raw) -> PaymentState:
    """Where a session is. A bank debit completes it unpaid, and then the payment tells whether it failed since."""
    if raw.get("status") == "expired":
        return PaymentState.EXPIRED
    if raw.get("status") != "complete":
        return PaymentState.OPEN
    if raw.get("payment_status") in {"paid", "no_payment_required"}:
        return PaymentState.PAID
    payment = raw.get("payment_intent")
    failed = isinstance(payment, Mapping) and payment.get("status") in {"requires_payment_method", "canceled"}
    return PaymentState.FAILED if failed else PaymentState.PENDING


def charge_of(raw: Raw) -> Raw:
    """The charge of an expanded session; empty where there is none yet."""
    payment = raw.get("payment_intent")
    charge = payment.get("latest_charge") if isinstance(payment, Mapping) else None
    return charge if isinstance(charge, Mapping) else {}


def _fee(raw: Raw) -> Money | None:
    """What Stripe kept, where it is known and in the payment's own currency: a converted one would not add up."""
    balance = charge_of(raw).get("balance_transaction")
    if not isinstance(balance, Mapping) or balance.get("currency") != raw.get("currency"):
        return None
    return rounded_from_units(balance["fee"], balance["currency"])


def read_refund(raw: Raw) -> RefundStatus:
    """A refund. Stripe says `succeeded` at once, and `failed` if the bank sends it back later."""
    amount, status = from_units(raw["amount"], raw["currency"]), raw.get("status")
    return RefundStatus(raw["id"], amount, done=status == "succeeded", failed=status in {"failed", "canceled"})


def read_dispute(raw: Raw) -> RefundStatus:
    """A dispute takes the money back, as a refund does, from when Stripe withdraws it; one that is won brings it back.
    An inquiry takes nothing yet."""
    moves = raw.get("balance_transactions") or ()
    taken = sum(move["amount"] for move in moves) < 0 if moves else raw.get("status") == "lost"
    amount = from_units(raw["amount"], raw["currency"])
    return RefundStatus(raw["id"], amount, done=taken, failed=bool(moves) and not taken, disputed=True)


def read_extra_fees(raw: Raw) -> list[ExtraFee]:
    """What Stripe took for a dispute, and what of that came back; where it is in the payment's own currency, as other
    ones would not add up."""
    return [
        ExtraFee(move["id"], rounded_from_units(move["fee"], move["currency"]))
        for move in raw.get("balance_transactions") or ()
        if move["fee"] and move["currency"] == raw["currency"]
    ]
