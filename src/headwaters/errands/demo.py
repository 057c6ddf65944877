"""The demo's shop: three works made here, published as a creator would, with the tills that need nobody."""

from __future__ import annotations

import asyncio
from pathlib import Path

from headwaters.actions.shop import change_settings
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.shop import Settings
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


def _is_free(settings: Settings, works: int) -> bool:
    """Whether a shop is the demo's, or nobody's yet."""
    if settings.name == CREATOR:
        return True
    own = settings.name or settings.creator or settings.by_hand_instructions or settings.stripe_secret_key
    return not own and not works


async def make_demo(house: House, progress: Progress) -> None:
    """Make and publish the works of a shop that lacks them. Interrupted, it can be run again.

    Raises Refused(SHOP_EXISTS) for a shop of somebody: its readers would be told of an invented account.
    """
    made = sorted(path.parent for path in originals_of(house.config.shop).glob("*/work.toml"))
    works = await house.db.read(list_works)
    if made and len(works) >= len(made):
        return
    if not _is_free(house.now.settings, len(works)):
        raise Refused(
            Code.SHOP_EXISTS,
            N_("The shop in %(shop)s is no demo, so it stays as it is."),
            hint=N_("Give the demo a folder of its own: headwaters demo --shop DIR"),
            shop=str(house.config.shop),
        )
    await house.db.write(lambda conn: change_settings(conn, _SETTINGS))
    await refresh(house)
    made = made or await asyncio.to_thread(make_works, originals_of(house.config.shop), progress)
    for outcome in await publish(house, made, {}):
        if isinstance(outcome, Failure):
            raise outcome.error
    await refresh(house)
