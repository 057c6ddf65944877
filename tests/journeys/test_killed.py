"""SIGKILL while everybody is busy: what was answered is there, nothing is there by half, and the shop goes on."""

from __future__ import annotations

import asyncio
import hashlib
import random
import secrets
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from headwaters.store.db import Connection, Database
from tests.support.served import COMMAND, Served, ServeShop, environment, headwaters
from tests.support.shop import new_network

WORDS = b"The river was there before the dam.\n" * 4000
CLIENTS = 8
ROUNDS = 3


# ── readers ──────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Memory:
    """What readers sent, and what they were answered, over all rounds."""

    sent: list[dict[str, str]] = field(default_factory=list)  # the forms of takes
    orders: dict[str, str] = field(default_factory=dict)  # address of the page → door
    paid: set[str] = field(default_factory=set)
    letters: dict[str, str] = field(default_factory=dict)  # text → address of the page


@dataclass
class Reader:
    """One of those who take, pay, write and look, one after the other, until the shop is gone."""

    url: str
    memory: Memory
    http: aiohttp.ClientSession

    async def live(self) -> None:
        while True:
            door = random.choice(["pay", "cant_pay", "have_copy"])
            page = await self.take(door)
            if door == "pay":
                page = await self.pay(page)
            await self.write(page)
            await self.look(page)

    async def post(self, path: str, fields: dict[str, str]) -> str:
        """The path that the answer leads to."""
        async with self.http.post(self.url + path, data=fields, headers=new_network(), allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
            return answer.headers["Location"].removeprefix(self.url)

    async def take(self, door: str) -> str:
        fields = {"door": door, "amount": "5", "till": "practice", "nonce": secrets.token_hex(16)}
        if random.random() < 0.5:
            fields["letter"] = f"A word at the door: {secrets.token_hex(8)}"
        self.memory.sent.append(fields)
        page = await self.post("/w/river/take", fields)
        if door != "pay":
            self.memory.orders[page] = door
            if "letter" in fields:
                self.memory.letters[fields["letter"]] = page
        return page

    async def pay(self, till: str) -> str:
        """At the practice till; it leads back to the order page."""
        choice = random.choice(["pay", "pay_twice"])
        page = (await self.post(till, {"choice": choice})).removesuffix("/back")
        self.memory.orders[page] = "pay"
        self.memory.paid.add(page)
        return page

    async def write(self, page: str) -> None:
        body = f"A letter: {secrets.token_hex(8)}"
        await self.post(f"{page}/letters", {"body": body, "nonce": secrets.token_hex(16)})
        self.memory.letters[body] = page

    async def look(self, page: str) -> None:
        async with self.http.get(f"{self.url}{page}.json") as answer:
            (file,) = (await answer.json())["works"][0]["editions"][0]["files"]
        async with self.http.get(file["url"]) as answer:
            assert hashlib.sha256(await answer.read()).hexdigest() == file["sha256"]


async def be_busy_until_killed(shop: Served, memory: Memory, seconds: float) -> None:
    async def kill() -> None:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(shop.kill)

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as http:
        readers = [Reader(shop.url, memory, http).live() for _ in range(CLIENTS)]
        ends = await asyncio.gather(kill(), *readers, return_exceptions=True)
    wrong = [end for end in ends[1:] if not isinstance(end, aiohttp.ClientError | ConnectionError)]
    assert wrong == [], "a reader met something else than the end of the shop"


# ── what is there ────────────────────────────────────────────────────────────────────────────────

HALF = {
    "an order without a line": "SELECT count(*) FROM orders WHERE id NOT IN (SELECT order_id FROM order_lines)",
    "a granted order without its grant": "SELECT count(*) FROM orders WHERE state = 'granted'"
    " AND id NOT IN (SELECT order_id FROM grants)",
    "a grant of an order that waits": "SELECT count(*) FROM orders WHERE state <> 'granted'"
    " AND id IN (SELECT order_id FROM grants)",
    "an order of the pay door without a payment": "SELECT count(*) FROM orders WHERE door = 'pay'"
    " AND id NOT IN (SELECT order_id FROM payments)",
    "a payment that came and grants nothing": "SELECT count(*) FROM payments WHERE state = 'paid'"
    " AND order_id NOT IN (SELECT order_id FROM grants)",
    "an event of a payment that did not come": "SELECT count(*) FROM payment_events WHERE reference NOT IN"
    " (SELECT reference FROM payments WHERE state = 'paid')",
    "an entry of the ledger that is not balanced": "SELECT count(*) FROM (SELECT entry_id FROM ledger_postings"
    " GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0) AS broken",
    "an entry of the ledger without postings": "SELECT count(*) FROM ledger_entries"
    " WHERE id NOT IN (SELECT entry_id FROM ledger_postings)",
    "a payment that is not in the ledger once": "SELECT count(*) FROM payments WHERE state = 'paid' AND 1 <>"
    " (SELECT count(*) FROM ledger_entries WHERE order_id = payments.order_id)",
    "a letter that is there twice": "SELECT count(*) FROM (SELECT body FROM letters GROUP BY body"
    " HAVING count(*) > 1) AS twice",
}


async def ask_database(url: str, statements: dict[str, str]) -> dict[str, Any]:
    """The first value of each."""

    def look(conn: Connection) -> dict[str, Any]:
        return {name: conn.execute(text(statement)).scalar() for name, statement in statements.items()}

    async with Database(url) as database:
        return await database.read(look)


async def check_memory(shop: Served, memory: Memory, http: aiohttp.ClientSession) -> None:
    """Everything that was answered is on its page."""
    pages = {}
    for page, door in memory.orders.items():
        async with http.get(f"{shop.url}{page}.json") as answer:
            assert answer.status == 200, f"an order of the door {door} is gone"
            pages[page] = twin = await answer.json()
        assert (twin["state"], twin["door"]) == ("granted", door)
        assert twin["paid"]["amount"] == ("5.00" if page in memory.paid else "0.00")
    (file,) = random.choice(list(pages.values()))["works"][0]["editions"][0]["files"]
    async with http.get(file["url"]) as answer:
        assert await answer.read() == WORDS
    letters: dict[str, list[str]] = {}
    for body, page in memory.letters.items():
        letters.setdefault(page, []).append(body)
    for page in random.sample(sorted(letters), min(40, len(letters))):
        async with http.get(shop.url + page) as answer:
            html = await answer.text()
        assert [html.count(body) for body in letters[page]] == [1] * len(letters[page])


async def send_again(shop: Served, memory: Memory) -> None:
    """As a browser does that never saw an answer: the same forms once more."""
    async with aiohttp.ClientSession() as http:
        reader = Reader(shop.url, Memory(), http)
        for fields in memory.sent:
            await reader.post("/w/river/take", fields)


async def test_what_was_answered_before_a_kill_is_there_and_nothing_is_by_half(
    tmp_path: Path, serve_shop: ServeShop, database_settings: dict[str, str]
) -> None:
    shop = open_for_readers(tmp_path, serve_shop, database_settings)
    url = database_settings.get("HEADWATERS_DATABASE", f"sqlite:///{shop.shop / 'headwaters.db'}")
    url = url.replace("postgresql://", "postgresql+psycopg://")
    memory = Memory()
    for _ in range(ROUNDS):
        before = len(memory.sent)
        await be_busy_until_killed(shop, memory, random.uniform(0.5, 1.5))
        shop.start()
        assert await ask_database(url, HALF) == dict.fromkeys(HALF, 0)
        async with aiohttp.ClientSession() as http:
            await check_memory(shop, memory, http)
        await send_again(shop, Memory(memory.sent[before:]))
        counts = {
            "orders": "SELECT count(*) FROM orders",
            "letters": "SELECT count(*) FROM letters WHERE body LIKE 'A letter%'",
            "sum": "SELECT coalesce(sum(amount_minor), 0) FROM ledger_postings",
            "till": "SELECT coalesce(sum(amount_minor), 0) FROM ledger_postings"
            " WHERE account = 'practice:till:practice'",
            "paid": "SELECT coalesce(sum(amount_minor), 0) FROM payments WHERE state = 'paid'",
        }
        found = await ask_database(url, counts)
        assert found["orders"] == len(memory.sent), "a form that was sent again is the same order"
        assert found["letters"] >= sum(body.startswith("A letter") for body in memory.letters)
        assert found["sum"] == 0
        assert found["till"] == found["paid"] >= 500 * len(memory.paid)
    assert len(memory.orders) > 20
    assert memory.paid
    assert shop.stop() == 0


def open_for_readers(tmp_path: Path, serve_shop: ServeShop, settings: dict[str, str]) -> Served:
    """Alice's shop with one work and the practice till."""
    folder, work = tmp_path / "shop", tmp_path / "River.txt"
    work.write_bytes(WORDS)
    for command in (
        ("init", folder, "--name", "Alice"),
        ("settings", "practice", "on", "--shop", folder),
        ("publish", work, "--price", "5", "--i-made-this", "--shop", folder),
    ):
        answer = headwaters(*command, settings=settings)
        assert answer.code == 0, answer.err
    return serve_shop(folder, {**settings, "HEADWATERS_PROXIES": "127.0.0.1"})


# ── publishing ───────────────────────────────────────────────────────────────────────────────────


def long_silence(path: Path, size: int) -> Path:
    """A WAV of `size` bytes of silence, which takes no room on most disks."""
    header = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += bytes.fromhex("0100 0100 803e0000 007d0000 0200 1000") + b"data" + size.to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + size)
    return path


Moment = Callable[[int], bool]  # whether the process of that number got so far


def kill_at(arguments: list[str | Path], reached: Moment) -> bool:
    """Start the command and kill it once it got that far; False: it was done before."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], env=environment({}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while process.poll() is None:
            assert time.monotonic() < deadline
            if reached(process.pid):
                process.kill()
                return process.wait() == -signal.SIGKILL
        return False
    finally:
        process.kill()
        process.wait()


def reads(path: Path) -> Moment:
    """It opened `path`."""

    def reached(pid: int) -> bool:
        with suppress(OSError):
            return any(link.samefile(path) for link in Path(f"/proc/{pid}/fd").iterdir() if link.exists())
        return False

    return reached


def wrote(folder: Path, size: int) -> Moment:
    """It wrote that many bytes into a file of `folder`."""
    return lambda pid: folder.is_dir() and any(path.stat().st_size > size for path in folder.iterdir())


@pytest.mark.parametrize("link", [[], ["--link"]], ids=["copy", "link"])
def test_a_publishing_that_was_killed_leaves_nothing_half_and_is_run_again(tmp_path: Path, link: list[str]) -> None:
    shop, work = tmp_path / "shop", long_silence(tmp_path / "Long silence.wav", 300 << 20)
    original = (work.stat().st_size, work.stat().st_mtime_ns, work.stat().st_ino)
    assert headwaters("init", shop, "--name", "Alice").code == 0
    arguments: list[str | Path] = ["publish", work, "--shop", shop, "--i-made-this", "--json", *link]
    for moment in [reads(work)] if link else [reads(work), wrote(shop / "files" / "incoming", 30 << 20)]:
        assert kill_at(arguments, moment)
        assert headwaters("works", "--shop", shop, "--json").json == {"works": []}
    published = headwaters(*arguments)
    assert published.code == 0, published.err
    assert published.json["works"][0]["change"] == "new_work"
    (file,) = [file for file in published.json["works"][0]["files"] if file["role"] == "work"]
    with work.open("rb") as bytes_of_it:
        assert hashlib.file_digest(bytes_of_it, "sha256").hexdigest() == file["sha256"]
    assert headwaters(*arguments).json["works"][0]["change"] == "nothing"
    findings = headwaters("doctor", "--shop", shop, "--json").json["findings"]
    assert [finding for finding in findings if finding["health"] == "bad"] == []
    assert (work.stat().st_size, work.stat().st_mtime_ns, work.stat().st_ino) == original
