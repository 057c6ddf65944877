"""What a file is, by its name and its first bytes: no library has to be asked for that."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.content import HEAD_BYTES
from headwaters.core.works.media import Format, identify
from headwaters.core.works.names import shown


def identified(path: Path) -> Format:
    """As `identify`. Raises Refused, as ports.Media.look."""
    return identify(path.name, _head(path))


def _head(path: Path) -> bytes:
    """The first bytes of a plain file; anything else (a pipe would block) is refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _refused(Code.FILE_MISSING, N_("“%(name)s” is not there (any more)."), path) from None
    except OSError as wrong:
        why = wrong.strerror or type(wrong).__name__
        raise _refused(Code.FILE_UNREADABLE, N_("“%(name)s” cannot be read: %(why)s."), path, why=why) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _refused(Code.FILE_UNREADABLE, N_("“%(name)s” is not a file."), path)
        return os.read(descriptor, HEAD_BYTES)
    finally:
        os.close(descriptor)


def _refused(code: Code, message: str, path: Path, **values: object) -> Refused:
    return Refused(code, message, field="files", name=shown(path.name), hint="", **values)
