"""What a function inside a transaction gets: a Connection, and statements that were compiled before.

    conn.execute(select(orders).where(…))            SQLAlchemy Core, for most queries
    ORDER_ID = Prepared(select(orders.c.id).where(orders.c.token == bindparam("token")))
    ORDER_ID.scalar(conn, token="…")                 compiled once, run on the driver: for the order path

Both run on the same driver connection in the same transaction. After a statement that failed, the
transaction is over on either database: the function can only raise (as PostgreSQL has it).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, cast

import psycopg
import sqlalchemy
from sqlalchemy import CursorResult, Dialect, Executable, Insert
from sqlalchemy.exc import DBAPIError

from headwaters.core.errors import N_, Code, HeadwatersError, Unavailable

Row = tuple[Any, ...]
Parameters = Mapping[str, Any] | Sequence[Any]
DRIVER_ERRORS = (sqlite3.Error, psycopg.Error)

# SQLite's primary result codes that speak of the machine or of other processes, not of the statement.
_SQLITE_MACHINE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
# PostgreSQL's: connection, resources, operator intervention, system error; locks; cancelled by a time limit.
_POSTGRES_MACHINE = ("08", "53", "57", "58", "55P03", "40", "25006", "XX")
_POSTGRES_DISK_FULL = "53100"


class ConstraintBroken(Exception):
    """A unique, foreign-key or check constraint refused what a statement or the commit would have made."""


class TransactionLost(Exception):
    """The database gave up the transaction as a whole; nothing of it is kept."""


def is_machine_trouble(error: BaseException) -> bool:
    """Whether a driver's error is the disk's, the memory's or the network's, so that the same may work later."""
    if isinstance(error, sqlite3.Error):
        return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _SQLITE_MACHINE
    if isinstance(error, psycopg.Error):
        lost = error.sqlstate is None and isinstance(error, psycopg.OperationalError)
        return lost or (error.sqlstate or "").startswith(_POSTGRES_MACHINE)
    return isinstance(error, TransactionLost)


def _is_disk_full(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
    return isinstance(error, psycopg.Error) and error.sqlstate == _POSTGRES_DISK_FULL


def translate(error: BaseException) -> BaseException:
    """A driver's error as ours: ConstraintBroken, or Unavailable(DISK_FULL | DATABASE_DOWN); any other as it is."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, sqlite3.IntegrityError | psycopg.IntegrityError):
        return _because(ConstraintBroken(_refusal(error)), error)
    if _is_disk_full(error):
        hint = N_("Make room on the disk that holds the database.")
        return _because(Unavailable(Code.DISK_FULL, N_("The disk is full; nothing was changed."), hint=hint), error)
    if is_machine_trouble(error):
        return _because(database_down(), error)
    return error


def _refusal(error: BaseException) -> str:
    """What a constraint says, without the row: PostgreSQL quotes that below."""
    diagnosis = getattr(error, "diag", None)
    return str(diagnosis.message_primary if diagnosis is not None else error).strip()


def database_down() -> HeadwatersError:
    """The database does not answer."""
    return Unavailable(Code.DATABASE_DOWN, N_("The database does not answer; please try again in a moment."))


def _because(ours: Exception, cause: BaseException) -> Exception:
    ours.__cause__ = cause
    return ours


class Connection:
    """A connection inside one transaction, usable in its function only. The verbs of Database make it."""

    __slots__ = ("_driver", "_results", "_sqlalchemy", "failure", "rings")

    def __init__(self, connection: sqlalchemy.Connection, driver: Any) -> None:
        self._sqlalchemy = connection
        self._driver = driver
        self._results: list[CursorResult[Any]] = []
        self.failure: BaseException | None = None  # the driver's error that ended the transaction
        self.rings = False  # whether the bell rings after the commit

    @property
    def dialect(self) -> Dialect:
        """What statements are compiled for."""
        return self._sqlalchemy.dialect

    def execute(self, statement: Executable, values: Parameters | None = None) -> CursorResult[*Row]:
        """Run a SQLAlchemy Core statement; `values` as SQLAlchemy takes them (one mapping, or a list of them).

        Raises ConstraintBroken; Unavailable comes from the verb. The result ends with the transaction.
        """
        self._check()
        try:
            result = self._sqlalchemy.execute(statement, values)
        except DBAPIError as error:
            raise self._fail(error.orig or error) from error
        self._results.append(result)
        return result

    def rows(self, sql: str, values: Parameters) -> list[Row]:
        """All rows of driver's SQL. Use Prepared."""
        self._check()
        try:
            found: list[Row] = self._driver.execute(sql, values).fetchall()
        except DRIVER_ERRORS as error:
            raise self._fail(error) from error
        return found

    def count(self, sql: str, values: Parameters) -> int:
        """How many rows driver's SQL touched. Use Prepared."""
        self._check()
        try:
            touched: int = self._driver.execute(sql, values).rowcount
        except DRIVER_ERRORS as error:
            raise self._fail(error) from error
        return touched

    def last_id(self, sql: str, values: Parameters) -> int | None:
        """The id of the row that driver's INSERT made, None where it made none; SQLite's only. Use PreparedInsert."""
        self._check()
        try:
            cursor = self._driver.execute(sql, values)
        except DRIVER_ERRORS as error:
            raise self._fail(error) from error
        made: int | None = cursor.lastrowid if cursor.rowcount == 1 else None
        return made

    def many(self, sql: str, values: Iterable[Parameters]) -> None:
        """Driver's SQL once for each of `values`. Use Prepared."""
        self._check()
        try:
            self._driver.cursor().executemany(sql, values)
        except DRIVER_ERRORS as error:
            raise self._fail(error) from error

    def ring(self) -> None:
        """Something was queued: after the commit, wake who listens to the database's bell."""
        self.rings = True

    def close(self) -> None:
        """End it: from here on nothing can be run on it or read from its results. The verbs call this."""
        self._driver = None
        for result in self._results:
            result.close()

    def _check(self) -> None:
        if self.failure is not None:
            raise TransactionLost("a statement failed before: this transaction is over") from self.failure
        if self._driver is None:
            raise RuntimeError("a connection used outside its function")

    def _fail(self, error: BaseException) -> BaseException:
        self.failure = error
        return translate(error)


class SqliteConnection(Connection):
    """On SQLite. A transaction that SQLite gave up by itself must not go on statement by statement."""

    __slots__ = ()

    def _check(self) -> None:
        driver = self._driver
        if driver is None or self.failure is not None or not driver.in_transaction:
            super()._check()
            self.failure = TransactionLost("SQLite rolled the transaction back")
            raise self.failure


class _Compiled:
    """One statement for one dialect: its SQL, and how the driver wants the values."""

    __slots__ = ("arrange", "names", "sql")

    def __init__(self, statement: Executable, dialect: Dialect, columns: Sequence[str] | None) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)  # type: ignore[attr-defined]
        self.names = frozenset(name for bind, name in compiled.bind_names.items() if bind.required)
        expanded = compiled.construct_expanded_state(dict.fromkeys(self.names))  # writes out IN (…) of constants
        self.sql = expanded.statement
        constants = {name: value for name, value in expanded.parameters.items() if name not in self.names}
        self.arrange = _arrange(expanded.positiontup, constants)


def _arrange(order: Sequence[str] | None, constants: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Parameters]:
    """From values by name to what the driver takes: a tuple in order, or (order None) a mapping."""
    if order is None:
        return (lambda values: {**constants, **values}) if constants else (lambda values: values)
    if not order:
        return lambda values: ()
    pick = itemgetter(*order) if len(order) > 1 else lambda values, name=order[0]: (values[name],)
    return (lambda values: pick({**constants, **values})) if constants else pick


class Prepared:
    """A SQLAlchemy Core statement compiled once for each dialect and run on the driver. Make it at module level.

    Its parameters are its `bindparam("name")`s, and for an INSERT or UPDATE without values the `columns` named;
    constants in it stay as they are. Values are integers, text and None (no booleans: PostgreSQL knows them
    apart); rows are plain tuples, as the driver gives them. Works the same on both databases.
    """

    __slots__ = ("_columns", "_compiled", "_statement")

    def __init__(self, statement: Executable, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def all(self, conn: Connection, /, **values: Any) -> list[Row]:
        """All rows."""
        compiled = self._ready(conn, values)
        return conn.rows(compiled.sql, compiled.arrange(values))

    def first(self, conn: Connection, /, **values: Any) -> Row | None:
        """The first row, or None; for statements that give one (also RETURNING), as all are fetched."""
        compiled = self._ready(conn, values)
        found = conn.rows(compiled.sql, compiled.arrange(values))
        return found[0] if found else None

    def scalar(self, conn: Connection, /, **values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.first(conn, **values)
        return row[0] if row else None

    def run(self, conn: Connection, /, **values: Any) -> int:
        """Run it; how many rows it touched."""
        compiled = self._ready(conn, values)
        return conn.count(compiled.sql, compiled.arrange(values))

    def many(self, conn: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it once for each of `rows`."""
        compiled = self._for(conn)
        conn.many(compiled.sql, [compiled.arrange(row) for row in rows])

    def last_id(self, conn: Connection, /, **values: Any) -> int | None:
        """Connection.last_id."""
        compiled = self._ready(conn, values)
        return conn.last_id(compiled.sql, compiled.arrange(values))

    def _ready(self, conn: Connection, values: Mapping[str, Any]) -> _Compiled:
        compiled = self._for(conn)
        if values.keys() != compiled.names:
            wrong = ", ".join(sorted(values.keys() ^ compiled.names))
            raise TypeError(f"values that are missing or unknown: {wrong}")
        return compiled

    def _for(self, conn: Connection) -> _Compiled:
        dialect = conn.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self._statement, dialect, self._columns)
        return compiled


class PreparedInsert:
    """An INSERT of one row into a table with an `id`, which it tells. As Prepared otherwise.

    PostgreSQL is asked for the id with RETURNING. SQLite knows it anyway, and RETURNING makes a row several times as
    expensive there: it builds a table for its answer.
    """

    __slots__ = ("_asking", "_plain")

    def __init__(self, statement: Insert) -> None:
        self._plain = Prepared(statement)
        self._asking = Prepared(statement.returning(statement.table.c.id))

    def new_id(self, conn: Connection, /, **values: Any) -> int:
        """The id of the row that it made."""
        return cast("int", self.id_if_new(conn, **values))

    def id_if_new(self, conn: Connection, /, **values: Any) -> int | None:
        """The id of the row that it made; None where ON CONFLICT DO NOTHING did nothing."""
        if isinstance(conn, SqliteConnection):
            return self._plain.last_id(conn, **values)
        found: int | None = self._asking.scalar(conn, **values)
        return found
