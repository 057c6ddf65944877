"""What readers see of the formats that were made: the work's page, the order page, its page of formats, and the ZIP."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import delete, select, update

from headwaters.actions.makings import stop_makings, try_again
from headwaters.actions.shop import change_settings
from headwaters.actions.works import withhold_work
from headwaters.core.works.media import WorkKind
from headwaters.errands.house import House, refresh
from headwaters.store.db import Connection
from headwaters.store.pages import FileView
from headwaters.store.shop import raise_catalogue
from headwaters.store.tables import files, makings
from headwaters.web.show_play import NOTHING, played
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


# ── while they are being made ────────────────────────────────────────────────────────────────────


async def set_back(house: House, recipe: str, *names: str) -> None:
    """Nothing was made yet of these files by a recipe."""

    def forget(conn: Connection) -> None:
        origins = select(files.c.id).where(files.c.name.in_(names))
        conn.execute(delete(files).where(files.c.recipe == recipe, files.c.made_from.in_(origins)))
        mine = (makings.c.recipe == recipe, makings.c.file_id.in_(origins))
        conn.execute(update(makings).where(*mine).values(state="waiting", due_at=house.clock().timestamp() * 1_000_000))
        raise_catalogue(conn)

    await house.db.write(forget)
    await refresh(house)


async def test_a_format_is_offered_whole_once_all_of_it_is_made(house: House, client: TestClient[Any, Any]) -> None:
    path = await album(house)
    archive = re.findall(r'href="(/d/[a-z2-7]{26}/everything-mp3[.]zip)"', await (await client.get(path)).text())[0]
    await set_back(house, "mp3", "03.flac", "07.flac", "12.flac")
    refused = await client.get(archive)
    assert refused.status == 404
    assert "Not all of this format is made yet." in await refused.text()
    page = await (await client.get(path)).text()
    assert re.search(r"Also as\s+MP3 \(being made: 9 of 12\), <a href=[^>]+everything-opus[.]zip", page)
    assert "everything-mp3" not in page
    page = await (await client.get(f"{path}/formats")).text()
    assert "MP3<small>being made: 9 of 12</small>" in page
    assert "everything-mp3" not in page
    assert len(re.findall(r'href="/d/[^"]+[.]mp3"', page)) == 9, "each is there as soon as it is made"
    await pretend_formats(house)
    await refresh(house)
    assert "everything-mp3.zip" in await (await client.get(path)).text()
    assert (await client.get(archive)).status == 200


async def test_what_could_not_be_made_is_in_the_zip_as_its_original(house: House, client: TestClient[Any, Any]) -> None:
    path = await album(house)
    await set_back(house, "mp3", "07.flac")
    assert "being made: 11 of 12" in await (await client.get(path)).text()
    assert await house.db.write(lambda conn: stop_makings(conn, "songs", "mp3", "enough", house.clock())) == 1
    await refresh(house)
    page = await (await client.get(path)).text()
    assert "being made" not in page
    (archive,) = re.findall(r'href="(/d/[a-z2-7]{26}/everything-mp3[.]zip)"', page)
    with zipfile.ZipFile(io.BytesIO(await (await client.get(archive)).read())) as found:
        assert [name for name in found.namelist() if name.startswith("0")] == [
            f"{n:02}.{'flac' if n == 7 else 'mp3'}" for n in range(1, 10)
        ]
    assert "the ZIP has its original in that place" in await (await client.get(f"{path}/formats")).text()
    assert await house.db.write(lambda conn: try_again(conn, "songs", "mp3", house.clock())) == 1
    await refresh(house)
    assert "being made: 11 of 12" in await (await client.get(path)).text()


async def test_nothing_of_a_format_is_there_yet(house: House, client: TestClient[Any, Any]) -> None:
    path = await album(house)
    await set_back(house, "mp3", *(str(part.name) for part in SONGS))
    assert "MP3 (being made: 0 of 12)" in await (await client.get(path)).text()
    assert "MP3<small>being made: 0 of 12</small>" in await (await client.get(f"{path}/formats")).text()


# ── what plays ───────────────────────────────────────────────────────────────────────────────────


async def test_music_without_loss_plays_as_its_mp3_and_is_downloaded_as_it_is(
    house: House, client: TestClient[Any, Any]
) -> None:
    path = await album(house)
    page = await (await client.get(path)).text()
    assert len(re.findall(r'<audio [^>]*src="/d/[a-z2-7]{26}/[a-z2-7]{13}/\d\d[.]mp3"', page)) == 12
    assert len(re.findall(r'href="/d/[a-z2-7]{26}/[a-z2-7]{13}/\d\d[.]flac" download', page)) == 12
    await set_back(house, "mp3", "03.flac")
    page = await (await client.get(path)).text()
    assert [re.search(rf'<audio [^>]*src="[^"]+/03[.]{kind}"', page) is None for kind in ("mp3", "flac")] == [
        True,
        False,
    ]


async def test_a_film_that_no_browser_plays_plays_as_what_was_made_of_it(
    house: House, client: TestClient[Any, Any]
) -> None:
    film = [Part("Film.mkv", b"a film", "video/matroska", seconds=3720)]
    await publish(house, "Film", film, kind=WorkKind.FILM)
    path = f"/o/{(await order(house, 'film')).token}"
    page = await (await client.get(path)).text()
    assert "<video" not in page
    assert "A form that plays here is being made." in page
    assert "MP4 1080 (being made), MP4 480 (being made)" in page
    await pretend_formats(house)
    await refresh(house)
    page = await (await client.get(path)).text()
    ways = re.findall(
        r'<source (?:media="\(max-width:48rem\)" )?src="/d/[a-z2-7]{26}/[a-z2-7]{13}/(Film[.]\d+[.]mp4)">', page
    )
    assert ways == ["Film.480.mp4", "Film.1080.mp4"]
    assert re.search(r'href="[^"]+/Film[.]mkv" download', page)
    assert "being made" not in page


def _file(name: str, media_type: str, **more: Any) -> FileView:
    return FileView("r" * 13, "work", name, "", media_type, "0" * 64, 1, None, None, None, id=1, **more)


def _made(*recipes: str, fault: str = "") -> list[FileView]:
    return [
        FileView("m" * 13, "made", one, "", "x/y", "0" * 64, 1, None, None, None, 2, 1, one, fault=fault)
        for one in recipes
    ]


FILMS, SOUNDS = ("h264-1080", "h264-480"), ("mp3", "opus")


@pytest.mark.parametrize(
    ("media_type", "recipes", "kind", "plays", "small"),
    [
        ("video/mp4", FILMS, "video", "h264-1080", "h264-480"),
        ("video/mp4", FILMS[1:], "video", "itself", "h264-480"),
        ("video/matroska", FILMS[1:], "video", "h264-480", ""),
        ("video/matroska", (), "file", "", ""),
        ("video/webm", (), "video", "itself", ""),
        ("audio/flac", SOUNDS, "audio", "mp3", ""),
        ("audio/flac", SOUNDS[1:], "audio", "itself", ""),
        ("audio/aiff", SOUNDS[1:], "audio", "opus", ""),
        ("audio/aiff", (), "file", "", ""),
        ("audio/mpeg", ("opus",), "audio", "itself", ""),
        ("audio/ogg", ("mp3",), "audio", "itself", ""),
        ("audio/midi", (), "file", "", ""),
        ("image/jpeg", ("webp-2048",), "picture", "itself", ""),
        ("image/tiff", ("webp-2048",), "file", "", ""),
        ("text/plain", (), "file", "", ""),
    ],
)
def test_what_plays_of_a_file(media_type: str, recipes: tuple[str, ...], kind: str, plays: str, small: str) -> None:
    found = played(_file("itself", media_type), _made(*recipes))
    assert (found.kind, found.tail.rpartition("/")[2], found.small.rpartition("/")[2]) == (kind, plays, small)


def test_what_is_damaged_does_not_play() -> None:
    assert played(_file("itself", "video/mp4", fault="changed"), _made("h264-480")).tail.endswith("/h264-480")
    assert played(_file("itself", "video/mp4"), _made(*FILMS, fault="missing")).tail.endswith("/itself")
    assert played(_file("itself", "video/mp4", fault="changed"), _made(*FILMS, fault="missing")) == NOTHING


async def test_subtitles_from_inside_of_a_film_are_shown_with_it_alone(
    house: House, client: TestClient[Any, Any]
) -> None:
    films = [Part("One.mkv", b"one", "video/matroska"), Part("Two.mkv", b"two", "video/matroska")]
    await publish(house, "Films", films, kind=WorkKind.FILM)
    await pretend_formats(house)
    await refresh(house)
    path = f"/o/{(await order(house, 'films')).token}"
    page = await (await client.get(path)).text()
    videos = re.findall(r"<video.*?</video>", page, re.DOTALL)
    tracks = [re.findall(r'<track kind="subtitles" label="([^"]+)" src="([^"]+)">', video) for video in videos]
    assert [[label for label, _ in own] for own in tracks] == [["One.vtt"], ["Two.vtt"]]
    assert (await (await client.get(tracks[1][0][1])).read()).startswith(b"vtt ")
    formats = await (await client.get(f"{path}/formats")).text()
    assert ("One.480.mp4" in formats, "One.vtt" in formats) == (True, False)
