"""Sign in by a one-time link, a passkey or a password; sign out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web

from headwaters.core.errors import HeadwatersError, Refused
from headwaters.core.people import name_key
from headwaters.core.shelf.keys import is_secret
from headwaters.errands import passkeys, signin
from headwaters.errands.signin import SignedIn
from headwaters.store.passkeys import count_passkeys
from headwaters.web.contexts.studio import LinkPage, PasskeyHelp, SignInPage
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit, limit_name
from headwaters.web.look import address_of
from headwaters.web.sales import read_form
from headwaters.web.studio.frame import outer_frame, problem_of, show
from headwaters.web.studio.guard import (
    Session,
    Turned,
    check_site,
    cookie_secret,
    drop_cookie,
    for_creator,
    go_to,
    set_cookie,
    studio_path,
)
from headwaters.web.studio.kept import Kept, read_kept, send_again

routes = web.RouteTableDef()

# Passwords that are looked at together: each takes 32 MB while it is, so guesses queue up and memory does not.
SLOW: web.AppKey[asyncio.Semaphore] = web.AppKey("slow", asyncio.Semaphore)
JSON = {"Content-Type": "application/json"}


# ── by link ──────────────────────────────────────────────────────────────────────────────────────


@routes.get("/studio/in/{secret}")
async def get_link(request: web.Request) -> web.Response:
    """A page with one button. Mail programs and scanners that open links use nothing up."""
    secret = request.match_info["secret"]
    owner = await signin.link_owner(request.app[HOUSE], secret) if is_secret(secret) else None
    return _link_page(request, None if owner is None else owner.name)


def _link_page(request: web.Request, name: str | None) -> web.Response:
    response = show(request, "link", LinkPage(outer_frame(request), good=name is not None, name=name or ""))
    response.set_status(410 if name is None else 200)
    return response


@routes.post("/studio/in/{secret}")
async def post_link(request: web.Request) -> web.Response:
    """The button: of two at once, one gets in. Who has no key yet is offered one."""
    check_site(request)
    try:
        found = await signin.sign_in_by_link(request.app[HOUSE], request.match_info["secret"], cookie_secret(request))
    except Refused:
        return _link_page(request, None)
    response = go_to("/studio" if found.has_key else "/studio/password")
    set_cookie(request, response, found.session)
    return response


# ── by passkey or password ───────────────────────────────────────────────────────────────────────


def passkey_help(request: web.Request) -> PasskeyHelp:
    """Whether passkeys work where this page is open, or where they would."""
    port = request.app[HOUSE].passkeys
    script = address_of("passkeys.js")
    if port is None:
        return PasskeyHelp(works=False, elsewhere="", script=script)
    here = port.site.origin.partition("://")[2] == request.host.lower()
    return PasskeyHelp(here, "" if here else port.site.origin + request.path, script)


async def sign_in_page(
    request: web.Request,
    back: str,
    *,
    name: str = "",
    turned: Turned | None = None,
    kept: Kept | None = None,
    error: HeadwatersError | None = None,
) -> web.Response:
    """The page to sign in; with a form that was turned away, where one was."""
    house = request.app[HOUSE]
    context = SignInPage(
        frame=outer_frame(request),
        next=back,
        ask_name=await signin.several(house),
        name=name,
        passkeys=bool(await house.db.read(count_passkeys)),
        help=passkey_help(request),
        turned=turned.value if turned else "",
        kept=kept.to_text() if kept else "",
        texts=kept.texts(request) if kept else (),
        problem=problem_of(request, error),
    )
    return show(request, "signin", context, error)


@routes.get("/studio/signin")
async def get_sign_in(request: web.Request) -> web.Response:
    """The form; for who is signed in already, the Studio, unless they have to prove it once more."""
    back = studio_path(request.query.get("next", ""))
    secret = cookie_secret(request)
    if secret and await signin.session_of(request.app[HOUSE], secret) is not None:
        if "again" not in request.query:
            return go_to(back)
        return await sign_in_page(request, back, turned=Turned.ONCE_MORE)
    return await sign_in_page(request, back)


@routes.post("/studio/signin/passkey.json")
async def post_passkey_options(request: web.Request) -> web.Response:
    """What the browser needs to ask for a passkey, with a challenge that is good once, for a few minutes."""
    check_site(request)
    limit(request, "passkey")
    return web.Response(text=await passkeys.ask_to_sign_in(request.app[HOUSE]), headers=JSON)


@routes.post("/studio/signin")
async def post_sign_in(request: web.Request) -> web.Response:
    """One answer for every wrong try, after the same time; few tries for each network, and for each name."""
    check_site(request)
    form = await read_form(request)
    back, kept = studio_path(form.get("next", "")), read_kept(form.get("kept", ""))
    try:
        found = await _sign_in(request, form)
    except Refused as refused:
        turned = Turned.SIGNED_OUT if kept else None
        name = form.get("username", "")
        return await sign_in_page(request, back, name=name, turned=turned, kept=kept, error=refused)
    response = await _behind_the_door(request, found, kept, back)
    set_cookie(request, response, found.session)
    return response


async def _sign_in(request: web.Request, form: Mapping[str, str]) -> SignedIn:
    house, old = request.app[HOUSE], cookie_secret(request)
    if credential := form.get("credential", ""):
        limit(request, "passkey")
        return await passkeys.sign_in(house, credential, old)
    name = form.get("username", "")[:200]
    limit(request, "sign_in")
    limit_name(request, "account", name_key(name) if await signin.several(house) else "")
    async with request.app[SLOW]:
        return await signin.sign_in(house, form.get("password", ""), old, name)


async def _behind_the_door(request: web.Request, found: SignedIn, kept: Kept | None, back: str) -> web.Response:
    """Where they wanted to go, or the form that they had sent."""
    row = await signin.session_of(request.app[HOUSE], found.session) if kept else None
    if kept is None or row is None:
        return go_to(back)
    return await send_again(request, Session(row, found.session), kept)


@routes.post("/studio/signout")
@for_creator
async def post_sign_out(request: web.Request, session: Session) -> web.Response:
    """End the session on both sides."""
    await signin.sign_out(request.app[HOUSE], session.secret)
    response = go_to("/studio/signin")
    drop_cookie(request, response)
    return response
