"""A draft begins."""

from __future__ import annotations

from datetime import datetime

from headwaters.core.clock import to_micros
from headwaters.store.db import Connection
from headwaters.store.uploads import add_draft


def open_draft(conn: Connection, *, ref: str, work_id: int | None, who: int | None, form: str, now: datetime) -> int:
    """A new draft of a work, or of a new edition of `work_id`; its number. `form`: JSON, as it was typed."""
    return add_draft(conn, ref, work_id, who, form, to_micros(now))
