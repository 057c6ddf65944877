"""A reader's letter to the creator, and the page where all mail is refused."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from headwaters.actions.letters import write_letter
from headwaters.core.errors import N_, Code, HeadwatersError, Refused, Unavailable
from headwaters.core.letters import Author, clean_address
from headwaters.core.sales.doors import check_nonce
from headwaters.errands import mail
from headwaters.store import sales as sales_rows
from headwaters.store.db import Connection
from headwaters.web.contexts.letters import RefusePage
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit
from headwaters.web.pages import order_page
from headwaters.web.render import PRIVATE, render
from headwaters.web.sales import order_of, read_form, see_other

routes = web.RouteTableDef()


@routes.post("/o/{token}/letters")
async def post_letter(request: web.Request) -> web.Response:
    """Write to the creator. What is refused comes back as the order page, with what was typed."""
    order = await order_of(request)
    form = await read_form(request)
    try:
        limit(request, "letter")
        await _write(request, order, form)
    except (Refused, Unavailable) as problem:
        return await _again(request, order.token, problem, form)
    return see_other(f"/o/{order.token}#letters")


async def _again(request: web.Request, token: str, problem: HeadwatersError, form: Mapping[str, str]) -> web.Response:
    problem.field = problem.field or "letter"  # that is the form it is about, on a page with several
    return await order_page(request, token, problem=problem, typed={"body": "", **form})


async def _write(request: web.Request, order: sales_rows.OrderRow, form: Mapping[str, str]) -> None:
    """The letter in one transaction; an address only where the answer is wanted by mail and can be sent."""
    house = request.app[HOUSE]
    nonce = check_nonce(form.get("nonce", ""))
    wants_mail = "mail_me" in form and house.mailer is not None
    address = _address(form, order) if wants_mail else None
    ref, now = house.token()[:13], house.clock()

    def run(conn: Connection) -> None:
        if address is not None:
            sales_rows.set_email(conn, order.id, address)
        write_letter(
            conn,
            order_id=order.id,
            author=Author.READER,
            body=form.get("body", ""),
            wants_mail=wants_mail,
            nonce=nonce,
            ref=ref,
            now=now,
        )

    await house.db.write(run)


def _address(form: Mapping[str, str], order: sales_rows.OrderRow) -> str | None:
    """The new address that was typed; None where the order's own is good."""
    typed = clean_address(form.get("email", ""))
    if typed is None and order.email is None:
        raise Refused(
            Code.EMAIL_INVALID,
            N_("Where should the answer go? Write your e-mail address, or leave the tick out."),
            field="email",
        )
    return typed if typed != order.email else None


# ── no more mail ─────────────────────────────────────────────────────────────────────────────────


def _refuse_page(request: web.Request, done: RefusePage) -> web.Response:
    return render(request, "mail_refuse.html", done, headers=PRIVATE)


@routes.get("/mail/refuse/{signed}")
async def get_refuse(request: web.Request) -> web.Response:
    """The page with the button: looking changes nothing, as programs open every link in a mail."""
    house = request.app[HOUSE]
    mail.read_refusal(house, request.match_info["signed"])
    return _refuse_page(request, RefusePage(address=request.path, done=False))


@routes.post("/mail/refuse/{signed}")
async def post_refuse(request: web.Request) -> web.Response:
    """The button, or a mail program's own (RFC 8058: no cookie, no more questions)."""
    house = request.app[HOUSE]
    limit(request, "refuse")
    await mail.refuse(house, request.match_info["signed"])
    return _refuse_page(request, RefusePage(address=request.path, done=True))
