"""Who turns forms away at the Studio's door, and hands them back (web.studio.kept)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from aiohttp import web

from headwaters.core.errors import N_, Code, Refused
from headwaters.errands import signin
from headwaters.web.keys import HOUSE
from headwaters.web.sales import read_form
from headwaters.web.studio.guard import DOORKEEPER, Session, Turned, check_site, cookie_secret, go_to, studio_path
from headwaters.web.studio.kept import keep, read_kept, send_again
from headwaters.web.studio.signin import sign_in_page

routes = web.RouteTableDef()


async def turn_away(
    request: web.Request, why: Turned, fields: Mapping[str, str], session: Session | None
) -> web.StreamResponse:
    """The doorkeeper: hand the form back."""
    if request.path.endswith(".json"):
        _say_so()
    kept = keep(request, fields)
    if studio_path(kept.path) != kept.path:
        return go_to("/studio/signin")
    if why is Turned.OTHER_SESSION and session is not None:
        return await send_again(request, session, kept, 403)
    response = await sign_in_page(request, kept.page, turned=why, kept=kept)
    response.set_status(401)
    response.headers["WWW-Authenticate"] = 'Cookie form-action="/studio/signin"'
    return response


def _say_so() -> NoReturn:
    raise Refused(Code.SIGN_IN_NEEDED, N_("You were signed out, so nothing was done. Please load the page again."))


@routes.post("/studio/kept")
async def post_kept(request: web.Request) -> web.StreamResponse:
    """Somebody signed in in another tab, and comes back to the form here. Shows it; does nothing."""
    check_site(request)
    secret = cookie_secret(request)
    row = await signin.session_of(request.app[HOUSE], secret) if secret else None
    kept = read_kept((await read_form(request)).get("kept", ""))
    if kept is None:
        return go_to("/studio")
    if row is not None:
        return await send_again(request, Session(row, secret), kept)
    return await sign_in_page(request, kept.page, turned=Turned.SIGNED_OUT, kept=kept)


def add_to(app: web.Application) -> None:
    """Put the doorkeeper at the door."""
    app.add_routes(routes)
    app[DOORKEEPER] = turn_away
