"""What the shop made of a reader's works, file by file: a page of their order, so that the order page stays short."""

from __future__ import annotations

from aiohttp import web

from headwaters.web.contexts.formats import FormatsPage, MadeOfWork
from headwaters.web.pages import held_order
from headwaters.web.render import PRIVATE, render
from headwaters.web.show_formats import made_tables

routes = web.RouteTableDef()


@routes.get("/o/{token}/formats")
async def get_formats(request: web.Request) -> web.Response:
    """Each file in other formats, with its SHA-256."""
    token = request.match_info["token"]
    order, shelves = await held_order(request, token)
    works = tuple(
        MadeOfWork(
            title=shelf.work.title,
            language=shelf.work.language,
            tables=made_tables(shelf.others, f"/d/{line.key}") if line.key else (),
        )
        for shelf, line in zip(shelves, order.lines, strict=True)
    )
    return render(request, "formats.html", FormatsPage(f"/o/{token}", works), headers=PRIVATE)
