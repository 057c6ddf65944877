"""Three things from a statement or a receipt: all of them have to be right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused
from headwaters.core.sales.money import Money
from headwaters.core.sales.references import creditor_reference
from headwaters.core.sales.slips import Facts, Slip, fits, read_slip

REFERENCE = "HW-7K3M-9QXA"
ASKED = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
PAID = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 12, 24, 9, 0, tzinfo=UTC)
FACTS = Facts((Money(1250, "EUR"),), ASKED, PAID)
SLIP = Slip(REFERENCE, "", "12,50", date(2026, 11, 23))


@pytest.mark.parametrize(
    "typed",
    [
        "HW-7K3M-9QXA",
        " hw 7k3m 9qxa ",
        creditor_reference(REFERENCE),
        "RF37 HW7K 3M9Q XA",
        "SVWZ+HW-7K3M-9QXA Thank you",
        "High Water · HW-7K3M-9QXA",
    ],
)
def test_a_reference_is_read_as_statements_and_receipts_write_it(typed: str):
    assert read_slip(typed, "12,50", "2026-11-23") == SLIP


def test_a_name_at_the_till_is_taken_too_and_nothing_else_is_a_name():
    for name in ("cs_test_a1B2c3D4e5", "pi_3OabcdEFGH"):
        assert read_slip(name, "5", "24.11.2026") == Slip("", name, "5", date(2026, 11, 24))
    for other in ("order:3", "HW-7K3M", "x' OR 1=1 --", "1234-5678", "HW-7K3M-9QXA HW-2222-2222"):
        assert read_slip(other, "5", "2026-11-24") == Slip("", "", "5", date(2026, 11, 24))


@pytest.mark.parametrize(
    ("typed", "code", "field"),
    [
        (("", "5", "2026-11-24"), Code.LOST_NOTHING, "reference"),
        (("\0 ", "5", "2026-11-24"), Code.LOST_NOTHING, "reference"),
        ((REFERENCE, "", "2026-11-24"), Code.AMOUNT_MISSING, "amount"),
        ((REFERENCE, "five", "2026-11-24"), Code.AMOUNT_MISSING, "amount"),
        ((REFERENCE, "5", ""), Code.DAY_INVALID, "day"),
        ((REFERENCE, "5", "2026-02-30"), Code.DAY_INVALID, "day"),
        ((REFERENCE, "5", "yesterday"), Code.DAY_INVALID, "day"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(typed: tuple[str, str, str], code: Code, field: str):
    with pytest.raises(Refused) as refused:
        read_slip(*typed)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize("amount", ["12.50", "12,50", "€12.50", "12,50 €", "EUR 12.50", "12.50 EUR"])
def test_an_amount_is_read_as_people_write_it(amount: str):
    assert fits(replace(SLIP, amount=amount), FACTS, NOW)


@pytest.mark.parametrize("amount", ["12.51", "12.49", "12.5.0", "$12.50", "1250", "12,500", "-12.50", "12.50 12.50"])
def test_another_amount_does_not_fit(amount: str):
    assert not fits(replace(SLIP, amount=amount), FACTS, NOW)


def test_of_two_amounts_each_is_the_readers():
    """A bank took a fee on the way: 12.00 came of 12.50."""
    both = replace(FACTS, amounts=(Money(1200, "EUR"), Money(1250, "EUR")))
    assert [fits(replace(SLIP, amount=amount), both, NOW) for amount in ("12.00", "12.50", "12.25")] == [
        True,
        True,
        False,
    ]


def test_a_day_counts_from_the_one_before_it_was_asked_to_three_after_it_came():
    days = [date(2026, 11, 19) + timedelta(days=n) for n in range(12)]
    fitting = [day for day in days if fits(replace(SLIP, day=day), FACTS, NOW)]
    assert (fitting[0], fitting[-1], len(fitting)) == (date(2026, 11, 21), date(2026, 11, 27), 7)


def test_money_that_nobody_saw_yet_may_have_been_sent_on_any_day_since():
    waiting = replace(FACTS, paid_at=None)
    assert fits(replace(SLIP, day=date(2026, 12, 20)), waiting, NOW)
    assert not fits(replace(SLIP, day=date(2026, 12, 28)), waiting, NOW)
    assert not fits(replace(SLIP, day=date(2026, 11, 20)), waiting, NOW)


@given(
    st.integers(1, 99_999_999),
    st.integers(-400, 400),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.integers(0, 400),
    st.integers(-2000, 2000),
)
def test_nothing_but_the_amount_and_the_days_fits(minor: int, off: int, currency: str, took: int, days: int):
    paid_at = ASKED + timedelta(days=took)
    facts = Facts((Money(minor, currency),), ASKED, paid_at)
    typed = max(minor + off, 0)
    places = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    text = f"{typed // 10**places}.{typed % 10**places:0{places}}" if places else str(typed)
    day = ASKED.date() + timedelta(days=days)
    assert fits(Slip(REFERENCE, "", text, day), facts, NOW) == (typed == minor and -1 <= days <= took + 3)
