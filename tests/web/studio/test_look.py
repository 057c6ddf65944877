"""The look in the Studio: kept whole, refused beside the field, shown before it is kept."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from html import unescape

import pytest
from aiohttp import FormData
from PIL import Image

from headwaters.actions.shop import change_settings
from headwaters.errands.house import House, refresh
from headwaters.store.shop import read_settings
from headwaters.web.studio.picture_form import MOST_PARTS
from tests.actions.test_look import deeds
from tests.errands.test_themes import make_theme
from tests.web.studio.conftest import Visitor

_INPUT = re.compile(r'<input [^>]*?name="([a-z_-]+)"[^>]*?>')
_VALUE = re.compile(r' value="([^"]*)"')
_TEXT = re.compile(r'<textarea [^>]*name="([a-z_]+)"[^>]*>\n?(.*?)</textarea>', re.DOTALL)


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of the form of the look."""
    form = page.partition('id="look">')[2].partition("</form>")[0]
    sent = {name: unescape(text) for name, text in _TEXT.findall(form)}
    for found in _INPUT.finditer(form):
        value = _VALUE.search(found[0])
        is_choice = 'type="radio"' in found[0] or 'type="checkbox"' in found[0]
        if 'type="file"' not in found[0] and (not is_choice or " checked" in found[0]):
            sent[found[1]] = unescape(value[1]) if value else ""
    return sent


async def form(alice: Visitor) -> dict[str, str]:
    return fields_of(await alice.text("/studio/look"))


def multipart(fields: Mapping[str, str], picture: bytes | None = None, name: str = "logo.png") -> FormData:
    data = FormData(default_to_multipart=True)
    for field, value in fields.items():
        data.add_field(field, value)
    data.add_field(
        "logo", io.BytesIO(picture or b""), filename=name if picture else "", content_type="application/octet-stream"
    )
    return data


async def send(alice: Visitor, fields: Mapping[str, str], picture: bytes | None = None) -> tuple[int, str]:
    """Status and page, or where it leads."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = await alice.client.post(
        "/studio/look", data=multipart(fields, picture), headers=headers, allow_redirects=False
    )
    return answer.status, answer.headers.get("Location", "") or await answer.text()


def png(size: tuple[int, int] = (300, 100)) -> bytes:
    data = io.BytesIO()
    Image.new("RGBA", size, "#7a1f3d").save(data, "PNG")
    return data.getvalue()


# ── keeping ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_look_is_kept_and_pages_follow_at_once(shop: House, alice: Visitor) -> None:
    fields = await form(alice)
    changes = {"name": "High Water", "accent": "7A1F3D", "type": "book", "cover": "small", "scheme": "dark"}
    assert await send(alice, {**fields, **changes}) == (303, "/studio/look?said=look_kept")
    page = await alice.text("/w/high-water")
    assert '<b dir="auto">High Water</b>' in page
    assert "/static/river/look-7a1f3d-book-dark.css" in page
    assert re.search(r"/static/pages-dark-[0-9a-f]{12}\.css", page)
    assert "Your pages look like this from now on." in await alice.text("/studio/look?said=look_kept")
    told = [deed[2] for deed in await deeds(shop) if deed[1] == "settings.changed"]
    assert told == [f"setting:{key}" for key in ("name", "accent", "type", "cover", "scheme")]


async def test_nothing_changed_is_said_too(alice: Visitor) -> None:
    fields = await form(alice)
    assert await send(alice, fields) == (303, "/studio/look?said=look_same")


async def test_every_mistake_is_said_beside_its_field_and_what_was_typed_stays(shop: House, alice: Visitor) -> None:
    fields = await form(alice)
    typed = {"name": "x" * 130, "accent": "<i>red</i>", "contact_email": "alice", "about": "My *words*\n\nstay"}
    status, page = await send(alice, {**fields, **typed})
    assert status == 422
    assert fields_of(page) == {**fields, **typed}
    for said in ("It has 120 characters at most.", "That is no colour: # and six", "It is an e-mail address."):
        assert f">{said}" in page
    assert page.count('aria-invalid="true"') == 3
    assert "<i>red</i>" not in page
    assert (await shop.db.read(read_settings))["name"] == "Alice's films"
    fixed = {**fields_of(page), "name": "Alice", "accent": "", "contact_email": "alice@example.org"}
    assert (await send(alice, fixed))[0] == 303  # the marks of the first page are good for the second


async def test_the_second_of_two_tabs_is_shown_the_difference(shop: House, alice: Visitor) -> None:
    first, second = await form(alice), await form(alice)
    await send(alice, {**first, "name": "Alice & her films", "tagline": "wet"})
    status, page = await send(alice, {**second, "name": "Alicia"})
    assert status == 409
    assert "Somebody else changed this while your form was open, so nothing was kept." in page
    assert "Alice &amp; her films" in page.partition('id="name-theirs"')[2][:300]
    again = fields_of(page)
    assert (again["name"], again["tagline"]) == ("Alicia", "")
    assert (await send(alice, again))[0] == 303  # seen, and meant
    assert (await shop.db.read(read_settings))["name"] == "Alicia"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "‮evil", "علي وأصدقاؤه", "🌊" * 60, "&amp;", '"><x'])
async def test_any_name_is_a_name(shop: House, alice: Visitor, name: str) -> None:
    fields = await form(alice)
    assert (await send(alice, {**fields, "name": name, "tagline": name}))[0] == 303
    assert (await form(alice))["name"] == name
    page = await alice.text("/")
    assert "<script>alert" not in page
    assert shop.now.settings.name == name


# ── the logo ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_logo_stands_in_place_of_the_name(shop: House, alice: Visitor, stranger: Visitor) -> None:
    assert await send(alice, await form(alice), png()) == (303, "/studio/look?said=look_kept")
    page = await stranger.text("/")
    (address,) = re.findall(r'src="(/static/logo-[0-9a-f]{16}\.webp)" alt="Alice&#39;s films"', page)
    answer = await stranger.get(address)
    body = await answer.read()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    assert "immutable" in answer.headers["Cache-Control"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert Image.open(io.BytesIO(body)).size == (300, 100)
    assert (await send(alice, {**await form(alice), "no_logo": "1"}))[0] == 303
    assert (await stranger.get(address)).status == 404
    assert "logo" not in await stranger.text("/")


@pytest.mark.parametrize(
    ("picture", "status", "why"),
    [
        (b"<svg/>", 422, "An SVG cannot be a logo here: it may carry scripts."),
        (b"no picture", 422, "This file cannot be read as a picture."),
        (bytes((8 << 20) + 1), 413, "This file is too large for a logo: 8 MB at most."),
        (bytes(20 << 20), 413, "This file is too large for a logo: 8 MB at most."),
    ],
    ids=["svg", "nonsense", "8 MB and a byte", "20 MB"],
)
async def test_a_bad_logo_is_refused_beside_its_field_and_the_rest_stays(
    shop: House, alice: Visitor, picture: bytes, status: int, why: str
) -> None:
    fields = {**await form(alice), "name": "Alicia"}
    answered, page = await send(alice, fields, picture)
    assert answered == status
    assert why in page.partition('id="logo"')[2]
    assert fields_of(page) == fields
    assert shop.now.logo is None
    assert shop.now.settings.name == "Alice's films"


# ── the real page ────────────────────────────────────────────────────────────────────────────────


async def preview(alice: Visitor, **fields: str) -> str:
    answer = await alice.post("/studio/look/preview", {**await form(alice), **fields})
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "form-action 'none'" in policy
    assert "sandbox allow-same-origin" in policy
    assert "no-store" in answer.headers["Cache-Control"]
    return await answer.text()


async def test_the_real_page_wears_what_is_not_kept_yet(shop: House, alice: Visitor, stranger: Visitor) -> None:
    page = await preview(alice, name="Not kept", accent="#7a1f3d", type="plain", scheme="light", theme="zine")
    assert "Not kept" in page
    assert "High Water" in page
    assert '<header class="mast">' in page
    assert "/static/zine/look-7a1f3d-plain-light.css" in page
    assert "<script" not in page
    assert not re.search(r"<a [^>]*\shref=", page)
    assert "Not kept" not in await stranger.text("/")
    assert shop.now.settings.name == "Alice's films"


@pytest.mark.parametrize(
    ("seen", "says"), [("home", "High Water"), ("about", "Not kept"), ("order", "Thank you."), ("x", "High")]
)
async def test_each_page_can_be_seen(alice: Visitor, seen: str, says: str) -> None:
    assert says in await preview(alice, seen=seen, about="Not kept *yet*")


async def test_what_cannot_be_kept_is_shown_as_it_was(alice: Visitor) -> None:
    page = await preview(alice, accent="nonsense", name="x" * 200, theme="../..", scheme="grey")
    assert "Alice&#39;s films" in page
    assert "/static/pages-" in page


async def test_an_empty_shop_shows_a_made_up_work(make_house, alice: Visitor, shop: House) -> None:
    await alice.send("/studio/works", "/studio/works/high-water/retire")
    page = await preview(alice)
    assert "High Water" in page
    assert "sample-art" in page


async def test_a_preview_is_for_who_is_signed_in(stranger: Visitor) -> None:
    for path in ("/studio/look", "/studio/look/preview", "/studio/look/accent"):
        answer = await stranger.get(path)
        assert (answer.status, answer.headers["Location"]) == (303, f"/studio/signin?next={path}")
    answer = await stranger.post("/studio/look/preview", {"name": "x"})
    assert answer.status == 401  # the page that asks to sign in, with what was typed kept


async def test_a_form_from_elsewhere_or_without_its_token_keeps_nothing(shop: House, alice: Visitor) -> None:
    fields = {**await form(alice), "name": "Mallory"}
    for path in ("/studio/look", "/studio/look/preview"):
        data = multipart(fields)
        answer = await alice.client.post(path, data=data, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status == 403
        data = multipart({**fields, "csrf": "x"})
        answer = await alice.client.post(path, data=data, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status == 403
    assert shop.now.settings.name == "Alice's films"


async def test_a_broken_form_is_said_to_be_one(alice: Visitor) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "multipart/form-data; boundary=x"}
    for body in (
        b"",
        b"--x\r\nnonsense",
        b"--x--",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--',
    ):
        answer = await alice.client.post("/studio/look", data=body, headers=headers, allow_redirects=False)
        assert answer.status in {400, 403, 422}, body


async def test_of_a_form_without_end_no_more_is_read_than_a_browser_sends(stranger: Visitor, alice: Visitor) -> None:
    """Also of somebody who is not signed in: what they typed is read before they are led to the door."""

    def field(name: str, value: str) -> bytes:
        return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()

    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "multipart/form-data; boundary=x"}
    many = b"".join(field(f"f{number}", "") for number in range(MOST_PARTS + 1)) + b"--x--"
    long_names = b"".join(field(f"{number:04}" + "n" * 4000, "") for number in range(70)) + b"--x--"
    for body in (many, long_names):
        answer = await alice.client.post("/studio/look", data=body, headers=headers, allow_redirects=False)
        assert answer.status == 413
        assert "This form is far too large" in await answer.text()
        answer = await stranger.client.post("/studio/look", data=body, headers=headers, allow_redirects=False)
        assert "nnnn" not in await answer.text()


async def test_only_the_page_of_the_look_may_frame_and_only_its_own_site(alice: Visitor) -> None:
    assert "frame-src 'self'" in (await alice.get("/studio/look")).headers["Content-Security-Policy"]
    for path in ("/", "/w/high-water", "/studio", "/studio/look"):
        assert "frame-ancestors 'none'" in (await alice.get(path)).headers["Content-Security-Policy"]


# ── colours and themes ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("accent", "said"),
    [
        ("%237a1f3d", ["9.6 to 1: good to read.", "1.6 to 1 would be too faint. Pages use #bc8f9e here: 5.7 to 1."]),
        ("", ["The design’s own colour."]),
        ("%23zz", ["That is no colour"]),
        ("<script>", ["That is no colour"]),
        ("x" * 5000, ["That is no colour"]),
    ],
)
async def test_what_becomes_of_a_colour_is_said(alice: Visitor, accent: str, said: list[str]) -> None:
    part = await alice.text(f"/studio/look/accent?accent={accent}&theme=river")
    assert [sentence for sentence in said if sentence not in part] == []
    assert "<script" not in part


async def test_a_theme_that_is_not_worn_is_said_to_its_creator(shop: House, alice: Visitor) -> None:
    folder = make_theme(shop.config.shop, home="{{ page.nonsense }}")
    await shop.db.write(lambda conn: change_settings(conn, {"theme": "mine"}))
    await refresh(shop)
    assert (await alice.get("/")).status == 200
    page = await alice.text("/studio/look")
    assert "templates/home.html:1" in page
    assert "has no attribute &#39;nonsense&#39;" in page
    (folder / "theme.toml").write_text("contract = 9", encoding="utf-8")
    await refresh(shop)
    page = await alice.text("/studio/look")
    assert "The theme mine was made for contract 9; this Headwaters speaks contract 1." in page
    assert "Until then your pages wear the built-in design, River." in page


async def test_a_theme_that_is_not_there_is_refused_beside_its_field(alice: Visitor) -> None:
    status, page = await send(alice, {**await form(alice), "theme": "nowhere"})
    assert status == 422
    assert "There is no theme nowhere." in page.partition('id="theme-wrong"')[2][:80]
