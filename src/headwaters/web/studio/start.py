"""The Studio's first page: what happened, what waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from headwaters.core.errors import N_
from headwaters.core.people import Right
from headwaters.core.sales.finding import Which
from headwaters.store import letters as letter_rows
from headwaters.store import reports as report_rows
from headwaters.store import studio as rows
from headwaters.store.db import Connection
from headwaters.store.passkeys import has_key
from headwaters.store.signin import SessionRow
from headwaters.store.works import list_works
from headwaters.web.contexts.studio import Span, StartPage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, show, words_of
from headwaters.web.studio.guard import Session, for_creator
from headwaters.web.studio.letters import thread_item
from headwaters.web.studio.words import number_sentences, order_item, report_item

routes = web.RouteTableDef()

_FEW = 5
_SPANS = (
    (N_("In the last 24 hours"), timedelta(days=1)),
    (N_("In the last 7 days"), timedelta(days=7)),
    (N_("In the last 30 days"), timedelta(days=30)),
    (N_("Since the beginning"), timedelta(days=36_500)),
)


@dataclass(frozen=True, slots=True)
class _Seen:
    spans: tuple[rows.Numbers, ...]
    waiting: list[rows.OrderLine]
    newest: list[rows.OrderLine]
    threads: list[letter_rows.ThreadRow]
    reports: list[report_rows.ReportRow]
    works: int
    has_password: bool


def _look(conn: Connection, now: datetime, mine: SessionRow) -> _Seen:
    """What this person may see: a contributor sees what they work on."""
    sells, talks = Right.SELL in mine.may, Right.TALK in mine.may
    return _Seen(
        spans=tuple(rows.numbers_since(conn, now - span) for _, span in _SPANS if sells),
        waiting=rows.find_orders(conn, None, Which.WAITING, _FEW) if sells else [],
        newest=rows.find_orders(conn, None, Which.ALL, _FEW) if sells else [],
        threads=[thread for thread in letter_rows.threads(conn, _FEW) if thread.unread] if talks else [],
        reports=report_rows.open_reports(conn, _FEW) if talks else [],
        works=len(list_works(conn)),
        has_password=has_key(conn, mine.creator_id),
    )


def _spans(said: Format, spans: Sequence[rows.Numbers]) -> Iterator[Span]:
    """In words; one of which the same is to be said as of the next longer one is not worth a line."""
    sentences = [number_sentences(said, numbers) for numbers in spans]
    if not sentences:
        return
    for (name, _), shorter, longer in zip(_SPANS, sentences, [*sentences[1:], None], strict=True):
        if shorter != longer:
            yield Span(said.gettext(name), shorter)


@routes.get("/studio")
@for_creator
async def get_start(request: web.Request, session: Session) -> web.Response:
    """What happened since, and what waits for a word."""
    house = request.app[HOUSE]
    now = house.clock()
    seen = await house.db.read(lambda conn: _look(conn, now, session.row))
    said = words_of(request)
    context = StartPage(
        frame=await frame(request, session, "start"),
        name=session.row.name,
        empty=not seen.newest and Right.SELL in session.row.may,
        works=seen.works,
        spans=tuple(_spans(said, seen.spans)),
        waiting=tuple(order_item(said, line) for line in seen.waiting),
        letters=tuple(thread_item(said, thread) for thread in seen.threads),
        reports=tuple(report_item(said, report) for report in seen.reports),
        newest=tuple(order_item(said, line) for line in seen.newest),
        has_password=seen.has_password,
    )
    return show(request, "start", context)
