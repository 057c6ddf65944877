"""Verbs of saved answers: keep one, change it, delete it."""

from __future__ import annotations

from datetime import datetime

from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, Conflict, Refused
from headwaters.core.letters import clean_letter, clean_title
from headwaters.store import saved as rows
from headwaters.store.db import Connection
from headwaters.store.saved import SavedRow

MOST_SAVED = 100


def _cleaned(title: str, body: str) -> tuple[str, str]:
    """Both are looked at, and the title is complained of first."""
    return clean_title(title), clean_letter(body)


def _check_free(conn: Connection, title: str, but: int | None = None) -> None:
    """Nobody tells “Thank you” from “thank you” in a list."""
    for saved in rows.all_saved(conn):
        if saved.id != but and saved.title.casefold() == title.casefold():
            raise _taken(title)


def _taken(title: str) -> Conflict:
    message = N_("There is a saved answer with the title “%(title)s” already.")
    return Conflict(Code.SAVED_TAKEN, message, hint=N_("Choose another title."), field="title", title=title)


def add_saved(conn: Connection, title: str, body: str, now: datetime) -> SavedRow:
    """Keep an answer. Raises Refused(SAVED_TITLE | LETTER_EMPTY | SAVED_FULL), TooLarge, Conflict(SAVED_TAKEN)."""
    title, body = _cleaned(title, body)
    _check_free(conn, title)
    if rows.count_saved(conn) >= MOST_SAVED:
        raise Refused(
            Code.SAVED_FULL,
            N_("%(limit)d saved answers are kept, and there are as many."),
            hint=N_("Delete one that you do not use."),
            limit=MOST_SAVED,
        )
    saved = rows.add_saved(conn, title, body, to_micros(now))
    if saved is None:
        raise _taken(title)
    return saved


def change_saved(conn: Connection, saved_id: int, seen: int, title: str, body: str, now: datetime) -> bool:
    """Change the saved answer that was `seen` (its `changed_at`). False: it says just that already.

    Raises as `add_saved`, NotFound(SAVED_UNKNOWN), Conflict(SAVED_CHANGED) where somebody else changed it meanwhile.
    """
    title, body = _cleaned(title, body)
    present = rows.saved_by_id(conn, saved_id)
    if (present.title, present.body) == (title, body):
        return False
    _check_free(conn, title, but=saved_id)
    if not rows.change_saved(conn, saved_id, seen, title, body, to_micros(now)):
        raise Conflict(
            Code.SAVED_CHANGED,
            N_("This saved answer was changed in the meantime, so nothing was overwritten."),
            hint=N_("Look at what it says now, and keep yours in its place if you still want to."),
        )
    return True


def delete_saved(conn: Connection, saved_id: int) -> bool:
    """Delete it. False: it was gone already."""
    return rows.delete_saved(conn, saved_id)
