"""The command on reports of a wrong: read them, answer, close."""

from __future__ import annotations

import argparse
from typing import Any

from headwaters.actions import reports as verbs
from headwaters.actions.deeds import noted
from headwaters.cli._tools import Command, in_house, say, utc
from headwaters.cli._words import _
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, WrongUse
from headwaters.errands.house import House
from headwaters.store import reports as rows
from headwaters.store.db import Connection
from headwaters.store.reports import EntryRow, ReportRow

Told = tuple[ReportRow, list[EntryRow]]


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe reports."""
    about = _("Read what people told you of wrongs, and answer.")
    parser = Command(commands, "reports", about, run_reports).shop().parser
    parser.add_argument("reference", nargs="?", metavar="REFERENCE", help=_("one report, such as WR-7K3M-9QXA"))
    parser.add_argument("--answer", metavar="TEXT", help=_("write to whoever reported it; it stands on their page"))
    parser.add_argument("--close", action="store_true", help=_("nothing more is to be said; needs an answer"))


def run_reports(args: argparse.Namespace) -> int:
    """List all, show one, or answer one."""
    if args.answer is not None or args.close:
        return _answer(args)
    told = in_house(args, lambda house: house.db.read(lambda conn: _look(conn, args.reference)))
    text = "\n\n".join(_text(report, log) for report, log in told) or _("Nobody told of a wrong.")
    say(args, {"reports": [_json(report, log) for report, log in told]}, text)
    return 0


def _look(conn: Connection, reference: str | None) -> list[Told]:
    found = [rows.report_by_reference(conn, reference.upper())] if reference else rows.all_reports(conn)
    return [(report, rows.entries(conn, report.id)) for report in found]


def _answer(args: argparse.Namespace) -> int:
    if not args.reference or args.answer is None:
        raise WrongUse(
            Code.WRONG_USE,
            N_("Say which report, and what you answer."),
            hint=N_("headwaters reports WR-7K3M-9QXA --answer “I took it down.” --close"),
        )
    state = verbs.ReportState.CLOSED if args.close else verbs.ReportState.ANSWERED
    report = in_house(args, lambda house: _send(house, args.reference.upper(), args.answer, state))
    page = _("Your answer is on the reporter’s page.")
    if report.email:
        page += " " + _("No mail goes out; they gave the address %(email)s.") % {"email": report.email}
    say(args, {"reference": report.reference, "state": report.state, "email": report.email}, page)
    return 0


async def _send(house: House, reference: str, body: str, state: verbs.ReportState) -> ReportRow:
    now = house.clock()
    what = What.REPORT_CLOSED if state is verbs.ReportState.CLOSED else What.REPORT_ANSWERED
    answered = noted(
        lambda conn: verbs.answer_report_once(conn, reference, body, state, now),
        Deed(None, what, f"report:{reference}"),
        now,
    )

    def run(conn: Connection) -> ReportRow:
        answered(conn)
        return rows.report_by_reference(conn, reference)

    return await house.db.write(run)


def _text(report: ReportRow, log: list[EntryRow]) -> str:
    states = {"open": _("waits for you"), "answered": _("answered"), "closed": _("closed")}
    head = f"{report.reference}  {from_micros(report.created_at):%Y-%m-%d %H:%M} UTC  ({states[report.state]})"
    first = EntryRow(verbs.Teller.REPORTER, report.body, report.created_at)
    return "\n".join([head, f"    {report.address}", *(_entry(entry) for entry in (first, *log))])


def _entry(entry: EntryRow) -> str:
    who = _("You:") if entry.author == verbs.Teller.CREATOR else _("They:")
    return f"    {who} " + entry.body.replace("\n", "\n        ")


def _json(report: ReportRow, log: list[EntryRow]) -> dict[str, Any]:
    return {
        "reference": report.reference,
        "state": report.state,
        "address": report.address,
        "body": report.body,
        "email": report.email,
        "created_at": utc(from_micros(report.created_at)),
        "log": [
            {"author": entry.author, "body": entry.body, "created_at": utc(from_micros(entry.created_at))}
            for entry in log
        ],
    }
