"""The pages of a draft in the Studio: its words, what few change, and how far publishing it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from headwaters.core.errors import Conflict, HeadwatersError
from headwaters.core.people import Right
from headwaters.core.revisions import Merged, mark
from headwaters.core.works.drafts import DraftState
from headwaters.core.works.editions import EditionFile
from headwaters.core.works.slugs import slug_from
from headwaters.core.works.stamps import wants_colophon
from headwaters.errands.drafts import kept_files
from headwaters.errands.house import House
from headwaters.store import drafts as rows
from headwaters.store.drafts import DraftRow
from headwaters.store.works import work_by_id
from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio_works import DraftMorePage, DraftPage, DraftWaitsPage, KeptFile
from headwaters.web.keys import HOUSE, PRESS
from headwaters.web.look import address_of
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.uploads import uploads_view
from headwaters.web.studio.words import moment
from headwaters.web.studio.wordsform import said_faults, words_form

routes = web.RouteTableDef()

_LOOK_AGAIN = 2  # seconds between two looks at how far publishing is, without scripts


@dataclass(frozen=True, slots=True)
class Typed:
    """A form of the page that was refused: its fields, why, and what others changed meanwhile."""

    fields: Mapping[str, str]
    error: HeadwatersError
    revision: int | None = None
    merged: Merged | None = None
    day: str = ""
    hour: str = ""


async def draft_of(request: web.Request) -> DraftRow:
    """The draft of this address. Raises NotFound(DRAFT_UNKNOWN)."""
    ref = request.match_info["draft"]
    return await request.app[HOUSE].db.read(lambda conn: rows.draft_at(conn, ref))


def kept_field(name: str) -> str:
    """The field of a file of the edition before: ticked, it goes on."""
    return f"keep_{mark(name)}"


@routes.get("/studio/drafts/{draft}")
@may(Right.PUBLISH)
async def get_draft(request: web.Request, session: Session) -> web.Response:
    """The draft as it is; once it is published, the work's page."""
    draft = await draft_of(request)
    if draft.state is DraftState.PUBLISHED:
        said = "published_edition" if draft.is_edition else "published"
        return go_to(f"/studio/works/{draft.work_slug}?said={said}" if draft.work_slug else "/studio/works")
    if draft.state is DraftState.OPEN:
        return await _draft_page(request, session, draft)
    return await waits_page(request, session, draft)


async def _draft_page(
    request: web.Request, session: Session, draft: DraftRow, typed: Typed | None = None
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
    draft = await draft_of(request)
    if draft.state is not DraftState.OPEN:
        return go_to(f"/studio/drafts/{draft.ref}")
    return await _more_page(request, session, draft)


async def _more_page(
    request: web.Request, session: Session, draft: DraftRow, typed: Typed | None = None
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


async def refused_page(request: web.Request, session: Session, draft: DraftRow, typed: Typed) -> web.Response:
    """The page that the form was on."""
    page = _more_page if session.form.get("part") == "more" else _draft_page
    return await page(request, session, draft, typed)


async def _usual_colophon(house: House, draft: DraftRow) -> bool:
    work_id = draft.work_id
    work = None if work_id is None else await house.db.read(lambda conn: work_by_id(conn, work_id))
    return wants_colophon(work.colophon if work else "", house.now.settings.colophon)


def _about_none(faults: tuple[Problem, ...], problem: Problem | None, typed: Typed | None) -> Problem | None:
    return None if faults or (typed and typed.merged) else problem


async def _kept(request: web.Request, draft: DraftRow, fields: Mapping[str, str]) -> tuple[KeptFile, ...]:
    house, said = request.app[HOUSE], words_of(request)
    dropped = fields.get("dropped", "").split("\n")
    new = {name.casefold() for name in await house.db.read(lambda conn: rows.upload_names(conn, draft.id))}

    def line(file: EditionFile) -> KeptFile:
        return KeptFile(
            field=kept_field(file.name),
            name=file.name,
            label=file.label,
            role=file.role.value,
            size=said.size(file.size),
            kept=file.name not in dropped,
            replaced=file.name.casefold() in new,
        )

    return tuple(line(one.file) for one in await kept_files(house, draft) if one.file.role.given)


async def waits_page(
    request: web.Request, session: Session, draft: DraftRow, error: HeadwatersError | None = None
) -> web.Response:
    """A draft that waits for its day, or is being published."""
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


@routes.get("/studio/drafts/{draft}/progress")
@may(Right.PUBLISH)
async def get_progress(request: web.Request, _session: Session) -> web.Response:
    """How far publishing is, for the page's script: percent, the file at hand, and whether it is over."""
    draft = await draft_of(request)
    progress = request.app[PRESS].progress.get(draft.id)
    percent = 100 * progress.done // progress.total if progress and progress.total else 0
    over = draft.state not in {DraftState.PUBLISHING, DraftState.SCHEDULED}
    said = {"percent": percent, "name": progress.name if progress else "", "over": over}
    return web.json_response(said, headers={"Cache-Control": "no-store"})
