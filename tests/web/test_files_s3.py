"""Downloads of files that a store has: through the shop with everything that local ones have, or from the store."""

from __future__ import annotations

import asyncio
import hashlib
import io
import subprocess
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from headwaters.adapters.storage import s3_source
from headwaters.config import S3
from headwaters.core.works.faults import Fault
from headwaters.errands.healing import AGAIN, Healing
from headwaters.errands.house import House
from headwaters.errands.integrity import Wanted, look
from headwaters.store.blobs import faults
from headwaters.web import sending
from headwaters.web.files import DESK
from tests.support.needs import need
from tests.support.s3 import Account, Line, Swift
from tests.support.shelf import Item, app_of, config_of, grant, open_house, stock

FILM = bytes(range(256)) * 12_000 + b"the end"  # 3 MB
SONG = b"a tune" * 20_000
DIGEST = hashlib.sha256(FILM).hexdigest()
HTML = Item("page.html", b"<p>" * 40_000, "text/html")

Client = TestClient[Any, Any]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two attempts."""
    monkeypatch.setattr(s3_source, "PAUSE", 0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0)


@pytest_asyncio.fixture
async def house(sqlite_url: str, tmp_path: Path, bucket: Account, line: Line) -> AsyncIterator[House]:
    """A house whose files are in a store, behind a line that can be cut."""
    store = line.through(bucket)
    s3 = S3(store.bucket, store.key_id, store.secret, endpoint=store.endpoint, addressing="path")
    async with open_house(replace(config_of(tmp_path, sqlite_url), storage="s3", s3=s3)) as house:
        yield house


@pytest_asyncio.fixture
async def film() -> Item:
    return Item("Überfluß.mp4", FILM, "video/mp4")


@pytest_asyncio.fixture
async def key(house: House, film: Item) -> str:
    work = await stock(house, "a-film", [film, Item("song.mp3", SONG, "audio/mpeg"), HTML])
    return await grant(house, work)


@pytest_asyncio.fixture
async def client(house: House) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app_of(house))) as client:
        yield client


@pytest_asyncio.fixture
async def path(key: str, film: Item) -> str:
    return f"/d/{key}/{film.ref}/film.mp4"


def redirecting(house: House) -> None:
    assert house.config.s3 is not None
    house.config = replace(house.config, s3=replace(house.config.s3, downloads="redirect"))


# ── through the shop ─────────────────────────────────────────────────────────────────────────────


async def test_everything_is_as_it_is_from_a_disk(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status, await answer.read()) == (200, FILM)
    tag = answer.headers["ETag"]
    assert answer.headers["Repr-Digest"].startswith("sha-256=:")
    assert "filename*=UTF-8''%C3%9Cberflu%C3%9F.mp4" in answer.headers["Content-Disposition"]
    part = await client.get(path, headers={"Range": "bytes=1000000-2500000", "If-Range": tag})
    assert (part.status, await part.read()) == (206, FILM[1_000_000:2_500_001])
    assert part.headers["Content-Range"] == f"bytes 1000000-2500000/{len(FILM)}"
    whole = await client.get(path, headers={"Range": "bytes=5-9", "If-Range": '"another"'})
    assert (whole.status, len(await whole.read())) == (200, len(FILM))
    head = await client.head(path)
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(FILM)))
    assert (await client.get(path, headers={"If-None-Match": tag})).status == 304
    assert (await client.get(path, headers={"Range": f"bytes={len(FILM)}-"})).status == 416
    several = await client.get(path, headers={"Range": "bytes=0-99,2000000-2000099"})
    body = await several.read()
    assert several.status == 206
    assert FILM[:100] in body
    assert FILM[2_000_000:2_000_100] in body


async def test_the_archive_is_made_of_ranges(client: Client, key: str) -> None:
    answer = await client.get(f"/d/{key}/everything.zip")
    data = await answer.read()
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    assert archive.read("song.mp3") == SONG
    part = await client.get(f"/d/{key}/everything.zip", headers={"Range": "bytes=2900000-3100000"})
    assert (part.status, await part.read()) == (206, data[2_900_000:3_100_001])


async def test_a_line_that_is_cut_on_the_way_from_the_store_is_no_concern_of_the_readers(
    client: Client, path: str, line: Line
) -> None:
    line.hang_up()
    line.down = [400_000, 50_000, 1_000_000, 700]
    answer = await client.get(path)
    assert await answer.read() == FILM
    assert line.cuts == 4


async def test_a_store_that_is_down_or_lost_the_file_is_said_before_anything_is_promised(
    house: House, client: Client, path: str, line: Line, swift: Swift, bucket: Account
) -> None:
    line.hang_up()
    line.dead = True
    answer = await client.get(path)
    assert (answer.status, await answer.text()) == (503, "storage_down\n")
    line.dead = False
    await asyncio.to_thread(swift.put, bucket, DIGEST, b"!" + FILM[1:])
    answer = await client.get(path)
    assert (answer.status, await answer.text()) == (503, "blob_changed\n")
    await asyncio.to_thread(swift.drop, bucket, DIGEST)
    answer = await client.get(path, headers={"Range": "bytes=100-200000"})
    assert (answer.status, await answer.text()) == (503, "blob_missing\n")
    assert client.app is not None
    suspects, later = client.app[DESK].suspects, house.clock() + AGAIN
    house.clock = lambda: later
    assert [await suspects.look_again() for _ in range(2)] == [1, 0]
    assert [row.fault for row in await house.db.read(faults)] == ["missing"]
    await asyncio.to_thread(swift.put, bucket, DIGEST, FILM)
    assert await Healing(house).look() == 1
    assert await house.db.read(faults) == ()
    assert (await client.get(path)).status == 200


def put_in_parts(swift: Swift, bucket: Account, key: str, data: bytes) -> None:
    """As tools do that copy buckets: the store has another tag for the same bytes then."""
    at = {"Bucket": bucket.bucket, "Key": key}
    upload = swift.ask(bucket, lambda client: client.create_multipart_upload(**at))["UploadId"]
    part = {"PartNumber": 1, "UploadId": upload, "Body": data}
    tag = swift.ask(bucket, lambda client: client.upload_part(**at, **part))["ETag"]
    whole = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    swift.ask(bucket, lambda client: client.complete_multipart_upload(**at, UploadId=upload, MultipartUpload=whole))


@pytest.mark.parametrize("put_back", [Swift.put, put_in_parts])
async def test_what_is_damaged_in_the_store_heals_when_it_is_put_back(
    house: House,
    client: Client,
    path: str,
    swift: Swift,
    bucket: Account,
    monkeypatch: pytest.MonkeyPatch,
    put_back: Callable[[Swift, Account, str, bytes], None],
) -> None:
    await asyncio.to_thread(swift.put, bucket, DIGEST, b"!" + FILM[1:])
    assert (await look(house, Wanted(house.clock()))).faults == {DIGEST: Fault.CHANGED}
    reads, verify, healing = [], house.storage.verify, Healing(house)
    monkeypatch.setattr(house.storage, "verify", lambda *given: (reads.append(given), verify(*given))[1])
    assert [await healing.look() for _ in range(3)] == [0, 0, 0]
    assert len(reads) == 1, "it is the same as it was"
    await asyncio.to_thread(put_back, swift, bucket, DIGEST, FILM)
    assert [await healing.look() for _ in range(2)] == [1, 0]
    assert await house.db.read(faults) == ()
    answer = await client.get(path)
    assert (answer.status, await answer.read()) == (200, FILM)


async def test_the_same_bytes_by_another_tag_are_sent_again_once_they_were_read(
    house: House, client: Client, path: str, swift: Swift, bucket: Account
) -> None:
    await asyncio.to_thread(put_in_parts, swift, bucket, DIGEST, FILM)
    answer = await client.get(path)
    assert (answer.status, await answer.text()) == (503, "blob_changed\n")
    assert client.app is not None
    suspects, later = client.app[DESK].suspects, house.clock() + AGAIN
    house.clock = lambda: later
    assert await suspects.look_again() == 0
    assert await house.db.read(faults) == ()
    answer = await client.get(path)
    assert (answer.status, await answer.read()) == (200, FILM)


async def test_one_that_goes_down_in_the_middle_cuts_the_reader_off_who_then_goes_on(
    client: Client, path: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_source, "PAUSE", 0.02)  # while it is asked again, what came is on its way
    line.hang_up()
    line.down = [1_500_000] + [10] * 400
    answer = await client.get(path)
    got = bytearray()
    assert (answer.status, answer.content_length) == (200, len(FILM))

    async def take_all() -> None:
        async for piece in answer.content.iter_any():
            got.extend(piece)

    with pytest.raises(aiohttp.ClientPayloadError):  # which takes along what this client had not looked at yet
        await take_all()
    assert len(got) < len(FILM)
    assert FILM.startswith(bytes(got))
    line.down = []
    rest = await client.get(path, headers={"Range": f"bytes={len(got)}-", "If-Range": answer.headers["ETag"]})
    assert rest.status == 206
    assert bytes(got) + await rest.read() == FILM


async def test_a_slow_reader_holds_little_of_the_file_in_memory(
    house: House, client: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read from the store and not yet taken by the reader's line never is more than a piece and buffers."""
    read = 0
    really = s3_source.S3Source.read

    async def counted(self: s3_source.S3Source, offset: int, length: int) -> bytes:
        nonlocal read
        data = await really(self, offset, length)
        read += len(data)
        return data

    monkeypatch.setattr(s3_source.S3Source, "read", counted)
    host, port = client.host, client.port
    assert port is not None
    reader, writer = await asyncio.open_connection(host, port, limit=4096)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    before = -1
    while before != read:
        before = read
        await asyncio.sleep(0.3)
    assert read <= 12 * sending.CHUNK, f"{read} bytes for a reader who takes none"
    writer.close()


# ── from the store ───────────────────────────────────────────────────────────────────────────────


async def test_a_reader_is_sent_to_the_store_which_gives_the_file_by_its_name(
    house: House, client: Client, path: str, line: Line
) -> None:
    redirecting(house)
    answer = await client.get(path, allow_redirects=False)
    assert answer.status == 307
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert urlsplit(answer.headers["Location"]).port == line.port
    answer = await client.get(path)
    assert (answer.status, await answer.read()) == (200, FILM)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert "%C3%9Cberflu%C3%9F.mp4" in answer.headers["Content-Disposition"]
    part = await client.get(path, headers={"Range": "bytes=100000-200000"})
    assert (part.status, await part.read()) == (206, FILM[100_000:200_001])


async def test_what_is_played_shown_small_or_packed_comes_from_the_shop(
    house: House, client: Client, path: str, key: str
) -> None:
    redirecting(house)
    for here in (f"{path}?inline", f"/d/{key}/everything.zip"):
        answer = await client.get(here, allow_redirects=False)
        assert answer.status == 200, here
        await answer.read()


async def test_who_goes_on_with_what_came_from_the_shop_gets_the_rest_from_it(
    house: House, client: Client, path: str
) -> None:
    tag = (await client.head(path)).headers["ETag"]
    redirecting(house)
    headers = {"Range": "bytes=100000-", "If-Range": tag}
    rest = await client.get(path, headers=headers, allow_redirects=False)
    assert (rest.status, await rest.read()) == (206, FILM[100_000:])
    assert (await client.get(path, headers={"If-None-Match": tag}, allow_redirects=False)).status == 304


async def test_a_withheld_work_is_nowhere(house: House, client: Client, path: str, key: str) -> None:
    from tests.support.shelf import set_state

    redirecting(house)
    await set_state(house, 1, "withheld")
    assert (await client.get(path, allow_redirects=False)).status == 451


@pytest.mark.needs("curl", "wget", "aria2c")
@pytest.mark.parametrize("downloads", ["proxy", "redirect"])
@pytest.mark.parametrize("tool", ["curl", "wget", "aria2c"])
async def test_real_clients_get_it_whole_and_go_on_after_a_cut(
    house: House, client: Client, path: str, line: Line, tmp_path: Path, tool: str, downloads: str
) -> None:
    if downloads == "redirect":
        redirecting(house)
    address = str(client.make_url(path))
    out = tmp_path / "got.mp4"
    commands: dict[str, list[str]] = {
        "curl": ["-sfL", "-C", "-", "-o", str(out), address],
        "wget": ["-q", "-c", "-t", "1", "-O", str(out), address],
        "aria2c": ["-q", "-c", "-m", "1", "-x", "1", "-d", str(tmp_path), "-o", out.name, address],
    }
    if downloads == "redirect":
        line.down = [1_000_000]

    async def run() -> int:
        process = await asyncio.create_subprocess_exec(need(tool), *commands[tool], stderr=subprocess.DEVNULL)
        return await process.wait()

    first = await run()
    if downloads == "redirect":
        assert line.cuts == 1
        assert first != 0 or tool == "aria2c"
        first = await run()
    assert first == 0
    assert out.read_bytes() == FILM
