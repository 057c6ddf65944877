"""The order page over HTTP, in each of its stages, and its machine twin."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import func, insert, select, update

from headwaters.actions.letters import answer as write_answer
from headwaters.actions.shop import change_settings
from headwaters.actions.works import retire_work, withhold_work
from headwaters.core.clock import to_micros
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door, PaymentState
from headwaters.errands import settle
from headwaters.errands.house import House, refresh
from headwaters.errands.take import Taken, pay
from headwaters.store import payments as payment_rows
from headwaters.store import sales, tables
from headwaters.store.db import Connection
from headwaters.store.shop import raise_catalogue
from tests.support.house import Clock
from tests.support.pages import Part, order, painted, publish
from tests.web.test_pages import ATTACK

Client = TestClient[Any, Any]

FILMS = (
    Part("High Water.mp4", b"the film", "video/mp4", label="The film", seconds=3720, pretend=3_100_000_000),
    Part("Songs/One & two.flac", b"the song", "audio/flac", label="The song", seconds=200),
    Part("poster.png", b"the poster", "image/png"),
    Part("notes.html", b"<script>", "text/html", label="Notes"),
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web; tests/store/test_pages.py runs the queries on both databases."""
    return sqlite_url


@pytest.fixture
async def shop(house: House) -> House:
    """Alice's shop with one work."""
    await set_up(house, creator="Alice", imprint="Alice\nAt the River 3", by_hand_instructions="IBAN: DE02 1203")
    await publish(house, "High Water", FILMS)
    return house


async def set_up(house: House, **settings: str) -> None:
    await house.db.write(lambda conn: change_settings(conn, settings))
    await refresh(house)


async def text_of(client: Client, taken: Taken, status: int = 200) -> str:
    answer = await client.get(f"/o/{taken.token}", allow_redirects=False)
    assert answer.status == status
    return await answer.text()


def first_words(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page)
    assert found
    return found[1]


async def set_payment(house: House, state: PaymentState, **values: object) -> None:
    """As if a till had said so: the words of a stage are tested here, not how it is reached."""
    statement = update(tables.payments).values(state=state.value, **values)
    order_state = "expired" if state in {PaymentState.FAILED, PaymentState.EXPIRED} else "waiting"

    def run(conn: Connection) -> None:
        conn.execute(statement)
        conn.execute(update(tables.orders).values(state=order_state))

    await house.db.write(run)


async def pay_by_hand(house: House, taken: Taken) -> str:
    """Bob's money is there; the payment's reference."""
    found = await house.db.read(lambda conn: sales.order_by_token(conn, taken.token))
    assert found is not None
    payment = await house.db.read(lambda conn: payment_rows.newest_payment(conn, found.id))
    assert payment is not None
    await settle.confirm(house, payment.reference)
    return payment.reference


# ── stages ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("door", "says", "goes_on"),
    [
        (Door.CANT_PAY, "It’s yours.", "The same files and the same rights as everyone’s."),
        (Door.HAVE_COPY, "Thank you.", "Here is a complete <cite>High Water</cite>"),
    ],
)
async def test_a_free_door_leads_to_the_files_at_once(
    client: Client, shop: House, door: Door, says: str, goes_on: str
) -> None:
    page = await text_of(client, await order(shop, "high-water", door))
    assert first_words(page) == says
    assert goes_on in page
    assert page.count(" download>") == 5
    assert "Pay, if and when you like" in page
    assert "Withdraw" not in page


async def test_after_paying_there_are_thanks_files_and_a_receipt(client: Client, shop: House, clock: Clock) -> None:
    taken = await order(shop, "high-water", Door.PAY, till="by_hand")
    clock.move(days=2)
    reference = await pay_by_hand(shop, taken)
    page = await text_of(client, taken)
    assert first_words(page) == "Thank you."
    assert "You paid €5.00 for <cite>High Water</cite>. It is yours to keep." in page
    receipt = page.partition('id="receipt"')[2]
    assert "Alice\nAt the River 3" in receipt
    assert "November 22, 2026" in receipt
    assert (
        f'€5.00, <time datetime="2026-11-24">November 24, 2026</time>, Bank or cash, <code>{reference}</code>'
        in receipt
    )
    assert "Until December 8, 2026 you can change your mind" in receipt
    assert "Pay, if and when you like" not in page
    assert "Pay once more" in page


async def test_money_that_went_back_is_said_and_the_files_stay(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water", Door.PAY, till="by_hand")
    await pay_by_hand(shop, taken)
    refund = {"payment_id": 1, "external_id": "r", "currency": "EUR", "amount_minor": 200, "created_at": 0}
    await shop.db.write(lambda conn: conn.execute(insert(tables.refunds).values(refund)))
    page = await text_of(client, taken)
    assert "You paid €3.00" in page
    assert "€2.00 went back to you." in page
    await shop.db.write(lambda conn: conn.execute(update(tables.refunds).values(amount_minor=500)))
    page = await text_of(client, taken)
    assert "Your money went back to you. The files stay yours." in page
    assert page.count(" download>") == 5


async def test_paying_by_hand_is_explained_with_amount_and_reference(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water", Door.PAY, till="by_hand")
    page = await text_of(client, taken)
    assert first_words(page) == "Almost there."
    assert "IBAN: DE02 1203" in page
    assert "<b>€5.00</b>" in page
    assert re.search(r'<code id="reference">HW-[0-9A-Z]{4}-[0-9A-Z]{4}</code>', page)
    assert re.search(r'<code id="creditor">RF\d\dHW[0-9A-Z]{8}</code>', page)
    assert "There is time until December 22, 2026." in page
    assert "/d/" not in page
    assert f'action="/o/{taken.token}/free"' in page


async def test_a_trusted_payment_by_hand_comes_with_the_files(client: Client, shop: House) -> None:
    await set_up(shop, by_hand="trust")
    page = await text_of(client, await order(shop, "high-water", Door.PAY, till="by_hand"))
    assert first_words(page) == "It’s yours."
    assert "because Alice trusts you" in page
    assert "IBAN: DE02 1203" in page
    assert page.count(" download>") == 5


async def test_who_takes_it_without_paying_after_all_has_promised_nothing(
    client: Client, shop: House, clock: Clock
) -> None:
    taken = await order(shop, "high-water", Door.PAY, till="by_hand")
    clock.move(minutes=1)
    await client.post(f"/o/{taken.token}/free", allow_redirects=False)
    page = await text_of(client, taken)
    assert first_words(page) == "It’s yours."
    assert "trusts you" not in page
    assert page.count(" download>") == 5


async def test_a_payment_that_was_left_at_the_till_can_be_gone_on_with(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water", Door.PAY, till="practice")
    page = await text_of(client, taken)
    assert first_words(page) == "Almost there."
    assert f'<a class="go" href="{taken.url}" rel="noreferrer">Go on paying</a>' in page
    assert f'href="/o/{taken.token}/back"' in page


@pytest.mark.parametrize(
    ("state", "says", "goes_on", "form"),
    [
        (PaymentState.PENDING, "On its way.", "Your payment of €5.00 is under way", False),
        (PaymentState.FAILED, "That did not work.", "no money was taken", True),
        (PaymentState.EXPIRED, "Still here.", "ran out of time, and no money was taken", True),
    ],
)
async def test_what_became_of_a_payment_is_said_in_words(
    client: Client, shop: House, state: PaymentState, says: str, goes_on: str, form: bool
) -> None:
    taken = await order(shop, "high-water", Door.PAY, till="practice")
    await set_payment(shop, state)
    page = await text_of(client, taken)
    assert first_words(page) == says
    assert goes_on in page
    assert f'action="/o/{taken.token}/pay"' in page
    assert ('<h2 id="pay">Pay what is fair</h2>' in page) == form
    assert "/d/" not in page


async def begin_another(house: House, taken: Taken, state: PaymentState, till: str = "practice") -> None:
    """Bob began one more payment, of seven, and it came to `state`."""
    found = await house.db.read(lambda conn: sales.order_by_token(conn, taken.token))
    assert found is not None
    await pay(house, found, "High Water", Money(700, "EUR"), till, "m" * 16)
    seven = update(tables.payments).where(tables.payments.c.amount_minor == 700)
    await house.db.write(lambda conn: conn.execute(seven.values(state=state.value)))


@pytest.mark.parametrize("state", [PaymentState.OPEN, PaymentState.FAILED, PaymentState.EXPIRED])
async def test_money_that_is_on_its_way_is_not_forgotten_over_what_was_begun_after_it(
    client: Client, shop: House, state: PaymentState
) -> None:
    """Else the page would say that no money was taken, and a reader pays twice."""
    taken = await order(shop, "high-water", Door.PAY, till="practice")
    pending = update(tables.payments).values(state=PaymentState.PENDING.value)
    await shop.db.write(lambda conn: conn.execute(pending))
    await begin_another(shop, taken, state)
    page = await text_of(client, taken)
    assert first_words(page) == "On its way."
    assert "Your payment of €5.00 is under way" in page
    assert "no money was taken" not in page


async def test_a_payment_by_hand_still_waits_when_one_by_card_ran_out_of_time(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water", Door.PAY, till="by_hand")
    await begin_another(shop, taken, PaymentState.EXPIRED)
    page = await text_of(client, taken)
    assert first_words(page) == "Almost there."
    assert "IBAN: DE02 1203" in page


async def test_a_till_that_did_not_answer_leaves_a_page_to_try_again(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water", Door.PAY, till="practice")
    await set_payment(shop, PaymentState.OPEN, url=None, session_id=None)
    page = await text_of(client, taken)
    assert first_words(page) == "One more try."
    assert f'action="/o/{taken.token}/pay"' in page


async def test_the_free_way_out_is_offered_only_where_its_door_is_open(client: Client, house: House) -> None:
    await publish(house, "Closed", doors=frozenset({Door.PAY}))
    taken = await order(house, "closed", Door.PAY, till="practice")
    assert f"/o/{taken.token}/free" not in await text_of(client, taken)
    answer = await client.post(f"/o/{taken.token}/free", allow_redirects=False)
    assert answer.status == 422
    assert "The creator keeps this door closed for this work." in await answer.text()
    assert await house.db.read(lambda conn: conn.execute(select(func.count()).select_from(tables.grants)).scalar()) == 0


@pytest.mark.parametrize("door", [Door.PAY, Door.CANT_PAY])
async def test_where_the_pay_door_is_closed_the_page_asks_for_no_money(client: Client, shop: House, door: Door) -> None:
    taken = await order(shop, "high-water", door, till="practice" if door is Door.PAY else None)
    form = f'action="/o/{taken.token}/pay"'
    assert form in await text_of(client, taken)
    await shop.db.write(lambda conn: conn.execute(update(tables.works).values(doors="cant_pay,have_copy")))
    await shop.db.write(raise_catalogue)
    await refresh(shop)
    page = await text_of(client, taken)
    assert form not in page
    assert "Pay, if and when you like" not in page
    fields = {"amount": "5.00", "nonce": "m" * 16, "till": "practice"}
    answer = await client.post(f"/o/{taken.token}/pay", data=fields, allow_redirects=False)
    assert answer.status == 422
    assert "The creator keeps this door closed for this work." in await answer.text()


async def test_the_pay_doors_minimum_holds_until_the_files_are_there(client: Client, house: House) -> None:
    await publish(house, "Dear", minimum=Money(300, "EUR"))
    taken = await order(house, "dear", Door.PAY, till="practice")
    form = {"amount": "2.99", "till": "practice", "nonce": "n" * 26}
    answer = await client.post(f"/o/{taken.token}/pay", data=form, allow_redirects=False)
    assert answer.status == 422
    assert "The creator asks for €3.00 at least." in await answer.text()
    await client.post(f"/o/{taken.token}/free")
    answer = await client.post(f"/o/{taken.token}/pay", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"].startswith("http://shop.example/practice/")) == (303, True)


# ── files ────────────────────────────────────────────────────────────────────────────────────────


async def test_each_file_is_shown_with_what_it_is_and_its_sum(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water")
    formats = await (await client.get(f"/o/{taken.token}/formats")).text()
    sums = re.search(r'<pre class="sums"[^>]*>(.*?)</pre>', formats, re.DOTALL)
    assert sums
    assert re.sub(r"</?span>", "", sums[1]).splitlines() == [
        f"{hashlib.sha256(part.content).hexdigest()}  {part.name.replace('&', '&amp;')}" for part in FILMS
    ]
    page = await text_of(client, taken)
    assert "High Water.mp4 · MP4 · 62\u00a0min · 3.1\u00a0GB" in page
    found = re.findall(r'<a class="less" href="/d/([a-z2-7]{26})/[a-z2-7]{13}/([^"]+)" download>', page)
    assert {key for key, _ in found} == {found[0][0]}
    assert [name for _, name in found] == ["High%20Water.mp4", "One%20%26%20two.flac", "poster.png", "notes.html"]
    assert f'href="/d/{found[0][0]}/everything.zip" download>' in page
    assert f"http://shop.example/d/{found[0][0]}/everything.zip</code>" in page
    assert (page.count("<video"), page.count("<audio"), page.count("Look at it here")) == (1, 1, 1)
    assert 'preload="none"' in page


async def test_a_film_plays_with_its_subtitles(client: Client, house: House) -> None:
    subtitles = Part("Film.de-AT.vtt", b"WEBVTT", "text/vtt", label="Untertitel")
    await publish(house, "Film", [FILMS[0], subtitles])
    page = await text_of(client, await order(house, "film"))
    track = (
        r'<track kind="subtitles" label="Untertitel" srclang="de-AT" src="/d/[a-z2-7]{26}/[a-z2-7]{13}/Film.de-AT.vtt">'
    )
    assert len(re.findall(track, page)) == 1


async def test_a_retired_works_holders_keep_everything_and_a_withheld_ones_see_why(
    client: Client, shop: House, clock: Clock
) -> None:
    await publish(shop, "Painted", (*FILMS, painted((320, 200))))
    taken = await order(shop, "painted")
    assert "/w/painted/f/" in await text_of(client, taken)
    await shop.db.write(lambda conn: retire_work(conn, "painted", clock()))
    await refresh(shop)
    page = await text_of(client, taken)
    assert page.count(" download>") == 5
    assert 'href="/w/painted"' not in page
    assert "/w/painted/f/" in page
    await shop.db.write(lambda conn: withhold_work(conn, "painted", "A court said so.", clock()))
    await refresh(shop)
    page = await text_of(client, taken)
    assert "A court said so." in page
    assert "/d/" not in page


async def test_the_machine_twin_says_the_same(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water", Door.HAVE_COPY)
    answer = await client.get(f"/o/{taken.token}.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    twin = await answer.json()
    (work,) = twin.pop("works")
    (edition,) = work.pop("editions")
    files = edition.pop("files")
    way = edition.pop("archive").removesuffix("/everything.zip")
    assert re.fullmatch(r"http://shop.example/d/[a-z2-7]{26}", way)
    fetch = {name: edition.pop(name) for name in ("sums", "metalink", "torrent", "magnet", "mirrors")}
    assert fetch == {
        "sums": f"{way}/SHA256SUMS",
        "metalink": f"{way}/all.meta4",
        "torrent": None,
        "magnet": None,
        "mirrors": [],
    }
    assert twin == {
        "url": f"http://shop.example/o/{taken.token}",
        "state": "granted",
        "door": "have_copy",
        "created_at": "2026-11-22T12:00:00Z",
        "paid": {"amount": "0.00", "currency": "EUR"},
    }
    assert work["url"] == "http://shop.example/w/high-water"
    assert edition.pop("made") == []
    assert edition == {"number": 1, "published_at": "2026-11-22T12:00:00Z", "changes": ""}
    assert work["history"] == [{"number": 1, "published_at": "2026-11-22T12:00:00Z", "changes": ""}]
    assert [{key: file[key] for key in ("name", "size", "sha256", "media_type")} for file in files] == [
        {
            "name": part.name,
            "size": part.pretend or len(part.content),
            "sha256": hashlib.sha256(part.content).hexdigest(),
            "media_type": part.media_type,
        }
        for part in FILMS
    ]
    assert all(file["url"].startswith(way + "/") for file in files)


async def test_before_it_is_paid_neither_page_nor_twin_leads_to_the_files(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water", Door.PAY, till="by_hand")
    twin = await (await client.get(f"/o/{taken.token}.json")).json()
    assert twin["state"] == "waiting"
    assert (twin["works"][0]["editions"][0]["archive"], twin["works"][0]["editions"][0]["files"]) == (None, [])


# ── whose page it is ─────────────────────────────────────────────────────────────────────────────


async def test_the_page_is_kept_by_nobody_and_indexed_by_nobody(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water")
    answer = await client.get(f"/o/{taken.token}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "ETag" not in answer.headers


@pytest.mark.parametrize("token", ["a" * 26, "a" * 25, "A" * 26, "1" * 26, "%00", "a" * 300])
@pytest.mark.parametrize("ending", ["", ".json"])
async def test_charlie_sees_nothing(client: Client, shop: House, token: str, ending: str) -> None:
    await order(shop, "high-water")
    answer = await client.get(f"/o/{token}{ending}")
    text = await answer.text()
    assert answer.status == 404
    assert "High Water" not in text
    if ending:
        assert (await answer.json())["error"]["code"] in {"order_unknown", "page_unknown"}


# ── letters and mail ─────────────────────────────────────────────────────────────────────────────


async def test_letters_and_answers_stand_in_the_order_they_were_written(
    client: Client, shop: House, clock: Clock
) -> None:
    taken = await order(shop, "high-water", letter=f"Dear Alice,\n\n{ATTACK}")
    found = await shop.db.read(lambda conn: sales.order_by_token(conn, taken.token))
    assert found is not None
    await shop.db.write(lambda conn: write_answer(conn, found.id, "Dear Bob", "n" * 26, "r" * 13, clock()))
    page = await text_of(client, taken)
    thread = re.findall(
        r'<li class="letter( mine)?"><header><b>(\w+)</b>.*?<div class="said" dir="auto">(.*?)</div>', page, re.DOTALL
    )
    assert [(mine, who) for mine, who, _ in thread] == [(" mine", "You"), ("", "Alice")]
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in thread[0][2]
    assert "<script>alert" not in page


async def test_a_refused_letter_comes_back_with_its_words(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water")
    form = {"body": " \n ", "nonce": "n" * 26}
    answer = await client.post(f"/o/{taken.token}/letters", data=form, allow_redirects=False)
    page = await answer.text()
    assert answer.status == 422
    assert "There is nothing in this letter yet." in page
    assert 'aria-describedby="letter-body-wrong"' in page
    long = "x" * 20_001
    answer = await client.post(f"/o/{taken.token}/letters", data={"body": long, "nonce": "n" * 26})
    page = await answer.text()
    assert answer.status == 413
    assert "20 KB at most" in page
    assert long in page


@pytest.mark.parametrize(
    ("form", "words"),
    [("letters", "There is nothing in this letter yet."), ("pay", "Write an amount, like 5.00.")],
)
async def test_a_form_without_its_field_is_refused_in_words(client: Client, shop: House, form: str, words: str) -> None:
    taken = await order(shop, "high-water")
    answer = await client.post(f"/o/{taken.token}/{form}", data={"nonce": "n" * 26})
    assert (answer.status, (await answer.text()).count(words)) == (422, 1)


async def test_a_refused_payment_comes_back_with_its_amount(client: Client, shop: House) -> None:
    taken = await order(shop, "high-water")
    form = {"amount": "five", "till": "practice", "nonce": "n" * 26}
    answer = await client.post(f"/o/{taken.token}/pay", data=form, allow_redirects=False)
    page = await answer.text()
    assert answer.status == 422
    assert "“five” is not an amount." in page
    assert 'value="five"' in page


async def test_without_mail_nothing_offers_mail(client: Client, shop: House) -> None:
    page = await text_of(client, await order(shop, "high-water"))
    assert "e-mail" not in page
    assert "Mail me" not in page


async def test_the_withdrawal_is_there_for_fourteen_days(client: Client, shop: House, clock: Clock) -> None:
    taken = await order(shop, "high-water", Door.PAY, till="by_hand")
    await pay_by_hand(shop, taken)
    assert "I withdraw from this purchase" in await text_of(client, taken)
    clock.move(days=14, seconds=1)
    assert "I withdraw from this purchase" not in await text_of(client, taken)
    moment = to_micros(clock())
    await shop.db.write(lambda conn: conn.execute(update(tables.orders).values(withdrawn_at=moment)))
    page = await text_of(client, taken)
    assert "You withdrew from this purchase on December 6, 2026." in page
    assert page.count(" download>") == 5
