"""Verbs of kept bytes: they came to another place; somebody read them and found them whole, or not; and whose turn it
is to read."""

from __future__ import annotations

from datetime import datetime, timedelta

from headwaters.actions.mail import queue_files_notice
from headwaters.actions.makings import make_again
from headwaters.core.clock import to_micros
from headwaters.core.shop_marks import Mark
from headwaters.core.works.faults import Fault
from headwaters.store import blobs as rows
from headwaters.store.db import Connection
from headwaters.store.shop import raise_catalogue, read_mark, swap_mark
from headwaters.store.works import BlobRow

WATCH = timedelta(minutes=5)  # that a watch lasts without a sign of life


def put_in_place(conn: Connection, before: BlobRow, after: BlobRow, now: datetime) -> bool:
    """From now on the bytes are read where `after` says, where they were read back and compared. Downloads that run go
    on where they are. False, and nothing changed: somebody else moved them, or kept them anew."""
    if not rows.put_in_place(conn, before, after, to_micros(now)):
        return False
    raise_catalogue(conn)
    return True


def note_look(conn: Connection, seen: BlobRow, fault: Fault | None, now: datetime, tag: str | None = None) -> bool:
    """All of `seen` was read, or could not be. What is new of it is seen at once everywhere, and of a new fault the
    creator is told by mail, once; what the shop made itself it makes again. `tag`: what their store calls what was read
    and found whole; None: as before. False, and nothing changed: they are others by now."""
    found, tag = "" if fault is None else fault.value, seen.tag if tag is None else tag
    before = rows.read_blob(conn, seen.sha256)
    if before is None or not rows.note_check(conn, seen, found, tag, to_micros(now)):
        return False
    if (before.fault, before.tag) != (found, tag):
        raise_catalogue(conn)
        if fault is not None and not before.fault:
            queue_files_notice(conn, now)
        make_again(conn, now)
    return True


def note_date(conn: Connection, seen: BlobRow, mtime_ns: int) -> bool:
    """All of `seen` was read, and is whole with that date, so that nobody has to read it again. False, and nothing
    changed: it was kept anew, moved, dated or found otherwise meanwhile."""
    return rows.note_date(conn, seen, mtime_ns)


def take_watch(conn: Connection, who: str, now: datetime) -> bool:
    """From now on `who` alone reads the files, for as long as WATCH; taken again before that, longer. False, and
    nothing changed: it is somebody else's."""
    held = read_mark(conn, Mark.LOOKING)
    until, _, whose = held.partition(" ")
    if held and whose != who and int(until) > to_micros(now):
        return False
    return swap_mark(conn, Mark.LOOKING, held, f"{to_micros(now + WATCH)} {who}")


def leave_watch(conn: Connection, who: str) -> None:
    """It is anybody's again, if it was still theirs."""
    held = read_mark(conn, Mark.LOOKING)
    if held.partition(" ")[2] == who:
        swap_mark(conn, Mark.LOOKING, held, "")
