"""The Studio's first page: what waits for a word, and how it is going."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from headwaters.core.people import Right
from headwaters.core.sales.finding import Which
from headwaters.store import letters as letter_rows
from headwaters.store import reports as report_rows
from headwaters.store import studio as rows
from headwaters.store.blobs import FaultRow, faults
from headwaters.store.db import Connection
from headwaters.store.makings import FailedRow, failed
from headwaters.store.numbers import is_empty
from headwaters.store.passkeys import has_key
from headwaters.store.signin import SessionRow
from headwaters.store.works import list_works
from headwaters.web.contexts.studio_see import StartPage
from headwaters.web.keys import HOUSE
from headwaters.web.studio.checklist import checklist_view
from headwaters.web.studio.damaged import check_command, damaged_items
from headwaters.web.studio.frame import frame, show, words_of
from headwaters.web.studio.guard import Session, for_creator
from headwaters.web.studio.letters import thread_item
from headwaters.web.studio.makings import unmade
from headwaters.web.studio.numbers import going_of
from headwaters.web.studio.words import order_item, report_item
from headwaters.web.studio.you import wrong_words

routes = web.RouteTableDef()

_LATELY = timedelta(hours=1)  # after signing in: what is said of it stays on “You”
_FEW = 3  # of each: the lists have all


@dataclass(frozen=True, slots=True)
class _Seen:
    waiting: list[rows.OrderLine]
    newest: list[rows.OrderLine]
    threads: list[letter_rows.ThreadRow]
    reports: list[report_rows.ReportRow]
    works: int
    empty: bool
    has_password: bool
    damaged: tuple[FaultRow, ...]
    failed: tuple[FailedRow, ...]


def _look(conn: Connection, mine: SessionRow) -> _Seen:
    """What this person may see: a contributor sees what they work on."""
    sells, talks = Right.SELL in mine.may, Right.TALK in mine.may
    return _Seen(
        waiting=rows.find_orders(conn, None, Which.WAITING, _FEW) if sells else [],
        newest=rows.find_orders(conn, None, Which.ALL, _FEW) if sells else [],
        threads=[thread for thread in letter_rows.threads(conn, _FEW) if thread.unread] if talks else [],
        reports=report_rows.open_reports(conn, _FEW) if talks else [],
        works=len(list_works(conn)),
        empty=is_empty(conn),
        has_password=has_key(conn, mine.creator_id),
        damaged=faults(conn) if Right.PUBLISH in mine.may else (),
        failed=failed(conn) if Right.PUBLISH in mine.may else (),
    )


@routes.get("/studio")
@for_creator
async def get_start(request: web.Request, session: Session) -> web.Response:
    """What waits for whoever looks, and how it is going; as much of it as they may see."""
    house, said = request.app[HOUSE], words_of(request)
    seen = await house.db.read(lambda conn: _look(conn, session.row))
    context = StartPage(
        frame=await frame(request, session, "start"),
        name=session.row.name,
        empty=seen.empty,
        works=seen.works,
        checklist=await checklist_view(request, session),
        going=await going_of(request, session),
        waiting=tuple(order_item(said, line) for line in seen.waiting),
        letters=tuple(thread_item(said, thread) for thread in seen.threads),
        reports=tuple(report_item(said, report) for report in seen.reports),
        newest=tuple(order_item(said, line) for line in seen.newest),
        has_password=seen.has_password,
        damaged=damaged_items(said, seen.damaged),
        check=check_command(house.config.shop),
        unmade=unmade(said, seen.failed),
        wrong_tries=wrong_words(said, session.row) if session.row.is_fresh(house.clock(), _LATELY) else "",
    )
    return show(request, "start", context)
