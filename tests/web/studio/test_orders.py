"""Orders in the Studio: found by whatever one knows, told as a story, confirmed once, their link sent again."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from headwaters.adapters.mail.smtp import SmtpMailer
from headwaters.config import Smtp
from headwaters.core.clock import to_micros
from headwaters.core.sales.practice import Choice
from headwaters.core.sales.states import Door
from headwaters.errands import mail, practice, settle
from headwaters.errands.house import House
from headwaters.store import ledger as ledger_rows
from headwaters.store import payments as payment_rows
from headwaters.store import tables
from headwaters.store.db import Connection
from tests.people import BOB, add_work, take_work
from tests.support.house import Clock
from tests.web.studio.conftest import Visitor


async def practise(house: House, session_id: str) -> None:
    """Pay at the practice till."""
    await practice.decide(house, session_id, Choice.PAY)


_HREF = re.compile(r'href="/studio/orders/(\d+)"')


async def found(alice: Visitor, query: str) -> list[int]:
    return [int(number) for number in _HREF.findall(await alice.text(f"/studio/orders?{query}"))]


async def balances(house: House) -> list[tuple[str, str, int]]:
    return await house.db.read(ledger_rows.balances)


async def queued_links(house: House) -> int:
    def look(conn: Connection) -> int:
        rows = conn.execute(select(tables.outbox.c.id).where(tables.outbox.c.key.startswith("order-again:")))
        return len(rows.all())

    return await house.db.read(look)


async def test_an_order_is_found_by_whatever_one_knows_of_it(shop: House, alice: Visitor, clock: Clock) -> None:
    await shop.db.write(lambda conn: add_work(conn, "low-water", "Low Water"))
    bob = await take_work(shop, Door.PAY, email=BOB, till="by_hand", minor=750)
    clock.move(days=1)
    other = await take_work(shop, Door.CANT_PAY, slug="low-water")
    assert await found(alice, "") == [other.id, bob.id]
    for text in (
        bob.reference,
        bob.reference.lower().replace("-", ""),
        "BOB@example",
        bob.token,
        f"http://shop.example/o/{bob.token}",
        "7.50",
        "7,50 €".replace(" ", "+"),
        "2026-11-22",
        "22.11.2026",
        "high+water",
        f"%23{bob.id}",
    ):
        assert await found(alice, f"find={text}") == [bob.id], text
    for text in ("low", "2026-11-23"):
        assert await found(alice, f"find={text}") == [other.id], text


@pytest.mark.parametrize(
    "text", ["nothing", "%25", "_", "%27%20OR%201=1--", "%00qq", "9" * 40, "\N{SNOWMAN}", "a" * 5000]
)
async def test_what_nobody_ordered_is_not_found(shop: House, alice: Visitor, text: str) -> None:
    await take_work(shop, email=BOB)
    assert await found(alice, f"find={text}") == []
    assert "There is no such order." in await alice.text(f"/studio/orders?find={text}")


async def test_only_those_that_wait_for_the_creator(shop: House, alice: Visitor) -> None:
    waiting = await take_work(shop, Door.PAY, till="by_hand")
    paid = await take_work(shop, Door.PAY, till="by_hand")
    await take_work(shop, Door.PAY, till="practice")
    await settle.confirm(shop, paid.reference)
    assert await found(alice, "which=waiting") == [waiting.id]
    assert await found(alice, f"which=waiting&find={paid.reference}") == []


async def test_a_long_list_is_turned_page_by_page(shop: House, alice: Visitor) -> None:
    numbers = [(await take_work(shop)).id for _ in range(60)][::-1]
    assert await found(alice, "") == numbers[:25]
    page = await alice.text("/studio/orders?find=high&page=2")
    assert "Page 2 of 3" in page
    assert 'rel="prev" href="/studio/orders?find=high&amp;page=1"' in page
    assert 'rel="next" href="/studio/orders?find=high&amp;page=3"' in page
    assert await found(alice, "page=3") == numbers[50:]
    for nonsense in ("0", "-1", "x", "1e9", "٣", "9" * 30):
        assert await found(alice, f"page={nonsense}") == numbers[:25]
    assert await found(alice, "page=99") == []


@pytest.mark.parametrize(
    ("door", "till", "words"),
    [
        (Door.CANT_PAY, None, "Took it without paying"),
        (Door.HAVE_COPY, None, "Had a copy, took a good one"),
        (Door.PAY, "by_hand", "Waits for a payment by hand"),
        (Door.PAY, "practice", "At the till, not paid yet"),
    ],
)
async def test_a_state_is_said_in_words(shop: House, alice: Visitor, door: Door, till: str | None, words: str) -> None:
    order = await take_work(shop, door, till=till)
    assert words in await alice.text("/studio/orders")
    assert words in await alice.text(f"/studio/orders/{order.id}")


async def test_a_payment_by_hand_is_confirmed_with_the_amount_that_stands_there(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, Door.PAY, email=BOB, till="by_hand", minor=750)
    path = f"/studio/orders/{order.id}"
    page = await alice.text(path)
    assert 'name="amount" value="7.50"' in page
    assert order.reference in page
    answer = await alice.send(path, f"{path}/confirm", amount="7.50")
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}?said=confirmed")
    page = await alice.text(f"{path}?said=confirmed")
    assert "Confirmed. The money is in the ledger" in page
    assert "Paid by hand" in page
    assert "€7.50 came in." in page
    assert "The files are theirs." in page
    assert "Has the money come?" not in page
    assert await balances(shop) == [("sales:1", "EUR", -750), ("till:by_hand", "EUR", 750)]


async def test_what_came_may_be_another_amount(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    path = f"/studio/orders/{order.id}"
    assert (await alice.send(path, f"{path}/confirm", amount="4,20")).status == 303
    assert await balances(shop) == [("sales:1", "EUR", -420), ("till:by_hand", "EUR", 420)]


@pytest.mark.parametrize("amount", ["", "0", "-5", "1e9", "abc", "5.001", "99999999999", "<script>"])
async def test_a_wrong_amount_comes_back_with_the_reason_and_books_nothing(
    shop: House, alice: Visitor, amount: str
) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand")
    path = f"/studio/orders/{order.id}"
    answer = await alice.send(path, f"{path}/confirm", amount=amount)
    page = await answer.text()
    assert answer.status == 422
    assert 'aria-invalid="true"' in page
    assert "<script>" not in page.partition("<main")[2]
    assert await balances(shop) == []


async def test_a_payment_is_confirmed_once(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand")
    path = f"/studio/orders/{order.id}"
    fields = {**await alice.hidden(path), "amount": "5.00"}
    answers = [await alice.post(f"{path}/confirm", fields) for _ in range(2)]
    assert [answer.status for answer in answers] == [303, 409]
    assert "was confirmed before" in await answers[1].text()
    assert await balances(shop) == [("sales:1", "EUR", -500), ("till:by_hand", "EUR", 500)]


async def test_a_reference_of_another_order_is_not_confirmed_here(shop: House, alice: Visitor) -> None:
    one, other = [await take_work(shop, Door.PAY, till="by_hand") for _ in range(2)]
    path = f"/studio/orders/{one.id}"
    answer = await alice.send(path, f"{path}/confirm", reference=other.reference, amount="5.00")
    assert answer.status == 404
    assert await balances(shop) == []


async def test_a_payment_at_a_till_is_not_confirmed_by_hand(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, Door.PAY, till="practice")
    path = f"/studio/orders/{order.id}"
    answer = await alice.send(path, f"{path}/confirm", reference=order.reference, amount="5.00")
    assert answer.status == 404
    assert await balances(shop) == []


@pytest.mark.parametrize("number", ["999", "0", "x", "1e3", "-1", "9" * 30, "٣"])
async def test_an_order_that_is_not_there_is_not_there(alice: Visitor, number: str) -> None:
    for kind in ("orders", "letters"):
        answer = await alice.get(f"/studio/{kind}/{number}")
        assert answer.status == 404
        assert answer.headers["Cache-Control"] == "no-store"


async def test_without_mail_the_link_is_there_to_copy_and_is_not_sent(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, email=BOB)
    path = f"/studio/orders/{order.id}"
    page = await alice.text(path)
    assert f"http://shop.example/o/{order.token}" in page
    assert "Mail them the link" not in page
    answer = await alice.send(path, f"{path}/mail")
    assert answer.status == 422
    assert "This shop sends no mail yet." in await answer.text()
    assert await queued_links(shop) == 0


async def test_with_mail_the_link_is_sent_again_but_not_at_every_click(shop: House, alice: Visitor) -> None:
    shop.mailer = SmtpMailer(Smtp("127.0.0.1", "shop@shop.example", 9, security="none"))
    order, nobody = await take_work(shop, email=BOB), await take_work(shop)
    path = f"/studio/orders/{order.id}"
    assert "Mail them the link of their page again" in await alice.text(path)
    answers = [await alice.send(path, f"{path}/mail") for _ in range(2)]
    assert [answer.headers["Location"] for answer in answers] == [f"{path}?said=sent", f"{path}?said=sent_before"]
    assert await queued_links(shop) == 1
    path = f"/studio/orders/{nobody.id}"
    answer = await alice.send(path, f"{path}/mail")
    assert answer.status == 422
    assert "The reader gave no address." in await answer.text()
    assert await queued_links(shop) == 1


async def test_who_refused_all_mail_is_not_written_to(shop: House, alice: Visitor) -> None:
    shop.mailer = SmtpMailer(Smtp("127.0.0.1", "shop@shop.example", 9, security="none"))
    order = await take_work(shop, email=BOB)
    path = f"/studio/orders/{order.id}"
    fields = await alice.hidden(path)
    await mail.refuse(shop, mail.refusal_url(shop, BOB).rpartition("/")[2])
    assert "Mail them the link" not in await alice.text(path)
    answer = await alice.post(f"{path}/mail", fields)
    assert answer.status == 422
    assert "This reader wants no mail from you." in await answer.text()
    assert await queued_links(shop) == 0


async def test_a_title_with_markup_is_shown_as_it_is_written(shop: House, alice: Visitor) -> None:
    title = '<img src=x onerror=alert(1)> "quoted" & <svg/onload=alert(2)>'
    await shop.db.write(lambda conn: add_work(conn, "tricky", title))
    order = await take_work(shop, slug="tricky", letter="<svg onload=alert(3)>")
    for path in ("", "/orders", f"/orders/{order.id}", "/letters", f"/letters/{order.id}", "/works"):
        page = await alice.text(f"/studio{path}")
        assert "<img src=x" not in page, path
        assert not re.search(r"<svg[^>]*onload", page), path
        assert "&lt;img src=x onerror=alert(1)&gt;" in page, path


async def test_over_tls_links_are_whole_addresses_of_the_shop(shop: House, alice: Visitor) -> None:
    order = await take_work(shop)
    secret = next(iter(alice.client.session.cookie_jar)).value
    shop.config = replace(shop.config, url="https://shop.example")
    page = await (await alice.get(f"/studio/orders/{order.id}", Cookie=f"__Host-studio={secret}")).text()
    assert f"https://shop.example/o/{order.token}" in page


# ── what a creator does with an order besides ────────────────────────────────────────────────────


async def test_the_list_is_narrowed_and_the_address_keeps_it(shop: House, alice: Visitor, clock: Clock) -> None:
    await shop.db.write(lambda conn: add_work(conn, "low-water", "Low Water"))
    free = await take_work(shop)
    paid = await take_work(shop, Door.PAY, till="by_hand")
    await settle.confirm(shop, paid.reference)
    played = await take_work(shop, Door.PAY, till="practice", slug="low-water")
    clock.move(days=2)
    late = await take_work(shop, Door.HAVE_COPY, slug="low-water")
    for query, wanted in {
        "door=pay": [played, paid],
        "till=practice": [played],
        "work=low-water": [late, played],
        "which=paid": [paid],
        "which=free": [late, free],
        "which=open": [played],
        "which=refunded": [],
        "from=2026-11-23": [late],
        "to=2026-11-22": [played, paid, free],
        "from=2026-11-24&to=2026-11-24&door=have_copy": [late],
        "door=nonsense&till=&work=&which=x&from=2026-13-45&to=y": [late, played, paid, free],
    }.items():
        assert await found(alice, query) == [order.id for order in wanted], query
    page = await alice.text("/studio/orders?door=pay&from=2026-11-22")
    assert '<option value="pay" selected>' in page
    assert 'name="from" type="date" value="2026-11-22"' in page
    assert "<details" in page.partition("Narrow it down")[0]
    assert 'class="narrow" open' in page


async def test_a_tills_own_number_and_a_download_link_find_their_order(shop: House, alice: Visitor) -> None:
    order, _other = await take_work(shop, Door.PAY, till="practice"), await take_work(shop)
    payment = await shop.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    assert payment.session_id is not None
    assert await found(alice, f"find={payment.session_id}") == [order.id]
    key = select(tables.grants.c.key).where(tables.grants.c.order_id == _other.id)
    link = await shop.db.read(lambda conn: conn.execute(key).scalar())
    assert await found(alice, f"find=http://shop.example/d/{link}/everything.zip") == [_other.id]


async def test_a_note_is_kept_found_and_not_overwritten(shop: House, alice: Visitor) -> None:
    order = await take_work(shop)
    path = f"/studio/orders/{order.id}"
    fields = await alice.hidden(path)
    answer = await alice.post(f"{path}/note", {**fields, "note": "met at <the> fair\r\nin May"})
    assert answer.headers["Location"] == f"{path}?said=note"
    assert await found(alice, "find=THE+FAIR") == []
    assert await found(alice, "find=%3Cthe%3E+fair") == [order.id]
    answer = await alice.post(f"{path}/note", {**fields, "note": "something else"})  # from a tab that is older
    page = await answer.text()
    assert answer.status == 409
    assert "Somebody changed this note meanwhile. It now says: met at &lt;the&gt; fair" in page
    assert re.search(r"<textarea[^>]*>something else</textarea>", page)
    assert 'name="note_was" value="met at &lt;the&gt; fair\nin May"' in page


async def test_an_address_is_corrected(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, email="bbo@example.org")
    path = f"/studio/orders/{order.id}"
    answer = await alice.send(path, f"{path}/email", email="not an address")
    page = await answer.text()
    assert answer.status == 422
    assert 'value="not an address"' in page
    assert "This is not an e-mail address that we can write to." in page
    answer = await alice.send(path, f"{path}/email", email=BOB)
    assert answer.headers["Location"] == f"{path}?said=address"
    assert BOB in await alice.text(path)
    stale = {**await alice.hidden(path), "email_was": "bbo@example.org", "email": "x@example.org"}
    answer = await alice.post(f"{path}/email", stale)
    assert answer.status == 409
    assert f"it is {BOB} now" in await answer.text()


async def test_money_is_booked_as_given_back_once_a_form(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand", minor=750)
    await settle.confirm(shop, order.reference)
    path = f"/studio/orders/{order.id}"
    fields = await alice.hidden(path)
    assert fields["reference"] == order.reference
    for amount, words in (("9", "€7.50 are left: no more can go back"), ("0", "more than nothing"), ("x", "wrong")):
        answer = await alice.post(f"{path}/refund", {**fields, "amount": amount})
        page = await answer.text()
        assert answer.status == 422, amount
        assert words in page
        assert f'name="amount" value="{amount}"' in page
    for _ in range(2):
        answer = await alice.post(f"{path}/refund", {**fields, "amount": "2.50"})
        assert answer.headers["Location"] == f"{path}?said=refunded"
    assert ("refunds:1", "EUR", 250) in await balances(shop)
    page = await alice.text(path)
    assert "€2.50 went back." in page
    assert "€5.00 at most" in page
    assert "−€2.50" in page
    await alice.send(path, f"{path}/refund", amount="5.00")
    assert "Pay it back" not in await alice.text(path)


async def test_the_story_tells_of_letters_editions_and_mismatches(shop: House, alice: Visitor, clock: Clock) -> None:
    order = await take_work(shop, Door.PAY, till="practice", email=BOB, letter="Was it cold?")
    clock.move(hours=1)
    payment = await shop.db.read(lambda conn: payment_rows.newest_payment(conn, order.id))
    assert payment is not None
    await practise(shop, payment.session_id or "")

    def more(conn: Connection) -> None:
        values = {"work_id": 1, "number": 2, "fingerprint": "x", "rights": "own", "rights_text": "1", "rights_at": 0}
        conn.execute(tables.editions.insert().values(**values, published_at=to_micros(clock()) + 1))
        told = (payment.till, "evt_odd", "payment.paid", order.reference, "mismatch", "0" * 64, to_micros(clock()))
        payment_rows.add_event(conn, *told)

    await shop.db.write(more)
    page = await alice.text(f"/studio/orders/{order.id}")
    for words in (
        "They wrote a letter.",
        "does not match what was asked for, so it counts for nothing: payment.paid",
        "€5.00 came in.",
        "Edition 2 of “High Water” came out: they have it too.",
        "The link of their page",
        "(practice)",
    ):
        assert words in page, words


async def test_who_takes_it_without_paying_after_all_counts_as_who_cannot_pay(
    shop: House, alice: Visitor, clock: Clock
) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand")
    path = f"/studio/orders/{order.id}"
    clock.move(hours=1)
    assert (await alice.client.post(f"/o/{order.token}/free", allow_redirects=False)).status == 303
    assert await found(alice, "door=cant_pay") == [order.id]
    assert await found(alice, "door=pay") == []
    page = await alice.text(path)
    assert "Somebody came through the door “Pay what is fair”." in page
    assert "They took it without paying after all." in page
    assert "Took it without paying, may pay by hand" in page
    await alice.send(path, f"{path}/confirm", amount="5.00")
    assert await found(alice, "door=cant_pay&which=paid") == [order.id]
    table = await alice.send("/studio/orders", "/studio/orders/export")
    (row,) = csv.DictReader(io.StringIO(await table.text(), newline=""))
    assert (row["door"], row["paid"]) == ("cant_pay", "5.00")


async def test_what_is_done_with_an_order_is_noted_with_who_did_it(shop: House, alice: Visitor) -> None:
    shop.mailer = SmtpMailer(Smtp("127.0.0.1", "shop@shop.example", 9, security="none"))
    order = await take_work(shop, Door.PAY, till="by_hand", email=BOB)
    path = f"/studio/orders/{order.id}"
    await alice.send(path, f"{path}/confirm", amount="5.00")
    for _ in range(2):
        await alice.send(path, f"{path}/mail")
    log = tables.audit_log.c
    found = await shop.db.read(lambda conn: conn.execute(select(log.creator_id, log.deed, log.subject)).all())
    assert [tuple(line) for line in found if not line[1].startswith("signin.")] == [
        (1, "payment.confirmed", f"payment:{order.reference}"),
        (1, "order.link_sent", f"order:{order.id}"),
    ]
