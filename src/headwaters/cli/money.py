"""Commands on money: ledger, tills."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from headwaters.cli._tables import print_table, start_of
from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _
from headwaters.core.sales.money import Money, plain
from headwaters.core.sales.states import Mode
from headwaters.errands import tills
from headwaters.errands.export import ledger_csv
from headwaters.errands.house import House
from headwaters.store.ledger import MonthSums
from headwaters.web.format import formats
from headwaters.web.studio.money_words import stripe_troubles


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ledger and tills."""
    ledger = Command(commands, "ledger", _("Show what came, what tills kept and what went back, by month."), run_ledger)
    ledger.shop().parser.add_argument(
        "--csv", action="store_true", help=_("a table instead: one row a payment, fee or refund")
    )
    ledger.parser.add_argument("--bom", action="store_true", help=_("mark the table as UTF-8, for Excel"))
    till = Command(commands, "tills", _("Show how readers can pay, and ask Stripe about its keys."), run_tills)
    till.shop().parser.add_argument("--check", action="store_true", help=_("ask Stripe now"))


def run_ledger(args: argparse.Namespace) -> int:
    """Sums by month, or the whole ledger as a table."""
    if args.csv:
        return print_table(args, lambda house: ledger_csv(house, start_of(args), None))

    async def look(house: House) -> list[MonthSums]:
        return await house.sums.months(house.db, house.clock())

    found = in_house(args, look)
    say(args, {"months": [_month_json(each) for each in found]}, _text(found))
    return 0


def _month_json(each: MonthSums) -> dict[str, Any]:
    money = {"came": each.came, "kept": each.kept, "back": each.back, "left": each.left}
    told = {"month": each.month, "till": each.till, "mode": each.mode.value, "currency": each.currency}
    amounts = {name: plain(Money(minor, each.currency)) for name, minor in money.items()}
    return {**told, "payments": each.payments, **amounts}


def _text(found: Sequence[MonthSums]) -> str:
    said = formats("en")
    lines = [
        "  ".join(
            (
                each.month,
                each.till if each.mode is Mode.LIVE else f"{each.till} ({each.mode.value})",
                _("%(n)d payments") % {"n": each.payments},
                _("came %(sum)s") % {"sum": said.money(each.came, each.currency)},
                _("kept %(sum)s") % {"sum": said.money(each.kept, each.currency)},
                _("back %(sum)s") % {"sum": said.money(each.back, each.currency)},
                _("yours %(sum)s") % {"sum": said.money(each.left, each.currency)},
            )
        )
        for each in found
    ]
    return "\n".join(lines) or _("No money has come yet.")


def run_tills(args: argparse.Namespace) -> int:
    """The tills that are on, and what of Stripe's needs a look."""

    async def look(house: House) -> dict[str, Any]:
        if args.check:
            await tills.look_again(house)
        state = await tills.stripe_state(house)
        return {
            "tills": {name: till.mode.value for name, till in house.now.tills.items()},
            "stripe": {
                "checked": state.checked.at if state.checked else None,
                "account": state.checked.account if state.checked else None,
                "last_event": state.last_event.isoformat(timespec="seconds") if state.last_event else None,
                "troubles": stripe_troubles(formats("en"), state, house.clock()),
            },
        }

    told = in_house(args, look)
    say(args, told, "\n".join(_till_lines(told)) or _("No till is on, so nobody can pay."))
    return 0


def _till_lines(told: dict[str, Any]) -> list[str]:
    modes = {"live": _("real money"), "test": _("test keys: no real money"), "practice": _("practice: no real money")}
    lines = [f"{name}: {modes[mode]}" for name, mode in told["tills"].items()]
    about = told["stripe"]
    if "stripe" in told["tills"]:
        checked, event = about["checked"] or _("never"), about["last_event"] or _("none has come yet")
        lines.append(_("Stripe was asked: %(when)s · last event: %(event)s") % {"when": checked, "event": event})
    return [*lines, *about["troubles"]]
