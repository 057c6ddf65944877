"""Talk in the Studio: trays, threads, saved answers, notices, reports; nothing that was typed is lost."""

from __future__ import annotations

import io
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update

from headwaters.actions import saved as saved_verbs
from headwaters.actions import threads as verbs
from headwaters.actions.reports import ReportState, answer_report, file_report, read_wrong
from headwaters.adapters.mail.smtp import SmtpMailer
from headwaters.config import Smtp
from headwaters.core.sales.states import Door
from headwaters.errands.house import House
from headwaters.store import letters as rows
from headwaters.store import saved as saved_rows
from headwaters.store import tables
from headwaters.store.shop import read_settings
from headwaters.store.threads import thread_state
from tests.actions.test_letters import answer, write
from tests.people import ALICE, BOB, Order, fresh_nonce, take_work
from tests.support.mail import PostOffice
from tests.web.studio.conftest import Visitor

ATTACKS = [
    "<script>alert(1)</script> <img src=x onerror=alert(1)> </textarea><script>alert(2)</script>",
    "[click](javascript:alert(1)) **bold** ![](http://evil.example/x.png)",
    "مرحبا \u202e dlrow olleh 👩‍👩‍👧‍👦 水",
    "a\x00b\x1b[31mc\ud7ff\ufffe",
]


async def bodies(house: House, order: Order) -> list[str]:
    return [letter.body for letter in await house.db.read(lambda conn: rows.thread(conn, order.id))]


async def deeds(house: House) -> list[tuple[int | None, str, str]]:
    columns = (tables.audit_log.c.creator_id, tables.audit_log.c.deed, tables.audit_log.c.subject)
    found = await house.db.read(lambda conn: conn.execute(select(*columns).order_by(tables.audit_log.c.id)).all())
    return [tuple(row) for row in found if not row.deed.startswith("signin")]


def titles_of(page: str) -> list[str]:
    return re.findall(r'class="grow" href="/studio/letters/(\d+)', page)


def path_of(order: Order) -> str:
    return f"/studio/letters/{order.id}"


# ── trays ────────────────────────────────────────────────────────────────────────────────────────


async def test_trays_hold_what_they_say(shop: House, alice: Visitor) -> None:
    orders = [await take_work(shop, letter=f"Letter {number}") for number in range(4)]
    await alice.text(path_of(orders[0]))
    await shop.db.write(lambda conn: verbs.archive(conn, orders[1].id, shop.clock()))
    await shop.db.write(lambda conn: verbs.block(conn, orders[2].id, shop.clock()))
    found = {
        tray: titles_of(await alice.text(f"/studio/letters?tray={tray}"))
        for tray in ("open", "unread", "archived", "blocked", "all", "nonsense")
    }
    ids = [str(order.id) for order in orders]
    assert found == {
        "open": [ids[3], ids[0]],
        "unread": [ids[3]],
        "archived": [ids[1]],
        "blocked": [ids[2]],
        "all": [ids[3], ids[2], ids[1], ids[0]],
        "nonsense": [ids[3], ids[0]],
    }
    page = await alice.text("/studio/letters")
    counts = re.findall(r"(Open|Unread|Archived|Closed|All) <span>(\d+)</span>", page)
    assert counts == [("Open", "2"), ("Unread", "1"), ("Archived", "1"), ("Closed", "1"), ("All", "4")]
    assert 'class="count">1<' in page  # the tab counts neither the archive nor who was closed out


async def test_letters_are_found_and_what_was_looked_for_stays(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, email=BOB, letter="Was it <cold>?")
    await take_work(shop, letter="Something else")
    await shop.db.write(lambda conn: verbs.archive(conn, order.id, shop.clock()))
    page = await alice.text("/studio/letters?" + urlencode({"find": "<COLD>"}))
    assert titles_of(page) == [str(order.id)]
    assert 'value="&lt;COLD&gt;"' in page
    assert "archived" in page
    page = await alice.text("/studio/letters?find=nobody")
    assert "No letter fits." in page
    assert titles_of(await alice.text("/studio/letters?find=bob%40example")) == [str(order.id)]
    assert (await alice.get("/studio/letters?find=" + "x" * 5000)).status == 200
    assert (await alice.get("/studio/letters?find=%00%ff%F0%9F%8C%8A&page=99999999")).status == 200


async def test_many_letters_come_in_pages_that_keep_the_tray_and_the_words(shop: House, alice: Visitor) -> None:
    for _ in range(27):
        await take_work(shop, letter="Dear Alice")
    page = unescape(await alice.text("/studio/letters?tray=all&find=dear"))
    assert len(titles_of(page)) == 25
    assert 'href="/studio/letters?find=dear&tray=all&page=2"' in page
    assert len(titles_of(await alice.text("/studio/letters?find=dear&tray=all&page=2"))) == 2


async def test_empty_trays_say_something_kind(shop: House, alice: Visitor) -> None:
    assert "Nobody has written yet." in await alice.text("/studio/letters")
    order = await take_work(shop, letter="Dear Alice")
    await alice.text(path_of(order))
    for tray, words in (
        ("unread", "You have read everything."),
        ("archived", "The archive is empty."),
        ("blocked", "You closed the letters with nobody."),
    ):
        assert words in await alice.text(f"/studio/letters?tray={tray}")
    await shop.db.write(lambda conn: verbs.archive(conn, order.id, shop.clock()))
    assert "All done: nothing is open." in await alice.text("/studio/letters")


# ── one thread ───────────────────────────────────────────────────────────────────────────────────


async def test_the_order_stands_beside_and_the_unread_ones_are_a_step_away(shop: House, alice: Visitor) -> None:
    orders = [await take_work(shop, Door.CANT_PAY, email=BOB, letter=f"Letter {number}") for number in range(3)]
    page = await alice.text(path_of(orders[1]))
    assert f'<a href="/studio/orders/{orders[1].id}">Order {orders[1].id}</a>' in page
    assert "Took it without paying" in page
    assert f"<dd>{BOB}</dd>" in page
    assert f'<a rel="prev" href="{path_of(orders[2])}#new">Previous unread</a>' in page
    assert f'<a rel="next" href="{path_of(orders[0])}#new">Next unread</a>' in page
    await alice.text(path_of(orders[2]))
    assert 'rel="prev"' not in await alice.text(path_of(orders[1]))


async def test_archived_brought_back_and_unread_by_buttons(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Dear Alice")
    path = path_of(order)
    answer_ = await alice.send(path, f"{path}/archive")
    assert (answer_.status, answer_.headers["Location"]) == (303, "/studio/letters?said=archived")
    page = await alice.text(path)
    assert "In the archive" in page
    assert f'action="{path}/archive"' not in page
    answer_ = await alice.send(path, f"{path}/bring-back")
    assert answer_.headers["Location"] == f"{path}?said=brought_back"
    answer_ = await alice.send(path, f"{path}/unread")
    assert answer_.headers["Location"] == "/studio/letters?said=unread"
    assert await shop.db.read(rows.count_unread) == 1
    assert [(deed, subject) for _, deed, subject in await deeds(shop)] == [
        ("letters.archived", f"order:{order.id}"),
        ("letters.brought_back", f"order:{order.id}"),
        ("letters.unread", f"order:{order.id}"),
    ]


async def test_a_letter_that_came_meanwhile_is_shown_before_it_is_archived(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Dear Alice")
    fields = await alice.hidden(path_of(order))
    await write(shop, order, "One more thing")
    answer_ = await alice.post(f"{path_of(order)}/archive", fields)
    page = await answer_.text()
    assert answer_.status == 409
    assert "There is a new letter here" in page
    assert "One more thing" in page
    assert (await shop.db.read(lambda conn: thread_state(conn, order.id))).archived_at is None


async def test_an_answer_that_has_not_seen_the_last_letter_comes_back_with_it(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Was it cold?")
    tabs = [await alice.hidden(path_of(order)) for _ in range(2)]
    assert (await alice.post(path_of(order), {**tabs[0], "body": "Very cold."})).status == 303
    answer_ = await alice.post(path_of(order), {**tabs[1], "body": "Not at all."})
    page = await answer_.text()
    assert answer_.status == 409
    assert ">Not at all.</textarea>" in page
    assert 'aria-invalid="true" aria-describedby="body-wrong"' in page
    assert await bodies(shop, order) == ["Was it cold?", "Very cold."]
    again = dict(re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">', page))
    assert (await alice.post(path_of(order), {**again, "body": "Not at all."})).status == 303
    assert len(await bodies(shop, order)) == 3


async def test_sent_and_archived_with_one_button(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Was it cold?")
    fields = {**await alice.hidden(path_of(order)), "body": "Very cold.", "then": "archive"}
    for _ in range(2):
        answer_ = await alice.post(path_of(order), fields)
        assert answer_.headers["Location"] == "/studio/letters?said=answered_archived"
    assert titles_of(await alice.text("/studio/letters?tray=archived")) == [str(order.id)]
    assert "data-sent" in await alice.text("/studio/letters?said=answered_archived")
    assert [deed for _, deed, _ in await deeds(shop)] == ["letter.answered", "letters.archived"]
    await write(shop, order, "One more thing")
    await alice.post(path_of(order), fields)  # the form of before once more puts nothing new away
    assert titles_of(await alice.text("/studio/letters")) == [str(order.id)]


@pytest.mark.parametrize("body", ATTACKS)
async def test_what_readers_and_the_creator_write_is_shown_and_never_run(
    shop: House, alice: Visitor, body: str
) -> None:
    order = await take_work(shop, letter="Dear Alice")
    await write(shop, order, body)
    for path in ("/studio/letters", path_of(order)):
        page = await alice.text(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\x00" not in page
    answer_ = await alice.send(path_of(order), path_of(order), body=body)
    assert answer_.status == 303
    page = await (await alice.get(f"/o/{order.token}")).text()
    assert "<script>alert" not in page
    assert 'class="said" dir="auto"' in page


async def test_mail_of_an_answer_is_seen_on_its_way_and_when_it_failed(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, email=BOB, letter="Was it cold?")
    shop.mailer = SmtpMailer(Smtp("127.0.0.1", "shop@shop.example", 9, security="none"))
    await shop.db.write(lambda conn: conn.execute(tables.letters.update().values(wants_mail=1)))
    await answer(shop, order)
    assert "by mail: on its way" in await alice.text(path_of(order))
    for state, words in (("done", "by mail too"), ("given_up", "the mail did not reach them; it is on their page")):
        change = update(tables.outbox).where(tables.outbox.c.kind == "mail.answer").values(state=state)
        await shop.db.write(lambda conn, change=change: conn.execute(change) and None)  # type: ignore[misc]
        assert words in await alice.text(path_of(order))


async def test_without_the_tick_it_goes_to_the_page_alone(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, email=BOB, letter="Was it cold?")
    shop.mailer = SmtpMailer(Smtp("127.0.0.1", "shop@shop.example", 9, security="none"))
    await shop.db.write(lambda conn: conn.execute(tables.letters.update().values(wants_mail=1)))
    answer_ = await alice.send(path_of(order), path_of(order), body="Very cold.")
    assert answer_.headers["Location"] == f"{path_of(order)}?said=answered"
    kinds = await shop.db.read(lambda conn: [kind for (kind,) in conn.execute(select(tables.outbox.c.kind))])
    assert "mail.answer" not in kinds


# ── closed to its reader ─────────────────────────────────────────────────────────────────────────


async def test_the_readers_page_says_kindly_that_letters_are_closed(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="You fraud")
    path = path_of(order)
    assert (await alice.send(path, f"{path}/block")).headers["Location"] == f"{path}?said=blocked"
    page = await alice.text(path)
    assert "You closed the letters with this reader." in page
    assert f'action="{path}"' not in page
    theirs = await (await alice.get(f"/o/{order.token}")).text()
    assert "Alice takes no more letters on this page. Everything else on it stays yours, for ever." in theirs
    assert f'action="/o/{order.token}/letters"' not in theirs
    assert f'action="/o/{order.token}/pay"' in theirs
    answer_ = await alice.send(path, f"{path}/unblock")
    assert answer_.headers["Location"] == f"{path}?said=unblocked"
    assert [deed for _, deed, _ in await deeds(shop)] == ["letters.blocked", "letters.unblocked"]


async def test_what_a_reader_typed_on_a_page_that_was_closed_meanwhile_is_theirs_to_copy(
    shop: House, alice: Visitor
) -> None:
    order = await take_work(shop)
    await shop.db.write(lambda conn: verbs.block(conn, order.id, shop.clock()))
    fields = {"body": "A long letter <b>\n" * 3, "nonce": fresh_nonce(), "mail_me": "1", "email": BOB}
    answer_ = await alice.post(f"/o/{order.token}/letters", fields)
    page = await answer_.text()
    assert answer_.status == 409
    assert "readonly>" + "A long letter &lt;b&gt;\n" * 3 + "</textarea>" in page
    assert await bodies(shop, order) == []
    emails = await shop.db.read(lambda conn: conn.execute(select(tables.orders.c.email)).scalar())
    assert emails is None


async def test_an_answer_to_a_thread_that_was_closed_in_another_tab_comes_back_to_copy(
    shop: House, alice: Visitor
) -> None:
    order = await take_work(shop, letter="Dear Alice")
    fields = {**await alice.hidden(path_of(order)), "body": "Dear Bob"}
    await shop.db.write(lambda conn: verbs.block(conn, order.id, shop.clock()))
    answer_ = await alice.post(path_of(order), fields)
    page = await answer_.text()
    assert answer_.status == 409
    assert "readonly>Dear Bob</textarea>" in page


# ── a session that ended elsewhere ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("tail", ["", "/insert"])
async def test_what_was_typed_comes_back_when_the_session_ended_elsewhere(
    shop: House, alice: Visitor, tail: str
) -> None:
    order = await take_work(shop, letter="Was it cold?")
    path = path_of(order)
    fields = {**await alice.hidden(path), "body": "Very <cold>.\n</textarea>", "by_mail": "1", "saved": "7"}
    await shop.db.write(lambda conn: conn.execute(tables.studio_sessions.update().values(ended_at=1)) and None)
    answer_ = await alice.post(path + tail, fields)
    page = await answer_.text()
    assert answer_.status == 401
    assert "Very &lt;cold&gt;.\n&lt;/textarea&gt;" in page
    assert not re.search(r"<(?:dt|h2|b)>(?:Seen|Saved|By mail|Nonce)<", page)  # what nobody typed is not shown
    assert await bodies(shop, order) == ["Was it cold?"]


async def test_a_form_from_another_site_gets_nothing_back(shop: House, stranger: Visitor, alice: Visitor) -> None:
    order = await take_work(shop, letter="Was it cold?")
    for visitor in (stranger, alice):
        answer_ = await visitor.post(path_of(order), {"body": "Evil words"}, {"Sec-Fetch-Site": "cross-site"})
        assert answer_.status == 403
        assert "Evil words" not in await answer_.text()


async def test_strangers_are_asked_to_sign_in_and_change_nothing(shop: House, stranger: Visitor) -> None:
    order = await take_work(shop, letter="Dear Alice")
    for verb in ("archive", "bring-back", "block", "unblock", "unread"):
        assert (await stranger.post(f"{path_of(order)}/{verb}", {})).status == 401
    for path in ("/studio/letters/saved", "/studio/notices", "/studio/reports"):
        assert (await stranger.get(path)).headers["Location"].startswith("/studio/signin")
    assert (await shop.db.read(lambda conn: thread_state(conn, order.id))).blocked_at is None
    assert await shop.db.read(rows.count_unread) == 1


async def give(house: House, *rights: str) -> None:
    """Alice is a contributor with these rights from now on."""
    values = {"kind": "contributor", "may": ",".join(rights)}
    await house.db.write(lambda conn: conn.execute(tables.creators.update().values(values)) and None)


async def test_each_page_takes_its_right(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Dear Alice")
    await give(shop, "sell")
    for path in ("/studio/letters", path_of(order), "/studio/letters/saved", "/studio/reports"):
        assert (await alice.get(path)).status == 404, path
    assert "Of letters" not in await alice.text("/studio/notices")
    await give(shop, "talk")
    page = await alice.text(path_of(order))
    assert "/studio/orders/" not in page
    notices = await alice.text("/studio/notices")
    assert "Of orders" not in notices
    assert 'name="notify_email"' not in notices
    answer_ = await alice.send("/studio/notices", "/studio/notices", notify_email=BOB, notify_orders="each")
    assert answer_.status == 303
    changed = await shop.db.read(read_settings)
    assert "notify_email" not in changed
    assert "notify_orders" not in changed
    await give(shop, "look")
    assert (await alice.get("/studio/notices")).status == 404


# ── saved answers ────────────────────────────────────────────────────────────────────────────────


async def save(house: House, title: str = "Thank you", body: str = "Of {title}.\n{name}") -> saved_rows.SavedRow:
    return await house.db.write(lambda conn: saved_verbs.add_saved(conn, title, body, house.clock()))


async def test_a_saved_answer_is_kept_changed_and_deleted(shop: House, alice: Visitor) -> None:
    page = "/studio/letters/saved"
    assert (await alice.send(page, page, title="Thank you", body="<b>{name}</b>")).status == 303
    assert "&lt;b&gt;{name}&lt;/b&gt;" in await alice.text(page)
    (saved,) = await shop.db.read(saved_rows.all_saved)
    one = f"{page}/{saved.id}"
    assert (await alice.send(one, one, title="Thanks", body="x")).headers["Location"] == f"{page}?said=saved_kept"
    assert (await alice.send(one, f"{one}/delete")).headers["Location"] == f"{page}?said=saved_deleted"
    assert await shop.db.read(saved_rows.all_saved) == []
    assert (await alice.get(one)).status == 404
    assert [(deed, subject) for _, deed, subject in await deeds(shop)] == [
        ("saved.added", f"saved:{saved.id}"),
        ("saved.changed", f"saved:{saved.id}"),
        ("saved.deleted", f"saved:{saved.id}"),
    ]


@pytest.mark.parametrize(
    ("title", "body", "status", "field"),
    [
        ("", "Words", 422, "title"),
        ("x" * 81, "Words", 422, "title"),
        ("THANK YOU", "Words", 409, "title"),
        ("Title", " ", 422, "body"),
        ("Title", "x" * 20_001, 413, "body"),
    ],
)
async def test_what_is_refused_comes_back_beside_its_field(
    shop: House, alice: Visitor, title: str, body: str, status: int, field: str
) -> None:
    await save(shop)
    other = await save(shop, "Other")
    for path in ("/studio/letters/saved", f"/studio/letters/saved/{other.id}"):
        answer_ = await alice.send(path, path, title=title, body=body)
        page = await answer_.text()
        assert answer_.status == status
        assert f'value="{title}"' in page
        assert f">{body}</textarea>" in page
        assert f'aria-invalid="true" aria-describedby="{field}-wrong"' in page
    assert len(await shop.db.read(saved_rows.all_saved)) == 2


async def test_the_second_tab_is_shown_what_the_first_one_kept(shop: House, alice: Visitor) -> None:
    saved = await save(shop)
    path = f"/studio/letters/saved/{saved.id}"
    tabs = [await alice.hidden(path) for _ in range(2)]
    assert (await alice.post(path, {**tabs[0], "title": "First", "body": "of the first tab"})).status == 303
    answer_ = await alice.post(path, {**tabs[1], "title": "Second", "body": "of the second tab"})
    page = await answer_.text()
    assert answer_.status == 409
    assert "What it says now" in page
    assert ">of the first tab</div>" in page
    assert ">of the second tab</textarea>" in page
    again = dict(re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">', page))
    assert (await alice.post(path, {**again, "title": "Second", "body": "of the second tab"})).status == 303
    assert [(one.title, one.body) for one in await shop.db.read(saved_rows.all_saved)] == [
        ("Second", "of the second tab")
    ]


async def test_what_was_written_into_one_that_was_deleted_meanwhile_can_be_kept_anew(
    shop: House, alice: Visitor
) -> None:
    saved = await save(shop)
    path = f"/studio/letters/saved/{saved.id}"
    fields = {**await alice.hidden(path), "title": "Thanks", "body": "of the second tab"}
    await shop.db.write(lambda conn: saved_verbs.delete_saved(conn, saved.id))
    answer_ = await alice.post(path, fields)
    page = await answer_.text()
    assert answer_.status == 404
    assert 'value="Thanks"' in page
    assert ">of the second tab</textarea>" in page
    assert 'action="/studio/letters/saved"' in page


async def test_a_saved_answer_goes_in_filled_without_a_script(shop: House, alice: Visitor) -> None:
    order = await take_work(shop, letter="Dear Alice")
    saved = await save(shop)
    path = path_of(order)
    answer_ = await alice.send(path, f"{path}/insert", body="Dear Bob,\r\n", saved=str(saved.id))
    page = await answer_.text()
    assert answer_.status == 200
    assert ">Dear Bob,\n\nOf High Water.\nAlice</textarea>" in page
    assert f'<option value="{saved.id}" selected>' in page
    for wrong in ("", "999", "x", "1" * 30):
        answer_ = await alice.send(path, f"{path}/insert", body="Dear Bob", saved=wrong)
        assert answer_.status == 404
        assert ">Dear Bob</textarea>" in await answer_.text()
    text = await alice.get(f"{path}/saved/{saved.id}")
    assert (text.content_type, await text.text()) == ("text/plain", "Of High Water.\nAlice")


async def test_ten_megabytes_are_refused_before_they_are_read(shop: House, alice: Visitor) -> None:
    fields = urlencode({**await alice.hidden("/studio/letters/saved"), "body": "x" * 10_000_000}).encode()
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    answer_ = await alice.client.post("/studio/letters/saved", data=io.BytesIO(fields), headers=headers)
    assert answer_.status == 413
    assert await shop.db.read(saved_rows.all_saved) == []


# ── notices ──────────────────────────────────────────────────────────────────────────────────────


async def test_notices_are_chosen_and_kept(shop: House, alice: Visitor) -> None:
    path = "/studio/notices"
    assert "This shop sends no mail yet" in await alice.text(path)
    chosen = {"notify_email": ALICE, "notify_orders": "daily", "notify_letters": "each", "notify_hour": "20"}
    answer_ = await alice.send(path, path, **chosen)
    assert (answer_.status, answer_.headers["Location"]) == (303, f"{path}?said=notices_kept")
    page = await alice.text(path)
    assert f'value="{ALICE}"' in page
    assert 'name="notify_orders" value="daily" checked' in page
    assert 'name="notify_letters" value="each" checked' in page
    assert '<option value="20" selected>20:00 UTC</option>' in page
    assert (await alice.send(path, path, **chosen)).status == 303
    assert await deeds(shop) == [(1, "settings.changed", "setting:notices")]


@pytest.mark.parametrize("email", ["alice", f"{ALICE}\r\nBcc: {BOB}", "<script>alert(1)</script>@x.org"])
async def test_an_address_that_is_none_comes_back(shop: House, alice: Visitor, email: str) -> None:
    path = "/studio/notices"
    answer_ = await alice.send(path, path, notify_email=email, notify_orders="daily", notify_hour="3")
    page = await answer_.text()
    assert answer_.status == 422
    assert 'aria-describedby="notify_email-wrong"' in page
    assert 'name="notify_orders" value="daily" checked' in page
    assert '<option value="3" selected>' in page
    assert "<script>alert" not in page
    assert "notify_orders" not in await shop.db.read(read_settings)


async def test_a_try_is_sent_now_and_the_servers_answer_said(
    shop: House, alice: Visitor, post_office: PostOffice
) -> None:
    path = "/studio/notices"
    answer_ = await alice.send(path, path, notify_email=ALICE, then="try")
    assert answer_.status == 422
    assert "This shop sends no mail yet." in await answer_.text()
    shop.mailer = SmtpMailer(Smtp(post_office.host, "shop@shop.example", post_office.port, security="none"))
    answer_ = await alice.send(path, path, notify_email=ALICE, then="try")
    assert answer_.status == 200
    assert f"The mail server took it. Look into the inbox of {ALICE}" in await answer_.text()
    assert [message["Subject"] for message in post_office.to(ALICE)] == ["Your notices arrive"]
    post_office.refusals[ALICE] = "550 5.1.1 No such person"
    answer_ = await alice.send(path, path, notify_email=ALICE, then="try")
    assert answer_.status == 422
    assert "refused this mail for good (550 5.1.1)" in await answer_.text()
    post_office.down()
    answer_ = await alice.send(path, path, notify_email=ALICE, then="try")
    page = await answer_.text()
    assert answer_.status == 503
    assert "What you chose is kept." in page
    assert f'value="{ALICE}"' in page


# ── reports ──────────────────────────────────────────────────────────────────────────────────────

REFERENCE = "WR-7K3M-9QXA"


async def tell(house: House, address: str = "/w/high-water", reference: str = REFERENCE) -> str:
    token = house.token()
    wrong = read_wrong(address, "This is <my> song.", "carol@example.net")
    await house.db.write(
        lambda conn: file_report(conn, wrong, nonce=fresh_nonce(), token=token, reference=reference, now=house.clock())
    )
    return token


async def test_a_report_is_read_answered_and_closed(shop: House, alice: Visitor) -> None:
    assert "Nobody told of a wrong." in await alice.text("/studio/reports")
    token = await tell(shop)
    path = f"/studio/reports/{REFERENCE}"
    assert "1 waits" in await alice.text("/studio/letters")
    assert f'href="{path}"' in await alice.text("/studio/reports")
    page = await alice.text(path.replace("WR", "wr"))
    assert "This is &lt;my&gt; song." in page
    assert "This seems to be about your work “High Water”." in page
    assert 'href="/studio/works/high-water"' in page
    fields = {**await alice.hidden(path), "body": "Which <song>?"}
    for _ in range(2):
        assert (await alice.post(path, fields)).headers["Location"] == f"{path}?said=report_answered"
    assert "Which &lt;song&gt;?" in await (await alice.get(f"/report/{token}")).text()
    answer_ = await alice.send(path, path, body="I took it out.", then="close")
    assert answer_.headers["Location"] == f"{path}?said=report_closed"
    page = await alice.text(path)
    assert "It is closed" in page
    assert "<textarea" not in page
    answer_ = await alice.post(path, {**fields, "seen": "2", "body": "One more word"})
    assert answer_.status == 409
    assert "1 waits" not in await alice.text("/studio/letters")
    assert [(deed, subject) for _, deed, subject in await deeds(shop)] == [
        ("report.answered", f"report:{REFERENCE}"),
        ("report.closed", f"report:{REFERENCE}"),
    ]


@pytest.mark.parametrize(("body", "status"), [("", 422), (" \u200b", 422), ("x" * 20_001, 413)])
async def test_an_answer_that_is_none_comes_back(shop: House, alice: Visitor, body: str, status: int) -> None:
    await tell(shop)
    path = f"/studio/reports/{REFERENCE}"
    answer_ = await alice.send(path, path, body=body)
    page = await answer_.text()
    assert answer_.status == status
    assert f">{body}</textarea>" in page
    assert 'aria-describedby="body-wrong"' in page


async def test_what_the_reporter_added_meanwhile_is_shown_first(shop: House, alice: Visitor) -> None:
    token = await tell(shop)
    path = f"/studio/reports/{REFERENCE}"
    fields = {**await alice.hidden(path), "body": "I see nothing wrong."}
    assert (await alice.post(f"/report/{token}", {"body": "It is the second song."})).status == 303
    answer_ = await alice.post(path, fields)
    page = await answer_.text()
    assert answer_.status == 409
    assert "It is the second song." in page
    assert ">I see nothing wrong.</textarea>" in page


async def test_reports_are_listed_by_state_and_unknown_ones_are_not_there(shop: House, alice: Visitor) -> None:
    await tell(shop)
    await tell(shop, "/w/nothing", "WR-2222-2222")
    await shop.db.write(
        lambda conn: answer_report(conn, "WR-2222-2222", "There is none.", ReportState.CLOSED, shop.clock())
    )
    found = {
        state: re.findall(r"/studio/reports/(WR-\w{4}-\w{4})", await alice.text(f"/studio/reports?state={state}"))
        for state in ("", "open", "answered", "closed", "nonsense")
    }
    both = [REFERENCE, "WR-2222-2222"]
    assert found == {"": both, "open": [REFERENCE], "answered": [], "closed": ["WR-2222-2222"], "nonsense": both}
    assert "This seems to be about" not in await alice.text("/studio/reports/WR-2222-2222")
    for reference in ("WR-3333-3333", "x", "%00"):
        assert (await alice.get(f"/studio/reports/{reference}")).status == 404


async def test_the_hub_leads_to_notices(shop: House, alice: Visitor) -> None:
    assert 'href="/studio/notices"' in await alice.text("/studio/shop")
    await give(shop, "sell")
    assert 'href="/studio/notices"' in await alice.text("/studio/shop")
    await give(shop, "look")
    assert 'href="/studio/notices"' not in await alice.text("/studio/shop")
