"""Letters in the Studio: read, answered once, nothing that was typed is lost."""

from __future__ import annotations

import io
from urllib.parse import urlencode

import pytest

from headwaters.adapters.mail.smtp import SmtpMailer
from headwaters.config import Smtp
from headwaters.core.sales.states import Door
from headwaters.errands import mail
from headwaters.errands.house import House
from headwaters.store import letters as rows
from headwaters.store import tables
from tests.people import BOB, take_work
from tests.web.studio.conftest import Visitor


async def bodies(house: House, order_id: int) -> list[str]:
    return [letter.body for letter in await house.db.read(lambda conn: rows.thread(conn, order_id))]


async def test_a_letter_is_new_until_it_is_opened(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Dear Alice")
    path = f"/studio/letters/{order.id}"
    for page in ("/studio", "/studio/letters", "/studio/orders"):
        assert 'class="count">1<' in await alice.text(page), page
    assert "Dear Alice" in await alice.text("/studio")
    first, second = await alice.text(path), await alice.text(path)
    assert '<b class="waits">new</b>' in first
    assert 'class="count"' not in first
    assert '<b class="waits">new</b>' not in second
    assert "Letters for you" not in await alice.text("/studio")


async def test_looking_by_head_reads_nothing_for_anyone_else(shop: House, stranger: Visitor) -> None:
    order = await take_work(shop, letter="Dear Alice")
    answer = await stranger.get(f"/studio/letters/{order.id}")
    assert "Dear Alice" not in await answer.text()
    assert await shop.db.read(rows.count_unread) == 1


async def test_an_answer_comes_to_the_readers_page(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Was it cold?")
    path = f"/studio/letters/{order.id}"
    answer = await alice.send(path, path, body="Very <b>cold</b>.\r\nAlice")
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}?said=answered")
    assert "is on the reader’s page" in await alice.text(f"{path}?said=answered")
    assert await bodies(shop, order.id) == ["Was it cold?", "Very <b>cold</b>.\nAlice"]
    page = await (await alice.get(f"/o/{order.token}")).text()
    assert "Very &lt;b&gt;cold&lt;/b&gt;.\nAlice" in page


async def test_sending_twice_is_one_answer(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Was it cold?")
    path = f"/studio/letters/{order.id}"
    fields = {**await alice.hidden(path), "body": "Very cold."}
    assert [(await alice.post(path, fields)).status for _ in range(2)] == [303, 303]
    assert await bodies(shop, order.id) == ["Was it cold?", "Very cold."]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [("", 422, "nothing in this letter"), ("\u200b", 422, "nothing in this letter"), ("x" * 20_001, 413, "20 KB")],
)
async def test_what_is_no_letter_comes_back_as_it_was_typed(
    shop: House, alice: Visitor, body: str, status: int, words: str
) -> None:
    order = await take_work(shop, letter="Was it cold?")
    path = f"/studio/letters/{order.id}"
    answer = await alice.send(path, path, body=body)
    page = await answer.text()
    assert answer.status == status
    assert words in page
    assert f">{body}</textarea>" in page
    assert await bodies(shop, order.id) == ["Was it cold?"]


async def test_ten_megabytes_are_refused_before_they_are_read(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Was it cold?")
    path = f"/studio/letters/{order.id}"
    fields = urlencode({**await alice.hidden(path), "body": "x" * 10_000_000}).encode()
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    answer = await alice.client.post(path, data=io.BytesIO(fields), headers=headers)
    assert answer.status == 413
    assert await bodies(shop, order.id) == ["Was it cold?"]


async def test_a_form_without_its_nonce_is_refused_and_the_text_stays(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Was it cold?")
    path = f"/studio/letters/{order.id}"
    answer = await alice.send(path, path, body="Very cold.", nonce="")
    assert answer.status == 422
    assert ">Very cold.</textarea>" in await answer.text()
    assert await bodies(shop, order.id) == ["Was it cold?"]


async def test_the_creator_may_write_first(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, Door.HAVE_COPY, email=BOB)
    path = f"/studio/letters/{order.id}"
    assert "Write to them" in await alice.text(f"/studio/orders/{order.id}")
    assert (await alice.send(path, path, body="Thank you")).status == 303
    assert await bodies(shop, order.id) == ["Thank you"]


async def test_an_answer_to_no_order_is_not_kept(alice: Visitor) -> None:
    fields = {**await alice.hidden("/studio"), "body": "Hello", "nonce": "n" * 20}
    assert (await alice.post("/studio/letters/999", fields)).status == 404


async def test_the_page_says_whether_the_answer_goes_by_mail(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, email=BOB, letter="Was it cold?")
    path, ticked = f"/studio/letters/{order.id}", f"To {BOB}. It comes to their page either way."
    assert "This shop sends no mail." in await alice.text(path)
    shop.mailer = SmtpMailer(Smtp("127.0.0.1", "shop@shop.example", 9, security="none"))
    assert "They did not ask for it by mail." in await alice.text(path)
    await shop.db.write(lambda conn: conn.execute(tables.letters.update().values(wants_mail=1)))
    assert ticked in await alice.text(path)
    answer = await alice.send(path, path, body="Very cold.", by_mail="1")
    assert answer.headers["Location"] == f"{path}?said=answered_by_mail"
    await mail.refuse(shop, mail.refusal_url(shop, BOB).rpartition("/")[2])
    page = await alice.text(path)
    assert ticked not in page
    assert "They want no mail from this shop any more." in page
    answer = await alice.send(path, path, body="Very cold indeed.", by_mail="1")
    assert answer.headers["Location"] == f"{path}?said=answered"


async def test_threads_are_listed_unread_first(shop: House, alice: Visitor) -> None:
    for number in range(3):
        await take_work(shop, letter=f"Letter {number}")
    await alice.text("/studio/letters/3")
    page = await alice.text("/studio/letters")
    assert [page.index(f"Letter {number}") for number in (1, 0, 2)] == sorted(
        page.index(f"Letter {number}") for number in range(3)
    )
