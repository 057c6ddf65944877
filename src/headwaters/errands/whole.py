"""Whether files end where their formats say, and archives unpack where they are: what arrived in the Studio, and what
is published from a folder.

Only heads and ends are read, whatever the size. A file that the newest edition of its work has already, byte by byte,
goes on: a shop may be older than this look.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.names import shown
from headwaters.core.works.unpacking import check_stays_inside
from headwaters.core.works.whole import check_whole
from headwaters.errands.gather import PlannedFile
from headwaters.errands.stamping import CLEANED, Newest, hash_original, readable
from headwaters.errands.walk import stamp_of

_OURS = frozenset([Code.FILE_CUT_OFF, Code.FILE_LEADS_OUT])


def check_open(name: str, descriptor: int) -> None:
    """Raises Refused(FILE_CUT_OFF | FILE_LEADS_OUT); OSError. Blocks."""
    size = os.fstat(descriptor).st_size

    def read(offset: int, length: int) -> bytes:
        """What a file says of its own places may be anything."""
        return os.pread(descriptor, min(length, size - offset), offset) if 0 <= offset < size and length > 0 else b""

    check_whole(name, size, read)
    check_stays_inside(name, size, read)


def check_ends(files: Sequence[PlannedFile], newest: Newest) -> None:
    """Before anything is kept. Raises the first refusal: FILE_CUT_OFF, FILE_LEADS_OUT, FILE_CHANGED (it is being
    written still), FILE_MISSING, FILE_UNREADABLE. Blocks.

    What came to the Studio was looked at there; from then on it has its SHA-256, or is refused for that."""
    for file in files:
        if file.known:
            continue
        try:
            with readable(file), file.found.real.open("rb", buffering=0) as original:
                check_open(file.name, original.fileno())
        except Refused as refused:
            if refused.code not in _OURS:
                raise
            check_still([file])
            if not _is_of(newest, file):
                raise


def _is_of(newest: Newest, file: PlannedFile) -> bool:
    """Whether the newest edition has these very bytes under this name. Reads all of them, where it has the name."""
    given = {row.given.removesuffix(CLEANED) or row.sha256 for row in newest.files if row.name == file.name}
    return bool(given) and hash_original(file, lambda more: None) in given


def check_still(files: Sequence[PlannedFile]) -> None:
    """Raises Refused(FILE_CHANGED) for the first that is not as it was when it was planned."""
    for file in files:
        with suppress(OSError):
            if stamp_of(file.found.real) == file.found.stamp:
                continue
        raise Refused(
            Code.FILE_CHANGED,
            N_("“%(name)s” changed while the work was being published, so nothing was."),
            hint=N_("Publish again when the program that writes it is done."),
            field="files",
            name=shown(file.name),
        )
