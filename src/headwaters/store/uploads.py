"""Named queries of uploads: files on their way, or here, for a draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, delete, func, insert, select, update

from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.works.uploads import Announced, UploadState
from headwaters.store.db import Connection
from headwaters.store.tables import drafts, uploads

# ── drafts ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class DraftKey:
    """A draft as its uploads see it."""

    id: int
    ref: str
    state: str


def find_draft(conn: Connection, ref: str) -> DraftKey:
    """The draft at an address. Raises NotFound(PAGE_UNKNOWN)."""
    row = conn.execute(select(drafts.c.id, drafts.c.ref, drafts.c.state).where(drafts.c.ref == ref)).first()
    if row is None:
        raise NotFound(Code.PAGE_UNKNOWN, N_("There is no such draft."), hint=N_("Was it published, or thrown away?"))
    return DraftKey(row.id, row.ref, row.state)


def draft_by_id(conn: Connection, draft_id: int) -> DraftKey:
    """The same by its number. Raises NotFound(PAGE_UNKNOWN)."""
    ref = conn.execute(select(drafts.c.ref).where(drafts.c.id == draft_id)).scalar()
    return find_draft(conn, ref or "")


def lock_draft(conn: Connection, ref: str) -> DraftKey:
    """The draft; whoever else would change its files waits until our transaction has ended. Raises as find_draft."""
    conn.execute(update(drafts).where(drafts.c.ref == ref).values(ref=drafts.c.ref))
    return find_draft(conn, ref)


def add_draft(conn: Connection, ref: str, work_id: int | None, who: int | None, form: str, now: int) -> int:
    """A new draft with state `open`; its number."""
    values = {"ref": ref, "work_id": work_id, "state": "open", "form": form, "creator_id": who}
    statement = insert(drafts).values(created_at=now, changed_at=now, **values)
    found: int = conn.execute(statement.returning(drafts.c.id)).scalar_one()
    return found


# ── uploads ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One upload. `done`: the bytes that are durably here; `origin`: where it lies, if it was not sent."""

    id: int
    ref: str
    draft_id: int
    draft_ref: str
    name: str
    role: str
    label: str
    position: int
    size: int
    done: int
    state: UploadState
    sha256: str
    media_type: str
    error: str
    stamp: str
    origin: str | None
    changed_at: int
    findings: str = ""  # core.works.stamps.read_findings


_UPLOAD = select(
    uploads.c.id,
    uploads.c.ref,
    uploads.c.draft_id,
    drafts.c.ref.label("draft_ref"),
    uploads.c.name,
    uploads.c.role,
    uploads.c.label,
    uploads.c.position,
    uploads.c.size,
    uploads.c.done,
    uploads.c.state,
    uploads.c.sha256,
    uploads.c.media_type,
    uploads.c.error,
    uploads.c.stamp,
    uploads.c.origin,
    uploads.c.changed_at,
    uploads.c.findings,
).join_from(uploads, drafts)


def _rows(conn: Connection, query: Select[tuple[object, ...]]) -> list[UploadRow]:
    found = conn.execute(query).mappings()
    return [UploadRow(**{**row, "state": UploadState(row["state"])}) for row in found]


def upload_at(conn: Connection, ref: str) -> UploadRow:
    """The upload at an address. Raises NotFound(UPLOAD_UNKNOWN)."""
    found = _rows(conn, _UPLOAD.where(uploads.c.ref == ref))
    if not found:
        raise NotFound(
            Code.UPLOAD_UNKNOWN,
            N_("There is no such upload (any more)."),
            hint=N_("It was taken out, or nothing came for a week. Send the file again."),
        )
    return found[0]


def uploads_of(conn: Connection, draft_id: int) -> list[UploadRow]:
    """All of a draft, in their order."""
    return _rows(conn, _UPLOAD.where(uploads.c.draft_id == draft_id).order_by(uploads.c.position, uploads.c.id))


def uploads_in(conn: Connection, state: UploadState) -> list[UploadRow]:
    """All in one state, the oldest first."""
    return _rows(conn, _UPLOAD.where(uploads.c.state == state.value).order_by(uploads.c.id))


def all_refs(conn: Connection) -> frozenset[str]:
    """The references of all uploads."""
    return frozenset(conn.execute(select(uploads.c.ref)).scalars())


def bytes_to_come(conn: Connection) -> int:
    """Bytes that were announced and are not here."""
    query = select(func.coalesce(func.sum(uploads.c.size - uploads.c.done), 0))
    return int(conn.execute(query.where(uploads.c.state == UploadState.COMING.value)).scalar_one())


def add_uploads(
    conn: Connection, draft_id: int, new: Sequence[tuple[str, Announced, str | None]], now: int
) -> list[str]:
    """New ones behind those that are there: reference, what was announced, and where it lies if it is not sent."""
    last = conn.execute(select(func.max(uploads.c.position)).where(uploads.c.draft_id == draft_id)).scalar()
    first = 1 if last is None else last + 1
    for position, (ref, file, origin) in enumerate(new, first):
        here = origin is not None
        state = UploadState.CHECKING if here else UploadState.COMING
        conn.execute(
            insert(uploads).values(
                ref=ref,
                draft_id=draft_id,
                name=file.name,
                role=file.role,
                label=file.label,
                position=position,
                size=file.size,
                done=file.size if here else 0,
                state=state.value,
                stamp=file.stamp,
                origin=origin,
                created_at=now,
                changed_at=now,
            )
        )
    return [ref for ref, _, _ in new]


def set_done(conn: Connection, ref: str, before: int, done: int, now: int) -> bool:
    """Bytes came (or were found gone), if nobody else counted since `before`. Whether so."""
    statement = update(uploads).where(
        uploads.c.ref == ref,
        uploads.c.state == UploadState.COMING.value,
        uploads.c.done == before,
        uploads.c.size >= done,
    )
    return conn.execute(statement.values(done=done, changed_at=now)).rowcount == 1


def move_upload(
    conn: Connection, ref: str, before: UploadState, target: UploadState, now: int, name: str | None = None, **more: str
) -> bool:
    """Another state, if it is in `before`, is all here, and is still called `name` (where that matters). Whether so."""
    statement = update(uploads).where(
        uploads.c.ref == ref, uploads.c.state == before.value, uploads.c.done == uploads.c.size
    )
    if name is not None:
        statement = statement.where(uploads.c.name == name)
    return conn.execute(statement.values(state=target.value, changed_at=now, **more)).rowcount == 1


def describe_upload(conn: Connection, ref: str, values: dict[str, object]) -> None:
    """Other words about it."""
    conn.execute(update(uploads).where(uploads.c.ref == ref).values(**values))


def remove_upload(conn: Connection, ref: str) -> bool:
    """It was never there. Whether it was."""
    return conn.execute(delete(uploads).where(uploads.c.ref == ref)).rowcount == 1


def remove_all(conn: Connection, draft_id: int) -> list[str]:
    """All of a draft; their references."""
    found = list(conn.execute(select(uploads.c.ref).where(uploads.c.draft_id == draft_id)).scalars())
    conn.execute(delete(uploads).where(uploads.c.draft_id == draft_id))
    return found


def remove_stale(conn: Connection, before: int) -> list[str]:
    """Those of which nothing came since `before`; their references."""
    stale = (uploads.c.state == UploadState.COMING.value) & (uploads.c.changed_at < before)
    found = list(conn.execute(select(uploads.c.ref).where(stale)).scalars())
    return [ref for ref in found if conn.execute(delete(uploads).where(uploads.c.ref == ref, stale)).rowcount]
