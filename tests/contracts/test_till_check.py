"""The port TillCheck: what a till says of its keys before they are kept. Stripe's runs against the emulator."""

from __future__ import annotations

import pytest

from headwaters.adapters.tills.stripe import EVENTS
from headwaters.adapters.tills.stripe.check import StripeCheck
from headwaters.core.errors import Code, HeadwatersError, Refused, Unavailable
from headwaters.core.sales.states import Mode
from headwaters.core.sales.till_check import HookSeen, KeySeen
from headwaters.ports import TillCheck
from tests.support.addresses import free_port
from tests.support.stripe_emulator import RIGHTS, Key, StripeEmulator

LIVE, WEAK = "sk_live_51Riverbed", "rk_live_51Riverbed"
HOOK = "https://shop.example/hooks/stripe"
GOOD = KeySeen(Mode.LIVE, "acct_alice", "Alice’s films", True, (), True, None)


@pytest.fixture
def check(stripe_emulator: StripeEmulator) -> TillCheck:
    stripe_emulator.keys[LIVE] = Key()
    return StripeCheck(shop_key=bytes(32), api=stripe_emulator.url)


async def refusal(check: TillCheck, key: str) -> HeadwatersError:
    with pytest.raises(HeadwatersError) as caught:
        await check.look(key, HOOK)
    assert key not in str(caught.value)
    return caught.value


async def test_a_good_key_tells_its_account_and_nothing_is_made(
    check: TillCheck, stripe_emulator: StripeEmulator
) -> None:
    assert await check.look(LIVE, HOOK) == GOOD
    looked = [(method, path) for method, path, _ in stripe_emulator.requests]
    assert ("POST", "/v1/checkout/sessions/cs_test_headwaters_looks/expire") in looked
    assert all("headwaters_looks" in path for method, path in looked if method != "GET"), "nothing is changed there"
    assert len(looked) == 8
    assert check.events == EVENTS


@pytest.mark.parametrize(
    ("right", "lacks"),
    [
        ("sessions", "Checkout Sessions: Write"),
        ("payment_intents", "PaymentIntents: Read"),
        ("charges", "Charges and Refunds: Read"),
        ("disputes", "Disputes: Read"),
        ("balance_transactions", "Balance Transactions: Read"),
    ],
)
async def test_a_right_that_a_restricted_key_lacks_is_named_as_stripe_calls_it(
    check: TillCheck, stripe_emulator: StripeEmulator, right: str, lacks: str
) -> None:
    stripe_emulator.keys[WEAK] = Key(rights=RIGHTS - {right})
    assert (await check.look(WEAK, HOOK)).lacks == (lacks,)


async def test_what_a_key_may_not_tell_is_left_open(check: TillCheck, stripe_emulator: StripeEmulator) -> None:
    stripe_emulator.keys[WEAK] = Key(rights=RIGHTS - {"account", "hooks"})
    seen = await check.look(WEAK, HOOK)
    assert seen == KeySeen(Mode.LIVE, "", "", True, (), False, None)


async def test_an_account_that_may_not_take_payments_yet(check: TillCheck, stripe_emulator: StripeEmulator) -> None:
    stripe_emulator.keys[LIVE] = Key(charges=False)
    assert not (await check.look(LIVE, HOOK)).may_charge


@pytest.mark.parametrize(("rolled", "words"), [(True, "rolled or has expired"), (False, "does not know this key")])
async def test_a_key_that_stripe_does_not_take(
    check: TillCheck, stripe_emulator: StripeEmulator, rolled: bool, words: str
) -> None:
    if rolled:
        stripe_emulator.keys["sk_live_gone"] = Key(rolled=True)
    error = await refusal(check, "sk_live_gone")
    assert (type(error), error.code, error.field) == (Refused, Code.TILL_KEY_REFUSED, "stripe_secret_key")
    assert words in str(error)


async def test_a_till_that_is_down_or_cannot_be_reached(check: TillCheck, stripe_emulator: StripeEmulator) -> None:
    stripe_emulator.down = True
    error = await refusal(check, LIVE)
    assert (type(error), error.code) == (Unavailable, Code.TILL_DOWN)
    nowhere = StripeCheck(shop_key=bytes(32), api=f"http://127.0.0.1:{free_port()}")
    error = await refusal(nowhere, LIVE)
    assert (type(error), error.code) == (Unavailable, Code.TILL_DOWN)


async def test_events_are_arranged_and_then_seen(check: TillCheck, stripe_emulator: StripeEmulator) -> None:
    assert await check.arrange_events(LIVE, HOOK) == "whsec_made_1"
    (hook,) = stripe_emulator.hooks
    assert hook["url"] == HOOK
    assert tuple(hook["enabled_events"]) == EVENTS
    assert (await check.look(LIVE, HOOK)).hook == HookSeen(hook["id"], ours=True, enabled=True)
    hook |= {"status": "disabled", "enabled_events": list(EVENTS[1:])}
    assert (await check.look(LIVE, HOOK)).hook == HookSeen(hook["id"], ours=True, enabled=False, lacks=EVENTS[:1])
    assert (await check.look(LIVE, "https://other.example/hooks/stripe")).hook is None


async def test_ones_own_endpoint_is_made_anew_and_anothers_is_left_alone(
    check: TillCheck, stripe_emulator: StripeEmulator
) -> None:
    await check.arrange_events(LIVE, HOOK)
    first = stripe_emulator.hooks[0]["id"]
    stripe_emulator.hooks.append({"id": "we_shop2", "url": "https://two.example/hooks/stripe", "enabled_events": ["*"]})
    assert await check.arrange_events(LIVE, HOOK) == "whsec_made_2"
    assert [hook["id"] for hook in stripe_emulator.hooks] == ["we_shop2", stripe_emulator.hooks[1]["id"]]
    assert first not in [hook["id"] for hook in stripe_emulator.hooks[:1]]
    stripe_emulator.hooks[1]["metadata"] = {}  # somebody made it in the dashboard
    with pytest.raises(Refused) as caught:
        await check.arrange_events(LIVE, HOOK)
    assert (caught.value.code, caught.value.field) == (Code.TILL_EVENTS, "stripe_webhook_secret")
    assert len(stripe_emulator.hooks) == 2
    assert (await check.look(LIVE, HOOK)).hook == HookSeen(stripe_emulator.hooks[1]["id"], ours=False, enabled=True)


async def test_an_address_that_stripe_cannot_reach_and_a_key_that_may_not(
    check: TillCheck, stripe_emulator: StripeEmulator
) -> None:
    stripe_emulator.keys[WEAK] = Key(rights=RIGHTS - {"hooks"})
    for key, url, words in (
        (LIVE, "http://127.0.0.1:8000/hooks/stripe", "does not send events to this shop’s address"),
        (WEAK, HOOK, "may not arrange the events"),
    ):
        with pytest.raises(Refused, match=words) as caught:
            await check.arrange_events(key, url)
        assert (caught.value.code, caught.value.field) == (Code.TILL_EVENTS, "stripe_webhook_secret")
