"""Verbs of the shop's settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from headwaters.core.shop import SECRET_KEYS, check_setting
from headwaters.core.shop_marks import Mark
from headwaters.store import shop as rows
from headwaters.store.db import Connection


def change_settings(conn: Connection, changes: Mapping[str, str]) -> dict[str, str]:
    """Set each key, all or none; returns what changed. Raises Refused(SETTING_INVALID) with nothing changed.

    Secrets are not for here: `errands.settings.change_settings` seals them first.
    """
    return keep_settings(conn, {key: check_setting(key, value) for key, value in changes.items()})


def keep_settings(conn: Connection, checked: Mapping[str, str]) -> dict[str, str]:
    """Keep values that were checked, and sealed where they are secret; returns what changed."""
    present = rows.read_settings(conn)
    changed = {key: value for key, value in checked.items() if present.get(key) != value}
    for key, value in changed.items():
        if key in SECRET_KEYS:
            rows.write_secret(conn, key, value)
        else:
            rows.write_setting(conn, key, value)
    if changed:
        rows.raise_catalogue(conn)
    return changed


def seal_setting(conn: Connection, key: str, plain: str, sealed: str) -> bool:
    """In place of a secret in the clear. True: now; False: it was sealed or changed meanwhile."""
    if not rows.replace_secret(conn, key, plain, sealed):
        return False
    rows.raise_catalogue(conn)
    return True


def mark_once(conn: Connection, mark: Mark, now: datetime) -> bool:
    """Remember when something first happened. True: now; False: it had before."""
    return rows.add_mark(conn, mark, now.isoformat())
