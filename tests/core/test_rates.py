"""Rates hold whatever the rhythm, say when it is worth trying again, and forget."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.rates import Counts, Rate

RATES = st.builds(Rate, most=st.integers(1, 6), seconds=st.sampled_from([1, 10, 60]))
RHYTHMS = st.lists(st.floats(0, 40, allow_nan=False), max_size=60)


def use(counts: Counts, name: bytes, now: float) -> bool:
    """Whether `name` was let through at `now`."""
    if counts.wait(name, now):
        return False
    counts.count(name, now)
    return True


def moments(rhythm: list[float]) -> list[float]:
    """The pauses of `rhythm` as times."""
    times = [1000.0]
    for pause in rhythm:
        times.append(times[-1] + pause)
    return times


def test_as_many_as_the_rate_says_are_let_through_at_once():
    counts = Counts(Rate(3, 60))
    assert [use(counts, b"bob", 600.0) for _ in range(5)] == [True, True, True, False, False]
    assert use(counts, b"charlie", 600.0)


def test_what_was_used_before_counts_less_and_less():
    counts = Counts(Rate(4, 60))
    assert all(use(counts, b"bob", 659.0) for _ in range(4))
    assert not use(counts, b"bob", 661.0)
    assert use(counts, b"bob", 675.0)  # a quarter of the next window has passed: three of the four still count
    assert not use(counts, b"bob", 676.0)
    assert use(counts, b"bob", 720.0 + 59.0)


def test_a_name_that_stayed_away_is_forgotten():
    counts = Counts(Rate(1, 60))
    assert use(counts, b"bob", 600.0)
    assert use(counts, b"bob", 720.0)
    assert use(counts, b"bob", 7200.0)


@given(RATES, RHYTHMS)
def test_no_rhythm_gets_twice_the_rate_through(rate: Rate, rhythm: list[float]):
    counts = Counts(rate)
    let = [moment for moment in moments(rhythm) if use(counts, b"bob", moment)]
    for start in let:
        assert len([moment for moment in let if start <= moment < start + rate.seconds]) < 2 * rate.most + 1


@given(RATES, RHYTHMS)
def test_who_keeps_to_the_rate_is_never_stopped(rate: Rate, rhythm: list[float]):
    """Keeping to it: fewer uses than the rate's in any two windows' time."""
    counts = Counts(rate)
    used: list[float] = []
    for moment in moments(rhythm):
        if sum(moment - earlier < 2 * rate.seconds for earlier in used) < rate.most:
            assert use(counts, b"bob", moment)
            used.append(moment)


@given(RATES, RHYTHMS)
def test_after_the_wait_that_was_named_it_goes_on_and_not_much_before(rate: Rate, rhythm: list[float]):
    for moment, _ in pairwise(moments(rhythm)):
        counts = Counts(rate)
        while use(counts, b"bob", moment):
            pass
        wait = counts.wait(b"bob", moment)
        assert 0 < wait <= 2 * rate.seconds
        assert counts.wait(b"bob", moment + wait * 0.99) > 0
        assert counts.wait(b"bob", moment + wait + 1e-6) == 0
