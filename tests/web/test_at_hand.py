"""What is at hand is said on the doorstep as the application would say it, and all else by the application."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from headwaters.actions.shop import change_settings
from headwaters.actions.works import retire_work
from headwaters.errands.house import House, refresh
from headwaters.web import at_hand, doorstep, gate
from headwaters.web.app import listen, make_app
from headwaters.web.at_hand import LONGEST, AtHand, read_head
from headwaters.web.gate import Gate
from headwaters.web.look import address_of
from headwaters.web.visits import VISITS
from tests.people import add_work

BROWSER = (
    "Host: x\r\nAccept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\nUser-Agent: Mozilla/5.0 (é)\r\n"
)
NONCE = re.compile(rb'name="nonce" value="([a-z2-7]{26})[0-9]*"')


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the door."""
    return sqlite_url


class Shop:
    """One application behind two gates: with a doorstep, and without."""

    def __init__(self, house: House) -> None:
        self.house, self.app = house, make_app(house)
        self.let_in: list[bytes] = []
        self.ports: list[int] = []
        self.gates: list[Gate] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def open(self) -> Shop:
        self.runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        assert self.runner.server is not None
        answer = AtHand(self.app).answer

        def ask(data: bytes) -> doorstep.Answer | asyncio.Future[doorstep.Answer | None] | None:
            said = answer(data)
            if said is None:
                self.let_in.append(data)
            return said

        for doorstep_of in (ask, lambda data: None):
            sock = listen("127.0.0.1", 0)
            self.ports.append(sock.getsockname()[1])
            self.gates.append(Gate(self.runner.server, sock, at_hand=doorstep_of))
            self.gates[-1].open()
        return self

    async def close(self) -> None:
        for each in self.gates:
            each.close()
        await self.runner.cleanup()

    def hang_up(self) -> None:
        for writer in self.writers:
            writer.transport.abort()

    async def knock(self, which: int = 0) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[which])
        self.writers.append(writer)
        return reader, writer

    async def ask(self, request: str, which: int = 0) -> tuple[bytes, dict[str, str], bytes]:
        """The first line, headers and body of what is answered."""
        reader, writer = await self.knock(which)
        writer.write(request.encode("latin-1"))
        return await read_answer(reader)


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, dict[str, str], bytes]:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    first, *lines = head[:-4].split(b"\r\n")
    headers = dict(line.decode("latin-1").split(": ", 1) for line in lines)
    return first, headers, await asyncio.wait_for(reader.readexactly(int(headers.get("Content-Length", "0"))), 30)


@pytest_asyncio.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    await house.db.write(add_work)
    shop = await Shop(house).open()
    yield shop
    shop.hang_up()
    await shop.close()


def get(target: str, more: str = BROWSER) -> str:
    return f"GET {target} HTTP/1.1\r\n{more}\r\n"


# ── the same answer ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "target", ["/", "/w/high-water", "/w/high-water?from=letter", "/about", "/privacy", "PAGES", "SCRIPT", "ICON"]
)
@pytest.mark.parametrize("more", ["", "Connection: close\r\n", "Accept-Encoding: identity\r\n", "If-None-Match: *\r\n"])
async def test_each_answer_is_that_of_the_application(shop: Shop, target: str, more: str) -> None:
    names = {"PAGES": "pages.css", "SCRIPT": "pages.js", "ICON": "icon.svg"}
    target = address_of(names[target]) if target in names else target
    headers = f"Host: x\r\nAccept: text/html\r\n{more}"
    ours, theirs = await shop.ask(get(target, headers)), await shop.ask(get(target, headers), 1)
    assert shop.let_in == []
    assert ours[0] == theirs[0] == b"HTTP/1.1 200 OK"
    assert {**ours[1], "Date": ""} == {**theirs[1], "Date": ""}
    assert re.fullmatch(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT", ours[1]["Date"])
    assert NONCE.sub(b"", ours[2]) == NONCE.sub(b"", theirs[2])


async def test_each_reader_has_a_nonce_of_their_own(shop: Shop) -> None:
    nonces = [NONCE.findall((await shop.ask(get("/w/high-water")))[2]) for _ in range(2)]
    assert nonces[0]
    assert len(set(nonces[0])) == 1
    assert nonces[0][0] != nonces[1][0]


async def test_the_word_of_a_link_is_in_the_forms(shop: Shop) -> None:
    assert b'name="from" value="letter"' in (await shop.ask(get("/w/high-water?from=letter")))[2]
    assert b'name="from" value=""' in (await shop.ask(get("/w/high-water?from=No%20word")))[2]
    assert b'name="from" value=""' in (await shop.ask(get("/w/high-water?from=no_word")))[2]
    assert b'name="from" value="one"' in (await shop.ask(get("/w/high-water?from=one&from=two")))[2]


async def test_who_has_a_page_already_hears_that_it_is_the_same(shop: Shop) -> None:
    _, headers, _ = await shop.ask(get("/"))
    again = get("/", f"{BROWSER}If-None-Match: {headers['ETag']}\r\n")
    ours, theirs = await shop.ask(again), await shop.ask(again, 1)
    assert ours[0] == b"HTTP/1.1 304 Not Modified"
    assert (ours[0], {**ours[1], "Date": ""}, ours[2]) == (theirs[0], {**theirs[1], "Date": ""}, theirs[2])


async def test_visits_count_the_same_wherever_they_are_answered(shop: Shop) -> None:
    for which in (0, 1):
        for more in ("", "Sec-Purpose: prefetch\r\n", "Cookie: studio=x\r\n"):
            await shop.ask(get("/w/high-water", BROWSER + more), which)
        await shop.ask(get("/w/high-water?from=copy&edition=2"), which)
        await shop.ask(get("/w/high-water", "Host: x\r\nAccept: image/webp\r\n"), which)
        visits = shop.app[VISITS]
        assert {(slug, word): count for (slug, _, word), count in visits.take().items()} == {
            ("high-water", ""): 1,
            ("high-water", "copy"): 1,
        }
        assert [(slug, edition, count) for (slug, edition, _), count in visits.take_copies().items()] == [
            ("high-water", 2, 1)
        ]


async def test_a_page_that_changed_is_another(shop: Shop) -> None:
    reader, writer = await shop.knock()
    for name in ("Alice", "Alicia"):
        await shop.house.db.write(lambda conn, name=name: change_settings(conn, {"name": name}))
        await refresh(shop.house)
        writer.write(get("/").encode("latin-1"))
        assert f">{name}<".encode() in (await read_answer(reader))[2]
    assert shop.let_in == []


async def test_what_is_no_page_is_said_by_the_application(shop: Shop) -> None:
    for target in ("/w/nothing", "/w/", "/w/a/b", "/w/high-water/x", "/nowhere", "/static/pages.css", "/static/x?y"):
        ours, theirs = await shop.ask(get(target)), await shop.ask(get(target), 1)
        assert ours[0] == theirs[0]
        assert ours[0].startswith(b"HTTP/1.1 404")
        assert ours[2] == theirs[2]
    await shop.house.db.write(lambda conn: retire_work(conn, "high-water", shop.house.clock()))
    await refresh(shop.house)
    ours, theirs = await shop.ask(get("/w/high-water")), await shop.ask(get("/w/high-water"), 1)
    assert ours[0] == theirs[0] == b"HTTP/1.1 410 Gone"
    assert (ours[2], {**ours[1], "Date": ""}) == (theirs[2], {**theirs[1], "Date": ""})
    assert shop.app[VISITS].take() == {}


# ── what is left to the application ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: x\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / /x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nProxy-Connection: close\r\n\r\n",
        b"GET /w/a?from=a#b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /w/\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA\xc3\xa9: b\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\ry: z\nA: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\0\r\n\r\n",
        b"GET /" + b"x" * LONGEST + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_not_plainly_one_get_is_not_read(data: bytes) -> None:
    assert read_head(data) is None


def test_a_plain_get_is_read() -> None:
    asked = read_head(b"GET /w/a?from=b HTTP/1.1\r\nHost: x:1\r\nACCEPT:text/html \r\nX-A:\r\n\r\n")
    assert asked is not None
    assert (asked.target, asked.headers) == ("/w/a?from=b", {"host": "x:1", "accept": "text/html", "x-a": ""})


@given(st.binary(max_size=300), st.sampled_from([b"", b"GET / HTTP/1.1\r\n"]), st.sampled_from([b"", b"\r\n\r\n"]))
def test_whatever_comes_is_read_or_left(middle: bytes, begin: bytes, end: bytes) -> None:
    asked = read_head(begin + middle + end)
    if asked is not None:
        assert asked.headers["host"] == asked.headers["host"].strip(" \t")
        assert not {"\r", "\n", "\0"} & set(asked.target + "".join(asked.headers.values()))


@pytest.mark.parametrize("target", ["/w/high%2Dwater", "/w/high-water?from=%61", "/?x", "/about?x"])
async def test_an_address_that_is_written_oddly_is_for_the_application(shop: Shop, target: str) -> None:
    first, *_ = await shop.ask(get(target))
    assert first == b"HTTP/1.1 200 OK"
    assert len(shop.let_in) == 1


async def test_a_request_in_pieces_and_two_at_once_are_answered(shop: Shop) -> None:
    reader, writer = await shop.knock()
    whole = get("/about").encode("latin-1")
    writer.write(whole)
    first = await read_answer(reader)
    writer.write(whole[:30])
    while not shop.let_in:
        await asyncio.sleep(0)
    writer.write(whole[30:])
    assert (await read_answer(reader))[2] == first[2]
    writer.write(whole + whole)
    assert [(await read_answer(reader))[2] for _ in range(2)] == [first[2]] * 2


# ── coming and going ─────────────────────────────────────────────────────────────────────────────


async def test_the_connection_ends_when_it_is_asked_to(shop: Shop) -> None:
    reader, writer = await shop.knock()
    writer.write(get("/about", f"{BROWSER}Connection: close\r\n").encode("latin-1"))
    _, headers, _ = await read_answer(reader)
    assert headers["Connection"] == "close"
    assert await asyncio.wait_for(reader.read(), 30) == b""


async def test_many_who_ask_at_once_for_what_is_not_made_wait_for_one(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.ask(get("/")) for _ in range(20)))
    assert len({body for *_, body in answers}) == 1
    assert shop.let_in == []


async def test_who_leaves_while_a_page_is_made_takes_nothing_along(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    go, read = asyncio.Event(), shop.house.db.read

    async def slow(function: object) -> object:
        await go.wait()
        return await read(function)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.house.db, "read", slow)
    _, left = await shop.knock()
    left.write(get("/").encode("latin-1"))
    stays = asyncio.create_task(shop.ask(get("/")))
    while len(shop.gates[0]._resting) < 2:
        await asyncio.sleep(0.01)
    left.transport.abort()
    go.set()
    assert (await stays)[0] == b"HTTP/1.1 200 OK"
    while len(shop.gates[0]._resting) > 1:
        await asyncio.sleep(0.01)


async def test_who_takes_nothing_is_not_heard_until_they_do(shop: Shop) -> None:
    reader, writer = await shop.knock()
    request = get("/w/high-water").encode("latin-1")
    writer.write(request)
    size = len((await read_answer(reader))[2])
    (guest,) = shop.gates[0]._resting
    assert isinstance(guest, doorstep.Doorstep)
    assert guest.transport is not None
    sent = 0
    while guest.transport.is_reading():  # one at a time: two at once would be let in
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(request)
        sent += 1
        await asyncio.sleep(0.001)
    assert guest.transport.get_write_buffer_size() < 2 * size + (64 << 10)
    assert shop.let_in == []
    reader._transport.resume_reading()  # type: ignore[attr-defined]
    for _ in range(sent):
        assert len((await read_answer(reader))[2]) == size


async def test_who_rests_too_long_is_let_go_and_nobody_else(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = await shop.knock()
    writer.write(get("/about").encode("latin-1"))
    await read_answer(reader)
    other = await shop.knock()
    monkeypatch.setattr(gate, "KEPT_ALIVE", 0.0)
    shop.gates[0]._look()
    assert await asyncio.wait_for(reader.read(), 30) == b""
    other[1].write(get("/about").encode("latin-1"))
    assert (await read_answer(other[0]))[0] == b"HTTP/1.1 200 OK"


async def test_who_takes_an_answer_slowly_is_left_to_take_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = await shop.knock()
    slow: asyncio.Transport = reader._transport  # type: ignore[attr-defined]
    request = get("/w/high-water").encode("latin-1")
    writer.write(request)
    size = len((await read_answer(reader))[2])
    slow.pause_reading()
    (guest,), sent = shop.gates[0]._resting, 0
    while not guest.is_busy:
        writer.write(request)
        sent += 1
        await asyncio.sleep(0.001)
    monkeypatch.setattr(gate, "KEPT_ALIVE", 0.01)
    await asyncio.sleep(0.02)
    shop.gates[0]._look()
    assert not shop.gates[0]._let_go_of_resting(), "nor is room made with them"
    slow.resume_reading()
    for _ in range(sent):
        assert len((await read_answer(reader))[2]) == size
    await asyncio.sleep(0.02)
    shop.gates[0]._look()
    assert await asyncio.wait_for(reader.read(), 30) == b""


async def test_when_it_is_full_who_takes_slowly_goes_last(shop: Shop) -> None:
    reader, writer = await shop.knock()
    request = get("/w/high-water").encode("latin-1")
    writer.write(request)
    await read_answer(reader)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    (guest,) = shop.gates[0]._resting
    while not guest.is_busy:
        writer.write(request)
        await asyncio.sleep(0.001)
    assert shop.gates[0]._make_room("")
    assert shop.gates[0]._resting == {}
    while guest.transport is not None:
        await asyncio.sleep(0)


async def test_what_is_large_is_for_the_application(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_hand, "LARGEST", 100)
    for _ in range(2):
        assert (await shop.ask(get("/about")))[0] == b"HTTP/1.1 200 OK"
        assert (await shop.ask(get(address_of("pages.css"))))[0] == b"HTTP/1.1 200 OK"
    assert len(shop.let_in) == 3, "the first was made first"


async def test_when_it_is_full_who_rests_makes_room_after_who_is_silent(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting = await shop.knock()
    resting[1].write(get("/about").encode("latin-1"))
    await read_answer(resting[0])
    silent = await shop.knock()
    while not shop.gates[0]._silent:
        await asyncio.sleep(0)
    monkeypatch.setattr(gate, "MOMENT", 0)
    assert shop.gates[0]._make_room("")
    with suppress(ConnectionError):
        assert await asyncio.wait_for(silent[0].read(), 30) == b""
    assert shop.gates[0]._make_room("")
    with suppress(ConnectionError):
        assert await asyncio.wait_for(resting[0].read(), 30) == b""
    assert not shop.gates[0]._make_room("")


async def test_at_the_end_what_was_said_arrives_and_the_doorstep_is_empty(house: House) -> None:
    shop = await Shop(house).open()
    await shop.ask(get("/about"))
    reader, writer = await shop.knock()
    writer.write(get("/about").encode("latin-1"))
    while len(shop.gates[0]._resting) < 2:
        await asyncio.sleep(0)
    await shop.close()
    assert (await read_answer(reader))[0] == b"HTTP/1.1 200 OK"
    assert await asyncio.wait_for(reader.read(), 30) == b""
    shop.hang_up()
