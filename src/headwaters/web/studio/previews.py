"""Previews: the work's own page, before anybody else sees it. Its doors lead nowhere, as its policy says so."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aiohttp import web

from headwaters.core.errors import Code, HeadwatersError
from headwaters.core.people import Right
from headwaters.core.sales.states import Door
from headwaters.core.works.details import Details
from headwaters.core.works.editions import EditionFile
from headwaters.core.works.forms import WORDS, details_by, form_of, problems_of, typed_fields, understood
from headwaters.core.works.manifest import Problem as Fault
from headwaters.core.works.slugs import slug_from
from headwaters.core.works.taste import taste_of
from headwaters.errands.house import House
from headwaters.errands.sketch import Picture, sketch
from headwaters.store import collections, drafts
from headwaters.store import pages as rows
from headwaters.store import works as work_rows
from headwaters.store.db import Connection
from headwaters.store.pages import FileView, WorkView
from headwaters.web import show_works
from headwaters.web.contexts.common import Art
from headwaters.web.contexts.works import Preview
from headwaters.web.keys import HOUSE
from headwaters.web.render import render, site_of
from headwaters.web.security import policy_without_forms
from headwaters.web.show_taste import said_taste
from headwaters.web.studio.drafts import draft_fields
from headwaters.web.studio.frame import words_of
from headwaters.web.studio.guard import HEADERS, LONG_FORM, Session, may, takes
from headwaters.web.studio.wordsform import field_name, said_fault
from headwaters.web.studio.work import defaults_of

routes = web.RouteTableDef()


# ── a work that is published ─────────────────────────────────────────────────────────────────────


@routes.get("/studio/works/{slug}/preview")
@may(Right.PUBLISH)
async def get_work_preview(request: web.Request, _session: Session) -> web.Response:
    """Its page as it is, also of a work that is retired."""
    return await _work_preview(request, None)


@routes.post("/studio/works/{slug}/preview")
@may(Right.PUBLISH)
@takes(LONG_FORM)
async def post_work_preview(request: web.Request, session: Session) -> web.Response:
    """Its page with the words that were typed; nothing is kept."""
    return await _work_preview(request, typed_fields(session.form, WORDS))


async def _work_preview(request: web.Request, typed: Mapping[str, str] | None) -> web.Response:
    house, slug = request.app[HOUSE], request.match_info["slug"]

    def look(conn: Connection) -> tuple[WorkView, work_rows.WorkRow, tuple[collections.CollectionRow, ...]]:
        view = rows.work_by_slug(conn, slug)
        return view, work_rows.work_at(conn, slug), collections.collections_with(conn, view.id)

    view, work, inside = await house.db.read(look)
    faults: Sequence[Fault] = ()
    own_taste = work.details.taste
    if typed is not None:
        details, faults = _readable(typed, work)
        view, own_taste = _with_details(view, details), details.taste
    return _show(request, view, f"/studio/works/{slug}" if typed is None else "", faults, inside, own_taste)


def _readable(typed: Mapping[str, str], work: work_rows.WorkRow) -> tuple[Details, Sequence[Fault]]:
    """What can be read of a form, the rest as it is kept."""
    currency = work.details.price.currency
    _, faults = understood(typed, currency)
    wrong = {fault.key for fault in faults}
    kept = form_of(work.details)
    fields = {name: kept[name] if name in wrong else text for name, text in typed.items()}
    try:
        return details_by(fields, defaults_of(work)), faults
    except HeadwatersError as refused:
        rest = {**fields, **{name: kept[name] for name in ("price", "minimum", "doors")}}
        return details_by(rest, defaults_of(work)), (*faults, *problems_of(refused))


# ── a draft ──────────────────────────────────────────────────────────────────────────────────────


@routes.get("/studio/drafts/{draft}/preview")
@may(Right.PUBLISH)
async def get_draft_preview(request: web.Request, _session: Session) -> web.Response:
    """The page that a draft would have."""
    found = await _draft(request)
    return await _draft_preview(request, found, f"/studio/drafts/{found.ref}")


@routes.post("/studio/drafts/{draft}/preview")
@may(Right.PUBLISH)
@takes(LONG_FORM)
async def post_draft_preview(request: web.Request, session: Session) -> web.Response:
    """The same with the words that were typed; nothing is kept."""
    house, found = request.app[HOUSE], await _draft(request)
    return await _draft_preview(request, replace(found, form=await draft_fields(house, found, session.form)), "")


async def _draft(request: web.Request) -> drafts.DraftRow:
    ref = request.match_info["draft"]
    return await request.app[HOUSE].db.read(lambda conn: drafts.draft_at(conn, ref))


async def _draft_preview(request: web.Request, draft: drafts.DraftRow, back: str) -> web.Response:
    house: House = request.app[HOUSE]
    made = await sketch(house, draft)
    view = await house.db.read(lambda conn: _view_of(conn, draft, made.details))
    files = tuple(_file_view(number, file) for number, file in enumerate(made.files))
    art = () if made.picture else view.of_role("art")
    view = replace(view, files=(*files, *art))
    return _show(request, view, back, made.faults, (), made.details.taste, made.picture)


def _view_of(conn: Connection, draft: drafts.DraftRow, details: Details) -> WorkView:
    if draft.work_slug is not None:
        found = rows.work_by_slug(conn, draft.work_slug)
        return replace(found, edition=found.edition + 1)
    blank = WorkView(
        id=0,
        slug=slug_from(details.title) if details.title else "",
        state="published",
        title=details.title,
        by_line="",
        kind="",
        language="",
        year=None,
        words="",
        description="",
        licence="",
        currency="",
        price_minor=0,
        minimum_minor=0,
        doors="",
        cover_alt="",
        note="",
        edition=1,
        published_at=0,
        files=(),
    )
    return _with_details(blank, details)


def _with_details(view: WorkView, details: Details) -> WorkView:
    return replace(
        view,
        title=details.title,
        by_line=details.by,
        kind=details.kind.value,
        language=details.language,
        year=details.year,
        words=details.words,
        description=details.description,
        licence=details.licence,
        currency=details.price.currency,
        price_minor=details.price.minor,
        minimum_minor=details.minimum.minor,
        doors=",".join(door.value for door in Door if door in details.doors),
        cover_alt=details.cover_alt,
    )


def _file_view(number: int, file: EditionFile) -> FileView:
    seconds = None if file.seconds_micros is None else round(file.seconds_micros / 1_000_000)
    return FileView(
        ref=str(number),
        role=file.role.value,
        name=file.name,
        label=file.label,
        media_type=file.media_type,
        sha256=file.sha256,
        size=file.size,
        seconds=seconds,
        width=file.width,
        height=file.height,
    )


# ── the page ─────────────────────────────────────────────────────────────────────────────────────


def _show(
    request: web.Request,
    view: WorkView,
    back: str,
    faults: Sequence[Fault],
    inside: Sequence[collections.CollectionRow],
    own_taste: str,
    picture: Picture | None = None,
) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)
    page = show_works.work_page(site_of(house), view, house.now, "preview", collections=inside)
    lines = []
    for fault in faults:
        problem = said_fault(said, fault, Code.FORM_BROKEN)
        lines.append(f"{field_name(said, problem.field)}: {problem.message}" if problem.field else problem.message)
    taste = taste_of(own_taste, house.now.settings.taste)
    page = replace(page, preview=Preview(back, tuple(lines), said_taste(taste, said)))
    if picture is not None:
        page = replace(page, art=_inline(picture, view.cover_alt))
    headers = {**HEADERS, "Content-Security-Policy": policy_without_forms(house.config)}
    return render(request, "work.html", page, headers=headers)


def _inline(picture: Picture, alt: str) -> Art:
    """A picture that nobody can ask for yet, inside the page itself."""
    ratio = picture.width / picture.height
    source = f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"
    shape = "wide" if ratio >= 1.25 else "square" if ratio > 0.8 else "tall"
    return Art(source, "", picture.width, picture.height, alt, shape, source)
