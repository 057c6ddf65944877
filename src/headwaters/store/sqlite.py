"""SQLite: one writer thread that commits in groups, and a few reader threads with a snapshot each.

docs/decisions/writer.md says why. WAL with synchronous=FULL: what was answered survives a power cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

import sqlalchemy
from sqlalchemy.pool import NullPool

from headwaters.store.connection import (
    Connection,
    SqliteConnection,
    TransactionLost,
    database_down,
    is_machine_trouble,
    translate,
)
from headwaters.store.jobs import Bell, Job, tell

log = logging.getLogger(__name__)
T = TypeVar("T")

READERS = 3
LARGEST_BATCH = 256  # jobs to a commit
LONGEST_BATCH = 0.02  # seconds of running jobs before a commit; who waits longer waits for the next
CROWD = 4  # jobs in one commit, after which many more are on their way
GATHER = 0.003  # seconds that the first of a crowd waits for others: a commit costs nearly as much for few as for many
LONGEST_WAIT = 60.0  # seconds for another process's write to end
_POLL_MS = 10  # SQLite's own wait (1, 2 and 5 ms steps) between our looks at the clock
SLOW_JOB = 0.25  # seconds; nothing slow may run inside a transaction
_SETTINGS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-8000",  # KiB. No mmap: there a failing disk kills the process instead of one statement
    "PRAGMA journal_size_limit=67108864",
    # A day of many orders touches pages all over the indexes: the more of a page's versions wait in the WAL, the fewer
    # are copied into the database. 64 MB of it are read within a moment where a process died.
    "PRAGMA wal_autocheckpoint=16000",
)


def connect(path: Path, wait: float = LONGEST_WAIT) -> sqlite3.Connection:
    """A driver connection in WAL mode and our settings, transactions by hand, for the calling thread only.

    A file that is not there is made, for its owner's eyes only: it holds addresses and keys.
    """
    with contextlib.suppress(OSError):  # it exists; or it cannot be made, and then SQLite says so
        path.touch(mode=0o600, exist_ok=False)
    driver = sqlite3.connect(path, timeout=wait, isolation_level=None, cached_statements=512)
    try:
        _enter_wal(driver)
        for setting in _SETTINGS:
            driver.execute(setting)
        driver.create_function("lower", 1, _lower, deterministic=True)
    except BaseException:
        driver.close()
        raise
    return driver


def _lower(text: str | None) -> str | None:
    """SQLite's own knows the letters A to Z alone; PostgreSQL's knows all."""
    return None if text is None else text.lower()


def _primary(error: sqlite3.Error) -> int:
    """SQLite's primary result code, without its extension."""
    return error.sqlite_errorcode & 0xFF


def _enter_wal(driver: sqlite3.Connection) -> None:
    """Changing the journal does not wait for other connections by itself, so look again until it may."""
    give_up = time.monotonic() + LONGEST_WAIT
    while True:
        try:
            driver.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if _primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
        else:
            return


def engine_over(driver: sqlite3.Connection) -> sqlalchemy.Engine:
    """A SQLAlchemy engine that knows this one driver connection. It never begins, commits or rolls back."""
    return sqlalchemy.create_engine("sqlite://", poolclass=NullPool, creator=lambda: driver, hide_parameters=True)


class _Thread:
    """A thread that owns one connection and runs jobs from a queue until it meets None."""

    def __init__(self, name: str, path: Path, queue: SimpleQueue[Job | None]) -> None:
        self._path = path
        self._queue = queue
        self._opened: SimpleQueue[BaseException | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)

    def start(self) -> None:
        """Start, and wait until the connection is there. Raises what opening it raised."""
        self._thread.start()
        if (error := self._opened.get()) is not None:
            self._thread.join()
            raise translate(error)

    def join(self) -> None:
        """Wait until the queue is worked off up to its None."""
        self._thread.join()

    def _live(self) -> None:
        try:
            self._driver = self._connect()
            self._sqlalchemy = engine_over(self._driver).connect()
        except BaseException as error:  # told to whoever opens
            self._opened.put(error)
            return
        self._opened.put(None)
        try:
            while self._work():
                pass
        finally:
            self._sqlalchemy.close()  # and the driver's with it

    def _connect(self) -> sqlite3.Connection:
        raise NotImplementedError

    def _work(self) -> bool:
        """Wait for jobs and run them; False at the end."""
        raise NotImplementedError

    def _call(self, job: Job) -> None:
        """Run `job` on a Connection of its own; a statement that failed is an error even if it made light of it."""
        conn = SqliteConnection(self._sqlalchemy, self._driver)
        try:
            value = job.fn(conn)
            if conn.failure is not None:
                raise conn.failure
            if not self._driver.in_transaction:
                raise TransactionLost("SQLite rolled the transaction back")
        except BaseException as error:
            if conn.failure is not None and is_machine_trouble(conn.failure):
                raise conn.failure from error
            raise
        else:
            job.succeed(value, conn)
        finally:
            conn.close()

    def _end(self) -> None:
        """End the transaction without keeping anything."""
        try:
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
        except sqlite3.Error as error:
            log.error("a transaction could not be rolled back: %s", error)


class Reader(_Thread):
    """Reads: each job in one snapshot, on a connection that cannot write."""

    def _connect(self) -> sqlite3.Connection:
        driver = connect(self._path)
        driver.execute("PRAGMA query_only=ON")
        return driver

    def _work(self) -> bool:
        job = self._queue.get()
        if job is None:
            self._queue.put(None)  # for the next reader
            return False
        if not job.abandoned:
            self._answer(job)
        return True

    def _answer(self, job: Job) -> None:
        try:
            self._driver.execute("BEGIN")
            self._call(job)
        except BaseException as error:  # the caller's to handle
            job.fail(translate(error))
        self._end()
        tell((job,))


class Writer(_Thread):
    """Writes: the jobs that wait are run in one transaction and answered after its commit."""

    def __init__(self, name: str, path: Path, queue: SimpleQueue[Job | None], bell: Bell) -> None:
        super().__init__(name, path, queue)
        self._bell = bell
        self._crowded = False  # whether the last batch was a crowd

    def _connect(self) -> sqlite3.Connection:
        driver = connect(self._path)
        driver.execute(f"PRAGMA busy_timeout={_POLL_MS}")
        return driver

    def _work(self) -> bool:
        job = self._queue.get()
        if job is None:
            return False
        if self._crowded:
            time.sleep(GATHER)
        batch = [job]
        if self._together(batch):
            self._tell(batch)
        else:
            for each in batch:
                self._alone(each)
                self._tell([each])
        self._crowded = len(batch) >= CROWD
        return True

    def _tell(self, batch: list[Job]) -> None:
        tell(batch)
        if any(job.rings for job in batch):
            self._bell.ring()

    def _together(self, batch: list[Job]) -> bool:
        """Run `batch` and what joins it in one transaction. False: it is lost, and nothing of it is kept."""
        try:
            self._begin()
        except sqlite3.Error as error:
            batch.extend(self._waiting())
            for job in batch:
                job.fail(translate(error))
            return True
        try:
            if not self._in_one_go(batch):
                self._begin()
                for job in self._joining(batch):
                    self._in_savepoint(job)
            self._driver.execute("COMMIT")
        except BaseException as error:  # whatever it is, nobody is left without an answer
            log.warning("a commit of %d writes failed (%s); each is run again alone", len(batch), error)
            self._end()
            return False
        return True

    def _in_one_go(self, batch: list[Job]) -> bool:
        """Run the first job and what joins it. False: one of them raised, and all is rolled back.

        Without savepoints, for which SQLite copies each page before it changes: few functions raise in here.
        """
        try:
            for job in self._joining(batch):
                self._call(job)
        except BaseException as error:  # told when it is run again
            if is_machine_trouble(error):
                raise
            self._end()
            return False
        return True

    def _begin(self) -> None:
        """Take the write lock, waiting for other processes as long as it takes (up to LONGEST_WAIT)."""
        give_up = time.monotonic() + LONGEST_WAIT
        while True:
            try:
                self._driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if _primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
            else:
                return

    def _joining(self, batch: list[Job]) -> Iterator[Job]:
        """The jobs of `batch`, and then what waits by the time they are done, up to the limits; noted in `batch`."""
        began = time.perf_counter()
        waiting = self._waiting()
        for number, job in enumerate(batch, 1):
            before = time.perf_counter()
            if not job.abandoned:
                yield job
            now = time.perf_counter()
            if now - before > SLOW_JOB:
                log.warning("%s took %.2f s of the writer's time", job.name, now - before)
            if number == len(batch) < LARGEST_BATCH and now - began <= LONGEST_BATCH:
                batch.extend(islice(waiting, 1))

    def _waiting(self) -> Iterator[Job]:
        """Jobs from the queue, as long as there are any."""
        with contextlib.suppress(Empty):
            while True:
                job = self._queue.get_nowait()
                if job is None:
                    self._queue.put(None)  # the end stays the end
                    return
                yield job

    def _in_savepoint(self, job: Job) -> None:
        """Run one job; if it raises, only its own changes go. Raises TransactionLost when more than that is gone."""
        self._driver.execute("SAVEPOINT job")
        try:
            self._call(job)
        except BaseException as error:  # the caller's to handle
            if is_machine_trouble(error) or not self._driver.in_transaction:
                raise TransactionLost(str(error)) from error
            self._driver.execute("ROLLBACK TO job")
            job.fail(translate(error))
        self._driver.execute("RELEASE job")

    def _alone(self, job: Job) -> None:
        """Run one job in a transaction of its own."""
        if job.abandoned:
            return
        try:
            self._begin()
            self._call(job)
            self._driver.execute("COMMIT")
        except BaseException as error:  # the caller's to handle
            job.fail(translate(error))
            self._end()


class Sqlite:
    """The database behind `Database` where its address is a file."""

    def __init__(self, path: Path, bell: Bell) -> None:
        self._path = path
        self._bell = bell
        self._lock = threading.Lock()
        self._open = False
        self._threads: list[_Thread] = []

    def open(self) -> None:
        """Start the threads. Blocks. Raises Unavailable(DATABASE_DOWN) where the file cannot be opened."""
        self._writes: SimpleQueue[Job | None] = SimpleQueue()
        self._reads: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [Writer("headwaters-writer", self._path, self._writes, self._bell)]
        self._threads += [Reader(f"headwaters-reader-{n}", self._path, self._reads) for n in range(READERS)]
        started: list[_Thread] = []
        try:
            for thread in self._threads:
                thread.start()
                started.append(thread)
        except BaseException:
            self._threads = started
            self._end()
            raise
        self._open = True

    def close(self) -> None:
        """Carry out what waits, and end. Blocks."""
        with self._lock:
            self._open = False
        self._end()

    def _end(self) -> None:
        if self._threads:
            self._writes.put(None)
            self._reads.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []

    def write(self, fn: Callable[[Connection], T]) -> asyncio.Future[T]:
        """Queue a write of the running event loop."""
        return self._queue(self._writes, fn)

    def read(self, fn: Callable[[Connection], T]) -> asyncio.Future[T]:
        """Queue a read of the running event loop."""
        return self._queue(self._reads, fn)

    def _queue(self, queue: SimpleQueue[Job | None], fn: Callable[[Connection], T]) -> asyncio.Future[T]:
        job = Job(fn, asyncio.get_running_loop())
        with self._lock:  # nothing may come after the end
            if not self._open:
                raise database_down()
            queue.put(job)
        return job.future
