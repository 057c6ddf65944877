"""Money and tills in the Studio: sums, switches, keys that are looked at and never shown, tables taken out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from headwaters.core.sales.states import Door
from headwaters.errands import orders, settle
from headwaters.errands.house import House
from headwaters.store import shop as shop_rows
from headwaters.store import tables
from headwaters.web.app import make_app
from tests.people import BOB, add_work, take_work
from tests.support.house import MakeHouse
from tests.support.stripe_emulator import RIGHTS, Key, StripeEmulator
from tests.web.studio.conftest import Visitor

LIVE, HOOK = "sk_live_51Riverbed", "whsec_UnderTheThirdStone"
STRIPE = "/studio/money/stripe"


async def deeds(house: House) -> list[tuple[str, str, str]]:
    log = tables.audit_log.c
    wanted = select(log.deed, log.subject, log.details).where(log.creator_id.is_not(None)).order_by(log.id)
    found = await house.db.read(lambda conn: conn.execute(wanted).all())
    return [tuple(line) for line in found if not line[0].startswith("signin.")]  # type: ignore[misc]


async def settings(house: House) -> dict[str, str]:
    return await house.db.read(shop_rows.read_settings)


# ── sums and switches ────────────────────────────────────────────────────────────────────────────


async def test_a_shop_without_money_says_so(alice: Visitor) -> None:
    page = await alice.text("/studio/money")
    assert "No money has come yet." in page
    assert "Practice is on." in page
    assert "Take the ledger out" not in page


async def test_what_came_stands_by_month(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    await settle.confirm(shop, order.reference)
    page = re.sub(r"<[^>]+>", " ", await alice.text("/studio/money"))
    assert re.search(r"November 2026\s+1\s+€7\.50\s+–\s+–\s+€7\.50", page)


async def test_practice_is_switched_and_noted_once(shop: House, alice: Visitor) -> None:
    for _ in range(2):
        answer = await alice.send("/studio/orders", "/studio/money/practice", practice="off")
        assert answer.headers["Location"] == "/studio/money?said=practice_off"
    assert "practice" not in shop.now.tills
    await alice.send("/studio/orders", "/studio/money/practice", practice="on")
    assert "practice" in shop.now.tills
    assert await deeds(shop) == [("till.off", "till:practice", ""), ("till.on", "till:practice", "")]


async def test_by_hand_is_kept_whole_or_not_at_all(shop: House, alice: Visitor) -> None:
    path = "/studio/money/by-hand"
    fields = {"by_hand": "trust", "by_hand_name": "Alice", "by_hand_instructions": "Or <b>cash</b>"}
    answer = await alice.send(path, path, **fields, by_hand_iban="DE89 3704 0044 0532 0130 01")
    page = await answer.text()
    assert answer.status == 422
    assert "its check digits do not fit" in page
    assert 'value="DE89 3704 0044 0532 0130 01"' in page
    assert "Or &lt;b&gt;cash&lt;/b&gt;" in page
    assert re.search(r'value="trust" checked', page)
    assert shop.now.settings.by_hand == "on"
    answer = await alice.send(path, path, **fields, by_hand_iban="DE89 3704 0044 0532 0130 00")
    assert answer.headers["Location"] == "/studio/money?said=till_kept"
    assert (await settings(shop))["by_hand_iban"] == "DE89370400440532013000"
    assert "On: the files come at once, on trust" in await alice.text("/studio/money")
    await alice.send(path, path, by_hand="off")
    assert [deed[:2] for deed in await deeds(shop)] == [("till.changed", "till:by_hand"), ("till.off", "till:by_hand")]


async def test_a_till_by_hand_that_tells_nobody_where_the_money_goes_is_not_kept(shop: House, alice: Visitor) -> None:
    path, before = "/studio/money/by-hand", await settings(shop)
    empty = {"by_hand": "on", "by_hand_name": "Alice", "by_hand_iban": "", "by_hand_instructions": " "}
    answer = await alice.send(path, path, **empty)
    page = await answer.text()
    assert answer.status == 422
    assert "Readers have to know where the money goes" in page
    assert 'id="by_hand_instructions-wrong"' in page
    assert (await settings(shop), await deeds(shop)) == (before, [])
    assert (await alice.send(path, path, **empty | {"by_hand": "off"})).status == 303


async def test_who_may_not_sell_sees_none_of_it(shop: House, alice: Visitor) -> None:
    await shop.db.write(lambda conn: conn.execute(tables.creators.update().values(kind="contributor", may="talk")))
    for path in ("/studio/money", STRIPE, "/studio/money/by-hand", "/studio/orders", "/studio/orders/1"):
        assert (await alice.get(path)).status == 404
    fields = await alice.hidden("/studio/letters")
    for path in ("/studio/money/export", "/studio/orders/export", STRIPE, f"{STRIPE}/off", "/studio/money/practice"):
        assert (await alice.post(path, fields)).status == 404
    assert await deeds(shop) == []


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────


@pytest_asyncio.fixture
async def shop_at_stripe(make_house: MakeHouse, stripe_emulator: StripeEmulator) -> House:
    house: House = await make_house(name="Alice's films", creator="Alice")
    house.config = replace(house.config, stripe_api=stripe_emulator.url)
    await house.db.write(add_work)
    stripe_emulator.keys[LIVE] = Key()
    return house


@pytest_asyncio.fixture
async def seller(shop_at_stripe: House) -> AsyncIterator[Visitor]:
    async with TestClient(TestServer(make_app(shop_at_stripe))) as client:
        visitor = Visitor(client)
        await visitor.sign_in(shop_at_stripe)
        yield visitor


async def test_keys_are_pasted_looked_at_kept_and_never_shown(shop_at_stripe: House, seller: Visitor) -> None:
    answer = await seller.send(STRIPE, STRIPE, stripe_secret_key=f" {LIVE} ", stripe_webhook_secret=HOOK)
    assert answer.headers["Location"] == f"{STRIPE}?said=keys_kept"
    page = await seller.text(f"{STRIPE}?said=keys_kept")
    assert "On, with real money" in page
    assert "Alice’s films · acct_alice" in page
    assert "••••rbed" in page
    assert "No event has come yet." in page
    for secret in (LIVE, HOOK):
        assert secret not in page
        assert all(secret not in value for value in (await settings(shop_at_stripe)).values())
    assert await deeds(shop_at_stripe) == [("till.on", "till:stripe", "")]
    answer = await seller.send(STRIPE, f"{STRIPE}/off")
    assert answer.headers["Location"] == "/studio/money?said=till_off"
    assert shop_at_stripe.now.tills == {}


@pytest.mark.parametrize(
    ("key", "hook", "field", "words"),
    [
        ("pk_live_51Riverbed", "", "stripe_secret_key", "This is the publishable key."),
        (HOOK, "", "stripe_secret_key", "signing secret of events"),
        (LIVE, LIVE, "stripe_webhook_secret", "it belongs into the field for that"),
        ("sk_live_revoked", HOOK, "stripe_secret_key", "Stripe does not know this key"),
        ("rk_live_weak", HOOK, "stripe_secret_key", "Disputes: Read"),
        (LIVE, "", "stripe_webhook_secret", "Stripe does not send events to this shop’s address."),
    ],
)
async def test_a_wrong_key_is_told_beside_its_field_and_what_was_typed_stays(
    shop_at_stripe: House, seller: Visitor, stripe_emulator: StripeEmulator, key: str, hook: str, field: str, words: str
) -> None:
    stripe_emulator.keys["rk_live_weak"] = Key(rights=RIGHTS - {"disputes"})
    answer = await seller.send(STRIPE, STRIPE, stripe_secret_key=key, stripe_webhook_secret=hook)
    page = await answer.text()
    assert answer.status == 422
    assert words in page
    assert re.search(rf'id="{field}"[^>]* aria-invalid="true" aria-describedby="{field}-wrong"', page)
    assert f'name="stripe_secret_key" value="{key}"' in page
    assert f'name="stripe_webhook_secret" value="{hook}"' in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert shop_at_stripe.now.tills == {}
    assert await deeds(shop_at_stripe) == []


async def test_without_network_keys_are_kept_only_with_a_tick(
    shop_at_stripe: House, seller: Visitor, stripe_emulator: StripeEmulator
) -> None:
    stripe_emulator.down = True
    fields = {"stripe_secret_key": LIVE, "stripe_webhook_secret": HOOK}
    answer = await seller.send(STRIPE, STRIPE, **fields)
    page = await answer.text()
    assert answer.status == 422
    assert "Stripe could not be reached, so nobody knows whether the key works." in page
    assert 'name="sure_not_asked"' in page
    assert f'value="{LIVE}"' in page
    answer = await seller.send(STRIPE, STRIPE, **fields, sure_not_asked="on")
    assert answer.headers["Location"] == f"{STRIPE}?said=keys_unchecked"
    assert "Nobody has asked Stripe about these keys yet." in await seller.text(STRIPE)
    assert (await seller.send(STRIPE, f"{STRIPE}/look")).status == 503
    stripe_emulator.down = False
    assert (await seller.send(STRIPE, f"{STRIPE}/look")).headers["Location"] == f"{STRIPE}?said=keys_good"
    assert "Nobody has asked Stripe" not in await seller.text(STRIPE)


async def test_what_arranges_events_by_hand_is_all_there(seller: Visitor, stripe_emulator: StripeEmulator) -> None:
    page = await seller.text(STRIPE)
    assert '<code class="address" id="hook">http://shop.example/hooks/stripe</code>' in page
    for event in ("checkout.session.completed", "charge.dispute.closed", "refund.failed"):
        assert event in page


async def test_the_estimate_of_the_fee(shop_at_stripe: House, seller: Visitor) -> None:
    answer = await seller.send(STRIPE, f"{STRIPE}/fee", stripe_fee_percent="2,9", stripe_fee_fixed="0.30")
    assert answer.status == 303
    kept = await settings(shop_at_stripe)
    assert (kept["stripe_fee_percent"], kept["stripe_fee_fixed"]) == ("2.9", "0.30")
    answer = await seller.send(STRIPE, f"{STRIPE}/fee", stripe_fee_percent="much", stripe_fee_fixed="1")
    assert answer.status == 422
    assert 'value="much"' in await answer.text()


# ── tables ───────────────────────────────────────────────────────────────────────────────────────


async def test_orders_are_taken_out_as_the_list_is_narrowed(shop: House, alice: Visitor) -> None:
    first = await take_work(shop, Door.PAY, email=BOB, till="by_hand", minor=750)
    await orders.write_note(shop, first.id, '=1+1,"quoted"', "", None)
    await take_work(shop, Door.CANT_PAY)
    page = await alice.text("/studio/orders?door=pay&find=high")
    assert '<input type="hidden" name="door" value="pay">' in page
    answer = await alice.send("/studio/orders?door=pay&find=high", "/studio/orders/export", bom="on")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders-2026-11-22.csv"'
    text = (await answer.read()).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["email"] == BOB
    assert row["note"] == '\'=1+1,"quoted"'
    assert (row["asked"], row["currency"], row["works"]) == ("7.50", "EUR", "High Water")
    assert await deeds(shop) == [("orders.exported", "", "")]


async def test_the_ledger_is_taken_out(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    await settle.confirm(shop, order.reference)
    answer = await alice.send("/studio/money", "/studio/money/export")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    lines = (await answer.text()).split("\r\n")
    assert lines == [
        "entry,at,kind,order,reference,till,mode,currency,amount",
        f"payment:1,2026-11-22T12:00:00+00:00,payment,1,{order.reference},by_hand,live,EUR,7.50",
        "",
    ]


async def test_a_long_table_comes_in_pieces_and_whole(
    shop: House, alice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwaters.errands.export.AT_ONCE", 3)
    numbers = [(await take_work(shop)).id for _ in range(10)]
    answer = await alice.send("/studio/orders", "/studio/orders/export")
    found = [int(line.partition(",")[0]) for line in (await answer.text()).split("\r\n")[1:-1]]
    assert found == numbers


async def test_no_other_site_takes_anything_out(alice: Visitor) -> None:
    fields = await alice.hidden("/studio/orders")
    answer = await alice.post("/studio/orders/export", fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
