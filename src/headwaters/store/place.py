"""Which database this is, of all the copies that there may be of it: a copy of a shop says the same in every row, and
differs by where it is alone.

SQLite's is told by an empty file beside it, by the number and the date that the disk gave that: who copies or restores
it gets others. PostgreSQL's by the cluster's own number and the database's in it. A copy of a whole disk has the same.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from sqlalchemy import text

from headwaters.store.connection import Connection

SUFFIX = ".here"

_MAY_ASK = text("SELECT has_function_privilege('pg_control_system()', 'execute')")
_CLUSTER = text("SELECT system_identifier FROM pg_control_system()")
_DATABASE = text("SELECT oid FROM pg_database WHERE datname = current_database()")


def sqlite_place(database: Path) -> str:
    """A name for it. Blocks. Raises OSError."""
    descriptor = os.open(database.with_name(database.name + SUFFIX), os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, 0o600)
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return _name(status.st_ino, status.st_ctime_ns)


def postgres_place(conn: Connection) -> str:
    """A name for it."""
    cluster = conn.execute(_CLUSTER).scalar() if conn.execute(_MAY_ASK).scalar() else ""
    return _name("postgresql", cluster, conn.execute(_DATABASE).scalar())


def _name(*parts: object) -> str:
    return sha256(" ".join(map(str, parts)).encode()).hexdigest()[:32]
