"""A form that carries something typed, and whose session ended elsewhere: what was typed comes back.

Put `keeping("body")` above the guard of such a handler. Without scripts too, nobody loses a letter to a sign-in page.
"""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from headwaters.core.errors import Code, Refused
from headwaters.errands import signin
from headwaters.web.contexts.studio_talk import KeptPage
from headwaters.web.keys import HOUSE
from headwaters.web.render import render
from headwaters.web.sales import read_form
from headwaters.web.studio.frame import outer_frame
from headwaters.web.studio.guard import HEADERS, SIGN_IN, Handler, check_site, cookie_secret, studio_path

UNAUTHORIZED, FORBIDDEN = 401, 403


def keeping(field: str) -> Callable[[Handler], Handler]:
    """Answer a form without its session by a page that shows `field` again, instead of the sign-in page."""

    def keep(handler: Handler) -> Handler:
        async def kept(request: web.Request) -> web.StreamResponse:
            try:
                answer = await handler(request)
            except Refused as refused:
                if refused.code != Code.FOREIGN_FORM:
                    raise
                check_site(request)  # from another site, nothing is shown
                return await _page(request, field)
            if answer.status == 303 and answer.headers["Location"].startswith(SIGN_IN):
                return await _page(request, field)
            return answer

        return kept

    return keep


async def _page(request: web.Request, field: str) -> web.Response:
    form = await read_form(request)
    secret = cookie_secret(request)
    signed_in = bool(secret) and await signin.session_of(request.app[HOUSE], secret) is not None
    back = studio_path(request.path.removesuffix("/insert"))
    context = KeptPage(
        frame=outer_frame(request),
        body=form.get(field, ""),
        next=back if signed_in else f"{SIGN_IN}?next={back}",
        signed_in=signed_in,
    )
    status = FORBIDDEN if signed_in else UNAUTHORIZED
    return render(request, "studio/kept.html", context, status=status, headers=HEADERS)
