"""INSERTs that are compiled once (Prepared): of a row, or of one that may be there already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects.postgresql import insert

from headwaters.store.connection import Prepared, PreparedInsert

# SQLite has learnt PostgreSQL's ON CONFLICT, and SQLAlchemy compiles the one's insert for the other.


def _values(columns: Sequence[str]) -> dict[str, Any]:
    return {name: bindparam(name) for name in columns}


def adding(table: Table, *columns: str) -> PreparedInsert:
    """INSERT that tells the id."""
    return PreparedInsert(insert(table).values(_values(columns)))


def putting(table: Table, *columns: str) -> Prepared:
    """INSERT of a row whose id nobody asks for."""
    return Prepared(insert(table).values(_values(columns)))


def adding_once(table: Table, *columns: str) -> PreparedInsert:
    """INSERT … ON CONFLICT DO NOTHING that tells the id: None where a unique constraint says that it was done."""
    return PreparedInsert(insert(table).values(_values(columns)).on_conflict_do_nothing())


def putting_once(table: Table, *columns: str) -> Prepared:
    """INSERT … ON CONFLICT DO NOTHING: it touches no row where a unique constraint says that it was done before."""
    return Prepared(insert(table).values(_values(columns)).on_conflict_do_nothing())
