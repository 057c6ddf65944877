"""Drafts in the Studio: one page from files to a work on sale, saved at any time, published now or on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from headwaters.actions.deeds import noted
from headwaters.actions.drafting import save_draft, schedule_draft, take_back
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import Code, Conflict, HeadwatersError, NotFound, Refused
from headwaters.core.people import Right
from headwaters.core.revisions import Merged, mark, merge, read_marks
from headwaters.core.works.drafts import DraftState, read_moment
from headwaters.core.works.editions import EditionFile
from headwaters.core.works.forms import MORE, NEW_EDITION, NEW_WORK, check_length, typed_fields
from headwaters.core.works.slugs import slug_from
from headwaters.core.works.stamps import wants_colophon
from headwaters.errands.drafts import begin_edition, begin_work, discard, kept_files, prepare
from headwaters.errands.house import House
from headwaters.store import drafts as rows
from headwaters.store.drafts import DraftRow
from headwaters.store.works import work_by_id
from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio_works import DraftMorePage, DraftPage, DraftWaitsPage, KeptFile
from headwaters.web.keys import HOUSE, PRESS
from headwaters.web.look import address_of
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import LONG_FORM, Session, go_to, may, takes
from headwaters.web.studio.uploads import uploads_view
from headwaters.web.studio.words import moment
from headwaters.web.studio.wordsform import said_faults, words_form
from headwaters.web.studio.works import read_revision

routes = web.RouteTableDef()

_LOOK_AGAIN = 2  # seconds between two looks at how far publishing is, without scripts


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


# ── the page ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Typed:
    """A form of the page that was refused: its fields, why, and what others changed meanwhile."""

    fields: Mapping[str, str]
    error: HeadwatersError
    revision: int | None = None
    merged: Merged | None = None
    day: str = ""
    hour: str = ""


async def _draft(request: web.Request) -> DraftRow:
    ref = request.match_info["draft"]
    return await request.app[HOUSE].db.read(lambda conn: rows.draft_at(conn, ref))


async def draft_fields(house: House, draft: DraftRow, form: Mapping[str, str]) -> dict[str, str]:
    """What was typed into a draft's form; where that was a part of it (`words`, `more`), with what is kept of the
    other. Ticks of kept files become the names of those left out."""
    names, part = NEW_WORK if draft.work_id is None else NEW_EDITION, form.get("part", "")
    shown = [name for name in names if not part or (name in MORE) == (part == "more")]
    kept = {name: draft.form[name] for name in names if name not in shown and name in draft.form}
    fields = kept | typed_fields(form, shown)
    if "dropped" in shown:
        files = [one.file.name for one in await kept_files(house, draft) if one.file.role.given]
        fields["dropped"] = "\n".join(name for name in files if not form.get(_tick(name)))
    return fields


def _tick(name: str) -> str:
    return f"keep_{mark(name)}"


@routes.get("/studio/drafts/{draft}")
@may(Right.PUBLISH)
async def get_draft(request: web.Request, session: Session) -> web.Response:
    """The draft as it is; once it is published, the work's page."""
    draft = await _draft(request)
    if draft.state is DraftState.PUBLISHED:
        said = "published_edition" if draft.is_edition else "published"
        return go_to(f"/studio/works/{draft.work_slug}?said={said}" if draft.work_slug else "/studio/works")
    if draft.state is DraftState.OPEN:
        return await _draft_page(request, session, draft)
    return await _waits_page(request, session, draft)


async def _draft_page(
    request: web.Request, session: Session, draft: DraftRow, typed: _Typed | None = None
) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)
    error = typed.error if typed else None
    fields = typed.fields if typed else draft.form
    revision = draft.revision if typed is None or typed.revision is None else typed.revision
    faults = () if isinstance(error, Conflict) else said_faults(said, error)
    address = f"/studio/drafts/{draft.ref}"
    slug = fields.get("slug", "").strip() or (slug_from(fields.get("title", "")) if fields.get("title") else "")
    context = DraftPage(
        frame=await frame(request, session, "works", "drafts"),
        address=address,
        title=draft.title,
        work=f"/studio/works/{draft.work_slug}" if draft.work_slug else "",
        uploads=await uploads_view(request, session, draft.ref, back=address),
        kept=await _kept(request, draft, fields),
        form=words_form(
            said,
            fields,
            house.now.settings.currency,
            revision=revision,
            kept=draft.form,
            faults=faults,
            merged=typed.merged if typed else None,
        ),
        site=f"{house.config.url}/w/",
        slug=slug,
        licences="licences" in request.query or any(fault.field == "licence" for fault in faults),
        failed=draft.error,
        day=typed.day if typed else "",
        hour=typed.hour if typed else "",
        later=bool(typed and typed.day) or any(fault.field == "day" for fault in faults),
        script=address_of("works.js"),
        problem=_about_none(faults, problem_of(request, error), typed),
    )
    return show(request, "draft", context, error)


@routes.get("/studio/drafts/{draft}/more")
@may(Right.PUBLISH)
async def get_more(request: web.Request, session: Session) -> web.Response:
    """What few change, on a page of its own."""
    draft = await _draft(request)
    if draft.state is not DraftState.OPEN:
        return go_to(f"/studio/drafts/{draft.ref}")
    return await _more_page(request, session, draft)


async def _more_page(
    request: web.Request, session: Session, draft: DraftRow, typed: _Typed | None = None
) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)
    error = typed.error if typed else None
    faults = () if isinstance(error, Conflict) else said_faults(said, error)
    context = DraftMorePage(
        frame=await frame(request, session, "works", "drafts"),
        address=f"/studio/drafts/{draft.ref}",
        title=draft.title,
        edition=draft.is_edition,
        form=words_form(
            said,
            typed.fields if typed else draft.form,
            house.now.settings.currency,
            revision=draft.revision if typed is None or typed.revision is None else typed.revision,
            kept=draft.form,
            faults=faults,
            merged=typed.merged if typed else None,
        ),
        colophon=await _usual_colophon(house, draft),
        script=address_of("works.js"),
        problem=_about_none(faults, problem_of(request, error), typed),
    )
    return show(request, "draft_more", context, error)


async def _refused_page(request: web.Request, session: Session, draft: DraftRow, typed: _Typed) -> web.Response:
    """The page that the form was on."""
    page = _more_page if session.form.get("part") == "more" else _draft_page
    return await page(request, session, draft, typed)


async def _usual_colophon(house: House, draft: DraftRow) -> bool:
    work_id = draft.work_id
    work = None if work_id is None else await house.db.read(lambda conn: work_by_id(conn, work_id))
    return wants_colophon(work.colophon if work else "", house.now.settings.colophon)


def _about_none(faults: tuple[Problem, ...], problem: Problem | None, typed: _Typed | None) -> Problem | None:
    return None if faults or (typed and typed.merged) else problem


async def _kept(request: web.Request, draft: DraftRow, fields: Mapping[str, str]) -> tuple[KeptFile, ...]:
    house, said = request.app[HOUSE], words_of(request)
    dropped = fields.get("dropped", "").split("\n")
    new = {name.casefold() for name in await house.db.read(lambda conn: rows.upload_names(conn, draft.id))}

    def line(file: EditionFile) -> KeptFile:
        return KeptFile(
            field=_tick(file.name),
            name=file.name,
            label=file.label,
            role=file.role.value,
            size=said.size(file.size),
            kept=file.name not in dropped,
            replaced=file.name.casefold() in new,
        )

    return tuple(line(one.file) for one in await kept_files(house, draft) if one.file.role.given)


async def _waits_page(
    request: web.Request, session: Session, draft: DraftRow, error: HeadwatersError | None = None
) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)
    progress = request.app[PRESS].progress.get(draft.id)
    due = draft.publish_at is not None and draft.publish_at <= house.clock()
    publishing = draft.state is DraftState.PUBLISHING or due
    context = DraftWaitsPage(
        frame=await frame(request, session, "works", "drafts"),
        address=f"/studio/drafts/{draft.ref}",
        title=draft.title,
        edition=draft.work_id is not None,
        state="publishing" if publishing else "scheduled",
        moment=moment(said, draft.publish_at) if draft.publish_at else None,
        again=_LOOK_AGAIN if publishing else 0,
        percent=100 * progress.done // progress.total if progress and progress.total else 0,
        name=progress.name if progress else "",
        script=address_of("works.js"),
        problem=problem_of(request, error),
    )
    return show(request, "draft_waits", context, error)


# ── save, publish ────────────────────────────────────────────────────────────────────────────────


@routes.post("/studio/drafts/{draft}")
@may(Right.PUBLISH)
@takes(LONG_FORM)
async def post_draft(request: web.Request, session: Session) -> web.Response:
    """Keep what was typed, whatever it is; then publish it now or on a day, if that was the button."""
    house, form = request.app[HOUSE], session.form
    draft, do = await _draft(request), form.get("do", "save")
    if draft.state is not DraftState.OPEN:
        return go_to(f"/studio/drafts/{draft.ref}")
    fields: Mapping[str, str] = draft.form
    revision, now = read_revision(form), house.clock()
    day, hour = (form.get(name, "")[:40] if do == "later" else "" for name in ("day", "hour"))
    try:
        fields = await draft_fields(house, draft, form)
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
        draft = await _draft(request)
        return await _refused_page(request, session, draft, _Typed(fields, refused, revision, day=day, hour=hour))
    return go_to(f"/studio/drafts/{draft.ref}")


def _kept_answer(request: web.Request, draft: DraftRow, revision: int, do: str) -> web.Response:
    """For the page itself a 303; for its script, which saves while one writes, the new revision."""
    if request.headers.get("Accept", "").startswith("application/json"):
        return web.json_response({"revision": revision}, headers={"Cache-Control": "no-store"})
    if do == "more":
        return go_to(f"/studio/drafts/{draft.ref}/more")
    if do == "licences":
        return go_to(f"/studio/drafts/{draft.ref}?licences=all#f-licence")
    return go_to(f"/studio/drafts/{draft.ref}?said=draft_kept")


async def _clashed(
    request: web.Request, session: Session, draft: DraftRow, fields: Mapping[str, str], conflict: Conflict
) -> web.Response:
    draft = await _draft(request)
    if conflict.code is not Code.CHANGED_MEANWHILE or draft.state is not DraftState.OPEN:
        return go_to(f"/studio/drafts/{draft.ref}")
    merged = merge(read_marks(session.form.get("marks", "")), fields, draft.form)
    return await _refused_page(request, session, draft, _Typed(merged.fields, conflict, None, merged))


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
        draft = await _draft(request)
        if draft.state is DraftState.PUBLISHING:
            return await _waits_page(request, session, draft, refused)
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


@routes.get("/studio/drafts/{draft}/progress")
@may(Right.PUBLISH)
async def get_progress(request: web.Request, _session: Session) -> web.Response:
    """How far publishing is, for the page's script: percent, the file at hand, and whether it is over."""
    draft = await _draft(request)
    progress = request.app[PRESS].progress.get(draft.id)
    percent = 100 * progress.done // progress.total if progress and progress.total else 0
    over = draft.state not in {DraftState.PUBLISHING, DraftState.SCHEDULED}
    said = {"percent": percent, "name": progress.name if progress else "", "over": over}
    return web.json_response(said, headers={"Cache-Control": "no-store"})
