"""A shop with every kind of page, served from a thread of its own so that a browser can look at it."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from headwaters.actions.collections import fill_collection, make_collection
from headwaters.actions.letters import answer
from headwaters.actions.shop import change_settings
from headwaters.actions.study import say_country
from headwaters.actions.threads import block
from headwaters.actions.works import retire_work
from headwaters.config import KEY_NAME, Config, Smtp
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.signin import secret_digest
from headwaters.core.works.editions import Role
from headwaters.core.works.media import WorkKind
from headwaters.errands import settle, signin
from headwaters.errands.house import House, refresh
from headwaters.errands.take import Taken
from headwaters.store import payments as payment_rows
from headwaters.store import sales
from headwaters.store.db import Connection
from headwaters.store.lost import LinkRow, add_link
from headwaters.web.app import listen, make_app
from headwaters.wiring import furnish
from tests.support.addresses import free_port
from tests.support.fetching import fetchable
from tests.support.gallery_taste import fill_tastes
from tests.support.makings import pretend_formats
from tests.support.pages import Part, order, painted, publish

SETTINGS = {
    "name": "Alice",
    "tagline": "films and songs from the river",
    "creator": "Alice",
    "by_hand": "on",
    "practice": "on",
    "by_hand_name": "Alice Rivers",
    "by_hand_iban": "DE02120300000000202051",
    "by_hand_instructions": "Cash is fine too: I am at the Sunday market.",
    "stripe_secret_key": "sk_test_gallery",
    "stripe_webhook_secret": "whsec_gallery",
    "imprint": "Alice\nAt the River 3\n12345 Wasserstadt",
    "contact_email": "alice@shop.example",
    "taste": "off",  # but where a work says otherwise
}
LONG = "A Very Long Title That Somebody Chose on Purpose, with a Donaudampfschifffahrtsgesellschaftskapitän in It"


@dataclass
class Gallery:
    """Where it is, the paths of its pages by what they show, and a way into its Studio."""

    url: str
    paths: dict[str, str] = field(default_factory=dict)
    link: str = ""  # signs in once
    routes: frozenset[str] = frozenset()  # patterns of all addresses that answer a GET


def _film() -> list[Part]:
    sizes = {"as it was finished": 11_400_000_000, "for most screens": 3_100_000_000, "for small ones": 640_000_000}
    files = [
        Part(f"High Water {n}.mp4", b"%d" % n, "video/mp4", label=f"The film, {label}", seconds=3720, pretend=size)
        for n, (label, size) in enumerate(sizes.items())
    ]
    trailer = Part("trailer.mp4", b"t", "video/mp4", Role.SAMPLE, "The trailer", seconds=95, pretend=42_000_000)
    return [*files, trailer, painted((480, 270), "a.webp"), painted((1280, 720), "b.webp")]


def _songs(edition: int = 1) -> list[Part]:
    songs = [
        Part(f"{n:02}.flac", b"%d.%d" % (n, edition), "audio/flac", label=f"Song {n}", seconds=100 + n)
        for n in range(1, 12)
    ]
    sample = Part("try.mp3", b"t", "audio/mpeg", Role.SAMPLE, "The first minute", seconds=60)
    return [*songs, sample, Part("booklet.png", b"p", "image/png"), painted((900, 900))]


async def _fill(house: House) -> dict[str, str]:
    await house.db.write(lambda conn: change_settings(conn, SETTINGS))
    await refresh(house)
    words = "I made this with *four friends*.\n\nAlice"
    described = "# What it is\n\nA film.\n\n### More\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n`code`"
    film: dict[str, Any] = {"kind": WorkKind.FILM, "year": 2026, "cover_alt": "A river", "licence": "CC-BY-NC-SA-4.0"}
    await publish(house, "High Water", _film(), words=words, description=described, **film)
    await publish(house, "Songs", _songs(), kind=WorkKind.MUSIC, price=Money(800, "EUR"))
    changes = "Song 4 has its last verse again.\nThe booklet is new."
    await publish(house, "Songs", _songs(2), changes=changes, kind=WorkKind.MUSIC, price=Money(800, "EUR"))
    book = [Part("book.epub", b"e", "application/epub+zip"), painted((600, 900))]
    await publish(house, "A Book", book, kind=WorkKind.BOOK, doors=frozenset({Door.PAY, Door.HAVE_COPY}))
    await publish(house, LONG, [Part(f"🎉 part {n} {'x' * 60}.txt", b"%d" % n) for n in range(30)], slug="long")
    free = frozenset({Door.CANT_PAY, Door.HAVE_COPY})
    zine = [Part(f"Zine {n}.pdf", b"z%d" % n, "application/pdf", pretend=n * 4_100_000) for n in (1, 2)]
    await publish(house, "Zine", [*zine, painted((600, 900))], kind=WorkKind.BOOK, doors=free, licence="CC-BY-4.0")
    await publish(house, "Gone")
    await house.db.write(fetchable)
    await house.db.write(lambda conn: retire_work(conn, "gone", house.clock()))
    await house.db.write(lambda conn: _gather(conn, house.clock()))
    await pretend_formats(house)
    await refresh(house)
    return await _orders(house)


def _gather(conn: Connection, now: datetime) -> None:
    """Two works that belong together."""
    slug = make_collection(conn, "All Water", "Everything *from the river*, in its order.\n\nAlice", "", now)
    fill_collection(conn, slug, ["high-water", "songs"])


async def _orders(house: House) -> dict[str, str]:
    taken = {
        "free": await order(house, "high-water"),
        "copy": await order(house, "songs", Door.HAVE_COPY, letter="Thank you. 🚂\n\n" + "x" * 200),
        "by hand": await order(house, "high-water", Door.PAY, till="by_hand", email="bob@example.org"),
        "unfinished": await order(house, "songs", Door.PAY, till="practice"),
        "paid": await order(house, "high-water", Door.PAY, till="by_hand"),
        "many": await order(house, "long", Door.HAVE_COPY),
        "closed": await order(house, "a-book", Door.HAVE_COPY, letter="Hello?"),
    }
    await settle.confirm(house, await _reference(house, taken["paid"]))
    thread, now = await _order_id(house, taken["copy"]), house.clock()
    await house.db.write(lambda conn: answer(conn, thread, "Dear Bob", "n" * 26, "r" * 13, now))
    closed = await _order_id(house, taken["closed"])
    await house.db.write(lambda conn: block(conn, closed, now))
    await house.db.write(lambda conn: say_country(conn, closed, "AT"))
    pages = {name: f"/o/{one.token}" for name, one in taken.items()}
    practice = urlsplit(taken["unfinished"].url or "").path
    return {
        **pages,
        "country": f"{pages['free']}/country",
        "formats": f"{pages['copy']}/formats",
        "practice": practice,
        "lost link": await _lost(house),
    }


async def _lost(house: House) -> str:
    """Where the mail to somebody who lost their link leads."""
    secret, now = house.token(), house.clock()
    link = LinkRow(secret_digest(secret), "bob@example.org", now, now + timedelta(hours=1))
    await house.db.write(lambda conn: add_link(conn, link))
    return f"/lost/{secret}"


async def _order_id(house: House, taken: Taken) -> int:
    found = await house.db.read(lambda conn: sales.order_by_token(conn, taken.token))
    assert found is not None
    return found.id


async def _reference(house: House, taken: Taken) -> str:
    order_id = await _order_id(house, taken)
    payment = await house.db.read(lambda conn: payment_rows.newest_payment(conn, order_id))
    assert payment is not None
    return payment.reference


PUBLIC = {
    "first page": "/",
    "film": "/w/high-water",
    "for everybody": "/w/zine",
    "songs": "/w/songs",
    "book": "/w/a-book",
    "collection": "/c/all-water",
    "long": "/w/long",
    "gone": "/w/gone",
    "about": "/about",
    "privacy": "/privacy",
    "report": "/report",
    "lost": "/lost",
    "lost sent": "/lost/sent",
    "nowhere": "/nowhere",
}


def _patterns(app: web.Application) -> Iterator[str]:
    """Of all addresses that answer a GET."""
    for route in app.router.routes():
        if route.method == "GET" and route.resource is not None:
            yield route.resource.canonical


@contextmanager
def gallery(
    folder: Path,
    template: Path,
    settings: Mapping[str, str] | None = None,
    more: Callable[[House], Awaitable[dict[str, str]]] | None = None,
) -> Iterator[Gallery]:
    """Serve a filled shop in `folder`, on a copy of the migrated database `template`; `more` fills it further."""
    folder.mkdir()
    (folder / KEY_NAME).write_bytes(bytes(32))
    shutil.copyfile(template, folder / "headwaters.db")
    port = free_port()
    opened = Gallery(f"http://127.0.0.1:{port}")
    mail = Smtp("127.0.0.1", "shop@shop.example", port=9, security="none")
    config = Config(
        shop=folder, url=opened.url, port=port, smtp=mail, uploads_from=(str(folder / "to publish"),), workshop=False
    )
    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        async with furnish(config) as house:
            opened.paths = {**PUBLIC, **await _fill(house), **await fill_tastes(house)}
            if more:
                opened.paths |= await more(house)
            if settings:
                await house.db.write(lambda conn: change_settings(conn, settings))
                await refresh(house)
            opened.link = await signin.make_link(house)
            app = make_app(house)
            opened.routes = frozenset(_patterns(app))
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
            await runner.setup()
            await web.SockSite(runner, listen("127.0.0.1", port)).start()
            ready.set()
            await stop.wait()
            await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(90), "the gallery did not open"
    yield opened
    loops[0].call_soon_threadsafe(stop.set)
    thread.join(10)
