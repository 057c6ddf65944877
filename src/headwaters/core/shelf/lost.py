"""Finding one's order pages again by the address that one once gave: how long a link lives, how it is made, whom an
address may mean, and which orders are worth a line.

The secret of a link is derived from the shop's key and a random mark, so that the mail can be written, and written
again, by whoever carries the outbox row out: the database holds the mark and the SHA-256, and neither opens anything.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from headwaters.core.sales.states import OrderState
from headwaters.core.shelf.keys import SECRET_LENGTH

LINK_LIVES = timedelta(minutes=15)
MOST_MAILS = 3  # spellings of one address that get a mail of their own
MOST_ORDERS = 200  # on one list
ASKED = 0  # the number of the row that only says that somebody asked; its secret is sent to nobody


def lost_key(shop_key: bytes) -> bytes:
    """The key under which links are made, derived from the shop's."""
    return hmac.digest(shop_key, b"headwaters: links to lost pages", "sha256")


def link_secret(key: bytes, mark: str, number: int) -> str:
    """The secret of the `number`th mail of an asking: 130 bits, as 26 characters of a–z and 2–7."""
    mac = hmac.new(key, f"{number}:{mark}".encode(), hashlib.sha256).digest()
    return base64.b32encode(mac).decode().lower()[:SECRET_LENGTH]


def spellings(address: str) -> tuple[str, ...]:
    """How somebody may have written this address before: as now, in small letters, as telephones begin a sentence,
    each part like a name, and in capitals. They differ in the part before the @ alone, which is ASCII by
    `clean_address`, so that no letter of another script turns into one of these."""
    local, _, domain = address.rpartition("@")
    small = local.lower()
    names = ".".join(part.capitalize() for part in small.split("."))
    return tuple(dict.fromkeys(f"{one}@{domain}" for one in (local, small, small.capitalize(), names, small.upper())))


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order as its reader finds it again; times are microseconds."""

    id: int
    token: str
    state: OrderState
    created_at: int
    withdrawn_at: int | None
    works: tuple[tuple[int, str], ...]  # (id, title), in the order of its lines

    @property
    def work_ids(self) -> frozenset[int]:
        """What it is about."""
        return frozenset(number for number, _ in self.works)


def worth_showing(orders: Iterable[FoundOrder]) -> Sequence[FoundOrder]:
    """Without those that were never paid and whose works the same reader holds, or waits for, by another one."""
    orders = list(orders)
    alive = [order.work_ids for order in orders if order.state is not OrderState.EXPIRED]
    return [
        order
        for order in orders
        if order.state is not OrderState.EXPIRED or not any(order.work_ids <= other for other in alive)
    ]
