"""The commands on threads, saved answers and notices: as a person types them, and as a program reads them."""

from __future__ import annotations

import asyncio
import io
import sys
from typing import Any

import pytest
from sqlalchemy import select

from headwaters.config import load_config
from headwaters.store import tables
from headwaters.wiring import furnish
from tests.cli.test_letters import Shop, quick_shop, shop
from tests.people import ALICE, BOB
from tests.support.mail import PostOffice

__all__ = ["quick_shop", "shop"]


def deeds(shop: Shop) -> list[tuple[int | None, str]]:
    """(who, deed) of each line of the log, but for how the shop was set up."""

    async def run() -> list[tuple[int | None, str]]:
        log = tables.audit_log
        lines = select(log.c.creator_id, log.c.deed).where(log.c.subject != "setting:by_hand").order_by(log.c.id)
        async with furnish(load_config(shop.folder)) as house:
            return [(who, deed) for who, deed in await house.db.read(lambda conn: conn.execute(lines).all())]

    return asyncio.run(run())


def refused(shop: Shop, code: int, error: str, *arguments: str) -> None:
    said, out, _ = shop.run(*arguments, "--json")
    assert (said, error in out) == (code, True), out


def test_a_thread_is_read_archived_and_closed(shop: Shop) -> None:
    order = shop.take(email=BOB, letter="Dear Alice")
    (letter,) = shop.json("letters")["letters"]
    ref = letter["letter"]
    shown = shop.json("thread", ref)
    assert (shown["order"], shown["archived"], shown["blocked"], shown["changed"]) == (order.id, False, False, False)
    assert [each["body"] for each in shown["letters"]] == ["Dear Alice"]
    assert shop.run("thread", f"#{order.id}")[1].endswith("    Dear Alice\n")
    assert shop.run("thread", ref, "--archive") == (0, "Done.\n", "")
    assert shop.run("thread", ref, "--archive") == (0, "It was so already.\n", "")
    assert shop.json("letters", "--tray", "archived")["letters"][0]["letter"] == ref
    assert shop.run("letters", "--tray", "open")[1] == "No letter fits.\n"
    assert shop.json("letters", "--find", "dear")["letters"][0]["letter"] == ref
    assert shop.json("thread", ref, "--mark-unread")["archived"] is False
    assert shop.json("thread", str(order.id), "--block")["blocked"] is True
    code, _, err = shop.run("answer", ref, "Dear Bob")
    assert (code, err.splitlines()[0]) == (1, "You closed the letters with this reader, so nothing was sent.")
    assert shop.json("thread", ref, "--unblock")["blocked"] is False
    assert shop.run("answer", ref, "Dear Bob")[0] == 0
    assert [deed for _, deed in deeds(shop)] == [
        "letters.archived",
        "letters.unread",
        "letters.blocked",
        "letters.unblocked",
        "letter.answered",
    ]
    assert {who for who, _ in deeds(shop)} == {None}


def test_a_thread_that_is_not_there_is_said(quick_shop: Shop) -> None:
    refused(quick_shop, 1, "letter_unknown", "thread", "nowhere")
    refused(quick_shop, 1, "order_unknown", "thread", "999", "--block")
    assert deeds(quick_shop) == []


def test_two_things_at_once_make_no_sense(quick_shop: Shop) -> None:
    assert quick_shop.run("thread", "31", "--archive", "--block")[0] == 2


def test_saved_answers_are_kept_sent_and_deleted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shop.run("saved")[1] == "There are no saved answers yet.\n"
    assert shop.run("saved", "Thank you", "--text", "Of {title}.\n{name}") == (0, "Kept.\n", "")
    assert shop.run("saved", "Thank you", "--text", "Of {title}.\n{name}") == (0, "It was so already.\n", "")
    assert shop.run("saved", "Thank you") == (0, "Thank you\n    Of {title}.\n    {name}\n", "")
    assert shop.json("saved", "Thank you", "--rename", "Thanks")["saved"][0]["title"] == "Thanks"
    monkeypatch.setattr(sys, "stdin", io.StringIO("For {title}."))
    assert shop.json("saved", "Thanks", "--text", "-")["saved"] == [{"title": "Thanks", "body": "For {title}."}]
    shop.take(letter="Dear Alice")
    ref = shop.json("letters")["letters"][0]["letter"]
    assert shop.run("answer", ref, "--saved", "Thanks")[0] == 0
    assert shop.json("letters")["letters"][0]["body"] == "For High Water."
    assert shop.run("saved", "Thanks", "--delete") == (0, "Deleted.\n", "")
    assert shop.json("saved") == {"saved": []}
    assert [deed for _, deed in deeds(shop)] == [
        "saved.added",
        "saved.changed",
        "saved.changed",
        "letter.answered",
        "saved.deleted",
    ]


def test_saved_answers_that_cannot_be(quick_shop: Shop) -> None:
    quick_shop.take(letter="Dear Alice")
    ref = quick_shop.json("letters")["letters"][0]["letter"]
    quick_shop.run("saved", "One", "--text", "x")
    quick_shop.run("saved", "Two", "--text", "y")
    for code, error, arguments in (
        (1, "saved_unknown", ["saved", "Nowhere"]),
        (1, "saved_unknown", ["saved", "Nowhere", "--delete"]),
        (1, "saved_taken", ["saved", "One", "--rename", "TWO"]),
        (1, "letter_empty", ["saved", "Three", "--text", " "]),
        (1, "letter_too_long", ["saved", "Three", "--text", "x" * 20_001]),
        (1, "saved_title", ["saved", "x" * 81, "--text", "x"]),
        (2, "wrong_use", ["saved", "--delete"]),
        (2, "wrong_use", ["answer", ref, "Text", "--saved", "One"]),
        (1, "saved_unknown", ["answer", ref, "--saved", "Nowhere"]),
    ):
        refused(quick_shop, code, error, *arguments)
    assert [one["title"] for one in quick_shop.json("saved")["saved"]] == ["One", "Two"]


def test_an_answer_may_stay_on_the_page(
    quick_shop: Shop, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(post_office, monkeypatch)
    quick_shop.take(email=BOB, letter="Dear Alice")
    ref = quick_shop.json("letters")["letters"][0]["letter"]

    async def ask() -> None:
        async with furnish(load_config(quick_shop.folder)) as house:
            await house.db.write(lambda conn: conn.execute(tables.letters.update().values(wants_mail=1)) and None)

    asyncio.run(ask())
    assert quick_shop.json("answer", ref, "One", "--page-only")["by_mail"] is False
    assert quick_shop.json("answer", ref, "Two")["by_mail"] is True


def use(post_office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: dict[str, Any] = {
        "HOST": post_office.host,
        "PORT": post_office.port,
        "SENDER": "shop@shop.example",
        "SECURITY": "none",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"HEADWATERS_SMTP_{name}", str(value))


def test_notices_are_shown_changed_and_tried(
    quick_shop: Shop, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = {"notify_email": "", "notify_orders": "never", "notify_letters": "never", "notify_hour": "7"}
    assert quick_shop.json("notices") == {**now, "tried": False}
    refused(quick_shop, 1, "mail_off", "notices", "--try")
    changed = quick_shop.json("notices", "--email", ALICE, "--orders", "daily", "--letters", "on", "--hour", "20")
    now = {"notify_email": ALICE, "notify_orders": "daily", "notify_letters": "each", "notify_hour": "20"}
    assert changed == {**now, "tried": False}
    refused(quick_shop, 1, "email_invalid", "notices", "--email", "alice")
    refused(quick_shop, 1, "setting_invalid", "notices", "--hour", "24")
    assert quick_shop.run("notices", "--hour", "24")[2] == "notify_hour: It is an hour from 0 to 23.\n"
    use(post_office, monkeypatch)
    said = quick_shop.run("notices", "--try")
    assert said == (0, f"The mail server took it. Look into the inbox of {ALICE}.\n", "")
    assert [message["Subject"] for message in post_office.to(ALICE)] == ["Your notices arrive"]
    post_office.refusals[ALICE] = "550 5.1.1 No such person"
    refused(quick_shop, 1, "mail_refused", "notices", "--try")
    assert [deed for _, deed in deeds(quick_shop)] == ["settings.changed"]
