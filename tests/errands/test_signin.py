"""Signing in below the web: links, passwords and sessions together."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from headwaters.actions import people as people_verbs
from headwaters.actions.people import Wanted
from headwaters.core.errors import Code, Refused
from headwaters.core.people import Right, contributor
from headwaters.core.signin import Strength
from headwaters.errands import people, signin
from headwaters.errands.house import House
from headwaters.store import signin as rows
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.store.signin import SessionRow
from tests.support.house import Clock

PASSWORD = "tide lamp oboe fern"


async def by_link(house: House, old: str = "") -> signin.SignedIn:
    link = await signin.make_link(house)
    assert link.startswith("http://shop.example/studio/in/")
    return await signin.sign_in_by_link(house, link.rpartition("/")[2], old)


async def session_of(house: House, session: str) -> SessionRow:
    row = await signin.session_of(house, session)
    assert row is not None
    return row


async def set_password(house: House, session: str, password: str = PASSWORD, current: str = "") -> Strength:
    return await signin.set_password(house, await session_of(house, session), session, password, current)


async def test_a_link_then_a_password_then_signing_in_with_it(house: House) -> None:
    first = await by_link(house)
    assert not first.has_password
    assert await set_password(house, first.session) is Strength.GOOD
    second = await signin.sign_in(house, PASSWORD, "")
    assert second.session != first.session
    assert await signin.session_of(house, second.session) is not None
    assert (await by_link(house)).has_password


async def test_nobody_can_come_in_by_themselves_until_somebody_has_a_key(house: House) -> None:
    assert await signin.nobody_has_a_key(house)
    session = (await by_link(house)).session
    assert await signin.nobody_has_a_key(house)
    await set_password(house, session)
    assert not await signin.nobody_has_a_key(house)


@pytest.mark.parametrize("password", ["", "tide lamp oboe fer", "x" * 100_000, "\ud800"])
async def test_a_wrong_password_and_no_password_say_the_same(house: House, password: str) -> None:
    said = []
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            await signin.sign_in(house, password, "")
        said.append((refused.value.code, refused.value.message, refused.value.hint))
        if len(said) == 1:
            await set_password(house, (await by_link(house)).session)
    assert said[0] == said[1]
    assert said[0][0] == Code.SIGN_IN_FAILED


async def test_a_weak_password_is_not_kept(house: House) -> None:
    session = (await by_link(house)).session
    for password in ("short", "password1234", "alice alice alice"):
        with pytest.raises(Refused) as refused:
            await set_password(house, session, password)
        assert refused.value.code == Code.PASSWORD_WEAK
        with pytest.raises(Refused):
            await signin.sign_in(house, password, "")


async def test_who_signed_in_long_ago_needs_the_password_of_now(house: House, clock: Clock) -> None:
    session = (await by_link(house)).session
    await set_password(house, session)
    clock.move(minutes=15)
    with pytest.raises(Refused) as refused:
        await set_password(house, session, "oboe fern quay moth", "guess")
    assert (refused.value.code, refused.value.field) == (Code.SIGN_IN_FAILED, "current")
    await set_password(house, session, "oboe fern quay moth", PASSWORD)
    assert await signin.sign_in(house, "oboe fern quay moth", "")


async def test_a_fresh_link_is_enough_when_the_password_is_forgotten(house: House, clock: Clock) -> None:
    await set_password(house, (await by_link(house)).session)
    clock.move(days=1)
    await set_password(house, (await by_link(house)).session, "oboe fern quay moth")
    with pytest.raises(Refused):
        await signin.sign_in(house, PASSWORD, "")


async def test_the_password_itself_is_nowhere(house: House) -> None:
    await set_password(house, (await by_link(house)).session)

    def look(conn: Connection) -> str:
        return str(conn.execute(select(tables.creators.c.password)).scalar())

    kept = await house.db.read(look)
    assert kept.startswith("scrypt$15$8$3$")
    assert "tide" not in kept


async def test_signing_out_ends_the_session_on_this_side_too(house: House) -> None:
    session = (await by_link(house)).session
    await signin.sign_out(house, session)
    assert await signin.session_of(house, session) is None


# ── several people ───────────────────────────────────────────────────────────────────────────────


async def bob_comes_in(house: House, password: str = "oboe fern quay moth") -> SessionRow:
    """Bob, who talks, with a password."""
    invitation = await people.invite(house, None, Wanted("Bob Rivers", contributor([Right.TALK])))
    found = await signin.sign_in_by_link(house, invitation.url.rpartition("/")[2], "")
    await set_password(house, found.session, password)
    return await session_of(house, found.session)


async def test_with_several_people_a_password_is_for_a_name(house: House) -> None:
    await set_password(house, (await by_link(house)).session)
    assert not await signin.several(house)
    bob = await bob_comes_in(house)
    assert await signin.several(house)
    found = await session_of(house, (await signin.sign_in(house, "oboe fern quay moth", "", "bob  rivers")).session)
    assert (found.creator_id, found.may, found.way) == (bob.creator_id, {Right.TALK}, "password")
    alice = await session_of(house, (await signin.sign_in(house, PASSWORD, "", "Alice")).session)
    assert alice.creator_id == 1


@pytest.mark.parametrize(
    ("name", "password"),
    [("", PASSWORD), ("Bob Rivers", PASSWORD), ("Alice", "oboe fern quay moth"), ("Nobody", PASSWORD), ("Carol", "")],
)
async def test_a_wrong_name_and_a_wrong_password_say_the_same(house: House, name: str, password: str) -> None:
    await set_password(house, (await by_link(house)).session)
    await bob_comes_in(house)
    await people.invite(house, None, Wanted("Carol", contributor([])))  # who has no password
    with pytest.raises(Refused) as refused:
        await signin.sign_in(house, password, "", name)
    assert (refused.value.code, refused.value.message) == (
        Code.SIGN_IN_FAILED,
        "This name and this password do not belong together.",
    )


async def test_who_was_ended_does_not_sign_in_and_the_name_is_not_asked_for_any_more(house: House) -> None:
    await set_password(house, (await by_link(house)).session)
    bob = await bob_comes_in(house)
    await house.db.write(lambda conn: people_verbs.end(conn, None, bob.creator_id, house.clock()))
    with pytest.raises(Refused):
        await signin.sign_in(house, "oboe fern quay moth", "", "Bob Rivers")
    assert (await signin.sign_in(house, PASSWORD, "")).session


async def test_a_link_for_somebody_is_a_link_for_them(house: House) -> None:
    await by_link(house)
    bob = await bob_comes_in(house)
    link = await signin.make_link(house, "Bob Rivers")
    owner = await signin.link_owner(house, link.rpartition("/")[2])
    assert owner is not None
    assert owner.id == bob.creator_id


async def test_somebody_is_invited_before_the_creator_was_ever_there(house: House) -> None:
    await people.invite(house, None, Wanted("Bob", contributor([])))
    everybody = await house.db.read(rows.people)
    assert [(one.name, one.kind) for one in everybody] == [("Alice", "creator"), ("Bob", "contributor")]


async def test_a_visit_is_remembered_once_an_hour(house: House, clock: Clock) -> None:
    session = (await by_link(house)).session
    first = (await session_of(house, session)).seen_at
    clock.move(minutes=61)
    await session_of(house, session)
    later = (await session_of(house, session)).seen_at
    assert first is not None
    assert later is not None
    assert (later - first).total_seconds() == 3600
    assert (later.minute, later.second) == (0, 0)
