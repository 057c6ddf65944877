"""Keys are looked at before they are kept: what is wrong is said, what is odd is asked about; nothing is kept then."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from headwaters.core.errors import Code, Refused, Unavailable
from headwaters.core.sales.states import Mode
from headwaters.core.sales.till_check import Doubt, Doubtful
from headwaters.core.shop import is_sealed
from headwaters.errands import settle, tills
from headwaters.errands.house import House, refresh
from headwaters.errands.settings import change_settings, open_secret
from headwaters.errands.tills import Pasted, keep_stripe
from headwaters.store import shop as rows
from headwaters.store import tables
from tests.support.house import MakeHouse
from tests.support.stripe_emulator import RIGHTS, Key, StripeEmulator

LIVE, TEST = "sk_live_51Riverbed", "sk_test_51Riverbed"
HOOK = "whsec_UnderTheThirdStone"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is asked of the database is tested on both elsewhere; here it is about the outside."""
    return sqlite_url


@pytest.fixture
async def shop(make_house: MakeHouse, stripe_emulator: StripeEmulator) -> House:
    house: House = await make_house()
    house.config = replace(house.config, stripe_api=stripe_emulator.url, url="https://shop.example")
    stripe_emulator.keys.update({LIVE: Key(), TEST: Key()})
    return house


async def deeds(house: House) -> list[tuple[object, ...]]:
    log = tables.audit_log.c
    found = await house.db.read(
        lambda conn: conn.execute(select(log.creator_id, log.deed, log.subject, log.details).order_by(log.id)).all()
    )
    return [tuple(line) for line in found]


async def kept(house: House) -> tuple[str, str]:
    await refresh(house)
    return open_secret(house, "stripe_secret_key"), open_secret(house, "stripe_webhook_secret")


async def refused(house: House, pasted: Pasted) -> Refused:
    before = await kept(house)
    with pytest.raises(Refused) as caught:
        await keep_stripe(house, pasted, 1)
    assert await kept(house) == before
    assert await deeds(house) == []
    return caught.value


async def test_one_key_is_enough_where_it_may_arrange_the_events(shop: House, stripe_emulator: StripeEmulator) -> None:
    seen = await keep_stripe(shop, Pasted(LIVE, ""), 1)
    assert seen is not None
    assert await kept(shop) == (LIVE, "whsec_made_1")
    assert stripe_emulator.hooks[0]["url"] == "https://shop.example/hooks/stripe"
    stored = await shop.db.read(rows.read_settings)
    assert is_sealed(stored["stripe_secret_key"])
    assert is_sealed(stored["stripe_webhook_secret"])
    assert shop.now.tills["stripe"].mode is Mode.LIVE
    assert await deeds(shop) == [(1, "till.on", "till:stripe", "")]
    state = await tills.stripe_state(shop)
    assert state.on
    assert state.checked is not None
    assert (state.checked.account, state.checked.name) == ("acct_alice", "Alice’s films")
    assert (state.last_event, state.forged) == (None, None)


async def test_twice_the_same_is_once_and_the_events_go_on(shop: House, stripe_emulator: StripeEmulator) -> None:
    for _ in range(2):
        await keep_stripe(shop, Pasted(LIVE, ""), 1)
    assert await kept(shop) == (LIVE, "whsec_made_1")
    assert len(stripe_emulator.hooks) == 1
    assert len(await deeds(shop)) == 1


async def test_a_rolled_key_of_the_same_account_keeps_the_signing_secret(
    shop: House, stripe_emulator: StripeEmulator
) -> None:
    await keep_stripe(shop, Pasted(LIVE, HOOK), 1)
    stripe_emulator.keys["sk_live_51New"] = Key()
    await keep_stripe(shop, Pasted("sk_live_51New", ""), 2)
    assert await kept(shop) == ("sk_live_51New", HOOK)
    assert [line[:2] for line in await deeds(shop)] == [(1, "till.on"), (2, "till.keys")]


@pytest.mark.parametrize(
    ("secret_key", "webhook_secret", "field", "words"),
    [
        ("", "", "stripe_secret_key", "Paste the secret key here."),
        ("pk_live_51Riverbed", HOOK, "stripe_secret_key", "publishable key"),
        (HOOK, "", "stripe_secret_key", "signing secret of events"),
        ("river", "", "stripe_secret_key", "no key of Stripe's"),
        (LIVE, LIVE, "stripe_webhook_secret", "belongs into the field for that"),
        (LIVE, "pk_test_x", "stripe_webhook_secret", "publishable key"),
        (LIVE, "river", "stripe_webhook_secret", "starts with whsec_"),
        ("sk_live_nobody", HOOK, "stripe_secret_key", "does not know this key"),
    ],
)
async def test_a_wrong_key_is_named_beside_its_field(
    shop: House, secret_key: str, webhook_secret: str, field: str, words: str
) -> None:
    error = await refused(shop, Pasted(secret_key, webhook_secret))
    assert (error.code, error.field) == (Code.TILL_KEY_REFUSED, field)
    assert words in str(error)


async def test_a_restricted_key_without_a_right_is_told_which(shop: House, stripe_emulator: StripeEmulator) -> None:
    stripe_emulator.keys["rk_live_51Weak"] = Key(rights=RIGHTS - {"sessions", "disputes"})
    error = await refused(shop, Pasted("rk_live_51Weak", HOOK))
    assert (error.code, error.field) == (Code.TILL_KEY_WEAK, "stripe_secret_key")
    assert "Checkout Sessions: Write, Disputes: Read" in str(error)


async def test_where_the_key_may_not_arrange_the_events_the_secret_is_asked_for(
    shop: House, stripe_emulator: StripeEmulator
) -> None:
    stripe_emulator.keys["rk_live_51"] = Key(rights=RIGHTS - {"hooks"})
    error = await refused(shop, Pasted("rk_live_51", ""))
    assert (error.code, error.field) == (Code.TILL_EVENTS, "stripe_webhook_secret")
    await keep_stripe(shop, Pasted("rk_live_51", HOOK), 1)
    assert await kept(shop) == ("rk_live_51", HOOK)


async def test_a_shop_that_stripe_cannot_reach_says_so(shop: House) -> None:
    shop.config = replace(shop.config, url="http://127.0.0.1:8000")
    error = await refused(shop, Pasted(LIVE, ""))
    assert (error.code, error.field) == (Code.TILL_EVENTS, "stripe_webhook_secret")
    assert "does not send events to this shop’s address" in str(error)


async def test_another_account_is_asked_about(shop: House, stripe_emulator: StripeEmulator) -> None:
    await keep_stripe(shop, Pasted(LIVE, HOOK), 1)
    stripe_emulator.keys["sk_live_51Bob"] = Key("acct_bob")
    pasted = Pasted("sk_live_51Bob", "")
    with pytest.raises(Doubtful) as caught:
        await keep_stripe(shop, pasted, 1)
    assert caught.value.doubts == (Doubt.OTHER_ACCOUNT,)
    assert await kept(shop) == (LIVE, HOOK)
    await keep_stripe(shop, replace(pasted, sure=frozenset({Doubt.OTHER_ACCOUNT})), 1)
    assert await kept(shop) == ("sk_live_51Bob", "whsec_made_1"), "the old account's events prove nothing here"


async def test_a_test_key_in_place_of_a_live_one_is_asked_about(shop: House) -> None:
    await keep_stripe(shop, Pasted(LIVE, HOOK), 1)
    with pytest.raises(Doubtful) as caught:
        await keep_stripe(shop, Pasted(TEST, ""), 1)
    assert caught.value.doubts == (Doubt.TEST_KEY,)
    await keep_stripe(shop, Pasted(TEST, "", frozenset({Doubt.TEST_KEY})), 1)
    assert await kept(shop) == (TEST, "whsec_made_1")
    await keep_stripe(shop, Pasted(LIVE, HOOK), 1)  # and back to real money without a word


async def test_an_account_that_cannot_be_paid_yet_is_asked_about(shop: House, stripe_emulator: StripeEmulator) -> None:
    stripe_emulator.keys[LIVE] = Key(charges=False)
    with pytest.raises(Doubtful) as caught:
        await keep_stripe(shop, Pasted(LIVE, ""), 1)
    assert caught.value.doubts == (Doubt.NO_CHARGES,)
    assert stripe_emulator.hooks == [], "nothing was arranged for keys that are not kept"
    await keep_stripe(shop, Pasted(LIVE, "", frozenset({Doubt.NO_CHARGES})), 1)
    assert (await kept(shop))[0] == LIVE


async def test_without_network_keys_are_kept_only_when_asked_to(shop: House, stripe_emulator: StripeEmulator) -> None:
    stripe_emulator.down = True
    pasted = Pasted(LIVE, HOOK)
    with pytest.raises(Doubtful) as caught:
        await keep_stripe(shop, pasted, 1)
    assert caught.value.doubts == (Doubt.NOT_ASKED,)
    assert await kept(shop) == ("", "")
    assert await keep_stripe(shop, replace(pasted, sure=frozenset({Doubt.NOT_ASKED})), 1) is None
    assert await kept(shop) == (LIVE, HOOK)
    assert (await tills.stripe_state(shop)).checked is None
    with pytest.raises(Unavailable):
        await tills.look_again(shop)
    stripe_emulator.down = False
    await tills.look_again(shop)
    state = await tills.stripe_state(shop)
    assert state.checked is not None
    assert state.checked.account == "acct_alice"


async def test_keys_from_the_command_line_are_unchecked_until_somebody_looks(shop: House) -> None:
    await keep_stripe(shop, Pasted(LIVE, HOOK), 1)
    await change_settings(shop, {"stripe_secret_key": TEST})
    await refresh(shop)
    assert (await tills.stripe_state(shop)).checked is None
    before = await tills.stripe_remembered(shop)
    assert before is not None
    assert before.account == "acct_alice", "to compare with"


async def test_switched_off_once_and_noted(shop: House) -> None:
    await keep_stripe(shop, Pasted(LIVE, HOOK), 1)
    assert [await tills.switch_stripe_off(shop, 1) for _ in range(2)] == [True, False]
    assert await kept(shop) == ("", "")
    assert shop.now.tills == {}
    assert [line[1] for line in await deeds(shop)] == ["till.on", "till.off"]


async def test_an_event_with_a_wrong_signature_is_remembered(shop: House) -> None:
    await keep_stripe(shop, Pasted(LIVE, HOOK), 1)
    with pytest.raises(Refused):
        await settle.receive(shop, "stripe", {"Stripe-Signature": "t=1,v1=00"}, b"{}")
    assert (await tills.stripe_state(shop)).forged == shop.clock()
