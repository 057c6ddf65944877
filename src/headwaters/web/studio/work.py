"""One work in the Studio: its words, its state, the collections that it is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from headwaters.actions.collections import put_in, take_out
from headwaters.actions.deeds import noted
from headwaters.actions.works import change_words, restore_work, retire_work, withhold_work
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Conflict, HeadwatersError, Refused
from headwaters.core.people import Right
from headwaters.core.revisions import Merged, merge, read_marks
from headwaters.core.works.details import Defaults
from headwaters.core.works.forms import WORDS, check_length, details_by, form_of, typed_fields
from headwaters.errands.art import draw_anew
from headwaters.errands.house import refresh
from headwaters.store import collections as collection_rows
from headwaters.store import drafts as draft_rows
from headwaters.store import works as rows
from headwaters.store.blobs import FaultRow
from headwaters.store.blobs import faults as faults_of
from headwaters.store.copy_visits import CopyLine, copies_of
from headwaters.store.db import Connection
from headwaters.store.makings import MakingLine
from headwaters.store.makings import lines as making_lines
from headwaters.store.works import EditionLine
from headwaters.web.contexts.studio_works import CollectionTick, WorkStudioPage
from headwaters.web.keys import HOUSE
from headwaters.web.look import address_of
from headwaters.web.studio.colophons import copies_line
from headwaters.web.studio.damaged import check_command, damaged_items
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import LONG_FORM, Session, go_to, may, takes
from headwaters.web.studio.makings import made_line
from headwaters.web.studio.wordsform import read_revision, said_faults, words_form
from headwaters.web.studio.work_files import files_line
from headwaters.web.studio.works import Shelf, read_shelf, shown_slugs, work_row

routes = web.RouteTableDef()

LONGEST_WHY = 2_000  # characters


# ── the page ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Seen:
    shelf: Shelf
    work: rows.WorkRow
    note: str
    editions: list[EditionLine]
    makings: list[MakingLine]
    draft: draft_rows.DraftRow | None
    inside: frozenset[str]
    collections: tuple[collection_rows.CollectionRow, ...]
    damaged: tuple[FaultRow, ...]
    copies: list[CopyLine]


def _look(conn: Connection, slug: str) -> _Seen:
    work = rows.work_at(conn, slug)
    return _Seen(
        shelf=read_shelf(conn),
        work=work,
        note=rows.note_of(conn, work.id),
        editions=rows.editions_of(conn, work.id),
        makings=making_lines(conn, slug),
        draft=draft_rows.draft_of_work(conn, work.id),
        inside=collection_rows.slugs_with(conn, work.id),
        collections=collection_rows.all_collections(conn),
        damaged=faults_of(conn, slug),
        copies=copies_of(conn, slug),
    )


@dataclass(frozen=True, slots=True)
class _Typed:
    """A form of the page that was refused: its fields, why, and what others changed meanwhile."""

    fields: Mapping[str, str]
    error: HeadwatersError
    merged: Merged | None = None
    revision: int | None = None


async def _work_page(request: web.Request, session: Session, typed: _Typed | None = None) -> web.Response:
    said, slug = words_of(request), request.match_info["slug"]
    seen = await request.app[HOUSE].db.read(lambda conn: _look(conn, slug))
    line = next(work for work in seen.shelf.works if work.slug == slug)
    kept = form_of(seen.work.details)
    about_words = typed is not None and "title" in typed.fields
    error = typed.error if typed else None
    revision = seen.work.revision if typed is None or typed.revision is None else typed.revision
    faults = said_faults(said, error) if about_words and not isinstance(error, Conflict) else ()
    context = WorkStudioPage(
        frame=await frame(request, session, "works"),
        work=work_row(said, line, seen.shelf, shown_slugs(seen.shelf)),
        note=seen.note,
        form=words_form(
            said,
            typed.fields if typed and about_words else kept,
            seen.work.details.price.currency,
            revision=revision,
            kept=kept,
            faults=faults,
            merged=typed.merged if typed else None,
        ),
        files=files_line(said, seen.editions),
        makings=made_line(said, slug, seen.makings),
        copies=copies_line(said, seen.copies),
        draft=f"/studio/drafts/{seen.draft.ref}" if seen.draft else "",
        inside=tuple(_tick(one) for one in seen.collections if one.slug in seen.inside),
        outside=tuple(_tick(one) for one in seen.collections if one.slug not in seen.inside),
        why=typed.fields.get("why", "") if typed else "",
        script=address_of("works.js"),
        problem=None if faults else problem_of(request, error),
        damaged=tuple(replace(item, href="") for item in damaged_items(said, seen.damaged)),  # one is there already
        check=check_command(request.app[HOUSE].config.shop),
    )
    return show(request, "work", context, error)


def _tick(found: collection_rows.CollectionRow) -> CollectionTick:
    return CollectionTick(found.title, f"/studio/collections/{found.slug}", found.slug)


@routes.get("/studio/works/{slug}")
@may(Right.PUBLISH)
async def get_work(request: web.Request, session: Session) -> web.Response:
    """Its words, its state, and a word about its files."""
    return await _work_page(request, session)


@routes.post("/studio/works/{slug}")
@may(Right.PUBLISH)
@takes(LONG_FORM)
async def post_work(request: web.Request, session: Session) -> web.Response:
    """Keep its words, if nobody was faster; else both are shown, and nothing is overwritten."""
    house, slug, now = request.app[HOUSE], request.match_info["slug"], request.app[HOUSE].clock()
    fields: Mapping[str, str] = session.form
    revision = read_revision(session.form)
    before = await house.db.read(lambda conn: rows.work_at(conn, slug))
    try:
        fields = typed_fields(session.form, WORDS)
        check_length(fields)
        details = details_by(fields, defaults_of(before))
        changed = {name for name, text in form_of(details).items() if text != form_of(before.details)[name]}
        deed = Deed(session.row.creator_id, What.WORDS_CHANGED, f"work:{slug}", {"fields": ",".join(sorted(changed))})
        await house.db.write(noted(lambda conn: change_words(conn, slug, revision, details, now), deed, now))
    except Conflict as conflict:
        now_kept = await house.db.read(lambda conn: rows.work_at(conn, slug))
        merged = merge(read_marks(session.form.get("marks", "")), fields, form_of(now_kept.details))
        return await _work_page(request, session, _Typed(merged.fields, conflict, merged))
    except Refused as refused:
        return await _work_page(request, session, _Typed(fields, refused, revision=revision))
    if changed & {"title", "by", "kind"}:
        await draw_anew(house, slug)
    await refresh(house)  # this process's own pages follow at once; others look once a second
    return go_to(f"/studio/works/{slug}?said=words_kept")


def defaults_of(work: rows.WorkRow) -> Defaults:
    """What a field that must have a value says when it is left empty: what it said before."""
    return Defaults(work.details.title, "", work.details.kind, work.details.language, work.details.price.currency)


# ── states ───────────────────────────────────────────────────────────────────────────────────────


async def _move(
    request: web.Request, session: Session, verb: Callable[[Connection, str, datetime], bool], what: What, done: str
) -> web.Response:
    house, slug = request.app[HOUSE], request.match_info["slug"]
    now = house.clock()
    deed = Deed(session.row.creator_id, what, f"work:{slug}")
    try:
        await house.db.write(noted(lambda conn: verb(conn, slug, now), deed, now))
    except Refused as refused:
        await house.db.read(lambda conn: rows.work_at(conn, slug))  # the page is there only where the work is
        return await _work_page(request, session, _Typed(session.form, refused))
    await refresh(house)
    return go_to(f"/studio/works/{slug}?said={done}")


@routes.post("/studio/works/{slug}/retire")
@may(Right.PUBLISH)
async def post_retire(request: web.Request, session: Session) -> web.Response:
    """Its public page goes."""
    return await _move(request, session, retire_work, What.WORK_RETIRED, "retired")


@routes.post("/studio/works/{slug}/restore")
@may(Right.PUBLISH)
async def post_restore(request: web.Request, session: Session) -> web.Response:
    """Its public page comes back."""
    return await _move(request, session, restore_work, What.WORK_RESTORED, "restored")


@routes.post("/studio/works/{slug}/withhold")
@may(Right.PUBLISH)
async def post_withhold(request: web.Request, session: Session) -> web.Response:
    """The bytes stop too, and the page says why."""
    why = session.form.get("why", "").replace("\r\n", "\n").strip()

    def withhold(conn: Connection, slug: str, now: datetime) -> bool:
        if not why:
            raise Refused(
                Code.FORM_BROKEN,
                N_("Say why: the page and its holders’ pages tell it."),
                hint=N_("For example: “A court in Hamburg ordered it on 2 March 2027.”"),
                field="why",
            )
        return withhold_work(conn, slug, why[:LONGEST_WHY], now)

    return await _move(request, session, withhold, What.WORK_WITHHELD, "withheld")


# ── collections that it is in ────────────────────────────────────────────────────────────────────


@routes.post("/studio/works/{slug}/collection")
@may(Right.PUBLISH)
async def post_collection(request: web.Request, session: Session) -> web.Response:
    """Put it into a collection, or take it out."""
    house, slug, now = request.app[HOUSE], request.match_info["slug"], request.app[HOUSE].clock()
    name, verb = session.form.get("collection", ""), take_out if session.form.get("do") == "out" else put_in
    deed = Deed(session.row.creator_id, What.COLLECTION_CHANGED, f"collection:{name}", {"work": slug})
    try:
        await house.db.write(noted(lambda conn: verb(conn, name, slug), deed, now))
    except Refused as refused:
        return await _work_page(request, session, _Typed(session.form, refused))
    await refresh(house)
    return go_to(f"/studio/works/{slug}?said=collected#collections")
