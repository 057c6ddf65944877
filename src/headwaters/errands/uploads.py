"""Uploads: files on their way to a draft, and what becomes of them.

    announce ─► pieces, each flushed and counted ─► check (SHA-256, what kind, is it whole) ─► here
    pick a file or folder of this machine ─────────► check ─► here

Killed at any gap, it goes on: bytes that were not counted are sent again, a check that was cut off begins anew, bytes
that belong to nothing are swept. `files_of`, `forget` and `pick` are what drafts need; the rest is the Studio's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from headwaters.actions import uploads as verbs
from headwaters.actions.deeds import noted
from headwaters.actions.uploads import NewUpload
from headwaters.core.deeds import Deed, What
from headwaters.core.shelf.keys import REF_LENGTH
from headwaters.core.works.names import base_name
from headwaters.core.works.uploads import Announced, UploadState, announce, check_names, clean_upload_name
from headwaters.errands.house import House
from headwaters.errands.incoming import Incoming, Writer
from headwaters.errands.picking import pick as pick
from headwaters.ports import Keep
from headwaters.store import uploads as rows
from headwaters.store.db import Connection
from headwaters.store.uploads import UploadRow

STRAY = timedelta(hours=1)  # older than this, bytes that belong to no upload are cleared away


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a draft. Publish it only when `state` is here; with `keep` as it says, and `sha256` as known.

    `role` is empty where its name decides; `origin`: where it was picked on this machine, None if it was sent.
    """

    ref: str
    path: Path
    name: str
    role: str
    label: str
    position: int
    size: int
    sha256: str
    media_type: str
    state: UploadState
    keep: Keep
    origin: str | None


def incoming_of(house: House) -> Incoming:
    """Where the bytes of uploads are."""
    return Incoming(house.config.incoming_dir)


def place_of(house: House, row: UploadRow) -> Path:
    """Where its file is. Blocks, if briefly."""
    return Path(row.origin) if row.origin is not None else incoming_of(house).path(row.ref, base_name(row.name))


async def files_of(house: House, draft_id: int) -> tuple[UploadedFile, ...]:
    """All files of a draft, in their order."""
    found = await house.db.read(partial(rows.uploads_of, draft_id=draft_id))
    return await asyncio.to_thread(lambda: tuple(_uploaded(house, row) for row in found))


def _uploaded(house: House, row: UploadRow) -> UploadedFile:
    return UploadedFile(
        ref=row.ref,
        path=place_of(house, row),
        name=row.name,
        role=row.role,
        label=row.label,
        position=row.position,
        size=row.size,
        sha256=row.sha256,
        media_type=row.media_type,
        state=row.state,
        keep=Keep.MOVE if row.origin is None else Keep.COPY,
        origin=row.origin,
    )


async def forget(house: House, draft_id: int) -> None:
    """A draft was published, or thrown away: rows and bytes of its files go. Files of this machine stay where they are.
    Killed in between, the sweep takes the bytes."""
    gone = await house.db.write(partial(verbs.forget_uploads, draft_id=draft_id))
    await asyncio.to_thread(incoming_of(house).remove, gone)


async def begin(house: House, draft_ref: str, file: Announced, who: int | None) -> UploadRow:
    """An upload that was announced: its address, and an empty file for its bytes. The same file announced again (name,
    size and stamp) leads to the upload that is there: so it goes on from any window and any machine.

    Raises Refused(DISK_FULL), and as actions.uploads.begin_uploads.
    """
    if (same := await _same(house, draft_ref, file)) is not None:
        return same
    incoming, ref, now = incoming_of(house), house.token()[:REF_LENGTH], house.clock()
    expected = await house.db.read(rows.bytes_to_come)
    await asyncio.to_thread(incoming.check_room, file.size + expected)
    await asyncio.to_thread(incoming.make, ref, base_name(file.name))
    deed = Deed(who, What.FILE_ADDED, f"draft:{draft_ref}", {"name": file.name})
    new = [NewUpload(ref, file)]
    try:
        await house.db.write(noted(lambda conn: verbs.begin_uploads(conn, draft_ref, new, now), deed, now))
    except BaseException:
        await asyncio.to_thread(incoming.remove, [ref])
        raise
    return await house.db.read(partial(rows.upload_at, ref=ref))


async def _same(house: House, draft_ref: str, file: Announced) -> UploadRow | None:
    draft = await house.db.read(partial(rows.find_draft, ref=draft_ref))
    for row in await house.db.read(partial(rows.uploads_of, draft_id=draft.id)):
        if (
            file.stamp
            and row.state is not UploadState.REFUSED
            and (row.name, row.size, row.stamp)
            == (
                file.name,
                file.size,
                file.stamp,
            )
        ):
            return row
    return None


async def take_in(house: House, draft_ref: str, path: str, chunks: AsyncIterator[bytes], who: int | None) -> str:
    """A file that a form sends in one go, of a length that nobody knows before; its reference. It waits for its check.

    Raises as core.works.uploads.announce, actions.uploads.begin_uploads and Writer; whatever `chunks` raises.
    """
    incoming, ref, most = incoming_of(house), house.token()[:REF_LENGTH], house.config.largest_bytes
    name = clean_upload_name(path)
    draft = await house.db.read(partial(rows.find_draft, ref=draft_ref))
    names = [row.name for row in await house.db.read(partial(rows.uploads_of, draft_id=draft.id))]
    check_names(names, [name])
    place = await asyncio.to_thread(incoming.make, ref, base_name(name))
    try:
        size = await _write_all(incoming, place, chunks)
        file, now = announce(name, size, most), house.clock()

        def add(conn: Connection) -> None:
            verbs.begin_uploads(conn, draft_ref, [NewUpload(ref, file)], now)
            verbs.count_bytes(conn, ref, 0, size, now)

        deed = Deed(who, What.FILE_ADDED, f"draft:{draft_ref}", {"name": name})
        await house.db.write(noted(add, deed, now))
    except BaseException:
        await asyncio.to_thread(incoming.remove, [ref])
        raise
    return ref


async def _write_all(incoming: Incoming, place: Path, chunks: AsyncIterator[bytes]) -> int:
    """Write what comes, and flush it; how many bytes that were."""
    writer = await asyncio.to_thread(Writer, incoming, place, 0, None)
    try:
        async for chunk in chunks:
            await asyncio.to_thread(_write, incoming, writer, chunk)
        await asyncio.to_thread(writer.flush)
        return writer.at
    finally:
        await asyncio.to_thread(writer.close)


def _write(incoming: Incoming, writer: Writer, chunk: bytes) -> None:
    incoming.check_room(0)
    writer.write(chunk)


async def remove(house: House, draft_ref: str, ref: str, who: int | None) -> bool:
    """Take a file out of its draft; its bytes go. False: it was not there any more. Raises as
    actions.uploads.remove_upload."""
    now, deed = house.clock(), Deed(who, What.FILE_REMOVED, f"draft:{draft_ref}", {"upload": ref})
    gone = await house.db.write(noted(lambda conn: verbs.remove_upload(conn, draft_ref, ref), deed, now))
    if gone:
        await asyncio.to_thread(incoming_of(house).remove, [ref])
    return gone


async def describe(
    house: House, draft_ref: str, ref: str, *, name: str, role: str, label: str, who: int | None
) -> bool:
    """See actions.uploads.describe_upload; False where nothing changed."""
    now, deed = house.clock(), Deed(who, What.FILE_CHANGED, f"draft:{draft_ref}", {"name": name})
    verb = partial(verbs.describe_upload, draft_ref=draft_ref, ref=ref, name=name, role=role, label=label, now=now)
    return await house.db.write(noted(verb, deed, now))


async def order(house: House, draft_ref: str, ref: str, by: int, who: int | None) -> bool:
    """See actions.uploads.order_upload; False where it was at the end already."""
    now, deed = house.clock(), Deed(who, What.FILE_CHANGED, f"draft:{draft_ref}", {"upload": ref})
    return await house.db.write(noted(lambda conn: verbs.order_upload(conn, draft_ref, ref, by, now), deed, now))


async def sweep(house: House) -> int:
    """Give up what nobody has sent a byte of for a week, and clear away bytes that belong to nothing; how many went."""
    incoming, now = incoming_of(house), house.clock()
    gone = await house.db.write(lambda conn: verbs.give_up_uploads(conn, now))
    await asyncio.to_thread(incoming.remove, gone)
    known = await house.db.read(rows.all_refs)
    return len(gone) + await asyncio.to_thread(incoming.sweep, known, now - STRAY)
