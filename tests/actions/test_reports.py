"""Reports: answered once, also by two at once; whoever answers has seen what was said."""

from __future__ import annotations

import asyncio

import pytest

from headwaters.actions.reports import (
    ReportState,
    add_to_report,
    answer_report,
    answer_report_once,
    file_report,
    read_wrong,
)
from headwaters.core.errors import Code, Conflict, NotFound, Refused
from headwaters.errands.house import House
from headwaters.store import reports as rows
from headwaters.store.reports import ReportRow

REFERENCE = "WR-7K3M-9QXA"


@pytest.fixture
async def report(house: House) -> ReportRow:
    wrong = read_wrong("/w/high-water", "This is my song.", "")
    values = {"nonce": "n" * 26, "token": "t" * 26, "reference": REFERENCE, "now": house.clock()}
    return await house.db.write(lambda conn: file_report(conn, wrong, **values))  # type: ignore[arg-type]


async def log(house: House, report: ReportRow) -> list[tuple[str, str]]:
    return [(entry.author, entry.body) for entry in await house.db.read(lambda conn: rows.entries(conn, report.id))]


async def answer(
    house: House, body: str, seen: int | None = None, close: ReportState = ReportState.ANSWERED
) -> ReportRow | bool:
    return await house.db.write(lambda conn: answer_report_once(conn, REFERENCE, body, close, house.clock(), seen))


async def test_twice_and_ten_times_at_once_it_is_answered_once(house: House, report: ReportRow) -> None:
    done = await asyncio.gather(*(answer(house, "Which song?", 0) for _ in range(10)))
    assert sum(isinstance(one, ReportRow) for one in done) == 1
    assert await answer(house, "Which song?", 0) is False
    assert await log(house, report) == [("creator", "Which song?")]


async def test_of_two_answers_at_once_the_second_is_shown_the_first(house: House, report: ReportRow) -> None:
    done = await asyncio.gather(*(answer(house, f"Answer {n}", 0) for n in range(5)), return_exceptions=True)
    assert sum(isinstance(one, ReportRow) for one in done) == 1
    assert sum(isinstance(one, Conflict) and one.code == Code.REPORT_NEWER for one in done) == 4
    assert len(await log(house, report)) == 1


async def test_what_the_reporter_added_is_seen_before_it_is_answered(house: House, report: ReportRow) -> None:
    await house.db.write(lambda conn: add_to_report(conn, report.token, "The second one.", house.clock()))
    with pytest.raises(Conflict) as refused:
        await answer(house, "Which song?", 0, ReportState.CLOSED)
    assert (refused.value.code, refused.value.field) == (Code.REPORT_NEWER, "body")
    assert await log(house, report) == [("reporter", "The second one.")]
    closed = await answer(house, "I took it out.", 1, ReportState.CLOSED)
    assert isinstance(closed, ReportRow)
    assert closed.state == "closed"


async def test_what_is_closed_takes_nothing_more(house: House, report: ReportRow) -> None:
    await answer(house, "It is gone.", close=ReportState.CLOSED)
    with pytest.raises(Conflict):
        await answer(house, "One more word")
    with pytest.raises(Conflict):
        await house.db.write(lambda conn: add_to_report(conn, report.token, "But", house.clock()))
    assert await log(house, report) == [("creator", "It is gone.")]
    assert await house.db.read(rows.count_reports) == {"closed": 1}


async def test_what_is_not_there_or_says_nothing_is_refused(house: House, report: ReportRow) -> None:
    with pytest.raises(NotFound):
        await house.db.write(lambda conn: answer_report(conn, "WR-2222-2222", "x", ReportState.CLOSED, house.clock()))
    with pytest.raises(Refused) as refused:
        await answer(house, " \u200b")
    assert refused.value.code == Code.LETTER_EMPTY
    assert await log(house, report) == []
