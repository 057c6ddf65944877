"""Saved answers: what the creator writes often, to put below a letter."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from headwaters.actions import saved as verbs
from headwaters.actions.deeds import noted
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Conflict, HeadwatersError, NotFound, Refused
from headwaters.core.letters import LONGEST_LETTER, LONGEST_TITLE, one_line
from headwaters.core.people import Right
from headwaters.errands.mail import sign_of
from headwaters.store import saved as rows
from headwaters.store.db import Connection
from headwaters.store.saved import SavedRow
from headwaters.web.contexts.studio_talk import SavedEditPage, SavedForm, SavedItem, SavedPage
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, problem_of, show
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.letters import LETTERS, saved_id_of, seen_of

routes = web.RouteTableDef()

SAVED = LETTERS + "/saved"


def _form(request: web.Request, title: str, body: str, error: HeadwatersError | None) -> SavedForm:
    if error is not None and error.field == "letter":
        error.field = "body"
    return SavedForm(title, body, LONGEST_TITLE, LONGEST_LETTER // 1000, problem_of(request, error))


async def _list(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    house, form = request.app[HOUSE], session.form
    found = await house.db.read(rows.all_saved)
    context = SavedPage(
        frame=await frame(request, session, "letters"),
        items=tuple(SavedItem(f"{SAVED}/{one.id}", one.title, one_line(one.body, 120)) for one in found),
        most=verbs.MOST_SAVED,
        form=_form(request, form.get("title", ""), form.get("body", ""), error),
        name=sign_of(house.now.settings),
    )
    return show(request, "saved", context, error)


@routes.get(SAVED)
@may(Right.TALK)
async def get_saved(request: web.Request, session: Session) -> web.Response:
    """All of them."""
    return await _list(request, session)


@routes.post(SAVED)
@may(Right.TALK)
async def post_saved(request: web.Request, session: Session) -> web.Response:
    """Keep one more."""
    house, form = request.app[HOUSE], session.form
    now, title, body = house.clock(), form.get("title", ""), form.get("body", "")

    def run(conn: Connection) -> SavedRow:
        saved = verbs.add_saved(conn, title, body, now)
        return noted(lambda _: saved, Deed(session.row.creator_id, What.SAVED_ADDED, f"saved:{saved.id}"), now)(conn)

    try:
        await house.db.write(run)
    except Refused as refused:
        return await _list(request, session, refused)
    return go_to(f"{SAVED}?said=saved_kept")


# ── one of them ──────────────────────────────────────────────────────────────────────────────────


def _seen(form: Mapping[str, str], present: SavedRow) -> int:
    """Which one is edited: the one that the form was shown with, else the one of now."""
    try:
        return seen_of(form) or present.changed_at
    except Refused:
        return present.changed_at


async def _one(
    request: web.Request, session: Session, error: HeadwatersError | None = None, theirs: SavedRow | None = None
) -> web.Response:
    house, form = request.app[HOUSE], session.form
    saved_id = saved_id_of(request.match_info["saved_id"])
    present = await house.db.read(lambda conn: rows.saved_by_id(conn, saved_id)) if theirs is None else theirs
    context = SavedEditPage(
        frame=await frame(request, session, "letters"),
        address=f"{SAVED}/{saved_id}",
        form=_form(request, form.get("title", present.title), form.get("body", present.body), error),
        seen=present.changed_at if theirs is not None else _seen(form, present),
        theirs_title=theirs.title if theirs else "",
        theirs_body=theirs.body if theirs else "",
        name=sign_of(house.now.settings),
    )
    return show(request, "saved_edit", context, error)


@routes.get(SAVED + "/{saved_id}")
@may(Right.TALK)
async def get_one(request: web.Request, session: Session) -> web.Response:
    """Edit it."""
    return await _one(request, session)


@routes.post(SAVED + "/{saved_id}")
@may(Right.TALK)
async def post_one(request: web.Request, session: Session) -> web.Response:
    """Change it. Of two tabs the second is shown what the first one kept, and may then keep its own."""
    house, form = request.app[HOUSE], session.form
    saved_id, now = saved_id_of(request.match_info["saved_id"]), house.clock()
    title, body = form.get("title", ""), form.get("body", "")
    deed = Deed(session.row.creator_id, What.SAVED_CHANGED, f"saved:{saved_id}")
    try:
        seen = seen_of(form) or 0  # who does not say which one they saw is shown what it says
        await house.db.write(noted(lambda conn: verbs.change_saved(conn, saved_id, seen, title, body, now), deed, now))
    except NotFound as gone:
        gone.hint = N_("It was deleted meanwhile. What you wrote is below: keep it as a new one if you like.")
        return await _list(request, session, gone)
    except Conflict as conflict:
        theirs = await house.db.read(lambda conn: rows.saved_by_id(conn, saved_id))
        return await _one(request, session, conflict, theirs if theirs.changed_at != seen else None)
    except Refused as refused:
        return await _one(request, session, refused)
    return go_to(f"{SAVED}?said=saved_kept")


@routes.post(SAVED + "/{saved_id}/delete")
@may(Right.TALK)
async def post_delete(request: web.Request, session: Session) -> web.Response:
    """Delete it."""
    house, saved_id = request.app[HOUSE], saved_id_of(request.match_info["saved_id"])
    deed = Deed(session.row.creator_id, What.SAVED_DELETED, f"saved:{saved_id}")
    await house.db.write(noted(lambda conn: verbs.delete_saved(conn, saved_id), deed, house.clock()))
    return go_to(f"{SAVED}?said=saved_deleted")
