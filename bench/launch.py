"""The whole 2011 launch: 50,000 readers, each page → order → payment event → order page → first megabyte.

In 2011 the first 50,000 took 12 hours. Afterwards the ledger must be exact and nothing may be missing.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from bench.http import Answer, Client
from bench.rows import Options, Row
from bench.servers import make_shop, scratch, serving
from headwaters.adapters.tills.practice import PracticeTill
from headwaters.config import KEY_NAME
from headwaters.core.sales.states import PaymentState

READERS = 50_000
AT_ONCE = 64
YEAR_2011 = 12 * 3600.0  # seconds
GOAL = 60.0
MEGABYTE = 1 << 20


class Bank:
    """Signs the payment events that the practice till would send, without its pay page."""

    def __init__(self, shop: Path, url: str) -> None:
        self._till = PracticeTill(url, shop / "practice", (shop / KEY_NAME).read_bytes(), lambda: datetime.now(UTC))

    def event(self, session_id: str) -> tuple[str, bytes]:
        """Header lines and body of "paid"."""
        event = self._till.event(session_id, PaymentState.PAID, datetime.now(UTC))
        return "".join(f"{name}: {value}\r\n" for name, value in event.headers.items()), event.body

    def order_page(self, session_id: str) -> str:
        """Where the reader comes back to."""
        return urlsplit(self._till.page(session_id).cancel_url).path


def _expect(answer: Answer, status: int) -> Answer:
    if answer.status != status:
        raise RuntimeError(f"HTTP {answer.status} instead of {status}: {answer.head.decode('latin-1')[:200]}")
    return answer


async def _read(client: Client, bank: Bank, number: int) -> int:
    """One reader's way; how many bytes of the work came."""
    whom = f"X-Forwarded-For: 2001:db8:{number >> 8:x}:{number & 0xFF:x}00::1\r\n"  # a /56 for each reader
    page = _expect(await client.send("GET", "/w/bench", whom), 200)
    nonce = page.body.split(b'name="nonce" value="', 1)[1].split(b'"', 1)[0].decode()
    form = f"door=pay&amount=5.00&nonce={nonce}".encode()
    typed = whom + "Content-Type: application/x-www-form-urlencoded\r\n"
    taken = _expect(await client.send("POST", "/w/bench/take", typed, form), 303)
    session_id = taken.header(b"Location").rpartition("/")[2]
    headers, body = bank.event(session_id)
    _expect(await client.send("POST", "/hooks/practice", headers, body), 200)
    order = _expect(await client.send("GET", bank.order_page(session_id), whom), 200)
    path = b"/d/" + order.body.split(b"/d/", 1)[1].split(b'"', 1)[0]
    first = f"{whom}Range: bytes=0-{MEGABYTE - 1}\r\n"
    part = _expect(await client.send("GET", path.decode(), first), 206)
    return int(part.header(b"Content-Length"))


async def _launch(port: int, bank: Bank, readers: int) -> float:
    numbers: Iterator[int] = iter(range(readers))

    async def visit() -> None:
        client = await Client.open("127.0.0.1", port)
        for number in numbers:
            if await _read(client, bank, number) != MEGABYTE:
                raise RuntimeError("less than a megabyte came")
        client.close()

    start = time.perf_counter()
    await asyncio.gather(*(visit() for _ in range(AT_ONCE)))
    return time.perf_counter() - start


def _audit(shop: Path, readers: int) -> None:
    """Every order paid and granted once, and the ledger exact."""
    database = sqlite3.connect(shop / "headwaters.db")
    facts = {
        "SELECT count(*) FROM orders WHERE state = 'granted'": readers,
        "SELECT count(*) FROM payments WHERE state = 'paid'": readers,
        "SELECT count(*) FROM grants": readers,
        "SELECT sum(amount_minor) FROM ledger_postings WHERE account = 'practice:till:practice'": readers * 500,
        "SELECT sum(amount_minor) FROM ledger_postings": 0,
    }
    for query, expected in facts.items():
        (found,) = database.execute(query).fetchone()
        if found != expected:
            raise RuntimeError(f"{query}: {found} instead of {expected}")
    database.close()


def rows(options: Options) -> Iterator[Row]:
    """The launch is one long round, not several short ones. What it took of the processor says more than its time
    where other work runs beside it."""
    readers = max(AT_ONCE, int(READERS * options.scale))
    with scratch() as folder:
        shop = make_shop(folder, 4 * MEGABYTE)
        with serving(shop) as server:
            bank = Bank(shop, f"http://127.0.0.1:{server.port}")
            before = server.cpu, time.process_time()
            seconds = asyncio.run(_launch(server.port, bank, readers))
            ours, load = server.cpu - before[0], time.process_time() - before[1]
        _audit(shop, readers)
    whole = seconds * READERS / readers
    name = f"launch of {readers:,} readers" + ("" if readers == READERS else f", as {READERS:,}")
    yield Row(name, whole, "s", "12 hours in 2011", YEAR_2011 / whole, f"≤ {GOAL:.0f} s", whole <= GOAL)
    yield Row("the shop's processor time for each reader", ours / readers * 1000, "ms", "–", None, "", None)
    yield Row("the load's, on the same machine", load / readers * 1000, "ms", "–", None, "", None)
