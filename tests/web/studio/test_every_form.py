"""Every address of the Studio that changes something: found in the application itself, so that none is forgotten."""

from __future__ import annotations

import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.web.app import make_app
from tests.people import take_work
from tests.web.studio.conftest import Visitor

# Who is not signed in yet has no token: these are guarded by where a form comes from, and change nothing of the shop's.
BEFORE_THE_DOOR = {
    "/studio/in/{secret}",
    "/studio/signin",
    "/studio/signin/passkey.json",
    "/studio/kept",
}
# These read their token while they read the files: that there is no such draft is said before.
STREAMED = {"/studio/drafts/{draft}/files"}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_PLACE = re.compile(r"\{[^}]+\}")


def _doors(app: web.Application) -> list[tuple[str, str]]:
    """(method, address) of all that changes something under /studio."""
    found = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method not in _SAFE
    }
    return sorted(pair for pair in found if pair[1].startswith("/studio"))


def _everything(conn: Connection) -> dict[str, list[tuple[object, ...]]]:
    """All that the shop knows, but for who is signed in."""
    left_out = {"studio_sessions"}
    return {
        table.name: [tuple(row) for row in conn.execute(table.select())]
        for table in tables.metadata.sorted_tables
        if table.name not in left_out
    }


async def test_there_are_doors_and_those_without_a_token_are_known(shop: House) -> None:
    doors = {address for _, address in _doors(make_app(shop))}
    assert len(doors) > 20
    assert doors >= BEFORE_THE_DOOR


@pytest.mark.parametrize(
    ("token", "site"),
    [
        (None, "same-origin"),
        ("wrong", "same-origin"),
        ("right", "cross-site"),
        ("right", "same-site"),
        (None, "cross-site"),
    ],
)
async def test_nothing_is_done_without_this_sessions_token_from_this_site(
    shop: House, token: str | None, site: str
) -> None:
    await take_work(shop)
    app = make_app(shop)
    async with TestClient(TestServer(app)) as client:
        alice = Visitor(client)
        await alice.sign_in(shop)
        right = (await alice.hidden("/studio"))["csrf"]
        before = await shop.db.read(_everything)
        for method, address in _doors(app):
            if address in BEFORE_THE_DOOR and site == "same-origin":
                continue
            fields = {} if token is None else {"csrf": right if token == "right" else token}
            headers = {"Sec-Fetch-Site": site, "Referer": f"http://{client.host}/studio", "Tus-Resumable": "1.0.0"}
            path = _PLACE.sub("1", address)
            answer = await client.request(method, path, data=fields, headers=headers, allow_redirects=False)
            refused = {400, 401, 403} | ({404} if address in STREAMED else set())
            assert answer.status in refused, (method, address, answer.status)
            assert "Set-Cookie" not in answer.headers
        assert await shop.db.read(_everything) == before


async def test_nothing_is_done_for_who_is_not_signed_in(shop: House) -> None:
    await take_work(shop)
    app = make_app(shop)
    before = await shop.db.read(_everything)
    async with TestClient(TestServer(app)) as client:
        for method, address in _doors(app):
            if address in BEFORE_THE_DOOR:
                continue
            path = _PLACE.sub("1", address)
            answer = await client.request(
                method, path, data={"csrf": "x"}, headers={"Sec-Fetch-Site": "same-origin"}, allow_redirects=False
            )
            assert answer.status in {303, 401, 403}, (method, address, answer.status)
            assert answer.headers.get("Location", "/studio/signin").startswith("/studio/signin"), address
        assert await shop.db.read(_everything) == before
