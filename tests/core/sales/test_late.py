"""Late looks: four of them, then none; one that was missed is made up for by the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.sales.late import GIVEN_UP, LATE_LOOKS, after_no_answer, first_late_look, next_late_look

PAID = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_a_payment_is_looked_at_four_times():
    looks, at = [], first_late_look("stripe", PAID)
    while at is not None:
        looks.append(at - PAID)
        at = next_late_look(PAID, at)
    assert looks == [timedelta(days=days) for days in (1, 7, 30, 120)]


def test_what_only_the_shop_knows_is_asked_of_nobody():
    assert [first_late_look(till, PAID) for till in ("by_hand", "practice")] == [None, None]


@given(st.timedeltas(timedelta(), timedelta(days=400)))
def test_the_next_look_is_the_first_that_is_still_to_come(passed: timedelta):
    found = next_late_look(PAID, PAID + passed)
    assert found == next((PAID + after for after in LATE_LOOKS if after > passed), None)


@given(st.timedeltas(timedelta(), timedelta(days=400)))
def test_nobody_who_is_silent_is_asked_for_ever(passed: timedelta):
    now = PAID + passed
    assert after_no_answer(PAID, now) == (now + timedelta(days=1) if passed < GIVEN_UP else None)
