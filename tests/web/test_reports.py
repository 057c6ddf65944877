"""Tell of a wrong, follow it, answer it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select

from headwaters.actions.reports import ReportState, answer_report
from headwaters.core.errors import Code, Conflict, NotFound
from headwaters.errands.house import House
from headwaters.store import reports as rows
from headwaters.store import tables
from tests.support.house import Clock
from tests.web.test_pages import ATTACK

Client = TestClient[Any, Any]

WRONG = {"address": "http://shop.example/w/high-water", "body": "This is my song.", "email": "bob@example.org"}


async def send(client: Client, path: str = "/report", **fields: str) -> Any:
    return await client.post(path, data={"nonce": "n" * 26, **fields}, allow_redirects=False)


async def count(house: House) -> int:
    return int(
        await house.db.read(lambda conn: conn.execute(select(func.count()).select_from(tables.reports)).scalar_one())
    )


async def report(client: Client) -> str:
    """Bob tells of a wrong; the path of his page."""
    answer = await send(client, **WRONG)
    assert answer.status == 303
    path: str = answer.headers["Location"]
    assert re.fullmatch(r"/report/[a-z2-7]{26}", path)
    return path


async def test_a_report_leads_to_a_page_of_its_own(client: Client, house: House) -> None:
    path = await report(client)
    answer = await client.get(path)
    page = await answer.text()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Thank you for telling." in page
    assert re.search(r"<code>WR-[0-9A-Z]{4}-[0-9A-Z]{4}</code>", page)
    assert "This is my song." in page
    assert f"http://shop.example{path}" in page
    assert await count(house) == 1


async def test_the_form_knows_where_the_reader_came_from_and_believes_no_other_host(client: Client) -> None:
    assert 'value="http://shop.example/w/high-water"' in await (await client.get("/report?about=/w/high-water")).text()
    for about in ("//evil.example/", "https://evil.example/", "evil"):
        assert "evil" not in await (await client.get("/report", params={"about": about})).text()


async def test_sent_twice_it_is_one_report(client: Client, house: House) -> None:
    paths = [answer.headers["Location"] for answer in await asyncio.gather(*(send(client, **WRONG) for _ in range(3)))]
    assert len(set(paths)) == 1
    assert await count(house) == 1


@pytest.mark.parametrize(
    ("field", "value", "status", "says"),
    [
        ("address", "  ", 422, "Please say where it is"),
        ("body", "\n\n", 422, "Please write a few words."),
        ("body", "x" * 20_001, 413, "20 KB at most"),
        ("email", "bob", 422, "This is not an e-mail address"),
        ("nonce", "short", 422, "did not arrive whole"),
    ],
)
async def test_a_refused_report_comes_back_with_what_was_typed(
    client: Client, house: House, field: str, value: str, status: int, says: str
) -> None:
    answer = await send(client, **{**WRONG, field: value})
    page = await answer.text()
    assert answer.status == status
    assert says in page
    for name in {"address", "body", "email"} - {field}:
        assert WRONG[name] in page
    assert await count(house) == 0


async def test_too_many_reports_are_asked_to_wait(client: Client, house: House) -> None:
    for number in range(6):
        answer = await send(client, **WRONG, **{"nonce": f"{number:026}"})
    assert answer.status == 429
    assert WRONG["body"] in await answer.text()
    assert await count(house) == 5


async def test_the_two_write_to_each_other_until_it_is_closed(client: Client, house: House, clock: Clock) -> None:
    path = await report(client)
    reference = re.search(r"WR-[0-9A-Z-]+", await (await client.get(path)).text())
    assert reference
    await house.db.write(lambda conn: answer_report(conn, reference[0], "Which song?", ReportState.ANSWERED, clock()))
    page = await (await client.get(path)).text()
    assert "There is an answer." in page
    assert "Which song?" in page
    for _ in range(2):  # twice is once
        assert (await send(client, path, body="The third.")).status == 303
    page = await (await client.get(path)).text()
    assert page.count("The third.") == 1
    assert "Thank you for telling." in page  # it waits for an answer again
    await house.db.write(lambda conn: answer_report(conn, reference[0], "Removed.", ReportState.CLOSED, clock()))
    page = await (await client.get(path)).text()
    assert "This report is closed." in page
    assert "<form" not in page
    answer = await send(client, path, body="And another thing.")
    assert answer.status == 409
    with pytest.raises(Conflict):
        await house.db.write(lambda conn: answer_report(conn, reference[0], "More.", ReportState.CLOSED, clock()))
    log = await house.db.read(lambda conn: rows.entries(conn, 1))
    assert [(entry.author, entry.body) for entry in log] == [
        ("creator", "Which song?"),
        ("reporter", "The third."),
        ("creator", "Removed."),
    ]


async def test_charlie_sees_no_report(client: Client, house: House) -> None:
    await report(client)
    for token in ("a" * 26, "x", "A" * 26):
        assert (await client.get(f"/report/{token}")).status == 404
        assert (await send(client, f"/report/{token}", body="Hello")).status == 404
    with pytest.raises(NotFound) as unknown:
        await house.db.read(lambda conn: rows.report_by_reference(conn, "WR-2222-2222"))
    assert unknown.value.code is Code.REPORT_UNKNOWN


async def test_no_text_of_a_report_is_markup(client: Client) -> None:
    answer = await send(client, address=ATTACK, body=ATTACK)
    page = await (await client.get(answer.headers["Location"])).text()
    assert "<script>" not in page
    assert "<img src=x" not in page
    assert page.count("&lt;script&gt;alert(2)&lt;/script&gt;") == 2
