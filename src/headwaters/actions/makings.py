"""Verbs of makings: queue what an edition wants, take one, give signs of life, finish, fail, skip, stop, try again; and
make again what was lost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from headwaters.core.clock import to_micros
from headwaters.core.errors import N_
from headwaters.core.sales.states import Door
from headwaters.core.shelf.keys import unique_names
from headwaters.core.shop import settings_from_rows
from headwaters.core.works.makings import ENDED, LEASE, WHOLE, MakingState, is_spent, states_before, wait_after
from headwaters.core.works.media import WorkKind
from headwaters.core.works.recipes import Facts, Wish, wishes
from headwaters.store import makings as rows
from headwaters.store.db import Connection
from headwaters.store.makings import MakingRow
from headwaters.store.shelf import HELD_ROLES
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
    return added + make_again(conn, now)


def make_again(conn: Connection, now: datetime) -> int:
    """What the shop made and is missing or has changed is made anew, where what it was made from is whole; how many
    makings those are. Run again, it is none."""
    again = sum(_wait(conn, making, (MakingState.MADE,), now) for making in rows.lost(conn))
    _told(conn, again)
    return again


def _wait(conn: Connection, making_id: int, before: Sequence[MakingState], now: datetime) -> bool:
    """Due now, as if it was never tried."""
    values: dict[str, object] = {"due_at": to_micros(now), "attempts": 0, "error": "", "done": 0}
    return rows.move(conn, making_id, MakingState.WAITING, before, to_micros(now), **values)


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
    """It is made: its files join the edition, or take the places of those that were lost, and `then` writes what else
    there is, all or nothing. False: it was stopped meanwhile, or somebody else had taken it up."""
    if not rows.end(conn, making, MakingState.MADE, to_micros(now), done=WHOLE, error=""):
        return False
    keep_blobs(conn, blobs, to_micros(now))
    raise_catalogue(conn)  # first: so no two name their files at the same time
    _join(conn, making, files)
    then(conn)
    return True


def _join(conn: Connection, making: MakingRow, files: Sequence[FileRow]) -> None:
    """The same bytes again are whole by now; others take their places, and those are forgotten."""
    there = rows.made_of(conn, making.edition_id, making.file_id, making.recipe)
    if len(there) == len(files):
        rows.replace_made(conn, there, files)
    else:
        rows.drop_made(conn, there)
        rows.add_made(conn, making.edition_id, _apart(conn, making.edition_id, files))
    rows.drop_lost(conn, [row.sha256 for row in there])


def _apart(conn: Connection, edition_id: int, files: Sequence[FileRow]) -> list[FileRow]:
    """The same, those that holders get under names that no other file of the edition has: pages, sums and archives all
    say these."""
    taken = rows.held_names(conn, edition_id)
    held = [file for file in files if file.role in HELD_ROLES]
    names = dict(
        zip(
            [file.ref for file in held],
            unique_names([*taken, *(file.name for file in held)])[len(taken) :],
            strict=True,
        )
    )
    return [replace(file, name=names.get(file.ref, file.name)) for file in files]


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
    again = sum(_wait(conn, one.id, ENDED, now) for one in _makings_of(conn, slug, recipe))
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
