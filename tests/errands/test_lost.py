"""The mail to a reader who lost their link: to a real post office, to the right address, and to nobody else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from headwaters.adapters.mail.smtp import SmtpMailer
from headwaters.config import Smtp
from headwaters.core.errors import Code, Refused
from headwaters.errands import lost, mail
from headwaters.errands.house import House
from headwaters.errands.worker import Worker
from headwaters.store import tables
from headwaters.store.db import Connection
from tests.people import BOB, CHARLIE, add_work, take_work
from tests.support.house import Clock, MakeHouse
from tests.support.mail import PostOffice

LINK = re.compile(r"https://shop\.example/lost/([a-z2-7]{26})\b")


@pytest.fixture
async def shop(make_house: MakeHouse, post_office: PostOffice, clock: Clock) -> AsyncIterator[House]:
    """Alice's shop, which sends mail. Bob took two works, Charlie one; the mails of then have gone out."""
    house = await make_house(name="Alice's films", creator="Alice", practice="on", by_hand="on")
    smtp = Smtp(post_office.host, "shop@shop.example", post_office.port, security="none")
    house.mailer = SmtpMailer(smtp, clock=clock)
    house.config = replace(house.config, url="https://shop.example")
    await house.db.write(add_work)
    for email in (BOB, BOB, CHARLIE):
        await take_work(house, email=email)
    await Worker(house, mail.mail_handlers(house)).carry_out_due()
    post_office.mails.clear()
    post_office.recipients.clear()
    return house


async def work_off(house: House) -> None:
    await Worker(house, lost.lost_handlers(house)).carry_out_due()


def secret_in(message: EmailMessage) -> str:
    (secret,) = LINK.findall(str(message.get_content()))
    return str(secret)


async def errors(house: House) -> list[tuple[str, str]]:
    """(state, error) of the rows of lost links, oldest first."""

    def look(conn: Connection) -> list[tuple[str, str]]:
        wanted = select(tables.outbox.c.state, tables.outbox.c.error).where(tables.outbox.c.kind == "mail.lost")
        return [(state, error) for state, error in conn.execute(wanted.order_by(tables.outbox.c.id))]

    return await house.db.read(look)


async def test_the_mail_leads_to_the_readers_own_pages(shop: House, post_office: PostOffice) -> None:
    await lost.ask(shop, BOB)
    await work_off(shop)
    (message,) = post_office.mails
    assert post_office.recipients == [BOB]
    assert message["Subject"] == "Your pages at Alice"
    secret = secret_in(message)
    refuse = message["List-Unsubscribe"].strip("<>")
    assert str(message.get_content()).replace("\r\n", "\n") == (
        "Hello,\n\n"
        "somebody, most likely you, asked for the pages that belong to this address. This link shows all of them:\n\n"
        f"https://shop.example/lost/{secret}\n\n"
        "It works once, within 15 minutes.\n\n"
        "If it was not you, there is nothing to do: nobody but the reader of this mail sees anything.\n\n"
        "Alice\n\n"
        "-- \n"
        "You get this mail because somebody, most likely you, gave this address at https://shop.example."
        " It is on no list.\n"
        f"No mail from this shop ever again: {refuse}\n"
    )
    assert await lost.link_is_good(shop, secret)
    assert len(await lost.open_list(shop, secret)) == 2
    assert not await lost.link_is_good(shop, secret)
    with pytest.raises(Refused) as refused:
        await lost.open_list(shop, secret)
    assert refused.value.code == Code.LOST_SPENT


async def test_an_address_that_nobody_gave_gets_no_mail(shop: House, post_office: PostOffice) -> None:
    await lost.ask(shop, "stranger@example.org")
    await work_off(shop)
    assert post_office.mails == []
    assert await errors(shop) == [("done", "order_unknown")]


async def test_the_mail_goes_to_the_address_of_the_order_and_not_to_what_was_typed(
    shop: House, post_office: PostOffice
) -> None:
    await lost.ask(shop, "BOB@example.org")
    await work_off(shop)
    assert post_office.recipients == [BOB]
    assert len(await lost.open_list(shop, secret_in(post_office.mails[0]))) == 2


async def test_letters_that_only_look_alike_are_no_spelling(shop: House, post_office: PostOffice) -> None:
    await take_work(shop, email="kim@example.org")
    for typed in ("b\u043eb@example.org", "bob\uff20example.org", "\u212aim@example.org"):  # Cyrillic о, wide @, Kelvin
        with pytest.raises(Refused) as refused:
            lost.read_address(typed)
        assert refused.value.code == Code.EMAIL_INVALID
    await lost.ask(shop, lost.read_address("bob@ex\u0430mple.org"))  # Cyrillic а: a host of its own
    await work_off(shop)
    assert post_office.mails == []


async def test_a_name_in_its_own_script_is_found_by_both_of_its_forms(shop: House, post_office: PostOffice) -> None:
    await take_work(shop, email="bob@xn--bcher-kva.example")
    for typed in ("bob@bücher.example", "BOB@BÜCHER.example", "bob@xn--bcher-kva.example\u200b"):
        await lost.ask(shop, lost.read_address(typed))
        await work_off(shop)
        shop.clock.move(seconds=1)  # type: ignore[attr-defined]
    assert post_office.recipients == ["bob@xn--bcher-kva.example"] * 3


async def test_each_spelling_gets_a_mail_of_its_own(shop: House, post_office: PostOffice) -> None:
    order = await take_work(shop, email="Bob@example.org")
    await lost.ask(shop, BOB)
    await work_off(shop)
    assert sorted(post_office.recipients) == ["Bob@example.org", BOB]
    secret = secret_in(post_office.to("Bob@example.org")[0])
    assert [one.token for one in await lost.open_list(shop, secret)] == [order.token]


async def test_who_refused_all_mail_gets_none(shop: House, post_office: PostOffice) -> None:
    await mail.refuse(shop, mail.refusal_url(shop, BOB).rpartition("/")[2])
    await lost.ask(shop, BOB)
    await work_off(shop)
    assert post_office.mails == []
    assert await errors(shop) == [("done", "mail_refused")]


async def test_an_order_whose_address_was_corrected_is_no_longer_the_old_ones(
    shop: House, post_office: PostOffice
) -> None:
    def correct(conn: Connection) -> None:
        conn.execute(tables.orders.update().where(tables.orders.c.email == BOB).values(email="new@example.org"))

    await lost.ask(shop, BOB)
    await work_off(shop)
    await shop.db.write(correct)
    assert await lost.open_list(shop, secret_in(post_office.mails[0])) == []


async def test_a_mail_that_cannot_go_out_in_time_does_not_go_out_late(
    shop: House, post_office: PostOffice, clock: Clock
) -> None:
    post_office.refusals = {"*": "451 Later"}
    await lost.ask(shop, BOB)
    await work_off(shop)
    assert [state for state, _ in await errors(shop)] == ["waiting"]
    clock.move(minutes=2)
    post_office.refusals = {}
    await work_off(shop)
    assert post_office.recipients == [BOB]
    await lost.ask(shop, CHARLIE)
    clock.move(minutes=15)
    await work_off(shop)
    assert post_office.recipients == [BOB]
    assert (await errors(shop))[-1] == ("done", "lost_spent")


async def test_sent_again_after_a_crash_it_is_the_same_mail(shop: House, post_office: PostOffice, clock: Clock) -> None:
    await lost.ask(shop, BOB)

    def forget(conn: Connection) -> None:
        conn.execute(tables.outbox.update().values(state="waiting", due_at=0))

    for _ in range(2):
        await work_off(shop)
        await shop.db.write(forget)
    one, two = post_office.mails
    assert (one["Message-ID"], secret_in(one)) == (two["Message-ID"], secret_in(two))
    await lost.open_list(shop, secret_in(one))
    await work_off(shop)
    assert len(post_office.mails) == 2


async def test_no_secret_is_in_the_database(shop: House, post_office: PostOffice) -> None:
    await lost.ask(shop, BOB)
    await work_off(shop)
    secret = secret_in(post_office.mails[0])

    def everything(conn: Connection) -> str:
        return str([conn.execute(select(table)).all() for table in (tables.lost_links, tables.outbox)])

    assert secret not in await shop.db.read(everything)


async def test_a_shop_without_mail_says_so(shop: House) -> None:
    shop.mailer = None
    with pytest.raises(Refused) as refused:
        await lost.ask(shop, BOB)
    assert refused.value.code == Code.MAIL_OFF


async def test_the_sweep_forgets_what_is_over(shop: House, clock: Clock) -> None:
    await lost.ask(shop, "stranger@example.org")
    assert await lost.sweep(shop) == 0
    clock.move(minutes=15)
    assert await lost.sweep(shop) == 1
    assert await lost.sweep(shop) == 0
