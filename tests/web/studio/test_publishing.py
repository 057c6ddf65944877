"""Publishing in the Studio over HTTP: drafts, previews, words that two change, editions, collections, bad input."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from headwaters.core.works.drafts import DraftState
from headwaters.errands.house import House
from headwaters.errands.press import Press
from headwaters.store import drafts as draft_rows
from headwaters.store import works as rows
from headwaters.store.db import Connection
from headwaters.store.tables import audit_log, creators, drafts, editions
from tests.people import take_work
from tests.support import samples
from tests.support.drafts import OWN, look, new_work, publish_now, send
from tests.support.house import Clock
from tests.web.studio.conftest import Visitor

SONG = ("song.txt", b"Row, row.\n")
WORDS = {
    "title": "High Water",
    "by": "",
    "kind": "film",
    "language": "en",
    "year": "",
    "price": "5.00",
    "minimum": "1.00",
    "licence": "CC-BY-4.0",
    "door_pay": "1",
    "door_cant_pay": "1",
    "door_have_copy": "1",
    "words": "",
    "description": "",
    "cover_alt": "",
}


async def begin(alice: Visitor) -> str:
    """The path of a new draft."""
    answer = await alice.send("/studio/works", "/studio/works/new")
    assert answer.status == 303
    return answer.headers["Location"]


async def typed(alice: Visitor, path: str) -> dict[str, str]:
    """What the form of a page holds: its fields as they stand there; of a draft, both of its pages."""
    draft = re.fullmatch(r"/studio/drafts/[a-z2-7]+", path)
    page = await alice.text(path) + (await alice.text(f"{path}/more") if draft else "")
    fields = dict(re.findall(r'<input id="f-[a-z_]+" name="([a-z_]+)" value="([^"]*)"', page))
    fields |= dict(re.findall(r'<textarea id="f-[a-z_]+" name="([a-z_]+)"[^>]*>\n?([^<]*)</textarea>', page))
    fields |= dict(re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">', page))
    fields |= dict.fromkeys(re.findall(r'name="((?:door|keep)_\w+)" value="1" checked', page), "1")
    return {name: html.unescape(value) for name, value in fields.items() if name != "part"}


async def deeds(house: House) -> list[tuple[str, str]]:
    def read(conn: Connection) -> list[tuple[str, str]]:
        return [(row.deed, row.subject) for row in conn.execute(select(audit_log).order_by(audit_log.c.id))]

    return [deed for deed in await house.db.read(read) if not deed[0].startswith(("signin", "file"))]


# ── drafts ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_new_draft_has_everything_that_can_be_said_already(shop: House, alice: Visitor) -> None:
    path = await begin(alice)
    fields = await typed(alice, path)
    assert (fields["price"], fields["minimum"], fields["by"], fields["language"]) == ("5.00", "1.00", "Alice", "en")
    assert fields["words"].startswith("I made this, and I publish it here myself")
    assert fields["words"].endswith("\n\nAlice")
    assert {"door_pay", "door_cant_pay", "door_have_copy"} <= set(fields)
    assert await begin(alice) == path
    other = await alice.post(path, {**fields, "title": "Mine", "do": "save"})
    assert other.status == 303
    assert await begin(alice) != path  # something is in the first


async def test_looking_makes_no_draft(shop: House, alice: Visitor) -> None:
    answer = await alice.get("/studio/works/new")
    assert (answer.status, answer.headers["Location"]) == (303, "/studio/works")
    count = select(func.count()).select_from(drafts)
    assert await shop.db.read(lambda conn: conn.execute(count).scalar()) == 0


async def test_each_page_of_a_draft_keeps_its_own_fields_and_leaves_the_others(shop: House, alice: Visitor) -> None:
    path = await begin(alice)
    before = await typed(alice, path)
    words = {
        "title": "Low Water",
        "words": "Mine",
        "price": "7",
        "csrf": before["csrf"],
        "revision": before["revision"],
    }
    answer = await alice.post(path, {**words, "part": "words", "do": "more"})
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}/more")
    kept = await typed(alice, path)
    assert {name: kept[name] for name in ("title", "words", "price", "by", "language")} == {
        **{name: words[name] for name in ("title", "words", "price")},
        "by": "Alice",
        "language": "en",
    }
    assert {name for name in kept if name.startswith("door_")} == {"door_pay", "door_cant_pay", "door_have_copy"}
    more = {"by": "Bob", "year": "soon", "door_pay": "1", "csrf": kept["csrf"], "revision": kept["revision"]}
    answer = await alice.post(path, {**more, "part": "more", "do": "save"})
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}?said=draft_kept")
    kept = await typed(alice, path)
    assert (kept["title"], kept["words"], kept["by"], kept["year"]) == ("Low Water", "Mine", "Bob", "soon")
    assert {name for name in kept if name.startswith("door_")} == {"door_pay"}
    answer = await alice.post(path, {**words, **OWN, "revision": kept["revision"], "part": "words", "do": "publish"})
    assert answer.status == 422
    assert f'href="{path}/more#f-year"' in await answer.text()  # a fault leads to the page where it is
    answer = await alice.post(path, {**more, "part": "more", "do": "save"})  # an older one: nothing is overwritten
    assert answer.status == 409
    page = await answer.text()
    assert "was faster" in page
    assert 'name="part" value="more"' in page


async def test_anything_is_saved_and_comes_back_as_it_was_typed(shop: House, alice: Visitor) -> None:
    path = await begin(alice)
    odd = {"title": "", "price": "much", "year": "soon", "slug": "A B", "words": "a\r\n<b>&amp;"}
    answer = await alice.post(path, {**await typed(alice, path), **odd, "do": "save"})
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}?said=draft_kept")
    fields = await typed(alice, path)
    assert {name: fields[name] for name in odd} == {**odd, "words": "a\n<b>&amp;"}
    assert "A work without a title yet" in await alice.text("/studio/works")


async def test_every_file_that_is_not_here_is_said_at_once(shop: House, alice: Visitor) -> None:
    ref = await new_work(shop, *((f"{name}.zip", b"no ZIP") for name in "abcd"), title="River", price="4")
    path = f"/studio/drafts/{ref}"
    answer = await alice.post(path, {**await typed(alice, path), **OWN, "do": "publish"})
    page = await answer.text()
    assert answer.status == 422
    assert "It is not published yet: 4 things are to be seen to." in page
    for name in "abcd":
        assert f'<a href="#f-files">“{name}.zip” was refused.</a> Take it out, or send another in its place.' in page
    assert (await look(shop, ref)).state is DraftState.OPEN


async def test_publishing_says_everything_that_is_missing_and_keeps_what_was_typed(shop: House, alice: Visitor) -> None:
    path = await begin(alice)
    typed_in = {**await typed(alice, path), "title": "", "price": "much", "words": "My words", "do": "publish"}
    answer = await alice.post(path, typed_in)
    page = await answer.text()
    assert answer.status == 422
    assert "It is not published yet: 4 things are to be seen to." in page
    for field in ("title", "price", "rights", "files"):
        assert f'id="f-{field}-wrong"' in page, field
    assert ">\nMy words</textarea>" in page
    assert (await typed(alice, path))["words"] == "My words"


async def test_from_a_draft_to_a_work_on_sale(shop: House, alice: Visitor) -> None:
    ref = await new_work(shop, SONG, title="River Song")
    path = f"/studio/drafts/{ref}"
    answer = await alice.post(path, {**await typed(alice, path), **OWN, "do": "publish"})
    assert (answer.status, answer.headers["Location"]) == (303, path)
    page = await alice.text(path)
    assert "It is being published" in page
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert (await (await alice.get(f"{path}/progress")).json())["over"] is False
    await Press(shop).publish_due()
    answer = await alice.get(path)
    assert answer.headers["Location"] == "/studio/works/river-song?said=published"
    assert (await alice.get("/w/river-song")).status == 200
    assert "Published. Anyone can take it now." in await alice.text("/studio/works/river-song?said=published")
    assert await deeds(shop) == [("work.published", "work:river-song")]


async def test_on_a_day_it_waits_can_be_taken_back_and_comes_out_by_itself(
    shop: House, alice: Visitor, clock: Clock
) -> None:
    ref = await new_work(shop, SONG, title="River Song")
    path = f"/studio/drafts/{ref}"
    later = {**await typed(alice, path), **OWN, "do": "later", "day": "2026-11-23", "hour": "20:00"}
    answer = await alice.post(path, {**later, "day": "2026-11-21"})
    page = await answer.text()
    assert (answer.status, "That moment is over: it was 2026-11-21 20:00 UTC." in page) == (422, True)
    assert 'value="2026-11-21"' in page
    later["revision"] = (await typed(alice, path))["revision"]
    assert (await alice.post(path, {**later, "offset": "60"})).status == 303
    assert "It is published on <b>November 23, 2026, 19:00 UTC</b>, by itself." in await alice.text(path)
    assert "Is published on November 23, 2026, 19:00 UTC" in await alice.text("/studio/works")
    answer = await alice.send(path, f"{path}/back")
    assert answer.headers["Location"] == f"{path}?said=taken_back"
    later["revision"] = (await typed(alice, path))["revision"]
    await alice.post(path, later)
    clock.move(days=2)
    await Press(shop).publish_due()
    assert (await alice.get("/w/river-song")).status == 200


async def test_of_two_tabs_the_second_is_shown_the_difference(shop: House, alice: Visitor) -> None:
    path = await begin(alice)
    first = await typed(alice, path)
    second = dict(first)
    await alice.post(path, {**first, "title": "Mine", "price": "7.00", "do": "save"})
    answer = await alice.post(path, {**second, "title": "Yours", "words": "Kept", "do": "publish"})
    page = await answer.text()
    assert answer.status == 409
    assert "Nothing was overwritten, and what you typed is still here." in page
    assert re.search(r'id="theirs-title">Mine</div>', page)
    assert 'value="Yours"' in page
    assert 'value="7.00"' in page  # not touched here, so it follows
    assert ">\nKept</textarea>" in page
    assert (await look(shop, path.rpartition("/")[2])).form["title"] == "Mine"
    revision = re.findall(r'name="revision" value="(\d+)"', page)[0]
    await alice.post(path, {**second, "title": "Yours", "price": "7.00", "revision": revision, "do": "save"})
    assert (await typed(alice, path))["title"] == "Yours"


async def test_the_script_that_saves_is_told_the_revision(shop: House, alice: Visitor) -> None:
    path = await begin(alice)
    sent = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
    answer = await alice.post(path, {**await typed(alice, path), "title": "A", "do": "save"}, sent)
    assert await answer.json() == {"revision": 1}


async def test_thrown_away_it_is_gone(shop: House, alice: Visitor) -> None:
    path = await begin(alice)
    answer = await alice.send(path, f"{path}/discard")
    assert answer.headers["Location"] == "/studio/works?said=discarded"
    assert (await alice.get(path)).status == 404


async def test_ten_megabytes_of_words_come_back_with_a_message(shop: House, alice: Visitor) -> None:
    path, much = await begin(alice), "water " * 1_750_000
    body = urlencode({**await typed(alice, path), "description": much, "do": "save"}).encode()
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    answer = await alice.client.post(path, data=io.BytesIO(body), headers=headers, allow_redirects=False)
    page = await answer.text()
    assert answer.status == 413
    assert "It is too long to be kept: 400000 characters at most." in page
    assert much in page


async def test_a_draft_is_for_who_may_publish(shop: House, alice: Visitor, stranger: Visitor) -> None:
    path = await begin(alice)
    for address in (path, f"{path}/preview", f"{path}/progress", "/studio/works/high-water", "/studio/collections"):
        assert (await stranger.get(address)).headers["Location"].startswith("/studio/signin")
    assert (await stranger.post(path, {"do": "save", "title": "x"})).status == 401
    assert (await look(shop, path.rpartition("/")[2])).revision == 0


async def test_a_contributor_without_that_right_finds_nothing_here(shop: House, alice: Visitor) -> None:
    path = await begin(alice)
    token = await alice.hidden("/studio")
    await shop.db.write(lambda conn: conn.execute(creators.update().values(kind="contributor", may="sell,talk")))
    for address in ("/studio/works", "/studio/works/new", "/studio/works/high-water", path, "/studio/collections"):
        assert (await alice.get(address)).status == 404, address
    for address in ("/studio/works/high-water", "/studio/works/high-water/retire", path, "/studio/collections"):
        assert (await alice.post(address, {**token, "title": "x"})).status == 404, address


# ── previews ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_preview_is_the_page_itself_and_its_doors_lead_nowhere(shop: House, alice: Visitor) -> None:
    ref = await new_work(shop, SONG, ("cover.png", samples.png((640, 360))), title="River Song", price="much")
    answer = await alice.get(f"/studio/drafts/{ref}/preview")
    page = await answer.text()
    assert answer.status == 200
    assert "form-action 'none'" in answer.headers["Content-Security-Policy"]
    assert "Preview: only you see this." in page
    assert "Suggested price:" in page  # what cannot be read is said
    assert 'aria-label="Three ways to take it" inert>' in page
    assert re.search(r'<img class="art bleed" src="data:image/webp;base64,[\w+/=]+"', page)
    assert "<h1" in page
    assert "song.txt" in page
    changed = {**await typed(alice, f"/studio/drafts/{ref}"), "title": "Another <b>"}
    page = await (await alice.post(f"/studio/drafts/{ref}/preview", changed)).text()
    assert "Another &lt;b&gt;" in page
    assert (await look(shop, ref)).form["title"] == "River Song"


async def test_an_empty_draft_has_a_preview_too(shop: House, alice: Visitor) -> None:
    path = await begin(alice)
    assert (await alice.get(f"{path}/preview")).status == 200


async def test_words_are_seen_before_they_are_kept_and_attacks_are_text(shop: House, alice: Visitor) -> None:
    attack = "<script>alert(1)</script> [x](javascript:alert(1)) ![y](https://evil.example/y.png)"
    changed = {**await alice.hidden("/studio/works/high-water"), **WORDS, "title": "Low", "description": attack}
    answer = await alice.post("/studio/works/high-water/preview", changed)
    page = await answer.text()
    assert (answer.status, ">Low</h1>" in page) == (200, True)
    assert "<script>alert" not in page
    assert "evil.example" not in page
    assert "javascript:" not in re.findall(r'href="([^"]*)"', page)
    assert "High Water" in await alice.text("/w/high-water")
    assert "Preview" in await alice.text("/studio/works/high-water/preview")
    assert "Preview" not in await alice.text("/w/high-water")


# ── words ────────────────────────────────────────────────────────────────────────────────────────


async def test_words_are_kept_and_the_page_follows(shop: House, alice: Visitor) -> None:
    fields = {**await alice.hidden("/studio/works/high-water"), **WORDS, "title": "Higher Water", "price": "9"}
    answer = await alice.post("/studio/works/high-water", fields)
    assert answer.headers["Location"] == "/studio/works/high-water?said=words_kept"
    page = await alice.text("/w/high-water")
    assert "Higher Water" in page
    assert 'value="9.00"' in page
    assert ("work.words", "work:high-water") in await deeds(shop)


async def test_of_two_who_edit_a_work_the_second_decides_and_loses_nothing(shop: House, alice: Visitor) -> None:
    address = "/studio/works/high-water"
    opened = {**await typed(alice, address), "kind": "film", "licence": "CC-BY-4.0"}
    await alice.post(address, {**opened, "title": "Theirs", "words": "Theirs"})
    answer = await alice.post(address, {**opened, "title": "Mine", "year": "2026"})
    page = await answer.text()
    assert answer.status == 409
    assert re.search(r'id="theirs-title">Theirs</div>', page)
    assert "Your words beside the price." in page  # taken over
    assert ">\nTheirs</textarea>" in page
    assert 'value="Mine"' in page
    assert 'value="2026"' in page
    work = await shop.db.read(lambda conn: rows.work_at(conn, "high-water"))
    assert (work.details.title, work.details.year) == ("Theirs", None)
    revision = re.findall(r'name="revision" value="(\d+)"', page)[0]
    answer = await alice.post(address, {**opened, "title": "Mine", "words": "Theirs", "revision": revision})
    assert answer.status == 303
    work = await shop.db.read(lambda conn: rows.work_at(conn, "high-water"))
    assert (work.details.title, work.details.words) == ("Mine", "Theirs")


@pytest.mark.parametrize(
    ("field", "text"), [("price", "much"), ("price", "0"), ("title", ""), ("year", "soon"), ("licence", "mine")]
)
async def test_what_cannot_be_is_said_beside_its_field_and_nothing_changes(
    shop: House, alice: Visitor, field: str, text: str
) -> None:
    fields = {**await alice.hidden("/studio/works/high-water"), **WORDS, "words": "Typed", field: text}
    answer = await alice.post("/studio/works/high-water", fields)
    page = await answer.text()
    assert (answer.status, f'id="f-{field}-wrong"' in page, ">\nTyped</textarea>" in page) == (422, True, True)
    assert (await shop.db.read(lambda conn: rows.work_at(conn, "high-water"))).details.words == ""


async def test_a_work_is_withheld_with_its_reason_and_comes_back(shop: House, alice: Visitor) -> None:
    address = "/studio/works/high-water"
    answer = await alice.send(address, f"{address}/withhold", why="  ")
    assert (answer.status, 'id="why-wrong"' in await answer.text()) == (422, True)
    answer = await alice.send(address, f"{address}/withhold", why="A court said so.")
    assert answer.headers["Location"] == f"{address}?said=withheld"
    assert (await alice.get("/w/high-water")).status == 451
    assert "A court said so." in await alice.text(address)
    await alice.send(address, f"{address}/restore")
    assert (await alice.get("/w/high-water")).status == 200
    assert await deeds(shop) == [("work.withheld", "work:high-water"), ("work.restored", "work:high-water")]


async def test_works_change_places(shop: House, alice: Visitor) -> None:
    await publish_now(shop, await new_work(shop, SONG, title="River Song"))

    async def order() -> list[str]:
        return re.findall(r'data-slug="([a-z-]+)"', await alice.text("/studio/works"))

    assert await order() == ["river-song", "high-water"]
    answer = await alice.send("/studio/works", "/studio/works/river-song/place", step="down")
    assert answer.headers["Location"] == "/studio/works?said=ordered#river-song"
    assert await order() == ["high-water", "river-song"]
    home = await alice.text("/")
    assert home.index("High Water") < home.index("River Song")
    await alice.send("/studio/works", "/studio/works", order="river-song,high-water")
    assert await order() == ["river-song", "high-water"]


# ── editions ─────────────────────────────────────────────────────────────────────────────────────


async def test_holders_find_the_next_edition_and_what_is_new(shop: House, alice: Visitor, clock: Clock) -> None:
    await publish_now(shop, await new_work(shop, SONG, ("notes.txt", b"n"), title="River Song"))
    order = await take_work(shop, slug="river-song")
    answer = await alice.send("/studio/works/river-song", "/studio/works/river-song/edition")
    path = answer.headers["Location"]
    clock.move(days=162)
    await alice.sign_in(shop)  # the session of then is over
    await send(shop, path.rpartition("/")[2], ("song.txt", b"Row, row, row.\n"))
    page = await alice.text(path)
    assert "a new one takes its place" in page
    fields = await typed(alice, path)
    ticks = [name for name in fields if name.startswith("keep_")]
    assert len(ticks) == 2
    assert '<input type="radio" name="rights" value="own" checked>' in page
    assert "Chosen as you declared it for the edition before." in page
    answer = await alice.post(path, {**fields, "rights": "own", "changes": "One more\r\n*row*.", "do": "publish"})
    assert answer.status == 303
    await Press(shop).publish_due()
    done = await alice.get(path)
    assert done.headers["Location"] == "/studio/works/river-song?said=published_edition"
    assert "Whoever has the work finds the new edition on their page." in await alice.text(done.headers["Location"])
    before, now = (await shop.db.read(lambda conn: rows.editions_of(conn, rows.work_at(conn, "river-song").id)))[::-1]
    assert (before.rights, now.rights) == ("own", "own")
    held = await alice.text(f"/o/{order.token}")
    assert re.search(r"<b>Edition 2</b>, <time datetime=\"2027-05-03\">May 3, 2027</time>", held)
    assert ">One more\n*row*.</span>" in held
    twin = await (await alice.get(f"/o/{order.token}.json")).json()
    (work,) = twin["works"]
    assert work["editions"][0]["changes"] == "One more\n*row*."
    assert [one["number"] for one in work["history"]] == [2, 1]
    assert {file["name"] for file in work["editions"][0]["files"]} == {"notes.txt", "song.txt"}
    studio = await alice.text("/studio/works/river-song/files")
    assert studio.index("Edition 2") < studio.index("Edition 1")


async def test_a_declaration_in_other_words_is_chosen_anew(shop: House, alice: Visitor) -> None:
    await publish_now(shop, await new_work(shop, SONG, title="River Song"))
    older = editions.update().values(rights_text="0")
    await shop.db.write(lambda conn: conn.execute(older) and None)
    path = (await alice.send("/studio/works/river-song", "/studio/works/river-song/edition")).headers["Location"]
    page = await alice.text(path)
    assert 'name="rights" value="own">' in page
    assert "Chosen as you declared it" not in page
    answer = await alice.post(path, {**await typed(alice, path), "do": "publish"})
    assert answer.status == 422


async def test_a_file_is_left_out_by_its_tick(shop: House, alice: Visitor) -> None:
    await publish_now(shop, await new_work(shop, SONG, ("notes.txt", b"n"), title="River Song"))
    path = (await alice.send("/studio/works/river-song", "/studio/works/river-song/edition")).headers["Location"]
    page = await alice.text(path)
    tick = re.findall(r'name="(keep_\w+)" value="1" checked><span>notes\.txt', page)[0]
    fields = {name: text for name, text in (await typed(alice, path)).items() if name != tick}
    await alice.post(path, {**fields, **OWN, "do": "save"})
    draft = await shop.db.read(lambda conn: draft_rows.draft_at(conn, path.rpartition("/")[2]))
    assert draft.form["dropped"] == "notes.txt"
    assert tick not in await typed(alice, path)


# ── collections ──────────────────────────────────────────────────────────────────────────────────


async def test_works_that_belong_together_have_a_page_in_their_order(shop: House, alice: Visitor) -> None:
    await publish_now(shop, await new_work(shop, SONG, title="River Song"))
    answer = await alice.send("/studio/collections", "/studio/collections", title="All Water")
    address = "/studio/collections/all-water"
    assert answer.headers["Location"] == f"{address}?said=collection_made"
    assert "All Water" not in await alice.text("/")
    for work in ("river-song", "high-water"):
        await alice.send(address, f"{address}/works", work=work, do="in")
    page = await alice.text("/c/all-water")
    assert page.index("River Song") < page.index("High Water")
    await alice.send(address, f"{address}/works", work="high-water", do="up")
    page = await alice.text("/c/all-water")
    assert page.index("High Water") < page.index("River Song")
    assert '<a href="/c/all-water">All Water</a>' in await alice.text("/w/high-water")
    assert '<a href="/c/all-water">All Water</a>' in await alice.text("/")
    await alice.send(
        "/studio/works/high-water", "/studio/works/high-water/collection", collection="all-water", do="out"
    )
    assert "High Water" not in await alice.text("/c/all-water")
    await alice.send(address, f"{address}/retire")
    gone = await alice.get("/c/all-water")
    assert (gone.status, "headwaters collections" in await gone.text()) == (404, False)
    assert "All Water" not in await alice.text("/w/river-song")
    await alice.send(address, f"{address}/restore")
    assert (await alice.get("/c/all-water")).status == 200


async def test_of_two_who_edit_a_collection_the_second_is_told(shop: House, alice: Visitor) -> None:
    await alice.send("/studio/collections", "/studio/collections", title="All Water")
    address = "/studio/collections/all-water"
    opened = await typed(alice, address)
    assert (await alice.post(address, {**opened, "title": "Theirs"})).status == 303
    answer = await alice.post(address, {**opened, "title": "Mine", "words": "Typed"})
    page = await answer.text()
    assert (answer.status, 'value="Mine"' in page, ">\nTyped</textarea>" in page) == (409, True, True)
    assert "<h1>Theirs</h1>" in page


@pytest.mark.parametrize(
    ("title", "slug", "field"), [("", "", "title"), ("A", "A B", "slug"), ("All Water", "", "slug")]
)
async def test_a_collection_that_cannot_be_is_refused_beside_its_field(
    shop: House, alice: Visitor, title: str, slug: str, field: str
) -> None:
    await alice.send("/studio/collections", "/studio/collections", title="All Water")
    answer = await alice.send("/studio/collections", "/studio/collections", title=title, slug=slug)
    assert (answer.status, f'id="{field}-wrong"' in await answer.text()) == (422, True)


async def test_a_draft_that_failed_says_why_on_its_page(shop: House, alice: Visitor, clock: Clock) -> None:
    ref = await new_work(shop, SONG, title="River Song")
    path = f"/studio/drafts/{ref}"
    day = clock.now + timedelta(days=1)
    fields = {**await typed(alice, path), **OWN, "do": "later", "day": f"{day:%Y-%m-%d}", "hour": "12:00"}
    await alice.post(path, fields)
    await publish_now(shop, await new_work(shop, ("a.txt", b"a"), title="River Song"))
    clock.move(days=1)
    await Press(shop).publish_due()
    page = await alice.text(path)
    assert "It was to be published, and could not be." in page
    assert "There is another work at this address." in page
    assert "It could not be published." in await alice.text("/studio/works")


async def test_more_licences_are_a_press_away_and_nothing_typed_is_lost(shop: House, alice: Visitor) -> None:
    path = await begin(alice)
    page = await alice.text(path)
    assert "Free Art License" not in page
    fields = {**await typed(alice, path), "title": "Low Water", "do": "licences"}
    answer = await alice.post(path, fields)
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}?licences=all#f-licence")
    page = await alice.text(f"{path}?licences=all")
    assert '<option value="LAL-1.3">Free Art License 1.3</option>' in page
    assert 'value="Low Water"' in page
    await alice.post(path, {**await typed(alice, path), "licence": "LAL-1.3", "do": "save"})
    assert '<option value="LAL-1.3" selected>' in await alice.text(path)
