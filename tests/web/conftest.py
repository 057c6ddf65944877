"""Alice's shop over HTTP, with Bob in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from headwaters.errands.house import House
from headwaters.web.app import make_app


@pytest_asyncio.fixture
async def client(house: House) -> AsyncIterator[TestClient[Any, Any]]:
    """Somebody who asks."""
    async with TestClient(TestServer(make_app(house))) as client:
        yield client
