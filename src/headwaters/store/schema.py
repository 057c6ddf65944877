"""The schema's age: bring it to this version's, or say that it is not. Alembic, without a file of its own to set up.

`migrations/versions/<revision>_<what>.py`: revisions are numbers with leading zeros, the highest is the newest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from headwaters.core.errors import N_, Code, Refused, Unavailable
from headwaters.store import postgres, sqlite
from headwaters.store.connection import DRIVER_ERRORS, translate

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 4_843_655_940_725_141_363  # one number for all Headwaters: only migrations in the same database meet on it


def newest() -> str:
    """The revision that this version of Headwaters wants."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def migrate(url: sqlalchemy.URL | str) -> None:
    """Bring the database to the newest schema, all of it or nothing. Blocks. Safe twice, and in two processes at once.

    Raises Refused(DATABASE_NEWER), Unavailable(DATABASE_DOWN | DISK_FULL).
    """
    url = sqlalchemy.make_url(url)
    if current(url) == newest():
        return
    with _translated(), _alone(url) as connection:
        _refuse_newer(_revision(connection))
        _upgrade(connection)


def check(url: sqlalchemy.URL | str) -> None:
    """Say whether the schema is this version's, and SQLite's file whole. Blocks. Makes no file.

    Raises Refused(DATABASE_OLD | DATABASE_NEWER), Unavailable(DATABASE_DOWN).
    """
    url = sqlalchemy.make_url(url)
    revision = current(url)
    _refuse_newer(revision)
    if not revision:
        raise Refused(
            Code.DATABASE_OLD,
            N_("The database is empty, as that of a new shop."),
            hint=N_("Restore it from your backup, if it was not: the next start fills it with empty tables."),
        )
    if revision != newest():
        raise Refused(
            Code.DATABASE_OLD,
            N_("The database is of an older version of Headwaters."),
            hint=N_("Start Headwaters once, and it brings the database up to date."),
        )
    if url.get_backend_name() == "sqlite":
        _refuse_damaged(url)


def current(url: sqlalchemy.URL) -> str:
    """The revision of the database, "" before the first. Blocks. Makes no file."""
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return ""
    with _translated(), _connected(url) as connection:
        return _revision(connection)


def _revision(connection: sqlalchemy.Connection) -> str:
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _refuse_newer(revision: str) -> None:
    if revision > newest():
        raise Refused(
            Code.DATABASE_NEWER,
            N_("The database is of a newer version of Headwaters (%(revision)s)."),
            hint=N_("Install that version, or restore the copy from before it."),
            revision=revision,
        )


def _refuse_damaged(url: sqlalchemy.URL) -> None:
    """All of SQLite's own check but for the comparison of indexes with their tables, which takes far longer."""
    with _translated(), _connected(url) as connection:
        found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    if found != "ok":
        raise Unavailable(
            Code.DATABASE_DOWN,
            N_("The database file is damaged: %(what)s"),
            hint=N_("Stop the shop, keep a copy of its folder, and restore the database from your backup."),
            what=" ".join(found.split()),
        )


def _upgrade(connection: sqlalchemy.Connection) -> None:
    from alembic import command  # here, as most starts have nothing to upgrade
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, *DRIVER_ERRORS) as error:
        raise translate(error) from error


@contextmanager
def _connected(url: sqlalchemy.URL) -> Iterator[sqlalchemy.Connection]:
    """A connection of its own, closed with all that belongs to it."""
    if url.get_backend_name() == "sqlite":
        driver = sqlite.connect(Path(url.database or ""))
        try:
            with sqlite.engine_over(driver).connect() as connection:
                yield connection
        finally:
            driver.close()
        return
    engine = postgres.make_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _alone(url: sqlalchemy.URL) -> Iterator[sqlalchemy.Connection]:
    """A connection in a transaction that no other migration runs beside; committed at the end."""
    with _connected(url) as connection, connection.begin():
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # tables are made anew; looked at below
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                raise RuntimeError(f"the migration left {len(broken)} rows without what they refer to")
            connection.exec_driver_sql("COMMIT")
        else:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
            # An advisory lock, as before the first revision there is no table to lock; it ends with the transaction.
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection
            connection.exec_driver_sql("COMMIT")
