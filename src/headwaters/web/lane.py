"""The fast lane: one thread that hands files to the kernel for readers who take them as fast as they come.

The event loop spends about 20 microseconds of Python each time that a socket can take more, as it puts its callback
down and takes it up again: for a fast reader as much as the kernel's own work on the megabyte that follows. Here it is
a few. And neither a large piece nor a disk that must be waited for holds up a page.
"""

from __future__ import annotations

import asyncio
import os
import select
import threading
import time
from contextlib import suppress
from functools import cache

PIECE = 4 << 20  # bytes to a call of the kernel: nobody in the lane waits long for another
MANY = 16  # readers, of whom each has enough on its way for a rest
REST = 0.003  # seconds in which more room comes together, so that it takes fewer calls
LOOK = 2.0  # seconds between looks whether a reader is still fast


class _Ride:
    """A stretch of a file on its way to one reader. `wire` is a second name of the socket: were the connection closed
    meanwhile, its number could be another's, and that one would get these bytes."""

    __slots__ = ("arrived", "file", "left", "loop", "offset", "over", "timer", "turn", "wire")

    def __init__(self, wire: int, file: int, offset: int, length: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.arrived: asyncio.Future[None] = self.loop.create_future()
        self.turn = threading.Lock()  # held by whoever touches what follows
        self.wire, self.file, self.offset, self.left = wire, file, offset, length
        self.over = False
        self.timer: asyncio.TimerHandle | None = None

    def watch(self, pace: float) -> None:
        """End it once it takes less than `pace` bytes a second."""
        self.timer = self.loop.call_later(LOOK, self._look, self.offset, pace)

    def _look(self, before: int, pace: float) -> None:
        if self.offset - before >= pace * LOOK:
            self.watch(pace)
        else:
            self.arrive(None)

    def arrive(self, error: OSError | None) -> None:
        """Wake who waits for it."""
        if self.arrived.done():
            return
        if error is None:
            self.arrived.set_result(None)
        else:
            self.arrived.set_exception(error)


class FastLane:
    """One for a process; its thread begins with the first ride, and ends with the process."""

    def __init__(self) -> None:
        self._rides: dict[int, _Ride] = {}
        self._poll = select.epoll()
        self._thread: threading.Thread | None = None

    async def send(self, socket: int, file: int, offset: int, length: int, pace: float) -> int:
        """`length` bytes of `file` from `offset` to `socket`, for as long as it takes `pace` bytes a second; how many
        went. Nobody else may write to it meanwhile. Raises OSError as sendfile does, or where the file has fewer."""
        try:
            wire = os.dup(socket)
        except OSError:  # as many files are open as may be
            return 0
        ride = _Ride(wire, file, offset, length)
        self._rides[wire] = ride
        try:
            self._poll.register(wire, select.EPOLLOUT)
            self._begin()
            ride.watch(pace)
            await ride.arrived
        finally:
            self._end(ride)
        return ride.offset - offset

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="fast lane", daemon=True)
            self._thread.start()

    def _end(self, ride: _Ride) -> None:
        if ride.timer is not None:
            ride.timer.cancel()
        with ride.turn:
            ride.over = True
            del self._rides[ride.wire]
            with suppress(OSError):
                self._poll.unregister(ride.wire)
            os.close(ride.wire)

    def _run(self) -> None:
        """Written flat: this is done some hundred times for each gigabyte."""
        poll, rides, sendfile = self._poll.poll, self._rides, os.sendfile
        while True:
            for wire, _ in poll():
                ride = rides.get(wire)
                if ride is None:
                    continue
                with ride.turn:
                    if ride.over:
                        continue
                    try:
                        sent = sendfile(wire, ride.file, ride.offset, min(ride.left, PIECE))
                    except (BlockingIOError, InterruptedError):
                        continue
                    except OSError as error:
                        self._stop(ride, error)
                        continue
                    ride.offset += sent
                    ride.left -= sent
                    if not ride.left:
                        self._stop(ride, None)
                    elif not sent:
                        self._stop(ride, OSError("a kept file is shorter than it was"))
            if len(rides) >= MANY:
                time.sleep(REST)

    def _stop(self, ride: _Ride, error: OSError | None) -> None:
        """No more of it: what the socket says from now on is its own business."""
        ride.over = True
        self._poll.unregister(ride.wire)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            ride.loop.call_soon_threadsafe(ride.arrive, error)


@cache
def fast_lane() -> FastLane | None:
    """The lane of this process; None where the system has no epoll (it is Linux's)."""
    return FastLane() if hasattr(select, "epoll") else None
