"""What is remembered of the database, so that it is not asked again: never more than fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def _one(_value: object) -> int:
    return 1


class Memory(dict[object, T]):
    """A dictionary that forgets its oldest entries rather than weighing more than `most`; one entry stays, however
    heavy it is. `weigh`: what one weighs, always the same for the same."""

    def __init__(self, most: int, weigh: Callable[[T], int] = _one) -> None:
        super().__init__()
        self._most, self._weigh = most, weigh
        self._weight = 0

    def remember(self, key: object, value: T) -> None:
        """Keep `value`."""
        if key in self:
            self._weight -= self._weigh(self.pop(key))
        self[key] = value
        self._weight += self._weigh(value)
        while self._weight > self._most and len(self) > 1:
            self._weight -= self._weigh(self.pop(next(iter(self))))

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._weight = 0
