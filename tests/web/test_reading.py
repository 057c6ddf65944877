"""Books on pages: the first chapters for everybody, all of it for whoever has the key."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient

from headwaters.actions.storage import note_look
from headwaters.actions.works import retire_work, withhold_work
from headwaters.core.works.faults import Fault
from headwaters.core.works.reading import PREFIX, READING, BookPicture, Part, Reading, index_length, pack, read_index
from headwaters.errands.house import House, refresh
from headwaters.store import blobs
from headwaters.store import pages as rows
from headwaters.store.db import Connection
from headwaters.web.reading import clean, read_page
from tests.support import samples
from tests.support.books import Book, chapter, page, words
from tests.support.makings import make_all, published
from tests.support.pages import order

Client = TestClient[Any, Any]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web."""
    return sqlite_url


def shown_book() -> Book:
    first = f'<h1>One</h1>{words(100)}<p><a href="c2.xhtml#x">on</a> <img src="i.svg" alt="drawn"/></p>'
    first += "<script>alert(1)</script>"
    return Book(
        {"c1.xhtml": page(first), "c2.xhtml": chapter("Two", more='<p id="x">x</p>'), "c3.xhtml": chapter("Three")},
        [("One", "c1.xhtml"), ("Two", "c2.xhtml"), ("Three", "c3.xhtml")],
        others={"i.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'},
        types={"i.svg": "image/svg+xml"},
    )


@pytest_asyncio.fixture
async def key(house: House, tmp_path: Path) -> AsyncIterator[str]:
    """A shop with a book of which two chapters can be read; the download key of somebody who has it."""
    await published(house, shown_book().write(tmp_path / "Tale.epub"), title="Tale", taste="2 chapters")
    await make_all(house)
    taken = await order(house, "tale")
    found = await house.db.read(lambda conn: rows.order_by_token(conn, taken.token))
    yield found.lines[0].key or ""


def held_ref(conn: Connection) -> str:
    return next(file.ref for file in rows.work_by_slug(conn, "tale").of_role("made") if file.media_type == READING)


async def test_everybody_reads_the_first_chapters(client: Client, key: str):
    first = await client.get("/w/tale/read")
    assert (first.status, first.url.path) == (200, "/w/tale/read/1/1")
    assert first.headers["Cache-Control"] == "no-cache"
    assert "noindex" not in first.headers.get("X-Robots-Tag", "")
    html = await first.text()
    assert "<h2>One</h2>" in html
    assert '<a href="2#r2-x" rel="nofollow noopener noreferrer">on</a>' in html
    assert 'rel="next" href="2"' in html
    assert "alert" not in html
    last = await (await client.get("/w/tale/read/1/2")).text()
    assert "Here the taste ends" in last
    assert "One more chapter is in the whole book." in last
    assert 'href="/w/tale#doors"' in last
    again = await client.get("/w/tale/read/1/1", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    assert key not in html + last


@pytest.mark.parametrize("path", ["/3", "/0", "/x", "/01", "/99999999", "/p/2.svg", "/p/%2e%2e"])
async def test_there_is_no_more_of_it(client: Client, key: str, path: str):
    assert (await client.get(f"/w/tale/read/1{path}")).status == 404


async def test_other_books_and_works_have_no_such_page(client: Client, key: str):
    for path in ("/w/tale/read/2/1", "/w/nothing/read/1/1"):
        assert (await client.get(path)).status == 404
    assert (await client.get("/w/nothing/read")).status == 404


async def test_pictures_of_a_book_can_do_nothing(client: Client, house: House, key: str):
    ref = await house.db.read(held_ref)
    for path in ("/w/tale/read/1/p/1.svg", f"/d/{key}/{ref}/read/p/1.svg"):
        answer = await client.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml")
        assert answer.headers["Content-Security-Policy"].endswith("; sandbox")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_who_has_the_key_reads_all_of_it_and_nobody_keeps_it(client: Client, house: House, key: str):
    ref = await house.db.read(held_ref)
    answer = await client.get(f"/d/{key}/{ref}/read/3")
    html = await answer.text()
    assert answer.status == 200
    assert "<h2>Three</h2>" in html
    assert "Here the taste ends" not in html
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert key not in html  # its links lead on from where it is
    assert re.search(r'data-place="[0-9a-f]{64}" data-page="3"', html)


async def test_a_whole_book_opens_at_its_first_chapter(client: Client, house: House, tmp_path: Path):
    """Behind its cover and its title; those are a page back."""
    documents = {"cover.xhtml": page("<p>A cover</p>"), "title.xhtml": page("<p>By Alice</p>")}
    book = Book({**documents, "c1.xhtml": chapter("One")}, [(n, f"{n}.xhtml") for n in ("cover", "title", "c1")])
    await published(house, book.write(tmp_path / "Tale.epub"), title="Tale")
    await make_all(house)
    taken = await order(house, "tale")
    html = await (await client.get(f"/o/{taken.token}")).text()
    (link,) = re.findall(r'href="(/d/[a-z2-7]{26}/[a-z2-7]{13}/read)" data-go-on="[0-9a-f]{64}"', html)
    answer = await client.get(link)
    assert answer.url.path == f"{link}/3"
    assert 'data-page="3" data-first="3"' in await answer.text()
    sent = await client.get(link, allow_redirects=False)
    assert (sent.status, sent.headers["Cache-Control"], sent.headers["Referrer-Policy"]) == (
        303,
        "no-store",
        "no-referrer",
    )
    assert 'data-page="1" data-first="3"' in await (await client.get(f"{link}/1")).text()


async def test_a_book_whose_page_is_damaged_says_so_where_it_is_and_where_it_was_read(
    client: Client, house: House, key: str
):
    taken = await order(house, "tale")
    ref = await house.db.read(held_ref)

    def spoil(conn: Connection) -> None:
        digest = next(file.sha256 for file in rows.work_by_slug(conn, "tale").files if file.ref == ref)
        seen = blobs.read_blob(conn, digest)
        assert seen is not None
        assert note_look(conn, seen, Fault.CHANGED, house.clock())

    await house.db.write(spoil)
    await refresh(house)
    html = await (await client.get(f"/o/{taken.token}")).text()
    assert "Read it here" not in html
    assert "It cannot be read here just now, as that page is damaged. The book itself is whole." in html
    assert '.epub" download' in html
    for path in ("", "/1"):
        answer = await client.get(f"/d/{key}/{ref}/read{path}")
        assert (answer.status, answer.content_type, answer.headers["Retry-After"]) == (503, "text/html", "3600")
        assert "is damaged, and is not sent until it is whole again" in await answer.text()


async def test_a_wrong_key_and_another_file_have_no_such_page(client: Client, house: House, key: str):
    ref = await house.db.read(held_ref)
    epub = await house.db.read(lambda conn: rows.work_by_slug(conn, "tale").of_role("work")[0].ref)
    for path in (
        f"/d/{'a' * 26}/{ref}/read/1",
        f"/d/{'a' * 26}/{ref}/read",
        f"/d/{key}/{epub}/read",
        f"/d/{key}/{'a' * 13}/read/1",
        f"/d/{key}/{epub}/read/1",
        f"/d/{key}/{ref}/read/9",
    ):
        assert (await client.get(path)).status == 404


async def test_the_order_page_leads_to_it_and_does_not_list_it_as_a_file(client: Client, house: House, key: str):
    taken = await order(house, "tale")
    html = await (await client.get(f"/o/{taken.token}")).text()
    ref = await house.db.read(held_ref)
    assert f'/{ref}/read"' in html
    assert READING not in html
    assert ".book" not in html


async def test_a_retired_book_is_its_holders_alone_and_a_withheld_one_nobodys(client: Client, house: House, key: str):
    ref = await house.db.read(held_ref)
    await house.db.write(lambda conn: retire_work(conn, "tale", house.clock()))
    await refresh(house)
    assert (await client.get("/w/tale/read/1/1")).status == 404
    assert (await client.get(f"/d/{key}/{ref}/read/1")).status == 200
    await house.db.write(lambda conn: withhold_work(conn, "tale", "A court said so.", house.clock()))
    await refresh(house)
    assert (await client.get(f"/d/{key}/{ref}/read/1")).status == 451
    assert (await client.get("/w/tale/read/1/1")).status == 404


def test_the_second_lock_keeps_nothing_that_acts():
    hostile = (
        '<p onclick="x()" id="main" class="x">a</p><a href="javascript:x()">b</a><a href="//evil">c</a><img src="http://evil/x">'
        '<img src="p/1.png" onerror="x()"><script>x()</script><style>p{}</style><iframe src="/"></iframe><form></form>'
        '<p id="r1-ok" class="verse evil" style="x">d</p><a href="3#r1-ok">e</a><svg><p>f</p></svg>'
    )
    rel = 'rel="nofollow noopener noreferrer"'
    assert str(clean(hostile)) == (
        f'<p class="">a</p><a {rel}>b</a><a {rel}>c</a><img><img src="p/1.png">'
        f'<p id="r1-ok" class="verse">d</p><a href="3#r1-ok" {rel}>e</a><p>f</p>'
    )


def test_pages_turn_as_the_book_does():
    book = Reading(
        "B",
        "ja",
        "ltr",
        [Part("a", "<p>a</p>", 500), Part("b", "<p>b</p>", 1)],
        (),
        (BookPicture("1.png", "image/png", samples.png()),),
        9,
        backwards=True,
    )
    data = pack(book)
    index = read_index(data[PREFIX : PREFIX + index_length(data[:PREFIX])])
    shown = read_page(index, index.parts[0], 1, "<p>a</p>", title="x", href="/w/b/read/1/1", work="/w/b", place="p")
    assert (shown.title, shown.turning, shown.direction, shown.minutes, shown.before, shown.rest) == (
        "B",
        "rtl",
        "ltr",
        3,
        None,
        0,
    )
    last = read_page(index, index.parts[1], 2, "<p>b</p>", title="x", href="/w/b/read/1/2", work="/w/b", place="p")
    assert (last.after, last.rest) == (None, 7)
