"""A throw-away PostgreSQL cluster on loopback: made once for a run, gone after it."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.addresses import free_port

# What is thrown away anyway need not survive a power cut; that headwaters is killed is no concern of these.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
    "autovacuum": "off",
}


class Cluster:
    """A running server. Databases are made from templates, which takes some 30 ms."""

    def __init__(self, port: int, password: str) -> None:
        self._port = port
        self._password = password

    def url(self, database: str) -> str:
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self._port}/{database}"

    def create(self, name: str, template: str = "template0") -> str:
        """Make the database `name` as a copy of `template`; its address."""
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)),
        )
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop the database `name`, whoever is connected."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def _as_postgres(program: Path, *arguments: str) -> list[str]:
    """The command line that runs `program`; for root as the user postgres, as PostgreSQL refuses to run as root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return [*prefix, str(program), *arguments]


@contextmanager
def cluster(initdb: Path) -> Iterator[Cluster]:
    """A server of the PostgreSQL that `initdb` belongs to."""
    folder = Path(tempfile.mkdtemp(prefix="headwaters-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    try:
        password = secrets.token_hex(16)
        _init(initdb, folder, password)
        port = free_port()
        server = _start(initdb.with_name("postgres"), folder, port)
        try:
            _wait(server, port, password, folder)
            yield Cluster(port, password)
        finally:
            subprocess.run(
                _as_postgres(initdb.with_name("pg_ctl"), "stop", "-D", f"{folder}/data", "-m", "immediate"),
                cwd="/",
                capture_output=True,
                check=False,
            )
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _init(initdb: Path, folder: Path, password: str) -> None:
    word = folder / "password"
    word.write_text(password)
    word.chmod(0o644)  # the folder is closed to others
    options = ["-U", "postgres", "-A", "scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(
        _as_postgres(initdb, "-D", f"{folder}/data", f"--pwfile={word}", *options),
        cwd="/",
        capture_output=True,
        check=True,
    )


def _start(postgres: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    log = folder / "log"
    with log.open("wb") as output:
        return subprocess.Popen(
            _as_postgres(postgres, "-D", f"{folder}/data", "-p", str(port), "-k", str(folder), *settings),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def _wait(server: subprocess.Popen[bytes], port: int, password: str, folder: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(Cluster(port, password).url("postgres")).close()
            return
        except psycopg.OperationalError:
            log = (folder / "log").read_text(errors="replace")
            assert server.poll() is None, f"PostgreSQL did not start:\n{log}"
            assert time.monotonic() < deadline, f"PostgreSQL did not answer:\n{log}"
            time.sleep(0.05)
