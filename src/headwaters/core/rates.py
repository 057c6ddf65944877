"""How often is too often: uses counted by name, in a way that stays cheap when a whole town comes at once."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Rate:
    """`most` uses in `seconds`."""

    most: int
    seconds: int


class Counts:
    """Uses of each name against one rate. Times are seconds of a clock that only moves forward.

    Time is cut into windows as long as the rate's. What was counted in the window before weighs as much as it still
    reaches into the time that the rate looks back on, as if it had been spread evenly. So a name costs one number in
    each of two dictionaries, and the older one is dropped whole when its time is over: nothing has to go through the
    names to tidy up (docs/decisions/limits.md).
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._window = 0
        self._counts: dict[bytes, int] = {}
        self._before: dict[bytes, int] = {}

    def wait(self, name: bytes, now: float) -> float:
        """Seconds until `name` may be used once more; 0.0: at once. Counts nothing."""
        passed = self._turn(now)
        counted, before = self._counts.get(name, 0), self._before.get(name, 0)
        room = self._rate.most - 1 - counted
        if room >= before * (1 - passed):
            return 0.0
        if room >= 0:  # once less of the window before counts
            return (1 - room / before - passed) * self._rate.seconds
        return (2 - (self._rate.most - 1) / counted - passed) * self._rate.seconds

    def count(self, name: bytes, now: float) -> None:
        """One use of `name`."""
        self._turn(now)
        self._counts[name] = self._counts.get(name, 0) + 1

    def _turn(self, now: float) -> float:
        """Move on to the window of `now`; the part of it that has passed."""
        window, passed = divmod(now, self._rate.seconds)
        if window > self._window:
            self._before = self._counts if window == self._window + 1 else {}
            self._counts = {}
            self._window = int(window)
        return passed / self._rate.seconds
