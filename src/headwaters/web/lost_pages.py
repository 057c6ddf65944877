"""Lost your link? `/lost` asks, `/lost/<secret>` is where the mail leads, `/lost/payment` finds by a payment.

Every answer is the same for an address that is known and one that is not, and for whatever does not fit of a payment.
Looking at a link does not use it up, as programs open every link in a mail: the button does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web

from headwaters.core.clock import from_micros
from headwaters.core.errors import HeadwatersError, Refused
from headwaters.core.letters import same_mailbox
from headwaters.core.sales.slips import named_payment
from headwaters.core.shelf.keys import is_secret
from headwaters.core.shelf.lost import FoundOrder
from headwaters.errands import lost
from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.lost import LostFoundPage, LostLinkPage, LostOrder, LostPage, LostSentPage
from headwaters.web.format import Format, formats
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit, limit_name
from headwaters.web.render import PRIVATE, render, retry_headers, said_problem, status_of
from headwaters.web.sales import read_form, see_other

routes = web.RouteTableDef()

_SLIP = ("reference", "amount", "day")


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


def _page(
    request: web.Request, typed: Mapping[str, str], error: HeadwatersError | None = None, form: str = ""
) -> web.Response:
    """`form`: which of the two was refused, by `error`: email or payment."""
    house = request.app[HOUSE]
    problem: Problem | None = said_problem(error, house.now.settings.language) if error else None
    context = LostPage(
        mail=house.mailer is not None,
        email=typed.get("email", ""),
        email_problem=problem if form == "email" else None,
        reference=typed.get("reference", ""),
        amount=typed.get("amount", ""),
        day=typed.get("day", ""),
        payment_problem=problem if form == "payment" else None,
        write_to=house.now.settings.contact_email,
    )
    status = status_of(error) if error else 200
    return render(request, "lost.html", context, status=status, headers={**PRIVATE, **retry_headers(error)})


@routes.get("/lost")
async def get_lost(request: web.Request) -> web.Response:
    """The two forms."""
    return _page(request, {})


@routes.post("/lost")
async def post_lost(request: web.Request) -> web.Response:
    """By the address. The same answer, whether any order has it."""
    form = await read_form(request)
    try:
        limit(request, "lost")
        address = lost.read_address(form.get("email", ""))
        limit_name(request, "lost address", same_mailbox(address))
        limit_name(request, "lost all", "")
        await lost.ask(request.app[HOUSE], address)
    except Refused as refused:
        return _page(request, form, refused, "email")
    return see_other("/lost/sent")


@routes.get("/lost/sent")
async def get_sent(request: web.Request) -> web.Response:
    """What happens next."""
    context = LostSentPage(lost.MINUTES, request.app[HOUSE].now.settings.contact_email)
    return render(request, "lost_sent.html", context)


# ── by a payment ─────────────────────────────────────────────────────────────────────────────────


@routes.post("/lost/payment")
async def post_payment(request: web.Request) -> web.Response:
    """By the reference, the amount and the day of a payment."""
    form = await read_form(request)
    try:
        limit(request, "slip")
        limit_name(request, "slip reference", named_payment(form.get("reference", "")))
        limit_name(request, "slip all", "")
        found = await lost.find_by_payment(request.app[HOUSE], *(form.get(name, "") for name in _SLIP))
    except Refused as refused:
        return _page(request, form, refused, "payment")
    return _found(request, found)


# ── the link of the mail ─────────────────────────────────────────────────────────────────────────


def _secret_of(request: web.Request) -> str:
    """Raises Refused(LOST_SPENT): what is no secret of ours was none at any time."""
    secret = request.match_info["secret"]
    if not is_secret(secret):
        raise lost.link_spent()
    return secret


@routes.get("/lost/{secret}")
async def get_link(request: web.Request) -> web.Response:
    """The page with the button."""
    if not await lost.link_is_good(request.app[HOUSE], _secret_of(request)):
        raise lost.link_spent()
    return render(request, "lost_link.html", LostLinkPage(request.path))


@routes.post("/lost/{secret}")
async def post_link(request: web.Request) -> web.Response:
    """Use the link up: the list is shown this once."""
    limit(request, "lost link")
    return _found(request, await lost.open_list(request.app[HOUSE], _secret_of(request)))


def _found(request: web.Request, orders: Sequence[FoundOrder]) -> web.Response:
    house = request.app[HOUSE]
    said = formats(house.now.settings.language)
    context = LostFoundPage(tuple(_order(house.config.url, order, said) for order in orders))
    return render(request, "lost_found.html", context)


def _order(url: str, order: FoundOrder, said: Format) -> LostOrder:
    moment = from_micros(order.created_at)
    path = f"/o/{order.token}"
    return LostOrder(
        path=path,
        link=url + path,
        title=", ".join(title for _, title in order.works),
        state=order.state.value,
        withdrawn=order.withdrawn_at is not None,
        date=said.date(moment),
        day=moment.date().isoformat(),
    )
