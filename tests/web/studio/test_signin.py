"""The way into the Studio, and what keeps others out."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from headwaters.core.signin import form_token
from headwaters.errands import signin
from headwaters.errands.house import House
from headwaters.web.app import make_app
from headwaters.web.studio.guard import studio_path
from tests.people import take_work
from tests.support.house import Clock
from tests.web.studio.conftest import Visitor

PASSWORD = "tide lamp oboe fern"
PAGES = ["/studio", "/studio/orders", "/studio/orders/1", "/studio/letters", "/studio/letters/1", "/studio/works"]
FORMS = [
    "/studio/orders/1/confirm",
    "/studio/orders/1/mail",
    "/studio/letters/1",
    "/studio/works/high-water/retire",
    "/studio/works/high-water/restore",
    "/studio/password",
    "/studio/signout",
]


async def path_of_link(house: House) -> str:
    return (await signin.make_link(house)).removeprefix(house.config.url)


# ── who is not signed in ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [*PAGES, "/studio/password"])
async def test_a_stranger_is_led_to_the_sign_in_page_and_back(shop: House, stranger: Visitor, path: str) -> None:
    await take_work(shop, email="bob@example.org", letter="Dear Alice")
    answer = await stranger.get(path)
    assert (answer.status, answer.headers["Location"]) == (303, f"/studio/signin?next={path}")
    assert "bob" not in await answer.text()


@pytest.mark.parametrize("path", FORMS)
async def test_a_stranger_does_nothing(shop: House, stranger: Visitor, path: str) -> None:
    await take_work(shop)
    answer = await stranger.post(path, {"csrf": form_token(""), "body": "x", "password": PASSWORD})
    assert answer.status == 401
    page = await answer.text()
    assert "Sign in" in page
    assert PASSWORD not in page


@pytest.mark.parametrize("value", ["", "x", "a" * 26, "../../etc/passwd", "a" * 100_000])
async def test_a_made_up_cookie_opens_nothing(stranger: Visitor, value: str) -> None:
    if len(value) < 8_000:
        stranger.client.session.cookie_jar.update_cookies({"studio": value})
        assert (await stranger.get("/studio")).status == 303


@pytest.mark.parametrize("path", [*PAGES, "/studio/signin", "/studio/in/" + "a" * 26, "/studio/nowhere", "/studio/"])
async def test_nothing_under_studio_is_kept_or_indexed(shop: House, alice: Visitor, path: str) -> None:
    await take_work(shop)
    answer = await alice.get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


# ── the link ─────────────────────────────────────────────────────────────────────────────────────


async def test_opening_a_link_shows_a_button_and_uses_nothing_up(shop: House, stranger: Visitor) -> None:
    path = await path_of_link(shop)
    for method in ("GET", "HEAD", "GET"):
        answer = await stranger.client.request(method, path)
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers
    answer = await stranger.post(path, {})
    assert (answer.status, answer.headers["Location"]) == (303, "/studio/password")
    assert (await stranger.get("/studio")).status == 200


async def test_the_cookie_is_for_this_site_alone(shop: House, stranger: Visitor) -> None:
    answer = await stranger.post(await path_of_link(shop), {})
    cookie = answer.cookies["studio"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert cookie["max-age"] == str(30 * 24 * 3600)
    assert not cookie["secure"]


async def test_over_tls_the_cookie_has_the_prefix_that_browsers_guard(shop: House) -> None:
    shop.config = replace(shop.config, url="https://shop.example")
    async with TestClient(TestServer(make_app(shop))) as client:
        answer = await Visitor(client).post(await path_of_link(shop), {})
        cookie = answer.cookies["__Host-studio"]
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


async def test_a_used_link_says_so(shop: House, stranger: Visitor) -> None:
    path = await path_of_link(shop)
    await stranger.post(path, {})
    for answer in (await stranger.get(path), await stranger.post(path, {})):
        assert answer.status == 410
        assert "This link is over" in await answer.text()


async def test_an_expired_link_says_so_and_a_guess_says_the_same(shop: House, stranger: Visitor, clock: Clock) -> None:
    path = await path_of_link(shop)
    clock.move(minutes=10)
    said = [await (await stranger.post(each, {})).text() for each in (path, "/studio/in/" + "a" * 26, "/studio/in/x")]
    assert "This link is over" in said[0]
    assert [text.replace(path, "") for text in said] == [said[0]] * 3


async def test_of_two_tabs_at_once_one_gets_in(shop: House) -> None:
    app = make_app(shop)
    async with TestServer(app) as server:
        tabs = [Visitor(TestClient(server)) for _ in range(5)]
        path = await path_of_link(shop)
        answers = await asyncio.gather(*(tab.post(path, {}) for tab in tabs))
        assert sorted(answer.status for answer in answers) == [303, 410, 410, 410, 410]
        assert sorted([(await tab.get("/studio")).status for tab in tabs]) == [200, 303, 303, 303, 303]
        for tab in tabs:
            await tab.client.close()


async def test_a_planted_session_is_worth_nothing(shop: House, stranger: Visitor) -> None:
    """Session fixation: who knows the cookie from before signing in does not know the one after."""
    planted = "b" * 26
    stranger.client.session.cookie_jar.update_cookies({"studio": planted})
    answer = await stranger.post(await path_of_link(shop), {})
    assert answer.cookies["studio"].value != planted
    assert await signin.session_of(shop, planted) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://shop.example"},
    ],
)
async def test_another_site_signs_nobody_in(shop: House, stranger: Visitor, headers: dict[str, str]) -> None:
    path = await path_of_link(shop)
    for answer in (
        await stranger.post(path, {}, headers),
        await stranger.post("/studio/signin", {"password": PASSWORD}, headers),
    ):
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers
    assert (await stranger.post(path, {})).status == 303  # and the link is still good


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://shop.example"}])
async def test_a_browser_without_fetch_metadata_is_known_by_its_origin(
    shop: House, stranger: Visitor, headers: dict[str, str]
) -> None:
    assert (await stranger.post(await path_of_link(shop), {}, headers)).status == 303


# ── forms of who is signed in ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    ("csrf", "site"),
    [(None, "same-origin"), ("", "same-origin"), ("wrong", "same-origin"), ("right", "cross-site"), ("right", "none")],
)
async def test_a_form_needs_this_sessions_token_and_this_site(
    shop: House, alice: Visitor, path: str, csrf: str | None, site: str
) -> None:
    await take_work(shop)
    fields = {"body": "x", "nonce": "n" * 20, "password": PASSWORD, "current": ""}
    if csrf is not None:
        fields["csrf"] = (await alice.hidden("/studio"))["csrf"] if csrf == "right" else csrf
    answer = await alice.post(path, fields, {"Sec-Fetch-Site": site})
    assert answer.status == 403
    assert "nothing was done" in await answer.text()
    assert (await alice.get("/studio/works")).status == 200
    assert (await alice.get("/w/high-water")).status == 200


async def test_another_sessions_token_does_not_fit(shop: House, alice: Visitor, stranger: Visitor) -> None:
    other = (await alice.hidden("/studio"))["csrf"]
    await stranger.sign_in(shop)
    assert (await stranger.post("/studio/works/high-water/retire", {"csrf": other})).status == 403


# ── the password ─────────────────────────────────────────────────────────────────────────────────


async def test_set_a_password_then_sign_in_with_it_and_come_back(
    shop: House, alice: Visitor, stranger: Visitor
) -> None:
    answer = await alice.send("/studio/password", "/studio/password", password=PASSWORD)
    assert (answer.status, answer.headers["Location"]) == (303, "/studio?said=password_good")
    assert "It is good: hard to guess." in await alice.text("/studio?said=password_good")
    page = await stranger.text("/studio/signin?next=/studio/orders")
    assert 'name="next" value="/studio/orders"' in page
    answer = await stranger.post("/studio/signin", {"password": PASSWORD, "next": "/studio/orders"})
    assert (answer.status, answer.headers["Location"]) == (303, "/studio/orders")
    assert (await stranger.get("/studio/orders")).status == 200


@pytest.mark.parametrize(
    ("password", "words"),
    [("short", "12 characters or more"), ("password1234", "easy to guess"), ("Alice's films 1", "easy to guess")],
)
async def test_a_weak_password_is_refused_with_the_reason(alice: Visitor, password: str, words: str) -> None:
    answer = await alice.send("/studio/password", "/studio/password", password=password)
    page = await answer.text()
    assert answer.status == 422
    assert words in page
    assert password not in page


async def test_the_first_password_can_be_skipped(alice: Visitor) -> None:
    assert 'href="/studio?said=skipped"' in await alice.text("/studio/password")
    assert "makes a new link whenever you need one" in await alice.text("/studio?said=skipped")


async def test_a_wrong_password_and_none_look_the_same(alice: Visitor, stranger: Visitor) -> None:
    answers = [await stranger.post("/studio/signin", {"password": "guess", "next": "/studio"})]
    await alice.send("/studio/password", "/studio/password", password=PASSWORD)
    answers += [await stranger.post("/studio/signin", {"password": each, "next": "/studio"}) for each in ("guess", "")]
    pages = [await answer.text() for answer in answers]
    assert [answer.status for answer in answers] == [422] * 3
    assert pages[0] == pages[1] == pages[2]
    assert "This is not the password." in pages[0]


async def test_guessing_is_slowed_down_even_for_the_right_password(alice: Visitor, stranger: Visitor) -> None:
    await alice.send("/studio/password", "/studio/password", password=PASSWORD)
    for number in range(10):
        assert (await stranger.post("/studio/signin", {"password": f"guess {number}"})).status == 422
    answer = await stranger.post("/studio/signin", {"password": PASSWORD})
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in answer.headers


async def test_while_guessing_is_slowed_down_who_is_in_sets_a_password(
    alice: Visitor, stranger: Visitor, clock: Clock
) -> None:
    for _ in range(12):
        await stranger.send("/studio/signin", "/studio/signin", password="a guess")
    page = await (await stranger.send("/studio/signin", "/studio/signin", password="a guess")).text()
    assert re.search(r"Please try again in \d+ minutes\.", page)
    for _ in range(3):
        answer = await alice.send("/studio/password", "/studio/password", password=PASSWORD)
        assert (answer.status, answer.headers["Location"]) == (303, "/studio?said=password_good")
    clock.move(minutes=20)  # whoever finds this browser open has to know the password of now
    found = [
        (await alice.send("/studio/password", "/studio/password", password="oboe fern quay moth", current="x")).status
        for _ in range(12)
    ]
    assert found == [422] * 10 + [429] * 2


async def test_while_guessing_is_slowed_down_a_link_still_signs_in(shop: House, stranger: Visitor) -> None:
    for _ in range(11):
        await stranger.post("/studio/signin", {"password": "guess"})
    assert (await stranger.post(await path_of_link(shop), {})).status == 303


async def test_signing_out_ends_the_session_and_drops_the_cookie(shop: House, alice: Visitor) -> None:
    secret = next(cookie.value for cookie in alice.client.session.cookie_jar if cookie.key == "studio")
    answer = await alice.send("/studio", "/studio/signout")
    assert (answer.status, answer.headers["Location"]) == (303, "/studio/signin")
    assert (await alice.get("/studio")).status == 303
    alice.client.session.cookie_jar.update_cookies({"studio": secret})
    assert (await alice.get("/studio")).status == 303


async def test_who_is_signed_in_needs_no_sign_in_page(alice: Visitor) -> None:
    answer = await alice.get("/studio/signin?next=/studio/works")
    assert (answer.status, answer.headers["Location"]) == (303, "/studio/works")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/studio",
        "//evil.example/studio",
        "/\\evil.example",
        "/studio//evil.example",
        "/studio\\evil",
        "/studio/../../evil",
        "/studio?x=y",
        "/studio\r\nX: y",
        "javascript:alert(1)",
        "/studiox",
        "/o/secret",
        "",
        "/studio/" + "a" * 300,
    ],
)
async def test_after_signing_in_nobody_is_led_elsewhere(shop: House, alice: Visitor, target: str) -> None:
    assert studio_path(target) == "/studio"
    await alice.send("/studio/password", "/studio/password", password=PASSWORD)
    answer = await alice.post("/studio/signin", {"password": PASSWORD, "next": target})
    assert answer.headers["Location"] == "/studio"


async def test_what_was_done_is_said_in_the_houses_words_alone(alice: Visitor) -> None:
    page = await alice.text("/studio?said=<script>alert(1)</script>")
    assert "alert(1)" not in page
    assert "notice good" not in page
