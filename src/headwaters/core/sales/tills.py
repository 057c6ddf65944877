"""What passes between the shop and a till, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Mode, PaymentState


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What a till is asked to collect. `reference` is ours, unique, and comes back in every event."""

    reference: str
    amount: Money
    title: str
    return_url: str
    cancel_url: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TillSession:
    """An opened payment at the till. `url` is where the reader pays; None: the order page shows what to do."""

    session_id: str
    url: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefundStatus:
    """One refund as the till knows it: its own id and amount, and whether the money went back.

    `failed`: it never will, even where it was said to have gone, as a bank can send it back weeks later. Neither: it is
    on its way.
    """

    external_id: str
    amount: Money
    done: bool
    failed: bool = False
    disputed: bool = False  # not given back, but taken back by the reader's bank


@dataclass(frozen=True, slots=True)
class ExtraFee:
    """What the till took for a payment besides its fee, such as for a dispute; below zero: what it gave back of that.
    Each once, under the till's own id."""

    external_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentStatus:
    """What the till says of a payment now. All refunds and further fees so far, each once."""

    session_id: str
    reference: str
    state: PaymentState
    amount: Money
    mode: Mode
    external_id: str | None = None
    fee: Money | None = None
    refunds: tuple[RefundStatus, ...] = ()
    extra_fees: tuple[ExtraFee, ...] = ()


@dataclass(frozen=True, slots=True)
class TillEvent:
    """A payment event whose signature was right.

    `reference` is None when it says nothing of ours; then `external_id`, the till's own name of the payment (as in
    PaymentStatus), may still tell, and where it does not the event is acknowledged and forgotten.
    `status` is given when the event alone tells everything; None: fetch the session before anything counts.
    """

    event_id: str
    type: str
    reference: str | None
    session_id: str | None
    status: PaymentStatus | None
    external_id: str | None = None
