"""What files say of where they come from, and what they tell besides: looked at, and nothing is published."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from headwaters.actions.deeds import noted
from headwaters.actions.works import Publication, choose_colophon, find_work
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import Refused
from headwaters.core.works.formats import SUBTITLES, wished_formats
from headwaters.core.works.forms import COPIES, understood
from headwaters.core.works.manifest import Given
from headwaters.core.works.media import format_by_name
from headwaters.core.works.slugs import slug_from
from headwaters.core.works.stamps import gets_colophon, wants_colophon
from headwaters.core.works.uploads import UploadState
from headwaters.errands import uploads
from headwaters.errands.drafts import assemble, kept_files
from headwaters.errands.gather import Failure, Ground, Plan, plan_works
from headwaters.errands.house import House
from headwaters.errands.publish import begin, defaults_of, look_at_all
from headwaters.errands.sketch import sketch
from headwaters.errands.stamping import Newest, Note, examine, facts_for, read_newest
from headwaters.ports import Keep, StampWish
from headwaters.store import works as work_rows
from headwaters.store.drafts import DraftRow


@dataclass(frozen=True, slots=True)
class Looked:
    """The files of one place. `edition`: the number that they would be published with."""

    place: Path
    edition: int
    notes: tuple[Note, ...]


async def look_over(house: House, paths: Sequence[Path], options: Mapping[str, Given]) -> tuple[Looked | Failure, ...]:
    """The files of each work in `paths`, as they would be published. Raises WrongUse, Refused."""
    closed = tuple(path.resolve() for path in (house.config.shop, house.config.files_dir))
    ground = Ground(options, house.now.settings.currency, closed, titled=True)
    plans = await asyncio.to_thread(plan_works, paths, ground)
    return tuple([await _attempt(house, plan) for plan in plans])


async def _attempt(house: House, plan: Plan | Failure) -> Looked | Failure:
    if isinstance(plan, Failure):
        return plan
    try:
        looks = await asyncio.to_thread(look_at_all, house, plan.files)
        publication = Publication(plan.source, plan.said, defaults_of(house, plan, looks))
        before = await house.db.read(partial(find_work, publication=publication))
        keeping = await begin(house, plan, looks, before, publication, Keep.COPY)
    except Refused as refused:
        return Failure(plan.place, refused)
    return Looked(plan.place, keeping.newest.number + 1, tuple(keeping.notes))


@dataclass(frozen=True, slots=True)
class DraftLook:
    """The files of a draft. `made`: of a file, by its name, the recipes whose files say where they come from; `wanted`:
    whether the work's files say it."""

    notes: tuple[Note, ...] = ()
    made: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wanted: bool = True


async def look_over_draft(house: House, draft: DraftRow) -> DraftLook:
    """The files of a draft that are here, however unfinished it is, as they would be published now."""
    here = [file for file in await uploads.files_of(house, draft.id) if file.state is UploadState.HERE]
    before = await kept_files(house, draft)
    details = (await sketch(house, draft)).details
    said, _ = understood({key: draft.form.get(key, "") for key in COPIES}, house.now.settings.currency)
    work_id = draft.work_id
    work = None if work_id is None else await house.db.read(partial(work_rows.work_by_id, work_id=work_id))
    newest = await house.db.read(partial(read_newest, work_id=work.id)) if work else Newest()
    slug = work.slug if work else draft.form.get("slug", "").strip() or slug_from(details.title)
    usual = wants_colophon(work.colophon if work else "", house.now.settings.colophon)
    wanted = usual if said.colophon is None else said.colophon
    facts = facts_for(house, details, slug, newest.number + 1) if wanted else None
    wants = StampWish(clean=bool(said.remove_private))

    def look() -> DraftLook:
        plan = assemble(draft, said, here, before)
        notes = tuple(examine(house, file, facts, wants, Keep.COPY) for file in plan.files)
        names = [file.name for file in plan.files if gets_colophon(file.role)]
        made = _made(names, details.formats or house.now.settings.formats) if facts else {}
        return DraftLook(notes, made, wanted)

    try:
        return await asyncio.to_thread(look)
    except Refused:
        return DraftLook()


def _made(names: Sequence[str], formats: str) -> dict[str, tuple[str, ...]]:
    """What is made of each, by its name; subtitles have no place for words about them."""
    kinds = {name: found.media_type for name in names if (found := format_by_name(name))}
    wished = {
        name: wished_formats(name, kind, [other for other in names if other != name], formats)
        for name, kind in kinds.items()
    }
    return {name: tuple(recipe for recipe in recipes if recipe != SUBTITLES) for name, recipes in wished.items()}


async def choose(house: House, slug: str, colophon: str, who: int | None) -> bool:
    """Whether the files of a work's editions to come say where they come from. Raises NotFound(WORK_UNKNOWN)."""
    now, deed = house.clock(), Deed(who, What.COLOPHON_CHOSEN, f"work:{slug}", {"colophon": colophon or "shop"})
    return await house.db.write(noted(lambda conn: choose_colophon(conn, slug, colophon), deed, now))
