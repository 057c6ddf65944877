"""Drafts: begun, looked over, turned into a plan, thrown away. errands/press.py publishes them.

All that is wrong with a draft is found at once, each with the field that it is about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from headwaters.actions import drafting as verbs
from headwaters.actions.deeds import noted
from headwaters.actions.drafts import open_draft
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, HeadwatersError, Refused
from headwaters.core.sales.money import plain
from headwaters.core.sales.states import Door
from headwaters.core.shelf.keys import REF_LENGTH
from headwaters.core.works.details import Defaults, complete, default_minimum, default_price
from headwaters.core.works.drafts import FIRST_WORDS, source_of
from headwaters.core.works.editions import RIGHTS_VERSION, EditionFile, Role, is_drawn, rights_for
from headwaters.core.works.forms import COPIES, NEW_EDITION, check_changes, in_the_studio, problems_of, understood
from headwaters.core.works.licences import ALL_RIGHTS_RESERVED, find_licence
from headwaters.core.works.manifest import FileEntry, ManifestBroken, Problem, Said
from headwaters.core.works.media import kind_of_work
from headwaters.core.works.names import check_distinct, shown
from headwaters.core.works.slugs import slug_from
from headwaters.core.works.uploads import UploadState
from headwaters.errands import uploads
from headwaters.errands.gather import KeptFile, Plan, PlannedFile, given_files
from headwaters.errands.house import House
from headwaters.errands.uploads import UploadedFile
from headwaters.errands.walk import Found, stamp_of
from headwaters.store import drafts as rows
from headwaters.store import works as work_rows
from headwaters.store.db import Connection
from headwaters.store.drafts import DraftRow
from headwaters.store.works import FileRow
from headwaters.texts import translations

T = TypeVar("T")


# ── begun ────────────────────────────────────────────────────────────────────────────────────────


async def begin_work(house: House, who: int | None) -> str:
    """A new work's draft; one of theirs that nobody touched yet is as good as new. Its reference."""
    found = await house.db.read(lambda conn: rows.untouched_draft(conn, who))
    return found.ref if found else await _open(house, None, first_form(house), who)


async def begin_edition(house: House, slug: str, who: int | None) -> str:
    """The draft of a work's next edition; one that is in the making already is gone on with. Its reference.

    Raises NotFound(WORK_UNKNOWN).
    """

    def look(conn: Connection) -> tuple[int, DraftRow | None, str]:
        work = work_rows.work_at(conn, slug)
        return work.id, rows.draft_of_work(conn, work.id), _declared_before(conn, work.id)

    work_id, found, rights = await house.db.read(look)
    form = {**dict.fromkeys(NEW_EDITION, ""), "rights": rights}
    return found.ref if found else await _open(house, work_id, form, who)


def _declared_before(conn: Connection, work_id: int) -> str:
    """By what right the edition before was published, if the declaration still has the words of then: it is what most
    would choose again. Each edition is declared anew, by publishing it with this."""
    editions = work_rows.editions_of(conn, work_id)
    return editions[0].rights if editions and editions[0].rights_text == RIGHTS_VERSION else ""


async def _open(house: House, work_id: int | None, form: Mapping[str, str], who: int | None) -> str:
    ref, now = house.token()[:REF_LENGTH], house.clock()
    text = rows.form_text(form)
    await house.db.write(lambda conn: open_draft(conn, ref=ref, work_id=work_id, who=who, form=text, now=now))
    return ref


def first_form(house: House) -> dict[str, str]:
    """What a new work's form says before anybody typed."""
    settings = house.now.settings
    creator = settings.creator or settings.name
    return {
        "title": "",
        "slug": "",
        "by": creator,
        "kind": "",
        "language": settings.language,
        "year": "",
        "price": plain(default_price(settings.currency)),
        "minimum": plain(default_minimum(settings.currency)),
        "licence": ALL_RIGHTS_RESERVED,
        "doors": ",".join(Door),
        "words": (translations(settings.language).gettext(FIRST_WORDS) % {"creator": creator}).strip(),
        "description": "",
        "cover_alt": "",
        "taste": "",
        "rights": "",
        "colophon": "",
        "remove_private": "",
    }


async def discard(house: House, ref: str, who: int | None) -> None:
    """Thrown away, with its files. Raises as actions.drafting.discard_draft."""
    now, deed = house.clock(), Deed(who, What.DRAFT_DISCARDED, f"draft:{ref}")
    draft_id = await house.db.write(noted(lambda conn: verbs.discard_draft(conn, ref, now), deed, now))
    await uploads.forget(house, draft_id)


# ── what it would be ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Ready:
    """A draft as it would be published: the plan and, for an edition, its work's address and what is new."""

    plan: Plan
    edition_of: str | None
    changes: str


async def kept_files(house: House, draft: DraftRow) -> tuple[KeptFile, ...]:
    """The files of the edition before that a draft of the next may keep, with the pictures made of them."""
    if draft.work_id is None:
        return ()

    def look(conn: Connection, work_id: int) -> tuple[KeptFile, ...]:
        newest = work_rows.newest_edition(conn, work_id)
        if newest is None:
            return ()
        blobs = work_rows.blobs_of(conn, newest.id)
        return tuple(KeptFile(_edition_file(row), blobs[row.sha256]) for row in work_rows.files_of(conn, newest.id))

    work_id = draft.work_id
    return await house.db.read(lambda conn: look(conn, work_id))


def _edition_file(row: FileRow) -> EditionFile:
    return EditionFile(
        role=Role(row.role),
        name=row.name,
        label=row.label,
        media_type=row.media_type,
        sha256=row.sha256,
        size=row.size,
        seconds_micros=row.seconds_micros,
        width=row.width,
        height=row.height,
        given=row.given,
        recipe=row.recipe,
    )


async def prepare(house: House, draft: DraftRow) -> Ready:
    """The draft as it would be published now.

    Raises ManifestBroken with everything that is wrong, each with its field.
    """
    problems: list[Problem] = []
    files = await uploads.files_of(house, draft.id)
    before = await kept_files(house, draft)
    said, details_wrong = _said(house, draft)
    problems += details_wrong
    changes = _collect(problems, lambda: check_changes(draft.form.get("changes", ""))) or ""
    problems += await house.db.read(lambda conn: _clashes(conn, draft, said))
    plan = await asyncio.to_thread(_collect, problems, lambda: _plan(draft, said, files, before))
    if problems or plan is None:
        raise ManifestBroken(tuple(problems))
    return Ready(plan, draft.work_slug, changes)


def _said(house: House, draft: DraftRow) -> tuple[Said, list[Problem]]:
    """What the form says, and what is wrong with it on its own."""
    if draft.work_id is not None:
        typed = {key: draft.form.get(key, "") for key in ("rights", *COPIES)}
        said, wrong = understood(typed, house.now.settings.currency)
        return said, list(wrong)
    settings = house.now.settings
    said, wrong = understood(draft.form, settings.currency)
    problems = list(wrong)
    defaults = Defaults("", settings.creator, kind_of_work(()), settings.language, settings.currency)
    faulty = {problem.key for problem in wrong}
    if not faulty & {"price", "minimum", "doors"}:
        _collect(problems, lambda: complete(said, None, defaults))
    return said, problems


def _clashes(conn: Connection, draft: DraftRow, said: Said) -> list[Problem]:
    """What is wrong with the draft beside other works: its address, its state, its declaration."""
    problems: list[Problem] = []
    if draft.work_id is not None:
        work = work_rows.work_by_id(conn, draft.work_id)
        licence = work.details.licence if work else ALL_RIGHTS_RESERVED
    else:
        licence = said.licence or ALL_RIGHTS_RESERVED
        slug = said.slug or slug_from(said.title or "")
        taken = work_rows.work_by_slug(conn, slug) if said.title or said.slug else None
        if taken is not None and taken.source != source_of(draft.ref):
            problems += problems_of(in_the_studio(Refused(Code.SLUG_TAKEN, "", field="slug")))
    _collect(problems, lambda: rights_for(said.rights, find_licence(licence)))
    return problems


def _collect(problems: list[Problem], ask: Callable[[], T]) -> T | None:
    """What `ask()` gives; what it refuses joins the problems."""
    try:
        return ask()
    except HeadwatersError as refused:
        problems.extend(problems_of(in_the_studio(refused)))
        return None


def _plan(draft: DraftRow, said: Said, files: Sequence[UploadedFile], before: Sequence[KeptFile]) -> Plan:
    """The plan of a draft. Looks at the disk: call it in a thread.

    Raises ManifestBroken; Refused: NOTHING_TO_PUBLISH, NAMES_COLLIDE, FILE_MISSING.
    """
    _check_all_here(files)
    plan = assemble(draft, said, files, before)
    if all(one.file.role is not Role.WORK for one in plan.kept) and all(
        one.role is not Role.WORK for one in plan.files
    ):
        raise Refused(
            Code.NOTHING_TO_PUBLISH,
            N_("There is no file of the work yet."),
            hint=N_("Add the files that people get. A sample or a cover alone is no work."),
            field="files",
        )
    given = sum(one.file.role.given for one in before)
    if before and not plan.files and sum(one.file.role.given for one in plan.kept) == given:
        raise Refused(
            Code.NOTHING_TO_PUBLISH,
            N_("These are the files of the edition before, and nothing else."),
            hint=N_("Add files, or leave some out. Words alone are changed on the work’s page, without an edition."),
            field="files",
        )
    return plan


def _check_all_here(files: Sequence[UploadedFile]) -> None:
    """Raises ManifestBroken with every file that is on its way, or was refused."""
    problems = tuple(problem for file in files if (problem := _not_here(file)))
    if problems:
        raise ManifestBroken(problems)


def _not_here(file: UploadedFile) -> Problem | None:
    if file.state is UploadState.HERE:
        return None
    words, hint = N_("“%(name)s” is not all here yet."), N_("Wait until it is, or take it out.")
    if file.state is UploadState.REFUSED:
        words, hint = N_("“%(name)s” was refused."), N_("Take it out, or send another in its place.")
    return Problem("", "files", words, {"name": shown(file.name)}, hint)


def assemble(draft: DraftRow, said: Said, files: Sequence[UploadedFile], before: Sequence[KeptFile]) -> Plan:
    """The plan of these files, and of those that the edition before leaves to this one. Looks at the disk."""
    dropped = set(draft.form.get("dropped", "").split("\n"))
    new = {file.name.casefold() for file in files}
    old = {kept.file.name.casefold(): kept.file for kept in before}
    given = [kept for kept in before if kept.file.role.given]
    kept = [one for one in given if one.file.name not in dropped and one.file.name.casefold() not in new]
    entries = [(_entry(file, old.get(file.name.casefold())), _found(file)) for file in files]
    planned = given_files(entries, [one.file for one in kept])
    planned = [replace(one, keep=file.keep, known=file.sha256) for one, file in _paired(planned, files)]
    names = [*(one.file.name for one in kept), *(one.name for one in planned)]
    check_distinct(names)
    return Plan(
        place=Path(draft.ref),
        source=source_of(draft.ref),
        title="",
        said=said,
        files=tuple(planned),
        left_out=(),
        kept=(*kept, *_art_that_stays(before, kept, planned)),
        order=tuple(dict.fromkeys([*(one.file.name for one in given), *(one.name for one in planned)])),
    )


def _entry(file: UploadedFile, replaced: EditionFile | None) -> FileEntry:
    """A file in the place of one of the same name is what that was, unless somebody said otherwise."""
    role = Role(file.role) if file.role else replaced.role if replaced else None
    label = file.label or (replaced.label if replaced else "")
    return FileEntry(file.name, label, role, file.name)


def _found(file: UploadedFile) -> Found:
    with suppress(OSError):
        return Found(file.name, file.path, file.path, file.size, stamp_of(file.path))
    hint = N_("Take it out, and send it again.")
    message = N_("“%(name)s” is not there any more.")
    raise Refused(Code.FILE_MISSING, message, hint=hint, field="files", name=shown(file.name))


def _paired(planned: Sequence[PlannedFile], files: Sequence[UploadedFile]) -> list[tuple[PlannedFile, UploadedFile]]:
    by_path = {file.path: file for file in files}
    return [(one, by_path[one.found.path]) for one in planned]


def _art_that_stays(
    before: Sequence[KeptFile], kept: Sequence[KeptFile], planned: Sequence[PlannedFile]
) -> list[KeptFile]:
    """The pictures of the edition before, unless there is another cover, or the one they show was left out, or they
    were drawn and new files may bring better ones."""
    art = [one for one in before if one.file.role is Role.ART]
    had_cover = any(one.file.role is Role.COVER for one in before)
    has_cover = any(one.file.role is Role.COVER for one in kept)
    if any(one.role is Role.COVER for one in planned) or (had_cover and not has_cover):
        return []
    drawn = any(is_drawn(one.file.name) for one in art)
    return [] if drawn and planned else art
