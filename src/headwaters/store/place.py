"""Which database this is, of all the copies that there may be of it: a copy of a shop says the same in every row, and
differs by where it is alone.

SQLite's is told by an empty file beside it, by the number and the date that the disk gave that: who copies or restores
it gets others. PostgreSQL's by the cluster's own number and the database's in it. A copy of a whole disk has the same.
Who may not ask for the cluster's number has an unsure name, by the machine: then a copy elsewhere may have it too.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sqlalchemy import text

from headwaters.core.errors import N_, Code, Unavailable
from headwaters.store.connection import Connection

SUFFIX = ".here"

_MAY_ASK = text("SELECT has_function_privilege('pg_control_system()', 'execute')")
_CLUSTER = text("SELECT system_identifier FROM pg_control_system()")
_DATABASE = text("SELECT oid FROM pg_database WHERE datname = current_database()")
_ADDRESS = text("SELECT host(inet_server_addr()) || ' ' || inet_server_port()")


@dataclass(frozen=True, slots=True)
class Place:
    """The name of a database. `is_sure`: no copy has the same."""

    name: str
    is_sure: bool = True


def sqlite_place(database: Path) -> Place:
    """A name for it. Blocks. Raises Unavailable(DATABASE_DOWN)."""
    path = database.with_name(database.name + SUFFIX)
    try:
        with _alone(database.parent):
            status = _look_at(path, database)
    except OSError as error:
        raise Unavailable(
            Code.DATABASE_DOWN,
            N_("%(path)s can be neither made nor looked at: %(why)s."),
            hint=N_("Run the shop as the user who owns the folder that the database is in."),
            path=str(path),
            why=error.strerror or str(error),
        ) from error
    return Place(_name(status.st_ino, status.st_ctime_ns))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody sees the file before it has its owner, which moves its date."""
    with ExitStack() as stack:
        with suppress(OSError):  # some network disks have no locks
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _look_at(path: Path, database: Path) -> os.stat_result:
    """Its status; made where it is not there, for whoever the database is of. To look needs no right to read it."""
    with suppress(FileNotFoundError):
        return path.lstat()
    owner = database.stat()
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0o600)
    try:
        with suppress(PermissionError):  # only root may give files away
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def postgres_place(conn: Connection) -> Place:
    """A name for it."""
    database = conn.execute(_DATABASE).scalar()
    if conn.execute(_MAY_ASK).scalar():
        return Place(_name("postgresql", conn.execute(_CLUSTER).scalar(), database))
    address = conn.execute(_ADDRESS).scalar() or ""
    here = socket.gethostname() if address.startswith(("127.", "::1 ")) or not address else ""
    return Place(_name("postgresql", here, address, database), is_sure=False)


def _name(*parts: object) -> str:
    return sha256(" ".join(map(str, parts)).encode()).hexdigest()[:32]
