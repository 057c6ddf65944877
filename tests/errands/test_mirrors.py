"""Mirrors: noted, looked at over HTTP on loopback, told or not told, looked at again; on both databases."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from aiohttp import web

from headwaters.actions import mirrors as verbs
from headwaters.adapters.fetch import HttpFetcher
from headwaters.core.errors import Code, NotFound, Refused, Unavailable
from headwaters.core.works.mirrors import MOST_MIRRORS, MirrorState
from headwaters.errands import mirrors
from headwaters.errands.house import House, refresh
from headwaters.store import mirrors as rows
from headwaters.store.db import Connection
from headwaters.store.fetching import parcel_of
from headwaters.store.mirrors import MirrorRow
from tests.support.house import Clock
from tests.support.pages import Part, publish

BIG = b"moving pictures " * 20_000
FILES = {"Disc 1/film.mp4": BIG, "words.txt": b"Hello\n"}
S = MirrorState


@dataclass
class Host:
    """Another host, and what it has below /pub/."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    asked: list[str] = field(default_factory=list)
    answer: Callable[[web.Request], web.StreamResponse | None] = lambda request: None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if (special := self.answer(request)) is not None:
            return special
        found = self.files.get(request.path.removeprefix("/pub/"))
        return web.Response(status=404) if found is None else web.Response(body=found)


@pytest_asyncio.fixture
async def host() -> AsyncIterator[Host]:
    host = Host()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", host.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host.url = f"http://127.0.0.1:{runner.addresses[0][1]}/pub/"
    yield host
    await runner.cleanup()


@pytest_asyncio.fixture
async def shop(house: House, host: Host) -> House:
    """A house with a work, that may ask the other host."""
    house.fetcher = HttpFetcher(own=(host.url.removesuffix("/pub/"),))
    await publish(house, "High Water", [Part(name, content, "text/plain") for name, content in FILES.items()])
    return house


async def add(shop: House, address: str) -> bool:
    now = shop.clock()
    return await shop.db.write(lambda conn: verbs.add_mirror(conn, "high-water", address, shop.config.url, now))


async def seen(shop: House) -> list[MirrorRow]:
    return list(await shop.db.read(lambda conn: rows.mirrors_of(conn, 1)))


async def told(shop: House) -> tuple[str, ...]:
    return (await shop.db.read(lambda conn: parcel_of(conn, 1))).mirrors


async def test_a_mirror_is_told_once_it_was_looked_at(shop: House, host: Host, clock: Clock) -> None:
    assert await add(shop, host.url)
    assert not await add(shop, host.url), "it is noted once"
    assert await told(shop) == ()
    clock.move(seconds=1)
    version = shop.now.version
    assert await mirrors.check_due(shop) == 1
    (mirror,) = await seen(shop)
    assert (mirror.state, mirror.error, mirror.checked_at is not None) == (S.GOOD, "", True)
    assert await told(shop) == (host.url,)
    assert shop.now.version > version
    assert sorted(set(host.asked)) == [f"{method} /pub/{name}" for method in ("GET", "HEAD") for name in FILES]
    assert await mirrors.check_due(shop) == 0, "not again on the same day"


WRONG: dict[str, tuple[Callable[[Host], None], str]] = {
    "missing": (lambda host: host.files.pop("words.txt") and None, "“words.txt” is not there."),
    "longer": (lambda host: host.files.update({"words.txt": b"Hello\n\n"}), "“words.txt” has another size there."),
    "other bytes": (lambda host: host.files.update({"words.txt": b"Hallo\n"}), "“words.txt” is another file there."),
    "other beginning": (
        lambda host: host.files.update({"Disc 1/film.mp4": b"M" + BIG[1:]}),
        "“Disc 1/film.mp4” is another file there.",
    ),
}


@pytest.mark.parametrize("what", WRONG)
async def test_what_is_wrong_is_said_and_nobody_is_told(shop: House, host: Host, clock: Clock, what: str) -> None:
    spoil, words = WRONG[what]
    spoil(host)
    await add(shop, host.url)
    clock.move(seconds=1)
    await mirrors.check_due(shop)
    (mirror,) = await seen(shop)
    assert (mirror.state, mirror.error) == (S.BAD, words)
    assert await told(shop) == ()
    host.files = dict(FILES)
    clock.move(days=1, seconds=1)
    assert await mirrors.check_due(shop) == 1
    assert (await seen(shop))[0].state is S.GOOD
    assert await told(shop) == (host.url,)


ODD: dict[str, tuple[Callable[[web.Request], web.StreamResponse | None], str]] = {
    "leads on": (lambda request: web.Response(status=302, headers={"Location": "http://10.0.0.1/"}), "another address"),
    "a page for everything": (lambda request: web.Response(text="<html>", content_type="text/html"), "another size"),
    "asks for a password": (lambda request: web.Response(status=401), "does not give"),
    "tells another SHA-256": (
        lambda request: web.Response(
            body=FILES[request.path.removeprefix("/pub/")],
            headers={"Repr-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(b'').digest()).decode()}:"},
        ),
        "another SHA-256",
    ),
    "fails": (lambda request: web.Response(status=500), "does not give"),
}


@pytest.mark.parametrize("what", ODD)
async def test_odd_hosts(shop: House, host: Host, clock: Clock, what: str) -> None:
    host.answer, words = ODD[what]
    await add(shop, host.url)
    clock.move(seconds=1)
    await mirrors.check_due(shop)
    (mirror,) = await seen(shop)
    assert mirror.state is S.BAD
    assert words in mirror.error


async def test_a_host_that_knows_no_head_is_asked_otherwise(shop: House, host: Host, clock: Clock) -> None:
    host.answer = lambda request: web.Response(status=405) if request.method == "HEAD" else None
    await add(shop, host.url)
    clock.move(seconds=1)
    await mirrors.check_due(shop)
    assert (await seen(shop))[0].state is S.GOOD


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://10.0.0.1/pub/", "It leads into a network of somebody’s own, not to the open internet."),
        ("http://[::1]/pub/", "It leads into a network of somebody’s own, not to the open internet."),
        ("http://169.254.169.254/latest/", "It leads into a network of somebody’s own, not to the open internet."),
    ],
)
async def test_nothing_inside_is_asked(shop: House, clock: Clock, address: str, words: str) -> None:
    await add(shop, address)
    clock.move(seconds=1)
    await mirrors.check_due(shop)
    assert [(row.state, row.error) for row in await seen(shop)] == [(S.BAD, words)]


async def test_a_newer_edition_is_looked_for_before_it_is_told(shop: House, host: Host, clock: Clock) -> None:
    await add(shop, host.url)
    clock.move(seconds=1)
    await mirrors.check_due(shop)
    clock.move(hours=1)
    await publish(shop, "High Water", [Part("words.txt", b"Better\n", "text/plain")])
    assert await told(shop) == ()
    assert await mirrors.check_due(shop) == 1
    assert [(row.state, row.error) for row in await seen(shop)] == [(S.BAD, "“words.txt” has another size there.")]
    host.files["words.txt"] = b"Better\n"
    clock.move(seconds=1)
    await shop.db.write(lambda conn: verbs.look_again(conn, "high-water"))
    assert await mirrors.check_due(shop) == 1
    assert await told(shop) == (host.url,)


async def test_two_who_look_at_once_keep_one_answer(shop: House, host: Host, clock: Clock) -> None:
    await add(shop, host.url)
    clock.move(seconds=1)
    (mirror,) = await seen(shop)
    assert shop.fetcher is not None
    results = await asyncio.gather(*(mirrors.check_mirror(shop, shop.fetcher, mirror) for _ in range(2)))
    assert sorted(results) == [False, True]


async def test_a_mirror_that_is_taken_off_is_told_to_nobody(shop: House, host: Host, clock: Clock) -> None:
    await add(shop, host.url)
    clock.move(seconds=1)
    await mirrors.check_due(shop)
    assert await shop.db.write(lambda conn: verbs.remove_mirror(conn, "high-water", host.url))
    await refresh(shop)
    assert (await seen(shop), await told(shop)) == ([], ())
    with pytest.raises(NotFound) as unknown:
        await shop.db.write(lambda conn: verbs.remove_mirror(conn, "high-water", host.url))
    assert unknown.value.code is Code.MIRROR_UNKNOWN
    assert not await shop.db.write(lambda conn: verbs.look_again(conn, "high-water"))


async def test_there_are_only_so_many(shop: House) -> None:
    def many(conn: Connection) -> None:
        for number in range(MOST_MIRRORS):
            verbs.add_mirror(conn, "high-water", f"https://m{number}.example/", shop.config.url, shop.clock())

    await shop.db.write(many)
    assert not await add(shop, "https://m3.example/")
    with pytest.raises(Refused) as full:
        await add(shop, "https://other.example/")
    assert full.value.code is Code.MIRRORS_FULL
    assert len(await seen(shop)) == MOST_MIRRORS


async def test_a_shop_that_misses_its_own_file_says_so_and_goes_on(
    shop: House, host: Host, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(shop, host.url)
    clock.move(seconds=1)

    def gone(blob: object) -> None:
        raise Unavailable(Code.BLOB_MISSING, "The shop’s copy is gone.")

    monkeypatch.setattr(shop.storage, "open", gone)
    assert await mirrors.check_due(shop) == 1
    assert [(row.state, row.error) for row in await seen(shop)] == [(S.BAD, "The shop’s copy is gone.")]


async def test_mirrors_of_a_withheld_work_are_left_alone(shop: House, host: Host, clock: Clock) -> None:
    from headwaters.actions.works import withhold_work

    await add(shop, host.url)
    clock.move(seconds=1)
    await shop.db.write(lambda conn: withhold_work(conn, "high-water", "A court.", clock()))
    assert await mirrors.check_due(shop) == 0
    assert host.asked == []
