"""Orders without HTTP: the two transactions of a sale (order, payment event) from 32 callers through the one writer,
against a raw sqlite3 loop of the same two. What is left of `orders` when the network and the pages are taken away."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.orders import CONNECTIONS, ORDERS, _raw
from bench.rows import Options, Row, median
from bench.servers import make_shop, scratch
from headwaters.actions import sales
from headwaters.actions.sales import TillChoice
from headwaters.core.sales.doors import Take
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door, Mode, PaymentState
from headwaters.core.sales.tills import PaymentStatus, TillEvent, TillSession
from headwaters.store.db import Database
from headwaters.store.sales import WorkForSale, work_for_sale

GOAL_RATIO = 1.5
_FIVE = Money(500, "EUR")


async def _sell(database: Database, work: WorkForSale, mark: str) -> None:
    """One sale: its order, and then the till's event that it was paid."""
    now = datetime.now(UTC)
    session = TillSession(f"session-{mark}", f"https://till.example/{mark}", now + timedelta(hours=1))
    till = TillChoice("practice", Mode.PRACTICE, False, session.expires_at, session)
    take = Take(Door.PAY, _FIVE, None, None, mark, "", None)
    fresh = sales.Secrets(token=f"token-{mark}", key=f"key-{mark}", letter=f"letter-{mark}", reference=mark)
    await database.write(partial(sales.place_order, take=take, work=work, till=till, secrets=fresh, now=now))
    status = PaymentStatus(session.session_id, mark, PaymentState.PAID, _FIVE, Mode.PRACTICE, f"paid-{mark}")
    event = TillEvent(f"event-{mark}", "paid", mark, session.session_id, status)
    receive = partial(sales.receive_event, till="practice", event=event, body_sha256="0" * 64, key=fresh.key, now=now)
    received = await database.write(receive)
    if received.outcome is not sales.Outcome.HANDLED:
        raise RuntimeError(f"an event was {received.outcome}")


async def _ours(shop: Path, orders: int) -> float:
    """Sales a second."""
    marks = iter([secrets.token_hex(13) for _ in range(orders)])
    async with Database(f"sqlite:///{shop / 'headwaters.db'}") as database:
        work = await database.read(partial(work_for_sale, slug="bench"))

        async def buy() -> None:
            for mark in marks:
                await _sell(database, work, mark)

        start = time.perf_counter()
        await asyncio.gather(*(buy() for _ in range(CONNECTIONS)))
        return orders / (time.perf_counter() - start)


def rows(options: Options) -> Iterator[Row]:
    """Orders a second as a ratio."""
    orders = max(CONNECTIONS * 4, int(ORDERS * options.scale))
    ours: list[float] = []
    raw: list[float] = []
    with scratch() as folder:
        shop = make_shop(folder, 1 << 20)
        for _ in range(options.rounds):
            for side in random.sample(["ours", "raw"], 2):
                if side == "raw":
                    raw.append(_raw(folder, orders))
                else:
                    ours.append(asyncio.run(_ours(shop, orders)))
    ratio = median(ours) / median(raw)
    yield Row(
        "durable orders without HTTP",
        median(ours),
        "orders/s",
        "raw sqlite3",
        ratio,
        f"≥ {GOAL_RATIO} ×",
        ratio >= GOAL_RATIO,
    )
