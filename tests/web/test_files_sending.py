"""How files go out where the kernel cannot do it alone, and what becomes of readers who stand still."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from headwaters.errands.house import House
from headwaters.web import sending
from headwaters.web.app import listen
from tests.support.shelf import Item, app_of, config_of, grant, open_house, stock

FILM = os.urandom(5_000_000)


@pytest_asyncio.fixture
async def house(sqlite_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(config_of(tmp_path, sqlite_url)) as house:
        yield house


@pytest_asyncio.fixture
async def film(house: House) -> str:
    """The path of Alice's film for Bob."""
    item = Item("film.mp4", FILM, "video/mp4")
    return f"/d/{await grant(house, await stock(house, 'a-film', [item]))}/{item.ref}/film.mp4"


@pytest_asyncio.fixture
async def server(house: House) -> AsyncIterator[TestServer]:
    async with TestServer(app_of(house)) as server:
        yield server


def open_films() -> int:
    """How often the film is open in this process."""
    paths = Path("/proc/self/fd").iterdir()
    name = hashlib.sha256(FILM).hexdigest()
    return sum(path.is_symlink() and path.readlink().name == name for path in paths)


async def until_closed(seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while open_films():
            await asyncio.sleep(0.02)


async def ask(server: TestServer, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A reader who asked and has read nothing but the head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 12)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    subprocess.run([*make, "-keyout", key, "-out", chain], check=True, capture_output=True)
    return chain, key


@pytest.mark.needs("openssl")
async def test_over_tls_in_this_process_come_the_same_bytes(
    house: House, film: str, certificate: tuple[Path, Path]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = TestServer(app_of(house), scheme="https", ssl=context)
    await server.start_server(ssl=context)
    async with TestClient(server) as client:

        async def get(**headers: str) -> bytes:
            answer = await client.get(film, headers=headers, ssl=False)
            return await answer.read()

        whole, part, again = await asyncio.gather(get(), get(Range="bytes=1000-4000000"), get())
        assert whole == again == FILM
        assert part == FILM[1000:4_000_001]
        archive = await (
            await client.get(film.rpartition("/")[0].rpartition("/")[0] + "/everything.zip", ssl=False)
        ).read()
        assert FILM in archive
    assert open_films() == 0


async def test_a_file_system_without_sendfile_is_read(
    server: TestServer, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*args: int) -> int:
        raise OSError(errno.EINVAL, "not here")

    monkeypatch.setattr(os, "sendfile", cannot)
    async with TestClient(server) as client:
        answer = await client.get(film, headers={"Range": "bytes=7-"})
        assert await answer.read() == FILM[7:]
        again = await client.get(film)
        assert await again.read() == FILM


async def test_what_was_begun_by_the_kernel_is_never_begun_again(
    server: TestServer, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    original = os.sendfile

    def once(target: int, source: int, offset: int, count: int) -> int:
        calls.append(offset)
        if len(calls) > 1:
            raise OSError(errno.EINVAL, "not any more")
        return original(target, source, offset, 1000)

    monkeypatch.setattr(os, "sendfile", once)
    reader, writer = await ask(server, film)
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == FILM[:1000]
    assert calls == [0, 1000]
    writer.close()


async def test_a_reader_who_takes_nothing_for_long_is_let_go(
    house: House, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is the listening socket's, and its connections have it from there."""
    monkeypatch.setattr("headwaters.web.app.PATIENCE", 500)
    runner = web.AppRunner(app_of(house), shutdown_timeout=0.1)
    await runner.setup()
    sock = listen("127.0.0.1", 0)
    await web.SockSite(runner, sock).start()
    reader, writer = await asyncio.open_connection("127.0.0.1", sock.getsockname()[1], limit=1 << 12)
    writer.write(f"GET {film} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    assert open_films() == 1
    await until_closed(20)
    writer.close()
    await runner.cleanup()


async def test_a_reader_who_goes_is_noticed_though_nobody_listens_to_him(server: TestServer, film: str) -> None:
    _, writer = await ask(server, film)
    await asyncio.sleep(0.1)
    assert open_films() == 1
    writer.transport.abort()
    await until_closed(5)


async def test_what_waits_in_the_kernel_is_little_until_a_reader_is_fast(
    server: TestServer, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsent: list[int] = []
    original = sending._Sender._let_wait

    def note(self: Any, value: int) -> None:
        unsent.append(value)
        original(self, value)

    monkeypatch.setattr(sending._Sender, "_let_wait", note)
    async with TestClient(server) as client:
        assert await (await client.get(film)).read() == FILM
    assert unsent == [sending.UNSENT, 0]


async def test_the_shop_closes_in_the_middle_of_a_download(house: House, film: str) -> None:
    server = TestServer(app_of(house))
    await server.start_server(shutdown_timeout=0.1)
    reader, writer = await ask(server, film)
    await asyncio.wait_for(server.close(), 10)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(len(FILM))
    assert open_films() == 0
    writer.close()


async def test_a_download_is_under_way_until_it_ends(server: TestServer, film: str) -> None:
    readers = [await ask(server, film) for _ in range(2)]
    assert sending.UnderWay.now == 2
    for _, writer in readers:
        writer.close()
    await until_closed(20)
    await asyncio.sleep(0.05)
    assert sending.UnderWay.now == 0
