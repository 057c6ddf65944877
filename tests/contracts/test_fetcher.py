"""The Fetcher port: it reaches the open internet and the shop itself, and nothing else, however it is asked."""

from __future__ import annotations

import gzip
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.abc import ResolveResult

from headwaters.adapters import fetch
from headwaters.adapters.fetch import HttpFetcher
from headwaters.core.errors import Code, HeadwatersError, Refused, Unavailable
from headwaters.ports import Fetcher
from tests.support.addresses import free_port
from tests.support.needs import need

Open = Callable[..., Awaitable[str]]


@pytest_asyncio.fixture
async def opened() -> AsyncIterator[Open]:
    """`await opened()`: a host on loopback that answers; its address."""
    runners: list[web.AppRunner] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/away":
            return web.Response(status=302, headers={"Location": "/"})
        if request.path == "/long":
            return web.Response(body=b"x" * 1_000_000)
        if request.path == "/no-head":
            wanted = {"X-Wanted": request.headers["Want-Repr-Digest"]}
            return (
                web.Response(status=405)
                if request.method == "HEAD"
                else web.Response(body=b"x" * 1_000_000, headers=wanted)
            )
        if request.path == "/packed":
            return web.Response(body=gzip.compress(bytes(1_000_000)), headers={"Content-Encoding": "gzip"})
        told = [name for name in ("Cookie", "Referer", "Authorization") if name in request.headers]
        return web.Response(text=f"{request.method} {request.path_qs} {told}", headers={"Set-Cookie": "a=b"})

    async def open_host(tls: ssl.SSLContext | None = None) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        runners.append(runner)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
        return f"{'https' if tls else 'http'}://127.0.0.1:{port}"

    yield open_host
    for runner in runners:
        await runner.cleanup()


async def failure(fetcher: Fetcher, url: str) -> HeadwatersError:
    with pytest.raises(HeadwatersError) as failed:
        await fetcher.fetch(url, 100)
    return failed.value


async def test_the_shop_itself_is_reached_wherever_it_lives(opened: Open) -> None:
    url = await opened()
    fetcher = HttpFetcher(own=(url,))
    for _ in range(2):  # the second time without what the first was given
        fetched = await fetcher.fetch(f"{url}/x?y=z", 100)
        assert (fetched.status, fetched.body) == (200, b"GET /x?y=z []")


async def test_a_redirect_is_an_answer(opened: Open) -> None:
    url = await opened()
    assert (await HttpFetcher(own=(url,)).fetch(f"{url}/away", 100)).status == 302


async def test_no_more_is_read_than_was_asked_for(opened: Open) -> None:
    url = await opened()
    assert len((await HttpFetcher(own=(url,)).fetch(f"{url}/long", 100)).body) == 100


async def test_a_look_tells_status_and_headers_and_reads_nothing(opened: Open) -> None:
    url = await opened()
    fetcher = HttpFetcher(own=(url,))
    seen = await fetcher.look(f"{url}/long")
    assert (seen.status, seen.headers["content-length"]) == (200, "1000000")
    assert (await fetcher.look(f"{url}/away")).status == 302
    assert (await fetcher.look(f"{url}/away")).headers["location"] == "/"


async def test_a_host_that_takes_no_head_is_looked_at_by_get(opened: Open) -> None:
    url = await opened()
    seen = await HttpFetcher(own=(url,)).look(f"{url}/no-head")
    assert (seen.status, seen.headers["content-length"], seen.headers["x-wanted"]) == (200, "1000000", "sha-256=9")


async def test_nothing_is_unpacked(opened: Open) -> None:
    url = await opened()
    fetched = await HttpFetcher(own=(url,)).fetch(f"{url}/packed", 100)
    assert fetched.body.startswith(b"\x1f\x8b")


async def test_nothing_inside_is_reached(opened: Open) -> None:
    url = await opened()
    port = url.rpartition(":")[2]
    inside = [
        url,
        f"http://localhost:{port}",
        f"http://[::1]:{port}",
        f"http://[::ffff:127.0.0.1]:{port}",
        f"http://0.0.0.0:{port}",
        f"http://2130706433:{port}",
        f"http://0x7f.1:{port}",
        f"http://127.1:{port}",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1",
        "http://192.168.0.1",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
    ]
    for own in ((), ("https://shop.example",), (f"http://127.0.0.1:{int(port) + 1}",)):
        for address in inside:
            error = await failure(HttpFetcher(own), address)
            assert isinstance(error, Refused), address
            assert error.code == Code.ADDRESS_FORBIDDEN, address
            with pytest.raises(Refused) as refused:
                await HttpFetcher(own).look(address)
            assert refused.value.code == Code.ADDRESS_FORBIDDEN, address


async def test_a_name_that_leads_inside_is_not_followed(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it leads to the open internet at the same time: only that is left of it."""
    url = await opened()
    port = int(url.rpartition(":")[2])

    async def resolve(_self: object, host: str, port: int = 0, family: object = None) -> list[ResolveResult]:
        found = ["127.0.0.1", "10.0.0.1"] if host == "inside.example" else ["127.0.0.1", "203.0.113.7", "8.8.8.8"]
        return [ResolveResult(hostname=host, host=one, port=port, family=2, proto=0, flags=0) for one in found]

    monkeypatch.setattr(fetch.ThreadedResolver, "resolve", resolve)
    error = await failure(HttpFetcher(), f"http://inside.example:{port}/")
    assert error.code == Code.ADDRESS_FORBIDDEN
    left = await fetch._PublicResolver().resolve("both.example", port)
    assert [one["host"] for one in left] == ["8.8.8.8"]


async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(_self: object, host: str, port: int = 0, family: object = None) -> list[ResolveResult]:
        raise OSError(None, "Name or service not known")

    monkeypatch.setattr(fetch.ThreadedResolver, "resolve", resolve)
    error = await failure(HttpFetcher(), "https://nowhere.example/")
    assert isinstance(error, Unavailable)
    assert error.code == Code.ADDRESS_NOWHERE
    assert "nowhere.example" in str(error)


async def test_nobody_answers() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    error = await failure(HttpFetcher(own=(url,)), f"{url}/.well-known/headwaters?nonce=x")
    assert (error.code, str(error)) == (Code.ADDRESS_SILENT, f"Nobody answers at {url}.")


async def test_somebody_who_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        assert (await failure(HttpFetcher(own=(url,)), url)).code == Code.ADDRESS_SILENT


@pytest.mark.needs("openssl")
async def test_a_certificate_that_nobody_signed(opened: Open, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    arguments += ["-subj", "/CN=shop", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([need("openssl"), *arguments], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    url = await opened(tls)
    error = await failure(HttpFetcher(own=(url,)), url)
    assert (error.code, isinstance(error, Unavailable)) == (Code.ADDRESS_UNSAFE, True)
