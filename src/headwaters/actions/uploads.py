"""Verbs of uploads: announce, count, check, describe, order, take out, give up. Each runs in one transaction.

Bytes are the errand's: a row here says what is durably on the disk, never more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, Conflict, NotFound
from headwaters.core.works.uploads import (
    LIVES,
    OPEN,
    Announced,
    UploadState,
    check_names,
    clean_label,
    clean_upload_name,
    known_role,
    moved,
)
from headwaters.store import uploads as rows
from headwaters.store.db import Connection
from headwaters.store.uploads import DraftKey, UploadRow


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What is to be added: under which reference, what, and where it lies if it is a file of the server."""

    ref: str
    file: Announced
    origin: str | None = None


def _open(conn: Connection, draft_ref: str) -> DraftKey:
    """The draft, locked. Raises NotFound(PAGE_UNKNOWN), Conflict(UPLOAD_CLOSED)."""
    draft = rows.lock_draft(conn, draft_ref)
    if draft.state != OPEN:
        raise Conflict(
            Code.UPLOAD_CLOSED,
            N_("This draft is being published, or waits for its day, so its files stay as they are."),
            hint=N_("Load the page again to see how things are now."),
        )
    return draft


def _of(conn: Connection, draft_ref: str, ref: str) -> UploadRow:
    """An upload of this draft, which is locked. Raises as _open; NotFound(UPLOAD_UNKNOWN)."""
    draft = _open(conn, draft_ref)
    row = rows.upload_at(conn, ref)
    if row.draft_id != draft.id:
        raise NotFound(Code.UPLOAD_UNKNOWN, N_("There is no such upload (any more)."))
    return row


def begin_uploads(conn: Connection, draft_ref: str, new: Sequence[NewUpload], now: datetime) -> list[str]:
    """Files that will come, or that lie on the server and are checked next; all of them or none.

    Raises NotFound(PAGE_UNKNOWN), Conflict(UPLOAD_CLOSED), Refused(NAMES_COLLIDE), TooLarge(FILE_TOO_LARGE).
    """
    draft = _open(conn, draft_ref)
    names = [row.name for row in rows.uploads_of(conn, draft.id)]
    check_names(names, [each.file.name for each in new])
    added = [(each.ref, each.file, each.origin) for each in new]
    return rows.add_uploads(conn, draft.id, added, to_micros(now))


def count_bytes(conn: Connection, ref: str, before: int, done: int, now: datetime) -> UploadState:
    """`done` bytes are durably here; before, `before` were. The last one makes it wait for its check.

    Raises Conflict(UPLOAD_OFFSET) when somebody else counted in between, NotFound(UPLOAD_UNKNOWN).
    """
    row = rows.upload_at(conn, ref)
    at = to_micros(now)
    if not rows.set_done(conn, ref, before, done, at):
        raise Conflict(
            Code.UPLOAD_OFFSET,
            N_("%(done)s bytes of this file are here, so the next piece begins there."),
            done=row.done,
        )
    if done == row.size and rows.move_upload(conn, ref, UploadState.COMING, UploadState.CHECKING, at):
        return UploadState.CHECKING
    return row.state


def accept_upload(
    conn: Connection, ref: str, name: str, sha256: str, media_type: str, now: datetime, findings: str = ""
) -> bool:
    """It is what it says, under this name; `findings`: what it tells besides. False: it is gone, was checked before, or
    got another name meanwhile."""
    found = {"sha256": sha256, "media_type": media_type, "error": "", "findings": findings}
    return rows.move_upload(conn, ref, UploadState.CHECKING, UploadState.HERE, to_micros(now), name, **found)


def refuse_upload(conn: Connection, ref: str, name: str, why: str, now: datetime) -> bool:
    """It cannot be published, and `why`, in words. False as accept_upload. Its bytes stay: another name may help."""
    return rows.move_upload(conn, ref, UploadState.CHECKING, UploadState.REFUSED, to_micros(now), name, error=why)


def describe_upload(
    conn: Connection, draft_ref: str, ref: str, *, name: str, role: str, label: str, now: datetime
) -> bool:
    """What it is called, what it is for, and the words beside it. Another name is checked against the content again.

    False where nothing changed. Raises as begin_uploads; NotFound(UPLOAD_UNKNOWN); Refused: NAME_INVALID,
    FILE_UNKNOWN_KIND.
    """
    row = _of(conn, draft_ref, ref)
    name = row.name if name.strip() == row.name else clean_upload_name(name)
    values: dict[str, object] = {"name": name, "role": known_role(role), "label": clean_label(label)}
    if (row.name, row.role, row.label) == tuple(values.values()):
        return False
    if name != row.name:
        check_names([other.name for other in rows.uploads_of(conn, row.draft_id) if other.ref != ref], [name])
        if row.state in {UploadState.HERE, UploadState.REFUSED}:
            values |= {"state": UploadState.CHECKING.value, "error": "", "sha256": "", "media_type": ""}
    rows.describe_upload(conn, ref, values | {"changed_at": to_micros(now)})
    return True


def order_upload(conn: Connection, draft_ref: str, ref: str, by: int, now: datetime) -> bool:
    """Up (-1) or down (1) in the list. False where it was at the end already. Raises as describe_upload."""
    row = _of(conn, draft_ref, ref)
    before = [other.ref for other in rows.uploads_of(conn, row.draft_id)]
    after = moved(before, ref, by)
    for position, each in enumerate(after, 1):
        rows.describe_upload(conn, each, {"position": position})
    return before != after


def remove_upload(conn: Connection, draft_ref: str, ref: str) -> bool:
    """Take it out of its draft. False: it was not there any more. Raises NotFound(PAGE_UNKNOWN),
    Conflict(UPLOAD_CLOSED)."""
    try:
        _of(conn, draft_ref, ref)
    except NotFound as unknown:
        if unknown.code is Code.UPLOAD_UNKNOWN:
            return False
        raise
    return rows.remove_upload(conn, ref)


def forget_uploads(conn: Connection, draft_id: int) -> list[str]:
    """All of a draft that was published or thrown away; the references of those whose bytes can go."""
    return rows.remove_all(conn, draft_id)


def give_up_uploads(conn: Connection, now: datetime) -> list[str]:
    """Those of which nothing came for a week; the references of those whose bytes can go."""
    return rows.remove_stale(conn, to_micros(now - LIVES))
