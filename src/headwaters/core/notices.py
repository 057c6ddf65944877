"""What the creator wants to be told by mail: each thing, once a day, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Wish(StrEnum):
    """each: at once, and then summed up a quarter of an hour; daily: one mail a day, where something happened."""

    EACH = "each"
    DAILY = "daily"
    NEVER = "never"


OLD_WISHES: Mapping[str, Wish] = {"on": Wish.EACH, "off": Wish.NEVER}


def read_wish(text: str) -> Wish:
    """What a row says; nothing that can be understood is silence."""
    if text in OLD_WISHES:
        return OLD_WISHES[text]
    return Wish(text) if text in set(Wish) else Wish.NEVER


def next_moment(now: datetime, hour: int) -> datetime:
    """When the daily notice of what happens at `now` goes out: the next time that it is `hour` in UTC, never `now`."""
    today = now.astimezone(UTC).replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
