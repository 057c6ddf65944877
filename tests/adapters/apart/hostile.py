"""What a library may do to a process with a stranger's file. Only a zygote that is given this folder can load it."""

from __future__ import annotations

import errno
import os
import resource
import sys
import time
from pathlib import Path

from headwaters.core.errors import Code, Conflict, Refused
from headwaters.core.works.makings import Skip


def crash() -> int:
    os.abort()


def spin() -> int:
    while True:
        pass


def wait(begun: Path, family: bool) -> int:
    """With a child of its own, or without."""
    child = os.fork() if family else os.getpid()
    if child == 0:
        time.sleep(600)
    begun.with_suffix(".tmp").write_text(f"{os.getpid()} {child}", encoding="ascii")
    begun.with_suffix(".tmp").rename(begun)
    time.sleep(600)
    return 0


def eat() -> int:
    return len([bytearray(64 << 20) for _ in range(100)])


def write(path: Path) -> int:
    with path.open("wb") as file:
        for _ in range(1000):
            file.write(bytes(1 << 20))
    return 0


def shout(length: int) -> bytes:
    return bytes(length)


def noise(number: int) -> int:
    print("library: warning", flush=True)
    os.write(1, b"raw noise")
    os.write(2, b"raw noise")
    sys.stderr.write("more")
    return number * 2


def leave() -> int:
    os._exit(0)


def bug() -> int:
    raise RuntimeError("what nobody thought of")


def lie() -> str:
    return "no number"


def refuse(kind: str) -> int:
    match kind:
        case "refused":
            raise Refused(Code.FILE_WRONG_KIND, "“%(name)s” is none.", hint="Try %(n)d.", field="files", name="a", n=3)
        case "conflict":
            raise Conflict(Code.CHANGED_MEANWHILE, "It changed.")
        case "skip":
            raise Skip("Not worth it, %(who)s.", who="Alice")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def about() -> tuple[list[str], list[int], list[int]]:
    limits = [resource.getrlimit(one)[0] for one in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_CORE)]
    files = sorted(int(one.name) for one in Path("/proc/self/fd").iterdir())
    return sorted(os.environ), [*limits, os.nice(0)], files


def read(path: Path) -> bytes:
    return path.read_bytes()
