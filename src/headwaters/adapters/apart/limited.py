"""Limits that a process lays on itself before it touches a stranger's file: little of the machine, and no longer than
its parent lives.

    python -I -S limited.py <cpu seconds> <memory bytes> <file bytes> <nice> program argument…

is a process of its own for a moment, and then becomes the program (`program.py` starts it); children that the zygote
forks call `bind_to_parent` and `lay_on` themselves. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h
_OPEN_FILES = 64
_GRACE = 5  # seconds of CPU between being told that it was too long, and being killed for it


def bind_to_parent(parent: int) -> bool:
    """On Linux: killed when its parent is, with no more rights than it has, and the first to go without memory.

    False where `parent` is gone already.
    """
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    return os.getppid() == parent


def lay_on(cpu: int, memory: int, size: int, nice: int) -> None:
    """CPU seconds, bytes of address space, bytes of each file; and neither a core nor many open files."""
    os.nice(nice)
    _limit(resource.RLIMIT_CPU, cpu, _GRACE)
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_FSIZE, size)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def _limit(which: int, soft: int, more: int = 0) -> None:
    """Where the machine allows that much at all. `more`: until it is not asked any more."""
    _, hard = resource.getrlimit(which)
    least, most = (each if hard == resource.RLIM_INFINITY else min(each, hard) for each in (soft, soft + more))
    with suppress(OSError, ValueError):  # some systems know a limit and do not set it
        resource.setrlimit(which, (least, most))


def main(arguments: list[str]) -> None:
    """Lay the limits on, and become the program."""
    cpu, memory, size, nice, *command = arguments
    if not bind_to_parent(os.getppid()):
        return  # it went before it could take us with it
    lay_on(int(cpu), int(memory), int(size), int(nice))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606  (no shell: that is what it is for)


if __name__ == "__main__":
    main(sys.argv[1:])
