"""A whole house of real parts for a test: its own database, folder and key, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest_asyncio

if TYPE_CHECKING:
    from headwaters.errands.house import House
    from headwaters.store.db import Database

SHOP_KEY = bytes(range(32))


@dataclass
class Clock:
    """The time of a test: it stands still until it is moved."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


async def build_house(database: Database, shop: Path, clock: Callable[[], datetime], **settings: str) -> House:
    """A house on `database` with real adapters in `shop`; `settings` are the shop's."""
    from headwaters.actions.shop import change_settings
    from headwaters.adapters.books.apart import BooksApart
    from headwaters.adapters.fetch import HttpFetcher
    from headwaters.adapters.media.apart import MediaApart
    from headwaters.adapters.media.encoder import FfmpegEncoder
    from headwaters.adapters.media.pieces import FfmpegCutter
    from headwaters.adapters.storage.local import LocalStorage
    from headwaters.adapters.storage.places import StoragePlaces
    from headwaters.adapters.tills import make_till_check, make_tills
    from headwaters.adapters.vault import SivVault
    from headwaters.config import Config
    from headwaters.errands.house import House, look_around
    from headwaters.wiring import make_token

    shop.mkdir(exist_ok=True)
    (shop / "shop.key").write_bytes(SHOP_KEY)
    config = Config(shop=shop, url="http://shop.example", workshop=False)
    vault = SivVault(SHOP_KEY)
    tills = partial(make_tills, shop_key=SHOP_KEY, clock=clock, vault=vault)
    await database.write(lambda conn: change_settings(conn, {"name": "Alice", "currency": "EUR", **settings}))
    return House(
        config=config,
        db=database,
        storage=StoragePlaces({"local": LocalStorage(config.files_dir)}, "local"),
        media=MediaApart(),
        books=BooksApart(),
        mailer=None,
        clock=clock,
        token=make_token,
        make_tills=tills,
        make_till_check=partial(make_till_check, shop_key=SHOP_KEY),
        vault=vault,
        now=await look_around(database, config, tills),
        shop_key=SHOP_KEY,
        fetcher=HttpFetcher(own=(config.url,)),
        encoder=FfmpegEncoder(),
        cutter=FfmpegCutter(),
    )


@pytest_asyncio.fixture
async def clock() -> Clock:
    """The test's time."""
    return Clock()


@pytest_asyncio.fixture
async def house(database: Database, tmp_path: Path, clock: Clock) -> House:
    """A house with the practice till and payment by hand on, on each kind of database."""
    return await build_house(database, tmp_path / "shop", clock, practice="on", by_hand="on")


MakeHouse = Callable[..., Awaitable[Any]]


@pytest_asyncio.fixture
async def make_house(database: Database, tmp_path: Path, clock: Clock) -> AsyncIterator[MakeHouse]:
    """`await make_house(by_hand="trust")`: a house with these settings."""

    async def make(**settings: str) -> House:
        return await build_house(database, tmp_path / "shop", clock, **settings)

    yield make
