"""A draft as its page would show it now, however unfinished: what can be read of it, and what cannot."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

from headwaters.core.errors import HeadwatersError
from headwaters.core.works.details import Defaults, Details, complete
from headwaters.core.works.editions import EditionFile, Role, labelled
from headwaters.core.works.forms import in_the_studio, problems_of, understood
from headwaters.core.works.manifest import Problem, Said
from headwaters.core.works.media import kind_of_work
from headwaters.core.works.uploads import UploadState
from headwaters.errands import uploads
from headwaters.errands.art import Candidate, find_art
from headwaters.errands.drafts import assemble, kept_files
from headwaters.errands.gather import KeptFile, Plan
from headwaters.errands.house import House
from headwaters.errands.uploads import UploadedFile
from headwaters.ports import Look
from headwaters.ports import Picture as Picture  # also for who shows it
from headwaters.store import works as work_rows
from headwaters.store.drafts import DraftRow

_SHOWN_WIDTH = 960
_MOST_LOOKED_AT = 40  # files whose length is worth the wait


@dataclass(frozen=True, slots=True)
class Sketch:
    """What there is of a draft. `picture`: of its cover, None where the edition before has one that stays."""

    details: Details
    files: tuple[EditionFile, ...]
    picture: Picture | None
    faults: tuple[Problem, ...]


async def sketch(house: House, draft: DraftRow) -> Sketch:
    """The draft, with whatever its form and its files say so far."""
    here = tuple(file for file in await uploads.files_of(house, draft.id) if file.state is UploadState.HERE)
    before = await kept_files(house, draft)
    files, plan = await asyncio.to_thread(_files, house, draft, here, before)
    details, faults = await _details(house, draft, files)
    keeps_art = plan is not None and any(kept.file.role is Role.ART for kept in plan.kept)
    picture = None if keeps_art else await asyncio.to_thread(_picture, house, plan, details)
    return Sketch(details, files, picture, faults)


def _files(
    house: House, draft: DraftRow, here: tuple[UploadedFile, ...], before: tuple[KeptFile, ...]
) -> tuple[tuple[EditionFile, ...], Plan | None]:
    try:
        plan = assemble(draft, Said(), here, before)
    except HeadwatersError:
        return (), None
    by_path = {file.path: file for file in here}
    found = [kept.file for kept in plan.kept if kept.file.role.given]
    for number, file in enumerate(plan.files):
        row = by_path[file.found.path]
        look = Look(row.media_type)
        with suppress(HeadwatersError):
            look = house.media.look(file.found.path) if number < _MOST_LOOKED_AT else look
        seconds = None if look.seconds is None else round(look.seconds * 1_000_000)
        found.append(
            EditionFile(file.role, file.name, file.label, look.media_type, row.sha256, row.size, seconds, look.width)
        )
    return labelled(found), plan


async def _details(
    house: House, draft: DraftRow, files: tuple[EditionFile, ...]
) -> tuple[Details, tuple[Problem, ...]]:
    if draft.work_id is not None:
        work_id = draft.work_id
        work = await house.db.read(lambda conn: work_rows.work_by_id(conn, work_id))
        if work is not None:
            return work.details, ()
    settings = house.now.settings
    kind = kind_of_work([(file.media_type, file.size) for file in files if file.role is Role.WORK])
    defaults = Defaults("", settings.creator, kind, settings.language, settings.currency)
    said, faults = understood(draft.form, settings.currency)
    try:
        return complete(said, None, defaults), faults
    except HeadwatersError as refused:
        rest = replace(said, price=None, minimum=None, doors=None)
        return complete(rest, None, defaults), (*faults, *problems_of(in_the_studio(refused)))


def _picture(house: House, plan: Plan | None, details: Details) -> Picture | None:
    """The picture that publishing would make, in one width. Blocks."""
    files = plan.files if plan else ()
    candidates = [Candidate(file.found.path, file.name, file.role) for file in files]
    try:
        pictures = find_art(house, candidates, details).pictures
    except HeadwatersError:
        pictures = ()
    wide = [picture for picture in pictures if picture.media_type != "image/jpeg"]
    return next((one for one in wide if one.width >= _SHOWN_WIDTH), wide[-1] if wide else None)
