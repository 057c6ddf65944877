"""Mirrors of a work in the Studio: noted, looked at, taken off the list."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aiohttp import web

from headwaters.actions import mirrors as verbs
from headwaters.actions.deeds import noted
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, HeadwatersError, NotFound, Refused
from headwaters.core.people import Right
from headwaters.core.shelf.metalink import under
from headwaters.core.works.free import is_free
from headwaters.core.works.mirrors import MOST_MIRRORS, MirrorState
from headwaters.errands.house import refresh
from headwaters.store import mirrors as rows
from headwaters.store import works
from headwaters.store.db import Connection
from headwaters.store.mirrors import MirrorRow
from headwaters.store.works import WorkRow
from headwaters.web.contexts.studio_mirrors import MirrorItem, MirrorsPage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.words import moment

routes = web.RouteTableDef()

_WORDS = {
    MirrorState.UNCHECKED: N_("It is looked at now. Load this page again in a moment."),
    MirrorState.GOOD: N_("Good: readers are told of it."),
    MirrorState.BAD: N_("Readers are not told of it."),
}


def _look(conn: Connection, slug: str) -> tuple[WorkRow, tuple[MirrorRow, ...], str]:
    work = works.work_at(conn, slug)
    edition = works.newest_edition(conn, work.id)
    files = works.files_of(conn, edition.id) if edition else ()
    first = next((file.name for file in files if file.role == "work"), "film.mp4")
    return work, rows.mirrors_of(conn, work.id), first


async def _page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    said, slug = words_of(request), request.match_info["slug"]
    work, found, first = await request.app[HOUSE].db.read(partial(_look, slug=slug))
    context = MirrorsPage(
        frame=await frame(request, session, "works"),
        title=work.details.title,
        back=f"/studio/works/{slug}",
        address=f"/studio/works/{slug}/mirrors",
        asks=not is_free(work.details.doors),
        example=under(f"https://mirror.example/{slug}/", first),
        mirrors=tuple(_item(said, mirror) for mirror in found),
        most=MOST_MIRRORS,
        typed=session.form.get("address", "")[:500] if error else "",
        problem=problem_of(request, error),
    )
    return show(request, "mirrors", context, error)


def _item(said: Format, mirror: MirrorRow) -> MirrorItem:
    at = mirror.checked_at
    checked = None if at is None else moment(said, from_micros(at))
    return MirrorItem(mirror.address, mirror.state.value, said.gettext(_WORDS[mirror.state]), mirror.error, checked)


@routes.get("/studio/works/{slug}/mirrors")
@may(Right.PUBLISH)
async def get_mirrors(request: web.Request, session: Session) -> web.Response:
    """All mirrors of a work."""
    return await _page(request, session)


async def _do(request: web.Request, session: Session, verb: Callable[[Connection], bool], what: What) -> None:
    house, slug, now = request.app[HOUSE], request.match_info["slug"], request.app[HOUSE].clock()
    deed = Deed(session.row.creator_id, what, f"work:{slug}", {"address": session.form.get("address", "")[:500]})
    await house.db.write(noted(verb, deed, now))
    await refresh(house)


@routes.post("/studio/works/{slug}/mirrors")
@may(Right.PUBLISH)
async def post_mirror(request: web.Request, session: Session) -> web.Response:
    """Note another one. The background looks at it."""
    house, slug, now = request.app[HOUSE], request.match_info["slug"], request.app[HOUSE].clock()
    address, own = session.form.get("address", ""), house.config.url
    try:
        add = partial(verbs.add_mirror, slug=slug, address=address, own=own, now=now)
        await _do(request, session, add, What.MIRROR_ADDED)
    except NotFound:
        raise
    except Refused as refused:
        return await _page(request, session, refused)
    return go_to(f"/studio/works/{slug}/mirrors?said=mirror_added")


@routes.post("/studio/works/{slug}/mirrors/remove")
@may(Right.PUBLISH)
async def post_remove(request: web.Request, session: Session) -> web.Response:
    """Take one off the list."""
    slug, address = request.match_info["slug"], session.form.get("address", "")
    await _do(request, session, partial(verbs.remove_mirror, slug=slug, address=address), What.MIRROR_REMOVED)
    return go_to(f"/studio/works/{slug}/mirrors?said=mirror_removed")


@routes.post("/studio/works/{slug}/mirrors/check")
@may(Right.PUBLISH)
async def post_check(request: web.Request, session: Session) -> web.Response:
    """Look at all of them again."""
    slug = request.match_info["slug"]
    await _do(request, session, partial(verbs.look_again, slug=slug), What.MIRRORS_CHECKED)
    return go_to(f"/studio/works/{slug}/mirrors?said=mirrors_checked")
