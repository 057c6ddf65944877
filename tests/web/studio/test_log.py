"""The log as a page: who did what, found by person and room."""

from __future__ import annotations

import re

import pytest

from headwaters.actions.deeds import noted
from headwaters.core.deeds import Deed, What
from headwaters.core.shop import KEYS
from headwaters.errands.house import House
from headwaters.errands.press import Press
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.web.studio.log_words import SETTINGS
from tests.support.drafts import OWN, new_work
from tests.support.house import Clock
from tests.web.studio.conftest import Visitor
from tests.web.studio.test_publishing import typed


def lines(page: str) -> list[str]:
    """Who and what, as text."""
    found = re.findall(r'<li class="line"><p>(.*?)</p>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", line) for line in found]


async def note(house: House, *deeds: Deed) -> None:
    for deed in deeds:
        await house.db.write(noted(lambda conn: True, deed, house.clock()))


async def test_deeds_are_told_in_words_the_newest_first(shop: House, alice: Visitor) -> None:
    await note(
        shop,
        Deed(1, What.WORK_RETIRED, "work:high-water"),
        Deed(None, What.SETTINGS_CHANGED, "setting:name"),
        Deed(1, What.LINK_SENT_AGAIN, "order:31"),
        Deed(1, What.WORK_RESTORED, "work:long-gone"),
    )
    page = await alice.text("/studio/log")
    assert lines(page) == [
        "Alice published long-gone again",
        "Alice sent the link of order 31 again",
        "The shop’s machine changed the shop’s name",
        "Alice retired “High Water”",
        "Alice signed in",
        "The shop’s machine made a sign-in link for Alice",
    ]
    assert 'href="/studio/orders/31"' in page
    assert "by link" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("who=1", ["Alice retired “High Water”", "Alice signed in"]),
        (
            "who=0",
            ["The shop’s machine changed the shop’s name", "The shop’s machine made a sign-in link for Alice"],
        ),
        ("room=works", ["Alice retired “High Water”"]),
        ("room=shop", ["The shop’s machine changed the shop’s name"]),
        ("room=people&who=1", ["Alice signed in"]),
        ("room=letters", []),
        ("who=99", []),
        ("room=nonsense&who=x", None),
    ],
)
async def test_it_is_searched_by_person_and_room(
    shop: House, alice: Visitor, query: str, found: list[str] | None
) -> None:
    await note(shop, Deed(None, What.SETTINGS_CHANGED, "setting:name"), Deed(1, What.WORK_RETIRED, "work:high-water"))
    page = await alice.text(f"/studio/log?{query}")
    if found is None:
        assert len(lines(page)) == 4
    else:
        assert lines(page) == found
        assert ("Nothing of this kind was done." in page) is not found


async def test_a_long_log_has_pages(shop: House, alice: Visitor) -> None:
    await note(shop, *(Deed(1, What.LINK_SENT_AGAIN, f"order:{number}") for number in range(60)))
    page = await alice.text("/studio/log?room=sales")
    assert len(lines(page)) == 25
    assert 'href="/studio/log?room=sales&amp;page=2"' in page
    assert len(lines(await alice.text("/studio/log?room=sales&page=3"))) == 10
    assert "order 0 again" in await alice.text("/studio/log?room=sales&page=3")


async def test_a_deed_of_a_newer_version_stands_for_itself(shop: House, alice: Visitor) -> None:
    def add(conn: Connection) -> None:
        row = {"at": 1, "deed": "kite.flown", "subject": "kite:<red>", "details": '{"height": "<9>"}'}
        conn.execute(tables.audit_log.insert().values(row))

    await shop.db.write(add)
    page = await alice.text("/studio/log")
    assert "The shop’s machine kite.flown &lt;red&gt;" in lines(page)
    assert "height: &lt;9&gt;" in page
    assert "kite.flown" in await alice.text("/studio/log?room=shop")


def details(page: str) -> list[str]:
    """What else stands below each line."""
    found = re.findall(r'<li class="line"><p>.*?</p>\s*<p class="fine">(.*?)</p>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>|\s+", " ", line).strip() for line in found]


def test_every_setting_has_words() -> None:
    assert set(KEYS) <= set(SETTINGS)


async def test_what_is_published_now_is_told_once_and_a_day_in_words(shop: House, alice: Visitor) -> None:
    first = await new_work(shop, ("song.txt", b"Row, row.\n"), title="River Song")
    path = f"/studio/drafts/{first}"
    assert (await alice.post(path, {**await typed(alice, path), **OWN, "do": "publish"})).status == 303
    await Press(shop).publish_due()
    assert [line for line in lines(await alice.text("/studio/log?room=works")) if "file" not in line] == [
        "Alice published “River Song”"
    ]
    later = await new_work(shop, ("other.txt", b"Row.\n"), title="Other Song")
    path = f"/studio/drafts/{later}"
    when = {"do": "later", "day": "2028-05-03", "hour": "20:00", "offset": "0"}
    assert (await alice.post(path, {**await typed(alice, path), **OWN, **when})).status == 303
    page = await alice.text("/studio/log?room=works")
    assert lines(page)[0] == "Alice chose when “Other Song” is published"
    assert "for May 3, 2028, 20:00 UTC" in page
    assert "2028-05-03T" not in page


async def test_keeping_what_is_so_already_is_no_deed(shop: House, alice: Visitor) -> None:
    before = lines(await alice.text("/studio/log"))
    form = "/studio/money/by-hand"
    page = await alice.text(form)
    assert 'name="by_hand_instructions"' in page
    for _ in range(2):
        answer = await alice.send(
            form, form, by_hand="on", by_hand_instructions="Cash.", by_hand_name="", by_hand_iban=""
        )
        assert answer.status == 303
    assert lines(await alice.text("/studio/log")) == ["Alice changed bank transfer and cash", *before]
    answer = await alice.send("/studio/notices", "/studio/notices", notify_orders="never", notify_hour="7")
    assert answer.status == 303
    assert len(lines(await alice.text("/studio/log"))) == len(before) + 1


async def test_who_does_not_sell_reads_no_amounts(shop: House, alice: Visitor) -> None:
    await note(
        shop,
        Deed(1, What.REFUND_BOOKED, "payment:HW-1", {"amount": "2.50 EUR"}),
        Deed(1, What.SETTINGS_CHANGED, "setting:by_hand_iban", {"from": "DE02", "to": "DE89"}),
        Deed(1, What.LINK_SENT_AGAIN, "order:31"),
    )
    page = await alice.text("/studio/log")
    for words in ("2.50 EUR", "DE89", "/studio/orders/31"):
        assert words in page
    people = tables.creators.update().values(kind="contributor", may="people")
    await shop.db.write(lambda conn: conn.execute(people) and None)
    page = await alice.text("/studio/log")
    assert "Alice booked money that went back for HW-1" in lines(page)
    for words in ("2.50 EUR", "DE89", "/studio/orders/31"):
        assert words not in page


async def test_wrong_passwords_are_one_line_and_told_to_whom_they_were_meant_for(
    shop: House, alice: Visitor, stranger: Visitor, clock: Clock
) -> None:
    await alice.send("/studio/password", "/studio/password", password="tide lamp oboe fern")
    clock.move(hours=1)
    for _ in range(3):
        answer = await stranger.send("/studio/signin", "/studio/signin", password="a guess")
        assert answer.status == 422
        clock.move(minutes=1)
    assert "wrong password" not in await alice.text("/studio")  # whose session began before
    before = len(lines(await alice.text("/studio/log")))
    answer = await stranger.send("/studio/signin", "/studio/signin", password="tide lamp oboe fern")
    assert answer.status == 303
    told = "3 wrong passwords were tried before you signed in, the first on November 22, 2026, 13:00 UTC."
    assert told in await stranger.text("/studio")
    assert told in await stranger.text("/studio/you")
    page = await stranger.text("/studio/log")
    assert len(lines(page)) == before + 1
    assert "by password · after 3 wrong passwords · since November 22, 2026, 13:00 UTC" in page
    clock.move(hours=1)
    assert told not in await stranger.text("/studio")
    await stranger.send("/studio/signin?again=1", "/studio/signin", password="tide lamp oboe fern")
    assert "wrong password" not in await stranger.text("/studio")
