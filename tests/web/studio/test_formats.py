"""The shop's usual formats and tastes in the Studio: kept, refused, twice, by two; and which works differ."""

from __future__ import annotations

import re

from sqlalchemy import update

from headwaters.actions.shop import change_settings
from headwaters.core.works.formats import USUAL
from headwaters.errands.house import House, refresh
from headwaters.store import tables
from tests.web.studio.conftest import Visitor
from tests.web.studio.test_publishing import deeds

PATH = "/studio/formats"
SAID = f"{PATH}?said=formats_kept"


def ticked(page: str) -> list[str]:
    return re.findall(r'name="format_(\w+)" value="1" checked', page)


async def settings(shop: House) -> tuple[str, str]:
    return shop.now.settings.formats, shop.now.settings.taste


async def test_kept_with_a_line_in_the_log_for_each_and_twice_is_once(shop: House, alice: Visitor) -> None:
    assert ticked(await alice.text(PATH)) == USUAL.split(",")
    _, taste = await settings(shop)
    for where in (SAID, f"{PATH}?said=look_same"):
        answer = await alice.send(PATH, PATH, format_mp3="1", format_webp="1", taste="1 chapter")
        assert (answer.status, answer.headers["Location"]) == (303, where)
    assert await settings(shop) == ("mp3,webp", "1 chapter")
    assert taste != "1 chapter"
    assert (await deeds(shop))[-2:] == [("settings.changed", "setting:formats"), ("settings.changed", "setting:taste")]
    assert ticked(await alice.text(PATH)) == ["mp3", "webp"]
    assert (await alice.send(PATH, PATH, taste="off")).status == 303
    assert await settings(shop) == ("none", "off")
    assert ticked(await alice.text(PATH)) == []


async def test_a_taste_that_is_none_changes_nothing_and_keeps_the_ticks(shop: House, alice: Visitor) -> None:
    before, told = await settings(shop), await deeds(shop)
    answer = await alice.send(PATH, PATH, format_opus="1", taste="a bit")
    page = await answer.text()
    assert answer.status == 422
    assert "“a bit” is not a taste." in page
    assert 'aria-invalid="true" aria-describedby="taste-wrong" autofocus' in page
    assert (ticked(page), await settings(shop), await deeds(shop)) == (["opus"], before, told)


async def test_of_two_the_second_is_shown_what_is_there_and_nothing_is_overwritten(shop: House, alice: Visitor) -> None:
    form, (_, taste) = await alice.hidden(PATH), await settings(shop)
    await shop.db.write(lambda conn: change_settings(conn, {"formats": "flac"}))
    await refresh(shop)
    answer = await alice.post(PATH, {**form, "format_mp3": "1", "taste": "off"})
    page = await answer.text()
    assert answer.status == 409
    assert "Somebody else changed this while your form was open" in page
    assert (ticked(page), await settings(shop)) == (["flac"], ("flac", taste))
    form = await alice.hidden(PATH)
    assert (await alice.post(PATH, {**form, "format_flac": "1", "taste": "off"})).headers["Location"] == SAID
    assert await settings(shop) == ("flac", "off")


async def test_works_that_differ_are_named(shop: House, alice: Visitor) -> None:
    assert "A work’s page has the choice" in await alice.text(PATH)
    await shop.db.write(lambda conn: conn.execute(update(tables.works).values(formats="opus,1080")))
    page = await alice.text(PATH)
    assert 'href="/studio/works/high-water#f-formats">High Water</a>' in page
    assert "Opus and MP4 1080" in page
    assert PATH in await alice.text("/studio/shop")


async def test_who_may_not_publish_sees_and_changes_nothing(shop: House, alice: Visitor, stranger: Visitor) -> None:
    before = await settings(shop)
    assert (await stranger.get(PATH)).status == 303
    assert (await alice.post(PATH, {"format_mp3": "1", "taste": "off"})).status == 403
    assert await settings(shop) == before
