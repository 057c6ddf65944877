"""Settings from outside: secrets are sealed on their way in, and what was kept in the clear is sealed at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from headwaters.actions.deeds import noted
from headwaters.actions.shop import keep_settings, present_settings, seal_setting, told
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import Refused
from headwaters.core.sales.till_check import remember_unasked, remembered
from headwaters.core.shop import SECRET_KEYS, check_setting, is_sealed
from headwaters.core.shop_marks import Mark
from headwaters.errands.house import House
from headwaters.ports import Vault
from headwaters.store import shop as rows
from headwaters.store.db import Connection, Database


def checked_and_sealed(vault: Vault, changes: Mapping[str, str]) -> dict[str, str]:
    """The values as they will be kept. Raises Refused(SETTING_INVALID)."""
    checked = {key: check_setting(key, value) for key, value in changes.items()}
    return {key: vault.seal(key, value) if key in SECRET_KEYS and value else value for key, value in checked.items()}


async def change_settings(house: House, changes: Mapping[str, str], deed: Deed | None = None) -> dict[str, str]:
    """Set each key, all or none; returns what changed, as it is kept (secrets sealed). Where something did, `deed` is
    noted. Raises Refused(SETTING_INVALID) with nothing changed."""
    values, now = checked_and_sealed(house.vault, changes), house.clock()

    def run(conn: Connection) -> dict[str, str]:
        before = present_settings(conn)
        changed = keep_settings(conn, values)
        if not SECRET_KEYS.isdisjoint(changed):  # nobody has asked the till about these keys
            rows.write_mark(conn, Mark.STRIPE, remember_unasked(remembered(rows.read_mark(conn, Mark.STRIPE))))
        if changed and deed is not None:
            noted(lambda _: None, _detailed(deed, before, changed), now)(conn)
        return changed

    return await house.db.write(run)


def _detailed(deed: Deed, before: Mapping[str, str], changed: Mapping[str, str]) -> Deed:
    """A deed of one plain setting tells what it was and is."""
    if deed.what is not What.SETTINGS_CHANGED or len(changed) > 1:
        return deed
    ((key, value),) = changed.items()
    return replace(deed, details=told(key, before[key], value))


async def seal_secrets(database: Database, vault: Vault) -> list[str]:
    """Seal what an earlier version, or a hand, kept in the clear; the keys of what was. Twice changes nothing."""
    kept = await database.read(rows.read_settings)
    plain = {key: kept[key] for key in SECRET_KEYS if kept.get(key) and not is_sealed(kept[key])}

    def seal_all(conn: Connection) -> None:
        for key, text in plain.items():
            seal_setting(conn, key, text, vault.seal(key, text))

    if plain:
        await database.write(seal_all)
    return sorted(plain)


def open_secret(house: House, key: str) -> str:
    """A secret in the clear, as it is now; empty where it is not set. Raises Refused(SECRET_LOCKED)."""
    text = str(getattr(house.now.settings, key))
    return house.vault.open(key, text) if is_sealed(text) else text


def locked_secrets(house: House) -> list[str]:
    """The secrets that are set and that this shop's key does not open."""
    return [key for key in sorted(SECRET_KEYS) if not _opens(house, key)]


def _opens(house: House, key: str) -> bool:
    try:
        open_secret(house, key)
    except Refused:
        return False
    return True
