"""Verbs of the shop's settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from headwaters.core.shop import check_setting
from headwaters.core.shop_marks import Mark
from headwaters.store import shop as rows
from headwaters.store.db import Connection


def change_settings(conn: Connection, changes: Mapping[str, str]) -> dict[str, str]:
    """Set each key, all or none; returns what changed. Raises Refused(SETTING_INVALID) with nothing changed."""
    checked = {key: check_setting(key, value) for key, value in changes.items()}
    present = rows.read_settings(conn)
    changed = {key: value for key, value in checked.items() if present.get(key) != value}
    for key, value in changed.items():
        rows.write_setting(conn, key, value)
    if changed:
        rows.raise_catalogue(conn)
    return changed


def mark_once(conn: Connection, mark: Mark, now: datetime) -> bool:
    """Remember when something first happened. True: now; False: it had before."""
    return rows.add_mark(conn, mark, now.isoformat())
