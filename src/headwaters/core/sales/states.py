"""States of orders, payments and refunds, and which may follow which.

An order waits until its first grant; a payment has a life of its own; a refund is a row of its own.
A payment event may come late, twice or in any order, so money that arrives counts from every state:
`paid` can follow `failed` and `expired`, and nothing follows `paid` but itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Mode(StrEnum):
    """Whether money is real: a test payment never settles a live one."""

    LIVE = "live"
    TEST = "test"
    PRACTICE = "practice"


class Door(StrEnum):
    """The three ways in."""

    PAY = "pay"
    CANT_PAY = "cant_pay"
    HAVE_COPY = "have_copy"


class OrderState(StrEnum):
    """`waiting` for money, `granted` (the reader holds the works), or `expired` unpaid."""

    WAITING = "waiting"
    GRANTED = "granted"
    EXPIRED = "expired"


class PaymentState(StrEnum):
    """`open`: not begun or under way; `pending`: promised, the money is on its way; the rest are ends."""

    OPEN = "open"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


ORDER_STEPS: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.WAITING: frozenset({OrderState.GRANTED, OrderState.EXPIRED}),
    OrderState.EXPIRED: frozenset({OrderState.GRANTED}),
    OrderState.GRANTED: frozenset(),
}

PAYMENT_STEPS: Mapping[PaymentState, frozenset[PaymentState]] = {
    PaymentState.OPEN: frozenset(
        {PaymentState.PENDING, PaymentState.PAID, PaymentState.FAILED, PaymentState.EXPIRED},
    ),
    PaymentState.PENDING: frozenset({PaymentState.PAID, PaymentState.FAILED, PaymentState.EXPIRED}),
    PaymentState.FAILED: frozenset({PaymentState.PENDING, PaymentState.PAID}),
    PaymentState.EXPIRED: frozenset({PaymentState.PENDING, PaymentState.PAID}),
    PaymentState.PAID: frozenset(),
}


def sources(steps: Mapping[PaymentState, frozenset[PaymentState]], target: PaymentState) -> tuple[PaymentState, ...]:
    """The states from which `target` may follow, for `UPDATE … WHERE status IN`."""
    return tuple(state for state, after in steps.items() if target in after)


if set(ORDER_STEPS) != set(OrderState) or set(PAYMENT_STEPS) != set(PaymentState):
    raise RuntimeError("a state without its steps")
