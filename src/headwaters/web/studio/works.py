"""All works and drafts in the Studio, in the order of the first page. `work.py` shows one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from headwaters.actions.deeds import noted
from headwaters.actions.works import (
    order_works,
    shift_work,
)
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import HeadwatersError, Refused
from headwaters.core.people import Right
from headwaters.core.works.editions import WorkState
from headwaters.errands.house import refresh
from headwaters.store import drafts as draft_rows
from headwaters.store import works as rows
from headwaters.store.db import Connection
from headwaters.store.studio import count_holders
from headwaters.store.works import WorkLine, list_works
from headwaters.texts import translations
from headwaters.web.contexts.studio import Moment, WorkRow
from headwaters.web.contexts.studio_works import (
    DraftItem,
    WorksPage,
)
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.look import address_of
from headwaters.web.show_works import last_part
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.words import DRAFT_STATES, WORK_STATES, moment

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Shelf:
    """All works with what is told of each."""

    works: tuple[WorkLine, ...]
    holders: Mapping[str, int]
    thumbs: Mapping[str, rows.ThumbRow]


def read_shelf(conn: Connection) -> Shelf:
    """As it is now."""
    return Shelf(list_works(conn), count_holders(conn), rows.thumbs(conn))


def work_row(said: Format, work: WorkLine, shelf: Shelf, shown: list[str]) -> WorkRow:
    """A work in words; `shown`: the slugs of those that are published, in their order."""
    many, holders = translations(said.language).ngettext, shelf.holders.get(work.slug, 0)
    thumb = shelf.thumbs.get(work.slug) if work.state != WorkState.WITHHELD else None
    return WorkRow(
        title=work.title,
        slug=work.slug,
        href=f"/w/{work.slug}",
        address=f"/studio/works/{work.slug}",
        state=work.state,
        state_words=said.gettext(WORK_STATES[work.state]),
        edition=said.gettext("edition %(n)d") % {"n": work.edition},
        taken=many("%(n)d person has it", "%(n)d people have it", holders) % {"n": holders},
        price=said.of(work.price),
        published=_day(said, work.published_at),
        thumb=f"/w/{work.slug}/f/{thumb.ref}/{last_part(thumb.name)}" if thumb else "",
        first=shown[:1] == [work.slug],
        last=shown[-1:] == [work.slug],
    )


def _day(said: Format, micros: int) -> Moment:
    when = from_micros(micros)
    return Moment(said.date(when), when.isoformat(timespec="seconds"))


def shown_slugs(shelf: Shelf) -> list[str]:
    """Of the published works, in the order of the first page."""
    return [work.slug for work in shelf.works if work.state == WorkState.PUBLISHED]


def _draft_item(said: Format, draft: draft_rows.DraftRow) -> DraftItem:
    words = said.gettext(DRAFT_STATES[draft.state])
    if draft.publish_at is not None:
        words %= {"moment": moment(said, draft.publish_at).text}
    return DraftItem(
        title=draft.title,
        href=f"/studio/drafts/{draft.ref}",
        edition=draft.work_id is not None,
        state=draft.state.value,
        state_words=words,
        failed=draft.error,
        changed=moment(said, draft.changed_at),
    )


async def _works_page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    said, db = words_of(request), request.app[HOUSE].db
    shelf, drafts = await db.read(lambda conn: (read_shelf(conn), draft_rows.living_drafts(conn)))
    shown = shown_slugs(shelf)
    lines = [work_row(said, work, shelf, shown) for work in shelf.works]
    context = WorksPage(
        frame=await frame(request, session, "works"),
        works=tuple(line for line in lines if line.state == WorkState.PUBLISHED),
        others=tuple(line for line in lines if line.state != WorkState.PUBLISHED),
        drafts=tuple(_draft_item(said, draft) for draft in drafts),
        script=address_of("works.js"),
        problem=problem_of(request, error),
    )
    return show(request, "works", context, error)


@routes.get("/studio/works")
@may(Right.PUBLISH)
async def get_works(request: web.Request, session: Session) -> web.Response:
    """All works, in the order of the first page, and drafts."""
    return await _works_page(request, session)


@routes.post("/studio/works")
@may(Right.PUBLISH)
async def post_order(request: web.Request, session: Session) -> web.Response:
    """All at once: slugs, joined by commas, as they were dragged."""
    house, now = request.app[HOUSE], request.app[HOUSE].clock()
    slugs = [slug for slug in session.form.get("order", "").split(",") if slug]
    deed = Deed(session.row.creator_id, What.WORKS_ORDERED, details={"first": ",".join(slugs)})
    try:
        await house.db.write(noted(lambda conn: order_works(conn, slugs), deed, now))
    except Refused as refused:
        return await _works_page(request, session, refused)
    await refresh(house)
    return go_to("/studio/works?said=ordered")


@routes.post("/studio/works/{slug}/place")
@may(Right.PUBLISH)
async def post_place(request: web.Request, session: Session) -> web.Response:
    """One place up or down among the published works."""
    house, slug, now = request.app[HOUSE], request.match_info["slug"], request.app[HOUSE].clock()
    step = -1 if session.form.get("step") == "up" else 1
    deed = Deed(session.row.creator_id, What.WORKS_ORDERED, details={"work": slug, "step": str(step)})
    try:
        await house.db.write(noted(lambda conn: shift_work(conn, slug, step), deed, now))
    except Refused as refused:
        return await _works_page(request, session, refused)
    await refresh(house)
    return go_to(f"/studio/works?said=ordered#{slug}")
