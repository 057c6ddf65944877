"""The practice till's pay page, `/practice/<session>`: only there where the shop practises."""

from __future__ import annotations

from aiohttp import web

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.sales.practice import Choice
from headwaters.core.sales.states import PaymentState
from headwaters.errands import practice
from headwaters.web.contexts.practice import PracticePayPage
from headwaters.web.format import formats
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit
from headwaters.web.render import render, said_problem, status_of
from headwaters.web.sales import read_form, see_other

routes = web.RouteTableDef()


def _page(request: web.Request, problem: Refused | None = None) -> web.Response:
    house = request.app[HOUSE]
    session = practice.page(house, request.match_info["session"])
    language = house.now.settings.language
    context = PracticePayPage(
        title=session.title,
        amount=formats(language).of(session.amount),
        action=f"/practice/{session.session_id}",
        open=session.state is PaymentState.OPEN,
        state=session.state,
        back=session.return_url,
        problem=said_problem(problem, language) if problem else None,
    )
    return render(request, "practice.html", context, status=status_of(problem) if problem else 200)


@routes.get("/practice/{session}")
async def get_practice(request: web.Request) -> web.Response:
    """The pay page."""
    return _page(request)


@routes.post("/practice/{session}")
async def post_practice(request: web.Request) -> web.Response:
    """One of its buttons."""
    limit(request, "practice")
    form = await read_form(request)
    try:
        go_to = await practice.decide(
            request.app[HOUSE], request.match_info["session"], _choice(form.get("choice", ""))
        )
    except Refused as problem:
        return _page(request, problem)
    return see_other(go_to)


def _choice(text: str) -> Choice:
    try:
        return Choice(text)
    except ValueError:
        raise Refused(Code.FORM_BROKEN, N_("Press one of the buttons.")) from None
