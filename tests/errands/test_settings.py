"""Secrets in the settings: sealed on their way in, sealed where they lay open, told in words where they do not open."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from sqlalchemy import select

from headwaters.adapters.vault import SivVault
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import Code, Refused
from headwaters.core.shop import is_sealed, masked
from headwaters.errands.house import House, look_around, refresh
from headwaters.errands.settings import change_settings, locked_secrets, open_secret, seal_secrets
from headwaters.store import shop as rows
from headwaters.store import tables
from headwaters.store.db import Connection, Database
from tests.support.house import SHOP_KEY, MakeHouse

KEY, HOOK = "sk_test_51RiverbedOfAlice", "whsec_UnderTheThirdStone"
KEYS = {"stripe_secret_key": KEY, "stripe_webhook_secret": HOOK}


async def kept(house: House) -> dict[str, str]:
    return await house.db.read(rows.read_settings)


async def deeds(house: House) -> list[tuple[object, ...]]:
    log = tables.audit_log.c
    found = await house.db.read(lambda conn: conn.execute(select(log.deed, log.subject, log.details)).all())
    return [tuple(line) for line in found]


async def test_a_secret_is_kept_sealed_and_used_all_the_same(make_house: MakeHouse) -> None:
    house: House = await make_house()
    deed = Deed(None, What.TILL_KEYS_CHANGED, "till:stripe")
    changed = await change_settings(house, KEYS, deed)
    assert set(changed) == set(KEYS)
    stored = await kept(house)
    assert all(is_sealed(stored[key]) for key in KEYS)
    await refresh(house)
    assert list(house.now.tills) == ["stripe"]
    assert [open_secret(house, key) for key in KEYS] == [KEY, HOOK]
    assert KEY not in repr(house.now.settings)
    assert await deeds(house) == [("till.keys", "till:stripe", "")]
    assert await change_settings(house, KEYS, deed) == {}, "the same again changes nothing"
    assert len(await deeds(house)) == 1
    await change_settings(house, {"stripe_secret_key": ""})
    await refresh(house)
    assert house.now.tills == {}
    assert (await kept(house))["stripe_secret_key"] == ""


async def test_a_wrong_secret_changes_nothing(make_house: MakeHouse) -> None:
    house: House = await make_house()
    with pytest.raises(Refused) as caught:
        await change_settings(house, {"stripe_webhook_secret": HOOK, "stripe_secret_key": "pk_test_x"})
    assert (caught.value.code, caught.value.field) == (Code.SETTING_INVALID, "stripe_secret_key")
    assert "stripe_webhook_secret" not in await kept(house)


async def test_what_lay_open_is_sealed_at_the_start_once(make_house: MakeHouse) -> None:
    house: House = await make_house(**KEYS)  # as an earlier version kept them
    assert list(house.now.tills) == ["stripe"]
    version = house.now.version
    assert await seal_secrets(house.db, house.vault) == sorted(KEYS)
    assert await seal_secrets(house.db, house.vault) == []
    stored = await kept(house)
    assert all(is_sealed(stored[key]) for key in KEYS)
    assert await refresh(house)
    assert house.now.version == version + 2
    assert [open_secret(house, key) for key in KEYS] == [KEY, HOOK]
    assert list(house.now.tills) == ["stripe"]


async def test_two_processes_that_start_at_once_seal_once(make_house: MakeHouse) -> None:
    house: House = await make_house(**KEYS)
    await asyncio.gather(*(seal_secrets(house.db, house.vault) for _ in range(4)))
    await refresh(house)
    assert [open_secret(house, key) for key in KEYS] == [KEY, HOOK]


async def test_another_shops_key_opens_nothing_and_the_shop_goes_on(
    make_house: MakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house: House = await make_house(by_hand="on")
    await change_settings(house, KEYS)
    house.vault = SivVault(bytes(32))
    house.make_tills.keywords["vault"] = house.vault  # type: ignore[attr-defined]
    with caplog.at_level(logging.WARNING):
        house.now = await look_around(house.db, house.config, house.make_tills)
    assert list(house.now.tills) == ["by_hand"]
    assert locked_secrets(house) == sorted(KEYS)
    with pytest.raises(Refused) as caught:
        open_secret(house, "stripe_secret_key")
    assert caught.value.code is Code.SECRET_LOCKED
    assert "Stripe is off" in caplog.text
    assert KEY not in caplog.text
    await change_settings(house, KEYS)  # given again, it is sealed anew
    await refresh(house)
    assert list(house.now.tills) == ["stripe", "by_hand"]


async def test_the_database_file_shows_no_key(sqlite_url: str) -> None:
    """Neither in a page that is in use, nor in what was overwritten."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    plain = ("sk_live_" + "a" * 60, "whsec_" + "b" * 60)

    def lay_open(conn: Connection) -> None:
        for key, text in zip(KEYS, plain, strict=True):
            rows.write_setting(conn, key, text)

    async with Database(sqlite_url) as database:
        await database.write(lay_open)
    assert plain[0].encode() in path.read_bytes(), "the test sees what lies open"
    async with Database(sqlite_url) as database:
        await seal_secrets(database, SivVault(SHOP_KEY))
    for file in path.parent.glob(path.name + "*"):
        assert not any(text[8:].encode() in file.read_bytes() for text in plain), file


def test_only_the_end_of_a_secret_is_ever_shown() -> None:
    assert masked(KEY) == "••••lice"
    assert masked("sk_test_a") == "••••"
    assert masked("") == ""
