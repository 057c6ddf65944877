"""Named queries of the shop: its settings, and the catalogue's version."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.shop_marks import Mark
from headwaters.store.db import Connection
from headwaters.store.tables import catalogue, settings


def read_settings(conn: Connection) -> dict[str, str]:
    """All settings rows, as key → text."""
    return {row.key: row.value for row in conn.execute(select(settings.c.key, settings.c.value))}


def write_setting(conn: Connection, key: str, value: str) -> None:
    """Set one row; the caller raises the catalogue's version in the same transaction."""
    if conn.execute(update(settings).where(settings.c.key == key).values(value=value)).rowcount == 0:
        conn.execute(insert(settings).values(key=key, value=value))


def write_secret(conn: Connection, key: str, value: str) -> None:
    """As `write_setting`, leaving nothing of what was there."""
    before = conn.execute(select(settings.c.value).where(settings.c.key == key)).scalar()
    if before:
        _wipe(conn, key, before)
    write_setting(conn, key, value)


def replace_secret(conn: Connection, key: str, before: str, value: str) -> bool:
    """Another text in place of the one that is there now. True: it was there."""
    if not _wipe(conn, key, before):
        return False
    write_setting(conn, key, value)
    return True


def _wipe(conn: Connection, key: str, before: str) -> bool:
    """Overwrite a text with as many other characters. SQLite does so in place; one of another length would go elsewhere
    in the file, and leave the old one behind in what is free. True: it was there."""
    mine = (settings.c.key == key, settings.c.value == before)
    return conn.execute(update(settings).where(*mine).values(value="-" * len(before))).rowcount == 1


def read_mark(conn: Connection, mark: Mark) -> str:
    """What the shop remembers under this name; empty for nothing."""
    found: str | None = conn.execute(select(settings.c.value).where(settings.c.key == mark.value)).scalar()
    return found or ""


def write_mark(conn: Connection, mark: Mark, value: str) -> None:
    """Remember it. Nothing public hangs on a mark."""
    write_setting(conn, mark.value, value)


def add_mark(conn: Connection, mark: Mark, value: str) -> bool:
    """Remember it unless something is remembered. True: now."""
    statement = insert(settings).values(key=mark.value, value=value).on_conflict_do_nothing().returning(settings.c.key)
    return conn.execute(statement).first() is not None


def swap_mark(conn: Connection, mark: Mark, before: str, value: str) -> bool:
    """Remember it in place of `before` (empty: nothing). False, and nothing changed: something else is remembered."""
    same = (settings.c.key == mark.value, settings.c.value == before)
    if conn.execute(update(settings).where(*same).values(value=value)).rowcount == 1:
        return True
    return not before and add_mark(conn, mark, value)


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
