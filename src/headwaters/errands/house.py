"""The house as errands and pages see it: the ports, the memory, and what the shop is right now.

`wiring` fills it once for a process; tests fill it with what they want to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from headwaters.config import Config
from headwaters.core.look import LOGO, RIVER
from headwaters.core.shop import Settings, settings_from_rows
from headwaters.errands.counting import Counter
from headwaters.errands.sums import LedgerSums
from headwaters.errands.themes import Dress, dress
from headwaters.errands.tries import Tries
from headwaters.ports import (
    Books,
    Cutter,
    Encoder,
    Fetcher,
    Mailer,
    Media,
    Passkeys,
    Places,
    Stamper,
    Till,
    TillCheck,
    Vault,
)
from headwaters.store import shop as shop_rows
from headwaters.store.assets import AssetRow, read_asset
from headwaters.store.db import Connection, Database

MakeTills = Callable[[Config, Settings], Mapping[str, Till]]


@dataclass(frozen=True, slots=True)
class Now:
    """What may change while the process runs, taken together under one version of the catalogue."""

    version: int
    settings: Settings
    tills: Mapping[str, Till]  # the tills that are on, in the order they are offered
    dress: Dress = field(default_factory=Dress)  # the theme that pages wear
    logo: AssetRow | None = None

    @property
    def key(self) -> object:
        """Pages made under one key look as they do under an equal one."""
        return self.version, self.dress.key


@dataclass(slots=True)
class House:
    """Everything an errand needs. `now` is replaced whole when the catalogue's version moves."""

    config: Config
    db: Database
    storage: Places
    media: Media
    books: Books
    mailer: Mailer | None
    clock: Callable[[], datetime]
    token: Callable[[], str]  # a fresh unguessable token (130 bits, 26 characters of a–z and 2–7)
    make_tills: MakeTills
    make_till_check: Callable[[Config], TillCheck]
    vault: Vault
    now: Now
    shop_key: bytes  # 32 random bytes from the shop's key file; derive, never use as it is
    passkeys: Passkeys | None = None  # None where the shop's address cannot have any
    downloads: Counter[str] = field(default_factory=Counter)  # by download key
    fetched: Counter[int] = field(default_factory=Counter)  # of free works, by their ids
    sums: LedgerSums = field(default_factory=LedgerSums)
    tries: Tries = field(default_factory=Tries)
    forged: dict[str, datetime] = field(default_factory=dict)  # by till: when an event came with a wrong signature
    stamper: Stamper | None = None  # None: files are published as they are
    fetcher: Fetcher | None = None  # None: this process asks nobody
    cutter: Cutter | None = None  # the same
    encoder: Encoder | None = None  # None: this process converts nothing


async def look_around(db: Database, config: Config, make_tills: MakeTills) -> Now:
    """What the shop is now; the tills are built from the settings just read."""

    def read(conn: Connection) -> tuple[int, dict[str, str], AssetRow | None]:
        return shop_rows.catalogue_version(conn), shop_rows.read_settings(conn), read_asset(conn, LOGO)

    version, rows, logo = await db.read(read)
    settings = settings_from_rows(rows)
    return Now(version, settings, make_tills(config, settings), dress(config.shop, settings.theme), logo)


async def refresh(house: House) -> bool:
    """Look once whether the catalogue moved; if so take the new settings and tills in. True when it moved, or when
    somebody works on the files of the theme."""
    if await house.db.read(shop_rows.catalogue_version) != house.now.version:
        house.now = await look_around(house.db, house.config, house.make_tills)
        return True
    worn = house.now.settings.theme
    if worn == RIVER or (fresh := dress(house.config.shop, worn)).key == house.now.dress.key:
        return False
    house.now = replace(house.now, dress=fresh)
    return True
