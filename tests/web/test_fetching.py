"""What a key and a free work's public address open beside files: who gets what, and what nobody gets."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import libtorrent
import pytest
import pytest_asyncio
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import update

from headwaters.errands.house import House, refresh
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.store.fetching import fetched
from headwaters.store.shop import raise_catalogue
from headwaters.web.app import make_app
from tests.support.fetching import add_mirror, make_torrents
from tests.support.shelf import Item, app_of, config_of, grant, open_house, set_state, stock

SONG, OTHER = os.urandom(200_000), os.urandom(70_001)
Client = TestClient[Any, Any]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web; the queries are asked on both in tests/store/test_fetching.py."""
    return sqlite_url


@pytest_asyncio.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(config_of(tmp_path, database_url)) as house:
        yield house


@pytest_asyncio.fixture
async def client(house: House) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app_of(house))) as client:
        yield client


def songs() -> list[Item]:
    return [
        Item("Disc 1/01 Rain.flac", SONG, "audio/flac"),
        Item("Notes.pdf", OTHER, "application/pdf"),
        Item("sample.flac", b"a taste", "audio/flac", role="sample"),
        Item("01 Rain.opus", b"small", "audio/ogg", role="made"),
    ]


async def change(house: House, work_id: int, **values: str) -> None:
    def run(conn: Connection) -> None:
        conn.execute(update(tables.works).where(tables.works.c.id == work_id).values(**values))
        raise_catalogue(conn)

    await house.db.write(run)
    await refresh(house)


async def read(answer: ClientResponse, status: int = 200) -> bytes:
    assert answer.status == status, await answer.text()
    return await answer.read()


# ── for who holds it ─────────────────────────────────────────────────────────────────────────────


async def test_sums_name_everything_that_a_holder_gets(house: House, client: Client) -> None:
    key = await grant(house, await stock(house, "songs", songs()))
    answer = await client.get(f"/d/{key}/SHA256SUMS")
    wanted = [(SONG, "Disc 1/01 Rain.flac"), (OTHER, "Notes.pdf"), (b"small", "01 Rain.opus")]
    assert await read(answer) == b"".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode() for data, name in wanted
    )
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'inline; filename="SHA256SUMS"'
    assert answer.headers["Cache-Control"] == "private, no-cache, no-transform"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


async def test_a_metalink_lists_what_was_given_and_each_file_has_one(house: House, client: Client) -> None:
    items = songs()
    key = await grant(house, await stock(house, "songs", items))
    answer = await client.get(f"/d/{key}/all.meta4")
    text = (await read(answer)).decode()
    assert answer.headers["Content-Type"] == "application/metalink4+xml"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="songs.meta4"'
    assert text.count("<file ") == 2
    rain = f'<url priority="1">http://127.0.0.1:8000/d/{key}/{items[0].ref}/01%20Rain.flac</url>'
    assert rain in text
    for item in (items[0], items[3]):
        one = (await read(await client.get(f"/d/{key}/{item.ref}.meta4"))).decode()
        assert one.count("<file ") == 1
        assert hashlib.sha256(item.content).hexdigest() in one  # type: ignore[arg-type]
    await read(await client.get(f"/d/{key}/{items[2].ref}.meta4"), 404)
    await read(await client.get(f"/d/{key}/{'a' * 13}.meta4"), 404)


async def test_a_torrent_is_there_once_it_is_made_and_is_the_same_for_everyone(house: House, client: Client) -> None:
    work_id = await stock(house, "songs", songs())
    keys = [await grant(house, work_id) for _ in range(2)]
    await read(await client.get(f"/d/{keys[0]}/all.torrent"), 404)
    assert await make_torrents(house) == 1
    assert await make_torrents(house) == 0
    found = []
    for key in keys:
        answer = await client.get(f"/d/{key}/all.torrent")
        data = await read(answer)
        assert answer.headers["Content-Type"] == "application/x-bittorrent"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="songs.torrent"'
        params = libtorrent.load_torrent_buffer(data)
        assert params.url_seeds == [f"http://127.0.0.1:8000/d/{key}/seed/1/"]
        assert params.trackers == []
        found.append(libtorrent.torrent_info(data))
    assert found[0].info_hash() == found[1].info_hash()
    paths = [file[b"path"] for file in libtorrent.bdecode(data)[b"info"][b"files"]]
    assert paths == [[b"Disc 1", b"01 Rain.flac"], [b"Notes.pdf"]]


async def test_the_web_seed_has_each_path_of_the_torrent_and_nothing_else(house: House, client: Client) -> None:
    key = await grant(house, await stock(house, "songs", songs()))
    assert await read(await client.get(f"/d/{key}/seed/1/songs/Disc%201/01%20Rain.flac")) == SONG
    part = await client.get(f"/d/{key}/seed/1/songs/Notes.pdf", headers={"Range": "bytes=70000-"})
    assert await read(part, 206) == OTHER[70_000:]
    for path in (
        "1/songs/sample.flac",
        "1/songs/01%20Rain.opus",
        "1/songs/01%20Rain.flac",
        "1/songs/Disc%201",
        "1/songs/",
        "1/songs/%2E%2E%2Fsongs/Notes.pdf",
        "1/songs/Disc%201/..%2FNotes.pdf",
        "1/songs/..%2F..%2F..%2F..%2Fetc%2Fpasswd",
        "1/other/Notes.pdf",
        "1/Notes.pdf",
        "1/songs/notes.pdf",
        "2/songs-edition-2/Notes.pdf",
        "0/songs/Notes.pdf",
        "01/songs/Notes.pdf",
        "x/songs/Notes.pdf",
        f"{10**9}/songs/Notes.pdf",
    ):
        answer = await client.get(f"/d/{key}/seed/{path}")
        assert answer.status == 404, path


async def test_a_torrent_of_an_edition_before_goes_on_working(house: House, client: Client) -> None:
    work_id = await stock(house, "songs", songs())
    key = await grant(house, work_id)
    await make_torrents(house)
    newer = [Item("Disc 1/01 Rain.flac", b"a better one", "audio/flac"), Item("Notes.pdf", OTHER, "application/pdf")]
    await stock(house, "songs", newer, number=2, work_id=work_id)
    assert await read(await client.get(f"/d/{key}/seed/1/songs/Disc%201/01%20Rain.flac")) == SONG
    assert await read(await client.get(f"/d/{key}/seed/2/songs-edition-2/Disc%201/01%20Rain.flac")) == b"a better one"
    await read(await client.get(f"/d/{key}/all.torrent"), 404)
    assert await make_torrents(house) == 1
    torrent = libtorrent.load_torrent_buffer(await read(await client.get(f"/d/{key}/all.torrent")))
    assert torrent.url_seeds == [f"http://127.0.0.1:8000/d/{key}/seed/2/"]


async def test_two_works_of_the_same_file_have_the_same_torrent(house: House, client: Client) -> None:
    keys = [await grant(house, await stock(house, slug, [Item("a.flac", SONG)])) for slug in ("one", "two")]
    assert await make_torrents(house) == 2
    data = [await read(await client.get(f"/d/{key}/all.torrent")) for key in keys]
    assert len({str(libtorrent.torrent_info(each).info_hash()) for each in data}) == 1
    assert len(set(data)) == 2


async def test_a_download_says_where_else_the_file_is(house: House, client: Client) -> None:
    film = Item("Höhe.mp4", SONG, "video/mp4")
    work_id = await stock(house, "film", [film])
    key = await grant(house, work_id)
    await make_torrents(house)
    await add_mirror(house, work_id, "https://one.example/x/")
    await add_mirror(house, work_id, "https://two.example/", state="bad")
    await add_mirror(house, work_id, "https://three.example/", 1)  # looked at before this edition came
    await add_mirror(house, work_id, "https://four.example/", None, "unchecked")
    way = f"/d/{key}/{film.ref}"
    told = [
        f'<{way}.meta4>; rel=describedby; type="application/metalink4+xml"',
        f'</d/{key}/all.torrent>; rel=describedby; type="application/x-bittorrent"',
        "<https://one.example/x/H%C3%B6he.mp4>; rel=duplicate; pri=1",
    ]
    for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=5-9"})):
        answer = await client.request(method, way, headers=headers)
        assert answer.headers.getall("Link") == told
    beyond = await client.get(way, headers={"Range": "bytes=900000-"})
    assert (beyond.status, "Link" in beyond.headers) == (416, False)
    text = (await read(await client.get(f"/d/{key}/all.meta4"))).decode()
    assert '<url priority="2">https://one.example/x/H%C3%B6he.mp4</url>' in text
    assert "two.example" not in text + str(told)
    seeds = libtorrent.load_torrent_buffer(await read(await client.get(f"/d/{key}/all.torrent"))).url_seeds
    assert sorted(seeds) == sorted(
        [f"http://127.0.0.1:8000/d/{key}/{film.ref}/H%C3%B6he.mp4", "https://one.example/x/H%C3%B6he.mp4"]
    )


WAYS = ("SHA256SUMS", "all.meta4", "all.torrent", "{ref}.meta4", "seed/1/film/a.mp4", "{ref}/a.mp4", "everything.zip")


async def test_a_strangers_key_opens_none_of_it_and_a_withheld_work_stops(house: House, client: Client) -> None:
    film, song = Item("a.mp4", SONG), Item("b.mp4", OTHER)
    work_id, other = await stock(house, "film", [film, Item("c.txt", b"c")]), await stock(house, "song", [song])
    key, charlies = await grant(house, work_id), await grant(house, other)
    await make_torrents(house)
    for way in WAYS:
        path = way.format(ref=film.ref)
        assert (await client.get(f"/d/{key}/{path}")).status == 200, way
        for wrong in ("a" * 26, "a" * 25, "x"):
            assert (await client.get(f"/d/{wrong}/{path}")).status == 404, way
    for way in ("{ref}.meta4", "seed/1/film/a.mp4", "{ref}/a.mp4"):
        assert (await client.get(f"/d/{charlies}/{way.format(ref=film.ref)}")).status == 404
    await set_state(house, work_id, "retired")
    for way in WAYS:
        assert (await client.get(f"/d/{key}/{way.format(ref=film.ref)}")).status == 200, way
    await set_state(house, work_id, "withheld")
    for way in WAYS:
        assert (await client.get(f"/d/{key}/{way.format(ref=film.ref)}")).status == 451, way


# ── for everybody, of free works ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("doors", "free"),
    [
        ("cant_pay,have_copy", True),
        ("cant_pay", True),
        ("have_copy", False),
        ("pay,cant_pay,have_copy", False),
        ("pay,cant_pay", False),
        ("pay", False),
    ],
)
async def test_what_asks_for_nothing_is_there_for_everybody(
    house: House, client: Client, doors: str, free: bool
) -> None:
    film = Item("a.mp4", SONG)
    work_id = await stock(house, "film", [film, Item("c.txt", b"c")])
    await make_torrents(house)
    await change(house, work_id, doors=doors)
    for way in WAYS:
        answer = await client.get(f"/w/film/get/{way.format(ref=film.ref)}")
        assert answer.status == (200 if free else 404), way
        if free:
            assert answer.headers["Cache-Control"].startswith("public, max-age="), way
            assert "X-Robots-Tag" not in answer.headers


async def test_a_public_file_is_the_same_as_a_holders(house: House, client: Client) -> None:
    film = Item("a.mp4", SONG, "video/mp4")
    work_id = await stock(house, "film", [film, Item("s.mp4", b"sample", role="sample")])
    key = await grant(house, work_id)
    await make_torrents(house)
    await change(house, work_id, doors="cant_pay,have_copy")
    ours, theirs = [await client.get(f"{way}/{film.ref}/a.mp4") for way in ("/w/film/get", f"/d/{key}")]
    assert await read(ours) == await read(theirs) == SONG
    same = ("ETag", "Repr-Digest", "Content-Disposition", "Content-Security-Policy", "Last-Modified")
    assert [ours.headers[name] for name in same] == [theirs.headers[name] for name in same]
    assert ours.headers.getall("Link") == [
        f'</w/film/get/{film.ref}.meta4>; rel=describedby; type="application/metalink4+xml"',
        '</w/film/get/all.torrent>; rel=describedby; type="application/x-bittorrent"',
    ]
    data = await read(await client.get("/w/film/get/all.torrent"))
    seed = f"http://127.0.0.1:8000/w/film/get/{film.ref}/a.mp4"
    assert libtorrent.load_torrent_buffer(data).url_seeds == [seed]
    zips = [await read(await client.get(f"{way}/everything.zip")) for way in ("/w/film/get", f"/d/{key}")]
    assert zips[0] == zips[1]


async def test_what_is_not_free_or_not_there_any_more_is_not_given(house: House, client: Client) -> None:
    film = Item("a.mp4", SONG)
    work_id = await stock(house, "film", [film, Item("c.txt", b"c")])
    await make_torrents(house)
    await change(house, work_id, doors="cant_pay")
    addresses = [f"/w/film/get/{way.format(ref=film.ref)}" for way in WAYS]

    async def statuses() -> set[int]:
        return {(await client.get(address)).status for address in addresses}

    assert await statuses() == {200}
    await change(house, work_id, doors="pay,cant_pay")
    assert await statuses() == {404}
    await change(house, work_id, doors="cant_pay")
    await set_state(house, work_id, "withheld")
    assert await statuses() == {451}
    for address in addresses:
        assert "no-store" in (await client.get(address)).headers.get("Cache-Control", "no-store")
    await change(house, work_id, state="retired")
    assert await statuses() == {404}  # the app makes 410 of it
    assert {(await client.get(address.replace("film", "none", 1))).status for address in addresses} == {404}


async def test_a_free_work_that_is_retired_is_gone(house: House) -> None:
    film = Item("a.mp4", SONG)
    work_id = await stock(house, "film", [film])
    await change(house, work_id, doors="cant_pay", state="retired")
    async with TestClient(TestServer(make_app(house))) as client:
        assert (await client.get(f"/w/film/get/{film.ref}/a.mp4")).status == 410


async def test_what_began_is_counted_by_work_and_day(house: House) -> None:
    film = Item("a.mp4", SONG)
    work_id = await stock(house, "film", [film, Item("c.txt", b"c" * 70_000)])
    await change(house, work_id, doors="cant_pay")
    key = await grant(house, work_id)
    async with TestClient(TestServer(make_app(house))) as client:
        for path, headers in (
            (f"{film.ref}/a.mp4", {}),
            (f"{film.ref}/a.mp4", {"Range": "bytes=100000-"}),
            ("everything.zip", {}),
            ("seed/1/film/c.txt", {}),
            ("SHA256SUMS", {}),
            ("all.meta4", {}),
        ):
            await (await client.get(f"/w/film/get/{path}", headers=headers)).read()
        await (await client.get(f"/d/{key}/seed/1/film/c.txt")).read()
        assert house.downloads.take() == {key: 1}
    day = int(house.clock().timestamp()) // 86_400
    assert await house.db.read(lambda conn: fetched(conn, day - 1, day + 1)) == 3
    assert await house.db.read(lambda conn: fetched(conn, day - 1, day + 1, work_id + 1)) == 0
    assert house.fetched.take() == {}


async def test_the_thousandth_range_costs_no_query(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    film = Item("a.mp4", SONG)
    work_id = await stock(house, "film", [film, Item("c.txt", b"c")])
    await make_torrents(house)
    await change(house, work_id, doors="cant_pay")
    looks: list[object] = []
    read_ = house.db.read

    def counted(query: Any) -> Any:
        looks.append(query)
        return read_(query)

    async with TestClient(TestServer(app_of(house))) as client:
        monkeypatch.setattr(house.db, "read", counted)
        for _ in range(2):
            asked = len(looks)
            for way in WAYS:
                await (await client.get(f"/w/film/get/{way.format(ref=film.ref)}")).read()
        assert len(looks) == asked
