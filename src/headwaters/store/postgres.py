"""PostgreSQL: the same two verbs over a pool, each job in a worker thread and a transaction of its own."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
import sqlalchemy
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from headwaters.store.connection import Connection, TransactionLost, database_down, is_machine_trouble, translate
from headwaters.store.jobs import Bell, Job, tell

log = logging.getLogger(__name__)
T = TypeVar("T")

CONNECTIONS = 8
ATTEMPTS = 10  # more than CONNECTIONS, as each may turn out to be stale
# Serialization failure, deadlock, a lock not had in time. And a unique constraint: where two made the same thing at
# once, the second run finds what the other made, as it would have in SQLite, where one comes after the other.
_AGAIN = {"40001", "40P01", "55P03", "23505"}
_SETTINGS = (
    "SET TIME ZONE 'UTC'; SET statement_timeout = '30s'; SET lock_timeout = '10s';"
    " SET idle_in_transaction_session_timeout = '60s'; SET synchronous_commit = on"
)


def make_engine(url: sqlalchemy.URL) -> sqlalchemy.Engine:
    """An engine whose connections have our settings; transactions are the caller's."""
    engine = sqlalchemy.create_engine(
        url,
        isolation_level="AUTOCOMMIT",  # no BEGIN but ours
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_reset_on_return="rollback",
        hide_parameters=True,  # an error must not quote what somebody wrote
        connect_args={"connect_timeout": 10, "application_name": "headwaters"},
    )
    event.listen(engine, "connect", _on_connect)
    return engine


def _on_connect(driver: psycopg.Connection[Any], _record: object) -> None:
    driver.execute(_SETTINGS.encode())


class Postgres:
    """The database behind `Database` where its address is a server."""

    def __init__(self, url: sqlalchemy.URL, bell: Bell) -> None:
        self._bell = bell
        self._engine = make_engine(url)
        self._threads: ThreadPoolExecutor | None = None

    def open(self) -> None:
        """Connect once. Blocks. Raises Unavailable(DATABASE_DOWN)."""
        try:
            self._engine.connect().close()
        except DBAPIError as error:
            raise translate(error) from error
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="headwaters-database")

    def close(self) -> None:
        """Carry out what waits, and end. Blocks."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()
        self._engine.dispose()

    def write(self, fn: Callable[[Connection], T]) -> asyncio.Future[T]:
        """Queue a write of the running event loop."""
        return self._queue("BEGIN ISOLATION LEVEL READ COMMITTED", fn)

    def read(self, fn: Callable[[Connection], T]) -> asyncio.Future[T]:
        """Queue a read of the running event loop: one snapshot for the whole function."""
        return self._queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", fn)

    def _queue(self, begin: str, fn: Callable[[Connection], T]) -> asyncio.Future[T]:
        job = Job(fn, asyncio.get_running_loop())
        if self._threads is None:
            raise database_down()
        try:
            self._threads.submit(self._carry_out, begin, job)
        except RuntimeError as error:  # closed in this moment
            raise database_down() from error
        return job.future

    def _carry_out(self, begin: str, job: Job) -> None:
        if job.abandoned:
            return
        try:
            self._until_it_holds(begin, job)
        except BaseException as error:  # the caller's to handle
            job.fail(translate(error))
        tell((job,))
        if job.rings:
            self._bell.ring()

    def _until_it_holds(self, begin: str, job: Job) -> None:
        """Run the job again while the database asks for that, at most ATTEMPTS times."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(begin, job)
            except _Again as caught:
                again = caught
            if attempt == ATTEMPTS or (again.only_once and attempt > 1):
                raise again.error
            log.info("%s is run again: %s", job.name, again)
            time.sleep(random.uniform(0, 0.002 * 2**attempt))

    def _once(self, begin: str, job: Job) -> None:
        """One transaction. Raises _Again where nothing of it is kept and it may go better the next time."""
        with self._engine.connect() as connection:
            driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
            try:
                _call(begin, job, connection, driver)
                _commit(driver)
            except BaseException:
                if driver.closed:
                    connection.invalidate()
                raise


class _Again(Exception):
    """Nothing is kept; run it again, and raise `error` where it is no better then."""

    def __init__(self, error: BaseException, failure: BaseException) -> None:
        super().__init__(type(failure).__name__)
        self.error = error
        self.only_once = isinstance(failure, psycopg.errors.UniqueViolation)


def _call(begin: str, job: Job, connection: sqlalchemy.Connection, driver: Any) -> None:
    """Run `job` in a transaction and leave it open; a failed statement is an error even if it made light of it."""
    conn = Connection(connection, driver)
    try:
        conn.count(begin, ())
        value = job.fn(conn)
    except BaseException as raised:
        error = raised
    else:
        if conn.failure is None:
            job.succeed(value, conn)
            return
        error = conn.failure
    finally:
        conn.close()
    raise _verdict(error, conn.failure, driver)


def _verdict(raised: BaseException, failure: BaseException | None, driver: Any) -> BaseException:
    """What becomes of a function that raised, given the statement that failed in it, if one did."""
    if failure is None:
        return raised
    error = failure if is_machine_trouble(failure) else raised
    if driver.closed or getattr(failure, "sqlstate", None) in _AGAIN:
        return _Again(error, failure)
    return error


def _commit(driver: psycopg.Connection[Any]) -> None:
    """Commit. Not again where the answer is lost: it may have been done."""
    try:
        answer = driver.execute("COMMIT").statusmessage
    except psycopg.Error as error:
        if error.sqlstate in _AGAIN:
            raise _Again(error, error) from error
        raise
    if answer != "COMMIT":
        raise TransactionLost(f"PostgreSQL answered {answer} to COMMIT")
