"""How this process feels: how late its event loop is, how many downloads it sends."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta

from aiohttp import web

BEAT = timedelta(milliseconds=250)
_BEATS = 240  # remembered: a minute


class Pulse:
    """Beats four times a second, and notes how late each beat came: as late is whoever asks for a page just then."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=_BEATS)
        self._due: float | None = None

    def beat(self) -> None:
        """To be called each BEAT."""
        now = asyncio.get_running_loop().time()
        if self._due is not None:
            self._late.append(max(0.0, now - self._due))
        self._due = now + BEAT.total_seconds()

    def late(self) -> float:
        """Seconds that 99 of 100 beats of the last minute were late at most."""
        found = sorted(self._late)
        return found[max(0, len(found) * 99 // 100 - 1)] if found else 0.0


PULSE: web.AppKey[Pulse] = web.AppKey("pulse", Pulse)
