"""Verbs of reports: tell of a wrong, add to it, answer it. A report is never deleted, and its log only grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from headwaters.actions.mail import queue_report_notice
from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, Conflict, Refused, TooLarge
from headwaters.core.letters import LONGEST_LETTER, clean_address, clean_letter, one_line
from headwaters.core.sales.doors import check_nonce
from headwaters.store import reports as rows
from headwaters.store.db import Connection
from headwaters.store.reports import ReportRow

LONGEST_ADDRESS = 500  # characters
LONGEST_LOG = 100  # entries: more is another matter


class ReportState(StrEnum):
    """open → answered ⇄ open → closed."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class Teller(StrEnum):
    """Who wrote an entry."""

    REPORTER = "reporter"
    CREATOR = "creator"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What somebody tells of."""

    address: str
    body: str
    email: str | None


def read_wrong(address: str, body: str, email: str) -> Wrong:
    """The form's fields, cleaned. Raises Refused naming the field, TooLarge(LETTER_TOO_LONG)."""
    place = one_line(address, LONGEST_ADDRESS).strip()
    if not place:
        raise Refused(Code.FORM_BROKEN, N_("Please say where it is: a page’s address, or a title."), field="address")
    return Wrong(place, _clean(body), clean_address(email))


def _clean(body: str) -> str:
    try:
        return clean_letter(body)
    except TooLarge:
        kilobytes = LONGEST_LETTER // 1000
        message = N_("This can have %(limit)d KB at most.")
        raise TooLarge(Code.LETTER_TOO_LONG, message, field="body", limit=kilobytes) from None
    except Refused:
        raise Refused(Code.LETTER_EMPTY, N_("Please write a few words."), field="body") from None


def file_report(conn: Connection, wrong: Wrong, *, nonce: str, token: str, reference: str, now: datetime) -> ReportRow:
    """A new report. Twice with the same nonce: the first one. Raises Refused(FORM_BROKEN)."""
    if (found := rows.report_by_nonce(conn, check_nonce(nonce))) is not None:
        return found
    rows.add_report(
        conn,
        token=token,
        reference=reference,
        nonce=nonce,
        address=wrong.address,
        body=wrong.body,
        email=wrong.email,
        state=ReportState.OPEN.value,
        created_at=to_micros(now),
    )
    queue_report_notice(conn, now)
    return rows.report_by_token(conn, token)


def add_to_report(conn: Connection, token: str, body: str, now: datetime) -> ReportRow:
    """The reporter adds something; the report waits for an answer again. The same words twice in a row count once.

    Raises NotFound(REPORT_UNKNOWN), Conflict when it is closed or its log is full, Refused(LETTER_EMPTY), TooLarge.
    """
    report = _say(
        conn,
        rows.lock_report(conn, rows.report_by_token(conn, token).reference),
        Teller.REPORTER,
        body,
        ReportState.OPEN,
        now,
    )
    queue_report_notice(conn, now)
    return report


def answer_report(
    conn: Connection, reference: str, body: str, close: ReportState, now: datetime, seen: int | None = None
) -> ReportRow:
    """The creator answers; `close` is CLOSED, or ANSWERED to leave it open to a reply.

    `seen`: how many entries of the log were read before; None does not say. Raises as `add_to_report`,
    Conflict(REPORT_NEWER).
    """
    return _say(conn, rows.lock_report(conn, reference), Teller.CREATOR, body, close, now, seen)


def answer_report_once(
    conn: Connection, reference: str, body: str, close: ReportState, now: datetime, seen: int | None = None
) -> ReportRow | Literal[False]:
    """The same; False for a form that came before. For the audit log, which tells of it once."""
    before = rows.lock_report(conn, reference)
    said = len(rows.entries(conn, before.id))
    report = answer_report(conn, reference, body, close, now, seen)
    return report if len(rows.entries(conn, report.id)) > said else False


def _say(
    conn: Connection,
    report: ReportRow,
    author: Teller,
    body: str,
    state: ReportState,
    now: datetime,
    seen: int | None = None,
) -> ReportRow:
    text = _clean(body)
    log = rows.entries(conn, report.id)
    if log and (log[-1].author, log[-1].body) == (author.value, text):
        return report
    if seen is not None and len(log) > seen:
        raise Conflict(
            Code.REPORT_NEWER,
            N_("More was said here since you opened this page, so nothing was sent yet."),
            hint=N_("It stands above. Send what you wrote again if it still fits."),
            field="body",
        )
    if report.state == ReportState.CLOSED or len(log) >= LONGEST_LOG:
        raise Conflict(Code.REPORT_UNKNOWN, N_("This report is closed."), hint=N_("Make a new one if there is more."))
    rows.add_entry(conn, report.id, author.value, text, to_micros(now))
    rows.set_state(conn, report.id, state.value)
    return rows.report_by_token(conn, report.token)
