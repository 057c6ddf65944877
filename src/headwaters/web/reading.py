"""Books on a page of their own: the first chapters at `/w/<slug>/read/<book>/<page>`, all of it at
`/d/<key>/<ref>/read/<page>` for whoever has the download key: it opens files, and this is one of them.

A book's HTML was made clean when it was read; here nh3 keeps only what is on its list, so that a fault in the one is no
hole in the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import nh3
from aiohttp import web
from markupsafe import Markup

from headwaters.core.works.editions import Role, WorkState
from headwaters.core.works.reading import READING, Index, PartLine
from headwaters.errands.download import Download
from headwaters.errands.reading import Readings, no_such_part
from headwaters.store import pages as rows
from headwaters.store.pages import FileView, WorkView
from headwaters.web.contexts.taste import ContentsLine, ReadPage, Turn
from headwaters.web.files import DESK
from headwaters.web.keys import HOUSE
from headwaters.web.render import KEPT, PRIVATE, Kept, answer, keep, page_html, render, site_of

routes = web.RouteTableDef()

WORDS_A_MINUTE = 230
LARGEST_KEPT = 250_000  # characters of a part that is kept clean in memory: a chapter has 50,000
_PICTURE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
_NUMBER = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)

_TAG_NAMES = """p h2 h3 h4 h5 h6 blockquote ul ol li dl dt dd figure figcaption table caption thead tbody tfoot tr td th
div aside pre hr em strong i b u small sub sup s del ins code kbd samp var cite q abbr dfn mark bdi bdo ruby rt rp br
wbr a span img"""
_TAGS = frozenset(_TAG_NAMES.split())
_ATTRIBUTES = {
    "*": {"id", "lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "loading"},
    "ol": {"start"},
    "li": {"value"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "abbr": {"title"},
}
_CLASSES = {
    "p": {"verse", "center", "end"},
    "div": {"verse"},
    "pre": {"verse"},
    "figure": {"center", "end"},
    "h2": {"center", "end"},
    "h3": {"center", "end"},
    "h4": {"center", "end"},
    "aside": {"note"},
    "span": {"line"},
    "a": {"note"},
}
_OWN = {
    "id": re.compile(r"r[0-9]+-[\w.-]+"),
    "src": re.compile(r"p/[0-9]+\.[a-z]+"),
    "href": re.compile(r"[0-9]+(?:#r[0-9]+-[\w.-]+)?|https?://\S+|mailto:\S+"),
}


def _keep(tag: str, name: str, value: str) -> str | None:
    """nh3's filter: the attribute's value, or None where it has to go."""
    own = _OWN.get(name)
    return value if own is None or own.fullmatch(value) else None


def clean(html: str) -> Markup:
    """A part's HTML, once more without anything that could act."""
    return _cleaned(html) if len(html) <= LARGEST_KEPT else _cleaned.__wrapped__(html)


@lru_cache(maxsize=64)
def _cleaned(html: str) -> Markup:
    found = nh3.clean(
        html,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        attribute_filter=_keep,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    return Markup(found)  # noqa: S704  (just cleaned)


def add_to(app: web.Application) -> None:
    """The addresses of this module on `app`, before those of files, which take all that is below a file's."""
    app[READINGS] = Readings(app[DESK])
    app.add_routes(routes)


READINGS: web.AppKey[Readings] = web.AppKey("readings", Readings)


# ── the page ─────────────────────────────────────────────────────────────────────────────────────


def read_page(
    index: Index, part: PartLine, number: int, html: str, *, title: str, href: str, work: str, place: str
) -> ReadPage:
    """The context of one page. `href`: its own address where it is public; `work`: the work's page."""
    count = len(index.parts)
    of_taste = bool(href) and number == count
    return ReadPage(
        title=index.title or title,
        part=part.title,
        language=index.language,
        direction=index.direction,
        turning="rtl" if index.backwards or index.direction == "rtl" else "ltr",
        body=clean(html),
        contents=_contents(index, number),
        number=number,
        count=count,
        first=index.first,
        minutes=-(-part.words // WORDS_A_MINUTE),
        before=_turn(index, number - 1),
        after=_turn(index, number + 1),
        href=href,
        work=work,
        rest=max(0, index.chapters - count) if of_taste else 0,
        place=place,
    )


def _contents(index: Index, number: int) -> tuple[ContentsLine, ...]:
    if len(index.contents) < 2:
        return ()
    here = next((at for at, one in enumerate(index.contents) if one.part == number), -1)
    return tuple(
        ContentsLine(one.title, one.level, f"{one.part}#{one.place}" if one.place else str(one.part), at == here)
        for at, one in enumerate(index.contents)
    )


def _turn(index: Index, number: int) -> Turn | None:
    found = index.part(number)
    return None if found is None else Turn(found.title, str(number))


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise no_such_part()
    return int(text)


# ── for everybody ────────────────────────────────────────────────────────────────────────────────


def readings_of(work: WorkView) -> tuple[FileView, ...]:
    """What of the work everybody may read, in its order."""
    return tuple(file for file in work.of_role(Role.TASTE) if file.media_type == READING)


async def _public(request: web.Request) -> tuple[WorkView, FileView, Download]:
    slug, number = request.match_info["slug"], _number(request.match_info["book"])
    work = await request.app[HOUSE].db.read(lambda conn: rows.work_by_slug(conn, slug))
    books = readings_of(work) if work.state == WorkState.PUBLISHED else ()
    if number > len(books):
        raise no_such_part()
    book = books[number - 1]
    return work, book, await request.app[DESK].public_file(slug, book.ref)


@routes.get("/w/{slug}/read")
async def get_beginning(request: web.Request) -> web.Response:
    """The first page of the first book that can be read."""
    slug = request.match_info["slug"]
    work = await request.app[HOUSE].db.read(lambda conn: rows.work_by_slug(conn, slug))
    there = work.state == WorkState.PUBLISHED and readings_of(work)
    raise web.HTTPSeeOther(f"/w/{slug}/read/1/1" if there else f"/w/{slug}")


@routes.get("/w/{slug}/read/{book}/p/{name}")
async def get_public_picture(request: web.Request) -> web.Response:
    """A picture of a book that everybody may read."""
    _, _, download = await _public(request)
    media_type, data = await request.app[READINGS].picture(download, request.match_info["name"])
    return web.Response(body=data, headers={"Content-Type": media_type, "Cache-Control": "no-cache", **_PICTURE})


@routes.get("/w/{slug}/read/{book}/{page}")
async def get_public_page(request: web.Request) -> web.Response:
    """The first chapters of a book, for everybody."""
    house, path = request.app[HOUSE], request.path

    async def make() -> Kept:
        number = _number(request.match_info["page"])
        work, book, download = await _public(request)
        index, part, html = await request.app[READINGS].part(download, number)
        way = f"/w/{work.slug}"
        page = read_page(index, part, number, html, title=work.title, href=path, work=way, place=book.sha256)
        return keep(page_html(site_of(house, path), "read.html", page), house.now.version)

    kept: Kept = await request.app[KEPT].get(house, path, make)
    return answer(request, kept, "")


# ── for who has it ───────────────────────────────────────────────────────────────────────────────


@routes.get("/d/{key}/{ref}/read")
async def get_held_beginning(request: web.Request) -> web.Response:
    """The page where a whole book begins."""
    download = await request.app[DESK].file(request.match_info["key"], request.match_info["ref"])
    index = await request.app[READINGS].index(download)
    raise web.HTTPSeeOther(f"{request.path}/{index.first}", headers=PRIVATE)


@routes.get("/d/{key}/{ref}/read/p/{name}")
async def get_held_picture(request: web.Request) -> web.Response:
    """A picture of a whole book."""
    download = await request.app[DESK].file(request.match_info["key"], request.match_info["ref"])
    media_type, data = await request.app[READINGS].picture(download, request.match_info["name"])
    headers: Mapping[str, str] = {**PRIVATE, "Cache-Control": "private, max-age=86400"}
    return web.Response(body=data, headers={"Content-Type": media_type, **headers, **_PICTURE})


@routes.get("/d/{key}/{ref}/read/{page}")
async def get_held_page(request: web.Request) -> web.Response:
    """A page of a whole book. Nobody keeps it, and no other site hears its address."""
    number = _number(request.match_info["page"])
    download = await request.app[DESK].file(request.match_info["key"], request.match_info["ref"])
    index, part, html = await request.app[READINGS].part(download, number)
    page = read_page(index, part, number, html, title=download.name, href="", work="", place=download.sha256 or "")
    return render(request, "read.html", page)
