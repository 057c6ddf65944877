"""Verbs of the shop's settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from headwaters.core.clock import to_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Conflict
from headwaters.core.letters import one_line
from headwaters.core.look import merge
from headwaters.core.shop import KEYS, SECRET_KEYS, Settings, check_setting
from headwaters.core.shop_marks import Mark
from headwaters.store import shop as rows
from headwaters.store.db import Connection
from headwaters.store.deeds import add_deed

SHOWN_LENGTH = 80  # characters of a value that the log keeps: enough to know it by


def change_settings(conn: Connection, changes: Mapping[str, str]) -> dict[str, str]:
    """Set each key, all or none; returns what changed. Raises Refused(SETTING_INVALID) with nothing changed.

    Secrets are not for here: `errands.settings.change_settings` seals them first.
    """
    return keep_settings(conn, {key: check_setting(key, value) for key, value in changes.items()})


def keep_settings(conn: Connection, checked: Mapping[str, str]) -> dict[str, str]:
    """Keep values that were checked, and sealed where they are secret; returns what changed. What nobody set is as
    it is by default, so that keeping that changes nothing."""
    present = present_settings(conn)
    changed = {key: value for key, value in checked.items() if present[key] != value}
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


def present_settings(conn: Connection) -> dict[str, str]:
    """All settings as they are now, those that nobody set with their defaults."""
    kept, defaults = rows.read_settings(conn), Settings()
    return {key: kept.get(key, str(getattr(defaults, key))) for key in KEYS}


def change_settings_as(conn: Connection, changes: Mapping[str, str], who: int | None, now: datetime) -> dict[str, str]:
    """The same by somebody: the log gets a line for each setting, with what it was and is. Of a secret, neither."""
    before = present_settings(conn)
    changed = change_settings(conn, changes)
    for key, value in changed.items():
        if value != before[key]:
            add_deed(
                conn, Deed(who, What.SETTINGS_CHANGED, f"setting:{key}", told(key, before[key], value)), to_micros(now)
            )
    return changed


def change_usual(
    conn: Connection, typed: Mapping[str, str], started: Mapping[str, str], who: int | None, now: datetime
) -> bool:
    """Keep what a form of settings changes, all or nothing; whether that was anything. `started`: the marks
    (core.look.mark) of what it began with; what it left as it found it stays as it is by now.

    Raises Conflict(SETTING_CHANGED) where somebody else changed the same to something else; Refused(SETTING_INVALID).
    """
    rows.lock_catalogue(conn)
    checked = {key: check_setting(key, value) for key, value in typed.items()}
    merged = merge(checked, started, present_settings(conn))
    if merged.contested:
        raise Conflict(
            Code.SETTING_CHANGED,
            N_("Somebody else changed this while your form was open, so nothing was kept."),
            hint=N_("Below is what is there now. Change it again, if you still want to."),
            field=merged.contested[0],
            keys=merged.contested,
        )
    return bool(change_settings_as(conn, merged.changes, who, now))


def told(key: str, before: str, after: str) -> dict[str, str]:
    """What the log keeps of a changed setting; of a secret, nothing."""
    if key in SECRET_KEYS:
        return {}
    return {"from": one_line(before, SHOWN_LENGTH), "to": one_line(after, SHOWN_LENGTH)}
