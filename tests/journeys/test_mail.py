"""Mail is only ever a copy of a link: one for each address, work and day, without a word that anybody typed."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.support.browser import PHONE, axe
from tests.support.mail import PostOffice
from tests.support.served import Served
from tests.support.shop import ask, make_alices_shop, new_network, open_shop, river_song, rows, take, taken, twin_of

PUBLIC = "https://shop.example"  # what mails say; one-click refusal (RFC 8058) needs https


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    """Who carries the mail of this module's shop."""
    office = PostOffice()
    office.up()
    yield office
    office.down()


@pytest.fixture(scope="module")
def shop(office: PostOffice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Alice's shop, with mail."""
    base = tmp_path_factory.mktemp("mail")
    (base / "Second.txt").write_text("Another work.\n", encoding="utf-8")
    folder = make_alices_shop(base / "shop", [river_song(base), base / "Second.txt"], by_hand="on")
    mail = {"HOST": office.host, "PORT": str(office.port), "SENDER": "alice@shop.example", "SECURITY": "none"}
    environment = {f"HEADWATERS_SMTP_{name}": value for name, value in mail.items()}
    with open_shop(folder, {**environment, "HEADWATERS_URL": PUBLIC}) as served:
        yield served


def outbox(shop: Served, state: str) -> list[tuple[str, int, str]]:
    """(kind, attempts, error) of the rows in a state."""
    return rows(shop.shop, f"SELECT kind, attempts, error FROM outbox WHERE state = '{state}' ORDER BY id")


def settle(shop: Served, seconds: float = 10) -> None:
    """Wait until nothing waits to be sent."""
    deadline = time.monotonic() + seconds
    while outbox(shop, "waiting"):
        assert time.monotonic() < deadline, outbox(shop, "waiting")
        time.sleep(0.02)


def hurry(shop: Served) -> None:
    """Let the time pass until the next attempt."""
    with closing(sqlite3.connect(shop.shop / "headwaters.db", timeout=10)) as connection, connection:
        connection.execute("UPDATE outbox SET due_at = 0 WHERE state = 'waiting'")


def words(mail: EmailMessage) -> str:
    return str(mail.get_content())


def here(shop: Served, address: str) -> str:
    """A public address at the process that serves it."""
    assert address.startswith(PUBLIC + "/")
    return shop.url + urlsplit(address).path


def test_one_mail_for_each_address_work_and_day_however_often_the_form_is_sent(
    shop: Served, office: PostOffice
) -> None:
    pages = [
        taken(shop, "river-song", door, email=email, amount="5", till="by_hand")
        for door in ("cant_pay", "have_copy", "pay")
        for email in ("bob@example.org", "Bob+again@Example.ORG")
    ]
    settle(shop)
    to_bob = [mail for mail, to in zip(office.mails, office.recipients, strict=True) if to.lower().startswith("bob")]
    assert len(pages) == len(set(pages)) == 6
    assert len(to_bob) == 1
    assert urlsplit(pages[0]).path in words(to_bob[0])
    taken(shop, "second", email="bob@example.org")
    settle(shop)
    assert len(office.to("bob@example.org")) == 2


def test_a_mail_holds_no_word_that_the_taker_typed(shop: Served, office: PostOffice) -> None:
    typed = "Buy cheap watches at http://evil.example now"
    fields = {"email": "victim@example.org", "letter": typed, "from": "cheap-watches", "name": typed, "title": typed}
    page = taken(shop, "river-song", **fields)
    settle(shop)
    (mail,) = office.to("victim@example.org")
    assert mail["To"] == "victim@example.org"
    assert mail["Subject"] == "River Song: your page"
    raw = mail.as_string() + words(mail)
    for word in ("watches", "evil.example", "Buy"):
        assert word not in raw
    assert re.findall(r"https?://\S+", words(mail)) == [
        PUBLIC + urlsplit(page).path,
        f"{PUBLIC}.",
        mail["List-Unsubscribe"].strip("<>"),
    ]


@pytest.mark.parametrize("address", ["bob@example.org\nBcc: all@example.net", "a@b", "<bob@example.org>", "b,c@d.org"])
def test_an_address_that_says_more_than_an_address_is_refused_beside_its_field(
    shop: Served, office: PostOffice, address: str
) -> None:
    mails, orders = len(office.mails), rows(shop.shop, "SELECT count(*) FROM orders")
    reply = take(shop, "river-song", email=address, letter="Hello")
    assert reply.status == 422
    assert 'id="cant_pay-email-wrong"' in reply.text
    assert ">Hello</textarea>" in reply.text
    assert rows(shop.shop, "SELECT count(*) FROM orders") == orders
    settle(shop)
    assert len(office.mails) == mails


def test_refusing_all_mail_takes_a_press_of_the_button_or_the_mail_programs_own(
    shop: Served, office: PostOffice
) -> None:
    taken(shop, "river-song", email="carol@example.org")
    settle(shop)
    (mail,) = office.to("carol@example.org")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = here(shop, mail["List-Unsubscribe"].strip("<>"))
    for method in ("GET", "HEAD", "GET"):  # as scanners do
        assert ask(link, method=method).status == 200
    assert rows(shop.shop, "SELECT count(*) FROM mail_refusals") == [(0,)]
    other = "a" if link[-9] != "a" else "b"  # not the last one, of which Base64 leaves two bits unread
    assert ask(link[:-9] + other + link[-8:], {"List-Unsubscribe": "One-Click"}).status == 404
    assert ask(link, {"List-Unsubscribe": "One-Click"}).status == 200
    page = taken(shop, "second", email="Carol+river@example.org")
    settle(shop)
    assert len(office.to("carol@example.org")) == 1
    assert office.to("Carol+river@example.org") == []
    assert len(twin_of(page).files) == 1, "who refuses mail is served as everyone"
    assert rows(shop.shop, "SELECT digest FROM mail_refusals") != []
    assert "carol" not in str(rows(shop.shop, "SELECT * FROM mail_refusals"))


def test_the_page_to_refuse_mail_is_for_everyone(shop: Served, office: PostOffice, visit: Visit) -> None:
    taken(shop, "river-song", email="dave@example.org")
    settle(shop)
    (mail,) = office.to("dave@example.org")
    page = visit(width=PHONE)
    page.goto(here(shop, mail["List-Unsubscribe"].strip("<>")))
    axe(page)
    refusals = rows(shop.shop, "SELECT count(*) FROM mail_refusals")
    page.get_by_role("button", name="Never write to me again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No more mail")
    axe(page)
    assert rows(shop.shop, "SELECT count(*) FROM mail_refusals") == [(refusals[0][0] + 1,)]


def test_while_the_mail_server_is_down_readers_are_served_and_it_goes_out_once_later(
    shop: Served, office: PostOffice
) -> None:
    office.down()
    try:
        page = taken(shop, "river-song", email="erin@example.org")
        assert len(twin_of(page).files) == 1
        deadline = time.monotonic() + 10
        while not any(attempts for _, attempts, error in outbox(shop, "waiting") if error):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        ((kind, attempts, error),) = outbox(shop, "waiting")
        assert (kind, attempts, error.partition(":")[0]) == ("mail.order", 1, "mail_down")
        assert "erin" not in error
    finally:
        office.up()
    assert office.to("erin@example.org") == []
    hurry(shop)
    settle(shop)
    assert len(office.to("erin@example.org")) == 1


def test_an_address_that_the_mail_server_refuses_is_given_up_and_nothing_else_waits_for_it(
    shop: Served, office: PostOffice
) -> None:
    office.refusals = {"nobody@example.org": "550 5.1.1 No such reader", "later@example.org": "451 4.7.1 Greylisted"}
    try:
        page = taken(shop, "river-song", email="nobody@example.org")
        taken(shop, "river-song", email="later@example.org")
        taken(shop, "river-song", email="frank@example.org")
        deadline = time.monotonic() + 10
        while not (office.to("frank@example.org") and outbox(shop, "given_up")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        ((_, attempts, error),) = outbox(shop, "given_up")
        assert attempts == 1
        assert error.startswith("mail_refused")
        assert "nobody" not in error
        assert len(twin_of(page).files) == 1
    finally:
        office.refusals = {}
    hurry(shop)
    settle(shop)
    assert len(office.to("later@example.org")) == 1
    assert office.to("nobody@example.org") == []


def test_a_flood_of_mail_from_one_place_comes_to_an_end_and_keeps_nobody_from_a_work(
    shop: Served, office: PostOffice
) -> None:
    place, mails = new_network(), len(office.mails)
    pages = []
    for number in range(80):
        fields = {"door": "cant_pay", "nonce": f"flood-of-mail-{number:03}", "email": f"reader{number}@example.org"}
        reply = ask(f"{shop.url}/w/river-song/take", fields, place)
        assert reply.status == 303
        pages.append(shop.url + str(reply.headers["Location"]))
    unsent = [page for page in pages if page.endswith("?mail=later")]
    assert 20 <= len(unsent) <= 40
    settle(shop)
    assert len(office.mails) == mails + len(pages) - len(unsent)
    page = ask(unsent[0]).text
    assert "none was sent to you" in page
    assert len(twin_of(unsent[0].partition("?")[0]).files) == 1
    assert ask(f"{unsent[0].partition('?')[0]}/email", {"email": "henry@example.org"}).status == 303
    assert "none was sent to you" not in ask(unsent[0]).text, "there is an address now"
    settle(shop)
    assert len(office.to("henry@example.org")) == 1
    assert take(shop, "river-song", email="grace@example.org").status == 303, "other places are served"
