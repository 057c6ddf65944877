"""People over HTTP: invited, let in to what is theirs and nothing else, changed, ended."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from headwaters.core.sales.states import Door
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.web.app import make_app
from tests.people import BOB, take_work
from tests.support.house import Clock
from tests.web.studio.conftest import Visitor

PASSWORD = "tide lamp oboe fern"
_LINK = re.compile(r'id="link">([^<]+)<')


@pytest_asyncio.fixture
async def bob(shop: House) -> AsyncIterator[Visitor]:
    """Bob's browser; he is not in yet."""
    async with TestClient(TestServer(make_app(shop))) as client:
        yield Visitor(client)


async def invite(alice: Visitor, house: House, name: str = "Bob", **fields: str) -> str:
    """The path of the link that Alice is shown."""
    form = {"name": name, "kind": "contributor", **fields}
    answer = await alice.send("/studio/people/invite", "/studio/people/invite", **form)
    page = await answer.text()
    assert answer.status == 200, page
    return unescape(_LINK.findall(page)[0]).removeprefix(house.config.url)


async def come_in(visitor: Visitor, path: str) -> None:
    assert (await visitor.post(path, {})).status == 303


async def test_the_link_of_an_invitation_is_shown_once_and_lets_in_once(
    shop: House, alice: Visitor, bob: Visitor, stranger: Visitor, clock: Clock
) -> None:
    path = await invite(alice, shop, may_talk="yes")
    secret = path.rpartition("/")[2]
    for page in ("/studio/people", "/studio/people/2", "/studio/log"):
        assert secret not in await alice.text(page)
    assert "Invited; the link works until November 25, 2026, 12:00 UTC" in await alice.text("/studio/people")
    clock.move(days=2)
    assert "lets Bob into the Studio of Alice&#39;s films" in await bob.text(path)
    answer = await bob.post(path, {})
    assert (answer.status, answer.headers["Location"]) == (303, "/studio/password")
    assert (await stranger.post(path, {})).status == 410
    assert "Hello, Bob" in await bob.text("/studio")


async def test_a_contributor_sees_what_is_theirs_and_nothing_else(shop: House, alice: Visitor, bob: Visitor) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand", minor=1234, email=BOB, letter="Dear Alice, hello.")
    await settle.confirm(shop, order.reference)
    await come_in(bob, await invite(alice, shop, may_talk="yes"))
    start = await bob.text("/studio")
    nav = re.findall(r'<a href="(/studio/[a-z]+)"', start.partition("</nav>")[0])
    assert nav == ["/studio/letters", "/studio/shop"]
    assert "Dear Alice, hello." in start
    for word in ("12.34", BOB, order.reference, "/studio/orders"):
        assert word not in start
    hub = (await bob.text("/studio/shop")).partition("<main")[2].partition("</main>")[0]
    assert re.findall(r'href="(/studio/[a-z]+)"', hub) == ["/studio/notices", "/studio/you"]
    for path in ("/studio/orders", f"/studio/orders/{order.id}", "/studio/works", "/studio/people", "/studio/log"):
        assert (await bob.get(path)).status == 404, path
    told = await (await bob.get("/studio/orders")).text()
    assert "This is not for you." in told
    assert "Whoever invited you can let you in here" in told
    assert told == await (await bob.get("/studio/orders/99999")).text()
    assert '<a class="go" href="/studio">' in told
    for path in ("/studio/people/invite", "/studio/people/1/end", "/studio/works/high-water/retire"):
        token = (await bob.hidden("/studio"))["csrf"]
        assert (await bob.post(path, {"csrf": token, "name": "X"})).status == 404, path


async def test_who_may_do_nothing_yet_is_told_so(shop: House, alice: Visitor, bob: Visitor) -> None:
    await take_work(shop, letter="Dear Alice, hello.")
    await come_in(bob, await invite(alice, shop))
    page = await bob.text("/studio")
    assert "who invited you can give you more" in page
    assert "Dear Alice" not in page
    assert "person took" not in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"name": ""}, "Please give a name."), ({"name": "alice"}, "There is somebody called Alice already.")],
)
async def test_a_refused_invitation_keeps_what_was_typed(alice: Visitor, fields: dict[str, str], words: str) -> None:
    form = {"kind": "contributor", "may_sell": "yes", "may_look": "yes", **fields}
    answer = await alice.send("/studio/people/invite", "/studio/people/invite", **form)
    page = await answer.text()
    assert answer.status in {409, 422}
    assert words in page
    assert (
        f'name="name" value="{fields["name"]}" required maxlength="80" autocomplete="off" aria-invalid="true"' in page
    )
    assert re.findall(r'name="may_([a-z]+)" value="yes" checked', page) == ["sell", "look"]


async def test_the_same_invitation_twice_is_one_person(shop: House, alice: Visitor) -> None:
    await invite(alice, shop)
    answer = await alice.send("/studio/people/invite", "/studio/people/invite", name="Bob", kind="contributor")
    assert answer.status == 409
    assert (await alice.text("/studio/people")).count("/studio/people/2") == 1


async def test_a_contributor_who_invites_gives_no_more_than_they_have(
    shop: House, alice: Visitor, bob: Visitor
) -> None:
    await come_in(bob, await invite(alice, shop, may_people="yes", may_talk="yes"))
    page = await bob.text("/studio/people/invite")
    assert 'value="creator"' not in page
    assert re.findall(r'name="may_([a-z]+)" value="yes" disabled', page) == ["publish", "sell", "look"]
    for fields in ({"kind": "creator"}, {"kind": "contributor", "may_sell": "yes"}):
        answer = await bob.send("/studio/people/invite", "/studio/people/invite", name="Eve", **fields)
        assert answer.status == 422
        assert "Nobody can give a right that they do not have." in await answer.text()
    assert "They may do more than you" in await bob.text("/studio/people/1")
    assert (await bob.send("/studio/people/1", "/studio/people/1/end")).status == 422
    assert (await bob.send("/studio/people/1", "/studio/people/1/link")).status == 422
    assert (await alice.get("/studio")).status == 200


async def test_rights_are_changed_ended_and_given_back(shop: House, alice: Visitor, bob: Visitor) -> None:
    await come_in(bob, await invite(alice, shop, may_talk="yes"))
    person = "/studio/people/2"
    answer = await alice.send(person, person, name="Bob", kind="contributor", may_sell="yes")
    assert answer.headers["Location"] == f"{person}?said=person_changed"
    assert [(await bob.get(path)).status for path in ("/studio/letters", "/studio/orders")] == [404, 200]
    answer = await alice.send(person, f"{person}/end")
    assert answer.headers["Location"] == f"{person}?said=person_ended"
    answer = await bob.get("/studio/orders")
    assert (answer.status, answer.headers["Location"]) == (303, "/studio/signin?next=/studio/orders")
    assert "Out since November 22, 2026" in await alice.text("/studio/people")
    await alice.send(person, f"{person}/restore")
    assert (await bob.get("/studio")).status == 303, "their session is over all the same"
    page = await (await alice.send(person, f"{person}/link")).text()
    await come_in(bob, unescape(_LINK.findall(page)[0]).removeprefix(shop.config.url))
    assert (await bob.get("/studio/orders")).status == 200


async def test_the_only_creator_is_not_made_less(shop: House, alice: Visitor, bob: Visitor) -> None:
    await come_in(bob, await invite(alice, shop, may_people="yes"))
    assert "This is you." in await alice.text("/studio/people/1")
    for path, fields in (("/studio/people/1/end", {}), ("/studio/people/1", {"name": "Alice", "kind": "contributor"})):
        answer = await alice.send("/studio/people/2", path, **fields)
        assert answer.status == 422


@pytest.mark.parametrize("person", ["99", "0", "x", "1" * 30, "١"])
async def test_somebody_who_is_not_there_is_not_found(alice: Visitor, person: str) -> None:
    assert (await alice.get(f"/studio/people/{person}")).status == 404
    for what in ("", "/link", "/end", "/restore"):
        token = (await alice.hidden("/studio"))["csrf"]
        assert (await alice.post(f"/studio/people/{person}{what}", {"csrf": token, "name": "X"})).status == 404


async def test_who_signed_in_a_while_ago_signs_in_once_more_before_they_let_somebody_in(
    shop: House, alice: Visitor, clock: Clock
) -> None:
    await alice.send("/studio/password", "/studio/password", password=PASSWORD)
    token = (await alice.hidden("/studio"))["csrf"]
    clock.move(minutes=20)
    answer = await alice.get("/studio/people/invite")
    assert answer.headers["Location"] == "/studio/signin?again=1&next=/studio/people/invite"
    page = await alice.text("/studio/signin?again=1&next=/studio/people/invite")
    assert "Sign in once more" in page
    form = {"csrf": token, "name": "Bob", "kind": "contributor"}
    assert (await alice.post("/studio/people/invite", form)).status == 200, "the form was opened in time"
    clock.move(minutes=20)
    answer = await alice.post("/studio/people/invite", {**form, "name": "Carol"})
    page = await answer.text()
    assert answer.status == 401
    assert "Carol" in page
    kept = unescape(re.findall(r'name="kept" value="([^"]+)"', page)[0])
    answer = await alice.post("/studio/signin", {"username": "Alice", "password": PASSWORD, "kept": kept})
    page = await answer.text()
    assert "Welcome back, Alice." in page
    fields = {name: unescape(value) for name, value in re.findall(r'name="([a-z_]+)" value="([^"]*)"', page)}
    assert fields["name"] == "Carol"
    assert (await alice.post("/studio/people/invite", fields)).status == 200


# ── signing in with several people ───────────────────────────────────────────────────────────────


async def test_a_wrong_name_and_a_wrong_password_look_the_same(shop: House, alice: Visitor, stranger: Visitor) -> None:
    assert 'id="username"' not in await stranger.text("/studio/signin")
    await alice.send("/studio/password", "/studio/password", password=PASSWORD)
    await invite(alice, shop)
    assert 'id="username"' in await stranger.text("/studio/signin")
    pages = []
    for name, password in (("Alice", "guess"), ("Nobody", PASSWORD), ("Bob", PASSWORD), ("", PASSWORD)):
        answer = await stranger.post("/studio/signin", {"username": name, "password": password})
        assert answer.status == 422
        pages.append((await answer.text()).replace(f'value="{name}"', 'value=""'))
    assert pages[0] == pages[1] == pages[2] == pages[3]
    assert "This name and this password do not belong together." in pages[0]
    assert (await stranger.post("/studio/signin", {"username": "ALICE", "password": PASSWORD})).status == 303


async def test_guessing_one_name_is_slowed_down_from_wherever_it_comes(shop: House, alice: Visitor) -> None:
    await alice.send("/studio/password", "/studio/password", password=PASSWORD)
    await invite(alice, shop)
    shop.config = type(shop.config)(shop=shop.config.shop, url=shop.config.url, proxies=("127.0.0.1",))
    async with TestClient(TestServer(make_app(shop))) as client:
        visitor = Visitor(client)

        async def guess(network: int, name: str, password: str = "guess") -> int:
            headers = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": f"10.0.{network}.1"}
            return (await visitor.post("/studio/signin", {"username": name, "password": password}, headers)).status

        assert [await guess(number, "alice") for number in range(20)] == [422] * 20
        assert await guess(100, " ALICE ", PASSWORD) == 429
        assert await guess(101, "Nobody") == 422
        assert [await guess(number, "nobody") for number in range(200, 220)][-1] == 429, "also one that nobody has"
        assert await guess(102, "Bob") == 422
