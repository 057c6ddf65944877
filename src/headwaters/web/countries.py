"""Where a reader is, if they like to say it: a page of their order, and nothing that asks on its own."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from headwaters.actions.study import say_country
from headwaters.core.errors import Refused
from headwaters.core.study.countries import read_country
from headwaters.store import pages as rows
from headwaters.web.contexts.countries import Country, CountryPage
from headwaters.web.format import formats
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit
from headwaters.web.render import PRIVATE, render, said_problem, status_of
from headwaters.web.sales import order_of, read_form, see_other

routes = web.RouteTableDef()


async def _page(request: web.Request, token: str, refused: Refused | None = None) -> web.Response:
    house = request.app[HOUSE]
    order = await house.db.read(partial(rows.order_by_token, token=token))
    language = house.now.settings.language
    said = formats(language)
    context = CountryPage(
        address=f"/o/{token}",
        said=said.country(order.country) if order.country else "",
        countries=tuple(Country(code, name, code == order.country) for code, name in said.countries),
        problem=said_problem(refused, language) if refused else None,
    )
    status = status_of(refused) if refused else 200
    return render(request, "country.html", context, status=status, headers=PRIVATE)


@routes.get("/o/{token}/country")
async def get_country(request: web.Request) -> web.Response:
    """The list of countries: 7 KB that the order page can do without."""
    order = await order_of(request)
    return await _page(request, order.token)


@routes.post("/o/{token}/country")
async def post_country(request: web.Request) -> web.Response:
    """Say it, say another, or (empty) take it back."""
    house = request.app[HOUSE]
    limit(request, "country")
    order = await order_of(request)
    form = await read_form(request)
    try:
        country = read_country(form.get("country", ""))
    except Refused as refused:
        return await _page(request, order.token, refused)
    await house.db.write(partial(say_country, order_id=order.id, country=country))
    return see_other(f"/o/{order.token}#where")
