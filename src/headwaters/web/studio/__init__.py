"""The Studio: the creator's side, under /studio. Nothing in it is kept by a browser or found by a search engine."""

from __future__ import annotations

import asyncio

from aiohttp import web

from headwaters.web.keys import HOUSE
from headwaters.web.studio import doorkeeper
from headwaters.web.studio.accounts import routes as accounts
from headwaters.web.studio.address import routes as address
from headwaters.web.studio.checklist import routes as checklist
from headwaters.web.studio.collections import routes as collection_routes
from headwaters.web.studio.colophons import routes as colophon_routes
from headwaters.web.studio.draft_pages import routes as draft_page_routes
from headwaters.web.studio.drafts import routes as draft_routes
from headwaters.web.studio.export import routes as export
from headwaters.web.studio.formats import routes as formats
from headwaters.web.studio.guard import HEADERS
from headwaters.web.studio.keys import routes as keys
from headwaters.web.studio.launch import routes as launch
from headwaters.web.studio.letters import routes as letters
from headwaters.web.studio.log import routes as audit_log
from headwaters.web.studio.look import routes as look
from headwaters.web.studio.lookout import LOOKOUT, Lookout
from headwaters.web.studio.makings import routes as makings
from headwaters.web.studio.mirrors import routes as mirror_routes
from headwaters.web.studio.money import routes as money
from headwaters.web.studio.notices import routes as notices
from headwaters.web.studio.numbers import routes as numbers
from headwaters.web.studio.order import routes as order
from headwaters.web.studio.orders import routes as orders
from headwaters.web.studio.people import routes as people
from headwaters.web.studio.previews import routes as preview_routes
from headwaters.web.studio.reports import routes as reports
from headwaters.web.studio.saved import routes as saved
from headwaters.web.studio.shop import routes as shop
from headwaters.web.studio.signin import SLOW
from headwaters.web.studio.signin import routes as signin
from headwaters.web.studio.start import routes as start
from headwaters.web.studio.stripe import routes as stripe
from headwaters.web.studio.threads import routes as threads
from headwaters.web.studio.tus import routes as tus_routes
from headwaters.web.studio.uploads import routes as upload_routes
from headwaters.web.studio.work import routes as work
from headwaters.web.studio.work_files import routes as work_files
from headwaters.web.studio.works import routes as works
from headwaters.web.studio.you import routes as you

PASSWORDS_AT_ONCE = 2
_ROOMS = (
    *(signin, start, numbers, checklist, shop, look, address, formats),
    *(orders, order, export, money, stripe, launch, accounts),
    *(letters, threads, saved, notices, reports),
    *(
        draft_routes,
        draft_page_routes,
        works,
        work,
        work_files,
        makings,
        mirror_routes,
        preview_routes,
        collection_routes,
        colophon_routes,
    ),
    *(upload_routes, tus_routes),
    *(keys, you, people, audit_log),
)


async def _keep_private(request: web.Request, response: web.StreamResponse) -> None:
    """Also what another part of the house answers under /studio: errors, redirects."""
    if request.path == "/studio" or request.path.startswith("/studio/"):
        response.headers.update(HEADERS)


def add_to(app: web.Application) -> None:
    """Put the Studio's addresses on `app`."""
    for routes in _ROOMS:
        app.add_routes(routes)
    doorkeeper.add_to(app)
    app[LOOKOUT] = Lookout(app[HOUSE])
    app[SLOW] = asyncio.Semaphore(PASSWORDS_AT_ONCE)
    app.on_response_prepare.append(_keep_private)
