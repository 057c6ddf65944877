"""The tills: Stripe, by hand, practice. Each is one folder or file; which are on is the shop's own setting."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from headwaters.adapters.tills.by_hand import ByHandTill
from headwaters.adapters.tills.practice import PracticeTill
from headwaters.core.errors import Refused
from headwaters.core.sales.states import Mode
from headwaters.core.shop import Settings, is_sealed
from headwaters.ports import Till, TillCheck, Vault

if TYPE_CHECKING:
    from headwaters.config import Config

log = logging.getLogger(__name__)


def make_tills(
    config: Config, settings: Settings, *, shop_key: bytes, clock: Callable[[], datetime], vault: Vault
) -> Mapping[str, Till]:
    """The tills that are on, in the order they are offered. A till without its secrets is off, also where they are
    sealed with another shop's key.

    Beside a card till that takes real money there is no practice: it would give works away for play money.
    """
    tills: list[Till] = []
    if settings.stripe_secret_key and settings.stripe_webhook_secret:
        tills += _stripe(config, settings, shop_key, vault)
    if settings.practice == "on" and all(till.mode is not Mode.LIVE for till in tills):
        tills.append(PracticeTill(config.url, config.shop / "practice", shop_key, clock))
    if settings.by_hand != "off":
        tills.append(ByHandTill())
    return {till.name: till for till in tills}


def make_till_check(config: Config, *, shop_key: bytes) -> TillCheck:
    """What looks at the keys of the card till."""
    from headwaters.adapters.tills.stripe.check import StripeCheck

    return StripeCheck(shop_key=shop_key, api=config.stripe_api)


def _stripe(config: Config, settings: Settings, shop_key: bytes, vault: Vault) -> list[Till]:
    """Its library takes as long to load as a whole command: only where it is used."""
    from headwaters.adapters.tills.stripe import StripeTill, is_complete

    try:
        secret_key = _opened(vault, "stripe_secret_key", settings.stripe_secret_key)
        webhook_secret = _opened(vault, "stripe_webhook_secret", settings.stripe_webhook_secret)
    except Refused as locked:
        log.warning("Stripe is off: %s cannot be read with this shop's key", locked.field)
        return []
    if not is_complete(secret_key, webhook_secret):
        return []
    return [StripeTill(secret_key, webhook_secret, shop_key=shop_key, api=config.stripe_api)]


def _opened(vault: Vault, key: str, text: str) -> str:
    """A secret in the clear; one that was kept before there were vaults is."""
    return vault.open(key, text) if is_sealed(text) else text
