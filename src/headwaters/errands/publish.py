"""Publish: from files on the creator's disk to an edition on the page.

    look at each file ─► pictures for the page ─► does each end where it says? ─► keep each (hash, copy, its colophon:
    minutes) ─► did all stand still? ─► transaction

Until the transaction nothing can be seen of it, and the transaction is all or nothing: whatever happens before (a file
that goes, a full disk, Ctrl+C) leaves the shop as it was. Run again, it takes the same way and ends in the same place;
blobs that were kept already are kept only once. The creator's files are opened for reading and never for anything else.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from headwaters.actions.works import Change, Publication, Published, check_publishable, publish_noted, slug_of
from headwaters.core.errors import N_, Code, Conflict, Refused, WrongUse
from headwaters.core.shelf.keys import REF_LENGTH
from headwaters.core.works.details import Defaults, complete
from headwaters.core.works.editions import EditionFile, Role, labelled
from headwaters.core.works.forms import check_changes
from headwaters.core.works.manifest import Given
from headwaters.core.works.media import kind_of_work
from headwaters.core.works.stamps import wants_colophon
from headwaters.errands.art import Art, Candidate, find_art, keep_art
from headwaters.errands.blobs import row_of
from headwaters.errands.gather import Failure, Ground, Plan, PlannedFile, plan_works
from headwaters.errands.house import House
from headwaters.errands.keeping import Keeping, Report, edition_file, in_order
from headwaters.errands.keeping import Progress as Progress  # also for who calls `publish`
from headwaters.errands.keeping import Stopped as Stopped  # also for who calls `publish`
from headwaters.errands.stamping import Newest, Note, facts_for, read_newest
from headwaters.errands.storage import sweep_unfinished
from headwaters.errands.walk import LeftOut
from headwaters.errands.whole import check_ends, check_still
from headwaters.ports import Keep as Keep  # also for who calls `publish`
from headwaters.ports import Look
from headwaters.store.db import Connection
from headwaters.store.works import WorkRow

HALF_KEPT = timedelta(days=1)  # older than this, what an interrupted publishing left is cleared away

_TRIES = 3  # to publish a work that others publish as well
_NEW = (Change.NEW_WORK, Change.NEW_EDITION)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A work that was published, or was already. `address`: its page."""

    place: Path
    published: Published
    address: str
    files: tuple[EditionFile, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[Note, ...] = ()  # of each new file: what it says and tells


@dataclass(frozen=True, slots=True)
class Manner:
    """How something is published. `edition_of`: the slug of the work that it is an edition of; `changes`: what is new
    in it; `who`: a creator's id, None for whoever works on the shop's machine. `report` is called from a thread;
    `found` with what the files tell, before anything is kept; `then` in the transaction itself: what it refuses, undoes
    all of it."""

    edition_of: str | None = None
    keep: Keep = Keep.COPY
    changes: str = ""
    who: int | None = None
    report: Report = field(default=lambda progress: None)
    found: Callable[[Sequence[Note]], None] = field(default=lambda notes: None)
    then: Callable[[Connection, Published], None] = field(default=lambda conn, published: None)


class _Overtaken(Exception):
    """Somebody else published an edition of this work meanwhile: the copies name the wrong number."""


async def publish(
    house: House, paths: Sequence[Path], options: Mapping[str, Given], manner: Manner | None = None
) -> tuple[Outcome | Failure, ...]:
    """Publish every work in `paths`; one that is refused does not hold up the others.

    `options`: what is said besides work.toml, by its keys.

    Raises WrongUse, and Refused where the paths themselves are wrong; Unavailable.
    """
    manner = manner or Manner()
    manner = replace(manner, changes=check_changes(manner.changes))
    await sweep_unfinished(house, house.clock() - HALF_KEPT)
    closed = tuple(path.resolve() for path in (house.config.shop, house.config.files_dir))
    ground = Ground(options, house.now.settings.currency, closed, titled=manner.edition_of is not None)
    plans = await asyncio.to_thread(plan_works, paths, ground)
    _check_for_several(plans, options, manner)
    return tuple([await _attempt(house, plan, manner) for plan in plans])


def _check_for_several(plans: Sequence[object], options: Mapping[str, Given], manner: Manner) -> None:
    said = [key for key in ("title", "slug") if key in options]
    said += [name for name, value in (("edition-of", manner.edition_of), ("changes", manner.changes)) if value]
    if len(plans) > 1 and said:
        raise WrongUse(
            Code.WRONG_USE,
            N_("--%(option)s is for one work, and there are %(count)s here."),
            hint=N_("Publish them one by one, or write a work.toml into each folder."),
            option=said[0],
            count=len(plans),
        )


async def _attempt(house: House, plan: Plan | Failure, manner: Manner) -> Outcome | Failure:
    if isinstance(plan, Failure):
        return plan
    try:
        return await publish_work(house, plan, manner)
    except Refused as refused:
        return Failure(plan.place, refused)


async def publish_work(house: House, plan: Plan, manner: Manner) -> Outcome:
    """Publish one work. Raises Refused and changes nothing; Unavailable."""
    for _ in range(_TRIES):
        with suppress(_Overtaken):
            return await _publish_work(house, plan, manner)
    raise Conflict(Code.SLUG_TAKEN, N_("This work is just being published by somebody else. Try again."))


async def _publish_work(house: House, plan: Plan, manner: Manner) -> Outcome:
    looks = await asyncio.to_thread(look_at_all, house, plan.files)
    publication = Publication(plan.source, plan.said, defaults_of(house, plan, looks), manner.edition_of)
    before = await house.db.read(partial(check_publishable, publication=publication))
    if before is None and not (plan.title or plan.said.title):
        hint = N_("Add --title; or put the files into a folder that is called as the work is.")
        raise WrongUse(
            Code.WRONG_USE, N_("Several files make one work, so it needs a title."), hint=hint, field="title"
        )
    details = complete(plan.said, before.details if before else None, publication.defaults)
    art = await asyncio.to_thread(find_art, house, _candidates(plan), details) if _needs_art(plan) else Art()
    keeping = await begin(house, plan, looks, before, publication, manner.keep)
    manner.found(keeping.notes)
    made = await _in_thread(partial(keeping.keep_all, manner.report))
    await asyncio.to_thread(check_still, plan.files)  # each was kept whole: no edition mixes old and new ones
    blobs = [one.blob for one in made]
    files = in_order(plan, [*(kept.file for kept in plan.kept), *map(edition_file, plan.files, looks, made)])
    art_files, art_blobs = await asyncio.to_thread(keep_art, house, art)
    publication = replace(
        publication,
        files=(*files, *art_files),
        blobs=tuple(map(row_of, (*blobs, *art_blobs))),  # those of files that go on have rows, and may be on the move
        changes=manner.changes,
    )
    refs = [house.token()[:REF_LENGTH] for _ in publication.files]

    def write(conn: Connection) -> Published:
        published = publish_noted(conn, publication, refs, manner.who, house.clock())
        if published.change in _NEW and any(one.given for one in made) and published.edition != keeping.number:
            raise _Overtaken
        manner.then(conn, published)
        return published

    published = await house.db.write(write)
    notes = tuple(one.note for one in made)
    return Outcome(plan.place, published, work_address(house, published.slug), labelled(files), plan.left_out, notes)


async def begin(
    house: House, plan: Plan, looks: Sequence[Look], before: WorkRow | None, publication: Publication, keep: Keep
) -> Keeping:
    """What each file tells, and what its copy shall be; each is whole. Nothing is kept yet. Raises Refused."""
    newest = await house.db.read(partial(read_newest, work_id=before.id)) if before else Newest()
    await asyncio.to_thread(check_ends, plan.files, newest)
    details = complete(plan.said, before.details if before else None, publication.defaults)
    slug, said = before.slug if before else slug_of(publication), plan.said.colophon
    usual = wants_colophon(before.colophon if before else "", house.now.settings.colophon)
    keeping = Keeping(house, plan, looks, details, slug, newest, bool(plan.said.remove_private), keep)
    wanted = usual if said is None else said
    await asyncio.to_thread(keeping.examine_all, facts_for(house, details, slug, newest.number + 1) if wanted else None)
    return keeping


def _needs_art(plan: Plan) -> bool:
    """Pictures that an edition before had go on, unless there is another cover."""
    return all(kept.file.role is not Role.ART for kept in plan.kept)


def _candidates(plan: Plan) -> tuple[Candidate, ...]:
    return tuple(Candidate(file.found.path, file.name, file.role) for file in plan.files)


def work_address(house: House, slug: str) -> str:
    """The public address of a work's page."""
    return f"{house.config.url}/w/{quote(slug)}"


def defaults_of(house: House, plan: Plan, looks: Sequence[Look]) -> Defaults:
    settings = house.now.settings
    sizes = [
        (look.media_type, file.found.size)
        for file, look in zip(plan.files, looks, strict=True)
        if file.role is Role.WORK
    ]
    return Defaults(plan.title, settings.creator, kind_of_work(sizes), settings.language, settings.currency)


# ── in threads ───────────────────────────────────────────────────────────────────────────────────


async def _in_thread(work: Callable[[threading.Event], T]) -> T:
    """`work(stop)` in a thread. Cancelled, it is told to stop, so that nobody waits for a film to be copied."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(work, stop)
    finally:
        stop.set()


def look_at_all(house: House, files: Sequence[PlannedFile]) -> list[Look]:
    """What each file is. Raises the first refusal, before anything is copied."""
    return [house.media.look(file.found.path) for file in files]
