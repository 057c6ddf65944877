"""The log as a page: who did what, found by person and room."""

from __future__ import annotations

import re

import pytest

from headwaters.actions.deeds import noted
from headwaters.core.deeds import Deed, What
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store.db import Connection
from tests.web.studio.conftest import Visitor


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
        "The shop’s machine changed the setting “name”",
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
            ["The shop’s machine changed the setting “name”", "The shop’s machine made a sign-in link for Alice"],
        ),
        ("room=works", ["Alice retired “High Water”"]),
        ("room=shop", ["The shop’s machine changed the setting “name”"]),
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
