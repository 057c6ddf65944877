"""A function on its way to a database thread, its answer on the way back, and the bell."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from headwaters.store.connection import Connection

log = logging.getLogger(__name__)


class Job:
    """One function and the future of its caller. What happened stays here until it is told."""

    __slots__ = ("error", "fn", "future", "loop", "rings", "value")

    def __init__(self, fn: Callable[[Connection], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.fn = fn
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.value: Any = None
        self.error: BaseException | None = None
        self.rings = False

    @property
    def name(self) -> str:
        """What the function is called, for the log (never its values)."""
        fn = self.fn.func if isinstance(self.fn, partial) else self.fn
        return getattr(fn, "__qualname__", type(fn).__name__)

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits any more."""
        return self.future.cancelled()

    def fail(self, error: BaseException) -> None:
        """Answer with `error` instead of a value."""
        self.value = None
        self.rings = False
        self.error = error
        if isinstance(error, StopIteration):  # a future refuses it
            self.error = RuntimeError("a function raised StopIteration")
            self.error.__cause__ = error

    def succeed(self, value: Any, conn: Connection) -> None:
        """Answer with `value`, unless the commit fails."""
        self.value = value
        self.error = None
        self.rings = conn.rings


def tell(jobs: Iterable[Job]) -> None:
    """Answer the callers of `jobs`, with one wake-up of each event loop. Called from any thread."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, told in by_loop.items():
        try:
            loop.call_soon_threadsafe(_answer, told)
        except RuntimeError:  # the loop is closed: nobody waits there
            log.debug("%d answers for a closed loop", len(told))


def _answer(jobs: Iterable[Job]) -> None:
    for job in jobs:
        if job.future.done():  # cancelled in the meantime
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.value)


class Bell:
    """Rung after a commit in which something was queued; who listens is woken in the loop that it listens from."""

    def __init__(self) -> None:
        self._listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    @contextmanager
    def listen(self) -> Iterator[asyncio.Event]:
        """An event of the running loop that each ring sets. Clear it before looking at what may have been queued."""
        event = asyncio.Event()
        self._listeners = {**self._listeners, event: asyncio.get_running_loop()}
        try:
            yield event
        finally:
            self._listeners = {each: loop for each, loop in self._listeners.items() if each is not event}

    def ring(self) -> None:
        """Wake all. From any thread."""
        for event, loop in self._listeners.items():
            with suppress(RuntimeError):  # its loop is closed
                loop.call_soon_threadsafe(event.set)
