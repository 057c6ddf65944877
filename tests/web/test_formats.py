"""What readers see of the formats that were made: the work's page, the order page, its page of formats, and the ZIP."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from headwaters.actions.shop import change_settings
from headwaters.actions.works import withhold_work
from headwaters.core.works.media import WorkKind
from headwaters.errands.house import House, refresh
from tests.support.makings import made, pretend_formats
from tests.support.pages import Part, order, publish

SONGS = [Part(f"{n:02}.flac", b"%d" % n, "audio/flac", label=f"Song {n}", seconds=100 + n) for n in range(1, 13)]
GIVEN = [*SONGS, Part("booklet.txt", b"Notes")]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web."""
    return sqlite_url


async def album(house: House) -> str:
    """An album with its formats, and an order of it; the order page's path."""
    await publish(house, "Songs", GIVEN, kind=WorkKind.MUSIC)
    await pretend_formats(house)
    await refresh(house)
    return f"/o/{(await order(house, 'songs')).token}"


async def test_the_works_page_names_them(house: House, client: TestClient[Any, Any]) -> None:
    await album(house)
    assert "Also as MP3 and Opus." in await (await client.get("/w/songs")).text()
    await house.db.write(lambda conn: change_settings(conn, {"formats": "opus"}))
    await refresh(house)
    assert "Also as Opus." in await (await client.get("/w/songs")).text()


async def test_an_album_is_offered_whole_in_each_of_them(house: House, client: TestClient[Any, Any]) -> None:
    path = await album(house)
    page = await (await client.get(path)).text()
    ways = re.findall(r'href="(/d/[a-z2-7]{26}/everything-(\w+)\.zip)"', page)
    assert [recipe for _, recipe in ways] == ["mp3", "opus"]
    assert [title for title in ("MP3", "Opus", "Metalink") if f">{title}</a>" in page] == ["MP3", "Opus"]
    assert not re.findall(r'<a [^>]*[.]mp3"', page)  # they have a page of their own
    answer = await client.get(ways[0][0])
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="songs-mp3.zip"')
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
        assert archive.namelist() == [
            "COLOPHON.txt",
            "SHA256SUMS",
            *(f"{n:02}.mp3" for n in range(1, 13)),
            "booklet.txt",
        ]
        assert archive.read("booklet.txt") == b"Notes"
    part = await client.get(ways[0][0], headers={"Range": "bytes=10-19"})
    assert (part.status, len(await part.read())) == (206, 10)


async def test_each_file_has_its_size_and_its_sha256(house: House, client: TestClient[Any, Any]) -> None:
    path = await album(house)
    answer = await client.get(f"{path}/formats")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"].startswith("noindex")
    page = await answer.text()
    files = await made(house, "songs")
    sums = re.findall(r"([0-9a-f]{64})  <span>([^<]+)</span>", page)
    given = {str(part.name): hashlib.sha256(part.content).hexdigest() for part in GIVEN}
    assert {name: digest for digest, name in sums} == given | {name: file.sha256 for name, file in files.items()}
    for href in re.findall(r'href="(/d/[^"]+\.mp3)"', page):
        got = await client.get(href)
        assert got.status == 200
        assert got.headers["Content-Type"] == "audio/mpeg"
    twin = await (await client.get(f"{path}.json")).json()
    told = twin["works"][0]["editions"][0]["made"]
    assert {(one["name"], one["sha256"], one["format"]) for one in told} == {
        (name, file.sha256, file.recipe) for name, file in files.items()
    }


async def test_other_ways_to_fetch_stand_there_too(house: House, client: TestClient[Any, Any]) -> None:
    path = await album(house)
    page = await (await client.get(f"{path}/formats")).text()
    way = re.findall(r"/d/[a-z2-7]{26}", page)[0]
    for name, start in (("all.meta4", b"<?xml"), ("SHA256SUMS", hashlib.sha256(b"1").hexdigest().encode())):
        assert f'href="{way}/{name}"' in page
        assert (await (await client.get(f"{way}/{name}")).read()).startswith(start)
    assert "The torrent is being made." in page
    assert way + "/all.meta4" not in await (await client.get(path)).text()


async def test_what_is_not_wanted_any_more_is_not_shown_and_still_there(
    house: House, client: TestClient[Any, Any]
) -> None:
    path = await album(house)
    page = await (await client.get(f"{path}/formats")).text()
    href = re.findall(r'href="(/d/[^"]+\.mp3)"', page)[0]
    await house.db.write(lambda conn: change_settings(conn, {"formats": "none"}))
    await refresh(house)
    page = await (await client.get(path)).text()
    assert "Also as" not in page
    assert "There are none (yet)." in await (await client.get(f"{path}/formats")).text()
    assert (await client.get(href)).status == 200


async def test_of_a_withheld_work_nothing_is_shown_or_given(house: House, client: TestClient[Any, Any]) -> None:
    path = await album(house)
    page = await (await client.get(path)).text()
    archive = re.findall(r'href="(/d/[^"]+everything-mp3\.zip)"', page)[0]
    await house.db.write(lambda conn: withhold_work(conn, "songs", "A court.", house.clock()))
    await refresh(house)
    page = await (await client.get(path)).text()
    assert "Also as" not in page
    assert "/formats" not in page
    page = await (await client.get(f"{path}/formats")).text()
    assert "/d/" not in page
    assert not re.search("[0-9a-f]{64}", page)
    assert (await client.get(archive)).status == 451


@pytest.mark.parametrize("name", ["everything-flac.zip", "everything-nothing.zip", "everything-MP3.zip"])
async def test_a_format_that_there_is_not_is_not_found(house: House, client: TestClient[Any, Any], name: str) -> None:
    path = await album(house)
    page = await (await client.get(path)).text()
    way = re.findall(r"/d/[a-z2-7]{26}", page)[0]
    assert (await client.get(f"{way}/{name}")).status == 404
    assert (await client.get(f"/d/{'a' * 26}/everything-mp3.zip")).status == 404
    assert (await client.get(f"/o/{'a' * 26}/formats")).status == 404
