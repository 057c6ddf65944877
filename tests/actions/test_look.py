"""The look in one transaction: kept whole or not at all, never over somebody else's, and told in the log."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select

from headwaters.actions.look import LookForm, PresentLook, change_look, present_look, put_logo, take_logo_away
from headwaters.actions.shop import change_settings_as, change_usual, present_settings
from headwaters.core.errors import Code, Conflict, Refused
from headwaters.core.look import LOGO, mark
from headwaters.errands.blobs import row_of
from headwaters.errands.house import House
from headwaters.store.assets import AssetRow, read_asset
from headwaters.store.db import Connection
from headwaters.store.shop import catalogue_version, read_settings
from headwaters.store.tables import audit_log
from headwaters.store.works import all_blobs


async def look(house: House) -> PresentLook:
    return await house.db.read(present_look)


async def keep(house: House, started: PresentLook, logo: AssetRow | None = None, **typed: str) -> bool:
    """What the form sends: every field, those that were not touched as they were."""
    form = LookForm({**started.values, **typed}, started.marks, logo)
    return await house.db.write(lambda conn: change_look(conn, form, 7, house.clock()))


async def deeds(house: House) -> list[tuple[Any, ...]]:
    def read(conn: Connection) -> list[tuple[Any, ...]]:
        rows = conn.execute(select(audit_log).order_by(audit_log.c.id))
        return [(row.creator_id, row.deed, row.subject, json.loads(row.details or "{}")) for row in rows]

    return await house.db.read(read)


def made_logo(house: House, data: bytes = b"picture") -> AssetRow:
    return AssetRow(LOGO, "image/webp", 40, 20, row_of(house.storage.keep_bytes(data)))


async def test_what_was_changed_is_kept_and_told(house: House) -> None:
    version = await house.db.read(catalogue_version)
    assert await keep(house, await look(house), accent="#7a1f3d", about="Long.\n" * 40)
    kept = (await look(house)).values
    assert (kept["accent"], kept["about"], kept["name"]) == ("#7a1f3d", ("Long.\n" * 40).strip(), "Alice")
    assert await house.db.read(catalogue_version) == version + 1
    told = await deeds(house)
    assert told[0][:3] == (7, "settings.changed", "setting:about")
    assert len(told[0][3]["to"]) <= 80
    assert told[1] == (7, "settings.changed", "setting:accent", {"from": "", "to": "#7a1f3d"})
    assert len(told) == 2


async def test_twice_is_once(house: House) -> None:
    started = await look(house)
    assert await keep(house, started, accent="#7a1f3d")
    version = await house.db.read(catalogue_version)
    assert not await keep(house, await look(house), accent="#7a1f3d")
    assert not await keep(house, started, accent="#7a1f3d")  # the same form again
    assert await house.db.read(catalogue_version) == version
    assert len(await deeds(house)) == 1


async def test_a_mistake_keeps_nothing(house: House) -> None:
    with pytest.raises(Refused) as refused:
        await keep(house, await look(house), name="Alicia", accent="blue")
    assert (refused.value.code, refused.value.field) == (Code.SETTING_INVALID, "accent")
    assert (await look(house)).values["name"] == "Alice"
    assert await deeds(house) == []


async def test_the_second_of_two_tabs_is_told_and_overwrites_nothing(house: House) -> None:
    first, second = await look(house), await look(house)
    await keep(house, first, name="Alice's films", tagline="wet")
    with pytest.raises(Conflict) as conflict:
        await keep(house, second, name="Alicia", accent="#7a1f3d")
    assert (conflict.value.code, conflict.value.values["keys"]) == (Code.SETTING_CHANGED, ("name",))
    kept = (await look(house)).values
    assert (kept["name"], kept["tagline"], kept["accent"]) == ("Alice's films", "wet", "")


async def test_two_tabs_that_change_different_things_do_not_quarrel(house: House) -> None:
    first, second = await look(house), await look(house)
    await keep(house, first, name="Alice's films")
    await keep(house, second, accent="#7a1f3d")
    kept = (await look(house)).values
    assert (kept["name"], kept["accent"]) == ("Alice's films", "#7a1f3d")


async def test_of_ten_tabs_at_once_one_is_kept(house: House) -> None:
    started = await look(house)
    tries = await asyncio.gather(*(keep(house, started, name=f"Name {n}") for n in range(10)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in tries) == ["Conflict"] * 9 + ["bool"]
    assert len(await deeds(house)) == 1


async def test_of_ten_tabs_with_the_usual_formats_one_is_kept_and_what_is_refused_changes_nothing(house: House) -> None:
    before = await house.db.read(present_settings)
    started = {"formats": mark(before["formats"]), "taste": mark(before["taste"])}

    async def keep_usual(formats: str, taste: str = before["taste"]) -> bool:
        typed = {"formats": formats, "taste": taste}
        return await house.db.write(lambda conn: change_usual(conn, typed, started, 7, house.clock()))

    assert await keep_usual(before["formats"]) is False
    with pytest.raises(Refused):
        await keep_usual("mp3", taste="a bit")
    assert (await house.db.read(present_settings), await deeds(house)) == (before, [])
    choices = ["mp3", "opus", "flac", "webp", "480", "1080", "none"]
    tries = await asyncio.gather(*map(keep_usual, choices), return_exceptions=True)
    assert sorted(type(result).__name__ for result in tries) == ["Conflict"] * 6 + ["bool"]
    kept = choices[[isinstance(result, bool) for result in tries].index(True)]
    assert (await house.db.read(present_settings))["formats"] == kept
    told = {"from": before["formats"], "to": kept}
    assert await deeds(house) == [(7, "settings.changed", "setting:formats", told)]


async def test_a_logo_is_put_up_once_replaced_and_taken_away(house: House) -> None:
    first, second = made_logo(house), made_logo(house, b"another")

    async def put(logo: AssetRow) -> bool:
        now = house.clock()
        return await house.db.write(lambda conn: put_logo(conn, logo, read_asset(conn, LOGO), None, now))

    assert [await put(first), await put(first), await put(second)] == [True, False, True]
    assert await house.db.read(lambda conn: read_asset(conn, LOGO)) == second
    assert {row.sha256 for row in await house.db.read(all_blobs)} == {first.blob.sha256, second.blob.sha256}
    away = [await house.db.write(lambda conn: take_logo_away(conn, None, house.clock())) for _ in range(2)]
    assert away == [True, False]
    assert [deed[1] for deed in await deeds(house)] == ["logo.changed", "logo.changed", "logo.removed"]


async def test_a_logo_and_words_go_together_or_not_at_all(house: House) -> None:
    logo = made_logo(house)
    with pytest.raises(Refused):
        await keep(house, await look(house), logo, accent="blue")
    assert (await look(house)).logo is None
    assert await keep(house, await look(house), logo, accent="#7a1f3d")
    assert (await look(house)).logo == logo


async def test_two_tabs_with_two_logos_are_told(house: House) -> None:
    started = await look(house)
    await keep(house, started, made_logo(house))
    with pytest.raises(Conflict) as conflict:
        await keep(house, started, made_logo(house, b"another"))
    assert conflict.value.values["keys"] == (LOGO,)


async def test_of_a_secret_the_log_hears_neither_what_it_was_nor_what_it_is(house: House) -> None:
    changes = {"stripe_secret_key": "sk_test_abcdefgh", "by_hand": "trust"}
    await house.db.write(lambda conn: change_settings_as(conn, changes, None, house.clock()))
    assert (await house.db.read(read_settings))["stripe_secret_key"] == "sk_test_abcdefgh"
    assert await deeds(house) == [
        (None, "settings.changed", "setting:stripe_secret_key", {}),
        (None, "settings.changed", "setting:by_hand", {"from": "on", "to": "trust"}),
    ]
