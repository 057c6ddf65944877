"""A verb and its line in the audit log, in one transaction: neither is there without the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from headwaters.core.clock import to_micros
from headwaters.core.deeds import Deed
from headwaters.store.db import Connection
from headwaters.store.deeds import add_deed

T = TypeVar("T")


def noted(verb: Callable[[Connection], T], deed: Deed, now: datetime) -> Callable[[Connection], T]:
    """`verb` as a function for `db.write` that also notes `deed`. What is refused, and what answers False because it
    was done before, leaves no line."""

    def run(conn: Connection) -> T:
        value = verb(conn)
        if value is not False:
            add_deed(conn, deed, to_micros(now))
        return value

    return run
