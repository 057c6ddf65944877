"""Late looks in the database: handed to one process, set anew, and whatever they find is booked once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from headwaters.actions import late, sales
from headwaters.core.clock import from_micros
from headwaters.core.sales.states import PaymentState
from headwaters.core.sales.tills import RefundStatus
from headwaters.store import late as late_rows
from headwaters.store import ledger as ledger_rows
from headwaters.store import payments as payment_rows
from headwaters.store import tables
from headwaters.store.db import Connection, Database
from tests.actions.test_sales import FIVE, NOW, event, place, status, till, wish
from tests.people import add_work

DAY = timedelta(days=1)


async def paid(
    database: Database, slug: str = "high-water", session: str = "s1", name: str = "stripe"
) -> payment_rows.PaymentRow:
    """A payment that Stripe said is paid."""
    await database.write(lambda conn: add_work(conn, slug))
    placed = await place(database, wish(nonce=f"nonce-of-{slug}"), till(name, session=session), slug)
    payment = placed.payment
    assert payment is not None
    await database.write(lambda conn: sales.settle(conn, payment, status(payment), f"key-{slug}", NOW))
    return await database.read(lambda conn: payment_rows.payment_by_id(conn, payment.id))


async def lease(database: Database, now: datetime) -> payment_rows.PaymentRow | None:
    return await database.write(lambda conn: late.lease_late(conn, now))


async def late_at(database: Database, payment: payment_rows.PaymentRow) -> datetime | None:
    found = await database.read(lambda conn: payment_rows.payment_by_id(conn, payment.id).late_at)
    return None if found is None else from_micros(found)


def refund(number: int, minor: int = 100) -> RefundStatus:
    return RefundStatus(f"re_{number}", replace(FIVE, minor=minor), done=True)


async def test_a_paid_payment_is_due_after_a_day_and_is_not_under_way(database: Database) -> None:
    payment = await paid(database)
    assert await late_at(database, payment) == NOW + DAY
    assert await lease(database, NOW + DAY - timedelta(seconds=1)) is None
    assert await database.write(lambda conn: sales.lease_checks(conn, NOW + 9 * DAY, 9)) == []
    leased = await lease(database, NOW + DAY)
    assert leased is not None
    assert leased.id == payment.id
    assert await lease(database, NOW + DAY) is None
    assert await late_at(database, payment) == NOW + 2 * DAY, "as if nobody answered"


async def test_of_five_processes_one_looks(database: Database) -> None:
    await paid(database)
    leased = await asyncio.gather(*(lease(database, NOW + DAY) for _ in range(5)))
    assert sum(payment is not None for payment in leased) == 1


async def test_the_longest_overdue_is_first(database: Database) -> None:
    first = await paid(database, "one", "s1")
    second = await paid(database, "two", "s2")
    await database.write(lambda conn: late_rows.set_late(conn, first.id, NOW + 3 * DAY))
    leased = [await lease(database, NOW + 4 * DAY) for _ in range(3)]
    assert [payment.id if payment else None for payment in leased] == [second.id, first.id, None]


async def test_what_a_till_does_not_know_better_is_never_due(database: Database) -> None:
    payments = [await paid(database, name, name, name) for name in ("by_hand", "practice")]
    assert [await late_at(database, payment) for payment in payments] == [None, None]
    assert await lease(database, NOW + 400 * DAY) is None


async def test_a_look_books_what_it_finds_once_and_sets_the_next(database: Database) -> None:
    payment = await paid(database)
    said = status(payment, refunds=(refund(1),))
    for at, changed, then in ((1, True, 7), (7, False, 30), (30, False, 120)):
        now = NOW + at * DAY
        run = await database.write(lambda conn, now=now: late.settle_late(conn, payment, said, "k", now))
        assert run is changed
        assert await late_at(database, payment) == NOW + then * DAY
    await database.write(lambda conn: late.settle_late(conn, payment, said, "k", NOW + 120 * DAY))
    assert await late_at(database, payment) is None
    assert ("practice:refunds:1", "EUR", 100) in await database.read(ledger_rows.balances)


async def test_where_there_is_no_till_to_ask_the_next_look_is_set_all_the_same(database: Database) -> None:
    payment = await paid(database)
    assert await database.write(lambda conn: late.settle_late(conn, payment, None, "k", NOW + DAY)) is False
    assert await late_at(database, payment) == NOW + 7 * DAY


# ── looks, events and both of them twice ─────────────────────────────────────────────────────────

_STEPS = st.lists(
    st.one_of(st.tuples(st.just("event"), st.integers(0, 3)), st.tuples(st.just("look"), st.integers(0, 4))),
    max_size=7,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_whatever_is_heard_or_seen_first_each_refund_counts_once(sqlite_url: str, steps: list[tuple[str, int]]) -> None:
    asyncio.run(_heard_and_seen(sqlite_url, steps))


async def _heard_and_seen(url: str, steps: list[tuple[str, int]]) -> None:
    """Four refunds of 100 at the till. An event tells of one alone, a look of the first so many of them."""
    async with Database(url) as shop:
        number = await shop.read(lambda conn: conn.execute(select(func.count()).select_from(tables.orders)).scalar())
        payment = await paid(shop, f"work-{number}", f"s-{number}")
        every = [RefundStatus(f"re_{number}_{n}", replace(FIVE, minor=100), done=True) for n in range(4)]
        for at, (kind, which) in enumerate([*steps, *steps]):
            seen = (every[which],) if kind == "event" else tuple(every[:which])
            said = status(payment, refunds=seen)
            if kind == "event":
                told = replace(event(at, payment, said), event_id=f"evt_{number}_{which}")
                await shop.write(lambda conn, told=told: sales.receive_event(conn, payment.till, told, "sha", "k", NOW))
            else:
                await shop.write(lambda conn, said=said: late.settle_late(conn, payment, said, "k", NOW))
        heard = {which for kind, which in steps if kind == "event"}
        seen_at_most = max((which for kind, which in steps if kind == "look"), default=0)
        expected = len(heard | set(range(seen_at_most)))

        def look(conn: Connection) -> tuple[int, int]:
            mine = tables.refunds.c.payment_id == payment.id
            booked = conn.execute(select(func.count()).select_from(tables.refunds).where(mine)).scalar_one()
            wanted = tables.ledger_postings.c.account.like("practice:refunds:%")
            entries = tables.ledger_entries.c.id == tables.ledger_postings.c.entry_id
            total = conn.execute(
                select(func.sum(tables.ledger_postings.c.amount_minor))
                .join(tables.ledger_entries, entries)
                .where(wanted, tables.ledger_entries.c.order_id == payment.order_id)
            ).scalar()
            return int(booked), int(total or 0)

        assert await shop.read(look) == (expected, expected * 100)
        after = await shop.read(lambda conn: payment_rows.payment_by_id(conn, payment.id))
        assert after.state is PaymentState.PAID
