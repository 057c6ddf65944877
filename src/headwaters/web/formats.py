"""What few look for in a reader's works: a page of their order, so that the order page stays short."""

from __future__ import annotations

from aiohttp import web

from headwaters.web.contexts.formats import FormatsPage, MadeOfWork, SumLine
from headwaters.web.pages import held_order
from headwaters.web.render import PRIVATE, render
from headwaters.web.show_fetching import fetch_with
from headwaters.web.show_formats import made_cells, made_tables
from headwaters.web.show_orders import ShelfWork

routes = web.RouteTableDef()


@routes.get("/o/{token}/formats")
async def get_formats(request: web.Request) -> web.Response:
    """Each work in other formats, other ways to fetch it, and its files' SHA-256."""
    token = request.match_info["token"]
    order, shelves = await held_order(request, token)
    works = tuple(_of_work(shelf, line.key or "") for shelf, line in zip(shelves, order.lines, strict=True))
    return render(request, "formats.html", FormatsPage(f"/o/{token}", works), headers=PRIVATE)


def _of_work(shelf: ShelfWork, key: str) -> MadeOfWork:
    """A work for who has `key`; without one, its title alone."""
    files = shelf.files if key else ()
    others = shelf.others if key else ()
    sums = [(file.sha256, file.name) for file in files] + [(cell.sha256, cell.name) for cell in made_cells(others)]
    return MadeOfWork(
        title=shelf.work.title,
        language=shelf.work.language,
        tables=made_tables(others, f"/d/{key}"),
        damaged=any(cell.fault for cell in made_cells(others)),
        lacking=tuple(file.name for file in files if file.fault),
        fetch=fetch_with(shelf.fetch, key) if shelf.fetch and files else None,
        sums=tuple(SumLine(sha256, name) for sha256, name in sums),
    )
