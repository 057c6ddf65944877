"""The Studio: the creator's side, under /studio. Nothing in it is kept by a browser or found by a search engine."""

from __future__ import annotations

import asyncio

from aiohttp import web

from headwaters.web.keys import HOUSE
from headwaters.web.studio.accounts import routes as accounts
from headwaters.web.studio.checklist import routes as checklist
from headwaters.web.studio.export import routes as export
from headwaters.web.studio.guard import HEADERS
from headwaters.web.studio.launch import routes as launch
from headwaters.web.studio.letters import routes as letters
from headwaters.web.studio.lookout import LOOKOUT, Lookout
from headwaters.web.studio.money import routes as money
from headwaters.web.studio.numbers import routes as numbers
from headwaters.web.studio.order import routes as order
from headwaters.web.studio.orders import routes as orders
from headwaters.web.studio.shop import routes as shop
from headwaters.web.studio.signin import SLOW
from headwaters.web.studio.signin import routes as signin
from headwaters.web.studio.start import routes as start
from headwaters.web.studio.stripe import routes as stripe
from headwaters.web.studio.works import routes as works

PASSWORDS_AT_ONCE = 2


async def _keep_private(request: web.Request, response: web.StreamResponse) -> None:
    """Also what another part of the house answers under /studio: errors, redirects."""
    if request.path == "/studio" or request.path.startswith("/studio/"):
        response.headers.update(HEADERS)


def add_to(app: web.Application) -> None:
    """Put the Studio's addresses on `app`."""
    for routes in (
        signin,
        start,
        checklist,
        numbers,
        launch,
        accounts,
        orders,
        order,
        export,
        money,
        stripe,
        letters,
        works,
        shop,
    ):
        app.add_routes(routes)
    app[LOOKOUT] = Lookout(app[HOUSE])
    app[SLOW] = asyncio.Semaphore(PASSWORDS_AT_ONCE)
    app.on_response_prepare.append(_keep_private)
