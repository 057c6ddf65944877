"""Orders in the Studio: find one, read its story, confirm its payment, send its link again."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from headwaters.core.errors import N_, Code, HeadwatersError, NotFound, Refused
from headwaters.core.people import Right
from headwaters.core.sales.doors import check_amount
from headwaters.core.sales.finding import Which, read_wanted
from headwaters.core.sales.states import Mode, PaymentState
from headwaters.errands import settle
from headwaters.errands.mail import reaches, send_link_again
from headwaters.store import studio as rows
from headwaters.store.db import Connection
from headwaters.store.letters import thread
from headwaters.web.contexts.studio import ConfirmForm, OrdersPage, PaymentItem, StoryPage, WorkItem
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import PER_PAGE, frame, page_number, pages, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.letters import order_id_of
from headwaters.web.studio.words import BY_HAND, order_item, payment_words, story

routes = web.RouteTableDef()

_OPEN = (PaymentState.OPEN, PaymentState.PENDING)


@routes.get("/studio/orders")
@may(Right.SELL)
async def get_orders(request: web.Request, session: Session) -> web.Response:
    """Find orders by whatever one knows of them."""
    house, said, number = request.app[HOUSE], words_of(request), page_number(request)
    find = " ".join(request.query.get("find", "").split())[:200]
    which = Which.WAITING if request.query.get("which") == Which.WAITING.value else Which.ALL
    wanted = read_wanted(find, house.now.settings.currency)

    def look(conn: Connection) -> tuple[list[rows.OrderLine], int]:
        found = rows.find_orders(conn, wanted, which, PER_PAGE, (number - 1) * PER_PAGE)
        return found, rows.count_orders(conn, wanted, which)

    lines, count = await house.db.read(look)
    waiting = which is Which.WAITING
    context = OrdersPage(
        frame=await frame(request, session, "orders"),
        find=find,
        waiting=waiting,
        count=count,
        orders=tuple(order_item(said, line) for line in lines),
        pages=pages("/studio/orders", number, count, find=find, which=which.value if waiting else ""),
    )
    return show(request, "orders", context)


@routes.get("/studio/orders/{order_id}")
@may(Right.SELL)
async def get_order(request: web.Request, session: Session) -> web.Response:
    """One order's story."""
    return await _story_page(request, session)


async def _story(request: web.Request) -> rows.OrderStory:
    order_id = order_id_of(request)
    found = await request.app[HOUSE].db.read(lambda conn: rows.order_story(conn, order_id))
    if found is None:
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
    return found


async def _story_page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)
    order = await _story(request)
    letters, may_mail = await house.db.read(
        lambda conn: (len(thread(conn, order.line.id)), reaches(house, conn, order.line.email))
    )
    about_form = error is not None and "reference" in session.form
    context = StoryPage(
        frame=await frame(request, session, "orders"),
        order=order_item(said, order.line),
        address=f"/studio/orders/{order.line.id}",
        link=f"{house.config.url}/o/{order.token}",
        may_mail=may_mail,
        works=tuple(WorkItem(work.title, f"/w/{work.slug}") for work in order.works),
        payments=tuple(_payment(said, payment) for payment in order.payments),
        story=story(said, order),
        confirm=tuple(_confirm_forms(request, said, order, session.form, error)),
        came_from=order.came_from,
        letters=letters,
        letters_href=f"/studio/letters/{order.line.id}",
        problem=None if about_form and _open_forms(order) else problem_of(request, error),
    )
    return show(request, "order", context, error)


def _payment(said: Format, payment: rows.PaymentStory) -> PaymentItem:
    refunded = sum(refund.amount.minor for refund in payment.refunds if refund.undone_at is None)
    return PaymentItem(
        reference=payment.reference,
        till=said.till(payment.till),
        state=payment_words(said, payment.state),
        amount=said.of(payment.amount),
        fee=said.of(payment.fee) if payment.fee else "",
        refunded=said.money(refunded, payment.amount.currency) if refunded else "",
        until=said.date(payment.expires_at) if payment.state in _OPEN else "",
        practice=payment.mode != Mode.LIVE.value,
    )


def _open_forms(order: rows.OrderStory) -> list[rows.PaymentStory]:
    """Payments by hand that may still come: also one that was not paid in time, as money can be late."""
    may_come = (*_OPEN, PaymentState.EXPIRED)
    return [payment for payment in order.payments if payment.till == BY_HAND and payment.state in may_come]


def _confirm_forms(
    request: web.Request,
    said: Format,
    order: rows.OrderStory,
    form: Mapping[str, str],
    error: HeadwatersError | None,
) -> list[ConfirmForm]:
    forms = []
    for payment in _open_forms(order):
        mine = form.get("reference") == payment.reference
        minor, currency = payment.amount.minor, payment.amount.currency
        typed = form.get("amount", "") if mine else said.amount(minor, currency)
        forms.append(ConfirmForm(payment.reference, currency, typed, problem_of(request, error) if mine else None))
    return forms


@routes.post("/studio/orders/{order_id}/confirm")
@may(Right.SELL)
async def post_confirm(request: web.Request, session: Session) -> web.Response:
    """The money of a payment by hand has come, as much as the field says."""
    house, form = request.app[HOUSE], session.form
    order = await _story(request)
    try:
        payment = next((each for each in order.payments if each.reference == form.get("reference")), None)
        if payment is None:
            raise NotFound(Code.PAYMENT_STATE, N_("This order has no such payment."))
        received = check_amount(form.get("amount", ""), payment.amount.currency)
        await settle.confirm(house, payment.reference, received)
    except Refused as refused:
        return await _story_page(request, session, refused)
    return go_to(f"/studio/orders/{order.line.id}?said=confirmed")


@routes.post("/studio/orders/{order_id}/mail")
@may(Right.SELL)
async def post_mail(request: web.Request, session: Session) -> web.Response:
    """Send the order page's link again, to the address that the reader gave."""
    house, order = request.app[HOUSE], await _story(request)
    try:
        sent = await send_link_again(house, order.line.id)
    except Refused as refused:
        return await _story_page(request, session, refused)
    return go_to(f"/studio/orders/{order.line.id}?said={'sent' if sent else 'sent_before'}")
