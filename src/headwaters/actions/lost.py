"""Verbs of readers who look for their order pages. Secrets come in as digests; what was sent to whom is no one's log.

asked ──► outbox row ──► a link for each spelling of the address that is known ──► mail ──► used once
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from headwaters.actions.outbox import queue
from headwaters.core.errors import N_, Code, NotFound, Refused
from headwaters.core.sales.slips import Slip, fits
from headwaters.core.shelf.lost import LINK_LIVES, MOST_ORDERS, FoundOrder, worth_showing
from headwaters.store import lost as rows
from headwaters.store.db import Connection
from headwaters.store.lost import LinkRow

LOST = "mail.lost"  # the outbox kind


def ask(conn: Connection, mark: str, digest: str, email: str, now: datetime) -> bool:
    """Somebody looks for the pages of this address. The same is written for every address, known here or not; whether
    it is comes up when the row is carried out. `digest`: of the secret that is sent to nobody. True: now."""
    rows.forget_over(conn, now)
    rows.add_link(conn, LinkRow(digest, email, now, now + LINK_LIVES))
    return queue(conn, f"lost:{mark}", LOST, {"mark": mark}, now)


def make_links(conn: Connection, asked: LinkRow, addresses: Sequence[str], digests: Sequence[str]) -> list[LinkRow]:
    """A link for each of these addresses, as they stand on orders; run again, the same. The older ones of an address
    end. Those that are to be mailed: each to its own address, and none that is used, over, or older than another."""
    mailed = []
    for email, digest in zip(addresses, digests, strict=False):
        row = LinkRow(digest, email, asked.created_at, asked.expires_at)
        if rows.newer_exists(conn, row):
            continue
        rows.add_link(conn, row)
        kept = rows.live_link(conn, digest, asked.created_at)
        if kept is not None:  # as it was written the first time: its address may since have come another way
            rows.end_older(conn, kept)
            mailed.append(kept)
    return mailed


def link_spent() -> Refused:
    """One answer for a link that was used, is too old, or never was."""
    return Refused(
        Code.LOST_SPENT,
        N_("This link does not work any more: it was used, or its time is over."),
        hint=N_("Ask for a new one; it takes a minute."),
    )


def open_list(conn: Connection, digest: str, now: datetime) -> Sequence[FoundOrder]:
    """Use a link up, and see the order pages of its address. Of two at once, one wins. Raises Refused(LOST_SPENT)."""
    email = rows.use_link(conn, digest, now)
    if email is None:
        raise link_spent()
    return worth_showing(rows.orders_of(conn, email, MOST_ORDERS))


def find_by_payment(conn: Connection, slip: Slip, now: datetime) -> Sequence[FoundOrder]:
    """The order of a payment, whose reference, amount and day are all right. Raises NotFound(LOST_NOTHING), the same
    whichever is not."""
    known = rows.payment_facts(conn, slip.reference, slip.till_id)
    if known is None or not fits(slip, known[1], now):
        raise NotFound(
            Code.LOST_NOTHING,
            N_("No payment here has this reference, this amount and this day together."),
            hint=N_("Copy all three from the statement or the receipt, the amount to the cent."),
        )
    return rows.order_by_id(conn, known[0])
