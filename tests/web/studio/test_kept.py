"""A form that comes too late: what was typed is handed back, and goes out with one more button."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest

from headwaters.core.signin import secret_digest
from headwaters.errands.house import House
from headwaters.store import signin as rows
from headwaters.web.studio.guard import STRANGERS_FORM
from headwaters.web.studio.kept import LARGEST, read_kept
from tests.people import take_work
from tests.web.studio.conftest import Visitor

PASSWORD = "tide lamp oboe fern"
LETTER = 'Dear Bob,\n\nit was <cold> & "wet". 🚂\n'
NONCE = "n" * 26


async def end_session(house: House, visitor: Visitor) -> None:
    """As from another browser."""
    secret = next(cookie.value for cookie in visitor.client.session.cookie_jar if cookie.key == "studio")
    await house.db.write(lambda conn: rows.end_session(conn, secret_digest(secret), house.clock()))


def kept_in(page: str) -> str:
    return unescape(re.findall(r'name="kept" value="([^"]*)"', page)[0])


def fields_of(page: str, path: str) -> dict[str, str]:
    """The hidden fields of the form that goes to `path`."""
    form = page.partition(f'action="{path}"')[2].partition("</form>")[0]
    return {name: unescape(value) for name, value in re.findall(r'name="([a-z_]+)" value="([^"]*)"', form)}


async def answer_late(house: House, alice: Visitor) -> tuple[int, str, str]:
    """Alice answers a letter after her session was ended; order, page's path, what she sees."""
    await alice.send("/studio/password", "/studio/password", password=PASSWORD)
    order = await take_work(house, letter="Was it cold?")
    path = f"/studio/letters/{order.id}"
    form = await alice.hidden(path)
    await end_session(house, alice)
    headers = {"Sec-Fetch-Site": "same-origin", "Referer": f"http://{alice.client.host}:{alice.client.port}{path}"}
    answer = await alice.post(path, {**form, "nonce": NONCE, "body": LETTER}, headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Cookie form-action="/studio/signin"'
    assert answer.headers["Cache-Control"] == "no-store"
    return order.id, path, await answer.text()


async def test_a_letter_written_into_an_ended_session_is_sent_after_signing_in(shop: House, alice: Visitor) -> None:
    _, path, page = await answer_late(shop, alice)
    assert "You were signed out, so nothing was done yet." in page
    assert "it was &lt;cold&gt; &amp; &#34;wet&#34;. 🚂" in page
    assert "Was it cold?" not in page
    answer = await alice.post("/studio/signin", {"password": "guess", "kept": kept_in(page)})
    wrong = await answer.text()
    assert answer.status == 422
    assert kept_in(wrong) == kept_in(page)
    assert "it was &lt;cold&gt;" in wrong
    answer = await alice.post("/studio/signin", {"password": PASSWORD, "kept": kept_in(wrong)})
    again = await answer.text()
    assert (answer.status, "Welcome back, Alice." in again) == (200, True)
    assert f'href="{path}"' in again
    fields = fields_of(again, path)
    assert {name: fields[name] for name in ("nonce", "body")} == {"nonce": NONCE, "body": LETTER}
    for _ in range(2):
        answer = await alice.post(path, fields)
        assert (answer.status, answer.headers["Location"]) == (303, f"{path}?said=answered")
    assert (await alice.text(path)).count("it was &lt;cold&gt;") == 1, "twice is once"


async def test_who_signed_in_in_another_tab_goes_on_in_this_one(shop: House, alice: Visitor) -> None:
    _, path, page = await answer_late(shop, alice)
    still_out = await (await alice.post("/studio/kept", {"kept": kept_in(page)})).text()
    assert "You were signed out" in still_out
    assert kept_in(still_out) == kept_in(page)
    await alice.sign_in(shop)
    again = await (await alice.post("/studio/kept", {"kept": kept_in(page)})).text()
    assert (await alice.post(path, fields_of(again, path))).status == 303
    assert "Was it cold?" in await alice.text(path)


async def test_a_form_of_the_session_before_is_handed_back_too(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Was it cold?")
    path = f"/studio/letters/{order.id}"
    old = await alice.hidden(path)
    await alice.sign_in(shop)
    answer = await alice.post(path, {**old, "nonce": NONCE, "body": LETTER})
    page = await answer.text()
    assert answer.status == 403
    assert "This form belongs to another session, so nothing was done." in page
    assert "You are signed in as Alice." in page
    assert (await alice.post(path, fields_of(page, path))).status == 303


@pytest.mark.parametrize("headers", [{}, {"Referer": "https://evil.example/studio"}])
async def test_where_nobody_knows_which_site_sent_it_it_can_only_be_copied(
    shop: House, alice: Visitor, headers: dict[str, str]
) -> None:
    answer = await alice.post("/studio/works/high-water/retire", {"csrf": "", "body": "typed by another site"}, headers)
    page = await answer.text()
    assert answer.status == 403
    assert "typed by another site" in page
    assert "Send it now" not in page
    assert 'action="/studio/works' not in page


async def test_another_site_cannot_bring_a_form_back(alice: Visitor) -> None:
    kept = '["/studio/works/high-water/retire","/studio",{"body":"x"}]'
    for path in ("/studio/kept", "/studio/signin"):
        answer = await alice.post(path, {"kept": kept, "password": "x"}, {"Sec-Fetch-Site": "cross-site"})
        assert answer.status == 403
        assert "Send it now" not in await answer.text()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        '["https://evil.example","/studio",{}]',
        '["//evil.example","/studio",{}]',
        '["/o/secret","/studio",{}]',
        '["/studio/works","/studio",{"a":1}]',
        '["/studio/works","/studio",["a"]]',
        "\ud800",
    ],
)
async def test_what_is_no_form_of_the_studio_is_not_kept(alice: Visitor, text: str) -> None:
    assert read_kept(text) is None


async def test_passwords_are_not_handed_back(shop: House, alice: Visitor) -> None:
    await end_session(shop, alice)
    answer = await alice.post("/studio/password", {"csrf": "x", "password": PASSWORD, "current": "the one before it"})
    page = await answer.text()
    assert answer.status == 401
    assert PASSWORD not in page
    assert "the one before it" not in page
    kept = read_kept('["/studio/password","//evil.example",{"password":"p","csrf":"c","label":"l"}]')
    assert kept is not None
    assert (kept.page, dict(kept.fields)) == ("/studio", {"label": "l"})


async def test_a_long_text_is_shown_to_be_copied(shop: House, alice: Visitor) -> None:
    order = await take_work(shop)
    await end_session(shop, alice)
    answer = await alice.post(f"/studio/letters/{order.id}", {"body": "long " * (LARGEST // 5 + 1)})
    page = await answer.text()
    assert answer.status == 401
    assert "What you wrote is below: copy it before you sign in." in page
    assert "long long long" in page
    assert 'name="kept" value="["' not in page


async def test_signing_out_twice_leaves_nothing_to_send(shop: House, alice: Visitor) -> None:
    await end_session(shop, alice)
    page = await (await alice.post("/studio/signout", {"csrf": "x"})).text()
    assert "Sign in, and do it once more." in page
    assert "Then go on here" not in page


async def test_who_is_not_signed_in_cannot_fill_the_memory_with_a_form(alice: Visitor, stranger: Visitor) -> None:
    """Who is may write at length, so that what is too long is refused in words."""
    csrf = (await alice.hidden("/studio"))["csrf"]
    for visitor, said in ((alice, "It is too long to be kept"), (stranger, "That is too much at once.")):
        long = io.BytesIO(f"csrf={csrf}&description={'w' * STRANGERS_FORM}".encode())
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        answer = await visitor.client.post("/studio/works/high-water", data=long, headers=headers)
        page = await answer.text()
        assert (answer.status, said in page) == (413, True)
        assert ("wwww" in page) is (visitor is alice)


async def test_a_tills_key_never_stands_in_the_page_of_who_is_signed_out(shop: House, alice: Visitor) -> None:
    form = await alice.hidden("/studio/money/stripe")
    await end_session(shop, alice)
    keys = {"stripe_secret_key": "sk_test_0123456789", "stripe_webhook_secret": "whsec_0123456789"}
    answer = await alice.post("/studio/money/stripe", {**form, **keys})
    page = await answer.text()
    assert (answer.status, "0123456789" in page) == (401, False)
    assert "/studio/money/stripe" in kept_in(page)
