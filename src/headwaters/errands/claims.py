"""Whose a store is: of several shops that keep their files in one bucket, as a shop and a restored copy of it do, one
alone may remove anything there.

    nothing is said there ─► our name is written there ─► found there the next time: ours, we clear
    another's name is there ─► nothing is removed, and that is said, until `claim`

Where nothing tells our database from a copy (store/place.py), nobody's is as another's: somebody has to say it.

Keeping and serving ask nothing of this.
"""

from __future__ import annotations

import asyncio
import logging
from enum import StrEnum

from headwaters.core.shop_marks import Mark
from headwaters.errands.house import House
from headwaters.store import shop as rows

log = logging.getLogger(__name__)


class Whose(StrEnum):
    """What the name in a store says to us."""

    OURS = "ours"
    NOBODYS = "nobodys"
    ANOTHERS = "anothers"


async def whose(house: House, place: str) -> Whose:
    """Whose a place is; a folder of this machine is ours. Raises Unavailable(STORAGE_DOWN | DATABASE_DOWN),
    Refused(CONFIG_BROKEN)."""
    shared = house.storage.shared(place)
    if shared is None:
        return Whose.OURS
    name, ours = await asyncio.to_thread(shared.name), await house.db.place()
    if not name and ours.is_sure:
        return Whose.NOBODYS
    return Whose.OURS if name == ours.name else Whose.ANOTHERS


async def whose_to_clear(house: House, place: str) -> Whose:
    """Whose a place is for somebody who wants to remove things there: only OURS may be cleared. What is NOBODYS has our
    name from now on, and is cleared when we find that there the next time: of two who wrote at once, the last one's
    stays. Raises as `whose`."""
    found = await whose(house, place)
    if found is Whose.NOBODYS:
        await _write(house, place)
    if found is Whose.ANOTHERS:
        log.warning("Nothing is removed from %s: its mark is not this shop's (“headwaters storage claim”)", place)
    if house.storage.shared(place) is not None:
        await _remember(house, place if found is Whose.ANOTHERS else "")
    return found


async def claim(house: House) -> tuple[str, ...]:
    """All places are ours from now on, whoever's they were; those where others could be. Raises as `whose`."""
    places = tuple(place for place in house.storage.names if house.storage.shared(place) is not None)
    for place in places:
        await _write(house, place)
        await _remember(house, "")
    return places


async def _write(house: House, place: str) -> None:
    shared = house.storage.shared(place)
    if shared is not None:
        await asyncio.to_thread(shared.write_name, (await house.db.place()).name)


async def _remember(house: House, place: str) -> None:
    """For `headwaters storage`, which asks no store."""
    if await house.db.read(lambda conn: rows.read_mark(conn, Mark.NOT_OURS)) != place:
        await house.db.write(lambda conn: rows.write_mark(conn, Mark.NOT_OURS, place))
