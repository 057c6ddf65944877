"""What the Studio says of orders and payments, in words; the command line says the same."""

from __future__ import annotations

from datetime import datetime

from headwaters.core.clock import from_micros
from headwaters.core.errors import N_
from headwaters.core.letters import one_line
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door, OrderState, PaymentState
from headwaters.core.works.drafts import DraftState
from headwaters.store.reports import ReportRow
from headwaters.store.studio import OrderLine
from headwaters.web.contexts.studio import Moment, OrderItem, ReportItem
from headwaters.web.format import Format

BY_HAND = "by_hand"

_UNPAID = {
    None: N_("Not paid yet"),
    PaymentState.OPEN: N_("At the till, not paid yet"),
    PaymentState.PENDING: N_("The money is on its way"),
    PaymentState.PAID: N_("Paid"),
    PaymentState.FAILED: N_("The payment did not go through"),
    PaymentState.EXPIRED: N_("Not paid in time"),
}
_PAYMENTS = {
    PaymentState.OPEN: N_("open"),
    PaymentState.PENDING: N_("on its way"),
    PaymentState.PAID: N_("paid"),
    PaymentState.FAILED: N_("did not go through"),
    PaymentState.EXPIRED: N_("not paid in time"),
}
REPORT_STATES = {"open": N_("Waits for you"), "answered": N_("Answered"), "closed": N_("Closed")}
WORK_STATES = {
    "published": N_("Published"),
    "retired": N_("Retired: the page is gone, holders keep everything"),
    "withheld": N_("Withheld: the bytes stopped"),
}
COLLECTION_STATES = {
    "published": N_("Published"),
    "retired": N_("Retired: its page is gone, the works are where they were"),
}
DRAFT_STATES = {
    DraftState.OPEN: N_("Not published yet"),
    DraftState.SCHEDULED: N_("Is published on %(moment)s"),
    DraftState.PUBLISHING: N_("Is being published at this moment"),
    DraftState.PUBLISHED: N_("Published"),
    DraftState.DISCARDED: N_("Thrown away"),
}


def moment(said: Format, when: datetime) -> Moment:
    """22 November 2026, 20:30 UTC."""
    return Moment(f"{said.date(when)}, {when:%H:%M} UTC", when.isoformat(timespec="seconds"))


# ── an order at a glance ─────────────────────────────────────────────────────────────────────────


def waits(line: OrderLine) -> bool:
    """Whether its newest payment waits for the creator to see the money."""
    return line.till == BY_HAND and line.payment in {PaymentState.OPEN, PaymentState.PENDING}


def state_words(said: Format, line: OrderLine) -> str:
    """Where an order is: one short sentence without its full stop."""
    words = _state(said, line)
    if line.withdrawn:
        words = said.gettext("%(state)s; withdrawn") % {"state": words}
    return said.gettext("%(state)s (practice)") % {"state": words} if line.practice else words


def _state(said: Format, line: OrderLine) -> str:
    _ = said.gettext
    if line.paid is not None:
        return _paid(said, line, line.paid)
    if waits(line) and line.door is not Door.PAY:
        return _("Took it without paying, may pay by hand")
    if waits(line):
        promised = line.state is OrderState.GRANTED
        return _("Has the files, promised to pay by hand") if promised else _("Waits for a payment by hand")
    if line.state is OrderState.GRANTED:
        return _("Had a copy, took a good one") if line.door is Door.HAVE_COPY else _("Took it without paying")
    return _(_UNPAID[line.payment])


def _paid(said: Format, line: OrderLine, rest: Money) -> str:
    _ = said.gettext
    if line.refunded and rest.minor <= 0:
        return _("Paid, and all of it went back")
    if line.refunded:
        return _("Paid, and a part of it went back")
    return _("Paid by hand") if line.till == BY_HAND else _("Paid")


def order_item(said: Format, line: OrderLine) -> OrderItem:
    """The order as lists show it."""
    amount = line.paid or line.amount
    return OrderItem(
        id=line.id,
        href=f"/studio/orders/{line.id}",
        title=line.title,
        state=state_words(said, line),
        waits=waits(line),
        amount=said.of(amount) if line.door is Door.PAY or line.paid is not None else "",
        email=line.email or "",
        reference=line.reference or "",
        made=moment(said, line.created_at),
    )


def report_item(said: Format, report: ReportRow) -> ReportItem:
    """A report as lists show it."""
    return ReportItem(
        href=f"/studio/reports/{report.reference}",
        reference=report.reference,
        address=report.address,
        body=one_line(report.body, 240),
        made=moment(said, from_micros(report.created_at)),
        state=report.state,
        state_words=said.gettext(REPORT_STATES[report.state]),
    )


def payment_words(said: Format, state: PaymentState) -> str:
    """The state of one payment."""
    return said.gettext(_PAYMENTS[state])
