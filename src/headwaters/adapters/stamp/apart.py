"""The Stamper port as a shop has it: each file is read, and its copy written, in a process of its own."""

from __future__ import annotations

from pathlib import Path

from headwaters.adapters.apart.client import HERE, Apart, Lost, Task, lent
from headwaters.adapters.apart.limits import GIGABYTE, Limits
from headwaters.adapters.apart.wire import plain
from headwaters.adapters.stamp.base import TAKES_TOO_MUCH, cleaned_beside
from headwaters.core.works.stamps import Facts
from headwaters.ports import Examined, Stamped, StampWish

_TASKS = "headwaters.adapters.stamp.stamper"
EXAMINE = Task(_TASKS, "examine", Examined)
STAMP = Task(_TASKS, "stamp", Stamped)
MEMORY = 2 * GIGABYTE
PATIENCE = 120  # seconds for a file without bytes
SLOWEST = 2_000_000  # bytes a second: a large film is read three times, on a disk that has other work


class StamperApart:
    """Stateless; use it from any thread."""

    def __init__(self, apart: Apart = HERE) -> None:
        self._apart = apart

    def examine(self, path: Path, name: str, facts: Facts | None) -> Examined:
        """See ports.Stamper."""
        limits = limits_for(path.stat().st_size)
        try:
            return self._apart.ask(EXAMINE, limits, path.absolute(), plain(name), facts, lend=lent(path))
        except Lost:
            return Examined(why=TAKES_TOO_MUCH, unread=True)

    def stamp(self, path: Path, name: str, target: Path, wish: StampWish) -> Stamped:
        """See ports.Stamper."""
        limits = limits_for(path.stat().st_size)
        question = path.absolute(), plain(name), target.absolute(), wish
        try:
            return self._apart.ask(STAMP, limits, *question, lend=lent(path))
        except Lost:
            target.unlink(missing_ok=True)
            cleaned_beside(target).unlink(missing_ok=True)
            return Stamped(False, why=TAKES_TOO_MUCH)


def limits_for(size: int) -> Limits:
    """By the bytes that there are to be read."""
    seconds = PATIENCE + size // SLOWEST
    return Limits(wall=seconds, cpu=seconds, memory=MEMORY, output=size + GIGABYTE, nice=0)
