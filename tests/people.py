"""Who is in the tests: Alice makes, Bob pays, Charlie must see nothing. Orders are made by the house's own errand."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from headwaters.core.sales.doors import Take
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.errands.house import House
from headwaters.errands.take import take
from headwaters.store import payments as payment_rows
from headwaters.store import sales as rows
from headwaters.store import tables
from headwaters.store.db import Connection

ALICE = "alice@shop.example"
BOB = "bob@example.org"
CHARLIE = "charlie@example.net"
_numbers = itertools.count(1)


def fresh_nonce() -> str:
    """What a form carries."""
    return f"nonce-of-a-form-{next(_numbers)}"


def add_work(conn: Connection, slug: str = "high-water", title: str = "High Water", currency: str = "EUR") -> int:
    """A published work of Alice's with one edition that has no files."""
    work_id = conn.execute(
        tables.works.insert()
        .values(
            slug=slug,
            source=f"/home/alice/{slug}",
            state="published",
            title=title,
            by_line="",
            kind="film",
            language="en",
            words="",
            description="",
            licence="CC-BY-4.0",
            currency=currency,
            price_minor=500,
            minimum_minor=100,
            doors="pay,cant_pay,have_copy",
            cover_alt="",
            note="",
            created_at=0,
            changed_at=0,
        )
        .returning(tables.works.c.id)
    ).scalar_one()
    conn.execute(
        tables.editions.insert().values(
            work_id=work_id,
            number=1,
            fingerprint=slug,
            rights="own",
            rights_text="1",
            rights_at=0,
            published_at=0,
        )
    )
    return int(work_id)


@dataclass(frozen=True, slots=True)
class Order:
    """What a reader got: the order's id, its page's token, and the newest payment's reference."""

    id: int
    token: str
    reference: str


async def take_work(
    house: House,
    door: Door = Door.CANT_PAY,
    *,
    email: str | None = None,
    letter: str | None = None,
    till: str | None = None,
    slug: str = "high-water",
    minor: int = 500,
) -> Order:
    """Go through a door, as the form of a work's page does."""
    work = await house.db.read(lambda conn: rows.work_for_sale(conn, slug))
    amount = Money(minor, work.currency) if door is Door.PAY else None
    taken = await take(house, Take(door, amount, email, letter, fresh_nonce(), "", till), work)

    def look(conn: Connection) -> Order:
        order = rows.order_by_token(conn, taken.token)
        assert order is not None
        payment = payment_rows.newest_payment(conn, order.id)
        return Order(order.id, order.token, payment.reference if payment else "")

    return await house.db.read(look)
