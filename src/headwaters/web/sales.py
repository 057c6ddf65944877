"""The addresses where orders are made and money is spoken of: take, pay, come back, withdraw, hooks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import NoReturn, TypeVar

from aiohttp import web

from headwaters.actions import sales as verbs
from headwaters.core.errors import N_, Code, Limited, NotFound, Refused, Unavailable
from headwaters.core.letters import clean_address
from headwaters.core.sales.doors import check_amount, check_nonce, check_till, parse_take
from headwaters.core.shelf.keys import is_secret
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.errands.take import Taken, pay, take
from headwaters.store import sales as rows
from headwaters.web.errors import BROKEN_BODY
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit
from headwaters.web.pages import NO_MAIL, order_page, work_page
from headwaters.web.render import KEPT
from headwaters.web.security import may_lead_to

routes = web.RouteTableDef()

SEE_OTHER = 303
PATIENCE = 60.0  # seconds for the body of a form or an event: the largest at 2 KB/s

T = TypeVar("T")


def see_other(location: str) -> web.Response:
    """A 303 that no cache keeps."""
    headers = {"Location": location, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(status=SEE_OTHER, headers=headers)


def _next(house: House, taken: Taken, query: str = "") -> web.Response:
    """To the till's page, or to the order page, which has a link there; `query`: what that page is to say."""
    direct = taken.url is not None and may_lead_to(house.config, taken.url)
    return see_other(taken.url if taken.url and direct else f"/o/{taken.token}{query}")


async def _patiently(reading: Awaitable[T]) -> T:
    """What `reading` a request's body gave. Raises web.HTTPRequestTimeout where its sender stopped in the middle."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await reading
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


async def read_form(request: web.Request) -> dict[str, str]:
    """The form's text fields, the first of each name; a NUL, which no database need take, is left out.

    Raises Refused(FORM_BROKEN) for files and odd encodings.
    """
    if request.content_type not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        raise Refused(Code.FORM_BROKEN, N_("This form did not arrive as a browser sends it."))
    try:
        form = await _patiently(request.post())
        _check_text(form.items())
    except (ValueError, LookupError, RuntimeError, *BROKEN_BODY) as broken:
        raise Refused(Code.FORM_BROKEN, N_("This form did not arrive whole.")) from broken
    fields: dict[str, str] = {}
    for name, value in form.items():
        if not isinstance(value, str):
            raise Refused(Code.FORM_BROKEN, N_("This form takes no files."))
        fields.setdefault(name, value.replace("\0", ""))
    return fields


def _check_text(fields: Iterable[tuple[str, object]]) -> None:
    """Raises ValueError for what is no text: a charset that nobody uses can decode to half a character."""
    for name, value in fields:
        f"{name}{value}".encode()


def _no_such_page() -> NoReturn:
    raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such page."))


async def order_of(request: web.Request) -> rows.OrderRow:
    """The order of the address's token. Raises NotFound(ORDER_UNKNOWN)."""
    token = request.match_info["token"]
    if not is_secret(token):
        _no_such_page()
    order = await request.app[HOUSE].db.read(lambda conn: rows.order_by_token(conn, token))
    if order is None:
        _no_such_page()
    return order


async def _for_sale(request: web.Request, slug: str) -> rows.WorkForSale:
    """The work as its page offers it: read once for each version of the catalogue. Raises NotFound."""
    house = request.app[HOUSE]
    read = partial(house.db.read, partial(rows.work_for_sale, slug=slug))
    work: rows.WorkForSale = await request.app[KEPT].get(house, ("for sale", slug), read)
    return work


def _may_mail(request: web.Request) -> bool:
    """Whether another mail goes out for this visitor's network. The work is theirs either way: then without an address,
    so that their page asks for it again."""
    try:
        limit(request, "mail")
    except Limited:
        return False
    return True


@routes.post("/w/{slug}/take")
async def post_take(request: web.Request) -> web.Response:
    """Through a door. What is refused comes back as the work's page, with what was typed."""
    house = request.app[HOUSE]
    slug = request.match_info["slug"]
    limit(request, "take")
    form = await read_form(request)
    work = await _for_sale(request, slug)
    try:
        typed = form if house.mailer else {**form, "email": ""}  # what could not be used is not kept
        wish = parse_take(typed, currency=work.currency, minimum=work.minimum, doors=work.doors)
        if wish.letter:
            limit(request, "letter")
        if wish.email and not _may_mail(request):
            taken = await take(house, replace(wish, email=None), work)
            return _next(house, taken, f"?{NO_MAIL}")
        return _next(house, await take(house, wish, work))
    except (Refused, Unavailable) as problem:
        return await work_page(request, slug, problem=problem, typed=form)


@routes.post("/o/{token}/pay")
async def post_pay(request: web.Request) -> web.Response:
    """Pay later, again, or more, on an order that exists."""
    house = request.app[HOUSE]
    limit(request, "pay")
    order = await order_of(request)
    form = await read_form(request)
    try:
        titles = await house.db.read(lambda conn: rows.titles(conn, order.id))
        amount = check_amount(form.get("amount", ""), order.currency)
        title, nonce = ", ".join(titles), check_nonce(form.get("nonce", ""))
        return _next(house, await pay(house, order, title, amount, check_till(form.get("till", "")), nonce))
    except (Refused, Unavailable) as problem:
        return await order_page(request, order.token, problem=problem, typed={"amount": "", **form})


@routes.post("/o/{token}/free")
async def post_free(request: web.Request) -> web.Response:
    """Take the works of an unpaid order without paying, where that door is open."""
    house = request.app[HOUSE]
    limit(request, "take")
    order = await order_of(request)
    key, now = house.token(), house.clock()
    await house.db.write(lambda conn: verbs.take_free(conn, order.id, key, now))
    return see_other(f"/o/{order.token}")


@routes.post("/o/{token}/email")
async def post_email(request: web.Request) -> web.Response:
    """Send me the link by mail: the address is kept with the order, and one mail goes out."""
    house = request.app[HOUSE]
    order = await order_of(request)
    form = await read_form(request)
    try:
        limit(request, "mail")
        if house.mailer is None:
            raise Refused(Code.MAIL_OFF, N_("This shop sends no mail. Keep the address of this page."), field="email")
        address = clean_address(form.get("email", ""))
        if address is None:
            raise Refused(Code.EMAIL_INVALID, N_("Please write an e-mail address."), field="email")
        now = house.clock()
        await house.db.write(lambda conn: verbs.set_address(conn, order.id, address, now))
    except Refused as problem:
        problem.field = problem.field or "email"
        return await order_page(request, order.token, problem=problem, typed={"email": "", **form})
    return see_other(f"/o/{order.token}")


@routes.get("/o/{token}/back")
async def get_back(request: web.Request) -> web.Response:
    """Back from the till. The visit proves nothing: the till is asked, and the order page shows what it said."""
    order = await order_of(request)
    with suppress(Limited):  # many come back through one network: their pages are theirs, and the sweep asks later
        limit(request, "pay")
        await settle.look(request.app[HOUSE], order.id)
    return see_other(f"/o/{order.token}")


@routes.post("/o/{token}/withdraw")
async def post_withdraw(request: web.Request) -> web.Response:
    """The reader withdraws from the contract; the page then says when, and what follows."""
    house = request.app[HOUSE]
    order = await order_of(request)
    now = house.clock()
    try:
        await house.db.write(lambda conn: verbs.withdraw(conn, order.id, now))
    except Refused as problem:
        return await order_page(request, order.token, problem=problem, typed={})
    return see_other(f"/o/{order.token}")


@routes.post("/hooks/{till}")
async def post_hook(request: web.Request) -> web.Response:
    """A payment event. 200: it is durable; 400: forged or broken; 404: no such till; 503: send it again."""
    body = await _patiently(request.read())
    try:
        outcome = await settle.receive(request.app[HOUSE], request.match_info["till"], request.headers, body)
    except NotFound:
        return web.Response(status=404, text="unknown till\n")
    except Refused as refused:
        return web.Response(status=400, text=f"{refused.code}\n")
    except Unavailable as early:
        return web.Response(status=503, text=f"{early.code}\n", headers={"Retry-After": "5"})
    return web.Response(text=f"{outcome}\n")
