"""From a typed context to bytes: pages that are made for one reader, and public ones that are kept.

A public page is rendered once for each version of the catalogue. Where it has forms, it is kept in pieces, and each
response joins them with a nonce of its own: such a page has no validator, so that no browser shows one reader's
nonce to the next at the same machine, and no shared cache keeps it.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from aiohttp import web

from headwaters.core.errors import (
    Code,
    Conflict,
    HeadwatersError,
    Limited,
    NotFound,
    Refused,
    TooLarge,
    Unavailable,
)
from headwaters.core.look import RIVER
from headwaters.core.sales.money import Money
from headwaters.core.themes import RIVER_THEME
from headwaters.errands.house import House, Now
from headwaters.errands.themes import Dress
from headwaters.texts import translations
from headwaters.web.contexts.common import Logo, Problem, Site
from headwaters.web.format import formats
from headwaters.web.keys import HOUSE
from headwaters.web.look import address_of, file_addresses, logo_address, look_address, style_address
from headwaters.web.themes import note_fault, template_of, wear, worn_template

HTML = "text/html; charset=utf-8"
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
UNPROCESSABLE = 422
NONCE = "nonce" + secrets.token_hex(12)  # stands in kept pages where each response has a nonce of its own


MOST_KEPT = 64 << 20  # bytes of public pages: two thousand of the largest
OTHER_KEPT = 4096  # bytes that a thing takes besides a page's own: a work as its form needs it, headers, a task


# ── templates ────────────────────────────────────────────────────────────────────────────────────


def page_html(site: Site, template: str, context: object, **more: object) -> str:
    """The HTML of one page, in the theme that `site` wears. A theme that fails at it never takes the page away: it is
    then made as River makes it, and the fault is remembered for the Studio."""
    if site.theme != RIVER:
        try:
            return worn_template(site.theme, site.language, template).render(site=site, page=context, **more)
        except Exception as error:
            note_fault(site.theme, template, error)
            site = as_river(site)
    return template_of(RIVER_THEME, site.language, template).render(site=site, page=context, **more)


def as_river(site: Site) -> Site:
    """The same shop without its theme."""
    return replace(
        site,
        theme=RIVER,
        style=style_address(RIVER_THEME, site.scheme),
        look=site.look.replace(f"/static/{site.theme}/", f"/static/{RIVER}/"),
        files=file_addresses(RIVER_THEME),
    )


# ── the shop around a page ───────────────────────────────────────────────────────────────────────


def site_of(house: House, path: str = "") -> Site:
    """What every page knows of the shop; `path` for a page that has a public address."""
    return _site(house.now, house.config.url, house.mailer is not None, path)


def studio_site(house: House) -> Site:
    """The same for the Studio, which wears no theme and no colour of its creator's: whatever becomes of that, they can
    take it off again, and where links are red nothing tells them from what went wrong."""
    settings = replace(house.now.settings, theme=RIVER, accent="", type="", scheme="auto")
    now = replace(house.now, settings=settings, dress=Dress())
    site = _site(now, house.config.url, house.mailer is not None, "")
    return replace(site, style=address_of("common.css"))


def dressed_site(house: House, now: Now, path: str) -> Site:
    """What a page would know of the shop if it were as `now` says: for a look that is only tried on."""
    return _site(now, house.config.url, house.mailer is not None, path)


def _site(now: Now, url: str, mail: bool, path: str) -> Site:
    settings, theme = now.settings, now.dress.theme
    said = formats(settings.language)
    name = settings.name or settings.creator or "Headwaters"
    wear(theme)
    return Site(
        name=name,
        tagline=settings.tagline,
        creator=settings.creator or name,
        language=settings.language,
        direction=said.direction,
        url=url,
        path=path,
        style=style_address(theme, settings.scheme),
        look=look_address(theme, settings.accent, settings.type, settings.scheme),
        script=address_of("pages.js"),
        icon=address_of("icon.svg"),
        logo=_logo(now),
        theme=theme.name,
        cover=settings.cover,
        scheme=settings.scheme,
        files=file_addresses(theme),
        practice="practice" in now.tills,
        mail=mail,
    )


def _logo(now: Now) -> Logo | None:
    return Logo(logo_address(now.logo), now.logo.width, now.logo.height) if now.logo else None


# ── pages for one reader ─────────────────────────────────────────────────────────────────────────


def render(
    request: web.Request, template: str, context: object, *, status: int = 200, headers: Mapping[str, str] = PRIVATE
) -> web.Response:
    """A page made for whoever asks: kept by nobody, indexed by nobody, and no other site hears its address."""
    house = request.app[HOUSE]
    site = studio_site(house) if template.startswith("studio/") else site_of(house)
    html = page_html(site, template, context)
    return web.Response(body=html.encode(), status=status, headers={"Content-Type": HTML, **headers})


def private_page(html: str, status: int, headers: Mapping[str, str]) -> web.Response:
    """As `render`, of HTML that is there already; `headers` besides those of a private page."""
    return web.Response(body=html.encode(), status=status, headers={"Content-Type": HTML, **PRIVATE, **headers})


def status_of(error: HeadwatersError) -> int:
    """HTTP's number for an error, as docs/develop/errors.md lists it."""
    if error.code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[error.code]
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status
    return 500


_STATUS_OF_CODE = {
    Code.WORK_RETIRED: 410,
    Code.WORK_WITHHELD: 451,
    Code.SIGN_IN_SPENT: 410,
    Code.LOST_SPENT: 410,
    Code.FOREIGN_FORM: 403,
    Code.SIGN_IN_NEEDED: 401,
    Code.UPLOAD_BUSY: 423,
    Code.UPLOAD_DAMAGED: 460,  # tus 1.0, checksum
}
_STATUSES: tuple[tuple[type[HeadwatersError], int], ...] = (
    (Limited, 429),
    (TooLarge, 413),
    (Conflict, 409),
    (NotFound, 404),
    (Refused, UNPROCESSABLE),
    (Unavailable, 503),
)


def retry_headers(error: HeadwatersError | None) -> dict[str, str]:
    """When it is worth trying again, where that is known."""
    if isinstance(error, Limited):
        return {"Retry-After": str(error.retry_after)}
    return {"Retry-After": str(_RETRY.get(error.code, SOON))} if isinstance(error, Unavailable) else {}


SOON = 10  # seconds, for what does not answer just now
# What somebody has to put right takes longer.
_RETRY = {Code.BLOB_CHANGED: 3600, Code.BLOB_MISSING: 600, Code.STORAGE_DOWN: 60}


def said_problem(error: HeadwatersError, language: str) -> Problem:
    """What `error` says, in the page's language and with its money."""
    said, catalogue = formats(language), translations(language)
    values = {name: said.of(value) if isinstance(value, Money) else value for name, value in error.values.items()}

    def fill(message: str) -> str:
        text = catalogue.gettext(message) if message else ""
        return text % values if values else text

    return Problem(fill(error.message), fill(error.hint), error.field, error.code)


# ── public pages ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Kept:
    """A public page as bytes. Several `pieces` are joined by a nonce; one alone has an `etag`."""

    pieces: tuple[bytes, ...]
    etag: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes, but for its nonces."""
        return sum(map(len, self.pieces))


def keep(html: str, version: int, status: int = 200) -> Kept:
    """Cut `html` at its nonces, and say how it may be kept."""
    body = html.encode()
    pieces = tuple(body.split(NONCE.encode()))
    headers = {"Content-Type": HTML}
    if len(pieces) > 1:
        headers["Cache-Control"] = "private, no-cache"
        return Kept(pieces, "", status, headers)
    etag = f'W/"{version}-{hashlib.sha256(body).hexdigest()[:16]}"'
    headers |= {"Cache-Control": "no-cache", "ETag": etag}
    return Kept(pieces, etag, status, headers)


def answer(request: web.Request, kept: Kept, nonce: str) -> web.Response:
    """The response of a kept page, or 304 where the browser has it already."""
    if is_fresh(kept, request.headers):
        return web.Response(status=304, headers=headers_of_fresh(kept))
    body = nonce.encode().join(kept.pieces)
    return web.Response(body=body, status=kept.status, headers=kept.headers)


def is_fresh(kept: Kept, asked: Mapping[str, str]) -> bool:
    """Whether the browser that asks with these headers has the page already."""
    return bool(kept.etag) and kept.etag in asked.get("if-none-match", "")


def headers_of_fresh(kept: Kept) -> dict[str, str]:
    """What is said of a page that the browser has."""
    return {name: kept.headers[name] for name in ("Cache-Control", "ETag")}


class KeptPages:
    """The public pages of one version of the catalogue, and whatever else is read once for each version. What nobody
    asked for longest goes where they are too many: a book's pages in a shop of many books."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        """`most`: bytes."""
        self._most = most
        self._seen: object = None
        self._things: OrderedDict[Any, asyncio.Task[Any]] = OrderedDict()
        self._weights: dict[Any, int] = {}  # bytes of those that are made
        self._bytes = 0

    def at_hand(self, house: House, key: object) -> Any:
        """What `get` would give at once; None where it has to be made first."""
        task = self._things.get(key) if house.now.key == self._seen else None
        if task is None or not task.done() or _failed(task):
            return None
        self._things.move_to_end(key)
        return task.result()

    async def get(self, house: House, key: object, make: Callable[[], Awaitable[Any]]) -> Any:
        """What `make` gave for this version. Many who ask at once wait for one; what failed is tried again."""
        seen = house.now.key
        if seen != self._seen:
            self._seen, self._things, self._weights, self._bytes = seen, OrderedDict(), {}, 0
        things = self._things
        task = things.get(key)
        if task is None:
            task = things[key] = asyncio.ensure_future(_run(make))
            task.add_done_callback(partial(self._came, things, key))
        else:
            things.move_to_end(key)
        return task.result() if task.done() else await asyncio.shield(task)

    def _came(self, things: OrderedDict[Any, asyncio.Task[Any]], key: object, done: asyncio.Task[Any]) -> None:
        if things.get(key) is not done:
            return  # it went while it was made
        if _failed(done):
            del things[key]
        elif things is self._things:
            self._weights[key] = weight = _weight(done.result())
            self._bytes += weight
            while self._bytes > self._most and len(things) > 1:
                oldest, _ = things.popitem(last=False)
                self._bytes -= self._weights.pop(oldest, 0)


def _weight(made: object) -> int:
    """About how many bytes it takes."""
    return OTHER_KEPT + (made.size if isinstance(made, Kept) else 0)


async def _run(make: Callable[[], Awaitable[Any]]) -> Any:
    return await make()


def _failed(done: asyncio.Task[Any]) -> bool:
    return done.cancelled() or done.exception() is not None


KEPT: web.AppKey[KeptPages] = web.AppKey("kept", KeptPages)
