"""The gate: who says nothing is let go, nobody else is; and it stands when no more files may be open."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from headwaters.config import Config
from headwaters.core.errors import Code, Refused
from headwaters.web import gate, tls
from headwaters.web.app import listen
from headwaters.web.crowd import A_FEW, UNKNOWN, Clients
from headwaters.web.gate import Gate
from headwaters.web.tls import Certificate, certificate_of

PAGE = b"a page"
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Place:
    """An application behind a gate."""

    def __init__(self) -> None:
        self.sock = listen("127.0.0.1", 0)
        self.port: int = self.sock.getsockname()[1]
        self.writers: list[asyncio.StreamWriter] = []
        self.runner: web.AppRunner
        self.gate: Gate

    async def open(self, make_tls: gate.Make = lambda: None, proxies: tuple[str, ...] = ()) -> Place:
        app = web.Application()
        app.router.add_get("/", self.page)
        app.router.add_post("/", self.form)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        assert self.runner.server is not None
        self.gate = Gate(self.runner.server, self.sock, make_tls, proxies)
        self.gate.open()
        return self

    async def page(self, request: web.Request) -> web.Response:
        return web.Response(body=PAGE)

    async def form(self, request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def close(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        self.gate.close()
        await self.runner.cleanup()

    async def knock(self, text: bytes = b"", whose: str = "127.0.0.1") -> Ends:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(whose, 0))
        self.writers.append(writer)
        writer.write(text)
        return reader, writer

    async def begin(self, whose: str = "127.0.0.1", told: str = "") -> Ends:
        """Somebody whose request is being answered: half of its body came."""
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nExpect: 100-continue\r\n{told}\r\n"
        reader, writer = await self.knock(head.encode(), whose)
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).startswith(b"HTTP/1.1 100")
        writer.write(b"slo")
        return reader, writer

    async def end(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """They send the rest; what they get."""
        writer.write(b"wly")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        assert head.startswith(b"HTTP/1.1 200")
        return await reader.readexactly(6)

    async def look(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert head.startswith(b"HTTP/1.1 200")
        return await reader.readexactly(len(PAGE))


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    place = await Place().open()
    yield place
    await place.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate's time goes by more quickly; set before it opens."""
    monkeypatch.setattr(gate, "HEAD", 0.3)
    monkeypatch.setattr(gate, "LOOK", 0.05)


async def gone(reader: asyncio.StreamReader) -> bool:
    """Whether we hung up within a while."""
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), 20) == b""
    return True


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("said", [b"", b"G", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b"])
async def test_who_does_not_ask_is_let_go(place: Place, said: bytes) -> None:
    reader, _ = await place.knock(said)
    assert await gone(reader)
    assert await place.look(*await place.knock()) == PAGE


@pytest.mark.usefixtures("quick")
async def test_a_head_that_comes_a_letter_at_a_time_is_not_waited_for(place: Place) -> None:
    reader, writer = await place.knock(b"GET / HTTP/1.1\r\nHost: x\r\n")
    ended = asyncio.create_task(gone(reader))
    while not ended.done():
        with contextlib.suppress(ConnectionError):
            writer.write(b"X-A: b\r\n")
            await writer.drain()
        await asyncio.sleep(0.02)
    assert await ended


@pytest.mark.usefixtures("quick")
async def test_who_has_asked_is_left_alone(place: Place) -> None:
    kept = await place.knock()
    assert await place.look(*kept) == PAGE
    body = await place.knock(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nslo")
    silent, _ = await place.knock()
    assert await gone(silent), "what follows happens after more than the time for a head"
    assert await place.look(*kept) == PAGE
    body[1].write(b"wly")
    assert (await body[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert await body[0].readexactly(6) == b"slowly"


async def test_a_thousand_who_say_nothing_leave_pages_as_they_are(place: Place) -> None:
    await asyncio.gather(*(place.knock() for _ in range(1000)))
    assert await place.look(*await place.knock()) == PAGE


async def test_when_it_is_full_who_has_said_nothing_for_longest_makes_room(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await place.begin()
    monkeypatch.setattr(gate, "MOMENT", 0)
    silent = [await place.knock() for _ in range(3)]
    assert await place.look(*await place.knock()) == PAGE
    monkeypatch.setattr(place.gate, "_most", -1)
    new = await place.knock()
    assert await place.look(*new) == PAGE
    assert await gone(silent[0][0])
    assert await place.look(*silent[2]) == PAGE, "only as many go as is needed"
    assert await place.look(*new) == PAGE
    assert await place.end(*kept) == b"slowly"


async def test_when_no_more_files_may_be_open_newcomers_wait_and_nothing_spins(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = await place.begin()
    monkeypatch.setattr(gate, "REST", 0.1)
    tries, listener = [0], place.gate._listener

    class Full:
        """A socket that takes nobody, for the first three times."""

        def accept(self) -> tuple[socket.socket, Any]:
            tries[0] += 1
            if tries[0] <= 3:
                raise OSError(errno.EMFILE, "too many open files")
            return listener.accept()

        def __getattr__(self, name: str) -> Any:
            return getattr(listener, name)

    monkeypatch.setattr(place.gate, "_listener", Full())
    with caplog.at_level(logging.WARNING):
        begin = time.monotonic()
        new = await place.knock()
        assert await place.end(*kept) == b"slowly"
        assert await place.look(*new) == PAGE
    assert time.monotonic() - begin >= 0.3, "it rested after each"
    assert tries[0] < 20
    assert len(caplog.records) == 1, "said once"


# ── who makes room ───────────────────────────────────────────────────────────────────────────────

ONE, OTHER, NEW = "127.0.0.2", "127.0.0.3", "127.0.0.4"


async def went_on(place: Place, several: list[Ends]) -> list[bool]:
    """Of whom the request was answered to its end."""
    on = []
    for reader, writer in several:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            on.append(await place.end(reader, writer) == b"slowly")
            continue
        on.append(False)
    return on


async def test_who_is_not_being_served_makes_room_before_anybody_who_is(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = await place.knock(whose=ONE)
    assert await place.look(*idle) == PAGE
    served = [await place.begin(OTHER) for _ in range(A_FEW + 4)]
    monkeypatch.setattr(place.gate, "_most", -1)
    assert await place.look(*await place.knock(whose=NEW)) == PAGE
    assert await gone(idle[0])
    assert await went_on(place, served) == [True] * (A_FEW + 4)


async def test_who_has_many_gives_the_longest_for_each_that_comes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [await place.begin(ONE) for _ in range(A_FEW + 4)]
    other = await place.begin(OTHER)
    monkeypatch.setattr(place.gate, "_most", -1)
    for number in range(3):
        new = await place.knock(whose=NEW)
        assert await gone(many[number][0])
        assert await place.look(*new) == PAGE
        new[1].transport.abort()
    assert await went_on(place, [other, *many[3:]]) == [True] * (A_FEW + 2)


async def test_who_has_many_changes_places_with_themselves(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits behind them, and in a lecture hall whoever looks at a page sees it."""
    many = [await place.begin(ONE) for _ in range(A_FEW + 4)]
    monkeypatch.setattr(place.gate, "_most", -1)
    for number in range(3):
        many.append(await place.begin(ONE))
        assert await gone(many[number][0])
    assert await place.look(*await place.knock(whose=ONE)) == PAGE
    assert await went_on(place, many[3:]) == [False] + [True] * (A_FEW + 3)


async def test_a_crowd_of_different_clients_keeps_what_it_has(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = [await place.begin(f"127.0.1.{number}") for number in range(1, 11) for _ in range(A_FEW // 4)]
    monkeypatch.setattr(place.gate, "_most", -1)
    monkeypatch.setattr(gate, "REST", 0.05)
    several = [await place.begin(NEW) for _ in range(3)]
    assert await went_on(place, [*crowd, *several]) == [True] * (len(crowd) + 3)


async def test_one_of_two_who_have_the_same_is_as_good_as_the_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that share the whole place among them have far more than who has nothing."""
    both = [await place.begin(whose) for _ in range(A_FEW + 2) for whose in (ONE, OTHER)]
    monkeypatch.setattr(place.gate, "_most", -1)
    for _ in range(2):
        new = await place.knock(whose=NEW)
        assert await place.look(*new) == PAGE
        new[1].transport.abort()
    on = await went_on(place, both)
    assert (on.count(False), on[4:]) == (2, [True] * (len(both) - 4))


async def test_behind_a_proxy_of_ours_who_asks_counts(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    place = await Place().open(proxies=("127.0.0.1",))
    monkeypatch.setattr(gate, "REST", 0.05)
    try:
        many = [await place.begin(told="X-Forwarded-For: 198.51.100.7\r\n") for _ in range(A_FEW + 2)]
        others = [await place.begin(told=f"X-Forwarded-For: 2001:db8:0:{n}::1\r\n") for n in range(A_FEW + 2)]
        idle = await place.knock()
        assert await place.look(*idle) == PAGE
        monkeypatch.setattr(place.gate, "_most", -1)
        assert await place.look(*await place.knock()) == PAGE
        assert await gone(idle[0])
        new = await place.knock()
        assert await place.look(*new) == PAGE
        assert await gone(many[0][0])
        assert await went_on(place, [*many[1:], *others]) == [True] * (2 * A_FEW + 3)
    finally:
        await place.close()
    assert "one client’s" in caplog.text
    assert "198.51" not in caplog.text
    assert "127.0.0" not in caplog.text


def test_whom_a_connection_counts_for() -> None:
    clients = Clients(("10.0.0.0/8",))
    assert clients.of("192.0.2.1") != clients.of("192.0.2.2")
    assert clients.of("2001:db8::1") == clients.of("2001:db8::2:3:4:5")
    assert clients.of("2001:db8::1") != clients.of("2001:db8:0:1::1")
    assert clients.of("::ffff:192.0.2.1") == clients.of("192.0.2.1")
    assert clients.of("10.1.2.3") == clients.of("") == UNKNOWN


# ── connections ──────────────────────────────────────────────────────────────────────────────────


async def test_the_time_without_a_byte_taken_is_on_every_connection(place: Place) -> None:
    kept = await place.knock()
    assert await place.look(*kept) == PAGE
    assert place.runner.server is not None
    (handler,) = place.runner.server.connections
    assert handler.transport is not None
    connection = handler.transport.get_extra_info("socket")
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 300_000


async def test_after_closing_nobody_comes_in() -> None:
    place = await Place().open()
    assert await place.look(*await place.knock()) == PAGE
    await place.close()
    with pytest.raises(OSError, match="onnect"):
        await place.knock()


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────────


def certify(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for localhost by an issuer called `name`, and its key, always under the same names."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", f"/CN={name}", "-days", "2"]
    made = [folder / f"{name}.chain", folder / f"{name}.key"]
    command = [*make, "-addext", "subjectAltName=DNS:localhost", "-keyout", made[1], "-out", made[0]]
    subprocess.run(command, check=True, capture_output=True)
    made[0].replace(chain)
    made[1].replace(key)
    return chain, key


async def shake_hands(place: Place, chain: Path) -> bytes:
    """A page over TLS by who trusts `chain` alone."""
    context = ssl.create_default_context(cafile=str(chain))
    reader, writer = await asyncio.open_connection("localhost", place.port, ssl=context, family=socket.AF_INET)
    place.writers.append(writer)
    return await place.look(reader, writer)


@pytest.mark.needs("openssl")
async def test_a_new_certificate_is_taken_up_and_a_broken_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls, "LOOK", 0)
    paths = certify(tmp_path, "first")
    place = await Place().open(Certificate(*paths).now)
    try:
        first = tmp_path / "first.pem"
        first.write_bytes(paths[0].read_bytes())
        assert await shake_hands(place, first) == PAGE
        (tmp_path / "chain.pem").write_text("not a certificate", encoding="utf-8")
        assert await shake_hands(place, first) == PAGE
        assert "cannot be used yet" in caplog.text
        certify(tmp_path, "second")
        assert await shake_hands(place, paths[0]) == PAGE
        with pytest.raises(ssl.SSLError):
            await shake_hands(place, first)
    finally:
        await place.close()


@pytest.mark.needs("openssl")
@pytest.mark.usefixtures("quick")
async def test_who_shakes_no_hands_is_let_go_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "HANDSHAKE", 0.2)
    paths = certify(tmp_path, "first")
    place = await Place().open(Certificate(*paths).now)
    try:
        for said in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
            reader, _ = await place.knock(said)
            with contextlib.suppress(ConnectionError):
                assert not (await asyncio.wait_for(reader.read(), 20)).startswith(b"HTTP")
        assert await shake_hands(place, paths[0]) == PAGE
    finally:
        await place.close()


@pytest.mark.needs("openssl")
def test_a_certificate_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    chain, key = certify(tmp_path, "one")
    (tmp_path / "other").mkdir()
    _, other = certify(tmp_path / "other", "other")
    locked = tmp_path / "locked.pem"
    subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", locked], check=True)
    for pair in ((chain, tmp_path / "none"), (tmp_path / "none", key), (chain, other), (key, chain), (chain, locked)):
        with pytest.raises(Refused) as wrong:
            certificate_of(Config(shop=tmp_path, tls_certificate=pair[0], tls_key=pair[1]))
        assert wrong.value.code is Code.CONFIG_BROKEN
        assert str(pair[0]) in str(wrong.value)
    assert certificate_of(Config(shop=tmp_path))() is None


@pytest.mark.needs("openssl")
@pytest.mark.usefixtures("quick")
async def test_who_was_shaking_hands_when_it_was_full_is_let_go_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = certify(tmp_path, "first")
    place = await Place().open(Certificate(*paths).now)
    try:
        slow = await place.knock()
        while not place.gate._silent:
            await asyncio.sleep(0)
        assert not place.gate._make_room(""), "nobody can be let go yet"
        context = ssl.create_default_context(cafile=str(paths[0]))
        await slow[1].start_tls(context, server_hostname="localhost")
        assert await gone(slow[0]), "whoever then says nothing is still known"
    finally:
        await place.close()
