"""Commands on orders: orders, confirm, refund."""

from __future__ import annotations

import argparse
from typing import Any

from headwaters.cli._tables import print_table, start_of
from headwaters.cli._tools import Command, in_house, say, utc
from headwaters.cli._words import _
from headwaters.core.errors import N_, Code, NotFound, WrongUse
from headwaters.core.sales.doors import check_amount
from headwaters.core.sales.finding import Narrow, Which, read_days, read_wanted
from headwaters.core.sales.money import Money, plain
from headwaters.core.sales.references import read_reference
from headwaters.core.sales.states import Door
from headwaters.errands import orders, settle
from headwaters.errands.export import Wish, orders_csv
from headwaters.errands.house import House
from headwaters.store import orders as order_rows
from headwaters.store import payments as payment_rows
from headwaters.store import studio as rows
from headwaters.store.db import Connection
from headwaters.store.payments import PaymentRow
from headwaters.web.format import formats
from headwaters.web.studio.words import state_words

MOST = 10_000


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe orders, confirm and refund."""
    found = Command(commands, "orders", _("List orders, the newest first."), run_orders).shop().parser
    found.add_argument(
        "--find", metavar="TEXT", default="", help=_("by reference, e-mail address, link, amount, day or title")
    )
    found.add_argument("--waiting", action="store_true", help=_("only those whose payment by hand waits for you"))
    found.add_argument("--state", choices=[each.value for each in Which], default="all", help=_("only in this state"))
    found.add_argument("--door", choices=[each.value for each in Door], default="", help=_("only through this door"))
    found.add_argument("--till", default="", metavar="NAME", help=_("only with a payment at this till"))
    found.add_argument("--work", default="", metavar="SLUG", help=_("only of this work"))
    found.add_argument("--from", dest="first", default="", metavar="DAY", help=_("only from this day on (2026-11-22)"))
    found.add_argument("--to", dest="last", default="", metavar="DAY", help=_("only up to this day"))
    found.add_argument("--csv", action="store_true", help=_("all of them as a table, oldest first"))
    found.add_argument("--bom", action="store_true", help=_("mark the table as UTF-8, for Excel"))
    found.add_argument("--most", type=int, default=50, metavar="N", help=_("show N at most (50)"))
    confirm = Command(commands, "confirm", _("Say that the money of a payment by hand has come."), run_confirm)
    confirm.shop().parser.add_argument("reference", metavar="REFERENCE", help=_("as it stands on the statement"))
    confirm.parser.add_argument("--amount", help=_("what came, if it is not what was asked for"))
    refund = Command(commands, "refund", _("Book money of a payment by hand that you gave back."), run_refund)
    refund.shop().parser.add_argument("reference", metavar="REFERENCE", help=_("of the payment"))
    refund.parser.add_argument("--amount", help=_("what went back, if it is not all that is left"))


# ── orders ───────────────────────────────────────────────────────────────────────────────────────


def run_orders(args: argparse.Namespace) -> int:
    """List orders, or print them as a table."""
    if args.csv:
        return print_table(args, lambda house: orders_csv(house, _wish(house, args), start_of(args), None))
    most = max(1, min(args.most, MOST))

    async def look(house: House) -> tuple[list[rows.OrderLine], int]:
        wish = _wish(house, args)
        wanted, which, narrow = wish.wanted, wish.which, wish.narrow
        found = await house.db.read(lambda conn: rows.find_orders(conn, wanted, which, most, narrow=narrow))
        return found, await house.db.read(lambda conn: rows.count_orders(conn, wanted, which, narrow))

    found, count = in_house(args, look)
    text = "\n".join(map(_line, found)) or _("There is no such order.")
    if count > len(found):
        text += "\n" + _("%(count)d in all; --most shows more.") % {"count": count}
    say(args, {"orders": [_order_json(order) for order in found], "count": count}, text)
    return 0


def _wish(house: House, args: argparse.Namespace) -> Wish:
    """Which orders are asked for. Raises WrongUse for a day that is none."""
    start, end = read_days(args.first, args.last)
    for text, day in ((args.first, start), (args.last, end)):
        if text and day is None:
            raise WrongUse(Code.WRONG_USE, N_("%(text)s is no day; a day is written 2026-11-22."), text=text)
    narrow = Narrow(Door(args.door) if args.door else None, args.till, args.work, start, end)
    wanted = read_wanted(args.find, house.now.settings.currency)
    return Wish(wanted, Which.WAITING if args.waiting else Which(args.state), narrow)


def _line(order: rows.OrderLine) -> str:
    said = formats("en")
    amount = said.of(order.paid or order.amount) if order.amount.minor or order.paid else ""
    parts = (
        f"{order.created_at:%Y-%m-%d %H:%M}",
        f"#{order.id}",
        order.title,
        state_words(said, order),
        amount,
        order.reference or "",
        order.email or "",
    )
    return "  ".join(part for part in parts if part)


def _order_json(order: rows.OrderLine) -> dict[str, Any]:
    return {
        "id": order.id,
        "title": order.title,
        "door": order.door.value,
        "state": order.state.value,
        "currency": order.amount.currency,
        "amount": plain(order.amount),
        "paid": None if order.paid is None else plain(order.paid),
        "reference": order.reference,
        "till": order.till,
        "payment": None if order.payment is None else order.payment.value,
        "email": order.email,
        "created_at": utc(order.created_at),
    }


# ── confirm ──────────────────────────────────────────────────────────────────────────────────────


def run_confirm(args: argparse.Namespace) -> int:
    """Confirm a payment by hand, by its reference."""
    payment = in_house(args, lambda house: _confirm(house, args.reference, args.amount))
    text = _("Confirmed: %(amount)s for %(reference)s. The files are theirs.")
    data = {"reference": payment.reference, "amount": plain(payment.amount), "currency": payment.currency}
    said = formats("en")
    say(args, data, text % {"amount": said.of(payment.amount), "reference": payment.reference})
    return 0


async def _confirm(house: House, reference: str, amount: str | None) -> PaymentRow:
    if amount is None:
        return await settle.confirm(house, reference)
    payment = await house.db.read(lambda conn: _payment(conn, read_reference(reference)))
    return await settle.confirm(house, reference, check_amount(amount, payment.currency))


def _payment(conn: Connection, reference: str) -> PaymentRow:
    payment = payment_rows.payment_by_reference(conn, reference)
    if payment is None:
        raise NotFound(
            Code.PAYMENT_STATE,
            N_("There is no payment by hand with the reference %(reference)s."),
            reference=reference,
        )
    return payment


# ── refund ───────────────────────────────────────────────────────────────────────────────────────


def run_refund(args: argparse.Namespace) -> int:
    """Book money that went back by hand."""
    amount = in_house(args, lambda house: _refund(house, args.reference, args.amount))
    text = _("Booked: %(amount)s went back for %(reference)s. The files stay theirs.")
    data = {"reference": read_reference(args.reference), "amount": plain(amount), "currency": amount.currency}
    say(args, data, text % {"amount": formats("en").of(amount), "reference": data["reference"]})
    return 0


async def _refund(house: House, reference: str, text: str | None) -> Money:
    """What went back: as much as was said, else all that is left."""
    payment = await house.db.read(lambda conn: _payment(conn, read_reference(reference)))
    back = await house.db.read(lambda conn: order_rows.given_back(conn, payment.id))
    left = Money(payment.amount_minor - back, payment.currency)
    amount = left if text is None else check_amount(text, payment.currency)
    await orders.refund_by_hand(house, reference, amount, house.token(), None)
    return amount
