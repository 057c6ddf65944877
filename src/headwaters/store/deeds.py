"""Named queries of the audit log. It is written to and read, never changed."""

from __future__ import annotations

import json

from sqlalchemy import insert

from headwaters.core.deeds import Deed
from headwaters.store.db import Connection
from headwaters.store.tables import audit_log


def add_deed(conn: Connection, deed: Deed, at: int) -> None:
    """One line of the log, in the transaction of what it tells of."""
    details = json.dumps(dict(deed.details), ensure_ascii=False, sort_keys=True) if deed.details else ""
    values = {"at": at, "creator_id": deed.who, "deed": deed.what.value, "subject": deed.subject, "details": details}
    conn.execute(insert(audit_log).values(values))
