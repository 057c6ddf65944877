"""What a proxy in front is handed, and what never. With nginx and Caddy themselves: tests/docs/test_proxies.py."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from headwaters.errands.house import House
from headwaters.ports import Keep
from tests.support.shelf import Item, app_of, config_of, grant, open_house, set_state, stock

FILM = os.urandom(300_000)
DIGEST = hashlib.sha256(FILM).hexdigest()
PLACE = f"/-files/{DIGEST[:2]}/{DIGEST[2:4]}/{DIGEST}"
TAG = f'"{DIGEST[:32]}"'
WANTS = {"X-Sendfile-Type": "X-Accel-Redirect"}

Client = TestClient  # type: ignore[type-arg]


@pytest_asyncio.fixture
async def house(sqlite_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    over = {"accel": "/-files/", "proxies": ("127.0.0.1",), **getattr(request, "param", {})}
    async with open_house(replace(config_of(tmp_path, sqlite_url), **over)) as house:
        yield house


@pytest_asyncio.fixture
async def client(house: House) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app_of(house))) as client:
        yield client


@pytest_asyncio.fixture
async def film(house: House) -> str:
    item = Item("film.mp4", FILM, "video/mp4")
    return f"/d/{await grant(house, await stock(house, 'a-film', [item]))}/{item.ref}/film.mp4"


async def ask(client: Client, path: str, method: str = "GET", **headers: str) -> tuple[int, str | None, bytes]:
    """(status, what was handed over, the body)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await client.request(method, path, headers={**WANTS, **named})
    return answer.status, answer.headers.get("X-Accel-Redirect"), await answer.read()


async def test_a_proxy_that_asks_is_told_where_the_file_is(client: Client, film: str) -> None:
    assert await ask(client, film) == (200, PLACE, b"")
    for asked in ("bytes=0-99999", "bytes=100-", "bytes=-100000"):
        assert await ask(client, film, Range=asked) == (200, PLACE, b""), asked
        assert await ask(client, film, Range=asked, If_Range=TAG) == (200, PLACE, b""), asked


async def test_all_that_we_say_of_a_file_is_there_for_the_proxy_to_pass_on(client: Client, film: str) -> None:
    handed, sent = await client.get(film, headers=WANTS), await client.get(film)
    assert await sent.read() == FILM
    theirs = {name: value for name, value in handed.headers.items() if name not in {"X-Accel-Redirect", "Date"}}
    assert theirs == {**{n: v for n, v in sent.headers.items() if n != "Date"}, "Content-Length": "0"}
    part = await client.get(film, headers={**WANTS, "Range": "bytes=1-200000"})
    assert "Content-Range" not in part.headers, "the proxy says which part it sends"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_None_Match": TAG}, 304),
        ({"If_None_Match": '"other"'}, 200),
        ({"If_Match": TAG}, 200),
        ({"If_Match": '"other"'}, 412),
        ({"If_Modified_Since": "Sun, 22 Nov 2020 10:30:15 GMT"}, 200),
        ({"If_Unmodified_Since": "Sun, 22 Nov 2026 10:30:15 GMT"}, 200),
        ({"Range": "bytes=0-99999", "If_Range": '"another edition"'}, 200),
        ({"Range": "bytes=300000-"}, 416),
        ({"Range": "bytes=0-99999,200000-"}, 206),
        ({"Range": "bytes=0-99999,50000-150000"}, 206),
        ({"Range": "BYTES=0-99999"}, 206),
        ({"Range": "bytes = 0-99999"}, 206),
        ({"Range": "lines=0-99999"}, 200),
        ({"Range": "bytes=99999-0"}, 200),
        ({"Range": "bytes=0-99"}, 206),
        ({"X_Sendfile_Type": "X-Sendfile"}, 200),
    ],
)
async def test_what_a_proxy_might_see_otherwise_we_answer_ourselves(
    client: Client, film: str, headers: dict[str, str], status: int
) -> None:
    answered, handed, body = await ask(client, film, **headers)
    assert (answered, handed) == (status, None)
    assert bool(body) is (status in (200, 206))
    assert status != 200 or body == FILM


async def test_a_head_an_archive_and_small_bodies_are_ours(client: Client, house: House, film: str) -> None:
    assert await ask(client, film, "HEAD") == (200, None, b"")
    archive = film.rpartition("/")[0].rpartition("/")[0] + "/everything.zip"
    status, handed, body = await ask(client, archive)
    assert (status, handed) == (200, None)
    assert FILM in body
    small = Item("words.txt", b"words", "text/plain")
    key = await grant(house, await stock(house, "words", [small]))
    assert await ask(client, f"/d/{key}/{small.ref}/x") == (200, None, b"words")


@pytest.mark.parametrize("house", [{"accel": ""}, {"proxies": ("10.0.0.0/8",)}], indirect=True)
async def test_whoever_is_no_proxy_of_ours_gets_the_file(client: Client, film: str) -> None:
    assert await ask(client, film) == (200, None, FILM)


async def test_who_comes_to_the_port_itself_without_asking_gets_the_file(client: Client, film: str) -> None:
    answer = await client.get(film)
    assert await answer.read() == FILM


async def test_a_stranger_and_a_withheld_work_are_handed_nothing(client: Client, house: House) -> None:
    item = Item("film.mp4", FILM, "video/mp4")
    work_id = await stock(house, "a-film", [item])
    path = f"/d/{await grant(house, work_id)}/{item.ref}/film.mp4"
    assert await ask(client, path) == (200, PLACE, b"")
    unknown = await ask(client, f"/d/{'a' * 26}/{item.ref}/film.mp4")
    assert unknown[:2] == (404, None)
    await set_state(house, work_id, "withheld")
    assert (await ask(client, path))[:2] == (451, None)


async def test_a_link_is_handed_over_until_somebody_touches_it(client: Client, house: House, tmp_path: Path) -> None:
    original = tmp_path / "original.mp4"
    original.write_bytes(FILM)
    original.chmod(0o644)
    item = Item("film.mp4", original, "video/mp4", keep=Keep.LINK)
    path = f"/d/{await grant(house, await stock(house, 'linked', [item]))}/{item.ref}/x"
    assert await ask(client, path) == (200, PLACE.replace("/-files/", "/-files/links/"), b"")
    with original.open("r+b") as file:
        file.write(b"other")
    assert (await ask(client, path))[:2] == (503, None)


async def test_a_link_that_the_proxy_could_not_read_is_sent_by_us(client: Client, house: House, tmp_path: Path) -> None:
    original = tmp_path / "original.mp4"
    original.write_bytes(FILM)
    original.chmod(0o640)
    item = Item("film.mp4", original, "video/mp4", keep=Keep.LINK)
    path = f"/d/{await grant(house, await stock(house, 'linked', [item]))}/{item.ref}/x"
    assert await ask(client, path) == (200, None, FILM)


async def test_folders_of_files_are_open_to_a_proxys_group_and_to_nobody_else(house: House, film: str) -> None:
    blob = house.config.files_dir / DIGEST[:2] / DIGEST[2:4] / DIGEST
    assert blob.stat().st_mode & 0o777 == 0o444
    assert {folder.stat().st_mode & 0o777 for folder in (blob.parent, blob.parents[1], blob.parents[2])} == {0o750}
