"""Verbs of collections: make one, change its words, put works in and in order, retire, restore."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from headwaters.actions.works import changed_meanwhile
from headwaters.core.clock import to_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.manifest import Given, understand
from headwaters.core.works.slugs import check_slug, slug_from
from headwaters.store import collections as rows
from headwaters.store import works as work_rows
from headwaters.store.db import Connection
from headwaters.store.deeds import add_deed
from headwaters.store.shop import raise_catalogue


def _words(title: str, words: str) -> tuple[str, str]:
    """Both as a work's are read. Raises ManifestBroken."""
    said = understand({"title": Given(title, ""), "words": Given(words, "")}, "EUR")
    return said.title or "", said.words or ""


def make_collection(conn: Connection, title: str, words: str, slug: str, now: datetime) -> str:
    """A new, empty one; its slug, made from the title where none is given.

    Raises ManifestBroken (title, words), Refused: SLUG_INVALID, SLUG_TAKEN.
    """
    title, words = _words(title, words)
    slug = check_slug(slug.strip()) if slug.strip() else slug_from(title)
    if rows.add_collection(conn, slug, title, words, to_micros(now)) is None:
        raise Refused(
            Code.SLUG_TAKEN,
            N_("There is another collection at “%(slug)s”."),
            hint=N_("Choose another address for this one."),
            field="slug",
            slug=slug,
        )
    raise_catalogue(conn)
    return slug


def make_noted(conn: Connection, title: str, words: str, slug: str, who: int | None, now: datetime) -> str:
    """`make_collection`, with its line in the audit log, which needs the slug."""
    made = make_collection(conn, title, words, slug, now)
    add_deed(conn, Deed(who, What.COLLECTION_MADE, f"collection:{made}"), to_micros(now))
    return made


def change_collection(conn: Connection, slug: str, revision: int, title: str, words: str, now: datetime) -> bool:
    """Other words, if nobody changed them since `revision`. False: it says so already.

    Raises ManifestBroken, Conflict(CHANGED_MEANWHILE), NotFound(COLLECTION_UNKNOWN).
    """
    title, words = _words(title, words)
    found = rows.collection_at(conn, slug)
    if (found.title, found.words) == (title, words):
        return False
    if not rows.change_collection(conn, found.id, revision, title, words, to_micros(now)):
        raise changed_meanwhile()
    raise_catalogue(conn)
    return True


def fill_collection(conn: Connection, slug: str, slugs: Sequence[str]) -> bool:
    """Exactly these works, in this order. False: it held them so. Raises NotFound: COLLECTION_UNKNOWN, WORK_UNKNOWN."""
    return _rearrange(conn, slug, lambda _: [work_rows.work_at(conn, each).id for each in dict.fromkeys(slugs)])


def put_in(conn: Connection, slug: str, work: str) -> bool:
    """One more work, at the end. False: it is in it already."""
    work_id = work_rows.work_at(conn, work).id
    return _rearrange(conn, slug, lambda ids: ids if work_id in ids else [*ids, work_id])


def take_out(conn: Connection, slug: str, work: str) -> bool:
    """The work stays what it is; the collection has it no more. False: it had not."""
    work_id = work_rows.work_at(conn, work).id
    return _rearrange(conn, slug, lambda ids: [each for each in ids if each != work_id])


def shift_member(conn: Connection, slug: str, work: str, step: int) -> bool:
    """One place towards the beginning (`step` -1) or the end (1). False: it stands there already."""
    work_id = work_rows.work_at(conn, work).id

    def shift(ids: list[int]) -> list[int]:
        at = ids.index(work_id) if work_id in ids else -1
        if at < 0 or not 0 <= at + step < len(ids):
            return ids
        moved = [each for each in ids if each != work_id]
        moved.insert(at + step, work_id)
        return moved

    return _rearrange(conn, slug, shift)


def _rearrange(conn: Connection, slug: str, change: Callable[[list[int]], list[int]]) -> bool:
    found = rows.collection_at(conn, slug)
    rows.lock_collection(conn, found.id)
    before = [member.work_id for member in rows.members(conn, found.id)]
    after = change(list(before))
    if after == before:
        return False
    rows.set_members(conn, found.id, after)
    raise_catalogue(conn)
    return True


def retire_collection(conn: Connection, slug: str, now: datetime) -> bool:
    """Its page goes; its works stay what they are. True: now; False: it was retired before."""
    return _move(conn, slug, rows.RETIRED, rows.PUBLISHED, now)


def restore_collection(conn: Connection, slug: str, now: datetime) -> bool:
    """Its page comes back. True: now; False: it was there."""
    return _move(conn, slug, rows.PUBLISHED, rows.RETIRED, now)


def _move(conn: Connection, slug: str, target: str, before: str, now: datetime) -> bool:
    found = rows.collection_at(conn, slug)
    moved = rows.move_collection(conn, found.id, target, before, to_micros(now))
    if moved:
        raise_catalogue(conn)
    return moved
