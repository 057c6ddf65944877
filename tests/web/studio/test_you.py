"""You: name, passkeys, password, and where you are signed in."""

from __future__ import annotations

import json
import re

import pytest
import pytest_asyncio
from aiohttp import ClientResponse

from headwaters.adapters.passkeys import WebAuthnPasskeys
from headwaters.core.passkeys import PasskeySite
from headwaters.errands.house import House
from tests.support.authenticator import Authenticator
from tests.support.house import Clock
from tests.web.studio.conftest import Visitor

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest_asyncio.fixture
async def here(shop: House, alice: Visitor) -> House:
    """The shop, where passkeys work at the address that Alice's browser has open."""
    host = f"{alice.client.host}:{alice.client.port}"
    shop.passkeys = WebAuthnPasskeys(PasskeySite("localhost", f"http://{host}"))
    return shop


def device(house: House) -> Authenticator:
    assert house.passkeys is not None
    return Authenticator(origin=house.passkeys.site.origin)


async def options(visitor: Visitor, path: str) -> str:
    token = (await visitor.hidden("/studio")).get("csrf", "") if path.startswith("/studio/you") else ""
    answer = await visitor.post(path, {"csrf": token})
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def add(visitor: Visitor, authenticator: Authenticator, **fields: str) -> ClientResponse:
    made = authenticator.create(await options(visitor, "/studio/you/passkey.json"))
    return await visitor.send("/studio/you", "/studio/you/passkeys", credential=made, **fields)


async def sign_in(visitor: Visitor, authenticator: Authenticator, path: str = "/studio") -> ClientResponse:
    answer = authenticator.sign_in(await options(visitor, "/studio/signin/passkey.json"))
    return await visitor.post("/studio/signin", {"credential": answer, "next": path})


# ── passkeys ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_passkey_is_made_named_used_and_removed(here: House, alice: Visitor, stranger: Visitor) -> None:
    key = device(here)
    answer = await add(alice, key, label="my phone")
    assert (answer.status, answer.headers["Location"]) == (303, "/studio/you?said=passkey_added")
    page = await alice.text("/studio/you")
    assert "my phone" in page
    assert "not used yet" in page
    answer = await sign_in(stranger, key, "/studio/works")
    assert (answer.status, answer.headers["Location"]) == (303, "/studio/works")
    assert "By the passkey “my phone”" in await stranger.text("/studio/you")
    await alice.send("/studio/you", "/studio/you/passkeys/1/rename", label="old phone")
    assert "old phone" in await alice.text("/studio/you")
    answer = await alice.send("/studio/you", "/studio/you/passkeys/1/remove")
    assert answer.headers["Location"] == "/studio/you?said=passkey_removed"
    assert (await alice.send("/studio/you", "/studio/you/passkeys/1/remove")).status == 404
    answer = await sign_in(stranger, key)
    assert answer.status == 422
    assert "This passkey does not open this Studio." not in await stranger.text("/studio/you")


async def test_the_first_key_is_offered_after_the_link_and_leads_on(here: House, alice: Visitor) -> None:
    page = await alice.text("/studio/password")
    assert page.index("Make a passkey") < page.index("New password") < page.index("Skip it for now")
    made = device(here).create(await options(alice, "/studio/you/passkey.json"))
    answer = await alice.send("/studio/password", "/studio/you/passkeys", credential=made, first="yes")
    assert answer.headers["Location"] == "/studio?said=passkey_added"
    assert "Make a passkey" not in await alice.text("/studio/password")
    assert "You have no password yet." not in await alice.text("/studio")


@pytest.mark.parametrize("credential", ["", "{}", "[]", "x" * 40_000])
async def test_nonsense_from_the_browser_is_refused_in_words(here: House, alice: Visitor, credential: str) -> None:
    fields = {"credential": credential, "label": "my phone"}
    answer = await alice.send("/studio/you", "/studio/you/passkeys", **fields)
    page = await answer.text()
    assert answer.status == 422
    assert "This passkey’s answer is not one for this shop." in page
    assert 'value="my phone"' in page
    answer = await alice.send("/studio/password", "/studio/you/passkeys", **fields, first="yes")
    assert (answer.status, "Or with a password" in await answer.text()) == (422, True)


async def test_a_name_that_is_too_long_is_refused_beside_its_field(here: House, alice: Visitor) -> None:
    await add(alice, device(here))
    answer = await alice.send("/studio/you", "/studio/you/passkeys/1/rename", label="x" * 61)
    page = await answer.text()
    assert answer.status == 422
    assert '<span class="wrong" id="label-1-wrong">A name has 60 characters at most.' in page
    assert (await add(alice, device(here), label="y" * 61)).status == 422


async def test_a_passkey_is_removed_by_its_owner_alone(here: House, alice: Visitor, stranger: Visitor) -> None:
    await add(alice, device(here))
    page = await (await alice.send("/studio/people/invite", "/studio/people/invite", name="Bob", kind="creator")).text()
    link = re.findall(r'id="link">([^<]+)<', page)[0].removeprefix(here.config.url)
    await stranger.post(link, {})
    for what in ("rename", "remove"):
        answer = await stranger.send("/studio/you", f"/studio/you/passkeys/1/{what}", label="mine")
        assert answer.status == 404
    assert "Passkey 1" in await alice.text("/studio/you")


async def test_where_passkeys_do_not_work_the_page_says_where_they_do(shop: House, alice: Visitor) -> None:
    assert "Browsers take passkeys only at an address with a name, over https." in await alice.text("/studio/you")
    answer = await alice.send("/studio", "/studio/you/passkey.json")
    assert (answer.status, (await answer.json())["error"]["code"]) == (422, "passkey_refused")
    shop.passkeys = WebAuthnPasskeys(PasskeySite("localhost", "http://localhost:8000"))
    assert 'href="http://localhost:8000/studio/you"' in await alice.text("/studio/you")


async def test_an_old_session_signs_in_once_more_to_add_one(here: House, alice: Visitor, clock: Clock) -> None:
    clock.move(minutes=16)
    page = await alice.text("/studio/you")
    assert 'href="/studio/signin?again=1&amp;next=/studio/you"' in page
    assert "data-passkey" not in page
    answer = await alice.send("/studio", "/studio/you/passkey.json")
    assert (answer.status, (await answer.json())["error"]["code"]) == (401, "sign_in_needed")


async def test_questions_without_end_are_slowed_down(here: House, stranger: Visitor) -> None:
    statuses = [(await stranger.post("/studio/signin/passkey.json", {})).status for _ in range(31)]
    assert statuses == [200] * 30 + [429]
    answer = await stranger.post("/studio/signin/passkey.json", {}, {"Sec-Fetch-Site": "cross-site"})
    assert (answer.status, (await answer.json())["error"]["code"]) == (403, "foreign_form")


async def test_the_options_hold_nothing_about_who_has_passkeys(here: House, alice: Visitor, stranger: Visitor) -> None:
    await add(alice, device(here))
    asked = json.loads(await options(stranger, "/studio/signin/passkey.json"))
    assert asked.get("allowCredentials", []) == []


# ── name and sessions ────────────────────────────────────────────────────────────────────────────


async def test_a_name_is_kept_and_a_wrong_one_stays_in_its_field(alice: Visitor) -> None:
    answer = await alice.send("/studio/you", "/studio/you/name", name="Alice Rivers")
    assert answer.headers["Location"] == "/studio/you?said=name_kept"
    assert "Hello, Alice Rivers" in await alice.text("/studio")
    answer = await alice.send("/studio/you", "/studio/you/name", name="x" * 81)
    page = await answer.text()
    assert (answer.status, "A name has 80 characters at most." in page, "x" * 81 in page) == (422, True, True)


async def test_sessions_are_listed_and_ended_one_by_one_or_all_others(
    shop: House, alice: Visitor, stranger: Visitor, clock: Clock
) -> None:
    clock.move(minutes=5)
    await stranger.sign_in(shop)
    page = await alice.text("/studio/you")
    assert page.count("By a sign-in link") == 2 + 1  # one of them is read out with its button
    assert page.count('By a sign-in link <b class="waits">(here)</b>') == 1
    assert "last seen on November 22, 2026, after 12:00 UTC" in page
    other = re.findall(r'name="session" value="([0-9a-f]{16})"', page)
    assert len(other) == 1
    answer = await alice.send("/studio/you", "/studio/you/sessions/end", session=other[0])
    assert answer.headers["Location"] == "/studio/you?said=session_ended"
    assert [(await one.get("/studio")).status for one in (alice, stranger)] == [200, 303]
    await stranger.sign_in(shop)
    await alice.send("/studio/you", "/studio/you/sessions/end-others")
    assert [(await one.get("/studio")).status for one in (alice, stranger)] == [200, 303]


async def test_nobody_ends_a_session_of_somebody_else(shop: House, alice: Visitor, stranger: Visitor) -> None:
    page = await (await alice.send("/studio/people/invite", "/studio/people/invite", name="Bob", kind="creator")).text()
    await stranger.post(re.findall(r'id="link">([^<]+)<', page)[0].removeprefix(shop.config.url), {})
    alices = await alice.text("/studio/you")
    assert "session" not in re.findall(r'name="(\w+)"', alices)
    for name in ("", "0" * 16, "%" * 16, "x"):
        await stranger.send("/studio/you", "/studio/you/sessions/end", session=name)
    assert (await alice.get("/studio")).status == 200


async def test_nothing_tells_where_or_with_what_somebody_signed_in(shop: House, alice: Visitor) -> None:
    await alice.get("/studio/you", **{"User-Agent": "Telltale/1.0"})
    page = await alice.text("/studio/you")
    assert "Telltale" not in page
    assert "127.0.0.1" not in page
