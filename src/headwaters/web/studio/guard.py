"""Who may see the Studio: the session's cookie, and for forms where they come from.

A form counts only when the browser says that it was sent from this very site (Fetch Metadata, or Origin), and when it
carries the session's token, which no other site can read. Both hold on their own.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import wraps
from urllib.parse import urlsplit

from aiohttp import web

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.people import Right, not_yours
from headwaters.core.shelf.keys import is_secret
from headwaters.core.signin import FORM_FRESH, SESSION_FRESH, SESSION_LIVES, form_token, same_secret
from headwaters.errands import signin
from headwaters.errands.house import House
from headwaters.store.signin import SessionRow
from headwaters.web.keys import HOUSE
from headwaters.web.sales import read_form

SIGN_IN = "/studio/signin"
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow"}
_STUDIO_PATH = re.compile(r"/studio(?:/[A-Za-z0-9_-]+)*")
_SAFE = frozenset({"GET", "HEAD"})
LONG_FORM = 32 << 20  # bytes: more than what is kept, so that what is too long is refused in words and not lost
STRANGERS_FORM = (
    2 << 20
)  # bytes of one whose session is over: all that a work's words may have, and no machine's memory
_LARGEST = "largest_form"


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


class Turned(StrEnum):
    """Why a form was turned away at the door."""

    SIGNED_OUT = "signed_out"  # the session is over
    OTHER_SESSION = "other_session"  # its page is of another session than the browser has now
    ONCE_MORE = "once_more"  # what it does takes somebody who proved just now who they are


# How a form is turned away, so that nothing is lost that was typed into it (web.studio.kept), and whose session it is.
Doorkeeper = Callable[[web.Request, Turned, Mapping[str, str], Session | None], Awaitable[web.StreamResponse]]
DOORKEEPER: web.AppKey[Doorkeeper] = web.AppKey("doorkeeper", Callable)  # type: ignore[arg-type]

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


def surely_same_site(request: web.Request) -> bool:
    """Whether the browser says itself that this site sent the form; an old one says nothing."""
    return _same_site(request) and ("Sec-Fetch-Site" in request.headers or "Origin" in request.headers)


def _same_site(request: web.Request) -> bool:
    """By Sec-Fetch-Site, which no page can set; where a browser does not send it, by Origin. A program sends neither,
    and has no cookie of somebody else to misuse."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    own = {request.host.lower(), urlsplit(request.app[HOUSE].config.url).netloc.lower()}
    try:
        return urlsplit(origin).netloc.lower() in own
    except ValueError:  # brackets that do not close
        return False


def check_site(request: web.Request) -> None:
    """Raises Refused(FOREIGN_FORM) for a form that another site sent."""
    if not _same_site(request):
        raise Refused(
            Code.FOREIGN_FORM,
            N_("This form was sent from another site, so nothing was done."),
            hint=N_("Open the page in the Studio and send it from there."),
        )


def _token_fits(session: Session) -> bool:
    return same_secret(session.form.get("csrf", ""), session.csrf)


async def _typed(request: web.Request, read: ReadForm) -> Mapping[str, str]:
    """The fields of a form that nobody will carry out; none of what is no form."""
    try:
        return await read(request)
    except Refused:
        return {}


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
            raise not_yours()
        return await page(request, session)

    return checked


def takes(size: int) -> Callable[[Page], Page]:
    """This page's forms may have `size` bytes: whoever is signed in may write at length. Put it below `may`."""

    def mark(page: Page) -> Page:
        setattr(page, _LARGEST, size)
        return page

    return mark


def for_creator(page: Page) -> Handler:
    """Only for who is signed in, whatever they may do; others are led to the sign-in page and back.

    Forms are checked. One that came too late (the session is over, or another one) is handed back with what was typed.
    """
    return _guarded(page, read_form)


def _guarded(page: Page, read: ReadForm) -> Handler:
    @wraps(page)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.method not in _SAFE:
            check_site(request)
        secret = cookie_secret(request)
        row = await signin.session_of(request.app[HOUSE], secret) if secret else None
        if request.method not in _SAFE and (largest := getattr(page, _LARGEST, 0)):
            request = request.clone(client_max_size=largest if row else min(largest, STRANGERS_FORM))
        if row is None:
            if request.method in _SAFE:
                return go_to(f"{SIGN_IN}?next={studio_path(request.path)}")
            return await request.app[DOORKEEPER](request, Turned.SIGNED_OUT, await _typed(request, read), None)
        if request.method in _SAFE:
            return await page(request, Session(row, secret))
        session = Session(row, secret, await read(request))
        if not _token_fits(session):
            return await request.app[DOORKEEPER](request, Turned.OTHER_SESSION, session.form, session)
        return await page(request, session)

    return guarded


def lately(page: Page) -> Page:
    """Only for who proved a little while ago who they are: what it does gives somebody a way in. A form that was opened
    in time may be sent a little later. Put it between `may` and the page."""

    @wraps(page)
    async def checked(request: web.Request, session: Session) -> web.StreamResponse:
        fresh: timedelta = SESSION_FRESH if request.method in _SAFE else FORM_FRESH
        if session.row.is_fresh(request.app[HOUSE].clock(), fresh):
            return await page(request, session)
        if request.method in _SAFE:
            return go_to(f"{SIGN_IN}?again=1&next={studio_path(request.path)}")
        return await request.app[DOORKEEPER](request, Turned.ONCE_MORE, session.form, session)

    return checked
