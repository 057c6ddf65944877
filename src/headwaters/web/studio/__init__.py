"""The Studio: the creator's side, under /studio. Nothing in it is kept by a browser or found by a search engine."""

from __future__ import annotations

import asyncio

from aiohttp import web

from headwaters.web.studio import letters, orders, signin, start, works
from headwaters.web.studio.guard import HEADERS

_ROOMS = (signin, start, orders, letters, works)


async def _keep_private(request: web.Request, response: web.StreamResponse) -> None:
    """Also what another part of the house answers under /studio: errors, redirects."""
    if request.path == "/studio" or request.path.startswith("/studio/"):
        response.headers.update(HEADERS)


def add_to(app: web.Application) -> None:
    """Put the Studio's addresses on `app`."""
    for room in _ROOMS:
        app.add_routes(room.routes)
    app[signin.SLOW] = asyncio.Semaphore(2)
    app.on_response_prepare.append(_keep_private)
