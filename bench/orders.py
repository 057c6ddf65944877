"""Orders: POST take and POST payment event over HTTP, each durable, against a raw sqlite3 loop of the same two
transactions with `synchronous=FULL`."""

from __future__ import annotations

import asyncio
import random
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from bench.http import Client
from bench.launch import Bank, _expect
from bench.rows import Options, Row, median
from bench.servers import make_shop, scratch, serving

CONNECTIONS = 32
ORDERS = 6_000
GOAL_RATIO = 1.2
GOAL_P99 = 50.0  # milliseconds


def _raw(folder: Path, orders: int) -> float:
    """Orders a second of one connection that commits twice an order: no HTTP, no grouping, no checks."""
    path = folder / f"raw-{secrets.token_hex(4)}.db"
    database = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        database.execute(f"PRAGMA {pragma}")
    for table in ("orders", "lines", "payments", "events", "entries", "postings", "grants", "outbox"):
        database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INTEGER, c TEXT, d INTEGER)")
    start = time.perf_counter()
    for number in range(orders):
        mark = f"{number:026}"
        _transaction(database, mark, ("orders", "lines", "payments"))
        _transaction(database, mark, ("events", "entries", "postings", "grants", "outbox"))
    seconds = time.perf_counter() - start
    database.close()
    return orders / seconds


def _transaction(database: sqlite3.Connection, mark: str, tables: tuple[str, ...]) -> None:
    database.execute("BEGIN IMMEDIATE")
    for table in tables:
        database.execute(f"INSERT INTO {table} (a, b, c, d) VALUES (?, ?, ?, ?)", (mark, 500, "EUR", 0))
    if "events" in tables:
        database.execute("UPDATE payments SET c = 'paid' WHERE a = ? AND c = 'EUR'", (mark,))
        database.execute("UPDATE orders SET c = 'granted' WHERE a = ? AND c = 'EUR'", (mark,))
    database.execute("COMMIT")


async def _ours(port: int, bank: Bank, orders: int) -> tuple[float, list[float]]:
    """Orders a second through HTTP, and the milliseconds that each of the two requests took."""
    numbers = iter(range(orders))
    waits: list[float] = []

    async def timed(client: Client, path: str, headers: str, body: bytes, status: int) -> str:
        start = time.perf_counter()
        answer = _expect(await client.send("POST", path, headers, body), status)
        waits.append((time.perf_counter() - start) * 1000)
        return answer.header(b"Location")

    async def buy() -> None:
        client = await Client.open("127.0.0.1", port)
        for _ in numbers:
            far = secrets.token_bytes(6).hex()
            whom = f"X-Forwarded-For: 2001:db8:{far[:4]}:{far[4:8]}::1\r\n"
            form = f"door=pay&amount=5.00&nonce={secrets.token_urlsafe(18)}".encode()
            typed = whom + "Content-Type: application/x-www-form-urlencoded\r\n"
            session_id = (await timed(client, "/w/bench/take", typed, form, 303)).rpartition("/")[2]
            headers, body = bank.event(session_id)
            await timed(client, "/hooks/practice", headers, body, 200)
        client.close()

    start = time.perf_counter()
    await asyncio.gather(*(buy() for _ in range(CONNECTIONS)))
    return orders / (time.perf_counter() - start), waits


def rows(options: Options) -> Iterator[Row]:
    """Orders a second as a ratio, and the 99th percentile of the wait."""
    orders = max(CONNECTIONS * 4, int(ORDERS * options.scale))
    ours: list[float] = []
    raw: list[float] = []
    waits: list[float] = []
    with scratch() as folder:
        shop = make_shop(folder, 1 << 20)
        with serving(shop) as server:
            bank = Bank(shop, f"http://127.0.0.1:{server.port}")
            for _ in range(options.rounds):
                for side in random.sample(["ours", "raw"], 2):
                    if side == "raw":
                        raw.append(_raw(folder, orders))
                    else:
                        rate, waited = asyncio.run(_ours(server.port, bank, orders))
                        ours.append(rate)
                        waits += waited
        log = (shop.parent / "serve.log").read_text(encoding="utf-8", errors="replace")
    if "locked" in log:
        raise RuntimeError("the database was locked")
    ratio = median(ours) / median(raw)
    yield Row(
        "durable orders", median(ours), "orders/s", "raw sqlite3", ratio, f"≥ {GOAL_RATIO} ×", ratio >= GOAL_RATIO
    )
    p99 = sorted(waits)[int(len(waits) * 0.99)]
    yield Row("wait for an order or event, p99", p99, "ms", "–", None, f"< {GOAL_P99:.0f} ms", p99 < GOAL_P99)
