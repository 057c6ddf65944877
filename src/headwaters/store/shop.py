"""Named queries of the shop: its settings, and the catalogue's version."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.store.db import Connection
from headwaters.store.tables import catalogue, settings


def read_settings(conn: Connection) -> dict[str, str]:
    """All settings rows, as key → text."""
    return {row.key: row.value for row in conn.execute(select(settings.c.key, settings.c.value))}


def write_setting(conn: Connection, key: str, value: str) -> None:
    """Set one row; the caller raises the catalogue's version in the same transaction."""
    if conn.execute(update(settings).where(settings.c.key == key).values(value=value)).rowcount == 0:
        conn.execute(insert(settings).values(key=key, value=value))


def remove_setting(conn: Connection, key: str) -> None:
    """Back to the default."""
    conn.execute(delete(settings).where(settings.c.key == key))


def catalogue_version(conn: Connection) -> int:
    """The version of everything public; 0 in a shop that was never changed."""
    return int(conn.execute(select(catalogue.c.version)).scalar() or 0)


def lock_catalogue(conn: Connection) -> None:
    """Whoever else would change settings after looking at them waits until our transaction has ended (on SQLite they
    wait anyway)."""
    if conn.execute(update(catalogue).values(version=catalogue.c.version)).rowcount == 0:
        conn.execute(insert(catalogue).values(id=1, version=0).on_conflict_do_nothing())


def raise_catalogue(conn: Connection) -> None:
    """Say that a public page, a setting or a till changed; every process looks once a second."""
    if conn.execute(update(catalogue).values(version=catalogue.c.version + 1)).rowcount == 0:
        conn.execute(insert(catalogue).values(id=1, version=1))
