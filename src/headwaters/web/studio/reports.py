"""Reports of a wrong in the Studio: read them, answer, close, and go to the work that one is about."""

from __future__ import annotations

import re

from aiohttp import web

from headwaters.actions import reports as verbs
from headwaters.actions.deeds import noted
from headwaters.actions.reports import ReportState, Teller
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import HeadwatersError, NotFound, Refused
from headwaters.core.letters import LONGEST_LETTER
from headwaters.core.people import Right
from headwaters.store import reports as rows
from headwaters.store.db import Connection
from headwaters.store.reports import EntryRow, ReportRow
from headwaters.store.works import WorkLine, list_works
from headwaters.web.contexts.studio_talk import Choice, ReportLine, ReportsPage, WrongPage
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import PER_PAGE, frame, page_number, pages, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.letters import seen_of
from headwaters.web.studio.words import REPORT_STATES, moment, report_item

routes = web.RouteTableDef()

REPORTS = "/studio/reports"
_SLUG = re.compile(r"/w/([a-z0-9-]+)")


@routes.get(REPORTS)
@may(Right.TALK)
async def get_reports(request: web.Request, session: Session) -> web.Response:
    """All of them, those that wait first; `?state=` chooses."""
    said, number = words_of(request), page_number(request)
    asked = request.query.get("state", "")
    state = asked if asked in set(ReportState) else ""

    def look(conn: Connection) -> tuple[list[ReportRow], dict[str, int]]:
        return rows.list_reports(conn, PER_PAGE, (number - 1) * PER_PAGE, state), rows.count_reports(conn)

    found, counts = await request.app[HOUSE].db.read(look)
    everything = sum(counts.values())
    each = [(one, said.gettext(words), counts.get(one, 0)) for one, words in REPORT_STATES.items()]
    choices = [
        Choice(one, words, f"{REPORTS}?state={one}" if one else REPORTS, count, one == state)
        for one, words, count in [("", said.gettext("All"), everything), *each]
    ]
    context = ReportsPage(
        frame=await frame(request, session, "letters"),
        states=tuple(choices),
        any=bool(everything),
        reports=tuple(report_item(said, report) for report in found),
        pages=pages(REPORTS, number, counts.get(state, 0) if state else everything, state=state),
    )
    return show(request, "reports", context)


def _reference(request: web.Request) -> str:
    return request.match_info["reference"].upper()


@routes.get(REPORTS + "/{reference}")
@may(Right.TALK)
async def get_one(request: web.Request, session: Session) -> web.Response:
    """One report with everything that was said."""
    return await _page(request, session)


async def _page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    house, said, reference = request.app[HOUSE], words_of(request), _reference(request)

    def look(conn: Connection) -> tuple[ReportRow, list[EntryRow], WorkLine | None]:
        report = rows.report_by_reference(conn, reference)
        return report, rows.entries(conn, report.id), _work_of(conn, report)

    report, log, work = await house.db.read(look)
    first = EntryRow(Teller.REPORTER, report.body, report.created_at)
    may_publish = work is not None and Right.PUBLISH in session.row.may
    context = WrongPage(
        frame=await frame(request, session, "letters"),
        report=report_item(said, report),
        address=f"{REPORTS}/{report.reference}",
        email=report.email or "",
        work_title=work.title if work else "",
        work_href=f"/studio/works/{work.slug}" if work and may_publish else "",
        log=tuple(
            ReportLine(entry.author == Teller.CREATOR, entry.body, moment(said, from_micros(entry.created_at)))
            for entry in (first, *log)
        ),
        body=session.form.get("body", ""),
        seen=len(log),
        limit=LONGEST_LETTER // 1000,
        problem=problem_of(request, error),
    )
    return show(request, "report", context, error)


def _work_of(conn: Connection, report: ReportRow) -> WorkLine | None:
    """The work whose address, or whose very title, the report names; None where it names another thing."""
    named = _SLUG.search(report.address)
    wanted = report.address.strip().casefold()
    for work in list_works(conn):
        if (named and named[1] == work.slug) or work.title.casefold() == wanted:
            return work
    return None


@routes.post(REPORTS + "/{reference}")
@may(Right.TALK)
async def post_answer(request: web.Request, session: Session) -> web.Response:
    """Answer, and with the other button close it."""
    house, reference, form = request.app[HOUSE], _reference(request), session.form
    now, body = house.clock(), form.get("body", "")
    closing = form.get("then") == "close"
    state = ReportState.CLOSED if closing else ReportState.ANSWERED
    what = What.REPORT_CLOSED if closing else What.REPORT_ANSWERED
    deed = Deed(session.row.creator_id, what, f"report:{reference}")
    try:
        seen = seen_of(form)
        await house.db.write(
            noted(lambda conn: verbs.answer_report_once(conn, reference, body, state, now, seen), deed, now)
        )
    except NotFound:
        raise
    except Refused as refused:
        return await _page(request, session, refused)
    return go_to(f"{REPORTS}/{reference}?said={'report_closed' if closing else 'report_answered'}")
