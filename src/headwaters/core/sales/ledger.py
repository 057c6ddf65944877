"""The double-entry ledger: what came in, what the till took, what went back; to the cent.

    payment   till:stripe +500    sales:7   −500
    fee       fees:stripe  +33    till:stripe −33
    extra     fees:stripe  +15    till:stripe −15      (a dispute's; the opposite where it comes back)
    refund    refunds:7   +500    till:stripe −500      (undone: the opposite)

Debits are positive and credits negative, so that each entry sums to zero. Accounts are texts: `till:` and `fees:` with
the till's name, `sales:` and `refunds:` with the work's id (a slug may change hands, an id does not). Money of tests
and practice has accounts of its own, `test:sales:7`: no sum of real ones ever holds any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from headwaters.core.sales.money import Money, share
from headwaters.core.sales.states import Mode

Shares = Sequence[tuple[int, int]]  # (work id, weight) of an order's lines


@dataclass(frozen=True, slots=True)
class Posting:
    """One account's side of an entry: a debit above zero, a credit below."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened once: `key` is unique in the ledger, `kind` is payment, fee or refund."""

    key: str
    kind: str
    postings: tuple[Posting, ...]


def is_balanced(entry: Entry) -> bool:
    """Whether the postings sum to zero in each currency."""
    sums: Counter[str] = Counter()
    for posting in entry.postings:
        sums[posting.amount.currency] += posting.amount.minor
    return not any(sums.values())


def in_mode(entry: Entry, mode: Mode) -> Entry:
    """`entry` on the accounts of its mode."""
    if mode is Mode.LIVE:
        return entry
    return replace(entry, postings=tuple(Posting(f"{mode}:{each.account}", each.amount) for each in entry.postings))


def payment_entry(payment_id: int, till: str, amount: Money, shares: Shares) -> Entry:
    """Money came into the creator's account at the till, for the works of the order."""
    parts = share(amount.minor, [weight for _, weight in shares])
    credits = _postings("sales", shares, [-part for part in parts], amount.currency)
    return Entry(f"payment:{payment_id}", "payment", (Posting(f"till:{till}", amount), *credits))


def fee_entry(payment_id: int, till: str, fee: Money) -> Entry:
    """The till kept its fee."""
    return Entry(f"fee:{payment_id}", "fee", (Posting(f"fees:{till}", fee), Posting(f"till:{till}", -fee)))


def extra_fee_entry(fee_id: int, till: str, fee: Money) -> Entry:
    """The till took more than its fee, or gave some of that back."""
    return Entry(f"extra:{fee_id}", "fee", (Posting(f"fees:{till}", fee), Posting(f"till:{till}", -fee)))


def refund_entry(
    refund_id: int, till: str, refund: Money, shares: Shares, *, paid: Money, earlier: Sequence[Money]
) -> Entry:
    """Money of a payment went back to the reader.

    `paid` is the whole payment and `earlier` its refunds before this one, oldest first. Each refund takes from what is
    left of each work's part, so that refunds that add up to the payment take from each work exactly its part.
    """
    left = share(paid.minor, [weight for _, weight in shares])
    for before in earlier:
        left = [rest - part for rest, part in zip(left, _take_from(left, before.minor), strict=True)]
    debits = _postings("refunds", shares, _take_from(left, refund.minor), refund.currency)
    return Entry(f"refund:{refund_id}", "refund", (*debits, Posting(f"till:{till}", -refund)))


def undone_entry(refund_id: int, booked: Sequence[Posting]) -> Entry:
    """A refund came back: the opposite of what was `booked` for it."""
    return Entry(f"undone:{refund_id}", "refund", tuple(Posting(each.account, -each.amount) for each in booked))


def _take_from(left: Sequence[int], refund: int) -> list[int]:
    """A refund's parts. None exceeds what is left of it (largest remainder keeps the quota), unless the refund does as
    a whole: one that failed at the bank and was made again counts twice, and the ledger must take it all the same."""
    within = min(refund, max(sum(left), 0))
    parts = share(within, [max(rest, 0) for rest in left])
    over = share(refund - within, [1] * len(left))
    return [part + more for part, more in zip(parts, over, strict=True)]


def _postings(account: str, shares: Shares, amounts: Sequence[int], currency: str) -> list[Posting]:
    return [
        Posting(f"{account}:{work_id}", Money(amount, currency))
        for (work_id, _), amount in zip(shares, amounts, strict=True)
        if amount
    ]
