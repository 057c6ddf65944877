"""The migrations make exactly the tables, on both databases."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from headwaters.core.errors import Code, Refused, Unavailable
from headwaters.store import schema
from headwaters.store.db import Connection, Database, migrate
from headwaters.store.tables import metadata
from tests.store.support import add, keys, start_process
from tests.support.postgresql import Cluster

MakeBlank = Callable[[str], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def make_blank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeBlank]:
    """Makes databases without any table: from a name to an address."""
    if request.param == "sqlite":
        yield lambda name: f"sqlite:///{tmp_path / name}, 100 %.db"
        return
    cluster: Cluster = request.getfixturevalue("postgresql_cluster")
    names: list[str] = []

    def make(name: str) -> str:
        names.append(f"headwaters_{name}")
        return cluster.create(names[-1])

    yield make
    for name in names:
        cluster.drop(name)


@pytest.fixture
def blank_url(make_blank: MakeBlank) -> str:
    """The address of a database without any table."""
    return make_blank("blank")


def _engine(url: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def _differences(url: str) -> object:
    """What Alembic would change to get from the database to the tables."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return compare_metadata(context, metadata)
    finally:
        engine.dispose()


def _all_of_it(url: str) -> dict[str, object]:
    """Each table with everything that the database tells of it: Alembic overlooks defaults, names and checks."""
    engine = _engine(url)
    try:
        look = sqlalchemy.inspect(engine)
        return {
            table: (
                sorted((c["name"], str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(table)),
                look.get_pk_constraint(table),
                *(
                    sorted(map(_said, many(table)))
                    for many in (
                        look.get_check_constraints,
                        look.get_unique_constraints,
                        look.get_indexes,
                        look.get_foreign_keys,
                    )
                ),
            )
            for table in look.get_table_names()
            if table != "alembic_version"
        }
    finally:
        engine.dispose()


def _said(one: Mapping[str, Any]) -> str:
    """A constraint or an index in words; the condition of an index comes as an object of its own."""
    options = {name: str(value) for name, value in one.get("dialect_options", {}).items()}
    return repr({**one, "dialect_options": options})


def test_the_migrations_make_the_tables_and_nothing_else(make_blank: MakeBlank) -> None:
    migrated, by_metadata = make_blank("migrated"), make_blank("by_metadata")
    migrate(migrated)
    assert _differences(migrated) == []
    engine = _engine(by_metadata)
    metadata.create_all(engine)
    engine.dispose()
    assert _all_of_it(migrated) == _all_of_it(by_metadata)


async def test_migrating_twice_changes_nothing(blank_url: str) -> None:
    database = Database(blank_url)
    await database.migrate()
    async with database:
        await database.write(add("a"))
    await database.migrate()
    await database.check()
    async with database:
        assert await database.read(keys) == ["a"]


async def test_two_processes_migrate_at_once(blank_url: str) -> None:
    processes = [start_process("migrate", blank_url) for _ in range(3)]
    for process in processes:
        with process:
            assert await asyncio.to_thread(process.wait, 60) == 0
    await Database(blank_url).check()
    assert _differences(blank_url) == []


async def test_threads_that_migrate_at_once_do_it_once(blank_url: str) -> None:
    await asyncio.gather(*(Database(blank_url).migrate() for _ in range(4)))
    await Database(blank_url).check()


async def test_a_database_behind_is_old(blank_url: str) -> None:
    with pytest.raises(Refused) as raised:
        await Database(blank_url).check()
    assert raised.value.code == Code.DATABASE_OLD


def test_looking_at_a_database_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        schema.check(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


async def test_a_database_ahead_is_newer_and_is_left_alone(database: Database, database_url: str) -> None:
    def age(conn: Connection) -> None:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    await database.write(age)
    for refusing in (database.check, database.migrate):
        with pytest.raises(Refused) as raised:
            await refusing()
        assert raised.value.code == Code.DATABASE_NEWER
    assert schema.current(sqlalchemy.make_url(database_url)) == "9999"


async def test_a_migration_that_fails_leaves_nothing(blank_url: str) -> None:
    engine = _engine(blank_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE payments (mine TEXT)"))
    engine.dispose()
    with pytest.raises(Exception, match="payments"):
        migrate(blank_url)
    engine = _engine(blank_url)
    assert sqlalchemy.inspect(engine).get_table_names() == ["payments"]
    engine.dispose()


def test_the_newest_revision_is_alembics_head() -> None:
    assert ScriptDirectory(str(schema.MIGRATIONS)).get_heads() == [schema.newest()]


def test_wishes_about_notices_are_kept_in_the_words_of_now(blank_url: str) -> None:
    engine = _engine(blank_url)
    old = {"notify_orders": "on", "notify_letters": "off", "by_hand": "on", "notify_email": "off"}
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        command.upgrade(config, "0002")
        for key, value in old.items():
            connection.execute(text("INSERT INTO settings VALUES (:key, :value)"), {"key": key, "value": value})
    migrate(blank_url)
    with engine.begin() as connection:
        found = {key: value for key, value in connection.execute(text("SELECT key, value FROM settings"))}  # noqa: C416
    engine.dispose()
    assert found == {**old, "notify_orders": "each", "notify_letters": "never"}


def test_who_took_a_work_without_paying_after_all_is_found_among_older_orders(blank_url: str) -> None:
    """(number, door, state, when it was granted, its payment: when it began and came)"""
    before = (
        (1, "pay", "granted", 50, (10, 50)),  # paid
        (2, "pay", "granted", 10, (10, None)),  # promised by hand, and trusted
        (3, "pay", "granted", 40, (10, None)),  # waited, and took it without paying
        (4, "pay", "granted", 40, (10, 60)),  # the same, and the money came after all
        (5, "pay", "waiting", None, (10, None)),
        (6, "have_copy", "granted", 10, None),
        (7, "cant_pay", "granted", 10, (90, 95)),  # paid later
    )
    engine = _engine(blank_url)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        command.upgrade(config, "0003")
        order = (
            "INSERT INTO orders (id, token, nonce, door, came_from, state, currency, amount_minor, created_at, "
            "granted_at) VALUES (:id, :name, :name, :door, '', :state, 'EUR', 500, 10, :granted)"
        )
        payment = (
            "INSERT INTO payments (order_id, nonce, reference, till, mode, state, currency, amount_minor, created_at, "
            "expires_at, settled_at) VALUES (:id, :name, :name, 'by_hand', 'live', 'open', 'EUR', 5, :made, 99, :came)"
        )
        for number, door, state, granted, paid in before:
            same = {"id": number, "name": str(number)}
            connection.execute(text(order), {**same, "door": door, "state": state, "granted": granted})
            if paid is not None:
                connection.execute(text(payment), {**same, "made": paid[0], "came": paid[1]})
    migrate(blank_url)
    with engine.begin() as connection:
        found = connection.execute(text("SELECT id, door, first_door FROM orders ORDER BY id")).all()
    engine.dispose()
    moved = {3: ("cant_pay", "pay"), 4: ("cant_pay", "pay")}
    assert [tuple(row) for row in found] == [(n, *moved.get(n, (door, ""))) for n, door, *_ in before]


def test_what_stripe_was_paid_before_is_looked_at_once_more(blank_url: str) -> None:
    engine = _engine(blank_url)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        command.upgrade(config, "0003")
        order = (
            "INSERT INTO orders (id, token, nonce, door, came_from, state, currency, amount_minor, created_at) "
            "VALUES (1, 't', 'n', 'pay', '', 'granted', 'EUR', 500, 10)"
        )
        payment = (
            "INSERT INTO payments (order_id, nonce, reference, till, mode, state, currency, amount_minor, created_at, "
            "expires_at, settled_at) VALUES (1, :name, :name, :till, 'live', :state, 'EUR', 5, 1, 99, :came)"
        )
        connection.execute(text(order))
        for name, till, state, came in (("a", "stripe", "paid", 50), ("b", "stripe", "open", None)):
            connection.execute(text(payment), {"name": name, "till": till, "state": state, "came": came})
        connection.execute(text(payment), {"name": "c", "till": "by_hand", "state": "paid", "came": 50})
    migrate(blank_url)
    with engine.begin() as connection:
        found = connection.execute(text("SELECT reference, late_at FROM payments ORDER BY reference")).all()
    engine.dispose()
    assert [tuple(row) for row in found] == [("a", 50 + 30 * 86_400_000_000), ("b", None), ("c", None)]


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "headwaters.db").write_bytes(b"no database at all, but a long enough text" * 50)
    with pytest.raises(Unavailable):
        schema.check(f"sqlite:///{tmp_path}/headwaters.db")


def test_a_migrated_file_waits_in_wal_mode(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/headwaters.db")
    connection = sqlite3.connect(tmp_path / "headwaters.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
