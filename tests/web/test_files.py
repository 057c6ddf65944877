"""The addresses of files, asked over HTTP: who gets what, in which words, and what never goes out."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
import subprocess
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, ClientSession
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select, update

from headwaters.actions.storage import note_date
from headwaters.errands.download import Desk
from headwaters.errands.house import House
from headwaters.ports import Keep
from headwaters.store.blobs import read_blob
from headwaters.store.db import Connection
from headwaters.store.tables import blobs
from tests.support.shelf import Item, app_of, config_of, grant, open_house, set_state, stock

FILM = os.urandom(3_000_000)
DIGEST = hashlib.sha256(FILM).hexdigest()
TAG = f'"{DIGEST[:32]}"'
DATE = "Sun, 22 Nov 2026 10:30:15 GMT"


@pytest_asyncio.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(config_of(tmp_path, database_url)) as house:
        yield house


@pytest_asyncio.fixture
async def client(house: House) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    async with TestClient(TestServer(app_of(house))) as client:
        yield client


@pytest_asyncio.fixture
async def film(house: House) -> Item:
    """Alice's film."""
    return Item("Ein schöner Film.mp4", FILM, "video/mp4")


@pytest_asyncio.fixture
async def key(house: House, film: Item) -> str:
    """Bob's key of it."""
    words = Item("words.txt", b"Hello\n", "text/plain")
    cover = Item("cover.png", b"\x89PNG cover", "image/png", role="cover")
    return await grant(house, await stock(house, "a-film", [film, words, cover]))


async def get(client: TestClient, path: str, method: str = "GET", **headers: str) -> ClientResponse:  # type: ignore[type-arg]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.request(method, path, headers={"Accept-Encoding": "gzip", **named})


async def test_the_key_opens_the_file_whatever_name_is_asked_for(client: TestClient, key: str, film: Item) -> None:
    for name in ("/Ein%20sch%C3%B6ner%20Film.mp4", "/film.mp4", "/a%2Fb", "/a/b", "/", ""):
        answer = await get(client, f"/d/{key}/{film.ref}{name}")
        assert answer.status == 200, name
        assert await answer.read() == FILM


async def test_the_answer_says_all_that_a_download_needs(client: TestClient, key: str, film: Item) -> None:
    answer = await get(client, f"/d/{key}/{film.ref}/film.mp4")
    digest = base64.b64encode(hashlib.sha256(FILM).digest()).decode()
    assert await answer.read() == FILM
    told = {name.title(): value for name, value in answer.headers.items() if name not in {"Date", "Server"}}
    assert told == {
        "Accept-Ranges": "bytes",
        "Etag": TAG,
        "Link": f'</d/{key}/{film.ref}.meta4>; rel=describedby; type="application/metalink4+xml"',
        "Last-Modified": DATE,
        "Content-Type": "video/mp4",
        "Content-Length": "3000000",
        "Content-Disposition": 'attachment; filename="Ein schoner Film.mp4"; '
        "filename*=UTF-8''Ein%20sch%C3%B6ner%20Film.mp4",
        "Cache-Control": "private, no-transform",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "
        "media-src 'self'; form-action 'none'",
        "Repr-Digest": f"sha-256=:{digest}:",
        "Digest": f"SHA-256={digest}",
    }


async def test_a_digest_that_is_not_wanted_is_left_out(client: TestClient, key: str, film: Item) -> None:
    path = f"/d/{key}/{film.ref}/x"
    for asked, said in (
        ({"Want_Repr_Digest": "sha-256=0"}, {"Digest"}),
        ({"Want_Digest": "SHA-256;q=0"}, {"Repr-Digest"}),
        ({"Want_Repr_Digest": "sha-512=9, sha-256=1"}, {"Repr-Digest", "Digest"}),
    ):
        answer = await get(client, path, "HEAD", **asked)
        assert {name for name in ("Repr-Digest", "Digest") if name in answer.headers} == said


async def test_head_says_the_same_without_a_body(client: TestClient, key: str, film: Item) -> None:
    for path in (f"/d/{key}/{film.ref}/x", f"/d/{key}/everything.zip"):
        got, head = await get(client, path), await get(client, path, "HEAD", Range="bytes=0-5")
        body = await got.read()
        assert await head.read() == b""
        assert head.status == 200
        assert head.headers["Content-Length"] == str(len(body))
        assert {**head.headers, "Date": ""} == {**got.headers, "Date": ""}


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=-7", 2_999_993, 3_000_000),
        ("bytes=100-", 100, 3_000_000),
        ("bytes=5-2000004", 5, 2_000_005),
    ],
)
async def test_a_range_is_that_part(client: TestClient, key: str, film: Item, asked: str, start: int, end: int) -> None:
    answer = await get(client, f"/d/{key}/{film.ref}/x", Range=asked)
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/3000000"
    assert await answer.read() == FILM[start:end]
    assert answer.headers["Repr-Digest"].startswith("sha-256=:"), "of the whole, so that it verifies a resumed file"


async def test_several_ranges_come_as_parts_with_an_exact_length(client: TestClient, key: str, film: Item) -> None:
    answer = await get(client, f"/d/{key}/{film.ref}/x", Range="bytes=0-9, 1000000-2000000, -10")
    body = await answer.read()
    boundary = answer.headers["Content-Type"].partition("boundary=")[2]
    parts = body.split(f"--{boundary}".encode())
    assert answer.status == 206
    assert answer.headers["Content-Length"] == str(len(body))
    assert [part.partition(b"\r\n\r\n")[2][:-2] for part in parts[1:-1]] == [
        FILM[:10],
        FILM[1_000_000:2_000_001],
        FILM[-10:],
    ]


async def test_conditions_are_answered_without_a_body(client: TestClient, key: str, film: Item) -> None:
    path = f"/d/{key}/{film.ref}/x"
    unchanged = await get(client, path, If_None_Match=f'"other", {TAG}')
    assert (unchanged.status, await unchanged.read(), unchanged.headers["ETag"]) == (304, b"", TAG)
    assert unchanged.headers["Cache-Control"] == "private, no-transform"
    assert (await get(client, path, If_Modified_Since=DATE)).status == 304
    assert (await get(client, path, If_Match='"other"')).status == 412
    outside = await get(client, path, Range="bytes=3000000-")
    assert (outside.status, await outside.read()) == (416, b"")
    assert outside.headers["Content-Range"] == "bytes */3000000"
    assert outside.headers["Content-Length"] == "0"
    assert (await get(client, path, Range="bytes=5-9", If_Range='"other"')).status == 200
    assert (await get(client, path, Range="bytes=5-9", If_Range=TAG)).status == 206
    two_lines = await client.get(path, headers=[("If-None-Match", '"other"'), ("If-None-Match", TAG)])
    assert two_lines.status == 304


async def test_whoever_has_no_key_sees_one_and_the_same_nothing(
    client: TestClient, house: House, key: str, film: Item
) -> None:
    other = Item("other.txt", b"Charlie must not see this", "text/plain")
    await stock(house, "another-work", [other])
    unknown = "a" * 26
    paths = [
        f"/d/{unknown}/{film.ref}/x",
        f"/d/{unknown}/everything.zip",
        f"/d/{key}/{'a' * 13}/x",
        f"/d/{key}/{other.ref}/x",
        f"/d/{key.upper()}/{film.ref}/x",
        f"/d/{key[:-1]}/{film.ref}/x",
        f"/d/{key}/../{film.ref}",
        f"/d/%27%20OR%201=1/{film.ref}/x",
        f"/d/{key}/{film.ref}%00/x",
        f"/w/a-film/f/{film.ref}/x",
    ]
    for path in paths:
        answer = await get(client, path)
        assert answer.status == 404, path
        assert FILM[:100] not in await answer.read()
    shapes = {(await (await get(client, path)).text(), len((await get(client, path)).headers)) for path in paths[:4]}
    assert len(shapes) == 1


async def test_a_cover_as_it_was_given_is_for_holders_alone(client: TestClient, house: House) -> None:
    """It may tell where and when it was made; everybody gets the art that the shop made of it."""
    cover = Item("cover.jpg", b"Exif GPS 48.8584 N 2.2945 E", "image/jpeg", role="cover")
    work_id = await stock(house, "music", [Item("song.flac", b"song", "audio/flac"), cover])
    key = await grant(house, work_id)
    for state in ("published", "retired"):
        await set_state(house, work_id, state)
        answer = await get(client, f"/w/music/f/{cover.ref}/cover.jpg")
        assert answer.status == 404
        assert b"GPS" not in await answer.read()
        assert await (await get(client, f"/d/{key}/{cover.ref}/cover.jpg")).read() == cover.content


async def test_art_and_samples_are_for_everyone_and_for_long(client: TestClient, house: House) -> None:
    sample = Item("sample.mp3", b"ID3 sample", "audio/mpeg", role="sample")
    art = Item("art.webp", b"RIFF art", "image/webp", role="art")
    work_id = await stock(house, "music", [sample, art])
    for item in (sample, art):
        answer = await get(client, f"/w/music/f/{item.ref}/{item.name}?inline")
        assert answer.status == 200
        assert await answer.read() == item.content
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable, no-transform"
        assert answer.headers["Content-Disposition"] == f'inline; filename="{item.name}"'
        assert "X-Robots-Tag" not in answer.headers
    assert (await get(client, f"/w/other/f/{art.ref}/x")).status == 404
    for state, statuses in (("retired", [404, 200]), ("withheld", [451, 451]), ("published", [200, 200])):
        await set_state(house, work_id, state)
        told = [(await get(client, f"/w/music/f/{item.ref}/x")).status for item in (sample, art)]
        assert told == statuses, f"{state}: holders' order pages show the picture of a retired work"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"Range": "bytes=9999-"}, 416),
        ({"If_Match": '"another"'}, 412),
        ({"If_None_Match": "*"}, 304),
        ({"Range": "bytes=0-1"}, 206),
        ({}, 200),
    ],
)
async def test_no_cache_keeps_a_refusal_for_everybody(
    client: TestClient, house: House, asked: dict[str, str], status: int
) -> None:
    """One odd request must not stand for the file for a year."""
    sample = Item("sample.mp3", b"ID3 sample", "audio/mpeg", role="sample")
    await stock(house, "music", [sample])
    answer = await get(client, f"/w/music/f/{sample.ref}/x", **asked)
    forever = "public, max-age=31536000, immutable, no-transform"
    assert (answer.status, answer.headers["Cache-Control"]) == (status, "no-store" if status > 400 else forever)


async def test_a_retired_work_is_still_its_holders_and_a_withheld_one_stops(
    client: TestClient, house: House, film: Item
) -> None:
    work_id = await stock(house, "a-film", [film])
    key = await grant(house, work_id)
    paths = [f"/d/{key}/{film.ref}/x", f"/d/{key}/everything.zip"]
    for state, status in (("published", 200), ("retired", 200), ("withheld", 451), ("published", 200)):
        await set_state(house, work_id, state)
        assert [(await get(client, path)).status for path in paths] == [status, status], state


async def test_older_editions_stay_where_they_are_and_the_archive_has_the_newest(
    client: TestClient, house: House, film: Item
) -> None:
    work_id = await stock(house, "a-film", [film])
    key = await grant(house, work_id)
    first = await get(client, f"/d/{key}/everything.zip")
    corrected = Item("film (corrected).mp4", b"corrected", "video/mp4")
    await stock(house, "a-film", [corrected], number=2, work_id=work_id)
    assert await (await get(client, f"/d/{key}/{film.ref}/x")).read() == FILM
    assert await (await get(client, f"/d/{key}/{corrected.ref}/x")).read() == b"corrected"
    second = await get(client, f"/d/{key}/everything.zip")
    with zipfile.ZipFile(io.BytesIO(await second.read())) as archive:
        assert archive.namelist() == ["COLOPHON.txt", "SHA256SUMS", "film (corrected).mp4"]
    assert first.headers["ETag"] != second.headers["ETag"]
    resumed = await get(client, f"/d/{key}/everything.zip", Range="bytes=1000-", If_Range=first.headers["ETag"])
    assert resumed.status == 200, "a resume across editions starts anew rather than mixing them"


# ── everything.zip ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.needs("unzip")
async def test_the_archive_has_every_file_of_a_holder_and_passes_its_own_sums(
    client: TestClient, house: House, tmp_path: Path
) -> None:
    items = [Item("disc 1/Größe 😀.flac", FILM[:500_000], "audio/flac"), Item("../../evil.txt", b"tame", "text/plain")]
    cover = Item("cover.png", b"cover", "image/png", role="cover")
    others = [Item("sample.flac", b"sample", "audio/flac", role="sample"), Item("a.webp", b"art", role="art")]
    key = await grant(house, await stock(house, "music", [*items, cover, *others]))
    answer = await get(client, f"/d/{key}/everything.zip")
    body = await answer.read()
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Length"] == str(len(body))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="music.zip"'
    assert "Repr-Digest" not in answer.headers
    (tmp_path / "everything.zip").write_bytes(body)
    tested = subprocess.run(["unzip", "-t", tmp_path / "everything.zip"], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.namelist() == ["COLOPHON.txt", "SHA256SUMS", "disc 1/Größe 😀.flac", "evil.txt", "cover.png"]
        colophon = archive.read("COLOPHON.txt").decode()
        archive.extractall(tmp_path / "out")
    assert "http://127.0.0.1:8000/w/music" in colophon
    assert key not in colophon
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True
    )
    assert checked.returncode == 0, checked.stderr


async def test_the_archive_is_the_same_bytes_for_everyone_and_in_any_pieces(
    client: TestClient, house: House, film: Item
) -> None:
    work_id = await stock(house, "a-film", [film, Item("words.txt", b"Hello\n", "text/plain")])
    bob, dora = await grant(house, work_id), await grant(house, work_id)
    whole = await (await get(client, f"/d/{bob}/everything.zip")).read()
    again = await get(client, f"/d/{dora}/everything.zip")
    assert await again.read() == whole
    for start, end in ((0, 99), (50, 2_000_000), (2_900_000, len(whole) - 1), (len(whole) - 30, len(whole) - 1)):
        part = await get(
            client, f"/d/{dora}/everything.zip", Range=f"bytes={start}-{end}", If_Range=again.headers["ETag"]
        )
        assert part.status == 206
        assert await part.read() == whole[start : end + 1]
    pieces = await get(client, f"/d/{bob}/everything.zip", Range="bytes=0-3,-22")
    body = await pieces.read()
    assert whole[:4] in body
    assert whole[-22:] in body


# ── in place ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("media_type", "shown"),
    [
        ("video/mp4", True),
        ("audio/flac", True),
        ("image/png", True),
        ("text/plain", True),
        ("application/pdf", True),
        ("application/epub+zip", True),
        ("text/html", False),
        ("image/svg+xml", False),
        ("application/xhtml+xml", False),
        ("text/xml", False),
        ("text/javascript", False),
        ("application/octet-stream", False),
        ("text/html; charset=utf-8", False),
        ("IMAGE/SVG+XML", False),
        ("video/mp4\r\nSet-Cookie: a=b", False),
    ],
)
async def test_only_what_runs_nothing_is_shown_in_place(
    client: TestClient, house: House, media_type: str, shown: bool
) -> None:
    item = Item("it", b"<script>alert(1)</script>", media_type)
    key = await grant(house, await stock(house, "it", [item]))
    answer = await get(client, f"/d/{key}/{item.ref}/it?inline")
    assert answer.headers["Content-Disposition"].partition(";")[0] == ("inline" if shown else "attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;") is not shown
    asked_plainly = await get(client, f"/d/{key}/{item.ref}/it")
    assert asked_plainly.headers["Content-Disposition"].startswith("attachment")
    assert asked_plainly.headers["Content-Security-Policy"].startswith("sandbox;")


# ── trouble ──────────────────────────────────────────────────────────────────────────────────────


def blob_path(house: House, content: bytes) -> Path:
    digest = hashlib.sha256(content).hexdigest()
    return house.config.files_dir / digest[:2] / digest[2:4] / digest


async def test_a_file_that_went_is_an_error_and_no_half_answer(
    client: TestClient, house: House, key: str, film: Item
) -> None:
    assert (await get(client, f"/d/{key}/{film.ref}/x")).status == 200
    blob_path(house, FILM).unlink()
    assert (await get(client, f"/d/{key}/{film.ref}/x")).status == 503


async def test_a_file_cut_short_is_never_taken_for_whole(
    client: TestClient, house: House, key: str, film: Item
) -> None:
    answer = await get(client, f"/d/{key}/{film.ref}/x", Range="bytes=0-2")
    assert answer.status == 206
    blob = blob_path(house, FILM)
    blob.chmod(0o600)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port, limit=1 << 16)
    writer.write(f"GET /d/{key}/{film.ref}/x HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    os.truncate(blob, 1_500_000)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(3_000_000)
    writer.close()


async def test_bytes_that_changed_behind_the_shops_back_are_never_sent(
    client: TestClient, house: House, key: str, film: Item
) -> None:
    """Of the same size, and written over in place: what gives it away is the file's date."""
    paths = [f"/d/{key}/{film.ref}/x", f"/d/{key}/everything.zip"]
    assert [(await get(client, path)).status for path in paths] == [200, 200]
    blob = blob_path(house, FILM)
    blob.chmod(0o644)
    blob.write_bytes(FILM[:-1] + bytes([FILM[-1] ^ 1]))
    for path in paths:
        for asked in ({}, {"Range": "bytes=0-99"}):
            answer = await get(client, path, **asked)
            assert answer.status == 503
            assert FILM[:50] not in await answer.read()


async def test_a_file_that_was_dated_anew_is_read_once_and_sent(
    client: TestClient, house: House, key: str, film: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = house.storage.verify
    monkeypatch.setattr(house.storage, "verify", lambda blob: (read.append(blob.sha256), original(blob)))
    path = f"/d/{key}/{film.ref}/x"
    assert await (await get(client, path)).read() == FILM
    os.utime(blob_path(house, FILM), (1, 1))
    bodies = await asyncio.gather(*(_body(client, path) for _ in range(5)))
    assert bodies == [FILM] * 5
    assert FILM in await (await get(client, f"/d/{key}/everything.zip")).read()
    other = blob_path(house, FILM)
    copy = other.with_name("copy")
    copy.write_bytes(FILM)
    copy.replace(other)  # as a restored backup does
    assert await (await get(client, path)).read() == FILM
    assert read == [DIGEST, DIGEST]


async def date_of(house: House) -> int | None:
    """What the film's row says of its date."""
    return await house.db.read(lambda conn: conn.execute(select(blobs.c.mtime_ns).filter_by(sha256=DIGEST)).scalar())


async def test_what_was_written_to_before_anybody_opened_it_is_never_sent(
    client: TestClient, house: House, key: str, film: Item
) -> None:
    blob = blob_path(house, FILM)
    before = blob.stat().st_mtime_ns
    assert await date_of(house) == before
    blob.chmod(0o644)
    blob.write_bytes(bytes([FILM[0] ^ 1]) + FILM[1:])
    for path in (f"/d/{key}/{film.ref}/x", f"/d/{key}/everything.zip"):
        answer = await get(client, path)
        assert (answer.status, FILM[1:50] in await answer.read()) == (503, False)
    fault = select(blobs.c.fault).filter_by(sha256=DIGEST)
    assert await house.db.read(lambda conn: conn.execute(fault).scalar()) == "changed"
    assert await date_of(house) == before


async def test_the_date_of_what_is_whole_is_noted_for_every_process(
    client: TestClient, house: House, key: str, film: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that find it dated anew both read it; who comes later, or after a backup that kept the dates, does not."""
    path, other = f"/d/{key}/{film.ref}/x", Desk(house)
    assert await _body(client, path) == FILM
    await other.file(key, film.ref)
    kept = blob_path(house, FILM)
    os.utime(kept, ns=(7, 1_790_000_000_123_456_789))
    verify, read = house.storage.verify, list[str]()
    monkeypatch.setattr(house.storage, "verify", lambda blob: (read.append(blob.sha256), verify(blob)))
    bodies = await asyncio.gather(_body(client, path), _body(client, path), other.file(key, film.ref))
    assert bodies[:2] == [FILM, FILM]
    assert read == [DIGEST, DIGEST]
    assert await date_of(house) == 1_790_000_000_123_456_789
    await Desk(house).file(key, film.ref)
    copy = kept.with_name("copy")
    copy.write_bytes(FILM)
    os.utime(copy, ns=(7, 1_790_000_000_123_456_789))
    copy.replace(kept)
    await Desk(house).file(key, film.ref)
    assert read == [DIGEST, DIGEST]


async def test_what_has_no_date_is_taken_as_it_is_first_seen(
    client: TestClient, house: House, key: str, film: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was kept before there were dates. It has one when it was read."""
    await house.db.write(lambda conn: conn.execute(update(blobs).values(mtime_ns=None)))
    verify, read = house.storage.verify, list[str]()
    monkeypatch.setattr(house.storage, "verify", lambda blob: (read.append(blob.sha256), verify(blob)))
    path = f"/d/{key}/{film.ref}/x"
    assert await _body(client, path) == FILM
    assert (read, await date_of(house)) == ([], None)
    os.utime(blob_path(house, FILM), (1, 1))
    assert await _body(client, path) == FILM
    assert (read, await date_of(house)) == ([DIGEST], 1_000_000_000)


async def test_a_date_is_noted_only_of_what_it_was_read_of(house: House, key: str) -> None:
    def twice(conn: Connection) -> tuple[bool, bool]:
        seen = read_blob(conn, DIGEST)
        assert seen is not None
        return note_date(conn, seen, 5), note_date(conn, seen, 6)

    assert await house.db.write(twice) == (True, False)
    assert await date_of(house) == 5


async def test_what_is_published_once_more_is_not_read_again(
    client: TestClient, house: House, key: str, film: Item, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/d/{key}/{film.ref}/x"
    assert await (await get(client, path)).read() == FILM
    original = tmp_path / "film.mp4"
    original.write_bytes(FILM)
    for keep in Keep:
        assert house.storage.keep(original, keep, lambda done: None).sha256 == DIGEST
    monkeypatch.setattr(house.storage, "verify", lambda blob: pytest.fail("read again"))
    assert await (await get(client, path)).read() == FILM


async def _body(client: TestClient, path: str) -> bytes:
    return await (await get(client, path)).read()


async def test_a_linked_file_is_sent_as_long_as_nobody_touches_it(
    client: TestClient, house: House, tmp_path: Path
) -> None:
    original = tmp_path / "original.mp4"
    original.write_bytes(FILM)
    item = Item("film.mp4", original, "video/mp4", keep=Keep.LINK)
    key = await grant(house, await stock(house, "linked", [item]))
    assert await (await get(client, f"/d/{key}/{item.ref}/x")).read() == FILM
    assert await (await get(client, f"/d/{key}/everything.zip")).read()
    os.utime(original, (1, 1))
    assert (await get(client, f"/d/{key}/{item.ref}/x")).status == 503


async def test_a_reader_who_goes_leaves_nothing_open(client: TestClient, key: str, film: Item, house: House) -> None:
    blob = str(blob_path(house, FILM))

    def open_blobs() -> int:
        return sum(path.is_symlink() and str(path.readlink()) == blob for path in Path("/proc/self/fd").iterdir())

    connections = []
    for _ in range(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port, limit=1 << 12)
        writer.write(f"GET /d/{key}/{film.ref}/x HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        connections.append(writer)
    assert open_blobs() == 1, "they share one descriptor"
    for writer in connections:
        writer.transport.abort()
    for _ in range(200):
        if open_blobs() == 0:
            break
        await asyncio.sleep(0.01)
    assert open_blobs() == 0
    assert await (await get(client, f"/d/{key}/{film.ref}/x")).read() == FILM


async def test_requests_on_one_connection_follow_one_another(client: TestClient, key: str, film: Item) -> None:
    ask = f"GET /d/{key}/{film.ref}/x HTTP/1.1\r\nHost: x\r\nRange: bytes=%s\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write("".join(ask % wanted for wanted in ("0-999999", "5-9", "1000000-2999999")).encode())
    for start, end in ((0, 1_000_000), (5, 10), (1_000_000, 3_000_000)):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 206")
        assert await reader.readexactly(end - start) == FILM[start:end]
    writer.close()


async def test_fifty_readers_at_once_get_the_same_bytes(client: TestClient, key: str, film: Item) -> None:
    async with ClientSession() as session:

        async def download(number: int) -> str:
            start = number * 1000
            async with session.get(
                client.make_url(f"/d/{key}/{film.ref}/x"), headers={"Range": f"bytes={start}-"}
            ) as answer:
                return hashlib.sha256(FILM[:start] + await answer.read()).hexdigest()

        assert set(await asyncio.gather(*map(download, range(50)))) == {DIGEST}
