"""The name of a database, which no copy of it has."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest
from sqlalchemy import text

from headwaters.core.errors import Code, Unavailable
from headwaters.store.db import Connection, Database
from headwaters.store.place import Place, postgres_place, sqlite_place

NOBODY = 65534  # the user who owns nothing


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that every user may look into; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="headwaters-place-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _name_as_nobody(database: Path, answer: Pipe) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        answer.send(sqlite_place(database).name)
    except Unavailable as error:
        answer.send(error.code)


def name_as_nobody(database: Path) -> object:
    """What somebody says of it who may not open what is root's."""
    ours, theirs = multiprocessing.Pipe()
    asker = multiprocessing.get_context("fork").Process(target=_name_as_nobody, args=(database, theirs))
    asker.start()
    assert ours.poll(30)
    answer = ours.recv()
    asker.join(30)
    return answer


def test_who_may_not_read_the_file_of_the_name_has_the_same_name(folder: Path) -> None:
    """Root made it, with the command line; the shop runs as another user."""
    database = folder / "headwaters.db"
    database.touch()
    here = folder / "headwaters.db.here"
    here.touch(mode=0o000)
    name = sqlite_place(database)
    assert (name.is_sure, name_as_nobody(database)) == (True, name.name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_makes_is_of_who_owns_the_database(folder: Path) -> None:
    database = folder / "headwaters.db"
    database.touch()
    os.chown(database, NOBODY, NOBODY)
    name = sqlite_place(database)
    status = (folder / "headwaters.db.here").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (NOBODY, NOBODY, 0o600)
    assert (sqlite_place(database), name_as_nobody(database)) == (name, name.name)


def test_where_it_cannot_be_made_that_is_said(tmp_path: Path) -> None:
    database = tmp_path / "headwaters.db"
    database.touch()
    long = tmp_path / ("n" * 252)
    long.touch()
    for path in (tmp_path / "gone" / "headwaters.db", database / "headwaters.db", long):
        with pytest.raises(Unavailable) as down:
            sqlite_place(path)
        assert down.value.code is Code.DATABASE_DOWN
        assert str(path) in str(down.value)


class _Over(Exception):
    """Nothing of it is kept."""


async def test_who_may_not_ask_for_the_cluster_is_not_sure(postgresql_url: str) -> None:
    found: list[Place] = []

    def ask(conn: Connection) -> None:
        conn.execute(text("CREATE ROLE headwaters_guest"))
        conn.execute(text("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"))
        conn.execute(text("SET LOCAL ROLE headwaters_guest"))
        found.extend([postgres_place(conn), postgres_place(conn)])
        raise _Over

    async with Database(postgresql_url) as database:
        sure = await database.place()
        with pytest.raises(_Over):
            await database.write(ask)
        assert await database.place() == sure
    assert (sure.is_sure, found[0].is_sure) == (True, False)
    assert found[0] == found[1]
    assert found[0].name != sure.name
