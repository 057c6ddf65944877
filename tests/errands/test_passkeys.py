"""Passkeys below the web: asked for, made, signed in with, by an authenticator that also lies."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from headwaters.actions.people import Wanted
from headwaters.adapters.passkeys import WebAuthnPasskeys
from headwaters.core.errors import Code, Refused
from headwaters.core.passkeys import PasskeySite
from headwaters.core.people import CREATOR
from headwaters.errands import passkeys, people, signin
from headwaters.errands.house import House
from headwaters.store.signin import SessionRow
from tests.support.authenticator import Authenticator, b64
from tests.support.house import Clock, MakeHouse


@pytest_asyncio.fixture
async def shop(make_house: MakeHouse) -> House:
    house: House = await make_house(creator="Alice")
    house.passkeys = WebAuthnPasskeys(PasskeySite("localhost", "http://localhost"))
    return house


async def session_by(house: House, link: str) -> SessionRow:
    found = await signin.sign_in_by_link(house, link.rpartition("/")[2], "")
    row = await signin.session_of(house, found.session)
    assert row is not None
    return row


@pytest_asyncio.fixture
async def alice(shop: House) -> SessionRow:
    return await session_by(shop, await signin.make_link(shop))


async def make(house: House, session: SessionRow, device: Authenticator, label: str = "", **lies: Any) -> str:
    options = await passkeys.ask_for_new(house, session)
    return await passkeys.add(house, session, device.create(options, **lies), label)


async def come_in(house: House, device: Authenticator, **lies: Any) -> SessionRow | None:
    options = await passkeys.ask_to_sign_in(house)
    found = await passkeys.sign_in(house, device.sign_in(options, **lies), "")
    return await signin.session_of(house, found.session)


async def test_a_passkey_signs_its_owner_in_without_a_name(shop: House, alice: SessionRow) -> None:
    device = Authenticator()
    assert await make(shop, alice, device) == "Passkey 1"
    assert await make(shop, alice, Authenticator(), " my phone ") == "my phone"
    row = await come_in(shop, device)
    assert row is not None
    assert (row.creator_id, row.name, row.way, row.label) == (1, "Alice", "passkey", "Passkey 1")
    assert await come_in(shop, device), "and again"


async def test_who_has_a_passkey_is_not_asked_for_a_key_after_a_link(shop: House, alice: SessionRow) -> None:
    link = await signin.make_link(shop)
    assert not (await signin.sign_in_by_link(shop, link.rpartition("/")[2], "")).has_key
    await make(shop, alice, Authenticator())
    link = await signin.make_link(shop)
    assert (await signin.sign_in_by_link(shop, link.rpartition("/")[2], "")).has_key


async def test_the_same_answer_twice_counts_once(shop: House, alice: SessionRow) -> None:
    device = Authenticator(counts=False)
    made = device.create(await passkeys.ask_for_new(shop, alice))
    await passkeys.add(shop, alice, made, "")
    with pytest.raises(Refused) as refused:
        await passkeys.add(shop, alice, made, "")
    assert refused.value.code is Code.PASSKEY_REFUSED
    answer = device.sign_in(await passkeys.ask_to_sign_in(shop))
    await passkeys.sign_in(shop, answer, "")
    with pytest.raises(Refused) as refused:
        await passkeys.sign_in(shop, answer, "")
    assert refused.value.code is Code.PASSKEY_REFUSED


async def test_a_question_to_add_is_none_to_sign_in_and_none_of_anybody_else(shop: House, alice: SessionRow) -> None:
    invitation = await people.invite(shop, alice.creator_id, Wanted("Bob", CREATOR))
    bob = await session_by(shop, invitation.url)
    device = Authenticator()
    made = device.create(await passkeys.ask_for_new(shop, alice))
    with pytest.raises(Refused):
        await passkeys.add(shop, bob, made, "")
    await passkeys.add(shop, alice, made, "")
    with pytest.raises(Refused):
        await passkeys.sign_in(shop, device.sign_in(await passkeys.ask_for_new(shop, alice)), "")


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "http://evil.example"},
        {"host": "evil.example"},
        {"flags": 0x01},
        {"key": Authenticator().key},
        {"handle": b"x" * 16},
        {"handle": None},
        {"count": 0},
        {"id": b64(b"unknown")},
    ],
)
async def test_whatever_is_wrong_with_an_answer_it_hears_one_sentence(
    shop: House, alice: SessionRow, lies: dict[str, Any]
) -> None:
    device = Authenticator()
    await make(shop, alice, device)
    await come_in(shop, device)
    with pytest.raises(Refused) as refused:
        await come_in(shop, device, **lies)
    assert (refused.value.code, refused.value.message) == (
        Code.SIGN_IN_FAILED,
        "This passkey does not open this Studio.",
    )


async def test_nonsense_is_refused_before_anything_is_written(shop: House) -> None:
    for answer in ("", "{}", "[1]"):
        with pytest.raises(Refused) as refused:
            await passkeys.sign_in(shop, answer, "")
        assert refused.value.code is Code.SIGN_IN_FAILED


async def test_a_removed_passkey_and_one_of_somebody_who_is_out_say_the_same(shop: House, alice: SessionRow) -> None:
    device = Authenticator()
    await make(shop, alice, device)
    await passkeys.rename(shop, alice, 1, "old phone")
    await passkeys.remove(shop, alice, 1)
    with pytest.raises(Refused) as refused:
        await come_in(shop, device)
    assert refused.value.code is Code.SIGN_IN_FAILED


async def test_only_who_signed_in_just_now_adds_a_passkey(shop: House, alice: SessionRow, clock: Clock) -> None:
    clock.move(minutes=15)
    with pytest.raises(Refused) as refused:
        await passkeys.ask_for_new(shop, alice)
    assert refused.value.code is Code.SIGN_IN_NEEDED


async def test_an_old_session_of_who_has_only_a_passkey_sets_no_password(
    shop: House, alice: SessionRow, clock: Clock
) -> None:
    await make(shop, alice, Authenticator())
    clock.move(minutes=15)
    with pytest.raises(Refused) as refused:
        await signin.set_password(shop, alice, "", "tide lamp oboe fern", "")
    assert refused.value.code is Code.SIGN_IN_FAILED


async def test_where_no_browser_would_have_them_it_is_said(shop: House, alice: SessionRow) -> None:
    shop.passkeys = None
    with pytest.raises(Refused) as refused:
        await passkeys.ask_to_sign_in(shop)
    assert refused.value.code is Code.PASSKEY_REFUSED
    assert "name and a secure address" in refused.value.message
