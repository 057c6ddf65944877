"""Finding an order by its payment: the three things that a reader has in hand, on a bank statement or a receipt.

A reference is no secret alone (the creator's bank has it, and so has the reader's), and 39 bits of it are few for an
address. The amount to the cent and the day have to be right as well, and nobody is told which of the three was wrong.
docs/decisions/lost.md has the arithmetic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.sales.finding import read_days
from headwaters.core.sales.money import Money, parse_amount
from headwaters.core.sales.references import is_reference, read_reference

EARLIER = timedelta(days=1)  # the reader's day may be the one before ours
LATER = timedelta(days=3)  # a card's statement has the day of booking, a weekend later
LONGEST = 200  # characters that are looked at
_TILL_ID = re.compile(r"(?:cs|pi|ch|py)_\w{8,250}", re.ASCII)  # Stripe's, in the address of its page, say


@dataclass(frozen=True, slots=True)
class Slip:
    """What somebody typed. One of `reference` and `till_id` may be there; with neither, nothing fits."""

    reference: str
    till_id: str
    amount: str  # in a currency that only the payment tells
    day: date


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the payment. Several amounts: what was asked for, and what came, where they differ."""

    amounts: tuple[Money, ...]
    asked_at: datetime
    paid_at: datetime | None  # None: not seen (yet)


def named_payment(reference: str) -> str:
    """What the typed text names: one and the same for all that leads to one payment, so that guesses at it can be
    counted."""
    return read_reference(_tidy(reference))


def _tidy(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:LONGEST]


def read_slip(reference: str, amount: str, day: str) -> Slip:
    """Raises Refused(LOST_NOTHING | AMOUNT_MISSING | DAY_INVALID) for what is missing or no day, which says nothing of
    any payment: everything else that does not fit is found out together, by `fits`."""
    text = _tidy(reference)
    if not text:
        raise Refused(
            Code.LOST_NOTHING,
            N_("Write the reference of the payment."),
            hint=N_("It looks like HW-7K3M-9QXA, or RF37 HW7K 3M9Q XA on a bank transfer in euros."),
            field="reference",
        )
    if not any(character.isdigit() for character in amount):
        raise Refused(Code.AMOUNT_MISSING, N_("Write the amount that you paid, like 5.00."), field="amount")
    start, _ = read_days(day, "")
    if start is None:
        raise Refused(
            Code.DAY_INVALID, N_("Write the day of the payment."), hint=N_("It looks like 2026-11-26."), field="day"
        )
    found = read_reference(text)
    till_id = text if _TILL_ID.fullmatch(text) else ""
    return Slip(found if is_reference(found) else "", till_id, amount, start.date())


def fits(slip: Slip, facts: Facts, now: datetime) -> bool:
    """Whether amount and day are those of the payment.

    A transfer leaves the reader's account some days before the creator sees it, and their bank writes down its own day:
    so any day counts from the one before the payment was asked for, to three after it was seen.
    """
    until = (facts.paid_at or now) + LATER
    if not (facts.asked_at - EARLIER).date() <= slip.day <= until.date():
        return False
    return any(_is_amount(slip.amount, amount) for amount in facts.amounts)


def _is_amount(text: str, amount: Money) -> bool:
    try:
        return parse_amount(text, amount.currency) == amount
    except Refused:
        return False
