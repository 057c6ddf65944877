"""Fresh, empty databases of the newest schema, on SQLite and on PostgreSQL; each test gets one of its own."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from headwaters.store.db import Connection, Database
from tests.support.needs import need
from tests.support.postgresql import Cluster, cluster

KINDS = ["sqlite", "postgresql"]
_TEMPLATE = "headwaters_template"
_numbers = itertools.count(1)


def _driver_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _migrate(url: str) -> None:
    """In a thread: the one we are in may have a running loop (playwright's)."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(Database(url).migrate())
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[Cluster]:
    """The run's own PostgreSQL."""
    with cluster(need("postgresql")) as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_template(postgresql_cluster: Cluster) -> str:
    """The name of a migrated, empty database."""
    _migrate(_driver_url(postgresql_cluster.create(_TEMPLATE)))
    return _TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file."""
    path = tmp_path_factory.mktemp("template") / "headwaters.db"
    _migrate(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated SQLite file."""
    path = tmp_path / "headwaters.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgresql_cluster: Cluster, postgresql_template: str) -> Iterator[str]:
    """The address of a fresh, migrated PostgreSQL database."""
    name = f"headwaters_{next(_numbers)}"
    yield _driver_url(postgresql_cluster.create(name, postgresql_template))
    postgresql_cluster.drop(name)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLAlchemy's address of a fresh, migrated database: the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same, opened: `await database.write(fn)`."""
    opened = Database(database_url)
    await opened.open()
    yield opened
    await opened.close()


async def side_by_side(
    database: Database, one: Callable[[Connection], object], other: Callable[[Connection], object]
) -> list[object]:
    """Two transactions, each begun before the other has ended, as PostgreSQL lets them; what each
    came to."""
    first_ran, second_ran = threading.Event(), threading.Event()

    def first(conn: Connection) -> object:
        found = one(conn)
        first_ran.set()
        second_ran.wait(0.3)  # in vain where the second has to wait for our end
        return found

    def second(conn: Connection) -> object:
        first_ran.wait(5)
        found = other(conn)
        second_ran.set()
        return found

    return list(await asyncio.gather(database.write(first), database.write(second), return_exceptions=True))


@pytest.fixture(params=KINDS)
def database_settings(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """What to put into the environment of `headwaters` so that it keeps a shop in SQLite, or in a PostgreSQL
    database that is still blank: the test runs once on each kind."""
    if request.param == "sqlite":
        yield {}
        return
    running: Cluster = request.getfixturevalue("postgresql_cluster")
    name = f"headwaters_{next(_numbers)}"
    yield {"HEADWATERS_DATABASE": running.create(name)}
    running.drop(name)
