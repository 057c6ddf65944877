"""What the creator does with a whole thread: archive, bring back, close it to its reader, open it, mark as unread."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from headwaters.actions import threads as verbs
from headwaters.actions.deeds import noted
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import NotFound, Refused
from headwaters.core.people import Right
from headwaters.store import letters as rows
from headwaters.store.db import Connection
from headwaters.web.keys import HOUSE
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.letters import LETTERS, order_id_of, seen_of, thread_page

routes = web.RouteTableDef()


async def _do(request: web.Request, session: Session, verb: Callable[[Connection], bool], what: What) -> None:
    house, order_id = request.app[HOUSE], order_id_of(request)
    deed = Deed(session.row.creator_id, what, f"order:{order_id}")
    await house.db.write(noted(verb, deed, house.clock()))


@routes.post(LETTERS + "/{order_id}/archive")
@may(Right.TALK)
async def post_archive(request: web.Request, session: Session) -> web.Response:
    """Put it away. A letter that came since is shown first."""
    house, order_id = request.app[HOUSE], order_id_of(request)
    now = house.clock()
    try:
        seen = seen_of(session.form)
        await _do(request, session, lambda conn: verbs.archive(conn, order_id, now, seen), What.LETTERS_ARCHIVED)
    except NotFound:
        raise
    except Refused as refused:
        refused.field = ""
        letters = await house.db.read(lambda conn: rows.thread(conn, order_id))
        return await thread_page(request, session, letters, refused)
    return go_to(f"{LETTERS}?said=archived")


@routes.post(LETTERS + "/{order_id}/bring-back")
@may(Right.TALK)
async def post_bring_back(request: web.Request, session: Session) -> web.Response:
    """Out of the archive."""
    order_id = order_id_of(request)
    await _do(request, session, lambda conn: verbs.bring_back(conn, order_id), What.LETTERS_BROUGHT_BACK)
    return go_to(f"{LETTERS}/{order_id}?said=brought_back")


@routes.post(LETTERS + "/{order_id}/block")
@may(Right.TALK)
async def post_block(request: web.Request, session: Session) -> web.Response:
    """Take no more letters from this page."""
    order_id, now = order_id_of(request), request.app[HOUSE].clock()
    await _do(request, session, lambda conn: verbs.block(conn, order_id, now), What.LETTERS_BLOCKED)
    return go_to(f"{LETTERS}/{order_id}?said=blocked")


@routes.post(LETTERS + "/{order_id}/unblock")
@may(Right.TALK)
async def post_unblock(request: web.Request, session: Session) -> web.Response:
    """Take letters again."""
    order_id = order_id_of(request)
    await _do(request, session, lambda conn: verbs.unblock(conn, order_id), What.LETTERS_UNBLOCKED)
    return go_to(f"{LETTERS}/{order_id}?said=unblocked")


@routes.post(LETTERS + "/{order_id}/unread")
@may(Right.TALK)
async def post_unread(request: web.Request, session: Session) -> web.Response:
    """As if it had not been opened; back to the list, as opening it reads it."""
    order_id = order_id_of(request)
    await _do(request, session, lambda conn: verbs.mark_unread(conn, order_id), What.LETTERS_UNREAD)
    return go_to(f"{LETTERS}?said=unread")
