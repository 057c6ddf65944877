"""People: invited, changed, ended, let in again; one creator always stays, and nobody gives what they do not have."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from headwaters.actions import people as verbs
from headwaters.actions import signin
from headwaters.actions.people import Wanted
from headwaters.core.errors import Code, Refused
from headwaters.core.people import CREATOR, Kind, Right, Standing, contributor
from headwaters.core.signin import secret_digest
from headwaters.errands.house import House
from headwaters.store import signin as rows
from headwaters.store.deeds import DeedFilter, find_deeds
from headwaters.store.signin import CreatorRow
from tests.support.databases import side_by_side
from tests.support.house import Clock

TALKS = contributor([Right.TALK])
LEADS = contributor([Right.PEOPLE, Right.TALK])


@pytest_asyncio.fixture
async def alice(house: House) -> CreatorRow:
    """The first creator, with a session of the secret “alice”."""
    await house.db.write(lambda conn: signin.make_link(conn, "link", "Alice", house.clock()))
    return await house.db.write(lambda conn: signin.sign_in_by_link(conn, "link", "alice", "", house.clock()))


async def invite(house: House, actor: int | None, name: str, standing: Standing = TALKS) -> CreatorRow:
    wanted = Wanted(name, standing)
    return await house.db.write(lambda conn: verbs.invite(conn, actor, wanted, f"invitation of {name}", house.clock()))


async def come_in(house: House, name: str) -> CreatorRow:
    secret = f"invitation of {name}"
    return await house.db.write(lambda conn: signin.sign_in_by_link(conn, secret, name, "", house.clock()))


async def alive(house: House, session: str) -> rows.SessionRow | None:
    return await house.db.read(lambda conn: rows.live_session(conn, secret_digest(session), house.clock()))


async def do(house: House, verb: Any, *arguments: Any) -> Any:
    return await house.db.write(lambda conn: verb(conn, *arguments, house.clock()))


async def refused(house: House, verb: Any, *arguments: Any) -> Refused:
    """What a verb is refused with; nothing changed."""
    before = await house.db.read(rows.people)
    with pytest.raises(Refused) as found:
        await do(house, verb, *arguments)
    assert await house.db.read(rows.people) == before
    return found.value


async def deeds(house: House) -> list[tuple[str, int | None, str]]:
    found = await house.db.read(lambda conn: find_deeds(conn, DeedFilter(), 100))
    return [(deed.what, deed.who, deed.subject) for deed in reversed(found)]


# ── invite ───────────────────────────────────────────────────────────────────────────────────────


async def test_an_invitation_lets_somebody_in_once_within_three_days(
    house: House, alice: CreatorRow, clock: Clock
) -> None:
    bob = await invite(house, alice.id, " Bob\tRivers ")
    assert (bob.name, bob.standing, bob.password, bob.ended_at) == ("Bob Rivers", TALKS, None, None)
    clock.move(days=2, hours=23)
    secret = "invitation of  Bob\tRivers "
    assert await do(house, signin.sign_in_by_link, secret, "bob", "") == bob
    with pytest.raises(Refused):
        await do(house, signin.sign_in_by_link, secret, "again", "")
    session = await alive(house, "bob")
    assert session is not None
    assert (session.may, session.kind, session.name) == ({Right.TALK}, Kind.CONTRIBUTOR, "Bob Rivers")
    assert ("person.invited", alice.id, f"creator:{bob.id}") in await deeds(house)


async def test_an_invitation_that_nobody_used_is_over_after_three_days(
    house: House, alice: CreatorRow, clock: Clock
) -> None:
    await invite(house, alice.id, "Bob")
    clock.now += timedelta(days=3)
    with pytest.raises(Refused) as found:
        await come_in(house, "Bob")
    assert found.value.code == Code.SIGN_IN_SPENT


async def test_people_are_numbered_on_from_the_first_creator(house: House, alice: CreatorRow) -> None:
    assert [(await invite(house, alice.id, name)).id for name in ("Bob", "Carol", "Dora")] == [2, 3, 4]


@pytest.mark.parametrize("name", ["alice", " ALICE "])
async def test_two_people_with_one_name_are_refused(house: House, alice: CreatorRow, name: str) -> None:
    found = await refused(house, partial(verbs.invite), alice.id, Wanted(name, TALKS), "secret")
    assert (found.code, found.field) == (Code.PERSON_NAME, "name")


async def test_of_two_at_once_with_one_name_one_is_refused(house: House, alice: CreatorRow) -> None:
    now = house.clock()
    results = await side_by_side(
        house.db,
        lambda conn: verbs.invite(conn, alice.id, Wanted("Bob", TALKS), "one", now),
        lambda conn: verbs.invite(conn, alice.id, Wanted("bob", TALKS), "two", now),
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "CreatorRow"]
    assert [one.name.lower() for one in await house.db.read(rows.people)] == ["alice", "bob"]


async def test_who_was_ended_keeps_their_name(house: House, alice: CreatorRow) -> None:
    bob = await invite(house, alice.id, "Bob")
    await do(house, verbs.end, alice.id, bob.id)
    assert (await refused(house, verbs.invite, alice.id, Wanted("Bob", TALKS), "x")).code == Code.PERSON_NAME


# ── who may ──────────────────────────────────────────────────────────────────────────────────────


async def test_nobody_gives_or_takes_a_right_that_they_do_not_have(house: House, alice: CreatorRow) -> None:
    lead = await invite(house, alice.id, "Lead", LEADS)
    seller = await invite(house, alice.id, "Seller", contributor([Right.SELL]))
    helper = await invite(house, lead.id, "Helper", TALKS)
    for verb, arguments in (
        (verbs.invite, (Wanted("X", contributor([Right.SELL])), "x")),
        (verbs.invite, (Wanted("X", CREATOR), "x")),
        (verbs.change, (helper.id, Wanted("Helper", contributor([Right.SELL])))),
        (verbs.change, (helper.id, Wanted("Helper", CREATOR))),
        (verbs.change, (seller.id, Wanted("Seller", contributor([])))),
        (verbs.change, (seller.id, Wanted("Another name", contributor([Right.SELL])))),
        (verbs.end, (seller.id,)),
        (verbs.end, (alice.id,)),
        (verbs.new_link, (alice.id, "x")),
        (verbs.new_link, (seller.id, "x")),
    ):
        found = await refused(house, verb, lead.id, *arguments)
        assert (found.code, found.field) in {(Code.RIGHT_MISSING, "may")}, (verb, arguments)
    assert await do(house, verbs.end, lead.id, helper.id) is True


async def test_who_lost_the_right_meanwhile_does_nothing(house: House, alice: CreatorRow) -> None:
    lead = await invite(house, alice.id, "Lead", LEADS)
    bob = await invite(house, alice.id, "Bob")
    await do(house, verbs.change, alice.id, lead.id, Wanted("Lead", TALKS))
    for verb, arguments in (
        (verbs.invite, (Wanted("X", contributor([])), "x")),
        (verbs.change, (bob.id, Wanted("Bob", contributor([])))),
        (verbs.end, (bob.id,)),
        (verbs.restore, (bob.id,)),
        (verbs.new_link, (bob.id, "x")),
    ):
        assert (await refused(house, verb, lead.id, *arguments)).code == Code.PAGE_NOT_YOURS
    await do(house, verbs.end, alice.id, lead.id)
    assert (await refused(house, verbs.end, lead.id, bob.id)).code == Code.PAGE_NOT_YOURS


async def test_nobody_changes_their_own_rights_or_ends_themselves(house: House, alice: CreatorRow) -> None:
    await invite(house, alice.id, "Bob", CREATOR)
    assert (await refused(house, verbs.end, alice.id, alice.id)).code == Code.RIGHT_MISSING
    assert (await refused(house, verbs.change, alice.id, alice.id, Wanted("Alice", TALKS))).code == Code.RIGHT_MISSING


# ── the last creator ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("actor", [None, 1])
async def test_the_only_creator_stays(house: House, alice: CreatorRow, actor: int | None) -> None:
    await invite(house, alice.id, "Bob")
    assert (await refused(house, verbs.end, actor, alice.id)).code == Code.LAST_CREATOR
    if actor is None:
        found = await refused(house, verbs.change, None, alice.id, Wanted("Alice", TALKS))
        assert found.code == Code.LAST_CREATOR


async def test_of_two_creators_who_end_each_other_at_once_one_stays(house: House, alice: CreatorRow) -> None:
    bob = await invite(house, alice.id, "Bob", CREATOR)
    now = house.clock()
    results = await side_by_side(
        house.db,
        lambda conn: verbs.end(conn, alice.id, bob.id, now),
        lambda conn: verbs.end(conn, bob.id, alice.id, now),
    )
    assert sorted(type(result).__name__ for result in results) in (["Refused", "bool"], ["NotFound", "bool"])
    assert sum(one.ended_at is None for one in await house.db.read(rows.people)) == 1


async def test_with_another_creator_the_first_one_may_go_and_links_are_for_who_stays(
    house: House, alice: CreatorRow
) -> None:
    bob = await invite(house, alice.id, "Bob", CREATOR)
    assert await do(house, verbs.end, bob.id, alice.id) is True
    await house.db.write(lambda conn: signin.make_link(conn, "machine", "", house.clock()))
    assert (await do(house, signin.sign_in_by_link, "machine", "s", "")).id == bob.id


# ── change, end, restore ─────────────────────────────────────────────────────────────────────────


async def test_other_rights_count_from_the_next_page(house: House, alice: CreatorRow) -> None:
    bob = await invite(house, alice.id, "Bob")
    await come_in(house, "Bob")
    wanted = Wanted("Bobby", contributor([Right.SELL]))
    assert [await do(house, verbs.change, alice.id, bob.id, wanted) for _ in range(2)] == [True, False]
    session = await alive(house, "Bob")
    assert session is not None
    assert (session.may, session.name) == ({Right.SELL}, "Bobby")
    assert [deed for deed in await deeds(house) if deed[0] == "person.changed"] == [
        ("person.changed", alice.id, f"creator:{bob.id}")
    ]


async def test_who_is_ended_is_out_at_once_and_no_link_lets_them_in(house: House, alice: CreatorRow) -> None:
    bob = await invite(house, alice.id, "Bob")
    await come_in(house, "Bob")
    await do(house, verbs.new_link, alice.id, bob.id, "unused")
    assert [await do(house, verbs.end, alice.id, bob.id) for _ in range(2)] == [True, False]
    assert await alive(house, "Bob") is None
    with pytest.raises(Refused) as found:
        await do(house, signin.sign_in_by_link, "unused", "again", "")
    assert found.value.code == Code.SIGN_IN_SPENT
    assert (await refused(house, verbs.new_link, alice.id, bob.id, "x")).code == Code.PERSON_UNKNOWN
    with pytest.raises(Refused):
        await house.db.write(lambda conn: signin.make_link(conn, "x", "", house.clock(), "Bob"))


async def test_who_is_let_in_again_needs_a_new_session(house: House, alice: CreatorRow) -> None:
    bob = await invite(house, alice.id, "Bob")
    await come_in(house, "Bob")
    await do(house, verbs.end, alice.id, bob.id)
    assert [await do(house, verbs.restore, alice.id, bob.id) for _ in range(2)] == [True, False]
    assert await alive(house, "Bob") is None
    await do(house, verbs.new_link, alice.id, bob.id, "fresh")
    assert (await do(house, signin.sign_in_by_link, "fresh", "new", "")).standing == TALKS


async def test_who_signs_in_while_they_are_ended_is_not_in(house: House, alice: CreatorRow) -> None:
    bob = await invite(house, alice.id, "Bob")
    now = house.clock()
    for first in (0, 1):
        await do(house, verbs.restore, alice.id, bob.id)
        await do(house, verbs.new_link, alice.id, bob.id, f"link {first}")
        both = [
            lambda conn: verbs.end(conn, alice.id, bob.id, now),
            lambda conn, first=first: signin.sign_in_by_link(conn, f"link {first}", f"bob {first}", "", now),
        ]
        await side_by_side(house.db, *(both if first else reversed(both)))
        assert await alive(house, f"bob {first}") is None


async def test_a_new_link_makes_the_one_before_worthless(house: House, alice: CreatorRow) -> None:
    bob = await invite(house, alice.id, "Bob")
    await do(house, verbs.new_link, alice.id, bob.id, "second")
    with pytest.raises(Refused):
        await come_in(house, "Bob")
    assert await do(house, signin.sign_in_by_link, "second", "s", "")


async def test_everybody_renames_themselves_and_takes_nobodys_name(house: House, alice: CreatorRow) -> None:
    bob = await invite(house, alice.id, "Bob")
    assert [await do(house, verbs.rename_self, bob.id, "Bob Rivers") for _ in range(2)] == [True, False]
    assert (await refused(house, verbs.rename_self, bob.id, "alice")).code == Code.PERSON_NAME
    assert (await refused(house, verbs.rename_self, bob.id, " ")).code == Code.PERSON_NAME


async def test_nobody_unknown_is_changed(house: House, alice: CreatorRow) -> None:
    for verb, arguments in ((verbs.end, ()), (verbs.restore, ()), (verbs.new_link, ("x",))):
        assert (await refused(house, verb, alice.id, 99, *arguments)).code == Code.PERSON_UNKNOWN
