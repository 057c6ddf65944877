"""Verbs of mirrors: note one, take it off the list, keep what a look at it found."""

from __future__ import annotations

from datetime import datetime

from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, NotFound, Refused
from headwaters.core.works.mirrors import MOST_MIRRORS, MirrorState, check_mirror, is_told
from headwaters.store import mirrors as rows
from headwaters.store import works
from headwaters.store.db import Connection
from headwaters.store.mirrors import MirrorRow
from headwaters.store.shop import raise_catalogue


def add_mirror(conn: Connection, slug: str, address: str, own: str, now: datetime) -> bool:
    """Note the mirror at `address`; readers are told once it was looked at. False: it was noted before.

    `own`: the shop's address. Raises Refused: ADDRESS_INVALID, MIRRORS_FULL; NotFound(WORK_UNKNOWN).
    """
    work = works.work_at(conn, slug)
    address = check_mirror(address, own)
    works.lock_work(conn, work.id)
    known = rows.mirrors_of(conn, work.id)
    if len(known) >= MOST_MIRRORS and all(mirror.address != address for mirror in known):
        raise Refused(
            Code.MIRRORS_FULL,
            N_("A work has %(most)d mirrors at most."),
            hint=N_("Take one off the list first."),
            field="address",
            most=MOST_MIRRORS,
        )
    return rows.add_mirror(conn, work.id, address, to_micros(now))


def remove_mirror(conn: Connection, slug: str, address: str) -> bool:
    """Tell nobody of it any more. Raises NotFound: MIRROR_UNKNOWN, WORK_UNKNOWN."""
    work = works.work_at(conn, slug)
    if not rows.remove_mirror(conn, work.id, address):
        raise NotFound(
            Code.MIRROR_UNKNOWN,
            N_("This work has no mirror at %(address)s."),
            hint=N_("“headwaters mirrors SLUG” lists them."),
            address=address,
        )
    raise_catalogue(conn)
    return True


def look_again(conn: Connection, slug: str) -> bool:
    """Have all mirrors of a work looked at anew; until then readers hear of none. False: there is none."""
    work = works.work_at(conn, slug)
    found = rows.forget_looks(conn, work.id) > 0
    if found:
        raise_catalogue(conn)
    return found


def note_look(conn: Connection, seen: MirrorRow, state: MirrorState, error: str, now: datetime) -> bool:
    """Keep what was found. False: somebody else looked meanwhile."""
    at = to_micros(now)
    if not rows.keep_look(conn, seen, state, error, at):
        return False
    if is_told(state, at, seen.published_at) != is_told(seen.state, seen.checked_at, seen.published_at):
        raise_catalogue(conn)
    return True
