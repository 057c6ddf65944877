"""What went wrong, as a page that says what happened and what to do."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from headwaters.core.errors import Code, Conflict, HeadwatersError, Limited, NotFound, Refused, TooLarge, Unavailable
from headwaters.core.sales.money import Money
from headwaters.errands.house import House
from headwaters.web.app import LARGEST_FORM
from headwaters.web.render import said_problem, status_of
from tests.support.pages import publish

Client = TestClient[Any, Any]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web."""
    return sqlite_url


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused(Code.AMOUNT_MISSING, "x"), 422),
        (Conflict(Code.PAYMENT_STATE, "x"), 409),
        (TooLarge(Code.LETTER_TOO_LONG, "x"), 413),
        (Limited(Code.TOO_OFTEN, "x", retry_after=3), 429),
        (NotFound(Code.WORK_UNKNOWN, "x"), 404),
        (NotFound(Code.WORK_RETIRED, "x"), 410),
        (NotFound(Code.WORK_WITHHELD, "x"), 451),
        (Refused(Code.FOREIGN_FORM, "x"), 403),
        (Unavailable(Code.TILL_DOWN, "x"), 503),
        (HeadwatersError(Code.WRONG_USE, "x"), 500),
    ],
)
def test_each_error_has_its_number(error: HeadwatersError, status: int):
    assert status_of(error) == status


def test_money_in_a_message_is_said_in_the_pages_language():
    error = Refused(Code.AMOUNT_TOO_SMALL, "at least %(minimum)s", minimum=Money(100, "EUR"))
    assert said_problem(error, "de").message == "at least 1,00\u00a0€"


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/nowhere", 404, "There is nothing here."),
        ("GET", "/w/nowhere", 404, "There is no such work here."),
        ("DELETE", "/", 405, "That is not how this page is used."),
        ("GET", "/o/" + "a" * 26, 404, "There is no such page."),
        ("GET", "/%ff%fe", 404, "There is nothing here."),
        ("GET", "/w/" + "x" * 4000, 404, "There is no such work here."),
    ],
)
async def test_an_error_is_a_page_with_a_way_on(client: Client, method: str, path: str, status: int, says: str) -> None:
    answer = await client.request(method, path)
    page = await answer.text()
    assert answer.status == status
    assert says in page
    assert '<a class="go" href="/">All works</a>' in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Allow" in answer.headers) == (status == 405)


async def test_a_form_of_ten_megabytes_is_refused_before_it_is_read(client: Client, house: House) -> None:
    await publish(house, "High Water")
    body = io.BytesIO(b"door=cant_pay&nonce=" + b"n" * 26 + b"&letter=" + b"x" * 10_000_000)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/w/high-water/take", data=body, headers=headers)
    assert answer.status == 413
    assert "That is too much at once." in await answer.text()
    assert LARGEST_FORM < 200_000


async def test_a_program_is_told_in_json(client: Client) -> None:
    answer = await client.get(f"/o/{'a' * 26}.json")
    assert (answer.status, await answer.json()) == (
        404,
        {"error": {"code": "order_unknown", "message": "There is no such page."}},
    )


async def test_what_nobody_expected_is_logged_without_secrets_and_shown_without_details(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(fn: Any) -> Any:
        raise RuntimeError("the inside of the house")

    monkeypatch.setattr(house.db, "read", broken)
    token = "a" * 26
    with caplog.at_level(logging.ERROR):
        answer = await client.get(f"/o/{token}")
    page = await answer.text()
    assert answer.status == 500
    assert "That was our mistake." in page
    assert "inside" not in page
    assert "GET /o/…" in caplog.text
    assert token not in caplog.text


async def test_a_database_that_does_not_answer_is_a_moments_matter(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(fn: Any) -> Any:
        raise Unavailable(Code.DATABASE_DOWN, "The database does not answer; please try again in a moment.")

    monkeypatch.setattr(house.db, "read", down)
    answer = await client.get("/healthz")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert (await answer.text()).startswith("The database does not answer")
