"""Collections in the Studio: made, written about, filled and put in order, retired and brought back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from headwaters.actions import collections as verbs
from headwaters.actions.deeds import noted
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import Conflict, HeadwatersError, NotFound, Refused
from headwaters.core.people import Right
from headwaters.core.revisions import Merged, marks_of, merge, read_marks
from headwaters.core.works.forms import check_length, typed_fields
from headwaters.errands.house import refresh
from headwaters.store import collections as rows
from headwaters.store.db import Connection
from headwaters.store.works import WorkLine, list_works
from headwaters.texts import translations
from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio_works import (
    Choice,
    CollectionItem,
    CollectionsPage,
    CollectionStudioPage,
    MemberItem,
)
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import LONG_FORM, Session, go_to, may, takes
from headwaters.web.studio.words import COLLECTION_STATES, WORK_STATES
from headwaters.web.studio.wordsform import by_field, read_revision, said_clash, said_faults

routes = web.RouteTableDef()

_FIELDS = ("title", "words")


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


async def _list_page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    said = words_of(request)
    found = await request.app[HOUSE].db.read(rows.all_collections)
    context = CollectionsPage(
        frame=await frame(request, session, "works"),
        collections=tuple(_item(said, one) for one in found),
        title=session.form.get("title", "")[:400],
        slug=session.form.get("slug", "")[:400],
        problems=by_field(said_faults(said, error)),
    )
    return show(request, "collections", context, error)


def _item(said: Format, found: rows.CollectionRow) -> CollectionItem:
    many = translations(said.language).ngettext
    return CollectionItem(
        title=found.title,
        href=f"/studio/collections/{found.slug}",
        state=found.state,
        state_words=said.gettext(COLLECTION_STATES[found.state]),
        works=many("%(n)d work in it", "%(n)d works in it", found.shown) % {"n": found.shown},
    )


@routes.get("/studio/collections")
@may(Right.PUBLISH)
async def get_collections(request: web.Request, session: Session) -> web.Response:
    """All collections, and a form for another."""
    return await _list_page(request, session)


@routes.post("/studio/collections")
@may(Right.PUBLISH)
@takes(LONG_FORM)
async def post_collections(request: web.Request, session: Session) -> web.Response:
    """A new one."""
    house, form, now = request.app[HOUSE], session.form, request.app[HOUSE].clock()
    who = session.row.creator_id
    try:
        slug = await house.db.write(
            lambda conn: verbs.make_noted(conn, form.get("title", ""), "", form.get("slug", ""), who, now)
        )
    except Refused as refused:
        return await _list_page(request, session, refused)
    await refresh(house)
    return go_to(f"/studio/collections/{slug}?said=collection_made")


# ── one collection ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Typed:
    """A form that was refused: its fields, why, and what others changed meanwhile."""

    fields: Mapping[str, str]
    error: HeadwatersError
    merged: Merged | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    collection: rows.CollectionRow
    members: list[rows.MemberRow]
    works: tuple[WorkLine, ...]


def _look(conn: Connection, slug: str) -> _Seen:
    found = rows.collection_at(conn, slug)
    return _Seen(found, rows.members(conn, found.id), list_works(conn))


def _kept(found: rows.CollectionRow) -> dict[str, str]:
    return {"title": found.title, "words": found.words}


async def _page(request: web.Request, session: Session, typed: _Typed | None = None) -> web.Response:
    said, slug = words_of(request), request.match_info["slug"]
    seen = await request.app[HOUSE].db.read(lambda conn: _look(conn, slug))
    found, error = seen.collection, typed.error if typed else None
    about_words = typed is not None and "title" in typed.fields
    faults: tuple[Problem, ...] = ()
    if about_words and not isinstance(error, Conflict):
        faults = said_faults(said, error)
    inside = {member.slug for member in seen.members}
    fields = {name: typed.fields.get(name, "") for name in _FIELDS} if typed and about_words else _kept(found)
    context = CollectionStudioPage(
        frame=await frame(request, session, "works"),
        title=found.title,
        state=found.state,
        state_words=said.gettext(COLLECTION_STATES[found.state]),
        href=f"/c/{slug}",
        address=f"/studio/collections/{slug}",
        fields=fields,
        problems=by_field(faults),
        revision=found.revision if typed is None or typed.revision is None else typed.revision,
        marks=marks_of(_kept(found)),
        clash=said_clash(said, typed.merged if typed else None),
        members=tuple(_member(said, seen.members, at) for at in range(len(seen.members))),
        others=tuple(Choice(work.slug, work.title, False, "") for work in seen.works if work.slug not in inside),
        problem=None if faults or (typed and typed.merged) else problem_of(request, error),
    )
    return show(request, "collection", context, error)


def _member(said: Format, members: list[rows.MemberRow], at: int) -> MemberItem:
    member = members[at]
    return MemberItem(
        title=member.title,
        slug=member.slug,
        href=f"/studio/works/{member.slug}",
        state_words="" if member.state == rows.PUBLISHED else said.gettext(WORK_STATES[member.state]),
        first=at == 0,
        last=at == len(members) - 1,
    )


@routes.get("/studio/collections/{slug}")
@may(Right.PUBLISH)
async def get_collection(request: web.Request, session: Session) -> web.Response:
    """Its words, its works in order, its state."""
    return await _page(request, session)


@routes.post("/studio/collections/{slug}")
@may(Right.PUBLISH)
@takes(LONG_FORM)
async def post_collection(request: web.Request, session: Session) -> web.Response:
    """Keep its words, if nobody was faster."""
    house, slug, now = request.app[HOUSE], request.match_info["slug"], request.app[HOUSE].clock()
    fields: Mapping[str, str] = session.form
    revision = read_revision(session.form)
    deed = Deed(session.row.creator_id, What.COLLECTION_CHANGED, f"collection:{slug}")
    try:
        fields = typed_fields(session.form, _FIELDS)
        check_length(fields)
        title, words = fields["title"], fields["words"]
        verb = noted(lambda conn: verbs.change_collection(conn, slug, revision, title, words, now), deed, now)
        await house.db.write(verb)
    except NotFound:
        raise
    except Conflict as conflict:
        found = await house.db.read(lambda conn: rows.collection_at(conn, slug))
        merged = merge(read_marks(session.form.get("marks", "")), fields, _kept(found))
        return await _page(request, session, _Typed(merged.fields, conflict, merged))
    except Refused as refused:
        return await _page(request, session, _Typed(fields, refused, revision=revision))
    await refresh(house)
    return go_to(f"/studio/collections/{slug}?said=collection_kept")


@routes.post("/studio/collections/{slug}/works")
@may(Right.PUBLISH)
async def post_works(request: web.Request, session: Session) -> web.Response:
    """Put a work in, take one out, move one up or down."""
    house, slug, now = request.app[HOUSE], request.match_info["slug"], request.app[HOUSE].clock()
    work, do = session.form.get("work", ""), session.form.get("do", "in")
    deed = Deed(session.row.creator_id, What.COLLECTION_CHANGED, f"collection:{slug}", {"work": work, "do": do})

    def verb(conn: Connection) -> bool:
        match do:
            case "out":
                return verbs.take_out(conn, slug, work)
            case "up":
                return verbs.shift_member(conn, slug, work, -1)
            case "down":
                return verbs.shift_member(conn, slug, work, 1)
            case _:
                return verbs.put_in(conn, slug, work)

    try:
        await house.db.write(noted(verb, deed, now))
    except Refused as refused:
        await house.db.read(lambda conn: rows.collection_at(conn, slug))
        return await _page(request, session, _Typed({}, refused))
    await refresh(house)
    return go_to(f"/studio/collections/{slug}?said=collected#works")


async def _move(
    request: web.Request, session: Session, verb: Callable[[Connection, str, datetime], bool], what: What, done: str
) -> web.Response:
    house, slug, now = request.app[HOUSE], request.match_info["slug"], request.app[HOUSE].clock()
    deed = Deed(session.row.creator_id, what, f"collection:{slug}")
    await house.db.write(noted(lambda conn: verb(conn, slug, now), deed, now))
    await refresh(house)
    return go_to(f"/studio/collections/{slug}?said={done}")


@routes.post("/studio/collections/{slug}/retire")
@may(Right.PUBLISH)
async def post_retire(request: web.Request, session: Session) -> web.Response:
    """Its page goes; its works stay."""
    return await _move(request, session, verbs.retire_collection, What.COLLECTION_RETIRED, "collection_retired")


@routes.post("/studio/collections/{slug}/restore")
@may(Right.PUBLISH)
async def post_restore(request: web.Request, session: Session) -> web.Response:
    """Its page comes back."""
    return await _move(request, session, verbs.restore_collection, What.COLLECTION_RESTORED, "collection_restored")
