"""The ledger's entries: each sums to zero, splits and refunds are exact."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.sales.ledger import Entry, Posting, fee_entry, in_mode, is_balanced, payment_entry, refund_entry
from headwaters.core.sales.money import CURRENCIES, Money, share
from headwaters.core.sales.states import Mode

currencies = st.sampled_from(CURRENCIES)
shares = st.lists(st.integers(0, 10**6), min_size=1, max_size=6).map(lambda weights: list(enumerate(weights, start=1)))


@st.composite
def refunded_payments(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A payment, and refunds that add up to it."""
    total = draw(st.integers(1, 10**6))
    cuts = sorted(draw(st.sets(st.integers(1, total), max_size=8)) | {total})
    return total, [after - before for before, after in pairwise([0, *cuts])]


def on(entry: Entry, account: str) -> int:
    return sum(posting.amount.minor for posting in entry.postings if posting.account == account)


def test_a_payment_goes_from_the_works_to_the_till() -> None:
    entry = payment_entry(12, "stripe", Money(1000, "EUR"), [(7, 500), (9, 700)])
    assert entry == Entry(
        "payment:12",
        "payment",
        (
            Posting("till:stripe", Money(1000, "EUR")),
            Posting("sales:7", Money(-417, "EUR")),
            Posting("sales:9", Money(-583, "EUR")),
        ),
    )


def test_a_fee_leaves_the_till() -> None:
    entry = fee_entry(12, "stripe", Money(33, "EUR"))
    assert entry == Entry(
        "fee:12", "fee", (Posting("fees:stripe", Money(33, "EUR")), Posting("till:stripe", Money(-33, "EUR")))
    )


def test_a_refund_leaves_the_till_and_is_kept_apart_from_sales() -> None:
    entry = refund_entry(3, "stripe", Money(500, "EUR"), [(7, 500)], paid=Money(500, "EUR"), earlier=[])
    assert entry == Entry(
        "refund:3", "refund", (Posting("refunds:7", Money(500, "EUR")), Posting("till:stripe", Money(-500, "EUR")))
    )


def test_an_order_that_asked_for_nothing_splits_a_later_payment_evenly() -> None:
    entry = payment_entry(1, "by_hand", Money(5, "EUR"), [(1, 0), (2, 0)])
    assert (on(entry, "sales:1"), on(entry, "sales:2")) == (-3, -2)


@given(st.integers(1, 10**8), currencies, shares)
def test_every_payment_is_balanced(minor: int, currency: str, lines: list[tuple[int, int]]) -> None:
    amount = Money(minor, currency)
    assert is_balanced(payment_entry(1, "stripe", amount, lines))
    assert is_balanced(fee_entry(1, "stripe", amount))


@given(refunded_payments(), currencies, shares)
def test_refunds_that_add_up_to_a_payment_take_from_each_work_exactly_its_part(
    payment: tuple[int, list[int]], currency: str, lines: list[tuple[int, int]]
) -> None:
    total, refunds = payment
    paid = Money(total, currency)
    earlier: list[Money] = []
    taken = dict.fromkeys([work for work, _ in lines], 0)
    parts = dict(zip(taken, share(total, [weight for _, weight in lines]), strict=True))
    for number, minor in enumerate(refunds):
        entry = refund_entry(number, "stripe", Money(minor, currency), lines, paid=paid, earlier=earlier)
        assert is_balanced(entry)
        assert on(entry, "till:stripe") == -minor
        for work in taken:
            assert on(entry, f"refunds:{work}") >= 0
            taken[work] += on(entry, f"refunds:{work}")
            assert taken[work] <= parts[work]
        earlier.append(Money(minor, currency))
    assert taken == parts


@given(st.integers(1, 1000), st.integers(1, 1000), shares)
def test_more_going_back_than_came_in_is_booked_all_the_same(
    paid: int, again: int, lines: list[tuple[int, int]]
) -> None:
    whole = Money(paid, "EUR")
    entry = refund_entry(2, "stripe", Money(again, "EUR"), lines, paid=whole, earlier=[whole])
    assert is_balanced(entry)
    assert on(entry, "till:stripe") == -again


def test_an_entry_that_does_not_add_up_is_seen() -> None:
    assert not is_balanced(Entry("x", "x", (Posting("a", Money(1, "EUR")), Posting("b", Money(-1, "USD")))))
    assert not is_balanced(Entry("x", "x", (Posting("a", Money(1, "EUR")),)))


def test_play_money_has_accounts_of_its_own() -> None:
    entry = payment_entry(12, "stripe", Money(1000, "EUR"), [(7, 1)])
    assert in_mode(entry, Mode.LIVE) == entry
    for mode in (Mode.TEST, Mode.PRACTICE):
        played = in_mode(entry, mode)
        assert [posting.account for posting in played.postings] == [f"{mode}:till:stripe", f"{mode}:sales:7"]
        assert (is_balanced(played), played.key) == (True, "payment:12")
