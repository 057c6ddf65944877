"""Which requests for a file count as a download that began."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.web.app import make_app
from tests.support.shelf import Item, app_of, config_of, grant, open_house, stock

FILM = os.urandom(100_000)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web."""
    return sqlite_url


@pytest_asyncio.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(config_of(tmp_path, database_url)) as house:
        yield house


@pytest_asyncio.fixture
async def film(house: House) -> tuple[str, str]:
    """Bob's key, and the address of Alice's film under it."""
    item = Item("film.mp4", FILM, "video/mp4")
    key = await grant(house, await stock(house, "a-film", [item]))
    return key, f"/d/{key}/{item.ref}"


@pytest.mark.parametrize(
    ("method", "headers", "counts"),
    [
        ("GET", {}, 1),
        ("GET", {"Range": "bytes=0-"}, 1),
        ("GET", {"Range": "bytes=0-65535"}, 1),
        ("GET", {"Range": "bytes=0-9999,50000-59999"}, 1),
        ("GET", {"Range": "bytes=nonsense"}, 1),  # the whole file comes
        ("HEAD", {}, 0),
        ("GET", {"Range": "bytes=0-1"}, 0),  # a player that looks what it is
        ("GET", {"Range": "bytes=50000-"}, 0),  # goes on where it was
        ("GET", {"Range": "bytes=-500"}, 0),
        ("GET", {"Range": "bytes=200000-"}, 0),  # there is nothing there
        ("GET", {"If-None-Match": "*"}, 0),
    ],
)
async def test_what_counts(
    house: House, film: tuple[str, str], method: str, headers: dict[str, str], counts: int
) -> None:
    key, path = film
    async with TestClient(TestServer(app_of(house))) as client:
        for query in ("", "?inline"):
            await (await client.request(method, path + query, headers=headers)).read()
    assert house.downloads.take() == ({key: 2 * counts} if counts else {})


async def test_the_archive_counts_and_what_no_key_opens_does_not(house: House, film: tuple[str, str]) -> None:
    key, path = film
    async with TestClient(TestServer(app_of(house))) as client:
        for address in (f"/d/{key}/everything.zip", path.replace(key, "a" * 26), f"/d/{'b' * 26}/everything.zip"):
            await (await client.get(address)).read()
    assert house.downloads.take() == {key: 1}


async def test_a_shop_that_is_closed_has_written_down_what_it_counted(house: House, film: tuple[str, str]) -> None:
    async with TestClient(TestServer(make_app(house))) as client:
        await (await client.get(film[1])).read()
        house.downloads.give_back({film[0]: 2})
    counted = select(tables.downloads.c.count)
    assert await house.db.read(lambda conn: conn.execute(counted).scalars().all()) == [3]
