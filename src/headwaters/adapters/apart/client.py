"""Asks a function of an adapter in a process of its own, with limits (`zygote.py` forks it): whatever a stranger's file
does to it, the shop has an answer, or `Lost`."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from headwaters.adapters.apart.limits import Limits
from headwaters.adapters.apart.program import environment
from headwaters.adapters.apart.wire import BEGUN, CALL, END, LENGTH, Answer, Question, error_of, pack, unpacker

__all__ = ["HERE", "Apart", "Lost", "Task", "lent"]

log = logging.getLogger(__name__)

IDLE = 20.0  # seconds after which the zygote goes, and its memory with it
_ATTEMPTS = 3  # to be begun at all: it may be going just now
_GRACE = 20.0  # seconds that a killed child may take to be gone
_PIECE = 1 << 18

_ANSWERS = unpacker(Answer)
_unpacker: Callable[[Any], msgspec.msgpack.Decoder[Any]] = cache(unpacker)

T = TypeVar("T")


class Lost(Exception):
    """There is no answer: it took too long or too much, or it crashed. Told in the log."""


@dataclass(frozen=True, slots=True)
class Task(Generic[T]):
    """A function of a module that the shop itself does not load, and what it gives. What it takes can be packed."""

    module: str
    name: str
    gives: type[T]


class _Call:
    """A question that is being answered. Whoever closes it ends its child."""

    def __init__(self) -> None:
        self._lock, self._open, self.let_go = threading.Lock(), -1, False

    def begin(self, leash: int) -> None:
        with self._lock:
            self._open = leash
            if self.let_go:
                self._close()

    def close(self) -> None:
        with self._lock:
            self.let_go = True
            self._close()

    def end(self) -> None:
        """There is nothing more to hear."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._open >= 0:
            os.close(self._open)
            self._open = -1

    def write(self, data: bytes, seconds: float) -> None:
        """As much as somebody reads in that time. Under the lock: a number that was closed is soon another file's."""
        view, until, poll = memoryview(data), time.monotonic() + seconds, select.poll()
        with self._lock:
            if not self.let_go:
                poll.register(self._open, select.POLLOUT)
        with suppress(BrokenPipeError):
            while view and (left := until - time.monotonic()) > 0:
                ready = poll.poll(min(left, 1.0) * 1000)
                with self._lock:
                    if self.let_go:
                        return
                    view = view[os.write(self._open, view[: select.PIPE_BUF]) if ready else 0 :]


class Apart:
    """One zygote, started when it is asked for the first time. Use it from any thread. `folders`: to import from,
    besides what is installed."""

    def __init__(self, idle: float = IDLE, folders: Sequence[Path] = ()) -> None:
        self._idle, self._folders = idle, tuple(map(str, folders))
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the zygote, while it is there."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def ask(self, task: Task[T], limits: Limits, *arguments: object, lend: Sequence[int] = ()) -> T:
        """What the function gives. Blocks. `lend`: descriptors that it may use, under the numbers that they have here.

        Raises what the function raised of our own errors and of OSError; Lost.
        """
        return self._ask(_Call(), task, limits, arguments, lend)

    async def ask_async(self, task: Task[T], limits: Limits, *arguments: object, lend: Sequence[int] = ()) -> T:
        """As `ask`. Cancelled, it ends the child and waits for its end."""
        call = _Call()
        asking = asyncio.ensure_future(asyncio.to_thread(self._ask, call, task, limits, arguments, lend))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            call.close()
            await asyncio.wait({asking})
            asking.exception()  # nobody asks any more
            raise

    def close(self) -> None:
        """End the zygote, and all that it forked; wait for it. It is started again when it is asked again."""
        with self._lock:
            process = self._process
            self._hang_up()
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)

    # ── one question ─────────────────────────────────────────────────────────────────────────────

    def _ask(self, call: _Call, task: Task[T], limits: Limits, arguments: Sequence[object], lend: Sequence[int]) -> T:
        question = Question(msgspec.Raw(pack(arguments)), limits, tuple(lend))
        data = pack(question)
        for _ in range(_ATTEMPTS):
            if call.let_go:
                break
            try:
                said = self._converse(call, task, LENGTH.pack(len(data)) + data, limits, lend)
            except OSError as error:
                log.warning("no process of its own for %s: %s", task.name, error)
                continue
            if call.let_go:
                raise _lost(task, "it took too long or said too much, or nobody wants it any more")
            if said.startswith(BEGUN):
                return _understood(task, said)
        raise _lost(task, "it was not begun")

    def _converse(self, call: _Call, task: Task[T], data: bytes, limits: Limits, lend: Sequence[int]) -> bytearray:
        """All that was said, if anything."""
        ours, theirs = os.pipe()
        try:
            try:
                source, leash = os.pipe()
                call.begin(leash)
                try:
                    self._send(task, [source, theirs, *lend])
                finally:
                    os.close(source)
            finally:
                os.close(theirs)
            call.write(data, limits.wall)
            if (said := _read(call, ours, limits)) is None:
                self._kill()  # it does not even bury its dead
                raise _lost(task, "it did not end")
            return said
        finally:
            call.end()
            os.close(ours)

    # ── the zygote ───────────────────────────────────────────────────────────────────────────────

    def _send(self, task: Task[Any], descriptors: Sequence[int]) -> None:
        record = f"{task.module}:{task.name}".encode("ascii").ljust(CALL, b"\0")
        with self._lock:
            if self._control is not None:
                with suppress(BrokenPipeError, ConnectionResetError):
                    socket.send_fds(self._control, [record], descriptors)
                    return
                self._hang_up()  # it went
            self._control = self._start()
            socket.send_fds(self._control, [record], descriptors)

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        own = {"IMAGEIO_FFMPEG_EXE": path} if (path := os.environ.get("IMAGEIO_FFMPEG_EXE")) else {}
        with theirs:
            number = theirs.fileno()
            arguments = (str(number), str(self._idle), *self._folders)
            self._process = process = subprocess.Popen(
                [sys.executable, "-I", "-m", "headwaters.adapters.apart.zygote", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**environment(), **own},
                pass_fds=(number,),
                start_new_session=True,
            )
        threading.Thread(target=process.wait, name="apart", daemon=True).start()  # no corpse stays
        atexit.unregister(self.close)
        atexit.register(self.close)
        return ours

    def _kill(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()
            self._hang_up()

    def _hang_up(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None


HERE = Apart()
"""This process's own."""


def lent(path: Path) -> tuple[int, ...]:
    """The descriptor that a path leads to, where it is a link to one of this process: it has to be lent, or the path
    leads elsewhere."""
    with suppress(OSError, ValueError):
        folder, _, number = str(path.readlink()).rpartition("/")
        if folder == "/proc/self/fd":
            return (int(number),)
    return ()


def _read(call: _Call, ours: int, limits: Limits) -> bytearray | None:
    """All that is said; what comes after the call was let go is not kept. None where it does not end."""
    said, poll, until = bytearray(), select.poll(), time.monotonic() + limits.wall
    poll.register(ours, select.POLLIN)
    while True:
        left = until - time.monotonic()
        if not call.let_go and (left <= 0 or len(said) > limits.output):
            call.close()
            until = time.monotonic() + _GRACE
        elif left <= 0:
            return None
        elif poll.poll(left * 1000):
            if not (data := os.read(ours, _PIECE)):
                return said
            if not call.let_go:
                said += data


def _understood(task: Task[T], said: bytearray) -> T:
    begun = len(BEGUN) + LENGTH.size
    if len(said) < len(BEGUN) + END.size:
        raise _lost(task, "it was killed")
    (status,) = END.unpack(said[-END.size :])
    if os.WIFSIGNALED(status):
        raise _lost(task, f"it ended by {signal.Signals(os.WTERMSIG(status)).name}")
    data = bytes(said[begun : -END.size])
    if status or len(said) < begun + END.size or len(data) != LENGTH.unpack(said[len(BEGUN) : begun])[0]:
        raise _lost(task, "it ended without an answer")
    try:
        return _given(task, _ANSWERS.decode(data))
    except (msgspec.MsgspecError, UnicodeError):
        raise _lost(task, "it does not make sense") from None


def _given(task: Task[T], answer: Answer) -> T:
    if answer.told is not None:
        raise error_of(answer.told)
    if answer.disk is not None:
        raise OSError(*answer.disk)
    if answer.memory:
        raise _lost(task, "it had too little memory")
    if answer.bug:
        log.error("%s failed in a process of its own:\n%s", task.name, answer.bug)
        raise Lost(task.name)
    given: T = _unpacker(task.gives).decode(answer.value)
    return given


def _lost(task: Task[Any], why: str) -> Lost:
    log.warning("%s in a process of its own: %s", task.name, why)
    return Lost(why)
