"""Commands on orders: orders, confirm."""

from __future__ import annotations

import argparse
from typing import Any

from headwaters.cli._tools import Command, in_house, say, utc
from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.sales.doors import check_amount
from headwaters.core.sales.finding import Which, read_wanted
from headwaters.core.sales.money import plain
from headwaters.core.sales.references import read_reference
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.store import sales as sales_rows
from headwaters.store import studio as rows
from headwaters.store.sales import PaymentRow
from headwaters.texts import translations
from headwaters.web.format import formats
from headwaters.web.studio.words import state_words

_ = translations("en").gettext
MOST = 10_000


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe orders and confirm."""
    orders = Command(commands, "orders", _("List orders, the newest first."), run_orders).shop().parser
    orders.add_argument(
        "--find", metavar="TEXT", default="", help=_("by reference, e-mail address, link, amount, day or title")
    )
    orders.add_argument("--waiting", action="store_true", help=_("only those whose payment by hand waits for you"))
    orders.add_argument("--most", type=int, default=50, metavar="N", help=_("show N at most (50)"))
    confirm = Command(commands, "confirm", _("Say that the money of a payment by hand has come."), run_confirm)
    confirm.shop().parser.add_argument("reference", metavar="REFERENCE", help=_("as it stands on the statement"))
    confirm.parser.add_argument("--amount", help=_("what came, if it is not what was asked for"))


# ── orders ───────────────────────────────────────────────────────────────────────────────────────


def run_orders(args: argparse.Namespace) -> int:
    """List orders."""
    which = Which.WAITING if args.waiting else Which.ALL
    most = max(1, min(args.most, MOST))

    async def look(house: House) -> tuple[list[rows.OrderLine], int]:
        wanted = read_wanted(args.find, house.now.settings.currency)
        found = await house.db.read(lambda conn: rows.find_orders(conn, wanted, which, most))
        return found, await house.db.read(lambda conn: rows.count_orders(conn, wanted, which))

    found, count = in_house(args, look)
    text = "\n".join(map(_line, found)) or _("There is no such order.")
    if count > len(found):
        text += "\n" + _("%(count)d in all; --most shows more.") % {"count": count}
    say(args, {"orders": [_order_json(order) for order in found], "count": count}, text)
    return 0


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
    wanted = read_reference(reference)
    payment = await house.db.read(lambda conn: sales_rows.payment_by_reference(conn, wanted))
    if payment is None:
        raise NotFound(
            Code.PAYMENT_STATE,
            N_("There is no payment by hand with the reference %(reference)s."),
            reference=wanted,
        )
    return await settle.confirm(house, reference, check_amount(amount, payment.currency))
