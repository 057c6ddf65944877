"""Wrong passwords, counted by whose they were to be: in memory, and written down every few seconds and whenever
somebody signs in, so that a flood of guesses is no flood of writes and takes no longer for a name that exists."""

from __future__ import annotations

from datetime import datetime

from headwaters.actions.signin import add_wrong_tries
from headwaters.store.db import Database


class Tries:
    """How many since they were taken last, and since when. Used by one event loop."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[int, tuple[int, datetime]] = {}

    def wrong(self, person_id: int, now: datetime) -> None:
        """One more."""
        count, since = self._found.get(person_id, (0, now))
        self._found[person_id] = count + 1, since

    async def flush(self, db: Database) -> None:
        """Write them down. What could not be is kept for the next time."""
        while self._found:
            person_id, (count, since) = self._found.popitem()
            try:
                await db.write(lambda conn, one=person_id, n=count, at=since: add_wrong_tries(conn, one, n, at))  # type: ignore[misc]
            except BaseException:
                later, _ = self._found.get(person_id, (0, since))
                self._found[person_id] = later + count, since
                raise
