"""Verbs of works: publish an edition, change words and order, retire, restore, withhold. Each runs in one transaction
and can be run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from headwaters.actions.makings import make_again, queue_makings
from headwaters.core.clock import to_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Conflict, Refused
from headwaters.core.works.details import Defaults, Details, complete
from headwaters.core.works.editions import (
    RIGHTS_VERSION,
    EditionFile,
    Role,
    WorkState,
    fingerprint,
    is_drawn,
    labelled,
    rights_for,
    states_before,
)
from headwaters.core.works.licences import find_licence
from headwaters.core.works.manifest import Said
from headwaters.core.works.slugs import slug_from
from headwaters.core.works.stamps import Choice
from headwaters.store import works as rows
from headwaters.store.db import Connection
from headwaters.store.deeds import add_deed
from headwaters.store.shop import lock_catalogue, raise_catalogue
from headwaters.store.works import BlobRow, FileRow, PlaceRow, WorkRow


@dataclass(frozen=True, slots=True)
class Publication:
    """What is to be published: where from, what was said of it, and its files with their kept blobs.

    `edition_of`: the slug of the work that this is an edition of, wherever that was published from.
    """

    source: str
    said: Said
    defaults: Defaults
    edition_of: str | None = None
    files: tuple[EditionFile, ...] = ()
    blobs: tuple[BlobRow, ...] = ()
    changes: str = ""  # what is new in the edition, for who has the work


class Change(StrEnum):
    """What publishing came to."""

    NEW_WORK = "new_work"
    NEW_EDITION = "new_edition"
    NEW_WORDS = "new_words"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Published:
    """A work after publishing; `edition` is the number of its newest; `mended`: how many files were damaged before."""

    work_id: int
    slug: str
    title: str
    state: WorkState
    edition: int
    change: Change
    mended: int = 0


def publish_edition(conn: Connection, publication: Publication, refs: Sequence[str], now: datetime) -> Published:
    """The work, its edition and files, all or nothing. The same again changes nothing; other words alone change the
    page; other files make a new edition. `refs`: fresh file references, one for each file.

    Raises Refused: SLUG_TAKEN, RIGHTS_MISSING, WORK_WITHHELD, AMOUNT_TOO_SMALL; NotFound(WORK_UNKNOWN).
    """
    before = find_work(conn, publication)
    if before is None and (created := _create(conn, publication, now)) is not None:
        return _first_edition(conn, created, publication, refs, now)
    before = before or find_work(conn, publication)  # somebody was faster: it is there now
    if before is None:
        raise Conflict(Code.SLUG_TAKEN, N_("This work is just being published by somebody else. Try again."))
    rows.lock_work(conn, before.id)
    return _change(conn, _not_withheld(rows.work_at(conn, before.slug)), publication, refs, now)


def find_work(conn: Connection, publication: Publication) -> WorkRow | None:
    """The work that this would be an edition of; None for a new one.

    Raises Refused: SLUG_TAKEN, WORK_WITHHELD; NotFound(WORK_UNKNOWN).
    """
    if publication.edition_of is not None:
        found: WorkRow | None = rows.work_at(conn, publication.edition_of)
    else:
        found = rows.work_by_source(conn, publication.source)
    if found is not None:
        return _not_withheld(_at_its_address(found, publication.said.slug))
    taken = rows.work_by_slug(conn, slug_of(publication))
    if taken is None:
        return None
    if taken.source != publication.source:
        raise _taken(taken.slug)
    return _not_withheld(taken)  # it came between the two looks: somebody publishes the same at this very moment


def _at_its_address(work: WorkRow, wanted: str | None) -> WorkRow:
    if wanted in {None, work.slug}:
        return work
    raise Refused(
        Code.SLUG_TAKEN,
        N_("This is published as “%(slug)s” already, and the address of a work stays."),
        hint=N_("Leave the slug away, or publish the other work from a folder of its own."),
        field="slug",
        slug=work.slug,
    )


def slug_of(publication: Publication) -> str:
    """The address of a new work."""
    return publication.said.slug or slug_from(publication.said.title or publication.defaults.title)


def _taken(slug: str) -> Refused:
    return Refused(
        Code.SLUG_TAKEN,
        N_("There is another work at “%(slug)s”, published from somewhere else."),
        hint=N_("Choose another address with --slug; or, if this is a new edition of it, add --edition-of %(slug)s."),
        field="slug",
        slug=slug,
    )


def _not_withheld(work: WorkRow) -> WorkRow:
    if work.state is WorkState.WITHHELD:
        raise Refused(
            Code.WORK_WITHHELD,
            N_("“%(slug)s” is withheld, so nothing new of it is published."),
            hint=N_("When the reason is gone, bring it back first: headwaters restore %(slug)s"),
            slug=work.slug,
        )
    return work


def check_publishable(conn: Connection, publication: Publication) -> WorkRow | None:
    """What can be known before the files are kept: raises what `publish_edition` would. The work it would change."""
    before = find_work(conn, publication)
    details = complete(publication.said, before.details if before else None, publication.defaults)
    if before is None:
        rights_for(publication.said.rights, find_licence(details.licence))
    return before


def _create(conn: Connection, publication: Publication, now: datetime) -> WorkRow | None:
    """The new work without an edition; None when its slug was taken in this very moment."""
    details = complete(publication.said, None, publication.defaults)
    slug = slug_of(publication)
    work_id = rows.add_work(conn, slug, publication.source, details, to_micros(now))
    return None if work_id is None else WorkRow(work_id, slug, publication.source, WorkState.PUBLISHED, details)


def _first_edition(
    conn: Connection, work: WorkRow, publication: Publication, refs: Sequence[str], now: datetime
) -> Published:
    rows.keep_blobs(conn, publication.blobs, to_micros(now))
    _add_edition(conn, work.id, 1, work.details, publication, refs, now)
    raise_catalogue(conn)
    return Published(work.id, work.slug, work.details.title, work.state, 1, Change.NEW_WORK)


def _change(conn: Connection, work: WorkRow, publication: Publication, refs: Sequence[str], now: datetime) -> Published:
    details = complete(publication.said, work.details, publication.defaults)
    newest = rows.newest_edition(conn, work.id)
    number = newest.number if newest else 0
    change = Change.NOTHING
    mended = rows.damaged_among(conn, [row.sha256 for row in publication.blobs])
    kept_anew = rows.keep_blobs(conn, publication.blobs, to_micros(now))  # that may have changed alone
    if (details, publication.source) != (work.details, work.source):
        rows.change_work(conn, work.id, publication.source, details, to_micros(now))
        _queue_anew(conn, work.id, now)
        change = Change.NEW_WORDS
    if newest is None or newest.fingerprint != fingerprint(publication.files):
        number += 1
        _add_edition(conn, work.id, number, details, publication, refs, now)
        change = Change.NEW_EDITION
    elif change is Change.NEW_WORDS:
        _draw_anew(conn, newest.id, publication, refs)
    if kept_anew or change is not Change.NOTHING:
        raise_catalogue(conn)  # an open shop remembers also how a file is kept
        make_again(conn, now)
    return Published(work.id, work.slug, details.title, work.state, number, change, mended)


def _add_edition(
    conn: Connection,
    work_id: int,
    number: int,
    details: Details,
    publication: Publication,
    refs: Sequence[str],
    now: datetime,
) -> None:
    rights = rights_for(publication.said.rights, find_licence(details.licence))
    mark = fingerprint(publication.files)
    edition = rows.add_edition(
        conn, work_id, number, mark, rights.value, RIGHTS_VERSION, publication.changes, to_micros(now)
    )
    rows.add_files(conn, edition, _file_rows(publication.files, refs))
    queue_makings(conn, edition, now)


def _draw_anew(conn: Connection, edition_id: int, publication: Publication, refs: Sequence[str]) -> None:
    """A cover that the shop drew says the title: with another title it is another one."""
    art = [pair for pair in zip(publication.files, refs, strict=True) if pair[0].role is Role.ART]
    if any(is_drawn(file.name) for file, _ in art) and has_drawn_cover(conn, edition_id):
        rows.replace_art(conn, edition_id, _file_rows([file for file, _ in art], [ref for _, ref in art]))


def has_drawn_cover(conn: Connection, edition_id: int) -> bool:
    """Whether the pictures of an edition are of a cover that the shop drew, as there was none."""
    return any(row.role == Role.ART and is_drawn(row.name) for row in rows.files_of(conn, edition_id))


def _file_rows(files: Sequence[EditionFile], refs: Sequence[str]) -> list[FileRow]:
    return [
        FileRow(
            ref=ref,
            role=file.role.value,
            name=file.name,
            label=file.label,
            media_type=file.media_type,
            sha256=file.sha256,
            size=file.size,
            seconds_micros=file.seconds_micros,
            width=file.width,
            height=file.height,
            given=file.given,
            recipe=file.recipe,
        )
        for file, ref in zip(labelled(files), refs, strict=True)
    ]


def publish_noted(
    conn: Connection, publication: Publication, refs: Sequence[str], who: int | None, now: datetime
) -> Published:
    """`publish_edition`, with a line in the audit log where it changed something."""
    published = publish_edition(conn, publication, refs, now)
    if (chosen := publication.said.colophon) is not None:
        rows.set_colophon(conn, published.work_id, Choice.ON if chosen else Choice.OFF)
    if (what := _DEEDS.get(published.change)) is not None:
        details = {"edition": str(published.edition)} if published.change is Change.NEW_EDITION else {}
        add_deed(conn, Deed(who, what, f"work:{published.slug}", details), to_micros(now))
    return published


_DEEDS = {
    Change.NEW_WORK: What.WORK_PUBLISHED,
    Change.NEW_EDITION: What.EDITION_PUBLISHED,
    Change.NEW_WORDS: What.WORDS_CHANGED,
}


# ── words ────────────────────────────────────────────────────────────────────────────────────────


def change_words(conn: Connection, slug: str, revision: int, details: Details, now: datetime) -> bool:
    """Other words and terms on a work's page, if nobody changed them since `revision`. False: it says so already.

    Raises Conflict(CHANGED_MEANWHILE), NotFound(WORK_UNKNOWN).
    """
    work = rows.work_at(conn, slug)
    if work.details == details:
        return False
    if not rows.change_words(conn, work.id, revision, details, to_micros(now)):
        raise changed_meanwhile()
    _queue_anew(conn, work.id, now)
    raise_catalogue(conn)
    return True


def _queue_anew(conn: Connection, work_id: int, now: datetime) -> None:
    """What the newest edition wants may hang on the words: what can be tried, which formats there are."""
    newest = rows.newest_edition(conn, work_id)
    if newest is not None:
        queue_makings(conn, newest.id, now)


def changed_meanwhile() -> Conflict:
    """Somebody else, or another tab, was faster."""
    return Conflict(
        Code.CHANGED_MEANWHILE,
        N_("Somebody, or another tab of yours, changed this in the meantime. Nothing was overwritten."),
        hint=N_("Look at the differences below, decide, and save once more."),
    )


def replace_drawn_cover(
    conn: Connection,
    slug: str,
    art: Sequence[EditionFile],
    blobs: Sequence[BlobRow],
    refs: Sequence[str],
    now: datetime,
) -> bool:
    """Another drawn cover for the newest edition. False where its cover is not one that the shop drew."""
    work = rows.work_at(conn, slug)
    newest = rows.newest_edition(conn, work.id)
    if newest is None or not has_drawn_cover(conn, newest.id):
        return False
    rows.keep_blobs(conn, blobs, to_micros(now))
    rows.replace_art(conn, newest.id, _file_rows(art, refs))
    raise_catalogue(conn)
    return True


def choose_colophon(conn: Connection, slug: str, colophon: str) -> bool:
    """Whether the files of editions to come say where they come from (on, off; empty: as the shop does). False: it was
    so. Those that are published stay as they are. Raises NotFound(WORK_UNKNOWN)."""
    return rows.set_colophon(conn, rows.work_at(conn, slug).id, Choice(colophon) if colophon else "")


# ── order ────────────────────────────────────────────────────────────────────────────────────────


def order_works(conn: Connection, slugs: Sequence[str]) -> bool:
    """These works first on the first page, in this order; the others follow as they were. False: it was so.

    Raises NotFound(WORK_UNKNOWN).
    """
    lock_catalogue(conn)
    by_slug = {place.slug: place for place in rows.places(conn)}
    for slug in slugs:
        if slug not in by_slug:
            rows.work_at(conn, slug)  # says that it is not there
    return _put_in_order(conn, list(by_slug.values()), [by_slug[slug] for slug in dict.fromkeys(slugs)])


def shift_work(conn: Connection, slug: str, step: int) -> bool:
    """Past the next published work towards the beginning (`step` -1) or the end (1). False: it stands there already."""
    lock_catalogue(conn)
    places = rows.places(conn)
    shown = [place for place in places if place.state == WorkState.PUBLISHED]
    at = next((at for at, place in enumerate(shown) if place.slug == slug), None)
    if at is None:
        rows.work_at(conn, slug)
        return False
    if not 0 <= at + step < len(shown):
        return False
    shown[at], shown[at + step] = shown[at + step], shown[at]
    return _put_in_order(conn, places, shown)


def _put_in_order(conn: Connection, places: Sequence[PlaceRow], first: Sequence[PlaceRow]) -> bool:
    ordered = [*first, *(place for place in places if place not in first)]
    if [place.id for place in ordered] == [place.id for place in places]:
        return False
    for position, place in enumerate(ordered, start=1):
        if place.position != position:
            rows.put_at(conn, place.id, position)
    raise_catalogue(conn)
    return True


# ── states ───────────────────────────────────────────────────────────────────────────────────────


def retire_work(conn: Connection, slug: str, now: datetime) -> bool:
    """The public page goes; holders keep everything. True: now; False: it was retired before."""
    return _move(conn, slug, WorkState.RETIRED, "", now)


def restore_work(conn: Connection, slug: str, now: datetime) -> bool:
    """The public page comes back. True: now; False: it was there."""
    return _move(conn, slug, WorkState.PUBLISHED, "", now)


def withhold_work(conn: Connection, slug: str, note: str, now: datetime) -> bool:
    """By a legal duty the bytes stop, and the page says so with `note`. True: now; False: was withheld before."""
    return _move(conn, slug, WorkState.WITHHELD, note.strip(), now)


def _move(conn: Connection, slug: str, target: WorkState, note: str, now: datetime) -> bool:
    work = rows.work_at(conn, slug)
    moved = rows.move_work(conn, work.id, target, states_before(target), note, to_micros(now))
    if moved:
        raise_catalogue(conn)
    return moved
