"""Alice's shop over HTTP, and Alice signed in to its Studio."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from html import unescape

import pytest
import pytest_asyncio
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from headwaters.core.signin import Scrypt
from headwaters.errands import signin
from headwaters.errands.house import House
from headwaters.web.app import make_app
from tests.people import add_work
from tests.support.house import MakeHouse

_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')


class Visitor:
    """A browser without scripts: it keeps cookies, says where a form comes from, and does not follow redirects."""

    def __init__(self, client: TestClient) -> None:  # type: ignore[type-arg]
        self.client = client

    async def get(self, path: str, **headers: str) -> ClientResponse:
        return await self.client.get(path, allow_redirects=False, headers=headers)

    async def text(self, path: str) -> str:
        answer = await self.get(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        return await answer.text()

    async def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> ClientResponse:
        headers = {"Sec-Fetch-Site": "same-origin"} if headers is None else headers
        return await self.client.post(path, data=fields, headers=headers, allow_redirects=False)

    async def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields of a page's forms."""
        return {name: unescape(value) for name, value in _HIDDEN.findall(await self.text(path))}

    async def send(self, page: str, path: str, **fields: str) -> ClientResponse:
        """Fill in a form on `page` that goes to `path`."""
        return await self.post(path, {**await self.hidden(page), **fields})

    async def sign_in(self, house: House) -> None:
        link = await signin.make_link(house)
        answer = await self.post(link.removeprefix(house.config.url), {})
        assert answer.status == 303


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web; the verbs below are tested on both databases."""
    return sqlite_url


@pytest.fixture(autouse=True)
def quick_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords cost less here."""
    monkeypatch.setattr("headwaters.core.signin.STANDARD", Scrypt(log_n=4, r=1, p=1))
    monkeypatch.setattr("headwaters.core.signin.keep_password.__defaults__", (Scrypt(log_n=4, r=1, p=1),))


@pytest_asyncio.fixture
async def shop(make_house: MakeHouse) -> House:
    """Alice's shop with one work, paid by hand or at the practice till; no mail."""
    house: House = await make_house(name="Alice's films", creator="Alice", practice="on", by_hand="on")
    await house.db.write(add_work)
    return house


@pytest_asyncio.fixture
async def stranger(shop: House) -> AsyncIterator[Visitor]:
    """Charlie: not signed in, must see nothing."""
    async with TestClient(TestServer(make_app(shop))) as client:
        yield Visitor(client)


@pytest_asyncio.fixture
async def alice(shop: House) -> AsyncIterator[Visitor]:
    """Alice, signed in."""
    async with TestClient(TestServer(make_app(shop))) as client:
        visitor = Visitor(client)
        await visitor.sign_in(shop)
        yield visitor
