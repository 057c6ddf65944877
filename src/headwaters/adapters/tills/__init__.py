"""The tills: Stripe, by hand, practice. Each is one folder or file; which are on is the shop's own setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from headwaters.adapters.tills.by_hand import ByHandTill
from headwaters.adapters.tills.practice import PracticeTill
from headwaters.core.sales.states import Mode
from headwaters.core.shop import Settings
from headwaters.ports import Till

if TYPE_CHECKING:
    from headwaters.config import Config


def make_tills(
    config: Config, settings: Settings, *, shop_key: bytes, clock: Callable[[], datetime]
) -> Mapping[str, Till]:
    """The tills that are on, in the order they are offered. A till without its secrets is off.

    Beside a card till that takes real money there is no practice: it would give works away for play money.
    """
    tills: list[Till] = []
    if settings.stripe_secret_key and settings.stripe_webhook_secret:
        tills += _stripe(config, settings, shop_key)
    if settings.practice == "on" and all(till.mode is not Mode.LIVE for till in tills):
        tills.append(PracticeTill(config.url, config.shop / "practice", shop_key, clock))
    if settings.by_hand != "off":
        tills.append(ByHandTill())
    return {till.name: till for till in tills}


def _stripe(config: Config, settings: Settings, shop_key: bytes) -> list[Till]:
    """Its library takes as long to load as a whole command: only where it is used."""
    from headwaters.adapters.tills.stripe import StripeTill, is_complete

    keys = settings.stripe_secret_key, settings.stripe_webhook_secret
    return [StripeTill(*keys, shop_key=shop_key, api=config.stripe_api)] if is_complete(*keys) else []
