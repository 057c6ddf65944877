"""Links to lost pages: unguessable, the same when made again; addresses as people write them; orders worth a line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.letters import clean_address
from headwaters.core.sales.states import OrderState
from headwaters.core.shelf.keys import is_secret
from headwaters.core.shelf.lost import FoundOrder, link_secret, lost_key, spellings, worth_showing

KEY = lost_key(bytes(range(32)))
CASED = st.from_regex(r"[A-Za-z][A-Za-z0-9+_-]{0,9}(\.[A-Za-z0-9]{1,6})?", fullmatch=True)


def test_a_secret_is_the_same_again_and_another_for_each_mark_number_and_shop():
    secret = link_secret(KEY, "mark", 1)
    assert is_secret(secret)
    assert link_secret(KEY, "mark", 1) == secret
    others = {
        link_secret(KEY, "mark", 2),
        link_secret(KEY, "kram", 1),
        link_secret(KEY, "1:mark", 1),
        link_secret(lost_key(bytes(32)), "mark", 1),
    }
    assert len(others | {secret}) == 5


@given(CASED, st.sampled_from(["example.org", "bücher.example"]))
def test_every_spelling_reaches_the_address_whose_letters_it_has(local: str, host: str):
    address = clean_address(f"{local}@{host}")
    assert address is not None
    found = spellings(address)
    assert found[0] == address
    assert len(set(found)) == len(found) <= 5
    assert {one.lower() for one in found} == {address.lower()}
    assert address.lower() in found


def test_names_as_telephones_and_people_write_them():
    assert spellings("bob.river@example.org") == (
        "bob.river@example.org",
        "Bob.river@example.org",
        "Bob.River@example.org",
        "BOB.RIVER@example.org",
    )


def order(number: int, state: OrderState, *works: int) -> FoundOrder:
    return FoundOrder(number, "t" * 26, state, number, None, tuple((work, "") for work in works))


def test_what_was_never_paid_is_shown_where_it_is_all_there_is():
    granted, waiting, expired = OrderState.GRANTED, OrderState.WAITING, OrderState.EXPIRED
    held = [
        order(1, granted, 7),
        order(2, expired, 7),
        order(3, expired, 8),
        order(4, waiting, 9),
        order(5, expired, 9),
    ]
    assert [one.id for one in worth_showing(held)] == [1, 3, 4]
    assert [one.id for one in worth_showing([order(1, expired, 7), order(2, expired, 7)])] == [1, 2]
    assert [one.id for one in worth_showing([order(1, granted, 7), order(2, expired, 7, 8)])] == [1, 2]
