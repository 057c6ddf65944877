"""The house as errands and pages see it: the ports, the memory, and what the shop is right now.

`wiring` fills it once for a process; tests fill it with what they want to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from headwaters.config import Config
from headwaters.core.shop import Settings
from headwaters.ports import Mailer, Media, Storage, Till
from headwaters.store.db import Database


@dataclass(frozen=True, slots=True)
class Now:
    """What may change while the process runs, taken together under one version of the catalogue."""

    version: int
    settings: Settings
    tills: Mapping[str, Till]  # the tills that are on, in the order they are offered


@dataclass(slots=True)
class House:
    """Everything an errand needs. `now` is replaced whole when the catalogue's version moves."""

    config: Config
    db: Database
    storage: Storage
    media: Media
    mailer: Mailer | None
    clock: Callable[[], datetime]
    token: Callable[[], str]  # a fresh unguessable token (130 bits, 26 characters of a–z and 2–7)
    make_tills: Callable[[Config, Settings], Mapping[str, Till]]
    now: Now
    shop_key: bytes  # 32 random bytes from the shop's key file; derive, never use as it is
