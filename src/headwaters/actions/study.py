"""Verbs of the study: visits are added up, a reader says where they are."""

from __future__ import annotations

from collections.abc import Mapping

from headwaters.core.study.visits import bounded
from headwaters.store import copy_visits as copy_rows
from headwaters.store import sales as sales_rows
from headwaters.store import visits as rows
from headwaters.store.db import Connection

Visits = Mapping[tuple[str, int], Mapping[str, int]]
"""(slug of a work, days since 1970) → visits by the word of the link."""


def add_visits(conn: Connection, visits: Visits) -> int:
    """Add these visits to those that were counted; how many that were. Visits of no work are none.

    Two processes that meet may each find room for a last word: the limit bounds the table, it need not be exact.
    """
    known = rows.ids_of(conn, {slug for slug, _ in visits})
    added = 0
    for (slug, day), counts in sorted(visits.items()):
        if (work_id := known.get(slug)) is None:
            continue
        for word, count in sorted(bounded(counts, rows.words_of(conn, work_id, day)).items()):
            rows.add_visits(conn, work_id, day, word, count)
            added += count
    return added


CopyVisits = Mapping[tuple[str, int, int], int]
"""(slug of a work, number of its edition, days since 1970) → visits that copies of it brought."""


def add_copy_visits(conn: Connection, visits: CopyVisits) -> int:
    """Add these; how many that were. Those of no edition are none: anybody can write a number into a link."""
    known = copy_rows.editions_of(conn, {slug for slug, _, _ in visits})
    added = 0
    for (slug, edition, day), count in sorted(visits.items()):
        if (own := known.get((slug, edition))) is not None:
            copy_rows.add_copy_visits(conn, own, day, count)
            added += count
    return added


def say_country(conn: Connection, order_id: int, country: str | None) -> bool:
    """The reader of an order says where they are, or (None) takes it back. True: it changed."""
    return sales_rows.set_country(conn, order_id, country)
