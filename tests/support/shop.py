"""Alice's shop for journeys: small works made here, published as she would, and served by a process of its own.

A shop of a module is made in this process, which takes half a second; journeys that are about the command line use
`tests.support.served.headwaters`.
"""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import itertools
import json
import secrets
import sqlite3
import threading
import urllib.request
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Page

from headwaters.actions.shop import change_settings
from headwaters.config import load_config
from headwaters.core.works.manifest import Given
from headwaters.errands.house import refresh
from headwaters.errands.init import NewShop, make_shop
from headwaters.errands.publish import Outcome, publish
from headwaters.wiring import furnish
from tests.support.network import MARK
from tests.support.samples import book, picture, wav
from tests.support.served import Served

T = TypeVar("T")
INSTRUCTIONS = "Transfer it to IBAN XX00 0000 0000 0000 0000 00,\nor leave it at the bakery."
_OWN = {"rights": Given("own", "--i-made-this")}
_networks = itertools.count(1)


# ── works ────────────────────────────────────────────────────────────────────────────────────────


def high_water(folder: Path) -> Path:
    """A work with a cover, a sample, and four files: a text, a book, a picture and a sound."""
    place = folder / "High Water"
    place.mkdir(parents=True)
    (place / "High Water.txt").write_text("The river was there before the dam.\n" * 40, encoding="utf-8")
    book(place / "High Water.epub")
    picture(place / "Map of the river.png", (640, 480), "seagreen")
    wav(place / "The river at night.wav")
    wav(place / "sample.wav", seconds=0.2)
    picture(place / "cover.jpg", (960, 600))
    (place / "work.toml").write_text(
        'title = "High Water"\nby = "Alice"\nyear = 2026\nprice = 5\nminimum = 1\nlicence = "CC-BY-SA-4.0"\n'
        'rights = "own"\ncover_alt = "A river"\nwords = "I made this with *one* boat."\n'
        'description = """\n## A river\n\nAnd what it said.\n"""\n',
        encoding="utf-8",
    )
    return place


def river_song(folder: Path) -> Path:
    """A work of one text without a word about it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "River Song.txt"
    path.write_text("Row, row.\n", encoding="utf-8")
    return path


def sha256_of(path: Path) -> str:
    """The hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ── a shop ───────────────────────────────────────────────────────────────────────────────────────


def in_a_thread(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a loop of its own: the thread we are in may have one (playwright's)."""
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(asyncio.run(work()))
        except BaseException as failure:
            failed.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def make_alices_shop(folder: Path, works: Sequence[Path] = (), **settings: str) -> Path:
    """A shop of Alice's in `folder` with `works` published and `settings` made."""

    async def make() -> None:
        await make_shop(NewShop(folder, "Alice's river", "EUR", ""))
        async with furnish(load_config(folder, {})) as house:
            await house.db.write(lambda conn: change_settings(conn, {"creator": "Alice", **settings}))
            await refresh(house)
            for work in works:
                results = await publish(house, [work], _OWN)
                assert all(isinstance(result, Outcome) for result in results), results

    in_a_thread(make)
    return folder


def change(folder: Path, **settings: str) -> None:
    """Change settings of a shop on SQLite; one that is served takes them in within a second."""

    async def run() -> None:
        async with furnish(load_config(folder, {})) as house:
            await house.db.write(lambda conn: change_settings(conn, settings))

    in_a_thread(run)


@contextmanager
def open_shop(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Serve a shop; it believes what X-Forwarded-For says of loopback. It must not have tried to leave."""
    served = Served(folder, {"HEADWATERS_PROXIES": "127.0.0.1", **(settings or {})})
    try:
        yield served.start()
    finally:
        if served.process:
            served.kill()
    assert MARK not in served.log, served.log


def new_network() -> dict[str, str]:
    """Headers of a reader from a network that nobody else in the run comes from, so that limits count it alone."""
    number = next(_networks)
    return {"X-Forwarded-For": f"10.{number >> 8}.{number & 255}.7"}


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


def fetch(url: str) -> bytes:
    """What is at an address."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        body: bytes = answer.read()
        return body


@dataclass(frozen=True)
class Reply:
    """What a server answered; redirects are not followed."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def ask(
    url: str, fields: Mapping[str, str] | bytes | None = None, headers: Mapping[str, str] | None = None, **more: str
) -> Reply:
    """GET an address, or POST a form (or any bytes) to it, from a network of its own. `method` chooses another."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    sent = {**new_network(), **(headers or {})}
    body = urlencode(fields).encode() if isinstance(fields, Mapping) else fields
    if isinstance(fields, Mapping):
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(more.get("method", "GET" if body is None else "POST"), path, body, sent)
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def take(shop: Served, slug: str, door: str = "cant_pay", **fields: str) -> Reply:
    """Through a door, as its form does."""
    return ask(f"{shop.url}/w/{slug}/take", {"door": door, "nonce": secrets.token_hex(16), **fields})


def taken(shop: Served, slug: str, door: str = "cant_pay", **fields: str) -> str:
    """The same, and it worked: the address of the order page."""
    reply = take(shop, slug, door, **fields)
    assert reply.status == 303, reply.text
    return shop.url + str(reply.headers["Location"])


@dataclass(frozen=True)
class Twin:
    """The machine twin of an order page."""

    raw: dict[str, Any]

    @property
    def state(self) -> str:
        return str(self.raw["state"])

    @property
    def paid(self) -> str:
        return str(self.raw["paid"]["amount"])

    @property
    def files(self) -> list[dict[str, Any]]:
        """Of all works on the order, in their newest editions."""
        return [file for work in self.raw["works"] for file in work["editions"][-1]["files"]]

    @property
    def archive(self) -> str:
        return str(self.raw["works"][0]["editions"][-1]["archive"])


def twin_of(page: Page | str) -> Twin:
    """Of the order page that is open, or of an address."""
    address = page if isinstance(page, str) else page.url
    return Twin(json.loads(fetch(f"{address.partition('#')[0]}.json")))


def rows(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    """What a shop's SQLite file says."""
    connection = sqlite3.connect(f"file:{folder / 'headwaters.db'}?mode=ro", uri=True)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def count(folder: Path, table: str) -> int:
    """How many rows a table has."""
    return int(rows(folder, f"SELECT count(*) FROM {table}")[0][0])


def balances(folder: Path) -> dict[str, int]:
    """The ledger's accounts, in minor units."""
    return dict(rows(folder, "SELECT account, sum(amount_minor) FROM ledger_postings GROUP BY account"))


def weight(page: Page) -> int:
    """Bytes of HTML and CSS of the page that is open, as they are before any compression."""
    html = len(page.content().encode())
    sheets = page.locator("link[rel=stylesheet]").evaluate_all("links => links.map(link => link.href)")
    return html + sum(len(fetch(sheet)) for sheet in sheets)
