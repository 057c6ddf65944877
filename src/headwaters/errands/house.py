"""The house as errands and pages see it: the ports, the memory, and what the shop is right now.

`wiring` fills it once for a process; tests fill it with what they want to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from headwaters.config import Config
from headwaters.core.shop import Settings, settings_from_rows
from headwaters.errands.counting import Counter
from headwaters.errands.sums import LedgerSums
from headwaters.ports import Mailer, Media, Storage, Till, TillCheck, Vault
from headwaters.store import shop as shop_rows
from headwaters.store.db import Connection, Database

MakeTills = Callable[[Config, Settings], Mapping[str, Till]]


@dataclass(frozen=True, slots=True)
class Now:
    """What may change while the process runs, taken together under one version of the catalogue."""

    version: int
    settings: Settings
    tills: Mapping[str, Till]  # the tills that are on, in the order they are offered


@dataclass(slots=True)
class House:
    """Everything an errand needs. `now` is replaced whole when the catalogue's version moves."""

    config: Config
    db: Database
    storage: Storage
    media: Media
    mailer: Mailer | None
    clock: Callable[[], datetime]
    token: Callable[[], str]  # a fresh unguessable token (130 bits, 26 characters of a–z and 2–7)
    make_tills: MakeTills
    make_till_check: Callable[[Config], TillCheck]
    vault: Vault
    now: Now
    shop_key: bytes  # 32 random bytes from the shop's key file; derive, never use as it is
    downloads: Counter = field(default_factory=Counter)
    sums: LedgerSums = field(default_factory=LedgerSums)
    forged: dict[str, datetime] = field(default_factory=dict)  # by till: when an event came with a wrong signature


async def look_around(db: Database, config: Config, make_tills: MakeTills) -> Now:
    """What the shop is now; the tills are built from the settings just read."""

    def read(conn: Connection) -> tuple[int, dict[str, str]]:
        return shop_rows.catalogue_version(conn), shop_rows.read_settings(conn)

    version, rows = await db.read(read)
    settings = settings_from_rows(rows)
    return Now(version, settings, make_tills(config, settings))


async def refresh(house: House) -> bool:
    """Look once whether the catalogue moved; if so take the new settings and tills in. True when it moved."""
    if await house.db.read(shop_rows.catalogue_version) == house.now.version:
        return False
    house.now = await look_around(house.db, house.config, house.make_tills)
    return True
