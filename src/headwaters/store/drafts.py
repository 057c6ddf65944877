"""Named queries of drafts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, or_, select, update

from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.works.drafts import ALIVE, DraftState
from headwaters.store.db import Connection
from headwaters.store.tables import drafts, uploads, works


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft. `form`: the fields as they were typed; `work_slug`: of the work whose new edition it is."""

    id: int
    ref: str
    work_id: int | None
    work_slug: str | None
    work_title: str | None
    state: DraftState
    form: Mapping[str, str]
    revision: int
    publish_at: datetime | None
    error: str
    who: int | None
    changed_at: datetime

    @property
    def title(self) -> str:
        """What it is called, as far as somebody said; empty for not yet."""
        return self.work_title or self.form.get("title", "").strip()

    @property
    def is_edition(self) -> bool:
        """Of a work that was there before it; also once it is published, when every draft has its work."""
        return self.work_id is not None and "title" not in self.form


_DRAFT = select(
    drafts.c.id,
    drafts.c.ref,
    drafts.c.work_id,
    works.c.slug,
    works.c.title,
    drafts.c.state,
    drafts.c.form,
    drafts.c.revision,
    drafts.c.publish_at,
    drafts.c.error,
    drafts.c.creator_id,
    drafts.c.changed_at,
).select_from(drafts.outerjoin(works, works.c.id == drafts.c.work_id))


def read_form(text: str) -> dict[str, str]:
    """The fields of a draft's row."""
    found = json.loads(text) if text else {}
    return {str(name): str(value) for name, value in found.items()}


def form_text(form: Mapping[str, str]) -> str:
    """The fields of a form as a draft's row keeps them."""
    return json.dumps(dict(form), ensure_ascii=False, sort_keys=True)


def _drafts(conn: Connection, query: Select[tuple[object, ...]]) -> list[DraftRow]:
    return [
        DraftRow(
            id=row.id,
            ref=row.ref,
            work_id=row.work_id,
            work_slug=row.slug,
            work_title=row.title,
            state=DraftState(row.state),
            form=read_form(row.form),
            revision=row.revision,
            publish_at=None if row.publish_at is None else from_micros(row.publish_at),
            error=row.error,
            who=row.creator_id,
            changed_at=from_micros(row.changed_at),
        )
        for row in conn.execute(query)
    ]


def draft_at(conn: Connection, ref: str) -> DraftRow:
    """The draft at an address. Raises NotFound(DRAFT_UNKNOWN), also for one that was thrown away."""
    found = _drafts(conn, _DRAFT.where(drafts.c.ref == ref, drafts.c.state != DraftState.DISCARDED.value))
    if not found:
        raise NotFound(Code.DRAFT_UNKNOWN, N_("There is no such draft (any more)."))
    return found[0]


def living_drafts(conn: Connection) -> list[DraftRow]:
    """All that are not published or thrown away, the last changed first."""
    query = _DRAFT.where(drafts.c.state.in_([state.value for state in ALIVE]))
    return _drafts(conn, query.order_by(drafts.c.changed_at.desc(), drafts.c.id.desc()))


def draft_of_work(conn: Connection, work_id: int) -> DraftRow | None:
    """The edition of a work that is being prepared, if one is."""
    mine = (drafts.c.work_id == work_id, drafts.c.state.in_([state.value for state in ALIVE]))
    found = _drafts(conn, _DRAFT.where(*mine).order_by(drafts.c.id.desc()).limit(1))
    return found[0] if found else None


def untouched_draft(conn: Connection, who: int | None) -> DraftRow | None:
    """A draft of theirs that nobody wrote or put anything into yet."""
    files = select(uploads.c.id).where(uploads.c.draft_id == drafts.c.id).exists()
    mine = (drafts.c.work_id.is_(None), drafts.c.creator_id == who, drafts.c.revision == 0, ~files)
    query = _DRAFT.where(drafts.c.state == DraftState.OPEN.value, *mine).order_by(drafts.c.id.desc())
    found = _drafts(conn, query.limit(1))
    return found[0] if found else None


def save_form(conn: Connection, draft_id: int, revision: int, form: Mapping[str, str], now: int) -> bool:
    """Other fields, if it is open and nobody changed them since `revision`. Whether so."""
    mine = (drafts.c.id == draft_id, drafts.c.revision == revision, drafts.c.state == DraftState.OPEN.value)
    values = {"form": form_text(form), "revision": revision + 1, "changed_at": now}
    return conn.execute(update(drafts).where(*mine).values(**values)).rowcount == 1


def schedule(conn: Connection, draft_id: int, revision: int, at: int, who: int | None, now: int) -> bool:
    """From open to scheduled, if nobody changed it since `revision`. Whether so."""
    mine = (drafts.c.id == draft_id, drafts.c.revision == revision, drafts.c.state == DraftState.OPEN.value)
    values = {"state": DraftState.SCHEDULED.value, "publish_at": at, "creator_id": who, "error": "", "changed_at": now}
    return conn.execute(update(drafts).where(*mine).values(**values)).rowcount == 1


def move(
    conn: Connection, draft_id: int, target: DraftState, before: Sequence[DraftState], now: int, **values: object
) -> bool:
    """Another state, if it is in one of those `before`. Whether it was."""
    mine = (drafts.c.id == draft_id, drafts.c.state.in_([state.value for state in before]))
    done = conn.execute(update(drafts).where(*mine).values(state=target.value, changed_at=now, **values))
    return done.rowcount == 1


def next_due(conn: Connection, now: int, lease: int) -> DraftRow | None:
    """A draft whose day has come, or whose publishing nobody is at any more (no sign of life since `lease`)."""
    due = and_(drafts.c.state == DraftState.SCHEDULED.value, drafts.c.publish_at <= now)
    left = and_(drafts.c.state == DraftState.PUBLISHING.value, drafts.c.changed_at <= lease)
    found = _drafts(conn, _DRAFT.where(or_(due, left)).order_by(drafts.c.publish_at, drafts.c.id).limit(1))
    return found[0] if found else None


def take(conn: Connection, draft: DraftRow, changed_at: int, now: int) -> bool:
    """Ours to publish, if it is as it was seen: so of several processes one takes it."""
    mine = (drafts.c.id == draft.id, drafts.c.state == draft.state.value, drafts.c.changed_at == changed_at)
    values = {"state": DraftState.PUBLISHING.value, "changed_at": now}
    return conn.execute(update(drafts).where(*mine).values(**values)).rowcount == 1


def beat(conn: Connection, draft_id: int, now: int) -> bool:
    """A sign of life of who publishes it."""
    mine = (drafts.c.id == draft_id, drafts.c.state == DraftState.PUBLISHING.value)
    return conn.execute(update(drafts).where(*mine).values(changed_at=now)).rowcount == 1


def leftovers(conn: Connection) -> list[int]:
    """Drafts that are done with, and still have files on their way or here."""
    files = select(uploads.c.id).where(uploads.c.draft_id == drafts.c.id).exists()
    done = [state.value for state in DraftState if state not in ALIVE]
    return [row.id for row in conn.execute(select(drafts.c.id).where(drafts.c.state.in_(done), files))]


def upload_names(conn: Connection, draft_id: int) -> list[str]:
    """What the files that came for a draft are called."""
    return [row.name for row in conn.execute(select(uploads.c.name).where(uploads.c.draft_id == draft_id))]
