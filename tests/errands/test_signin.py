"""Signing in below the web: links, passwords and sessions together."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from headwaters.core.errors import Code, Refused
from headwaters.core.signin import Strength
from headwaters.errands import signin
from headwaters.errands.house import House
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
