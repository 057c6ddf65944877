"""Command on one order: its story, a note, a corrected address, its link once more."""

from __future__ import annotations

import argparse
from typing import Any

from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _
from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.sales.money import plain
from headwaters.errands import late, orders
from headwaters.errands.house import House
from headwaters.errands.mail import send_link_again
from headwaters.store import orders as rows
from headwaters.store.counts import downloads_of
from headwaters.store.db import Connection
from headwaters.store.studio import OrderStory, order_story
from headwaters.web.format import formats
from headwaters.web.studio.frame import SAID
from headwaters.web.studio.story import Besides, story
from headwaters.web.studio.words import state_words


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe order."""
    order = Command(commands, "order", _("Tell one order's story, or change what you know of it."), run_order)
    order.shop().parser.add_argument("number", type=int, metavar="NUMBER", help=_("as “headwaters orders” shows it"))
    order.parser.add_argument("--note", metavar="TEXT", help=_("keep a note to yourself; empty takes it away"))
    order.parser.add_argument("--email", metavar="ADDRESS", help=_("correct the reader's address; empty forgets it"))
    order.parser.add_argument("--look", action="store_true", help=_("ask the tills about its payments once more"))
    order.parser.add_argument("--mail", action="store_true", help=_("mail the link of their page again"))


def run_order(args: argparse.Namespace) -> int:
    """Change what was asked for, then tell the story."""

    async def run(house: House) -> dict[str, Any]:
        looked = None
        if args.note is not None:
            before = await house.db.read(lambda conn: rows.note_of(conn, args.number))
            await orders.write_note(house, args.number, args.note, before, None)
        if args.email is not None:
            before = (await house.db.read(lambda conn: _look(conn, args.number)))[0].line.email or ""
            await orders.correct_address(house, args.number, args.email, before, None)
        if args.look:
            looked = await late.look_again(house, args.number)
        if args.mail:
            await send_link_again(house, args.number)
        order, note, besides, downloads = await house.db.read(lambda conn: _look(conn, args.number))
        return _told(house, order, note, besides, downloads) | ({"looked": looked.value} if looked else {})

    told = in_house(args, run)
    say(args, told, _text(told))
    return 0


def _look(conn: Connection, number: int) -> tuple[OrderStory, str, Besides, int]:
    order = order_story(conn, number)
    if order is None:
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
    besides = Besides(rows.mails_of(conn, number), rows.letters_of(conn, number), rows.editions_since(conn, number))
    return order, rows.note_of(conn, number), besides, sum(count for _, count in downloads_of(conn, number))


def _told(house: House, order: OrderStory, note: str, besides: Besides, downloads: int) -> dict[str, Any]:
    said = formats("en")
    return {
        "id": order.line.id,
        "title": order.line.title,
        "state": state_words(said, order.line),
        "email": order.line.email,
        "note": note,
        "link": f"{house.config.url}/o/{order.token}",
        "downloads": downloads,
        "payments": [
            {
                "reference": payment.reference,
                "till": payment.till,
                "state": payment.state.value,
                "currency": payment.amount.currency,
                "amount": plain(payment.amount),
            }
            for payment in order.payments
        ],
        "story": [{"at": line.when.iso, "words": line.words} for line in story(said, order, besides)],
    }


def _text(told: dict[str, Any]) -> str:
    lines = [f"#{told['id']}  {told['title']}  {told['state']}  {told['email'] or ''}".rstrip()]
    if "looked" in told:
        lines.append("  " + _(SAID[f"looked_{told['looked']}"]))
    lines += [f"  {line['at'][:16].replace('T', ' ')}  {line['words']}" for line in told["story"]]
    lines.append(_("Downloads that began: %(count)d") % {"count": told["downloads"]})
    if told["note"]:
        lines.append(_("Your note: %(note)s") % {"note": told["note"]})
    lines.append(told["link"])
    return "\n".join(lines)
