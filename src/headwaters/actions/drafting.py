"""Verbs of drafts: save, choose the day, take back, publish, throw away. (`actions.drafts` opens one.)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from headwaters.actions.works import changed_meanwhile
from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, Conflict
from headwaters.core.works.drafts import LEASE, DraftState, states_before
from headwaters.store import drafts as rows
from headwaters.store.db import Connection
from headwaters.store.drafts import DraftRow


def save_draft(conn: Connection, ref: str, revision: int, form: Mapping[str, str], now: datetime) -> int:
    """What was typed, whatever it is; the new revision.

    Raises NotFound(DRAFT_UNKNOWN), Conflict: DRAFT_STATE (it is on its way), CHANGED_MEANWHILE.
    """
    draft = rows.draft_at(conn, ref)
    if draft.state is not DraftState.OPEN:
        raise _past(draft)
    if draft.revision == revision and draft.form == dict(form):
        return revision
    if not rows.save_form(conn, draft.id, revision, form, to_micros(now)):
        raise changed_meanwhile()
    return revision + 1


def schedule_draft(conn: Connection, ref: str, revision: int, at: datetime, who: int | None, now: datetime) -> bool:
    """It is published at `at` (now, if that has come). False: it was scheduled for that moment before.

    Raises NotFound(DRAFT_UNKNOWN), Conflict: DRAFT_STATE, CHANGED_MEANWHILE.
    """
    draft = rows.draft_at(conn, ref)
    if draft.state is DraftState.SCHEDULED and draft.publish_at == at:
        return False
    if draft.state is not DraftState.OPEN:
        raise _past(draft)
    if not rows.schedule(conn, draft.id, revision, to_micros(at), who, to_micros(now)):
        raise changed_meanwhile()
    return True


def take_back(conn: Connection, ref: str, now: datetime) -> bool:
    """Not published on its day: open again. False: it was open. Raises Conflict(DRAFT_STATE)."""
    draft = rows.draft_at(conn, ref)
    if draft.state is DraftState.OPEN:
        return False
    before = (DraftState.SCHEDULED,)
    if not rows.move(conn, draft.id, DraftState.OPEN, before, to_micros(now), publish_at=None):
        raise _past(draft)
    return True


def discard_draft(conn: Connection, ref: str, now: datetime) -> int:
    """Thrown away; its number, as its files go with it.

    Raises NotFound(DRAFT_UNKNOWN), Conflict(DRAFT_STATE).
    """
    draft = rows.draft_at(conn, ref)
    before = states_before(DraftState.DISCARDED)
    if not rows.move(conn, draft.id, DraftState.DISCARDED, before, to_micros(now), publish_at=None):
        raise _past(draft)
    return draft.id


def _past(draft: DraftRow) -> Conflict:
    if draft.state is DraftState.PUBLISHED:
        return Conflict(Code.DRAFT_STATE, N_("This draft is published already."))
    if draft.state is DraftState.PUBLISHING:
        return Conflict(Code.DRAFT_STATE, N_("This draft is being published at this moment."))
    return Conflict(
        Code.DRAFT_STATE,
        N_("This draft waits for its day."),
        hint=N_("Take it back first; then it can be changed."),
    )


# ── on its day ───────────────────────────────────────────────────────────────────────────────────


def take_due(conn: Connection, now: datetime) -> DraftRow | None:
    """A draft that is to be published now, and is ours to publish; None for none. Of two who ask, one gets it."""
    found = rows.next_due(conn, to_micros(now), to_micros(now - LEASE))
    if found is None or not rows.take(conn, found, to_micros(found.changed_at), to_micros(now)):
        return None
    return found


def beat(conn: Connection, draft_id: int, now: datetime) -> bool:
    """We are still at it."""
    return rows.beat(conn, draft_id, to_micros(now))


def finish_draft(conn: Connection, draft_id: int, work_id: int, now: datetime) -> bool:
    """It is published, as this work."""
    before = states_before(DraftState.PUBLISHED)
    return rows.move(conn, draft_id, DraftState.PUBLISHED, before, to_micros(now), work_id=work_id, error="")


def fail_draft(conn: Connection, draft_id: int, why: str, now: datetime) -> bool:
    """It could not be published, and says why; open again."""
    before = (DraftState.PUBLISHING,)
    return rows.move(conn, draft_id, DraftState.OPEN, before, to_micros(now), publish_at=None, error=why)


def put_back(conn: Connection, draft_id: int, now: datetime) -> bool:
    """The process ends in the middle: whoever comes next begins at once."""
    return rows.move(conn, draft_id, DraftState.SCHEDULED, (DraftState.PUBLISHING,), to_micros(now))
