"""Mail from the outbox to a real post office: what it says, to whom, once, and not to who refused it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from headwaters.actions import letters as letter_verbs
from headwaters.actions import mail as queueing
from headwaters.actions import sales as sales_verbs
from headwaters.actions.reports import file_report, read_wrong
from headwaters.actions.shop import change_settings
from headwaters.adapters.mail.smtp import SmtpMailer
from headwaters.config import Smtp
from headwaters.core.errors import Code, NotFound
from headwaters.core.letters import Author
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door, PaymentState
from headwaters.errands import mail, settle
from headwaters.errands.house import House, refresh
from headwaters.errands.take import pay
from headwaters.errands.worker import Worker
from headwaters.store import payments as payment_rows
from headwaters.store import sales as rows
from headwaters.store import tables
from headwaters.store.db import Connection
from tests.people import ALICE, BOB, CHARLIE, Order, add_work, fresh_nonce, take_work
from tests.support.house import Clock, MakeHouse
from tests.support.mail import PostOffice


@pytest.fixture
async def shop(make_house: MakeHouse, post_office: PostOffice, clock: Clock) -> AsyncIterator[House]:
    """Alice's shop, which sends mail and tells her of everything."""
    told = {"notify_email": ALICE, "notify_orders": "on", "notify_letters": "on"}
    house = await make_house(name="Alice's films", creator="Alice", practice="on", by_hand="on", **told)
    smtp = Smtp(post_office.host, "shop@shop.example", post_office.port, security="none")
    house.mailer = SmtpMailer(smtp, clock=clock)
    house.config = replace(house.config, url="https://shop.example")
    await house.db.write(add_work)
    return house


async def work_off(house: House) -> None:
    await Worker(house, mail.mail_handlers(house)).carry_out_due()


def text_of(message: EmailMessage) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


def one(messages: list[EmailMessage], subject: str) -> EmailMessage:
    """The one with this subject; rows are carried out several at a time, in no order."""
    (found,) = (message for message in messages if message["Subject"] == subject)
    return found


async def states(house: House) -> list[tuple[str, str, str]]:
    """(kind, state, error) of each row."""

    def look(conn: Connection) -> list[tuple[str, str, str]]:
        columns = (tables.outbox.c.kind, tables.outbox.c.state, tables.outbox.c.error)
        return [tuple(row) for row in conn.execute(select(*columns).order_by(tables.outbox.c.id))]

    return await house.db.read(look)


async def write(house: House, order: Order, body: str, **more: object) -> None:
    values = {"author": Author.READER, "wants_mail": True, "nonce": fresh_nonce(), "ref": house.token()[:13], **more}
    await house.db.write(
        lambda conn: letter_verbs.write_letter(conn, order_id=order.id, body=body, now=house.clock(), **values)  # type: ignore[arg-type]
    )


async def answer(house: House, order: Order, body: str) -> None:
    ref, now = house.token()[:13], house.clock()
    await house.db.write(lambda conn: letter_verbs.answer(conn, order.id, body, fresh_nonce(), ref, now))


async def test_the_reader_gets_the_pages_address_and_a_way_to_refuse(shop: House, post_office: PostOffice) -> None:
    order = await take_work(shop, Door.CANT_PAY, email=BOB)
    await work_off(shop)
    (message,) = post_office.to(BOB)
    assert message["Subject"] == "High Water: your page"
    assert message["From"] == "Alice's films <shop@shop.example>"
    refuse = re.fullmatch(r"<(https://shop\.example/mail/refuse/[\w.-]+)>", message["List-Unsubscribe"])
    assert refuse is not None
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert text_of(message) == (
        "Hello,\n\n"
        "this is the address of your page for “High Water”:\n\n"
        f"https://shop.example/o/{order.token}\n\n"
        "The files are there, complete and without locks. Fetch them as often as you like and keep them for ever.\n\n"
        "The page is yours and stays. Whoever has its address can open it, so keep this mail in a safe place.\n\n"
        "Alice\n\n"
        "-- \n"
        "You get this mail because somebody, most likely you, gave this address at https://shop.example."
        " It is on no list.\n"
        f"No mail from this shop ever again: {refuse[1]}\n"
    )


async def begin_to_pay(house: House, order: Order, till: str, minor: int) -> None:
    found = await house.db.read(lambda conn: rows.order_by_id(conn, order.id))
    await pay(house, found, "High Water", Money(minor, "EUR"), till, fresh_nonce())


async def test_alice_hears_of_the_payment_that_came_and_of_no_other(
    shop: House, post_office: PostOffice, clock: Clock
) -> None:
    paid = await take_work(shop, Door.PAY, till="practice")
    await begin_to_pay(shop, paid, "by_hand", 700)
    payment = await shop.db.read(lambda conn: payment_rows.payment_by_reference(conn, paid.reference))
    assert payment is not None
    said = sales_verbs.as_asked(payment, PaymentState.PAID)
    await shop.db.write(lambda conn: sales_verbs.settle(conn, payment, said, shop.token(), clock()))
    clock.move(minutes=15)
    free = await take_work(shop, Door.CANT_PAY)
    await begin_to_pay(shop, free, "practice", 300)
    await work_off(shop)
    subjects = sorted(str(message["Subject"]) for message in post_office.to(ALICE))
    assert subjects == ["High Water: 5.00 EUR paid", "High Water: somebody took it"]


async def test_before_the_money_comes_the_mail_says_so(shop: House, post_office: PostOffice) -> None:
    await take_work(shop, Door.PAY, email=BOB, till="by_hand")
    await work_off(shop)
    (message,) = post_office.to(BOB)
    assert "The files will be there as soon as the payment has come." in text_of(message)


async def test_nothing_that_the_taker_typed_is_in_a_mail_to_the_address(shop: House, post_office: PostOffice) -> None:
    """Somebody gives Bob's address and writes an advertisement: Bob gets a link, and Alice no word of it by mail."""
    await take_work(shop, Door.CANT_PAY, email=BOB, letter="BUY WATCHES http://watches.example")
    await work_off(shop)
    assert len(post_office.mails) == 3  # the page's address to Bob; an order and a letter to Alice
    for message in post_office.mails:
        assert "WATCHES" not in message.as_string()


async def test_the_answer_goes_to_who_asked_for_it(shop: House, post_office: PostOffice) -> None:
    order = await take_work(shop, Door.CANT_PAY, email=BOB)
    await write(shop, order, "Was it cold?")
    await answer(shop, order, "Very cold.\n\nFrom the river,\n.\nAlice <b>&amp;</b> 水")
    await work_off(shop)
    message = one(post_office.to(BOB), "Alice answered your letter about High Water")
    text = text_of(message)
    assert text.startswith("Very cold.\n\nFrom the river,\n.\nAlice <b>&amp;</b> 水\n\n--------\n")
    assert f"https://shop.example/o/{order.token}\n" in text
    assert "No mail from this shop ever again: https://shop.example/mail/refuse/" in text


async def test_the_creator_is_told_without_a_way_to_refuse(shop: House, post_office: PostOffice) -> None:
    order = await take_work(shop, Door.PAY, till="by_hand")
    await write(shop, order, "Dear Alice")
    await work_off(shop)
    ordered = one(post_office.to(ALICE), "High Water: 5.00 EUR promised by hand")
    written = one(post_office.to(ALICE), "High Water: a letter for you")
    assert f"“headwaters confirm {order.reference}”" in text_of(ordered)
    assert f"https://shop.example/studio/orders/{order.id}\n" in text_of(ordered)
    assert f"https://shop.example/studio/letters/{order.id}\n" in text_of(written)
    assert [message["List-Unsubscribe"] for message in (ordered, written)] == [None, None]


@pytest.mark.parametrize(
    ("door", "subject"),
    [(Door.CANT_PAY, "High Water: somebody took it"), (Door.HAVE_COPY, "High Water: somebody took it")],
)
async def test_free_doors_are_told_of_as_they_are(
    shop: House, post_office: PostOffice, door: Door, subject: str
) -> None:
    await take_work(shop, door)
    await work_off(shop)
    (message,) = post_office.to(ALICE)
    assert message["Subject"] == subject
    assert ("had a copy" in text_of(message)) is (door is Door.HAVE_COPY)


async def test_many_letters_in_a_quarter_of_an_hour_are_summed_up(
    shop: House, post_office: PostOffice, clock: Clock
) -> None:
    order = await take_work(shop, Door.CANT_PAY)
    for number in range(5):
        await write(shop, order, f"Letter {number}")
        clock.move(minutes=1)
    await work_off(shop)
    assert sorted(message["Subject"] for message in post_office.to(ALICE)) == [
        "High Water: a letter for you",
        "High Water: somebody took it",
    ]
    clock.move(minutes=15)
    await work_off(shop)
    last = post_office.to(ALICE)[-1]
    assert last["Subject"] == "5 letters for you"
    assert "Between 12:00 and 12:15 (UTC) readers wrote 5 letters to you." in text_of(last)
    assert len(post_office.mails) == 3


async def test_many_orders_in_a_quarter_of_an_hour_are_summed_up(
    shop: House, post_office: PostOffice, clock: Clock
) -> None:
    for door, till in ((Door.CANT_PAY, None), (Door.HAVE_COPY, None), (Door.PAY, "by_hand"), (Door.PAY, "practice")):
        await take_work(shop, door, till=till)
    clock.move(minutes=15)
    await work_off(shop)
    last = one(post_office.to(ALICE), "3 orders in a quarter of an hour")
    assert "https://shop.example/studio/orders\n" in text_of(last)


async def test_a_withdrawal_is_told_of_with_what_to_pay_back(shop: House, post_office: PostOffice) -> None:
    await shop.db.write(lambda conn: change_settings(conn, {"notify_orders": "off"}))
    await refresh(shop)
    order = await take_work(shop, Door.PAY, till="by_hand")
    await settle.confirm(shop, order.reference)
    await shop.db.write(lambda conn: sales_verbs.withdraw(conn, order.id, shop.clock()))
    await work_off(shop)
    (message,) = post_office.to(ALICE)
    assert message["Subject"] == "High Water: a reader withdrew"
    assert "Please pay 5.00 EUR back within 14 days" in text_of(message)


async def test_who_refused_gets_nothing_more_under_any_spelling(shop: House, post_office: PostOffice) -> None:
    order = await take_work(shop, Door.CANT_PAY, email=BOB)
    await work_off(shop)
    signed = mail.refusal_url(shop, BOB).rpartition("/")[2]
    await mail.refuse(shop, signed)
    await mail.refuse(shop, signed)
    await write(shop, order, "Answer me by mail after all")
    await answer(shop, order, "Dear Bob")
    await shop.db.write(lambda conn: queueing.queue_order_mail_again(conn, order.id, shop.clock()))
    await take_work(shop, Door.HAVE_COPY, email="Bob+films@example.org")
    await take_work(shop, Door.HAVE_COPY, email=CHARLIE)
    await work_off(shop)
    assert [message["To"] for message in post_office.mails if message["To"] != ALICE] == [BOB, CHARLIE]
    assert {state for kind, state, _ in await states(shop) if kind in {"mail.order", "mail.answer"}} == {"done"}


async def test_a_refusal_keeps_no_address(shop: House) -> None:
    await mail.refuse(shop, mail.refusal_url(shop, BOB).rpartition("/")[2])

    def look(conn: Connection) -> list[str]:
        return [digest for (digest,) in conn.execute(select(tables.mail_refusals.c.digest))]

    (digest,) = await shop.db.read(look)
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
    assert "bob" not in mail.refusal_url(shop, BOB)


@pytest.mark.parametrize("signed", ["", "x", "ImFiYyI.xxxx", "ImFiYyI"])
async def test_a_refusal_that_the_shop_did_not_sign_is_nothing(shop: House, signed: str) -> None:
    with pytest.raises(NotFound) as unknown:
        await mail.refuse(shop, signed)
    assert unknown.value.code == Code.PAGE_UNKNOWN


async def test_another_shops_refusal_is_nothing_here(shop: House) -> None:
    signed = mail.refusal_url(shop, BOB).rpartition("/")[2]
    shop.shop_key = bytes(32)
    with pytest.raises(NotFound):
        mail.read_refusal(shop, signed)


async def test_a_post_office_that_is_down_gets_it_later_once(
    shop: House, post_office: PostOffice, clock: Clock
) -> None:
    post_office.down()
    await take_work(shop, Door.CANT_PAY, email=BOB)
    await work_off(shop)
    assert [(kind, state) for kind, state, _ in await states(shop)] == [
        ("mail.order", "waiting"),
        ("mail.notice.order", "waiting"),
    ]
    assert all(BOB not in error for _, _, error in await states(shop))
    post_office.up()
    clock.move(minutes=1)
    await work_off(shop)
    await work_off(shop)
    assert len(post_office.to(BOB)) == 1


async def test_an_address_that_does_not_exist_is_given_up(shop: House, post_office: PostOffice, clock: Clock) -> None:
    post_office.refusals[BOB] = f"550 5.1.1 <{BOB}> does not live here"
    await take_work(shop, Door.CANT_PAY, email=BOB)
    await work_off(shop)
    clock.move(days=2)
    await work_off(shop)
    kind, state, error = (await states(shop))[0]
    assert (kind, state) == ("mail.order", "given_up")
    assert "550 5.1.1" in error
    assert BOB not in error


async def test_a_row_that_is_carried_out_twice_sends_the_same_message_id(shop: House, post_office: PostOffice) -> None:
    """Killed after the server took the mail and before that was known: mail programs see that it is the same one."""
    await take_work(shop, Door.CANT_PAY, email=BOB)
    await work_off(shop)
    await shop.db.write(lambda conn: conn.execute(tables.outbox.update().values(state="waiting", due_at=0)))
    await work_off(shop)
    first, second = (message["Message-ID"] for message in post_office.to(BOB))
    assert first == second
    assert re.fullmatch(r"<[0-9a-f]{40}@shop\.example>", first)
    other = post_office.to(ALICE)[0]["Message-ID"]
    assert other != first


@pytest.mark.parametrize("url", ["http://my_machine:8000", "http://[::1]:8000", "http://192.168.1.7"])
async def test_a_shop_without_a_name_of_the_net_sends_mail_too(shop: House, post_office: PostOffice, url: str) -> None:
    shop.config = replace(shop.config, url=url)
    await take_work(shop, Door.CANT_PAY, email=BOB)
    await work_off(shop)
    assert {(kind, state) for kind, state, _ in await states(shop)} == {
        ("mail.order", "done"),
        ("mail.notice.order", "done"),
    }
    (message,) = post_office.to(BOB)
    assert re.fullmatch(r"<[0-9a-f]{40}@[a-z0-9.-]+>", message["Message-ID"])


async def test_without_a_mail_server_nothing_waits(shop: House, post_office: PostOffice) -> None:
    shop.mailer = None
    await take_work(shop, Door.CANT_PAY, email=BOB)
    await work_off(shop)
    assert post_office.mails == []
    assert {state for _, state, _ in await states(shop)} == {"done"}


async def test_a_title_with_line_ends_stays_in_its_line(shop: House, post_office: PostOffice) -> None:
    title = "Über\r\nBcc: charlie@example.net\r\n\r\n{{ 7*7 }} %(x)s 水"
    await shop.db.write(lambda conn: add_work(conn, "tricky", title))
    await take_work(shop, Door.CANT_PAY, email=BOB, slug="tricky")
    await work_off(shop)
    (message,) = post_office.to(BOB)
    assert message["Subject"] == "Über Bcc: charlie@example.net {{ 7*7 }} %(x)s 水: your page"
    assert message["Bcc"] is None
    assert set(post_office.recipients) == {BOB, ALICE}


async def test_of_reports_the_creator_hears_once_a_quarter_of_an_hour(
    shop: House, post_office: PostOffice, clock: Clock
) -> None:
    for number in range(3):
        values = {"nonce": fresh_nonce(), "token": shop.token(), "reference": f"WR-AAAA-000{number}", "now": clock()}
        wrong = read_wrong("/w/high-water", "This is my song.", CHARLIE)
        await shop.db.write(lambda conn, wrong=wrong, values=values: file_report(conn, wrong, **values))  # type: ignore[misc]
    await work_off(shop)
    assert post_office.to(ALICE) == []
    clock.move(minutes=15)
    await work_off(shop)
    (message,) = post_office.to(ALICE)
    assert (message["To"], message["Subject"]) == (ALICE, "3 reports wait for you")
    text = text_of(message)
    assert "https://shop.example/studio/reports/WR-AAAA-0002\n" in text
    assert "“headwaters reports WR-AAAA-0000”" in text
    assert "my song" not in text
    assert CHARLIE not in text
