"""Where the shop lives: the address of now, the way to a name of one's own, and whether that leads here yet."""

from __future__ import annotations

import os

from aiohttp import web

from headwaters.config import PREFIX
from headwaters.core.address import PROOF_PATH, Place, caddyfile, in_brackets, is_public, place_of
from headwaters.core.errors import N_, Code, HeadwatersError, NotFound, Refused
from headwaters.core.people import Right
from headwaters.core.shelf.keys import is_secret
from headwaters.errands import address
from headwaters.errands.house import House
from headwaters.texts import error_text, hint_text
from headwaters.web.contexts.studio_look import AddressPage, Check, Record
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may

routes = web.RouteTableDef()


@routes.get(PROOF_PATH)
async def get_proof(request: web.Request) -> web.Response:
    """Says that this shop is here to whoever brings a nonce: it is how the shop finds itself by a new name."""
    nonce = request.query.get("nonce", "")
    if not is_secret(nonce):
        raise NotFound(Code.PAGE_UNKNOWN, N_("There is no such page."))
    return web.json_response(address.answer_of(request.app[HOUSE], nonce), headers={"Cache-Control": "no-store"})


async def _page(
    request: web.Request,
    session: Session,
    *,
    typed: str | None = None,
    error: HeadwatersError | None = None,
    tried: tuple[address.Tried, ...] = (),
) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)
    now = place_of(house.config.url)
    noted = house.now.settings.next_address
    to = noted if noted != house.config.url else ""
    goal = place_of(to or house.config.url)
    context = AddressPage(
        frame=await frame(request, session, "shop"),
        url=house.config.url,
        secure=house.config.secure,
        local=not (now.is_name or is_public(now.host)),
        typed=to if typed is None else typed,
        next=to,
        problem=problem_of(request, error),
        records=_records(said, goal) if to and goal.is_name else (),
        caddyfile=caddyfile(goal, now, _upstream(house)) if goal.is_name else "",
        line=f'url = "{goal.url}"',
        command=f"headwaters address {goal.url}",
        check=tuple(dict.fromkeys(_check(said, one) for one in tried)),  # with and without TLS they often say the same
        reached=bool(tried) and tried[0].error is None and tried[0].url.startswith("https://"),
        lacks_proxies=not house.config.proxies,
        from_environment=f"{PREFIX}URL" in os.environ,
    )
    return show(request, "address", context, error)


def _upstream(house: House) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(house.config.host, house.config.host)  # noqa: S104
    return f"{in_brackets(host)}:{house.config.port}"


def _records(said: Format, place: Place) -> tuple[Record, ...]:
    four = said.gettext(N_("the IPv4 address of this machine, such as 203.0.113.7"))
    six = said.gettext(N_("its IPv6 address, if it has one, such as 2001:db8::7"))
    name = "@" if place.is_top else place.host.split(".")[0]
    return Record("A", name, four), Record("AAAA", name, six)


def _check(said: Format, tried: address.Tried) -> Check:
    if tried.error is not None:
        return Check(False, error_text(tried.error, said.language), hint_text(tried.error, said.language))
    safe = tried.url.startswith("https://")
    message = N_("%(url)s leads here, encrypted.") if safe else N_("%(url)s leads here.")
    return Check(True, said.gettext(message) % {"url": tried.url}, "")


@routes.get("/studio/address")
@may(Right.LOOK)
async def get_address(request: web.Request, session: Session) -> web.Response:
    """The address of now, and the way to another."""
    return await _page(request, session)


@routes.post("/studio/address")
@may(Right.LOOK)
async def post_address(request: web.Request, session: Session) -> web.Response:
    """Note the name that the shop is to move to; nothing changes for readers yet."""
    typed = session.form.get("address", "")
    try:
        url = await address.note_next(request.app[HOUSE], typed, session.row.creator_id)
    except Refused as refused:
        return await _page(request, session, typed=typed, error=refused)
    return go_to(f"/studio/address?said=address_{'noted' if url else 'forgotten'}")


@routes.post("/studio/address/check")
@may(Right.LOOK)
async def post_check(request: web.Request, session: Session) -> web.Response:
    """Ask this very shop by that name."""
    house = request.app[HOUSE]
    try:
        limit(request, "address")
        tried = await address.check(house, house.now.settings.next_address or house.config.url)
    except Refused as refused:
        return await _page(request, session, error=refused)
    return await _page(request, session, tried=tried)
