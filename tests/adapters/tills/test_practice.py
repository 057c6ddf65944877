"""The practice till: what its buttons do, and that nobody else can press them."""

from __future__ import annotations

import asyncio
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headwaters.adapters.tills.practice import LATE, PracticeTill
from headwaters.core.errors import Code, NotFound, Refused
from headwaters.core.sales.money import Money
from headwaters.core.sales.practice import Choice, Decided, PracticePage
from headwaters.core.sales.states import PaymentState
from headwaters.core.sales.tills import PaymentRequest, TillEvent
from tests.support.house import Clock

URL = "https://alice.example"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REQUEST = PaymentRequest(
    reference="HW-7K3M-9QXA",
    amount=Money(700, "EUR"),
    title="High Water 🛶",
    return_url=f"{URL}/o/aaa/back",
    cancel_url=f"{URL}/o/aaa",
    created_at=NOW,
    expires_at=NOW + timedelta(hours=23),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a shop" / "practice"


@pytest.fixture
def time() -> Clock:
    return Clock(NOW)


@pytest.fixture
def till(folder: Path, time: Clock) -> PracticeTill:
    return PracticeTill(URL, folder, bytes(range(32)), time)


def open_session(till: PracticeTill) -> str:
    return till.open_now(REQUEST).session_id


def read(till: PracticeTill, decided: Decided, now: datetime = NOW) -> list[TillEvent]:
    return [till.read_event(event.headers, event.body, now) for event in decided.events]


def state(till: PracticeTill, session_id: str) -> PaymentState:
    return asyncio.run(till.fetch(session_id)).state


def test_the_pay_page_knows_what_it_is_about(till: PracticeTill) -> None:
    session_id = open_session(till)
    assert till.page(session_id) == PracticePage(
        session_id, "High Water 🛶", Money(700, "EUR"), PaymentState.OPEN, f"{URL}/o/aaa/back", f"{URL}/o/aaa"
    )


def test_a_session_keeps_nothing_until_something_is_decided(till: PracticeTill, folder: Path) -> None:
    session_id = open_session(till)
    till.page(session_id)
    till.decide(session_id, Choice.CANCEL)
    assert not folder.exists()
    till.decide(session_id, Choice.PAY)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())] == [0o700, 0o600]


def test_the_address_holds_no_e_mail_address_and_stays_short(till: PracticeTill) -> None:
    session = till.open_now(replace(REQUEST, title="x" * 10_000))
    assert len(str(session.url)) < 400
    assert session.session_id.isascii()


@pytest.mark.parametrize(
    ("choice", "events", "at_once", "later"),
    [
        (Choice.PAY, [PaymentState.PAID], PaymentState.PAID, PaymentState.PAID),
        (Choice.PAY_TWICE, [PaymentState.PAID] * 2, PaymentState.PAID, PaymentState.PAID),
        (Choice.PAY_LATE, [PaymentState.PENDING], PaymentState.PENDING, PaymentState.PAID),
        (Choice.FAIL, [PaymentState.FAILED], PaymentState.FAILED, PaymentState.FAILED),
    ],
)
def test_what_each_button_does(
    till: PracticeTill,
    time: Clock,
    choice: Choice,
    events: list[PaymentState],
    at_once: PaymentState,
    later: PaymentState,
) -> None:
    session_id = open_session(till)
    decided = till.decide(session_id, choice)
    assert decided.go_to == f"{URL}/o/aaa/back"
    told = read(till, decided)
    assert [event.status and event.status.state for event in told] == events
    assert len({event.event_id for event in told}) == 1
    assert state(till, session_id) is at_once
    assert till.page(session_id).state is at_once
    time.now += LATE
    assert state(till, session_id) is later
    time.move(days=2)
    assert state(till, session_id) is later


def test_going_back_decides_nothing(till: PracticeTill) -> None:
    session_id = open_session(till)
    assert till.decide(session_id, Choice.CANCEL) == Decided((), f"{URL}/o/aaa")
    assert state(till, session_id) is PaymentState.OPEN


def test_the_first_choice_counts_and_is_told_again(till: PracticeTill) -> None:
    session_id = open_session(till)
    first = read(till, till.decide(session_id, Choice.FAIL))
    assert read(till, till.decide(session_id, Choice.PAY)) == first
    assert state(till, session_id) is PaymentState.FAILED


def test_two_choices_in_two_threads_leave_one(till: PracticeTill, folder: Path) -> None:
    session_id = open_session(till)
    with ThreadPoolExecutor(8) as threads:
        choices = [Choice.PAY, Choice.FAIL] * 8
        decided = list(threads.map(lambda choice: till.decide(session_id, choice), choices))
    assert len({events[0].event_id for events in (read(till, one) for one in decided)}) == 1
    assert len(list(folder.iterdir())) == 1


def test_after_its_time_a_session_is_over(till: PracticeTill, time: Clock, folder: Path) -> None:
    session_id = open_session(till)
    time.move(hours=23)
    assert state(till, session_id) is PaymentState.EXPIRED
    with pytest.raises(Refused) as caught:
        till.decide(session_id, Choice.PAY)
    assert caught.value.code is Code.PAYMENT_STATE
    assert not folder.exists()
    assert till.decide(session_id, Choice.CANCEL).go_to == f"{URL}/o/aaa"


def test_what_was_decided_outlives_the_process_and_a_move(till: PracticeTill, folder: Path, time: Clock) -> None:
    session_id = open_session(till)
    till.decide(session_id, Choice.PAY)
    moved = PracticeTill("https://new.example", folder, bytes(range(32)), time)
    assert state(moved, session_id) is PaymentState.PAID
    assert moved.page(session_id).return_url == "https://new.example/o/aaa/back"


def test_a_session_of_another_shop_is_not_found(till: PracticeTill, folder: Path) -> None:
    session_id = open_session(PracticeTill(URL, folder, bytes(32), Clock(NOW)))
    for ask in (till.page, lambda name: till.decide(name, Choice.PAY)):
        with pytest.raises(NotFound):
            ask(session_id)
    assert not folder.exists()


def test_an_amount_cannot_be_changed_in_the_address(till: PracticeTill) -> None:
    session_id = open_session(till)
    other = till.open_now(replace(REQUEST, amount=Money(1, "EUR"))).session_id
    mixed = f"{other.partition('.')[0]}.{session_id.partition('.')[2]}"
    with pytest.raises(NotFound):
        till.page(mixed)


def test_an_event_of_another_shop_is_a_forgery(till: PracticeTill, folder: Path, time: Clock) -> None:
    other = PracticeTill(URL, folder, bytes(32), time)
    (event,) = other.decide(open_session(other), Choice.PAY).events
    with pytest.raises(Refused) as caught:
        till.read_event(event.headers, event.body, NOW)
    assert caught.value.code is Code.EVENT_FORGED
