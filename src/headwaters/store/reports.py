"""Named queries of reports: somebody told of a wrong, and what was said about it since."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, insert, select, update

from headwaters.core.errors import N_, Code, NotFound
from headwaters.store.connection import Connection
from headwaters.store.tables import report_log, reports


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report. `state`: open, answered, closed; times are microseconds."""

    id: int
    token: str
    reference: str
    address: str
    body: str
    email: str | None
    state: str
    created_at: int


@dataclass(frozen=True, slots=True)
class EntryRow:
    """What one of the two said later. `author`: reporter, creator."""

    author: str
    body: str
    created_at: int


_COLUMNS = (
    reports.c.id,
    reports.c.token,
    reports.c.reference,
    reports.c.address,
    reports.c.body,
    reports.c.email,
    reports.c.state,
    reports.c.created_at,
)


def _one(conn: Connection, condition: object) -> ReportRow | None:
    row = conn.execute(select(*_COLUMNS).where(condition)).first()  # type: ignore[arg-type]
    return ReportRow(*row) if row else None


def report_by_nonce(conn: Connection, nonce: str) -> ReportRow | None:
    """The report that this form made before."""
    return _one(conn, reports.c.nonce == nonce)


def report_by_token(conn: Connection, token: str) -> ReportRow:
    """The report of a reporter's page. Raises NotFound(REPORT_UNKNOWN)."""
    return _found(_one(conn, reports.c.token == token))


def report_by_reference(conn: Connection, reference: str) -> ReportRow:
    """The report that the creator speaks of. Raises NotFound(REPORT_UNKNOWN)."""
    return _found(_one(conn, reports.c.reference == reference))


def _found(report: ReportRow | None) -> ReportRow:
    if report is None:
        raise NotFound(Code.REPORT_UNKNOWN, N_("There is no such report."))
    return report


def lock_report(conn: Connection, reference: str) -> ReportRow:
    """The same, and whoever else would write into its log waits until this transaction is over."""
    conn.execute(select(reports.c.id).where(reports.c.reference == reference).with_for_update(key_share=True))
    return report_by_reference(conn, reference)


def add_report(conn: Connection, **values: object) -> None:
    """A new report."""
    conn.execute(insert(reports).values(**values))


def set_state(conn: Connection, report_id: int, state: str) -> None:
    """Move a report to `state`."""
    conn.execute(update(reports).where(reports.c.id == report_id).values(state=state))


def add_entry(conn: Connection, report_id: int, author: str, body: str, at: int) -> None:
    """Write into a report's log."""
    conn.execute(insert(report_log).values(report_id=report_id, author=author, body=body, created_at=at))


def entries(conn: Connection, report_id: int) -> list[EntryRow]:
    """What was said since, in order."""
    found = conn.execute(
        select(report_log.c.author, report_log.c.body, report_log.c.created_at)
        .where(report_log.c.report_id == report_id)
        .order_by(report_log.c.id)
    )
    return [EntryRow(*row) for row in found]


def open_reports(conn: Connection, most: int) -> list[ReportRow]:
    """The reports that wait for an answer, the newest first."""
    return list_reports(conn, most, 0, "open")


def list_reports(conn: Connection, most: int, skip: int, state: str) -> list[ReportRow]:
    """Reports of a state (empty: all), those that wait first, then the newest."""
    chosen = select(*_COLUMNS).where(*([reports.c.state == state] if state else []))
    first = case((reports.c.state == "open", 0), else_=1)
    return [
        ReportRow(*row) for row in conn.execute(chosen.order_by(first, reports.c.id.desc()).limit(most).offset(skip))
    ]


def count_reports(conn: Connection) -> dict[str, int]:
    """How many there are, by state."""
    counted = select(reports.c.state, func.count()).group_by(reports.c.state)
    return {state: int(count) for state, count in conn.execute(counted)}


def all_reports(conn: Connection) -> list[ReportRow]:
    """Every report, the newest first."""
    return [ReportRow(*row) for row in conn.execute(select(*_COLUMNS).order_by(reports.c.id.desc()))]
