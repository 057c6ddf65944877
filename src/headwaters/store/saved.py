"""Named queries of saved answers: what the creator writes often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from headwaters.core.errors import N_, Code, NotFound
from headwaters.store.connection import Connection
from headwaters.store.tables import saved_answers


@dataclass(frozen=True, slots=True)
class SavedRow:
    """A saved answer. `changed_at` (microseconds) rises with each change: who edits says which one they saw."""

    id: int
    title: str
    body: str
    changed_at: int


_COLUMNS = (saved_answers.c.id, saved_answers.c.title, saved_answers.c.body, saved_answers.c.changed_at)


def all_saved(conn: Connection) -> list[SavedRow]:
    """All of them, by title."""
    found = conn.execute(select(*_COLUMNS)).all()
    return sorted((SavedRow(*row) for row in found), key=lambda saved: (saved.title.casefold(), saved.id))


def _one(conn: Connection, condition: Any) -> SavedRow:
    row = conn.execute(select(*_COLUMNS).where(condition)).first()
    if row is None:
        raise NotFound(Code.SAVED_UNKNOWN, N_("There is no such saved answer."))
    return SavedRow(*row)


def saved_by_id(conn: Connection, saved_id: int) -> SavedRow:
    """Raises NotFound(SAVED_UNKNOWN)."""
    return _one(conn, saved_answers.c.id == saved_id)


def saved_by_title(conn: Connection, title: str) -> SavedRow:
    """Raises NotFound(SAVED_UNKNOWN)."""
    return _one(conn, saved_answers.c.title == title)


def count_saved(conn: Connection) -> int:
    """How many there are."""
    return int(conn.execute(select(func.count()).select_from(saved_answers)).scalar() or 0)


def add_saved(conn: Connection, title: str, body: str, at: int) -> SavedRow | None:
    """Keep one; None where the title is taken."""
    values = {"title": title, "body": body, "created_at": at, "changed_at": at}
    row = conn.execute(insert(saved_answers).values(values).on_conflict_do_nothing().returning(*_COLUMNS)).first()
    return None if row is None else SavedRow(*row)


def change_saved(conn: Connection, saved_id: int, seen: int, title: str, body: str, at: int) -> bool:
    """Change the one that was `seen`. False where it is not that one any more."""
    mine = (saved_answers.c.id == saved_id, saved_answers.c.changed_at == seen)
    values = {"title": title, "body": body, "changed_at": max(at, seen + 1)}
    return conn.execute(update(saved_answers).where(*mine).values(values)).rowcount == 1


def delete_saved(conn: Connection, saved_id: int) -> bool:
    """False where it is gone already."""
    return conn.execute(delete(saved_answers).where(saved_answers.c.id == saved_id)).rowcount == 1
