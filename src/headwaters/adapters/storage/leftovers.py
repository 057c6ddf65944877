"""What a process left behind that was killed while it wrote: told from what is being written by a lock, and by its age
where a disk has none."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


def hold(descriptor: int) -> None:
    """Lock what is being written, until it is closed."""
    with suppress(OSError):  # some network disks have no locks
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def sweep_file(path: Path, limit: int) -> int:
    """Remove it if it was last touched before `limit` (nanoseconds) and nobody holds it; 1 or 0."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ctime_ns >= limit:
            return 0
        path.unlink(missing_ok=True)
    except OSError:
        return 0
    finally:
        os.close(descriptor)
    return 1
