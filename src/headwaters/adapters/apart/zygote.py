"""Forks a process for each question, with the libraries loaded already: that costs milliseconds, a start hundreds.

    python -I -m headwaters.adapters.apart.zygote <control socket> <idle seconds> [folder to import from …]

It has one thread and touches no file that it is asked about. Each child has limits of its own, answers one question,
and is killed with whatever it started when the shop lets go of the question; all are when the shop is gone, however it
went. It ends when nobody asks for a while.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fcntl import F_DUPFD_CLOEXEC, fcntl
from inspect import signature
from types import GenericAlias
from typing import NoReturn, get_type_hints

import msgspec

from headwaters.adapters.apart.limited import bind_to_parent, lay_on
from headwaters.adapters.apart.wire import BEGUN, CALL, END, LENGTH, MOST_LENT, Answer, Question, pack, told, unpacker
from headwaters.core.errors import HeadwatersError

_QUESTIONS = unpacker(Question)
_HIGH = 64  # descriptors of our own go above those that are lent


@dataclass(frozen=True, slots=True)
class _Child:
    """One that answers. `leash`: the question's end, which hangs up when the shop lets go."""

    pid: int
    leash: int
    answer: int


class _Work:
    """A function, and how its arguments are read."""

    def __init__(self, function: Callable[..., object]) -> None:
        hints = get_type_hints(function)
        kinds = tuple(hints[name] for name in signature(function).parameters)
        self.function, self.arguments = function, unpacker(GenericAlias(tuple, kinds))


class Zygote:
    """Until the shop hangs up, or nobody has asked for `idle` seconds."""

    def __init__(self, control: socket.socket, idle: float) -> None:
        self._control, self._idle, self._own = control, idle, os.getpid()
        self._bell, ringing = socket.socketpair()
        self._bell.setblocking(False)
        ringing.setblocking(False)
        self._ringing = ringing
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(ringing.fileno(), warn_on_full_buffer=False)
        self._children: dict[int, _Child] = {}
        self._works: dict[str, _Work] = {}

    def serve(self) -> None:
        """Fork, kill, bury."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        last = time.monotonic()
        try:
            while self._children or time.monotonic() - last < self._idle:
                for number, _ in poll.poll(self._idle * 1000):
                    if number == self._control.fileno():
                        last = time.monotonic()
                        if not self._take(poll):
                            return
                    elif number == self._bell.fileno():
                        last = time.monotonic()
                        self._bury(poll)
                    else:
                        self._let_go(poll, number)
        finally:
            for child in self._children.values():
                _kill(child.pid)

    def _take(self, poll: select.poll) -> bool:
        """One call. False at the end of all."""
        called, lent = _receive(self._control)
        if len(called) < CALL:
            return False
        work = self._prepared(called.rstrip(b"\0").decode("ascii"))
        try:
            pid = os.fork()
        except OSError:
            pid = -1
        if pid == 0:
            self._become_child(work, lent)
        for number in lent if pid < 0 else lent[2:]:
            os.close(number)
        if pid > 0:
            self._children[pid] = _Child(pid, lent[0], lent[1])
            poll.register(lent[0], 0)  # hanging up is always told
        return True

    def _prepared(self, name: str) -> _Work:
        """The function, its libraries loaded."""
        if (known := self._works.get(name)) is not None:
            return known
        module, _, function = name.partition(":")
        self._works[name] = work = _Work(getattr(importlib.import_module(module), function))
        gc.collect()
        gc.freeze()  # what is never looked at again is never copied
        return work

    def _let_go(self, poll: select.poll, leash: int) -> None:
        for child in self._children.values():
            if child.leash == leash:
                poll.unregister(leash)
                _kill(child.pid)
                return

    def _bury(self, poll: select.poll) -> None:
        with suppress(BlockingIOError):
            while self._bell.recv(4096):
                pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if (child := self._children.pop(pid, None)) is None:
                continue
            _kill_group(pid)  # what it started
            with suppress(KeyError):
                poll.unregister(child.leash)
            with suppress(OSError):
                os.write(child.answer, END.pack(status))
            os.close(child.answer)
            os.close(child.leash)

    def _become_child(self, work: _Work, lent: list[int]) -> NoReturn:
        """Never returns, whatever happens."""
        status = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for child in self._children.values():
                os.close(child.leash)
                os.close(child.answer)
            for end in (self._control, self._bell, self._ringing):
                end.close()
            if bind_to_parent(self._own):
                _answer(work, lent)
                status = 0
        finally:
            os._exit(status)


def _kill(pid: int) -> None:
    """With its whole family. It leads a group of its own, or is about to."""
    _kill_group(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    """A record and what came with it; less than a record when the shop is gone."""
    called, lent = b"", []
    while len(called) < CALL:
        try:
            data, descriptors, _, _ = socket.recv_fds(control, CALL - len(called), MOST_LENT + 2)
        except OSError:
            return b"", []
        lent += descriptors
        if not data:
            return b"", []
        called += data
    return called, lent


# ── in the child ─────────────────────────────────────────────────────────────────────────────────


def _answer(work: _Work, lent: list[int]) -> None:
    source, target = (fcntl(number, F_DUPFD_CLOEXEC, _HIGH) for number in lent[:2])
    os.close(lent[0])
    os.close(lent[1])
    question: Question = _QUESTIONS.decode(_read_question(source))
    source, target = _make_room(question.numbers, lent[2:], source, target)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    if nothing > 2:
        os.close(nothing)
    limits = question.limits
    lay_on(limits.cpu, limits.memory, limits.output, limits.nice)
    os.write(target, BEGUN)
    data = pack(_asked(work, question))
    with os.fdopen(target, "wb", closefd=False) as out:
        out.write(LENGTH.pack(len(data)))
        out.write(data)


def _read_question(source: int) -> bytes:
    with os.fdopen(source, "rb", closefd=False) as file:
        (length,) = LENGTH.unpack(file.read(LENGTH.size))
        return file.read(length)


def _make_room(numbers: tuple[int, ...], lent: list[int], *own: int) -> list[int]:
    """What is lent gets the numbers that it has in the shop, under which its paths name it; where `own` are now."""
    above = max((_HIGH, *numbers, *lent)) + 1
    moved = [fcntl(number, F_DUPFD_CLOEXEC, above) for number in lent]
    kept = [fcntl(number, F_DUPFD_CLOEXEC, above) for number in own]
    for number in (*lent, *own):
        os.close(number)
    for number, wanted in zip(moved, numbers, strict=True):
        os.dup2(number, wanted)
        os.close(number)
    return kept


def _asked(work: _Work, question: Question) -> Answer:
    try:
        return Answer(msgspec.Raw(pack(work.function(*work.arguments.decode(question.arguments)))))
    except HeadwatersError as error:
        return Answer(told=told(error))
    except MemoryError:
        return Answer(memory=True)
    except OSError as error:
        return Answer(disk=(error.errno, error.strerror or type(error).__name__))
    except Exception:
        return Answer(bug=traceback.format_exc())


def main(number: str, idle: str, *folders: str) -> None:
    """Serve the shop at the other end of the socket."""
    for wish in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(wish, signal.SIG_IGN)  # who stops a service tells all of its processes; the shop decides for them
    sys.path.extend(folders)
    with socket.socket(fileno=int(number)) as control:
        Zygote(control, float(idle)).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
