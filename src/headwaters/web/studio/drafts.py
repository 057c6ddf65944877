"""Drafts in the Studio: begun, saved, published now or on a day, thrown away. `draft_pages.py` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aiohttp import web

from headwaters.actions.deeds import noted
from headwaters.actions.drafting import save_draft, schedule_draft, take_back
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import Code, Conflict, NotFound, Refused
from headwaters.core.people import Right
from headwaters.core.revisions import merge, read_marks
from headwaters.core.works.drafts import DraftState, read_moment
from headwaters.core.works.forms import MORE, NEW_EDITION, NEW_WORK, check_length, typed_fields
from headwaters.errands.drafts import begin_edition, begin_work, discard, kept_files, prepare
from headwaters.errands.house import House
from headwaters.store import drafts as rows
from headwaters.store.drafts import DraftRow
from headwaters.web.keys import HOUSE
from headwaters.web.studio.draft_pages import Typed, draft_of, kept_field, refused_page, waits_page
from headwaters.web.studio.guard import LONG_FORM, Session, go_to, may, takes
from headwaters.web.studio.wordsform import read_revision

routes = web.RouteTableDef()


# ── begin ────────────────────────────────────────────────────────────────────────────────────────


@routes.get("/studio/works/new")
@may(Right.PUBLISH)
async def get_new_work(_request: web.Request, _session: Session) -> web.Response:
    """Looking makes nothing: the button that does is on the page of all works."""
    return go_to("/studio/works")


@routes.post("/studio/works/new")
@may(Right.PUBLISH)
async def new_work(request: web.Request, session: Session) -> web.Response:
    """A draft of a new work. Asked for twice, it is the same one until something is in it."""
    ref = await begin_work(request.app[HOUSE], session.row.creator_id)
    return go_to(f"/studio/drafts/{ref}")


@routes.post("/studio/works/{slug}/edition")
@may(Right.PUBLISH)
async def new_edition(request: web.Request, session: Session) -> web.Response:
    """A draft of a work's next edition; the one that is in the making already, if there is one."""
    ref = await begin_edition(request.app[HOUSE], request.match_info["slug"], session.row.creator_id)
    return go_to(f"/studio/drafts/{ref}")


# ── what was typed ───────────────────────────────────────────────────────────────────────────────


async def draft_fields(house: House, draft: DraftRow, form: Mapping[str, str]) -> dict[str, str]:
    """What was typed into a draft's form; where that was a part of it (`words`, `more`), with what is kept of the
    other. Ticks of kept files become the names of those left out."""
    names, part = NEW_WORK if draft.work_id is None else NEW_EDITION, form.get("part", "")
    shown = [name for name in names if not part or (name in MORE) == (part == "more")]
    kept = {name: draft.form[name] for name in names if name not in shown and name in draft.form}
    fields = kept | typed_fields(form, shown)
    if "dropped" in shown:
        files = [one.file.name for one in await kept_files(house, draft) if one.file.role.given]
        fields["dropped"] = "\n".join(name for name in files if not form.get(kept_field(name)))
    return fields


# ── save, publish ───────────────────────────────────────────────────────────────────────────────────


@routes.post("/studio/drafts/{draft}")
@may(Right.PUBLISH)
@takes(LONG_FORM)
async def post_draft(request: web.Request, session: Session) -> web.Response:
    """Keep what was typed, whatever it is; then publish it now or on a day, if that was the button."""
    house, form = request.app[HOUSE], session.form
    draft, do = await draft_of(request), form.get("do", "save")
    if draft.state is not DraftState.OPEN:
        return go_to(f"/studio/drafts/{draft.ref}")
    fields: Mapping[str, str] = draft.form
    revision, now = read_revision(form), house.clock()
    day, hour = (form.get(name, "")[:40] if do == "later" else "" for name in ("day", "hour"))
    try:
        fields = await draft_fields(house, draft, form)
        if do == "clean":
            fields = {**fields, "remove_private": "on"}
        check_length(fields)
        typed = fields
        revision = await house.db.write(lambda conn: save_draft(conn, draft.ref, revision, typed, now))
        if do not in {"publish", "later"}:
            return _kept_answer(request, draft, revision, do)
        later = read_moment(day, hour, form.get("offset", ""), now) if do == "later" else None
        await _schedule(request, session, draft.ref, revision, later)
    except Conflict as conflict:
        return await _clashed(request, session, draft, fields, conflict)
    except Refused as refused:
        draft = await draft_of(request)
        return await refused_page(request, session, draft, Typed(fields, refused, revision, day=day, hour=hour))
    return go_to(f"/studio/drafts/{draft.ref}")


def _kept_answer(request: web.Request, draft: DraftRow, revision: int, do: str) -> web.Response:
    """For the page itself a 303; for its script, which saves while one writes, the new revision."""
    if request.headers.get("Accept", "").startswith("application/json"):
        return web.json_response({"revision": revision}, headers={"Cache-Control": "no-store"})
    if do in {"more", "colophon"}:
        return go_to(f"/studio/drafts/{draft.ref}/{do}")
    if do == "clean":
        return go_to(f"/studio/drafts/{draft.ref}?said=left_out#files")
    if do == "licences":
        return go_to(f"/studio/drafts/{draft.ref}?licences=all#f-licence")
    return go_to(f"/studio/drafts/{draft.ref}?said=draft_kept")


async def _clashed(
    request: web.Request, session: Session, draft: DraftRow, fields: Mapping[str, str], conflict: Conflict
) -> web.Response:
    draft = await draft_of(request)
    if conflict.code is not Code.CHANGED_MEANWHILE or draft.state is not DraftState.OPEN:
        return go_to(f"/studio/drafts/{draft.ref}")
    merged = merge(read_marks(session.form.get("marks", "")), fields, draft.form)
    return await refused_page(request, session, draft, Typed(merged.fields, conflict, None, merged))


async def _schedule(request: web.Request, session: Session, ref: str, revision: int, later: datetime | None) -> None:
    """For a day, or (None) for now: what that publishes is noted by itself. Raises ManifestBroken with everything that
    is wrong with it; Conflict."""
    house, who = request.app[HOUSE], session.row.creator_id
    draft = await house.db.read(lambda conn: rows.draft_at(conn, ref))
    await prepare(house, draft)
    now = house.clock()
    if later is None:
        await house.db.write(lambda conn: schedule_draft(conn, ref, revision, now, who, now))
        return
    details = {"title": draft.title[:200], "at": later.isoformat(timespec="minutes")}
    deed = Deed(who, What.DRAFT_SCHEDULED, f"draft:{ref}", details)
    await house.db.write(noted(lambda conn: schedule_draft(conn, ref, revision, later, who, now), deed, now))


@routes.post("/studio/drafts/{draft}/back")
@may(Right.PUBLISH)
async def post_back(request: web.Request, session: Session) -> web.Response:
    """Not on its day after all."""
    house, ref, now = request.app[HOUSE], request.match_info["draft"], request.app[HOUSE].clock()
    deed = Deed(session.row.creator_id, What.DRAFT_TAKEN_BACK, f"draft:{ref}")
    try:
        await house.db.write(noted(lambda conn: take_back(conn, ref, now), deed, now))
    except NotFound:
        raise
    except Refused as refused:
        draft = await draft_of(request)
        if draft.state is DraftState.PUBLISHING:
            return await waits_page(request, session, draft, refused)
        return go_to(f"/studio/drafts/{ref}")
    return go_to(f"/studio/drafts/{ref}?said=taken_back")


@routes.post("/studio/drafts/{draft}/discard")
@may(Right.PUBLISH)
async def post_discard(request: web.Request, session: Session) -> web.Response:
    """Thrown away, with its files."""
    ref = request.match_info["draft"]
    try:
        await discard(request.app[HOUSE], ref, session.row.creator_id)
    except Conflict:
        return go_to(f"/studio/drafts/{ref}")
    return go_to("/studio/works?said=discarded")
