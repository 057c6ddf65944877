"""The Till port, held against every till: Stripe (its emulator), by hand, practice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
import stripe

from headwaters.adapters.tills.by_hand import ByHandTill
from headwaters.adapters.tills.practice import PracticeTill, signatures
from headwaters.adapters.tills.stripe import StripeTill
from headwaters.core.errors import Code, NotFound, Refused
from headwaters.core.sales.money import Money
from headwaters.core.sales.practice import Choice
from headwaters.core.sales.references import make_reference
from headwaters.core.sales.states import Mode, PaymentState
from headwaters.ports import LocalTill, PaymentRequest, PaymentStatus, Till, TillSession
from tests.support.stripe_emulator import StripeEmulator

SHOP_KEY = bytes(range(32))
URL = "https://alice.example"
_numbers = count(1)

Delivery = tuple[Mapping[str, str], bytes]  # headers and body of an event


class Bench:
    """A till under test, and what its other side can do."""

    till: Till
    mode: Mode

    async def pay(self, session: TillSession) -> Delivery:
        """The reader pays; the event that the till sends."""
        raise NotImplementedError

    def sign(self, body: bytes, at: datetime) -> Mapping[str, str]:
        """The till's own signature over any body."""
        raise NotImplementedError


class ByHandBench(Bench):
    def __init__(self) -> None:
        self.till, self.mode = ByHandTill(), Mode.LIVE


class PracticeBench(Bench):
    def __init__(self, folder: Path) -> None:
        self.practice = PracticeTill(URL, folder, SHOP_KEY, read_clock)
        self.till, self.mode = self.practice, Mode.PRACTICE

    async def pay(self, session: TillSession) -> Delivery:
        (event,) = self.practice.decide(session.session_id, Choice.PAY).events
        return event.headers, event.body

    def sign(self, body: bytes, at: datetime) -> Mapping[str, str]:
        return signatures.sign(self.practice._secret, body, at)


class StripeBench(Bench):
    def __init__(self, emulator: StripeEmulator) -> None:
        self.emulator = emulator
        self.till = StripeTill(emulator.secret_key, emulator.webhook_secret, shop_key=SHOP_KEY, api=emulator.url)
        self.mode = Mode.TEST

    async def pay(self, session: TillSession) -> Delivery:
        seen = len(self.emulator.events)
        async with aiohttp.ClientSession() as browser, browser.get(str(session.url)) as page:
            assert page.status == 200
        async with (
            aiohttp.ClientSession() as browser,
            browser.post(f"{session.url}/complete", allow_redirects=False) as done,
        ):
            assert done.status == 302
        (event,) = self.emulator.events[seen:]
        return event.headers, event.body

    def sign(self, body: bytes, at: datetime) -> Mapping[str, str]:
        text, moment = body.decode("utf-8", "replace"), int(at.timestamp())
        secret = self.emulator.webhook_secret
        return {"stripe-signature": stripe.WebhookSignature.generate_signature_header(text, secret, moment)}


def make_bench(request: pytest.FixtureRequest) -> Bench:
    match request.param:
        case "by_hand":
            return ByHandBench()
        case "practice":
            return PracticeBench(request.getfixturevalue("tmp_path") / "a shop" / "practice")
        case _:
            return StripeBench(request.getfixturevalue("stripe_emulator"))


@pytest.fixture(params=["by_hand", "practice", "stripe"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Each till."""
    return make_bench(request)


@pytest.fixture(params=["practice", "stripe"])
def eventful(request: pytest.FixtureRequest) -> Bench:
    """The tills that send events."""
    return make_bench(request)


def read_clock() -> datetime:
    return datetime.now(UTC)


def request_for(minor: int = 700, **more: Any) -> PaymentRequest:
    now = datetime.now(UTC).replace(microsecond=0)
    request = PaymentRequest(
        reference=make_reference(f"{now} {next(_numbers)} {id(object())}"),
        amount=Money(minor, "EUR"),
        title="High Water, a film 🛶 in “five” parts & a half",
        return_url=f"{URL}/o/aaaaaaaaaaaaaaaaaaaaaaaaaa/back",
        cancel_url=f"{URL}/o/aaaaaaaaaaaaaaaaaaaaaaaaaa",
        created_at=now,
        expires_at=now + timedelta(hours=23),
    )
    return replace(request, **more)


# ── opening ──


async def test_a_till_says_what_it_is(bench: Bench) -> None:
    assert bench.till.name in {"by_hand", "practice", "stripe"}
    assert bench.till.mode is bench.mode
    bench.till.check(Money(500, "EUR"))


async def test_the_same_reference_twice_opens_the_same_session(bench: Bench) -> None:
    request = request_for()
    first = await bench.till.open(request)
    assert await bench.till.open(request) == first
    assert first.expires_at == request.expires_at


async def test_ten_at_once_open_one_session(bench: Bench) -> None:
    request = request_for()
    sessions = await asyncio.gather(*(bench.till.open(request) for _ in range(10)))
    assert len(set(sessions)) == 1


async def test_two_references_open_two_sessions(bench: Bench) -> None:
    first, second = await bench.till.open(request_for()), await bench.till.open(request_for())
    assert first.session_id != second.session_id


@pytest.mark.parametrize("bench", ["by_hand", "practice"], indirect=True)
async def test_a_local_till_opens_the_same_without_waiting(bench: Bench) -> None:
    request = request_for()
    assert cast("LocalTill", bench.till).open_now(request) == await bench.till.open(request)


# ── asking ──


async def test_a_fresh_session_is_open_and_is_what_was_asked_for(bench: Bench) -> None:
    request = request_for()
    session = await bench.till.open(request)
    assert await bench.till.fetch(session.session_id) == PaymentStatus(
        session.session_id, request.reference, PaymentState.OPEN, request.amount, bench.mode
    )


@pytest.mark.parametrize(
    "session_id",
    ["", "cs_unknown", "../v1/balance", "HW-7K3M-9QXA.5.XXX", "a.b", "a.b.c", "é", "\x00", "aGk.aGk", "x" * 5000, "."],
)
async def test_an_unknown_session_is_not_found(bench: Bench, session_id: str) -> None:
    with pytest.raises(NotFound) as caught:
        await bench.till.fetch(session_id)
    assert caught.value.code is Code.PAYMENT_STATE


async def test_another_tills_session_is_not_found(bench: Bench, tmp_path: Path) -> None:
    other = ByHandTill() if bench.till.name != "by_hand" else PracticeTill(URL, tmp_path, SHOP_KEY, read_clock)
    session = other.open_now(request_for())
    with pytest.raises(NotFound):
        await bench.till.fetch(session.session_id)


# ── paying ──


async def test_a_paid_session_tells_it_in_its_event_and_when_asked(eventful: Bench) -> None:
    request = request_for()
    session = await eventful.till.open(request)
    headers, body = await eventful.pay(session)
    event = eventful.till.read_event(headers, body, datetime.now(UTC))
    assert event.reference == request.reference
    assert event.session_id == session.session_id
    status = event.status
    assert status is not None
    assert (status.state, status.amount, status.mode) == (PaymentState.PAID, request.amount, eventful.mode)
    assert (status.reference, status.session_id) == (request.reference, session.session_id)
    assert status.external_id
    assert await eventful.till.fetch(session.session_id) == status


async def test_an_event_read_twice_has_the_same_id(eventful: Bench) -> None:
    headers, body = await eventful.pay(await eventful.till.open(request_for()))
    first = eventful.till.read_event(headers, body, datetime.now(UTC))
    assert eventful.till.read_event(headers, body, datetime.now(UTC)) == first


async def test_two_payments_have_events_of_their_own(eventful: Bench) -> None:
    events = []
    for _ in range(2):
        headers, body = await eventful.pay(await eventful.till.open(request_for()))
        events.append(eventful.till.read_event(headers, body, datetime.now(UTC)))
    assert events[0].event_id != events[1].event_id


async def test_headers_count_in_any_case(eventful: Bench) -> None:
    headers, body = await eventful.pay(await eventful.till.open(request_for()))
    for change in (str.lower, str.upper):
        eventful.till.read_event({change(name): value for name, value in headers.items()}, body, datetime.now(UTC))


# ── forgery ──


def assert_forged(bench: Bench, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    with pytest.raises(Refused) as caught:
        bench.till.read_event(headers, body, now)
    assert caught.value.code is Code.EVENT_FORGED


async def test_every_changed_byte_is_a_forgery(eventful: Bench) -> None:
    headers, body = await eventful.pay(await eventful.till.open(request_for()))
    now = datetime.now(UTC)
    for at in range(0, len(body), max(len(body) // 40, 1)):
        assert_forged(eventful, headers, body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :], now)
    assert_forged(eventful, headers, body + b" ", now)
    assert_forged(eventful, headers, b"", now)
    assert_forged(eventful, headers, b"\xff\xfe" + body, now)


async def test_a_wrong_or_missing_signature_is_a_forgery(eventful: Bench) -> None:
    headers, body = await eventful.pay(await eventful.till.open(request_for()))
    now = datetime.now(UTC)
    name, value = next((name, value) for name, value in headers.items() if name.lower().endswith("signature"))
    moment, mac = value.split(",")
    assert_forged(eventful, {}, body, now)
    for wrong in (
        "",
        "v1",
        moment,
        mac,
        f"{moment},v1=",
        f"{moment},v1={'0' * 64}",
        f"t=now,{mac}",
        f"t=0,{mac}",
        "é",
        f"{moment},v0={mac[3:]}",
    ):
        assert_forged(eventful, {name: wrong}, body, now)


async def test_a_signature_is_good_for_five_minutes_before_and_after(eventful: Bench) -> None:
    headers, body = await eventful.pay(await eventful.till.open(request_for()))
    signed = datetime.now(UTC)
    eventful.till.read_event(headers, body, signed + timedelta(seconds=295))
    eventful.till.read_event(headers, body, signed - timedelta(seconds=295))
    assert_forged(eventful, headers, body, signed + timedelta(seconds=305))
    assert_forged(eventful, headers, body, signed - timedelta(seconds=305))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b"{}", b'"text"', b'{"id": "evt_1"}', b'{"id": 1, "type": 2, "session_id": 3}']
)
async def test_what_is_signed_and_cannot_be_read_is_broken(eventful: Bench, body: bytes) -> None:
    now = datetime.now(UTC)
    with pytest.raises(Refused) as caught:
        eventful.till.read_event(eventful.sign(body, now), body, now)
    assert caught.value.code is Code.EVENT_BROKEN


async def test_an_event_for_another_till_is_a_forgery(eventful: Bench) -> None:
    body = json.dumps({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {}}}).encode()
    for header in ("Stripe-Signature", "Practice-Signature"):
        assert_forged(
            eventful, {header: f"t={int(datetime.now(UTC).timestamp())},v1={'a' * 64}"}, body, datetime.now(UTC)
        )


def test_a_till_without_events_takes_none() -> None:
    with pytest.raises(NotFound) as caught:
        ByHandTill().read_event({}, b"{}", datetime.now(UTC))
    assert caught.value.code is Code.TILL_UNKNOWN
