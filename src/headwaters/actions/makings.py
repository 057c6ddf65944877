"""Verbs of makings: queue what an edition wants, take one, give signs of life, finish, fail, skip, stop, try again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from headwaters.core.clock import to_micros
from headwaters.core.errors import N_
from headwaters.core.sales.states import Door
from headwaters.core.shop import settings_from_rows
from headwaters.core.works.makings import ENDED, LEASE, WHOLE, MakingState, is_spent, states_before, wait_after
from headwaters.core.works.media import WorkKind
from headwaters.core.works.recipes import Facts, Wish, wishes
from headwaters.store import makings as rows
from headwaters.store.db import Connection
from headwaters.store.makings import MakingRow
from headwaters.store.shop import lock_catalogue, raise_catalogue, read_settings
from headwaters.store.tastes import drop_stale
from headwaters.store.works import BlobRow, FileRow, keep_blobs, newest_edition, work_at

LONGEST_ERROR = 500  # characters


# ── what is wanted ───────────────────────────────────────────────────────────────────────────────


def queue_makings(conn: Connection, edition_id: int, now: datetime) -> int:
    """Queue what an edition wants and has not; forget what waits and is not wanted any more. How many were queued.
    Run again, it queues nothing. The catalogue is raised by whoever changed something, or by `queue_all`."""
    subject = rows.subject(conn, edition_id)
    if subject is None:
        return 0
    wanted = wanted_of(conn, edition_id)
    rows.drop_waiting(conn, edition_id, wanted)
    if drop_stale(conn, edition_id, wanted):
        raise_catalogue(conn)
    rows.drop_of_older(conn, subject.work_id, subject.number)
    return rows.add(conn, edition_id, wanted, to_micros(now))


def wanted_of(conn: Connection, edition_id: int) -> tuple[Wish, ...]:
    """What an edition wants, as its work and the shop have it now."""
    subject = rows.subject(conn, edition_id)
    if subject is None:
        return ()
    settings = settings_from_rows(read_settings(conn))
    return wishes(
        Facts(
            kind=WorkKind(subject.kind),
            doors=frozenset(Door(door) for door in subject.doors.split(",") if door),
            formats=subject.formats or settings.formats,
            taste=subject.taste or settings.taste,
            files=rows.given_files(conn, edition_id),
            own_taste=subject.taste,
        )
    )


def queue_all(conn: Connection, now: datetime) -> int:
    """The same for the newest edition of every work: after another setting, or another version of this software."""
    added = sum(queue_makings(conn, edition_id, now) for edition_id in rows.newest_editions(conn))
    _told(conn, added)
    return added


# ── making ───────────────────────────────────────────────────────────────────────────────────────


def take_making(conn: Connection, recipes: Collection[str], now: datetime) -> MakingRow | None:
    """The next making of these recipes, ours to make; None where nothing is due, or somebody is at one. Of two who ask,
    one gets it: the shop makes one thing at a time in each lane."""
    lock_catalogue(conn)  # so that no two look at the same time
    lease = to_micros(now - LEASE)
    if rows.in_hand(conn, recipes, lease):
        return None
    while (found := rows.next_due(conn, recipes, to_micros(now), lease)) is not None:
        if not is_spent(found.attempts):
            return rows.by_id(conn, found.id) if rows.take(conn, found, to_micros(now)) else None
        why = N_("It was begun again and again, and never ended. Look into the shop’s log before you try again.")
        _told(conn, rows.move(conn, found.id, MakingState.FAILED, (found.state,), to_micros(now), error=why))
    return None


def beat(conn: Connection, making: MakingRow, done: int, now: datetime) -> bool:
    """We are still at it, so far. False: it was stopped, or somebody else took it up."""
    return rows.beat(conn, making, min(max(done, 0), WHOLE), to_micros(now))


def finish_making(
    conn: Connection,
    making: MakingRow,
    files: Sequence[FileRow],
    blobs: Sequence[BlobRow],
    then: Callable[[Connection], None],
    now: datetime,
) -> bool:
    """It is made: its files join the edition, and `then` writes what else there is, all or nothing. False: it was
    stopped meanwhile, or somebody else had taken it up."""
    if not rows.end(conn, making, MakingState.MADE, to_micros(now), done=WHOLE, error=""):
        return False
    keep_blobs(conn, blobs, to_micros(now))
    rows.add_made(conn, making.edition_id, files)
    then(conn)
    raise_catalogue(conn)
    return True


def fail_making(conn: Connection, making: MakingRow, why: str, now: datetime) -> bool:
    """It cannot be made, for good."""
    return _told(conn, rows.end(conn, making, MakingState.FAILED, to_micros(now), error=why[:LONGEST_ERROR]))


def skip_making(conn: Connection, making: MakingRow, why: str, now: datetime) -> bool:
    """It is not worth making, or cannot be made here: no failure."""
    return _told(conn, rows.end(conn, making, MakingState.SKIPPED, to_micros(now), error=why[:LONGEST_ERROR]))


def _told(conn: Connection, changed: int) -> bool:
    """Pages say how far a format is: they are made anew where something ended, or begins again."""
    if changed:
        raise_catalogue(conn)
    return changed > 0


def retry_making(conn: Connection, making: MakingRow, why: str, now: datetime) -> bool:
    """It went wrong, and may go well later; failed after enough attempts."""
    if is_spent(making.attempts):
        return fail_making(conn, making, why, now)
    due = to_micros(now + wait_after(making.attempts))
    return rows.end(conn, making, MakingState.WAITING, to_micros(now), due_at=due, error=why[:LONGEST_ERROR])


def put_back(conn: Connection, making: MakingRow, now: datetime) -> bool:
    """The process ends in the middle: whoever comes next begins at once, and it counts as no attempt."""
    return rows.end(conn, making, MakingState.WAITING, to_micros(now), done=0, attempts=making.attempts - 1)


# ── what the creator says ────────────────────────────────────────────────────────────────────────


def try_again(conn: Connection, slug: str, recipe: str, now: datetime) -> int:
    """What failed or was skipped of a work by a recipe is made after all; how many that are.

    Raises NotFound(WORK_UNKNOWN).
    """
    values: dict[str, object] = {"due_at": to_micros(now), "attempts": 0, "error": "", "done": 0}
    makings = _makings_of(conn, slug, recipe)
    again = sum(rows.move(conn, one.id, MakingState.WAITING, ENDED, to_micros(now), **values) for one in makings)
    _told(conn, again)
    return again


def stop_makings(conn: Connection, slug: str, recipe: str, why: str, now: datetime) -> int:
    """What waits or is being made of a work by a recipe is not made, until somebody says otherwise; who is at it ends.
    How many those are. Raises NotFound(WORK_UNKNOWN)."""
    before, makings = states_before(MakingState.SKIPPED), _makings_of(conn, slug, recipe)
    values = {"error": why[:LONGEST_ERROR]}
    stopped = sum(rows.move(conn, one.id, MakingState.SKIPPED, before, to_micros(now), **values) for one in makings)
    _told(conn, stopped)
    return stopped


def _makings_of(conn: Connection, slug: str, recipe: str) -> list[MakingRow]:
    newest = newest_edition(conn, work_at(conn, slug).id)
    return [one for one in rows.of_edition(conn, newest.id) if one.recipe == recipe] if newest else []
