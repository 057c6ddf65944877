"""A program in a process of its own, with limits: what it takes, what it writes, and how long, and all of it in words.

It ends with whoever started it: cancelled, its whole group is killed; killed hard, the kernel does it (`limited.py`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from headwaters.adapters.apart.limits import Limits
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.makings import NO_SMALLER, Skip

MAKE_IT_YOURSELF = N_("Make it yourself, and publish it beside the original.")
SPARE = 256 << 20  # bytes of the disk that are let alone: orders go on, whatever is made
_LIMITED = Path(__file__).with_name("limited.py")
_TAIL = 4096  # bytes of what it said that are kept
_LOOK = 2.0  # seconds between looks at the disk
_MOST_LINE = 200


@dataclass(frozen=True, slots=True)
class Done:
    """How it ended. `out` where its output was kept; `said`: the end of what it said."""

    code: int
    out: bytes
    said: str


Hear = Callable[[bytes], bool]
"""Told each line of its output; answers whether that was progress."""


@dataclass(slots=True)
class _Watch:
    """When it last moved."""

    moved: float


async def run_child(
    command: Sequence[str],
    folder: Path,
    limits: Limits,
    descriptors: Sequence[int] = (),
    hear: Hear | None = None,
) -> Done:
    """Run it in `folder` and wait for its end. Without `hear` its output is kept, up to the limit of output.

    Raises Skip where it would write more than `limits.output`; Refused: NOT_MADE (too long, too much memory),
    DISK_FULL.
    """
    process = await asyncio.create_subprocess_exec(
        *_limited(command, limits),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env=environment(),
        pass_fds=tuple(descriptors),
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    watch = _Watch(_now())
    reading = asyncio.gather(_read(process.stdout, hear, watch, limits.output), _tail(process.stderr))
    guard = asyncio.create_task(_guard(folder, limits, watch))
    try:
        ending = asyncio.ensure_future(_until_end(process, reading))
        await asyncio.wait({ending, guard}, return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            guard.result()  # raises what is wrong
        out, said = await ending
    finally:
        guard.cancel()
        await _kill(process)
        reading.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await reading
    done = Done(process.returncode or 0, out, said)
    _check(done)
    return done


async def _until_end(
    process: asyncio.subprocess.Process, reading: asyncio.Future[tuple[bytes, bytes]]
) -> tuple[bytes, str]:
    out, said = await asyncio.shield(reading)
    await process.wait()
    return out, said.decode("utf-8", "replace")


def _now() -> float:
    return asyncio.get_running_loop().time()


def _limited(command: Sequence[str], limits: Limits) -> list[str]:
    numbers = (limits.cpu, limits.memory, limits.output, limits.nice)
    return [*_idle(), sys.executable, "-I", "-S", str(_LIMITED), *map(str, numbers), *command]


@cache
def _idle() -> tuple[str, ...]:
    """Last in the disk's queue, where the machine has queues."""
    program = shutil.which("ionice")
    return (program, "-c", "3", "-t") if program else ()


def environment() -> Mapping[str, str]:
    """Nothing of ours: settings may hold secrets."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


async def _read(stream: asyncio.StreamReader, hear: Hear | None, watch: _Watch, most: int) -> bytes:
    kept = bytearray()
    if hear is None:
        while data := await stream.read(1 << 16):
            watch.moved = _now()
            kept += data
            if len(kept) > most:
                raise too_large()
        return bytes(kept)
    with suppress(ValueError):  # a line without an end: it is no progress
        while line := await stream.readline():
            if hear(line):
                watch.moved = _now()
    while await stream.read(1 << 16):
        pass
    return b""


async def _tail(stream: asyncio.StreamReader) -> bytes:
    said = b""
    while data := await stream.read(1 << 16):
        said = (said + data)[-_TAIL:]
    return said


async def _guard(folder: Path, limits: Limits, watch: _Watch) -> None:
    """Until it takes too long, stands still, or fills the disk: then raises that."""
    begun = _now()
    while True:
        await asyncio.sleep(_LOOK)
        if _now() - begun > limits.wall or _now() - watch.moved > limits.still:
            raise _too_long()
        disk = await asyncio.to_thread(os.statvfs, folder)
        if disk.f_bavail * disk.f_frsize < SPARE:
            raise disk_full()


async def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())


def _check(done: Done) -> None:
    """What the limits did. Raises Skip, Refused(NOT_MADE | DISK_FULL)."""
    if done.code == -signal.SIGXFSZ or "File too large" in done.said:
        raise too_large()
    if done.code == -signal.SIGXCPU:
        raise _too_long()
    if done.code == -signal.SIGKILL:  # not by us, who say why: by the machine, with which it is the first to go
        message = N_("The machine ran out of memory, and ended it.")
        hint = N_("Try again when less is going on there; if it stays, the machine is too small for this file.")
        raise Refused(Code.NOT_MADE, message, hint=hint)
    if done.code and "No space left on device" in done.said:
        raise disk_full()
    if done.code and ("Cannot allocate memory" in done.said or "MemoryError" in done.said):
        message = N_("It takes more memory than the shop gives to one file.")
        raise Refused(Code.NOT_MADE, message, hint=MAKE_IT_YOURSELF)


def too_large() -> Skip:
    """What is said of a copy that would have more bytes than its original."""
    return Skip(NO_SMALLER)


def _too_long() -> Refused:
    message = N_("It took too long, and was ended.")
    hint = N_("Try again when the machine has less to do; or make it yourself, and publish it beside the original.")
    return Refused(Code.NOT_MADE, message, hint=hint)


def disk_full() -> Refused:
    """What is said when there is no room."""
    message, hint = N_("The disk is nearly full, so nothing more is made for now."), N_("Make room on it.")
    return Refused(Code.DISK_FULL, message, hint=hint)


def last_line(said: str, hidden: Sequence[str] = ()) -> str:
    """The last thing that it said, as it may be shown: without paths of this machine."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    text = lines[-1] if lines else ""
    for path in hidden:
        text = text.replace(path, "…")
    return "".join(letter for letter in text if letter.isprintable())[:_MOST_LINE]
