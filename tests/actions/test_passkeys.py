"""Passkeys: a challenge is answered once, for what and whom it was made; a passkey is somebody's, once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio

from headwaters.actions import passkeys as verbs
from headwaters.actions import people, signin
from headwaters.actions.people import Wanted
from headwaters.actions.signin import Secrets
from headwaters.core.errors import Code, Refused
from headwaters.core.passkeys import MOST_PASSKEYS, NewPasskey, Purpose
from headwaters.core.people import CREATOR
from headwaters.core.signin import secret_digest
from headwaters.errands.house import House
from headwaters.store import passkeys as rows
from headwaters.store import signin as signin_rows
from headwaters.store.deeds import DeedFilter, find_deeds
from tests.support.databases import side_by_side
from tests.support.house import Clock

ADD, SIGN_IN = Purpose.ADD, Purpose.SIGN_IN


@pytest_asyncio.fixture
async def alice(house: House) -> int:
    """Alice's id; Bob is a creator, too."""
    await house.db.write(lambda conn: signin.make_link(conn, "link", "Alice", house.clock()))
    wanted = Wanted("Bob", CREATOR)
    await house.db.write(lambda conn: people.invite(conn, 1, wanted, "invitation", house.clock()))
    return 1


def new(name: str = "credential") -> NewPasskey:
    return NewPasskey(name, "key", 0, ("internal", "hybrid"))


async def add(house: House, owner: int, name: str = "credential") -> None:
    await house.db.write(lambda conn: verbs.add_passkey(conn, owner, new(name), f"my {name}", house.clock()))


async def known(house: House, name: str = "credential") -> rows.PasskeyRow:
    row = await house.db.read(lambda conn: rows.passkey_by_credential(conn, name))
    assert row is not None
    return row


async def ask(house: House, purpose: Purpose = SIGN_IN, owner: int | None = None, challenge: str = "c") -> None:
    await house.db.write(lambda conn: verbs.ask(conn, challenge, purpose, owner, house.clock()))


async def use(house: House, purpose: Purpose = SIGN_IN, owner: int | None = None, challenge: str = "c") -> None:
    await house.db.write(lambda conn: verbs.use_challenge(conn, challenge, purpose, owner, house.clock()))


# ── challenges ───────────────────────────────────────────────────────────────────────────────────


async def test_a_challenge_is_answered_once(house: House) -> None:
    await ask(house)
    await use(house)
    with pytest.raises(Refused) as refused:
        await use(house)
    assert refused.value.code is Code.PASSKEY_REFUSED


async def test_of_ten_answers_at_once_one_counts(house: House) -> None:
    await ask(house)
    tries = await asyncio.gather(*(use(house) for _ in range(10)), return_exceptions=True)
    assert [result for result in tries if not isinstance(result, Refused)] == [None]


@pytest.mark.parametrize(("purpose", "owner"), [(SIGN_IN, 1), (SIGN_IN, None), (ADD, None), (ADD, 2)])
async def test_a_challenge_counts_for_nothing_and_nobody_else(house: House, purpose: Purpose, owner: int) -> None:
    await ask(house, ADD, 1)
    with pytest.raises(Refused):
        await use(house, purpose, owner)
    await use(house, ADD, 1)


@pytest.mark.parametrize(
    ("moved", "good"),
    [(timedelta(minutes=4, seconds=59), True), (timedelta(minutes=5), False), (timedelta(minutes=-2), False)],
)
async def test_a_challenge_lives_five_minutes_by_a_clock_that_is_right(
    house: House, clock: Clock, moved: timedelta, good: bool
) -> None:
    await ask(house)
    clock.now += moved
    if good:
        return await use(house)
    with pytest.raises(Refused) as refused:
        await use(house)
    assert "clock of the shop’s machine" in refused.value.hint
    return None


async def test_challenges_that_are_over_go_and_none_is_kept_as_it_is(house: House, clock: Clock) -> None:
    await ask(house, challenge="one")
    clock.move(minutes=6)
    await ask(house, challenge="two")

    kept = await house.db.read(lambda conn: conn.execute(rows.select(rows.passkey_challenges.c.digest)).all())
    assert [tuple(row) for row in kept] == [(secret_digest("two"),)]


# ── passkeys ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_passkey_is_added_once_whoever_sends_it(house: House, alice: int) -> None:
    await add(house, alice)
    for owner in (alice, 2):
        with pytest.raises(Refused) as refused:
            await add(house, owner)
        assert refused.value.code is Code.PASSKEY_REFUSED
    row = await known(house)
    assert (row.creator_id, row.name, row.sign_count, row.used_at) == (alice, "my credential", 0, None)


async def test_who_was_ended_adds_none_and_signs_in_with_none(house: House, alice: int) -> None:
    await add(house, 2)
    row = await known(house)
    await house.db.write(lambda conn: people.end(conn, alice, 2, house.clock()))
    with pytest.raises(Refused) as refused:
        await add(house, 2, "another")
    assert refused.value.code is Code.PERSON_UNKNOWN
    with pytest.raises(Refused) as refused:
        await house.db.write(lambda conn: verbs.sign_in(conn, row, 1, Secrets("s"), house.clock()))
    assert refused.value.code is Code.SIGN_IN_FAILED


async def test_there_are_as_many_as_fit(house: House, alice: int) -> None:
    for number in range(MOST_PASSKEYS):
        await add(house, alice, f"credential {number}")
    with pytest.raises(Refused) as refused:
        await add(house, alice, "one more")
    assert refused.value.code is Code.PASSKEY_REFUSED
    assert await house.db.read(rows.count_passkeys) == {alice: MOST_PASSKEYS}


async def test_signing_in_begins_a_session_that_says_how_and_ends_the_browsers_old_one(
    house: House, alice: int
) -> None:
    await add(house, alice)
    row = await known(house)
    await house.db.write(lambda conn: verbs.sign_in(conn, row, 5, Secrets("one"), house.clock()))
    row = await known(house)
    assert (row.sign_count, row.used_at) == (5, house.clock())
    await house.db.write(lambda conn: verbs.sign_in(conn, row, 6, Secrets("two", "one"), house.clock()))
    found = await house.db.read(lambda conn: signin_rows.live_sessions(conn, alice, house.clock()))
    assert [(one.digest, one.way, one.label) for one in found] == [(secret_digest("two"), "passkey", "my credential")]


async def test_of_two_answers_with_the_same_count_one_signs_in(house: House, alice: int) -> None:
    await add(house, alice)
    row, now = await known(house), house.clock()
    results = await side_by_side(
        house.db,
        lambda conn: verbs.sign_in(conn, row, 1, Secrets("one"), now),
        lambda conn: verbs.sign_in(conn, row, 1, Secrets("two"), now),
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]


async def test_a_removed_passkey_opens_nothing(house: House, alice: int) -> None:
    await add(house, alice)
    row = await known(house)
    with pytest.raises(Refused):
        await house.db.write(lambda conn: verbs.remove(conn, 2, row.id, house.clock()))
    await house.db.write(lambda conn: verbs.remove(conn, alice, row.id, house.clock()))
    with pytest.raises(Refused) as refused:
        await house.db.write(lambda conn: verbs.remove(conn, alice, row.id, house.clock()))
    assert refused.value.code is Code.PASSKEY_UNKNOWN
    with pytest.raises(Refused) as refused:
        await house.db.write(lambda conn: verbs.sign_in(conn, row, 1, Secrets("s"), house.clock()))
    assert refused.value.code is Code.SIGN_IN_FAILED


async def test_only_its_owner_renames_it_and_all_of_it_is_in_the_log(house: House, alice: int) -> None:
    await add(house, alice)
    row = await known(house)
    with pytest.raises(Refused):
        await house.db.write(lambda conn: verbs.rename(conn, 2, row.id, "stolen", house.clock()))
    await house.db.write(lambda conn: verbs.rename(conn, alice, row.id, "my phone", house.clock()))
    assert (await known(house)).name == "my phone"
    found = await house.db.read(lambda conn: find_deeds(conn, DeedFilter(who=alice), 10))
    assert [(deed.what, dict(deed.details)) for deed in found][:2] == [
        ("signin.passkey_renamed", {"name": "my phone"}),
        ("signin.passkey_added", {"name": "my credential"}),
    ]
