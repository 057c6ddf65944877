"""The demo's shop: three works made here, published as a creator would, with the tills that need nobody."""

from __future__ import annotations

import asyncio
from pathlib import Path

from headwaters.actions.shop import change_settings
from headwaters.core.errors import N_
from headwaters.demo.works import Progress, make_works
from headwaters.errands.gather import Failure
from headwaters.errands.house import House, refresh
from headwaters.errands.publish import publish
from headwaters.store.works import list_works

CREATOR = "Nell Underbrook"  # invented
_SETTINGS = {
    "name": CREATOR,
    "tagline": N_("films, music and a book from a small river"),
    "creator": CREATOR,
    "about": N_(
        "I make films and music about water, and I wrote down how to sell them without anybody in between.\n\n"
        "This is a demo: an invented creator, with works that were made by code on this very machine."
    ),
    "imprint": N_("An invented person, Riverside 1, 00000 Nowhere"),
    "practice": "on",
    "by_hand": "on",
    "by_hand_instructions": N_(
        "Transfer the amount to IBAN XX00 0000 0000 0000 0000 00 (an invented account; this is a demo), "
        "or put it under the third stone from the left."
    ),
}


def originals_of(shop: Path) -> Path:
    """Where the demo's works are made: beside the shop, as a creator's own files are."""
    return shop.with_name(f"{shop.name}-works")


async def make_demo(house: House, progress: Progress) -> None:
    """Make and publish the works of a shop that lacks them. Interrupted, it can be run again."""
    made = sorted(path.parent for path in originals_of(house.config.shop).glob("*/work.toml"))
    if made and len(await house.db.read(list_works)) >= len(made):
        return
    await house.db.write(lambda conn: change_settings(conn, _SETTINGS))
    await refresh(house)
    made = made or await asyncio.to_thread(make_works, originals_of(house.config.shop), progress)
    for outcome in await publish(house, made, {}):
        if isinstance(outcome, Failure):
            raise outcome.error
    await refresh(house)
