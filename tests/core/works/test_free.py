"""What is free: the doors say it, and they say it the same way as enums and as the table has them."""

from __future__ import annotations

from itertools import combinations

import pytest

from headwaters.core.sales.states import Door
from headwaters.core.works.free import is_free, reads_free

ALL = [set(doors) for size in range(4) for doors in combinations(Door, size)]


@pytest.mark.parametrize("doors", ALL, ids=lambda doors: "+".join(sorted(doors)) or "none")
def test_a_work_is_free_that_asks_nobody_and_lets_everybody_in(doors: set[Door]) -> None:
    free = doors in ({Door.CANT_PAY}, {Door.CANT_PAY, Door.HAVE_COPY})
    assert is_free(doors) is free
    assert reads_free(",".join(door.value for door in doors)) is free


def test_nonsense_is_not_free() -> None:
    assert not reads_free("")
    assert not reads_free("cant_payment")
