"""Signing in: a link is used once by one, a session is always new, a password ends the others."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from headwaters.actions import people
from headwaters.actions import signin as verbs
from headwaters.actions.people import Wanted
from headwaters.core.errors import Code, Conflict, NotFound, Refused
from headwaters.core.people import Right, contributor
from headwaters.core.signin import secret_digest
from headwaters.errands.house import House
from headwaters.store import signin as rows
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.store.deeds import DeedFilter, find_deeds
from tests.support.databases import side_by_side
from tests.support.house import Clock


async def make_link(house: House, secret: str = "link") -> None:
    await house.db.write(lambda conn: verbs.make_link(conn, secret, "Alice", house.clock()))


async def use(house: House, session: str, secret: str = "link", old: str = "") -> rows.CreatorRow:
    return await house.db.write(lambda conn: verbs.sign_in_by_link(conn, secret, session, old, house.clock()))


async def alive(house: House, session: str) -> bool:
    digest, now = secret_digest(session), house.clock()
    return await house.db.read(lambda conn: rows.live_session(conn, digest, now)) is not None


async def test_a_link_signs_in_once(house: House) -> None:
    await make_link(house)
    creator = await use(house, "one")
    assert (creator.name, creator.password) == ("Alice", None)
    with pytest.raises(Refused) as refused:
        await use(house, "two")
    assert refused.value.code == Code.SIGN_IN_SPENT
    assert (await alive(house, "one"), await alive(house, "two")) == (True, False)


async def test_no_link_outlives_a_new_password_or_signing_out_everywhere_else(house: House) -> None:
    """Whoever was in somebody's session may have made one that is good for days."""
    await make_link(house)
    creator = await use(house, "one")
    here = secret_digest("one")
    ways = (
        lambda conn: verbs.set_password(conn, creator.id, "kept", "one", house.clock()),
        lambda conn: verbs.end_others(conn, creator.id, here, house.clock()),
    )
    for number, way in enumerate(ways):
        await make_link(house, f"left {number}")
        await house.db.write(way)
        with pytest.raises(Refused) as refused:
            await use(house, "two", f"left {number}")
        assert refused.value.code == Code.SIGN_IN_SPENT
    assert await alive(house, "one")


async def test_of_ten_at_once_one_gets_in(house: House) -> None:
    await make_link(house)
    tries = await asyncio.gather(*(use(house, f"session {n}") for n in range(10)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in tries) == ["CreatorRow"] + ["Refused"] * 9
    assert sum([await alive(house, f"session {n}") for n in range(10)]) == 1


async def test_a_link_that_is_too_old_or_never_was_does_not_sign_in(house: House, clock: Clock) -> None:
    await make_link(house)
    clock.move(minutes=10)
    for secret in ("link", "guess", ""):
        with pytest.raises(Refused) as refused:
            await use(house, "one", secret)
        assert refused.value.code == Code.SIGN_IN_SPENT
    assert not await alive(house, "one")


async def test_looking_at_a_link_does_not_use_it_up(house: House) -> None:
    await make_link(house)
    for _ in range(3):
        assert await house.db.read(lambda conn: rows.link_owner(conn, secret_digest("link"), house.clock()))
    await use(house, "one")
    assert not await house.db.read(lambda conn: rows.link_owner(conn, secret_digest("link"), house.clock()))


async def test_two_links_are_both_good_and_make_one_creator(house: House) -> None:
    await asyncio.gather(make_link(house, "one"), make_link(house, "two"))
    assert (await use(house, "a", "one")).id == (await use(house, "b", "two")).id

    def count(conn: Connection) -> object:
        return conn.execute(select(func.count()).select_from(tables.creators)).scalar()

    assert await house.db.read(count) == 1


async def test_no_secret_is_in_the_database(house: House) -> None:
    await make_link(house, "the-links-secret")
    await use(house, "the-cookies-secret", "the-links-secret")

    def everything(conn: Connection) -> str:
        return str([conn.execute(select(table)).all() for table in (tables.signin_links, tables.studio_sessions)])

    kept = await house.db.read(everything)
    assert "the-links-secret" not in kept
    assert "the-cookies-secret" not in kept


async def test_signing_in_ends_the_session_that_the_browser_had(house: House) -> None:
    await make_link(house, "one")
    await use(house, "first", "one")
    await make_link(house, "two")
    await use(house, "second", "two", old="first")
    assert (await alive(house, "first"), await alive(house, "second")) == (False, True)


async def test_a_session_lasts_thirty_days_and_ends_when_it_is_signed_out(house: House, clock: Clock) -> None:
    await make_link(house, "one")
    await make_link(house, "two")
    await use(house, "first", "one")
    await use(house, "second", "two")
    assert [await house.db.write(lambda conn: verbs.sign_out(conn, "first", clock())) for _ in range(2)] == [
        True,
        False,
    ]
    assert (await alive(house, "first"), await alive(house, "second")) == (False, True)
    clock.now += timedelta(days=30)
    assert not await alive(house, "second")


async def test_a_new_password_ends_every_other_session(house: House) -> None:
    for name in ("one", "two", "three"):
        await make_link(house, name)
        creator = await use(house, f"session {name}", name)
    ended = await house.db.write(
        lambda conn: verbs.set_password(conn, creator.id, "kept", "session two", house.clock())
    )
    assert ended == 2
    assert [await alive(house, f"session {name}") for name in ("one", "two", "three")] == [False, True, False]


async def test_a_password_that_changed_while_it_was_looked_at_does_not_sign_in(house: House) -> None:
    await make_link(house)
    before = await use(house, "one")
    await house.db.write(lambda conn: verbs.set_password(conn, before.id, "kept", "one", house.clock()))
    with pytest.raises(Conflict) as refused:
        await house.db.write(lambda conn: verbs.begin_session(conn, before, "two", "", house.clock()))
    assert refused.value.code == Code.SIGN_IN_FAILED
    assert not await alive(house, "two")


async def test_who_signs_in_with_the_old_password_while_it_is_changed_is_not_in(house: House) -> None:
    await make_link(house)
    before = await use(house, "one")
    _, came_late = await side_by_side(
        house.db,
        lambda conn: verbs.set_password(conn, before.id, "kept", "one", house.clock()),
        lambda conn: verbs.begin_session(conn, before, "two", "", house.clock()),
    )
    assert isinstance(came_late, Conflict)
    assert not await alive(house, "two")
    now = await house.db.read(rows.first_creator)
    assert now is not None
    await side_by_side(
        house.db,
        lambda conn: verbs.begin_session(conn, now, "three", "", house.clock()),
        lambda conn: verbs.set_password(conn, before.id, "kept again", "one", house.clock()),
    )
    assert not await alive(house, "three")


async def test_a_link_of_a_clock_that_was_ahead_is_not_good_for_days_once_it_is_set_right(
    house: House, clock: Clock
) -> None:
    clock.move(days=2)
    await make_link(house)
    clock.move(days=-2)
    with pytest.raises(Refused) as refused:
        await use(house, "one")
    assert refused.value.code == Code.SIGN_IN_SPENT
    await make_link(house, "another")
    assert await use(house, "two", "another")


async def test_a_session_of_a_clock_that_was_ahead_is_not_fresh_for_days(house: House, clock: Clock) -> None:
    clock.move(days=2)
    await make_link(house)
    await use(house, "one")
    clock.move(days=-2)
    digest, now = secret_digest("one"), clock()
    row = await house.db.read(lambda conn: rows.live_session(conn, digest, now))
    assert row is not None
    assert not row.is_fresh(now)
    assert row.is_fresh(now + timedelta(days=2, minutes=14))


async def test_a_link_for_somebody_lets_them_in_and_nobody_else(house: House) -> None:
    await make_link(house)
    wanted = Wanted("Bob Rivers", contributor([Right.TALK]))
    await house.db.write(lambda conn: people.invite(conn, None, wanted, "invitation", house.clock()))
    await house.db.write(lambda conn: verbs.make_link(conn, "bobs", "", house.clock(), " bob  RIVERS"))
    assert (await use(house, "one", "bobs")).name == "Bob Rivers"
    for name in ("Charlie", "Bob"):
        with pytest.raises(NotFound) as refused:
            await house.db.write(lambda conn, name=name: verbs.make_link(conn, "x", "", house.clock(), name))
        assert refused.value.code == Code.PERSON_UNKNOWN


async def test_how_somebody_came_in_and_the_hour_of_their_last_visit_are_kept(house: House, clock: Clock) -> None:
    clock.now = clock.now.replace(minute=40)
    await make_link(house)
    await use(house, "one")
    digest = secret_digest("one")

    async def seen() -> tuple[str, str]:
        row = await house.db.read(lambda conn: rows.live_session(conn, digest, clock()))
        assert row is not None
        assert row.seen_at is not None
        return row.way, f"{row.seen_at:%H:%M:%S.%f}"

    assert await seen() == ("link", "12:00:00.000000")
    visits = [await house.db.write(lambda conn: rows.note_visit(conn, digest, clock()))]
    clock.move(minutes=30)
    visits += [await house.db.write(lambda conn: rows.note_visit(conn, digest, clock())) for _ in range(2)]
    assert visits == [False, True, False]
    assert await seen() == ("link", "13:00:00.000000")


async def test_one_session_is_ended_by_the_beginning_of_its_name_and_only_by_its_owner(house: House) -> None:
    for name in ("one", "two"):
        await make_link(house, name)
        owner = await use(house, f"session {name}", name)
    beginning = secret_digest("session one")[:16]
    for creator_id, ended in ((owner.id + 1, False), (owner.id, True), (owner.id, False)):
        assert (
            await house.db.write(
                lambda conn, creator_id=creator_id: verbs.end_one(conn, creator_id, beginning, house.clock())
            )
            is ended
        )
    assert (await alive(house, "session one"), await alive(house, "session two")) == (False, True)
    here = secret_digest("session two")
    assert await house.db.write(lambda conn: verbs.end_others(conn, owner.id, here, house.clock())) == 0


async def test_each_deed_of_signing_in_is_in_the_log_once(house: House) -> None:
    await make_link(house)
    with pytest.raises(Refused):
        await use(house, "none", "guess")
    person = await use(house, "one")
    await house.db.write(lambda conn: verbs.set_password(conn, person.id, "kept", "one", house.clock()))
    for _ in range(2):
        await house.db.write(lambda conn: verbs.sign_out(conn, "one", house.clock()))
    found = await house.db.read(lambda conn: find_deeds(conn, DeedFilter(), 10))
    assert [(deed.what, deed.who, deed.subject, dict(deed.details)) for deed in reversed(found)] == [
        ("signin.link", None, "creator:1", {}),
        ("signin.in", 1, "", {"way": "link"}),
        ("signin.password", 1, "", {}),
        ("signin.out", 1, "", {}),
    ]


async def test_links_and_sessions_that_are_over_go(house: House, clock: Clock) -> None:
    await make_link(house, "one")
    await use(house, "first", "one")
    clock.move(days=31)
    await make_link(house, "two")
    await use(house, "second", "two")

    def count(conn: Connection) -> list[object]:
        both = (tables.signin_links, tables.studio_sessions)
        return [conn.execute(select(func.count()).select_from(table)).scalar() for table in both]

    assert await house.db.read(count) == [1, 1]


# ── wrong passwords ──────────────────────────────────────────────────────────────────────────────


async def test_wrong_passwords_are_told_of_once(house: House, clock: Clock) -> None:
    await make_link(house)
    await use(house, "one")
    first = clock()
    for number in range(2):
        await house.db.write(lambda conn: verbs.add_wrong_tries(conn, 1, 3, clock()))
        clock.move(minutes=number + 1)
    await make_link(house, "another")
    await use(house, "two", "another")
    await make_link(house, "third")
    await use(house, "three", "third")

    async def told(session: str) -> tuple[int, object]:
        now = clock()
        row = await house.db.read(lambda conn: rows.live_session(conn, secret_digest(session), now))
        assert row is not None
        return row.wrong_tries, row.wrong_since

    assert [await told(name) for name in ("one", "two", "three")] == [(0, None), (6, first), (0, None)]
    deeds = await house.db.read(lambda conn: find_deeds(conn, DeedFilter(1), 9))
    assert [deed.details for deed in deeds if deed.what == "signin.in"] == [
        {"way": "link"},
        {"way": "link", "wrong": "6", "since": first.isoformat(timespec="minutes")},
        {"way": "link"},
    ]


async def test_wrong_passwords_that_come_while_somebody_signs_in_are_neither_lost_nor_told_twice(house: House) -> None:
    await make_link(house)
    await use(house, "one")
    await make_link(house, "another")
    await side_by_side(
        house.db,
        lambda conn: verbs.add_wrong_tries(conn, 1, 3, house.clock()),
        lambda conn: verbs.sign_in_by_link(conn, "another", "two", "", house.clock()),
    )
    columns = select(func.sum(tables.creators.c.wrong_tries))
    left = await house.db.read(lambda conn: conn.execute(columns).scalar())
    told = await house.db.read(
        lambda conn: conn.execute(select(func.sum(tables.studio_sessions.c.wrong_tries))).scalar()
    )
    assert int(left or 0) + int(told or 0) == 3
