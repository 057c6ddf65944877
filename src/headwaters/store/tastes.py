"""Tastes: what is not wanted any more goes at once, as it was for everybody; and what the shop noted of a file."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select, update

from headwaters.core.works.editions import Role
from headwaters.core.works.makings import MakingState
from headwaters.core.works.recipes import Wish, base_of
from headwaters.core.works.taste_recipes import TASTES
from headwaters.store.db import Connection
from headwaters.store.tables import files, makings

_BEGUN = tuple(state.value for state in MakingState if state is not MakingState.WAITING)  # that goes another way


def note_details(conn: Connection, file_id: int, details: str) -> None:
    """What the shop found out about a file."""
    conn.execute(update(files).where(files.c.id == file_id).values(details=details))


def drop_stale(conn: Connection, edition_id: int, wanted: Collection[Wish]) -> int:
    """Take away what can be tried of an edition and is not wanted; how many files that were. Wanted again, it is made
    again. Whoever is just making it finds that it is not theirs any more, and nothing comes of it."""
    keep = {(wish.file_id, wish.recipe) for wish in wanted}
    begun = select(makings.c.id, makings.c.file_id, makings.c.recipe).where(
        makings.c.edition_id == edition_id, makings.c.state.in_(_BEGUN)
    )
    stale = [
        row.id for row in conn.execute(begun) if base_of(row.recipe) in TASTES and (row.file_id, row.recipe) not in keep
    ]
    if stale:
        conn.execute(delete(makings).where(makings.c.id.in_(stale)))
    there = select(files.c.id, files.c.made_from, files.c.recipe).where(
        files.c.edition_id == edition_id, files.c.role == Role.TASTE.value
    )
    gone = [row.id for row in conn.execute(there) if (row.made_from or 0, row.recipe) not in keep]
    if gone:
        conn.execute(delete(files).where(files.c.id.in_(gone)))
    return len(gone)
