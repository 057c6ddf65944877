"""What readers see of a file that is damaged or missing here: it is told beside it, with what there is meanwhile."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import update

from headwaters.actions.storage import note_look
from headwaters.core.sales.states import Door
from headwaters.core.works.faults import Fault
from headwaters.core.works.media import WorkKind
from headwaters.errands.house import House, refresh
from headwaters.store import blobs
from headwaters.store import pages as rows
from headwaters.store.db import Connection
from headwaters.store.tables import files
from tests.support.makings import made, pretend_formats
from tests.support.pages import Part, order, publish

SONGS = [Part(f"{n:02}.flac", b"song %d" % n, "audio/flac", label=f"Song {n}", seconds=100) for n in (1, 2)]
PARTS = [*SONGS, Part("booklet.txt", b"Notes")]
FREE = frozenset({Door.CANT_PAY, Door.HAVE_COPY})

Client = TestClient[Any, Any]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web."""
    return sqlite_url


async def album(house: House, **said: Any) -> str:
    """An album with its formats, and an order of it; the order page's path."""
    await publish(house, "Songs", PARTS, kind=WorkKind.MUSIC, **said)
    await pretend_formats(house)
    await refresh(house)
    return f"/o/{(await order(house, 'songs')).token}"


async def harm(house: House, name: str, fault: Fault | None = Fault.CHANGED) -> None:
    """A look found this file of the album so."""

    def note(conn: Connection) -> None:
        work = rows.work_by_slug(conn, "songs")
        digest = next(file.sha256 for file in work.files if file.name == name)
        seen = blobs.read_blob(conn, digest)
        assert seen is not None
        assert note_look(conn, seen, fault, house.clock())

    await house.db.write(note)
    await refresh(house)


def row_of(page: str, label: str) -> str:
    """The list's item of a file."""
    return next(item for item in re.findall(r'<li class="file".*?</li>\n(?=<li|</ul>)', page, re.S) if label in item)


@pytest.mark.parametrize(("fault", "words"), [(Fault.CHANGED, "Damaged here"), (Fault.MISSING, "Missing here")])
async def test_it_is_told_beside_the_file_with_what_there_is_meanwhile(
    house: House, client: Client, fault: Fault, words: str
) -> None:
    path = await album(house)
    before = await (await client.get(path)).text()
    assert "here for now" not in before
    await harm(house, "01.flac", fault)
    page = await (await client.get(path)).text()
    item = row_of(page, "Song 1")
    assert words in item
    assert "The creator has been told." in item
    assert '.flac"' not in item, "nobody is led to what is not sent"
    assert re.search(r'<a href="/d/[a-z2-7]{26}/[a-z2-7]{13}/01[.]mp3" download>Take the MP3</a>', item)
    assert 'href="/d/' in item.partition("<audio")[2], "and its MP3 plays"
    assert "here for now" not in row_of(page, "Song 2")
    assert 'everything.zip" download' not in page
    assert "The ZIP of everything waits for one file" in page
    assert [re.search(rf'everything-{one}[.]zip" download', page) is not None for one in ("mp3", "opus")] == [
        True,
        True,
    ]


async def test_when_it_is_whole_again_everything_is_as_before(house: House, client: Client) -> None:
    path = await album(house)
    shown = [(await (await client.get(path)).text()).partition('id="keep"')[0]]
    for fault in (Fault.CHANGED, None):
        await harm(house, "01.flac", fault)
        shown.append((await (await client.get(path)).text()).partition('id="keep"')[0])
    assert shown[0] == shown[2] != shown[1]


async def test_the_twin_and_the_page_of_formats_say_the_same(house: House, client: Client) -> None:
    path = await album(house)
    await harm(house, "01.flac")
    await harm(house, "02.mp3", Fault.MISSING)
    twin = await (await client.get(f"{path}.json")).json()
    (edition,) = twin["works"][0]["editions"]
    assert {one["name"]: one["fault"] for one in edition["files"]} == {
        "01.flac": "changed",
        "02.flac": None,
        "booklet.txt": None,
    }
    assert {one["name"]: one["fault"] for one in edition["made"]} == {
        "01.mp3": None,
        "02.mp3": "missing",
        "01.opus": None,
        "02.opus": None,
    }
    page = await (await client.get(f"{path}/formats")).text()
    assert "One file is not whole here for now: 01.flac." in page
    assert "<td>not whole</td>" in page
    assert '/02.mp3"' not in page
    assert "everything-mp3.zip" not in page
    assert "everything-opus.zip" in page
    also = (await (await client.get(path)).text()).partition("Also as")[2].partition("</p>")[0]
    assert "MP3 (being made: 1 of 2)" in also, "the shop makes again what it made itself"


async def test_the_zip_is_refused_by_the_name_of_what_it_would_lack(house: House, client: Client) -> None:
    path = await album(house)
    way = re.findall(r"/d/[a-z2-7]{26}", await (await client.get(path)).text())[0]
    await harm(house, "01.flac")
    for name, seconds in (("everything.zip", "3600"), ("everything-mp3.zip", None)):
        answer = await client.get(f"{way}/{name}")
        assert (answer.status, answer.headers.get("Retry-After")) == ((503, seconds) if seconds else (200, None))
    answer = await client.get(f"{way}/everything.zip")
    assert (await answer.text()).startswith("“01.flac” is not whole here for now, and this ZIP never lacks a file.")
    await harm(house, "01.flac", Fault.MISSING)
    assert (await client.get(f"{way}/everything.zip")).headers["Retry-After"] == "600"


async def test_of_a_free_work_it_is_told_on_its_page(house: House, client: Client) -> None:
    await album(house, doors=FREE)
    await client.get("/w/songs")
    await harm(house, "02.flac")
    page = await (await client.get("/w/songs")).text()
    item = row_of(page.partition('id="free"')[2], "Song 2")
    assert "Damaged here" in item
    assert re.search(r'<a href="/w/songs/get/[a-z2-7]{13}/02[.]mp3" download>Take the MP3</a>', item)
    assert '02.flac"' not in item
    assert "/w/songs/get/everything.zip" not in page
    assert "The ZIP of everything waits for one file" in page
    answer = await client.get("/w/songs/get/everything.zip")
    assert answer.status == 503
    assert "“02.flac” is not whole here" in await answer.text()


async def test_a_taste_that_is_damaged_is_not_offered(house: House, client: Client) -> None:
    await album(house)
    await house.db.write(
        lambda conn: conn.execute(
            update(files).values(role="taste").where(files.c.name == "01.mp3", files.c.recipe == "mp3")
        )
    )
    await harm(house, "02.flac")
    assert ">Song 1</b>" in (await (await client.get("/w/songs")).text()).partition('id="taste"')[2]
    await harm(house, "01.mp3")
    assert 'id="taste"' not in await (await client.get("/w/songs")).text()


async def test_nothing_made_of_a_file_is_in_the_way_of_another(house: House, client: Client) -> None:
    """Both its forms are damaged too: then there is nothing to take or to play instead."""
    path = await album(house)
    assert {"01.mp3", "01.opus"} <= (await made(house, "songs")).keys()
    for name in ("01.flac", "01.mp3", "01.opus"):
        await harm(house, name)
    item = row_of(await (await client.get(path)).text(), "Song 1")
    assert "Take the" not in item
    assert "<audio" not in item
    assert "<audio" in row_of(await (await client.get(path)).text(), "Song 2")
