"""Sign in by a one-time link or the password, set a password, sign out."""

from __future__ import annotations

import asyncio

from aiohttp import web

from headwaters.core.errors import HeadwatersError, Refused
from headwaters.core.shelf.keys import is_secret
from headwaters.core.signin import SHORTEST_PASSWORD
from headwaters.errands import signin
from headwaters.web.contexts.studio import LinkPage, PasswordPage, SignInPage
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit
from headwaters.web.sales import read_form
from headwaters.web.studio.frame import frame, outer_frame, problem_of, show
from headwaters.web.studio.guard import (
    Session,
    check_site,
    cookie_secret,
    drop_cookie,
    for_creator,
    go_to,
    set_cookie,
    studio_path,
)

routes = web.RouteTableDef()

# Passwords that are looked at together: each takes 32 MB while it is, so guesses queue up and memory does not.
SLOW: web.AppKey[asyncio.Semaphore] = web.AppKey("slow", asyncio.Semaphore)


# ── by link ──────────────────────────────────────────────────────────────────────────────────────


@routes.get("/studio/in/{secret}")
async def get_link(request: web.Request) -> web.Response:
    """A page with one button. Mail programs and scanners that open links use nothing up."""
    secret = request.match_info["secret"]
    good = is_secret(secret) and await signin.link_is_good(request.app[HOUSE], secret)
    response = show(request, "link", LinkPage(outer_frame(request), good))
    response.set_status(200 if good else 410)
    return response


@routes.post("/studio/in/{secret}")
async def post_link(request: web.Request) -> web.Response:
    """The button: of two at once, one gets in."""
    check_site(request)
    try:
        found = await signin.sign_in_by_link(request.app[HOUSE], request.match_info["secret"], cookie_secret(request))
    except Refused:
        response = show(request, "link", LinkPage(outer_frame(request), good=False))
        response.set_status(410)
        return response
    response = go_to("/studio" if found.has_password else "/studio/password")
    set_cookie(request, response, found.session)
    return response


# ── by password ──────────────────────────────────────────────────────────────────────────────────


def _sign_in_page(request: web.Request, back: str, error: HeadwatersError | None = None) -> web.Response:
    return show(request, "signin", SignInPage(outer_frame(request), back, problem_of(request, error)), error)


@routes.get("/studio/signin")
async def get_sign_in(request: web.Request) -> web.Response:
    """The form; for who is signed in already, the Studio."""
    back = studio_path(request.query.get("next", ""))
    secret = cookie_secret(request)
    if secret and await signin.session_of(request.app[HOUSE], secret) is not None:
        return go_to(back)
    return _sign_in_page(request, back)


@routes.post("/studio/signin")
async def post_sign_in(request: web.Request) -> web.Response:
    """One answer for every wrong try, after the same time; few tries for each network."""
    check_site(request)
    form = await read_form(request)
    back = studio_path(form.get("next", ""))
    try:
        limit(request, "sign_in")
        async with request.app[SLOW]:
            found = await signin.sign_in(request.app[HOUSE], form.get("password", ""), cookie_secret(request))
    except Refused as refused:
        return _sign_in_page(request, back, refused)
    response = go_to(back)
    set_cookie(request, response, found.session)
    return response


# ── the password itself ──────────────────────────────────────────────────────────────────────────


async def _password_page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    house = request.app[HOUSE]
    creator = await signin.creator_of(house)
    has_password = creator is not None and creator.password is not None
    context = PasswordPage(
        frame=await frame(request, session, "password"),
        first=not has_password,
        current=has_password and not session.row.is_fresh(house.clock()),
        shortest=SHORTEST_PASSWORD,
        problem=problem_of(request, error),
    )
    return show(request, "password", context, error)


@routes.get("/studio/password")
@for_creator
async def get_password(request: web.Request, session: Session) -> web.Response:
    """Set a password, or skip it."""
    return await _password_page(request, session)


@routes.post("/studio/password")
@for_creator
async def post_password(request: web.Request, session: Session) -> web.Response:
    """Keep it, say how good it is, and sign out everywhere else."""
    form = session.form
    try:
        limit(request, "sign_in")
        async with request.app[SLOW]:
            found = await signin.set_password(
                request.app[HOUSE], session.row, session.secret, form.get("password", ""), form.get("current", "")
            )
    except Refused as refused:
        return await _password_page(request, session, refused)
    return go_to(f"/studio?said=password_{found}")


@routes.post("/studio/signout")
@for_creator
async def post_sign_out(request: web.Request, session: Session) -> web.Response:
    """End the session on both sides."""
    await signin.sign_out(request.app[HOUSE], session.secret)
    response = go_to("/studio/signin")
    drop_cookie(request, response)
    return response
