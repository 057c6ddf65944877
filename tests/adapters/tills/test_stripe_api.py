"""What we ask of Stripe and make of its answers; Stripe is the emulator behind its proxy."""

from __future__ import annotations

import asyncio
import gc
import json
import time
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import stripe

from headwaters.adapters.tills.stripe import StripeTill
from headwaters.adapters.tills.stripe.sessions import state_of
from headwaters.core.errors import Code, HeadwatersError, NotFound, Refused, Unavailable
from headwaters.core.sales.money import Money
from headwaters.core.sales.references import make_reference
from headwaters.core.sales.states import Mode, PaymentState
from headwaters.core.sales.tills import PaymentRequest, RefundStatus
from tests.support.addresses import free_port
from tests.support.stripe_emulator import StripeEmulator

SHOP_KEY = bytes(range(32))


@pytest.fixture
def till(stripe_emulator: StripeEmulator) -> StripeTill:
    return StripeTill(
        stripe_emulator.secret_key, stripe_emulator.webhook_secret, shop_key=SHOP_KEY, api=stripe_emulator.url
    )


def request_for(amount: Money = Money(700, "EUR"), **more: Any) -> PaymentRequest:  # noqa: B008
    now = datetime.now(UTC).replace(microsecond=0)
    given = {
        "reference": make_reference(str(time.perf_counter_ns())),
        "amount": amount,
        "title": "High Water",
        "return_url": "https://alice.example/o/a/back",
        "cancel_url": "https://alice.example/o/a",
        "created_at": now,
        "expires_at": now + timedelta(hours=23),
    }
    return PaymentRequest(**{**given, **more})


async def pay(url: str | None) -> str:
    """Press the button of the hosted page; where the reader is sent."""
    async with aiohttp.ClientSession() as browser, browser.post(f"{url}/complete", allow_redirects=False) as done:
        assert done.status == 302
        return done.headers["Location"]


async def refused(till: StripeTill, request: PaymentRequest | None = None) -> HeadwatersError:
    with pytest.raises(HeadwatersError) as caught:
        await till.open(request or request_for())
    return caught.value


# ── the request ──


async def test_the_session_asks_for_what_the_reader_said_and_names_it_twice(
    till: StripeTill, stripe_emulator: StripeEmulator
) -> None:
    request = request_for()
    session = await till.open(request)
    form = stripe_emulator.sessions[session.session_id].form
    assert form == {
        "mode": "payment",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "700",
        "line_items[0][price_data][product_data][name]": "High Water",
        "client_reference_id": request.reference,
        "metadata[payment]": request.reference,
        "metadata[shop]": till._shop,
        "payment_intent_data[metadata][payment]": request.reference,
        "payment_intent_data[metadata][shop]": till._shop,
        "payment_intent_data[description]": f"High Water · {request.reference}",
        "success_url": request.return_url,
        "cancel_url": request.cancel_url,
        "expires_at": str(int(request.expires_at.timestamp())),
        "adaptive_pricing[enabled]": "false",
    }
    assert session.url == f"{stripe_emulator.url}/checkout/{session.session_id}"


async def test_the_reference_is_the_idempotency_key_and_nothing_of_the_machine_is_told(
    till: StripeTill, stripe_emulator: StripeEmulator
) -> None:
    request = request_for()
    await till.open(request)
    await till.open(request)
    told = [headers for _, _, headers in stripe_emulator.requests]
    assert [headers["Idempotency-Key"] for headers in told] == [request.reference] * 2
    for headers in told:
        assert "X-Stripe-Client-Telemetry" not in headers
        assert not {"platform", "uname", "hostname", "telemetry_id"} & set(
            json.loads(headers["X-Stripe-Client-User-Agent"])
        )
    assert not (Path.home() / ".config" / "stripe" / "telemetry_id").exists()


@pytest.mark.parametrize(
    ("asked", "given"), [({"minutes": 1}, {"minutes": 31}), ({"days": 30}, {"hours": 23, "minutes": 59})]
)
async def test_a_session_is_open_as_long_as_stripe_allows(
    till: StripeTill, asked: dict[str, int], given: dict[str, int]
) -> None:
    request = request_for()
    request = request_for(created_at=request.created_at, expires_at=request.created_at + timedelta(**asked))
    assert (await till.open(request)).expires_at == request.created_at + timedelta(**given)


async def test_krona_and_dinars_are_asked_for_in_stripes_units(
    till: StripeTill, stripe_emulator: StripeEmulator
) -> None:
    session = await till.open(request_for(Money(500, "ISK")))
    assert stripe_emulator.sessions[session.session_id].form["line_items[0][price_data][unit_amount]"] == "50000"
    assert (await till.fetch(session.session_id)).amount == Money(500, "ISK")


async def test_what_stripe_would_refuse_is_refused_without_asking_it(
    till: StripeTill, stripe_emulator: StripeEmulator
) -> None:
    assert (await refused(till, request_for(Money(49, "EUR")))).code is Code.AMOUNT_TOO_SMALL
    assert stripe_emulator.requests == []


# ── what Stripe says of it ──


async def test_a_payment_with_its_fee(till: StripeTill, stripe_emulator: StripeEmulator) -> None:
    session = await till.open(request_for())
    assert await pay(session.url) == "https://alice.example/o/a/back"
    before = await till.fetch(session.session_id)
    assert (before.state, before.mode, before.fee, before.refunds) == (PaymentState.PAID, Mode.TEST, None, ())
    stripe_emulator.book_fee(session.session_id, 36)
    assert (await till.fetch(session.session_id)).fee == Money(36, "EUR")


async def test_a_fee_in_another_currency_is_left_out(till: StripeTill, stripe_emulator: StripeEmulator) -> None:
    session = await till.open(request_for())
    await pay(session.url)
    stripe_emulator.book_fee(session.session_id, 36, currency="usd")
    assert (await till.fetch(session.session_id)).fee is None


async def test_refunds_each_once_and_only_those_that_are_done(
    till: StripeTill, stripe_emulator: StripeEmulator
) -> None:
    session = await till.open(request_for())
    await pay(session.url)
    done = stripe_emulator.refund(session.session_id, 200)
    pending = stripe_emulator.refund(session.session_id, 300, status="pending")
    failed = stripe_emulator.refund(session.session_id, 100, status="failed")
    assert set((await till.fetch(session.session_id)).refunds) == {
        RefundStatus(done, Money(200, "EUR"), done=True),
        RefundStatus(pending, Money(300, "EUR"), done=False),
        RefundStatus(failed, Money(100, "EUR"), done=False, failed=True),
    }


async def test_more_refunds_than_come_with_the_charge(till: StripeTill, stripe_emulator: StripeEmulator) -> None:
    session = await till.open(request_for())
    await pay(session.url)
    made = {stripe_emulator.refund(session.session_id, 10) for _ in range(13)}
    refunds = (await till.fetch(session.session_id)).refunds
    assert len(refunds) == 13
    assert {refund.external_id for refund in refunds} == made
    assert sum(refund.amount.minor for refund in refunds) == 130


@pytest.mark.parametrize(
    ("status", "moves", "done", "failed", "fees"),
    [
        ("needs_response", [(-700, 1500)], True, False, [1500]),
        ("lost", [(-700, 1500)], True, False, [1500]),
        ("won", [(-700, 1500), (700, -1500)], False, True, [1500, -1500]),
        ("won", [(-700, 1500), (700, 0)], False, True, [1500]),
        ("warning_needs_response", [], False, False, []),  # an inquiry: nothing was withdrawn
        ("lost", [], True, False, []),
        ("won", [], False, False, []),
    ],
)
async def test_a_dispute_takes_the_money_back_until_it_is_won_and_costs_a_fee(
    till: StripeTill,
    stripe_emulator: StripeEmulator,
    status: str,
    moves: list[tuple[int, int]],
    done: bool,
    failed: bool,
    fees: list[int],
) -> None:
    session = await till.open(request_for())
    await pay(session.url)
    stripe_emulator.dispute(session.session_id, 700, status, *moves)
    found = await till.fetch(session.session_id)
    (dispute,) = found.refunds
    assert (dispute.amount, dispute.done, dispute.failed) == (Money(700, "EUR"), done, failed)
    assert dispute.disputed
    assert [fee.amount for fee in found.extra_fees] == [Money(fee, "EUR") for fee in fees]
    assert len({fee.external_id for fee in found.extra_fees}) == len(fees)


async def test_a_debit_is_pending_until_the_bank_has_decided(till: StripeTill, stripe_emulator: StripeEmulator) -> None:
    session = await till.open(request_for())
    await pay(session.url)
    kept = stripe_emulator.sessions[session.session_id]
    kept.payment_status, kept.payment_state = "unpaid", "processing"
    assert (await till.fetch(session.session_id)).state is PaymentState.PENDING
    kept.payment_state = "requires_payment_method"
    assert (await till.fetch(session.session_id)).state is PaymentState.FAILED
    kept.payment_status, kept.payment_state = "paid", "succeeded"
    assert (await till.fetch(session.session_id)).state is PaymentState.PAID


async def test_a_session_that_stripe_closed_is_expired(till: StripeTill, stripe_emulator: StripeEmulator) -> None:
    session = await till.open(request_for())
    client = stripe.StripeClient(stripe_emulator.secret_key, base_addresses={"api": stripe_emulator.url})
    await asyncio.to_thread(client.v1.checkout.sessions.expire, session.session_id)
    assert (await till.fetch(session.session_id)).state is PaymentState.EXPIRED


def test_a_state_that_is_new_to_us_counts_as_open() -> None:
    assert state_of({"status": None, "payment_status": "unpaid"}) is PaymentState.OPEN


# ── when it goes wrong ──


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (400, {"type": "invalid_request_error", "code": "amount_too_small"}, Refused, Code.AMOUNT_TOO_SMALL),
        (400, {"type": "invalid_request_error", "code": "amount_too_large"}, Refused, Code.AMOUNT_TOO_LARGE),
        (
            400,
            {"type": "invalid_request_error", "param": "line_items[0][price_data][currency]"},
            Refused,
            Code.CURRENCY_UNKNOWN,
        ),
        (400, {"type": "invalid_request_error", "param": "success_url"}, Refused, Code.TILL_OFF),
        (400, {"type": "idempotency_error"}, Unavailable, Code.TILL_DOWN),
        (401, {"type": "invalid_request_error"}, Refused, Code.TILL_OFF),
        (403, {"type": "invalid_request_error"}, Refused, Code.TILL_OFF),
    ],
)
async def test_stripes_refusals_in_words(
    till: StripeTill,
    stripe_emulator: StripeEmulator,
    status: int,
    error: dict[str, Any],
    kind: type[HeadwatersError],
    code: Code,
) -> None:
    stripe_emulator.fail(status, message="bob@example.org", **error)
    problem = await refused(till)
    assert type(problem) is kind
    assert problem.code is code
    assert "bob" not in str(problem)
    assert len(stripe_emulator.requests) == 1


@pytest.mark.parametrize("status", [409, 500, 503])
async def test_a_stumbling_stripe_is_asked_again_under_the_same_key(
    till: StripeTill, stripe_emulator: StripeEmulator, status: int
) -> None:
    request = request_for()
    stripe_emulator.fail(status, type="api_error")
    session = await till.open(request)
    assert session.url
    assert [headers["Idempotency-Key"] for _, _, headers in stripe_emulator.requests] == [request.reference] * 2


async def test_a_stripe_that_stays_down_is_down(till: StripeTill, stripe_emulator: StripeEmulator) -> None:
    for _ in range(3):
        stripe_emulator.fail(500, type="api_error")
    problem = await refused(till)
    assert (type(problem), problem.code) == (Unavailable, Code.TILL_DOWN)
    assert len(stripe_emulator.requests) == 3


async def test_too_many_requests_is_down_for_now(till: StripeTill, stripe_emulator: StripeEmulator) -> None:
    stripe_emulator.fail(429, type="rate_limit_error")
    problem = await refused(till)
    assert (type(problem), problem.code) == (Unavailable, Code.TILL_DOWN)


async def test_a_stripe_that_cannot_be_reached_is_down() -> None:
    till = StripeTill("sk_test_x", "whsec_x", shop_key=SHOP_KEY, api=f"http://127.0.0.1:{free_port()}")
    problem = await refused(till)
    assert (type(problem), problem.code) == (Unavailable, Code.TILL_DOWN)
    with pytest.raises(Unavailable):
        await till.fetch("cs_test_1")


async def test_a_wrong_key_is_told_to_nobody_but_the_log(
    stripe_emulator: StripeEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    till = StripeTill("sk_test_wrong", "whsec_x", shop_key=SHOP_KEY, api=stripe_emulator.url)
    assert (await refused(till)).code is Code.TILL_OFF
    assert "AuthenticationError" in caplog.text
    assert "sk_test" not in caplog.text


async def test_an_answer_that_makes_no_sense_is_no_payment(till: StripeTill, stripe_emulator: StripeEmulator) -> None:
    session = await till.open(request_for())
    stripe_emulator.sessions[session.session_id].currency = "zzz"
    with pytest.raises(Unavailable) as caught:
        await till.fetch(session.session_id)
    assert caught.value.code is Code.TILL_DOWN


async def test_a_session_of_another_account_is_not_found(till: StripeTill, stripe_emulator: StripeEmulator) -> None:
    stripe_emulator.fail(404, type="invalid_request_error", code="resource_missing", param="session")
    with pytest.raises(NotFound):
        await till.fetch("cs_test_of_another_account")


async def test_no_connection_is_left_behind(till: StripeTill) -> None:
    await asyncio.gather(*(till.open(request_for()) for _ in range(5)))
    assert till._stripe._requestor._get_http_client()._session is None
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        del till
        gc.collect()
