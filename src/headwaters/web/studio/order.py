"""One order in the Studio: its story, and what the creator can do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, Code, HeadwatersError, NotFound, Refused, Unavailable
from headwaters.core.people import Right
from headwaters.core.sales.doors import check_amount, check_nonce
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Mode, PaymentState
from headwaters.errands import late, orders, settle
from headwaters.errands.mail import reaches, send_link_again
from headwaters.store import ledger
from headwaters.store import orders as order_rows
from headwaters.store import studio as rows
from headwaters.store.counts import downloads_of
from headwaters.store.db import Connection
from headwaters.web.contexts.studio import (
    ConfirmForm,
    DownloadsItem,
    LedgerItem,
    PaymentItem,
    ReaderForms,
    RefundForm,
    StoryPage,
    WorkItem,
)
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.letters import order_id_of
from headwaters.web.studio.story import Besides, story
from headwaters.web.studio.words import BY_HAND, moment, order_item, payment_words

routes = web.RouteTableDef()

_OPEN = (PaymentState.OPEN, PaymentState.PENDING)
_KINDS = {"payment": N_("Payment"), "fee": N_("The till’s fee"), "refund": N_("Went back")}
_UNDONE = N_("Came back again")
_MOST_LINES = 200  # of the ledger, on one order
_DASHBOARD = "https://dashboard.stripe.com"


# ── what is read ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Seen:
    order: rows.OrderStory
    note: str
    besides: Besides
    downloads: list[tuple[int, int]]
    ledger: list[ledger.LedgerLine]
    may_mail: bool


async def _seen(request: web.Request) -> _Seen:
    """Everything about the order of the address. Raises NotFound(ORDER_UNKNOWN)."""
    house, order_id = request.app[HOUSE], order_id_of(request)

    def look(conn: Connection) -> _Seen:
        order = rows.order_story(conn, order_id)
        if order is None:
            raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
        besides = Besides(
            order_rows.mails_of(conn, order_id),
            order_rows.letters_of(conn, order_id),
            order_rows.editions_since(conn, order_id),
        )
        return _Seen(
            order=order,
            note=order_rows.note_of(conn, order_id),
            besides=besides,
            downloads=downloads_of(conn, order_id),
            ledger=ledger.ledger_lines(conn, 0, _MOST_LINES, order_id),
            may_mail=reaches(house, conn, order.line.email),
        )

    return await house.db.read(look)


# ── the page ─────────────────────────────────────────────────────────────────────────────────────


@routes.get("/studio/orders/{order_id}")
@may(Right.SELL)
async def get_order(request: web.Request, session: Session) -> web.Response:
    """One order's story."""
    return await _page(request, session)


async def _page(
    request: web.Request, session: Session, sent: str = "", error: HeadwatersError | None = None
) -> web.Response:
    """`sent`: which of its forms was refused, by `error`."""
    house, said = request.app[HOUSE], words_of(request)
    seen = await _seen(request)
    order, form = seen.order, session.form
    payments = tuple(_payment(request, said, payment, form, sent, error) for payment in order.payments)
    confirm = tuple(_confirm_forms(request, said, order, form, sent, error))
    shown = any(each.problem for each in confirm) or any(each.refund and each.refund.problem for each in payments)
    context = StoryPage(
        frame=await frame(request, session, "orders"),
        order=order_item(said, order.line),
        address=f"/studio/orders/{order.line.id}",
        link=f"{house.config.url}/o/{order.token}",
        may_mail=seen.may_mail,
        may_look=any(late.can_look(house, payment.till) for payment in order.payments),
        works=tuple(WorkItem(work.title, f"/w/{work.slug}") for work in order.works),
        payments=payments,
        story=story(said, order, seen.besides),
        confirm=confirm,
        came_from=order.came_from,
        letters=len(seen.besides.letters),
        letters_href=f"/studio/letters/{order.line.id}",
        downloads=tuple(_downloads(said, day, count) for day, count in seen.downloads),
        downloads_in_all=sum(count for _, count in seen.downloads),
        ledger=tuple(_ledger_item(said, line) for line in seen.ledger),
        forms=_reader_forms(request, seen, form, sent, error),
        problem=None if shown or sent in {"email", "note"} else problem_of(request, error),
    )
    return show(request, "order", context, error)


def _downloads(said: Format, day: int, count: int) -> DownloadsItem:
    when = date(1970, 1, 1) + timedelta(days=day)
    return DownloadsItem(said.date(from_micros(0).replace(year=when.year, month=when.month, day=when.day)), count)


def _ledger_item(said: Format, line: ledger.LedgerLine) -> LedgerItem:
    words = _UNDONE if line.key.startswith("undone:") else _KINDS.get(line.kind, line.kind)
    sign = "+" if line.amount.minor > 0 else "−"
    amount = said.money(abs(line.amount.minor), line.amount.currency)
    return LedgerItem(moment(said, from_micros(line.at)), said.gettext(words), f"{sign}{amount}", line.key)


def _reader_forms(
    request: web.Request, seen: _Seen, form: Mapping[str, str], sent: str, error: HeadwatersError | None
) -> ReaderForms:
    email, problem = seen.order.line.email or "", problem_of(request, error)
    return ReaderForms(
        email=form.get("email", email) if sent == "email" else email,
        email_was=email,
        email_problem=problem if sent == "email" else None,
        note=form.get("note", seen.note) if sent == "note" else seen.note,
        note_was=seen.note,
        note_problem=problem if sent == "note" else None,
    )


# ── payments ─────────────────────────────────────────────────────────────────────────────────────


def _payment(
    request: web.Request,
    said: Format,
    payment: rows.PaymentStory,
    form: Mapping[str, str],
    sent: str,
    error: HeadwatersError | None,
) -> PaymentItem:
    currency = payment.amount.currency
    mine = sent == "refund" and form.get("reference") == payment.reference
    return PaymentItem(
        reference=payment.reference,
        till=said.till(payment.till),
        state=payment_words(said, payment.state),
        amount=said.of(payment.amount),
        fee=said.of(payment.fee) if payment.fee else "",
        refunded=said.money(payment.back, currency) if payment.back else "",
        until=said.date(payment.expires_at) if payment.state in _OPEN else "",
        practice=payment.mode != Mode.LIVE.value,
        till_href=_till_href(payment),
        till_id=payment.external_id or "",
        refund=_refund_form(request, said, payment, form if mine else {}, error if mine else None),
    )


def _till_href(payment: rows.PaymentStory) -> str:
    """The payment's page at the till, where money is paid back and disputes are answered."""
    if payment.till != "stripe" or not payment.external_id:
        return ""
    mode = "" if payment.mode == Mode.LIVE.value else "/test"
    return f"{_DASHBOARD}{mode}/payments/{payment.external_id}"


def _refund_form(
    request: web.Request,
    said: Format,
    payment: rows.PaymentStory,
    typed: Mapping[str, str],
    error: HeadwatersError | None,
) -> RefundForm | None:
    """Only for what came by hand, and as long as something is left of it."""
    left, currency = payment.amount.minor - payment.back, payment.amount.currency
    if payment.till != BY_HAND or payment.state is not PaymentState.PAID or left <= 0:
        return None
    return RefundForm(
        currency=currency,
        left=said.money(left, currency),
        amount=typed.get("amount", said.amount(left, currency)),
        nonce=typed.get("nonce") or request.app[HOUSE].token(),
        open=error is not None,
        problem=problem_of(request, error),
    )


def _open_payments(order: rows.OrderStory) -> list[rows.PaymentStory]:
    """Payments by hand that may still come: also one that was not paid in time, as money can be late."""
    may_come = (*_OPEN, PaymentState.EXPIRED)
    return [payment for payment in order.payments if payment.till == BY_HAND and payment.state in may_come]


def _confirm_forms(
    request: web.Request,
    said: Format,
    order: rows.OrderStory,
    form: Mapping[str, str],
    sent: str,
    error: HeadwatersError | None,
) -> list[ConfirmForm]:
    forms = []
    for payment in _open_payments(order):
        mine = sent == "confirm" and form.get("reference") == payment.reference
        minor, currency = payment.amount.minor, payment.amount.currency
        typed = form.get("amount", "") if mine else said.amount(minor, currency)
        forms.append(ConfirmForm(payment.reference, currency, typed, problem_of(request, error) if mine else None))
    return forms


# ── what is done ─────────────────────────────────────────────────────────────────────────────────


def _amount(order: rows.OrderStory, form: Mapping[str, str]) -> tuple[str, Money]:
    """The reference and the amount of a form about a payment of this order. Raises Refused."""
    payment = next((each for each in order.payments if each.reference == form.get("reference")), None)
    if payment is None:
        raise NotFound(Code.PAYMENT_STATE, N_("This order has no such payment."))
    return payment.reference, check_amount(form.get("amount", ""), payment.amount.currency)


@routes.post("/studio/orders/{order_id}/confirm")
@may(Right.SELL)
async def post_confirm(request: web.Request, session: Session) -> web.Response:
    """The money of a payment by hand has come, as much as the field says."""
    seen = await _seen(request)
    try:
        reference, received = _amount(seen.order, session.form)
        await settle.confirm(request.app[HOUSE], reference, received, session.row.creator_id)
    except Refused as refused:
        return await _page(request, session, "confirm", refused)
    return go_to(f"/studio/orders/{seen.order.line.id}?said=confirmed")


@routes.post("/studio/orders/{order_id}/refund")
@may(Right.SELL)
async def post_refund(request: web.Request, session: Session) -> web.Response:
    """Money of a payment by hand was given back, as much as the field says."""
    seen = await _seen(request)
    try:
        reference, amount = _amount(seen.order, session.form)
        nonce = check_nonce(session.form.get("nonce", ""))
        await orders.refund_by_hand(request.app[HOUSE], reference, amount, nonce, session.row.creator_id)
    except Refused as refused:
        return await _page(request, session, "refund", refused)
    return go_to(f"/studio/orders/{seen.order.line.id}?said=refunded")


@routes.post("/studio/orders/{order_id}/look")
@may(Right.SELL)
async def post_look(request: web.Request, session: Session) -> web.Response:
    """Ask the tills about this order's payments once more: a refund may have been missed."""
    order_id = order_id_of(request)
    try:
        looked = await late.look_again(request.app[HOUSE], order_id, session.row.creator_id)
    except (Refused, Unavailable) as problem:
        return await _page(request, session, "look", problem)
    return go_to(f"/studio/orders/{order_id}?said=looked_{looked}")


@routes.post("/studio/orders/{order_id}/mail")
@may(Right.SELL)
async def post_mail(request: web.Request, session: Session) -> web.Response:
    """Send the order page's link again, to the address that the reader gave."""
    order_id = (await _seen(request)).order.line.id
    try:
        sent = await send_link_again(request.app[HOUSE], order_id, session.row.creator_id)
    except Refused as refused:
        return await _page(request, session, "mail", refused)
    return go_to(f"/studio/orders/{order_id}?said={'sent' if sent else 'sent_before'}")


@routes.post("/studio/orders/{order_id}/email")
@may(Right.SELL)
async def post_email(request: web.Request, session: Session) -> web.Response:
    """Another address, or none."""
    house, order_id, form = request.app[HOUSE], order_id_of(request), session.form
    try:
        email, before = form.get("email", ""), form.get("email_was", "")
        await orders.correct_address(house, order_id, email, before, session.row.creator_id)
    except Refused as refused:
        return await _page(request, session, "email", refused)
    return go_to(f"/studio/orders/{order_id}?said=address")


@routes.post("/studio/orders/{order_id}/note")
@may(Right.SELL)
async def post_note(request: web.Request, session: Session) -> web.Response:
    """The creator's own words about this order."""
    house, order_id, form = request.app[HOUSE], order_id_of(request), session.form
    try:
        await orders.write_note(house, order_id, form.get("note", ""), form.get("note_was", ""), session.row.creator_id)
    except Refused as refused:
        return await _page(request, session, "note", refused)
    return go_to(f"/studio/orders/{order_id}?said=note")
