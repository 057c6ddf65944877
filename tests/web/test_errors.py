"""What went wrong, as a page that says what happened and what to do."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient
from yarl import URL

from headwaters.core.errors import Code, Conflict, HeadwatersError, Limited, NotFound, Refused, TooLarge, Unavailable
from headwaters.core.sales.money import Money
from headwaters.errands.house import House
from headwaters.web.app import LARGEST_FORM, listen, serve
from headwaters.web.errors import error_context
from headwaters.web.render import said_problem, status_of
from tests.people import BOB
from tests.support.pages import publish

Client = TestClient[Any, Any]


INSIDE = "the inside of the house"
ODD_PART = (
    b'--x\r\nContent-Disposition: form-data; name="body"\r\nContent-Transfer-Encoding: odd\r\n\r\nabc\r\n--x--\r\n'
)


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


@pytest.mark.parametrize("code", [Code.BLOB_CHANGED, Code.BLOB_MISSING])
def test_a_reader_is_told_of_no_command(code: Code):
    error = Unavailable(code, "A file of this shop cannot be read right now.", hint="“headwaters doctor” says which.")
    page = error_context(error, 503, "en")
    assert page.message == "A file of this shop is damaged, and is not sent until it is whole again."
    assert page.hint.startswith("Your page and all else on it stay.")


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
        try:
            raise ValueError(f"{BOB} and other values of a statement")
        except ValueError as cause:
            raise RuntimeError(INSIDE) from cause

    monkeypatch.setattr(house.db, "read", broken)
    token = "a" * 26
    with caplog.at_level(logging.ERROR):
        answer = await client.get(f"/o/{token}")
    page = await answer.text()
    assert answer.status == 500
    assert "That was our mistake." in page
    assert INSIDE not in page
    assert "GET /o/… failed: RuntimeError" in caplog.text
    assert "in broken" in caplog.text
    for secret in (token, BOB, INSIDE):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "request_line",
    [
        f"FOO /o/{'a' * 26} HTTP/1.1",
        f"GET /d/{'a' * 26}/{'b' * 9000} HTTP/1.1",
        f"GET /o/{'a' * 26} HTTP/9",
        f"GET /o/{'a' * 26} HTTP/1.1\r\nBad Header: 1",
    ],
)
async def test_a_broken_request_leaves_neither_its_sender_nor_its_address_in_the_log(
    client: Client, request_line: str, caplog: pytest.LogCaptureFixture
) -> None:
    for begin in ("", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"):  # aiohttp is quieter about the first request
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(f"{begin}{request_line}\r\nHost: x\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        assert b" 400 " in answer
    assert "127.0.0.1" not in caplog.text
    assert "a" * 26 not in caplog.text


@pytest.mark.parametrize("path", ["/w/%00", "/w/a%00/take", "/w/a/f/%00/x", "/o/%00", "/d/%00/x", "/hooks/%00", "/%00"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_address_with_a_nul_is_none(client: Client, path: str, method: str) -> None:
    """PostgreSQL takes no NUL in a text."""
    answer = await client.request(method, URL(path, encoded=True))
    assert answer.status == 404


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=unicode_escape", b"body=\\ud800&address=a"),
        ("application/x-www-form-urlencoded; charset=none-such", b"body=a"),
        ("multipart/form-data; boundary=x", ODD_PART),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nno header\r\n\r\nabc\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nA: " + b"a" * 9000 + b"\r\n\r\nabc\r\n--x--\r\n"),
        ("text/plain", b"body=a"),
        ("", b"body=a"),
    ],
)
async def test_a_form_that_no_browser_sends_is_refused(client: Client, kind: str, body: bytes) -> None:
    answer = await client.post("/report", data=body, headers={"Content-Type": kind})
    assert answer.status == 422
    assert "This form did not arrive" in await answer.text()


@pytest.mark.parametrize("path", ["/report", "/studio/signin", "/hooks/practice"])
async def test_a_body_that_is_not_packed_as_it_says_is_nobodys_mistake_but_its_senders(
    client: Client, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n"
    writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nabc".encode())
    answer = await reader.read()
    writer.close()
    assert answer.split(b" ")[1] in {b"400", b"422"}
    assert caplog.text == ""


@pytest_asyncio.fixture
async def port(house: House) -> AsyncIterator[int]:
    """Where the shop listens as it does in earnest: aiohttp's server for tests treats senders who go otherwise."""
    sock, stop = listen("127.0.0.1", 0), asyncio.Event()
    serving = asyncio.create_task(serve(house, sock, stop))
    yield sock.getsockname()[1]
    stop.set()
    await serving


async def begin_form(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A form of which five bytes come, and no more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    kind = "Content-Type: application/x-www-form-urlencoded"
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\n{kind}\r\nContent-Length: 100\r\n\r\nbody=".encode())
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize("path", ["/report", "/studio/signin", "/hooks/practice"])
async def test_a_body_that_does_not_come_to_an_end_is_not_waited_for(
    port: int, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("headwaters.web.sales.PATIENCE", 0.2)
    reader, writer = await begin_form(port, path)
    assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 408 ")
    writer.close()
    assert caplog.text == ""


@pytest.mark.parametrize("path", ["/report", "/hooks/practice"])
async def test_a_body_whose_sender_went_leaves_no_failure_in_the_log(
    port: int, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await begin_form(port, path)
    await asyncio.sleep(0.1)
    writer.transport.abort()
    await asyncio.sleep(0.1)
    assert caplog.text == ""


async def test_a_database_that_does_not_answer_is_a_moments_matter(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(fn: Any) -> Any:
        raise Unavailable(Code.DATABASE_DOWN, "The database does not answer; please try again in a moment.")

    monkeypatch.setattr(house.db, "read", down)
    answer = await client.get("/healthz")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert (await answer.text()).startswith("The database does not answer")
