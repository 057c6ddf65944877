"""Verbs of the study: visits are added up, a reader says where they are."""

from __future__ import annotations

from collections.abc import Mapping

from headwaters.core.study.visits import bounded
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


def say_country(conn: Connection, order_id: int, country: str | None) -> bool:
    """The reader of an order says where they are, or (None) takes it back. True: it changed."""
    return sales_rows.set_country(conn, order_id, country)
