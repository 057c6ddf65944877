"""The databases that tests get: migrated, empty, and each test's own."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, func, inspect, make_url, select

from headwaters.store.db import Database
from headwaters.store.tables import metadata


def test_a_fresh_database_has_every_table_and_the_newest_schema(database_url: str) -> None:
    engine = create_engine(database_url)
    assert set(inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def _soil(url: str) -> int:
    """Make a table of its own; how many there were before."""
    engine = create_engine(url)
    with engine.begin() as connection:
        before = int(inspect(connection).has_table("soil"))
        connection.exec_driver_sql("CREATE TABLE soil (id INTEGER)")
    engine.dispose()
    return before


def test_a_test_may_change_its_database(database_url: str) -> None:
    assert _soil(database_url) == 0


def test_and_the_next_one_does_not_see_it(database_url: str) -> None:
    assert _soil(database_url) == 0


async def test_an_opened_database_is_of_the_newest_schema(database: Database) -> None:
    await database.check()


def test_a_shop_can_be_kept_in_either(database_settings: dict[str, str], tmp_path: Path) -> None:
    url = make_url(database_settings.get("HEADWATERS_DATABASE", f"sqlite:///{tmp_path / 'headwaters.db'}"))
    engine = create_engine(url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(select(1).subquery())).scalar_one() == 1
        assert inspect(connection).get_table_names() == []
    engine.dispose()
