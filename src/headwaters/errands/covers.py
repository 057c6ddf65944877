"""Covers that the shop drew follow its colour: another accent, or a theme with one of its own, and they are drawn anew.

Which colour a cover was drawn in stands beside it, so that whatever changed it (a page, a command while nobody served,
a work that came back) is made up for at the next look. Only what a page shows: the newest edition of what is published.
"""

from __future__ import annotations

import logging

from headwaters.core.errors import NotFound, Refused
from headwaters.core.works.editions import drawn_in
from headwaters.errands.art import colour_of, draw_anew
from headwaters.errands.house import House
from headwaters.store import works as rows

log = logging.getLogger(__name__)


class Covers:
    """Draws what is due, one at a time; looks only where something of the catalogue moved."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._seen: tuple[int, str] | None = None

    async def follow(self) -> int:
        """How many were drawn anew."""
        house = self._house
        now = house.now.version, colour_of(house)
        if now == self._seen:
            return 0
        slugs = await house.db.read(lambda conn: rows.drawn_otherwise(conn, drawn_in(now[1])))
        for slug in slugs:
            try:
                await draw_anew(house, slug)
            except NotFound:
                continue  # it went away meanwhile
            except Refused as full:  # the disk: not again every two seconds, but when the catalogue moves next
                log.warning("the cover of %s keeps its old colour: %s", slug, full.code)
                break
        self._seen = now
        return len(slugs)
