"""“Look again” on an order's page in the Studio: the till is asked, and the page says what came of it."""

from __future__ import annotations

import pytest

from headwaters.core.sales.practice import Choice
from headwaters.core.sales.states import Door
from headwaters.errands import settle
from headwaters.errands.house import House
from headwaters.errands.late import Looked
from headwaters.store import ledger as ledger_rows
from headwaters.store import payments as payment_rows
from headwaters.web.studio.frame import SAID
from tests.people import take_work
from tests.web.studio.conftest import Visitor

PAID = [("practice:sales:1", "EUR", -500), ("practice:till:practice", "EUR", 500)]


async def test_the_till_is_asked_and_its_news_are_booked_once(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, Door.PAY, till="practice")
    payment = await shop.db.read(lambda conn: payment_rows.payment_by_reference(conn, order.reference))
    assert payment is not None
    shop.now.tills["practice"].decide(payment.session_id, Choice.PAY)  # type: ignore[attr-defined]
    path = f"/studio/orders/{order.id}"
    assert "Look again" in await alice.text(path)
    fields = await alice.hidden(path)
    places = [(await alice.post(f"{path}/look", fields)).headers["Location"] for _ in range(2)]
    assert places == [f"{path}?said=looked_news", f"{path}?said=looked_same"]
    assert "The till had something new" in await alice.text(places[0])
    assert await shop.db.read(ledger_rows.balances) == PAID


async def test_there_is_nothing_to_look_at_where_no_till_knows_more(shop: House, alice: Visitor) -> None:
    free, by_hand = await take_work(shop), await take_work(shop, Door.PAY, till="by_hand")
    await settle.confirm(shop, by_hand.reference)
    for order in (free, by_hand):
        assert "Look again" not in await alice.text(f"/studio/orders/{order.id}")
        fields = await alice.hidden(f"/studio/orders/{order.id}")
        answer = await alice.post(f"/studio/orders/{order.id}/look", fields)
        assert answer.headers["Location"] == f"/studio/orders/{order.id}?said=looked_nobody"


async def test_an_order_that_is_not_there_is_not_there(shop: House, alice: Visitor) -> None:
    fields = await alice.hidden(f"/studio/orders/{(await take_work(shop)).id}")
    assert (await alice.post("/studio/orders/99/look", fields)).status == 404


@pytest.mark.parametrize("looked", list(Looked))
def test_each_end_has_its_words(looked: Looked) -> None:
    assert SAID[f"looked_{looked}"]
