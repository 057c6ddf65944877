"""The files of a work in the Studio: its editions and their samples, what the shop makes of it, what copies say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from headwaters.actions.deeds import noted
from headwaters.actions.samples import withdraw_sample
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import HeadwatersError, Refused
from headwaters.core.people import Right
from headwaters.core.works.editions import RIGHTS_TEXTS, Rights, Role
from headwaters.errands.house import refresh
from headwaters.store import works as rows
from headwaters.store.copy_visits import CopyLine, copies_of
from headwaters.store.db import Connection
from headwaters.store.makings import MakingLine
from headwaters.store.makings import lines as making_lines
from headwaters.store.works import EditionLine
from headwaters.texts import translations
from headwaters.web.contexts.studio_works import EditionFile, EditionItem, WorkFilesPage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.look import address_of
from headwaters.web.studio.colophons import work_colophon
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.makings import said_makings
from headwaters.web.studio.words import moment

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class _Seen:
    work: rows.WorkRow
    editions: list[EditionLine]
    makings: list[MakingLine]
    copies: list[CopyLine]


def _look(conn: Connection, slug: str) -> _Seen:
    work = rows.work_at(conn, slug)
    return _Seen(work, rows.editions_of(conn, work.id), making_lines(conn, slug), copies_of(conn, slug))


def files_line(said: Format, editions: Sequence[EditionLine]) -> str:
    """How many editions there are, and how large the newest is."""
    if not editions:
        return ""
    many, newest = translations(said.language).ngettext, editions[0].files
    count = many("%(n)d edition", "%(n)d editions", len(editions)) % {"n": len(editions)}
    files = many("%(n)d file", "%(n)d files", len(newest)) % {"n": len(newest)}
    size = said.size(sum(file.size for file in newest))
    return said.gettext("%(editions)s; in the newest: %(files)s, %(size)s") % {
        "editions": count,
        "files": files,
        "size": size,
    }


def _edition(said: Format, edition: EditionLine) -> EditionItem:
    declared = RIGHTS_TEXTS.get(edition.rights_text, {}).get(Rights(edition.rights), "")
    return EditionItem(
        number=edition.number,
        published=moment(said, from_micros(edition.published_at)),
        changes=edition.changes,
        rights=said.gettext(declared) if declared else "",
        files=tuple(_edition_file(said, file) for file in edition.files),
        size=said.size(sum(file.size for file in edition.files)),
    )


def _edition_file(said: Format, file: rows.FileRow) -> EditionFile:
    state = file.role if file.role in {Role.SAMPLE, Role.WITHDRAWN} else ""
    return EditionFile(file.name, said.size(file.size), state)


async def _files_page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    house, said, slug = request.app[HOUSE], words_of(request), request.match_info["slug"]
    seen = await house.db.read(lambda conn: _look(conn, slug))
    context = WorkFilesPage(
        frame=await frame(request, session, "works"),
        title=seen.work.details.title,
        address=f"/studio/works/{slug}",
        editions=tuple(_edition(said, edition) for edition in seen.editions),
        makings=said_makings(said, slug, seen.makings, paused=not house.config.workshop),
        colophon=work_colophon(said, seen.work, house.now.settings.colophon, seen.copies),
        script=address_of("works.js"),
        problem=problem_of(request, error),
    )
    return show(request, "work_files", context, error)


@routes.get("/studio/works/{slug}/files")
@may(Right.PUBLISH)
async def get_work_files(request: web.Request, session: Session) -> web.Response:
    """Its editions, what the shop makes of it, and what copies say."""
    return await _files_page(request, session)


@routes.post("/studio/works/{slug}/sample")
@may(Right.PUBLISH)
async def post_sample(request: web.Request, session: Session) -> web.Response:
    """A sample of one edition is given away no more."""
    house, slug, now = request.app[HOUSE], request.match_info["slug"], request.app[HOUSE].clock()
    name, edition = session.form.get("name", ""), session.form.get("edition", "")
    number = int(edition) if edition.isascii() and edition.isdigit() and len(edition) <= 9 else 0
    deed = Deed(session.row.creator_id, What.SAMPLE_WITHDRAWN, f"work:{slug}", {"name": name[:200]})
    try:
        await house.db.write(noted(lambda conn: withdraw_sample(conn, slug, name, number), deed, now))
    except Refused as refused:
        return await _files_page(request, session, refused)
    await refresh(house)
    return go_to(f"/studio/works/{slug}/files?said=sample_withdrawn")
