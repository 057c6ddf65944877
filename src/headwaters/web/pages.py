"""The public pages (`/`, `/w/<slug>`, `/c/<slug>`, `/about`, `/privacy`), and the order page with its machine twin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import msgspec
from aiohttp import web
from markupsafe import Markup

from headwaters.core.errors import N_, Code, HeadwatersError, NotFound, Refused
from headwaters.core.shelf.keys import is_secret
from headwaters.core.study.visits import read_word
from headwaters.core.works.editions import WorkState
from headwaters.errands.house import House
from headwaters.store import collections
from headwaters.store import pages as rows
from headwaters.store.db import Connection
from headwaters.store.fetching import Parcel, free_parcel, parcel_of
from headwaters.web import show_works
from headwaters.web.contexts.shop import AboutPage, PrivacyPage
from headwaters.web.errors import error_context
from headwaters.web.files import DESK
from headwaters.web.keys import HOUSE
from headwaters.web.look import routes as look_routes
from headwaters.web.markdown import render_markdown
from headwaters.web.order_html import order_html
from headwaters.web.render import (
    KEPT,
    NONCE,
    PRIVATE,
    Kept,
    KeptPages,
    answer,
    keep,
    page_html,
    private_page,
    render,
    retry_headers,
    site_of,
    status_of,
)
from headwaters.web.show_orders import NOTHING_TYPED, ShelfWork, Typed, order_json, shelf_work
from headwaters.web.visits import VISITS

routes = web.RouteTableDef()

NO_MAIL = "mail=later"  # in the address of an order page, after a take that asked for a mail too many
_NO_ORIGIN = b'name="from" value=""'
_ROBOTS = (
    "User-agent: *\nDisallow: /o/\nDisallow: /d/\nDisallow: /report/\nDisallow: /lost\nDisallow: /studio\nAllow: /\n"
)


def add_to(app: web.Application) -> None:
    """Everything of this module on `app`: addresses, the kept pages, the files that pages refer to."""
    app[KEPT] = KeptPages()
    app.add_routes(routes)
    app.add_routes(look_routes)


Make = Callable[[Connection, House], Kept]


def maker_of(path: str) -> Make | None:
    """What makes the public page at `path`, if such a page there may be."""
    if (make := _PAGES.get(path)) is not None:
        return make
    place, slug = path[:3], path[3:]
    if place not in _PLACES or not slug or "/" in slug:
        return None
    return partial(_PLACES[place], slug=slug)


async def kept_page(app: web.Application, path: str) -> Kept:
    """The public page at `path`, made now if this version of the catalogue has none yet. Raises NotFound."""
    house, make = app[HOUSE], maker_of(path)
    if make is None:
        raise NotFound(Code.PAGE_UNKNOWN, N_("There is no such page."))

    async def run() -> Kept:
        return await house.db.read(lambda conn: make(conn, house))

    kept: Kept = await app[KEPT].get(house, path, run)
    return kept


def _html(house: House, path: str, template: str, context: object) -> str:
    return page_html(site_of(house, path), template, context)


# ── works ────────────────────────────────────────────────────────────────────────────────────────


def _make_home(conn: Connection, house: House) -> Kept:
    now = house.now
    context = show_works.home_page(rows.published_works(conn), collections.shown_collections(conn), now)
    return keep(_html(house, "/", "home.html", context), now.version)


@routes.get("/")
async def get_home(request: web.Request) -> web.Response:
    """All works."""
    return answer(request, await kept_page(request.app, "/"), "")


def _make_work(conn: Connection, house: House, slug: str) -> Kept:
    now, work = house.now, rows.work_by_slug(conn, slug)
    gone = _gone(work)
    if gone is not None:
        status = status_of(gone)
        context: object = error_context(gone, status, now.settings.language)
        return keep(_html(house, "", "error.html", context), now.version, status)
    path = f"/w/{slug}"
    site, inside = site_of(house, path), collections.collections_with(conn, work.id)
    context = show_works.work_page(site, work, now, NONCE, collections=inside, parcel=free_parcel(conn, work))
    return keep(page_html(site, "work.html", context), now.version)


def _gone(work: rows.WorkView) -> HeadwatersError | None:
    """Why a work has no page of its own, or None."""
    if work.state == WorkState.RETIRED:
        hint = N_("Whoever took it keeps it: their own pages work as before.")
        return NotFound(Code.WORK_RETIRED, N_("“%(title)s” is not published any more."), hint=hint, title=work.title)
    if work.state == WorkState.WITHHELD:
        return NotFound(Code.WORK_WITHHELD, N_("“%(title)s” is withheld. %(why)s"), title=work.title, why=work.note)
    return None


@routes.get("/w/{slug}")
async def get_work(request: web.Request) -> web.Response:
    """A work's page. `?from=` is a word that a creator put into a link; it goes into the forms, and visits are counted
    by it."""
    slug = request.match_info["slug"]
    kept = await kept_page(request.app, f"/w/{slug}")
    if request.method == "GET" and kept.status == 200:
        request.app[VISITS].count_page(slug, request.query, request.headers)
    return answer(request, with_origin(kept, request.query.get("from", "")), request.app[HOUSE].token())


def with_origin(kept: Kept, said: str) -> Kept:
    """A work's page whose forms say which word of a link brought its reader."""
    if not (word := read_word(said)):
        return kept
    origin = f'name="from" value="{word}"'.encode()
    return replace(kept, pieces=tuple(piece.replace(_NO_ORIGIN, origin) for piece in kept.pieces))


async def work_page(
    request: web.Request,
    slug: str,
    *,
    problem: HeadwatersError | None = None,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    """The work's page made anew, for a form that was refused: with what was typed, and why. Nobody keeps it."""
    house = request.app[HOUSE]

    def look(conn: Connection) -> tuple[rows.WorkView, tuple[collections.CollectionRow, ...], Parcel | None]:
        found = rows.work_by_slug(conn, slug)
        return found, collections.collections_with(conn, found.id), free_parcel(conn, found)

    work, inside, parcel = await house.db.read(look)
    if (gone := _gone(work)) is not None:
        raise gone
    site = site_of(house, f"/w/{slug}")
    context = show_works.work_page(site, work, house.now, house.token(), typed, problem, inside, parcel)
    status = status_of(problem) if problem else 200
    return render(request, "work.html", context, status=status, headers={**PRIVATE, **retry_headers(problem)})


# ── collections ──────────────────────────────────────────────────────────────────────────────────


def _make_collection(conn: Connection, house: House, slug: str) -> Kept:
    now, found = house.now, collections.find_collection(conn, slug)
    if found is None or found.state != collections.PUBLISHED:
        raise NotFound(Code.COLLECTION_UNKNOWN, N_("There is no such collection here (any more)."))
    context = show_works.collection_page(found, rows.works_in(conn, found.id), now)
    return keep(_html(house, f"/c/{slug}", "collection.html", context), now.version)


@routes.get("/c/{slug}")
async def get_collection(request: web.Request) -> web.Response:
    """Works that belong together."""
    slug = request.match_info["slug"]
    return answer(request, await kept_page(request.app, f"/c/{slug}"), "")


# ── the order page ───────────────────────────────────────────────────────────────────────────────


async def _shelves(request: web.Request, order: rows.OrderView) -> list[ShelfWork]:
    """The works of an order as its holders see them: read once for each version of the catalogue."""
    house, kept = request.app[HOUSE], request.app[KEPT]

    def look(conn: Connection, work_id: int) -> ShelfWork:
        work = rows.work_by_id(conn, work_id)
        parcel = None if work.state == WorkState.WITHHELD else parcel_of(conn, work_id)
        return shelf_work(work, house.now.settings.language, parcel, house.config.url, house.now.settings.formats)

    async def read(work_id: int) -> ShelfWork:
        return await house.db.read(lambda conn: look(conn, work_id))

    return [await kept.get(house, line.work_id, partial(read, line.work_id)) for line in order.lines]


async def held_order(request: web.Request, token: str) -> tuple[rows.OrderView, list[ShelfWork]]:
    """An order, and its works as their holders see them. Raises NotFound(ORDER_UNKNOWN)."""
    if not is_secret(token):
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such page."))
    order = await request.app[HOUSE].db.read(lambda conn: rows.order_by_token(conn, token))
    for line in order.lines:
        if line.key:
            request.app[DESK].expect(line.key, line.work_id)
    return order, await _shelves(request, order)


def _unsent(request: web.Request, order: rows.OrderView) -> Typed:
    """The word about a mail that did not go out, until there is an address."""
    if request.query_string != NO_MAIL or order.email is not None:
        return NOTHING_TYPED
    message = N_("There were many mails from your network just now, so none was sent to you.")
    hint = N_("Everything is on this page. Keep its address, or ask for the mail again in an hour.")
    return Typed({"email": ""}, Refused(Code.TOO_OFTEN, message, hint=hint, field="email"))


async def order_page(
    request: web.Request,
    token: str,
    *,
    problem: HeadwatersError | None = None,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    """The order page as it is now; after a form of it was refused, with what was typed, and why."""
    house = request.app[HOUSE]
    order, shelves = await held_order(request, token)
    form = Typed(typed or {}, problem) if problem else _unsent(request, order)
    html = order_html(site_of(house), order, shelves, house.now, house.clock(), house.token(), form)
    return private_page(html, status_of(problem) if problem else 200, retry_headers(problem))


@routes.get("/o/{token}.json")
async def get_order_json(request: web.Request) -> web.Response:
    """The machine twin of the order page."""
    order, shelves = await held_order(request, request.match_info["token"])
    body = msgspec.json.format(msgspec.json.encode(order_json(site_of(request.app[HOUSE]), order, shelves)), indent=2)
    return web.Response(body=body + b"\n", headers={"Content-Type": "application/json", **PRIVATE})


@routes.get("/o/{token}")
async def get_order(request: web.Request) -> web.Response:
    """The reader's own page."""
    return await order_page(request, request.match_info["token"])


# ── the shop ─────────────────────────────────────────────────────────────────────────────────────


def _make_about(_conn: Connection, house: House) -> Kept:
    settings = house.now.settings
    about = render_markdown(settings.about) if settings.about else Markup()
    context = AboutPage(about=about, imprint=settings.imprint, email=settings.contact_email)
    return keep(_html(house, "/about", "about.html", context), house.now.version)


@routes.get("/about")
async def get_about(request: web.Request) -> web.Response:
    """Who runs this shop, and how to reach them."""
    return answer(request, await kept_page(request.app, "/about"), "")


def _make_privacy(_conn: Connection, house: House) -> Kept:
    context = PrivacyPage(tills=tuple(house.now.tills), email=house.now.settings.contact_email)
    return keep(_html(house, "/privacy", "privacy.html", context), house.now.version)


@routes.get("/privacy")
async def get_privacy(request: web.Request) -> web.Response:
    """What is kept about a reader, and what is not."""
    return answer(request, await kept_page(request.app, "/privacy"), "")


_PAGES: Mapping[str, Make] = {"/": _make_home, "/about": _make_about, "/privacy": _make_privacy}
_PLACES = {"/w/": _make_work, "/c/": _make_collection}


@routes.get("/robots.txt")
async def get_robots(_request: web.Request) -> web.Response:
    """Everything public may be read by machines; what belongs to a reader may not."""
    return web.Response(text=_ROBOTS, headers={"Cache-Control": "public, max-age=86400"})


@routes.get("/healthz")
async def get_health(request: web.Request) -> web.Response:
    """200 while the database answers; 503 otherwise (errors_as_pages makes it)."""
    await request.app[HOUSE].db.read(rows.answers)
    return web.Response(text="ok\n", headers={"Cache-Control": "no-store"})
