"""Works in the Studio: all of them, retire one, publish it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from headwaters.actions.works import restore_work, retire_work
from headwaters.core.clock import from_micros
from headwaters.core.errors import HeadwatersError, Refused
from headwaters.core.people import Right
from headwaters.errands.house import refresh
from headwaters.store.db import Connection
from headwaters.store.studio import count_holders
from headwaters.store.works import WorkLine, list_works
from headwaters.texts import translations
from headwaters.web.contexts.studio import WorkRow, WorksPage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.words import WORK_STATES, moment

routes = web.RouteTableDef()


def _row(said: Format, work: WorkLine, holders: int) -> WorkRow:
    many = translations(said.language).ngettext
    return WorkRow(
        title=work.title,
        href=f"/w/{work.slug}",
        address=f"/studio/works/{work.slug}",
        state=work.state,
        state_words=said.gettext(WORK_STATES[work.state]),
        edition=said.gettext("edition %(n)d") % {"n": work.edition},
        taken=many("%(n)d person has it", "%(n)d people have it", holders) % {"n": holders},
        price=said.of(work.price),
        published=moment(said, from_micros(work.published_at)),
    )


async def _works_page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    said = words_of(request)
    db = request.app[HOUSE].db
    found, holders = await db.read(list_works), await db.read(count_holders)
    context = WorksPage(
        frame=await frame(request, session, "works"),
        works=tuple(_row(said, work, holders.get(work.slug, 0)) for work in found),
        problem=problem_of(request, error),
    )
    return show(request, "works", context, error)


@routes.get("/studio/works")
@may(Right.PUBLISH)
async def get_works(request: web.Request, session: Session) -> web.Response:
    """All works, the newest first."""
    return await _works_page(request, session)


async def _move(
    request: web.Request, session: Session, verb: Callable[[Connection, str, datetime], bool], done: str
) -> web.Response:
    house, slug = request.app[HOUSE], request.match_info["slug"]
    now = house.clock()
    try:
        await house.db.write(lambda conn: verb(conn, slug, now))
    except Refused as refused:
        return await _works_page(request, session, refused)
    await refresh(house)  # this process's own pages follow at once; others look once a second
    return go_to(f"/studio/works?said={done}")


@routes.post("/studio/works/{slug}/retire")
@may(Right.PUBLISH)
async def post_retire(request: web.Request, session: Session) -> web.Response:
    """Its public page goes."""
    return await _move(request, session, retire_work, "retired")


@routes.post("/studio/works/{slug}/restore")
@may(Right.PUBLISH)
async def post_restore(request: web.Request, session: Session) -> web.Response:
    """Its public page comes back."""
    return await _move(request, session, restore_work, "restored")
