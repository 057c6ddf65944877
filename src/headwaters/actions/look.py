"""Verbs of what the shop looks like: its words and colours, and its logo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from headwaters.actions.shop import change_settings_as, present_settings
from headwaters.core.clock import to_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Conflict
from headwaters.core.look import LOGO, LOOK_KEYS, mark, merge
from headwaters.store.assets import AssetRow, read_asset, remove_asset, write_asset
from headwaters.store.db import Connection
from headwaters.store.deeds import add_deed
from headwaters.store.shop import lock_catalogue, raise_catalogue


@dataclass(frozen=True, slots=True)
class LookForm:
    """What somebody typed, and the marks (core.look.mark) of what their form started from. `logo`: a new one, kept in
    the storage already; `no_logo`: take away the one that is there."""

    typed: Mapping[str, str]
    started: Mapping[str, str]
    logo: AssetRow | None = None
    no_logo: bool = False


@dataclass(frozen=True, slots=True)
class PresentLook:
    """What the look is now."""

    values: Mapping[str, str]
    logo: AssetRow | None
    marks: Mapping[str, str] = field(default_factory=dict)


def present_look(conn: Connection) -> PresentLook:
    """All of it, with the marks that a form carries."""
    settings = present_settings(conn)
    values = {key: settings[key] for key in LOOK_KEYS}
    logo = read_asset(conn, LOGO)
    marks = {key: mark(value) for key, value in values.items()} | {LOGO: mark(_name(logo))}
    return PresentLook(values, logo, marks)


def _name(logo: AssetRow | None) -> str:
    return logo.blob.sha256 if logo else ""


def change_look(conn: Connection, form: LookForm, who: int | None, now: datetime) -> bool:
    """Keep what the form changes, all or nothing; whether that was anything. What it left as it found it stays as it is
    by now.

    Raises Conflict(SETTING_CHANGED) where somebody else changed the same to something else; Refused(SETTING_INVALID).
    """
    lock_catalogue(conn)
    present = present_look(conn)
    typed, there = dict(form.typed), dict(present.values)
    if form.logo or form.no_logo:
        typed[LOGO], there[LOGO] = _name(form.logo), _name(present.logo)
    merged = merge(typed, form.started, there)
    if merged.contested:
        raise Conflict(
            Code.SETTING_CHANGED,
            N_("Somebody else changed this while your form was open, so nothing was kept."),
            hint=N_("What is there now stands beside your own. Keep yours by pressing “Keep” again."),
            field=merged.contested[0],
            keys=merged.contested,
        )
    settings = {key: value for key, value in merged.changes.items() if key != LOGO}
    changed = change_settings_as(conn, settings, who, now)
    return _change_logo(conn, form, present.logo, who, now) or bool(changed)


def _change_logo(conn: Connection, form: LookForm, present: AssetRow | None, who: int | None, now: datetime) -> bool:
    if form.logo:
        return put_logo(conn, form.logo, present, who, now)
    return form.no_logo and take_logo_away(conn, who, now)


def put_logo(conn: Connection, logo: AssetRow, present: AssetRow | None, who: int | None, now: datetime) -> bool:
    """Put a logo up; False when it is this one already."""
    if present is not None and present.blob.sha256 == logo.blob.sha256:
        return False
    write_asset(conn, logo, to_micros(now))
    add_deed(conn, Deed(who, What.LOGO_CHANGED, "asset:logo"), to_micros(now))
    raise_catalogue(conn)
    return True


def take_logo_away(conn: Connection, who: int | None, now: datetime) -> bool:
    """Show the name alone again; False when there is no logo."""
    if not remove_asset(conn, LOGO):
        return False
    add_deed(conn, Deed(who, What.LOGO_REMOVED, "asset:logo"), to_micros(now))
    raise_catalogue(conn)
    return True
