"""Who may see the Studio: the session's cookie, and for forms where they come from.

A form counts only when the browser says that it was sent from this very site (Fetch Metadata, or Origin), and when it
carries the session's token, which no other site can read. Both hold on their own.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from urllib.parse import urlsplit

from aiohttp import web

from headwaters.core.errors import N_, Code, NotFound, Refused
from headwaters.core.people import Right
from headwaters.core.shelf.keys import is_secret
from headwaters.core.signin import SESSION_LIVES, form_token, same_secret
from headwaters.errands import signin
from headwaters.errands.house import House
from headwaters.store.signin import SessionRow
from headwaters.web.keys import HOUSE
from headwaters.web.sales import read_form

SIGN_IN = "/studio/signin"
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow"}
_STUDIO_PATH = re.compile(r"/studio(?:/[A-Za-z0-9_-]+)*")
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Session:
    """Who is here: `secret` is the cookie's. `form`: the fields of a POST, checked; empty for a GET."""

    row: SessionRow
    secret: str
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def csrf(self) -> str:
        """The token that this session's forms carry."""
        return form_token(self.secret)


Page = Callable[[web.Request, Session], Awaitable[web.StreamResponse]]
ReadForm = Callable[[web.Request], Awaitable[Mapping[str, str]]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


# ── the cookie ───────────────────────────────────────────────────────────────────────────────────


def _cookie(house: House) -> str:
    """Over TLS the name's prefix makes the browser refuse one that another host or plain HTTP planted (RFC 6265bis)."""
    return "__Host-studio" if house.config.secure else "studio"


def cookie_secret(request: web.Request) -> str:
    """The session's secret that the browser sent; empty for none, or for what could not be one."""
    value = request.cookies.get(_cookie(request.app[HOUSE]), "")
    return value if is_secret(value) else ""


def set_cookie(request: web.Request, response: web.Response, secret: str) -> None:
    """Sign the browser in."""
    house = request.app[HOUSE]
    response.set_cookie(
        _cookie(house),
        secret,
        max_age=int(SESSION_LIVES.total_seconds()),
        path="/",
        secure=house.config.secure,
        httponly=True,
        samesite="Lax",  # Strict would ask who comes by a link in a notice to sign in again
    )


def drop_cookie(request: web.Request, response: web.Response) -> None:
    """Sign the browser out."""
    house = request.app[HOUSE]
    response.del_cookie(_cookie(house), path="/", secure=house.config.secure, httponly=True, samesite="Lax")


# ── where a form comes from ──────────────────────────────────────────────────────────────────────


def _same_site(request: web.Request) -> bool:
    """By Sec-Fetch-Site, which no page can set; where a browser does not send it, by Origin. A program sends neither,
    and has no cookie of somebody else to misuse."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    own = {request.host.lower(), urlsplit(request.app[HOUSE].config.url).netloc.lower()}
    return urlsplit(origin).netloc.lower() in own


def check_site(request: web.Request) -> None:
    """Raises Refused(FOREIGN_FORM) for a form that another site sent."""
    if not _same_site(request):
        raise Refused(
            Code.FOREIGN_FORM,
            N_("This form was sent from another site, so nothing was done."),
            hint=N_("Open the page in the Studio and send it from there."),
        )


def _check_token(session: Session) -> None:
    if not same_secret(session.form.get("csrf", ""), session.csrf):
        raise Refused(
            Code.FOREIGN_FORM,
            N_("This form belongs to another session, so nothing was done."),
            hint=N_("Go back, load the page again and send it once more."),
        )


# ── the guard itself ─────────────────────────────────────────────────────────────────────────────


def studio_path(text: str) -> str:
    """`text` if it is a path of the Studio and nothing else (no host, no query, no dots), else the first page."""
    return text if _STUDIO_PATH.fullmatch(text) and len(text) <= 200 else "/studio"


def go_to(path: str) -> web.Response:
    """303 within the site."""
    return web.Response(status=303, headers={"Location": path, **HEADERS})


def may(right: Right) -> Callable[[Page], Handler]:
    """Only for who is signed in and has this right. Put it where `for_creator` would stand."""

    return lambda page: for_creator(_with_right(right, page))


def may_send(right: Right, read: ReadForm) -> Callable[[Page], Handler]:
    """The same for a form that `read_form` would refuse, as there are files in it: `read` reads it."""
    return lambda page: _guarded(_with_right(right, page), read)


def _with_right(right: Right, page: Page) -> Page:
    @wraps(page)
    async def checked(request: web.Request, session: Session) -> web.StreamResponse:
        if right not in session.row.may:
            raise NotFound(Code.PAGE_UNKNOWN, N_("There is no such page, or it is not for you."))
        return await page(request, session)

    return checked


def for_creator(page: Page) -> Handler:
    """Only for who is signed in, whatever they may do; others are led to the sign-in page and back.

    Forms are checked.
    """
    return _guarded(page, read_form)


def _guarded(page: Page, read: ReadForm) -> Handler:
    @wraps(page)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.method not in _SAFE:
            check_site(request)
        secret = cookie_secret(request)
        row = await signin.session_of(request.app[HOUSE], secret) if secret else None
        if row is None:
            back = request.path if request.method in _SAFE else ""
            return go_to(f"{SIGN_IN}?next={studio_path(back)}")
        if request.method in _SAFE:
            return await page(request, Session(row, secret))
        session = Session(row, secret, await read(request))
        _check_token(session)
        return await page(request, session)

    return guarded
