"""Stripe's events, made of its own sample objects and signed by its own npm library."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from stripe.params import WebhookEndpointCreateParams

from headwaters.adapters.tills.stripe import EVENTS, StripeTill
from headwaters.core.errors import Code, Refused
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Mode, PaymentState
from headwaters.core.sales.tills import PaymentStatus, TillEvent
from tests.support.stripe_objects import sign, stripe_event, stripe_object

SECRET = "whsec_test"
REFERENCE = "HW-7K3M-9QXA"
SHOP_KEY = bytes(range(32))


@pytest.fixture(scope="module")
def till() -> StripeTill:
    return StripeTill("sk_test_x", SECRET, shop_key=SHOP_KEY)


def metadata(till: StripeTill, **more: str) -> dict[str, str]:
    return {"payment": REFERENCE, "shop": till._shop, **more}


def session(till: StripeTill, **changes: Any) -> dict[str, Any]:
    """A session of ours, complete and paid."""
    return stripe_object(
        "checkout.session",
        **{
            "id": "cs_test_1",
            "amount_total": 700,
            "currency": "eur",
            "client_reference_id": REFERENCE,
            "metadata": metadata(till),
            "payment_intent": "pi_1",
            "payment_status": "paid",
            "status": "complete",
            **changes,
        },
    )


def read(till: StripeTill, body: bytes) -> TillEvent:
    return till.read_event(sign(body, SECRET), body, datetime.now(UTC))


def status(state: PaymentState, amount: Money = Money(700, "EUR"), mode: Mode = Mode.TEST) -> PaymentStatus:  # noqa: B008
    return PaymentStatus("cs_test_1", REFERENCE, state, amount, mode, external_id="pi_1")


@pytest.mark.parametrize(
    ("kind", "payment_status", "state"),
    [
        ("checkout.session.completed", "paid", PaymentState.PAID),
        ("checkout.session.completed", "no_payment_required", PaymentState.PAID),
        ("checkout.session.completed", "unpaid", PaymentState.PENDING),
        ("checkout.session.async_payment_succeeded", "paid", PaymentState.PAID),
        ("checkout.session.async_payment_failed", "unpaid", PaymentState.FAILED),
        ("checkout.session.expired", "unpaid", PaymentState.EXPIRED),
    ],
)
def test_a_sessions_event_tells_everything(
    till: StripeTill, kind: str, payment_status: str, state: PaymentState
) -> None:
    body = stripe_event(kind, session(till, payment_status=payment_status))
    assert read(till, body) == TillEvent(f"evt_{kind}", kind, REFERENCE, "cs_test_1", status(state), external_id="pi_1")


@pytest.mark.parametrize(
    ("units", "currency", "money"),
    [(500, "jpy", Money(500, "JPY")), (50000, "isk", Money(500, "ISK")), (5000, "kwd", Money(5000, "KWD"))],
)
def test_amounts_are_read_in_stripes_units(till: StripeTill, units: int, currency: str, money: Money) -> None:
    body = stripe_event("checkout.session.completed", session(till, amount_total=units, currency=currency))
    event = read(till, body)
    assert event.status is not None
    assert event.status.amount == money


def test_a_live_session_says_so_and_settles_no_test_payment(till: StripeTill) -> None:
    body = stripe_event("checkout.session.completed", session(till, livemode=True), livemode=True)
    assert read(till, body).status == status(PaymentState.PAID, mode=Mode.LIVE)


@pytest.mark.parametrize("kind", ["charge.refunded", "charge.updated"])
def test_a_charge_makes_us_look(till: StripeTill, kind: str) -> None:
    body = stripe_event(kind, stripe_object("charge", payment_intent="pi_1", metadata=metadata(till)))
    assert read(till, body) == TillEvent(f"evt_{kind}", kind, REFERENCE, None, None, external_id="pi_1")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("refund.created", "refund"),
        ("refund.updated", "refund"),
        ("refund.failed", "refund"),
        ("charge.dispute.created", "dispute"),
        ("charge.dispute.closed", "dispute"),
    ],
)
def test_refunds_and_disputes_know_the_payment_but_not_us(till: StripeTill, kind: str, name: str) -> None:
    body = stripe_event(kind, stripe_object(name, payment_intent="pi_1"))
    assert read(till, body) == TillEvent(f"evt_{kind}", kind, None, None, None, external_id="pi_1")


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {}, "client_reference_id": None},
        {"metadata": None, "client_reference_id": None},
        {"metadata": {"payment": REFERENCE, "shop": "another shop"}},
    ],
)
def test_a_session_that_is_none_of_ours_is_passed_over(till: StripeTill, changes: dict[str, Any]) -> None:
    body = stripe_event("checkout.session.completed", session(till, **changes))
    event = read(till, body)
    assert (event.reference, event.status) == (None, None)


@pytest.mark.parametrize(
    ("kind", "name"), [("customer.created", "customer"), ("invoice.paid", "invoice"), ("ping", "plan")]
)
def test_events_that_nobody_asked_for_are_passed_over(till: StripeTill, kind: str, name: str) -> None:
    body = stripe_event(kind, stripe_object(name))
    assert read(till, body) == TillEvent(f"evt_{kind}", kind, None, None, None)


@pytest.mark.parametrize(
    "changes", [{"amount_total": None}, {"currency": None}, {"currency": "zzz"}, {"id": None}, {"amount_total": "7"}]
)
def test_a_session_of_ours_that_lacks_its_amount_is_broken(till: StripeTill, changes: dict[str, Any]) -> None:
    about = session(till, **changes)
    if changes == {"id": None}:
        del about["id"]
    with pytest.raises(Refused) as caught:
        read(till, stripe_event("checkout.session.completed", about))
    assert caught.value.code is Code.EVENT_BROKEN


def test_one_good_signature_among_several_is_enough_while_a_secret_is_rolled(till: StripeTill) -> None:
    body = stripe_event("checkout.session.completed", session(till))
    moment = int(datetime.now(UTC).timestamp())
    old = sign(body, "whsec_old", moment)["Stripe-Signature"].partition(",")[2]
    new = sign(body, SECRET, moment)["Stripe-Signature"].partition(",")[2]
    for several in (f"t={moment},{old},{new}", f"t={moment},{new},{old}", f"t={moment},v0=abc,{new}"):
        assert till.read_event({"Stripe-Signature": several}, body, datetime.now(UTC)).reference == REFERENCE
    with pytest.raises(Refused) as caught:
        till.read_event({"Stripe-Signature": f"t={moment},{old}"}, body, datetime.now(UTC))
    assert caught.value.code is Code.EVENT_FORGED


def test_a_signature_over_other_white_space_is_a_forgery(till: StripeTill) -> None:
    body = stripe_event("checkout.session.completed", session(till))
    headers = sign(body, SECRET)
    with pytest.raises(Refused) as caught:
        till.read_event(headers, json.dumps(json.loads(body)).encode(), datetime.now(UTC))
    assert caught.value.code is Code.EVENT_FORGED


@pytest.mark.parametrize(
    "moment",
    ["{old}", "+{old}", "000{old}", "{old},t={now}", "+{old},t={now}", "000{old},t={now}", "{now},t={now}", "{now}=1"],
)
def test_an_old_event_does_not_get_young_by_another_time_beside_its_own(till: StripeTill, moment: str) -> None:
    body = json.dumps({"id": "evt_1", "type": "customer.created"}).encode()
    now = datetime.now(UTC)
    new = int(now.timestamp())
    old = new - 3600

    def headers(time: str, signed: int) -> dict[str, str]:
        mac = hmac.digest(SECRET.encode(), b"%d." % signed + body, "sha256").hex()
        return {"Stripe-Signature": f"t={time},v1={mac}"}

    assert till.read_event(headers(f"{new}", new), body, now).event_id == "evt_1"
    with pytest.raises(Refused) as caught:
        till.read_event(headers(moment.format(old=old, now=new), old if "{old}" in moment else new), body, now)
    assert caught.value.code is Code.EVENT_FORGED


def test_the_events_a_webhook_has_to_send_are_stripes_own() -> None:
    (kinds,) = get_args(WebhookEndpointCreateParams.__annotations__["enabled_events"])
    assert len(EVENTS) == len(set(EVENTS))
    assert set(EVENTS) <= set(get_args(kinds))
