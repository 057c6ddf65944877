"""Tables to take out: orders as the list is narrowed, and the ledger. A form's POST, so that no other site and no link
can start one; sent as it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from aiohttp import web

from headwaters.core.people import Right
from headwaters.core.sales.finding import read_narrow, read_wanted, read_which
from headwaters.errands.export import Start, Wish, ledger_csv, orders_csv
from headwaters.web.keys import HOUSE
from headwaters.web.studio.guard import HEADERS, Session, may

routes = web.RouteTableDef()


@routes.post("/studio/orders/export")
@may(Right.SELL)
async def post_orders(request: web.Request, session: Session) -> web.StreamResponse:
    """The orders that the list shows, all pages of it."""
    house, form = request.app[HOUSE], session.form
    wanted = read_wanted(form.get("find", ""), house.now.settings.currency)
    wish = Wish(wanted, read_which(form.get("which", "")), read_narrow(form))
    return await _send(request, "orders", orders_csv(house, wish, _start(session), session.row.creator_id))


@routes.post("/studio/money/export")
@may(Right.SELL)
async def post_ledger(request: web.Request, session: Session) -> web.StreamResponse:
    """The whole ledger."""
    lines = ledger_csv(request.app[HOUSE], _start(session), session.row.creator_id)
    return await _send(request, "ledger", lines)


def _start(session: Session) -> Start:
    return Start.MARKED if session.form.get("bom") == "on" else Start.PLAIN


async def _send(request: web.Request, name: str, pieces: AsyncIterator[str]) -> web.StreamResponse:
    now: datetime = request.app[HOUSE].clock()
    headers = {
        **HEADERS,
        "Content-Type": "text/csv; charset=utf-8; header=present",
        "Content-Disposition": f'attachment; filename="{name}-{now:%Y-%m-%d}.csv"',
        "X-Content-Type-Options": "nosniff",
    }
    first = await anext(pieces)  # what goes wrong before it is still a page
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(first.encode())
    async for piece in pieces:
        await response.write(piece.encode())
    await response.write_eof()
    return response
