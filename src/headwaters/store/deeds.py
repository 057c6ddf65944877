"""Named queries of the audit log. It is written to and read, never changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, insert, not_, or_, select

from headwaters.core.clock import from_micros
from headwaters.core.deeds import ROOM_OF, Deed, Room
from headwaters.store.db import Connection
from headwaters.store.tables import audit_log, collections, creators, drafts, saved_answers, works


def add_deed(conn: Connection, deed: Deed, at: int) -> None:
    """One line of the log, in the transaction of what it tells of."""
    details = json.dumps(dict(deed.details), ensure_ascii=False, sort_keys=True) if deed.details else ""
    values = {"at": at, "creator_id": deed.who, "deed": deed.what.value, "subject": deed.subject, "details": details}
    conn.execute(insert(audit_log).values(values))


@dataclass(frozen=True, slots=True)
class DeedRow:
    """A line of the log. `who`: None for whoever works on the shop's machine. `what`: the name of a core.deeds.What, or
    of a newer version's."""

    id: int
    at: datetime
    who: int | None
    name: str  # of who did it, as they are called now; empty for None
    what: str
    subject: str
    details: Mapping[str, str] = field(default_factory=dict)


MACHINE = 0  # in DeedFilter.who: only what was done on the shop's machine


@dataclass(frozen=True, slots=True)
class DeedFilter:
    """Which lines: of one person, of one room; None: of all."""

    who: int | None = None
    room: Room | None = None


def _starts(prefix: str) -> ColumnElement[bool]:
    return audit_log.c.deed.startswith(prefix + ".", autoescape=True)


def _in_room(room: Room) -> ColumnElement[bool]:
    if room is Room.SHOP:  # whatever belongs nowhere else
        return not_(or_(*map(_starts, ROOM_OF)))
    return or_(*(_starts(prefix) for prefix, owner in ROOM_OF.items() if owner is room))


def _wanted(wanted: DeedFilter) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [audit_log.c.id > 0]
    if wanted.who is not None:
        parts.append(
            audit_log.c.creator_id.is_(None) if wanted.who == MACHINE else audit_log.c.creator_id == wanted.who
        )
    if wanted.room is not None:
        parts.append(_in_room(wanted.room))
    return and_(*parts)


def count_deeds(conn: Connection, wanted: DeedFilter) -> int:
    """How many lines there are."""
    return int(conn.execute(select(func.count()).select_from(audit_log).where(_wanted(wanted))).scalar() or 0)


def find_deeds(conn: Connection, wanted: DeedFilter, most: int, skip: int = 0) -> list[DeedRow]:
    """Lines of the log, the newest first."""
    columns = (audit_log.c.id, audit_log.c.at, audit_log.c.creator_id, creators.c.name, audit_log.c.deed)
    lines = (
        select(*columns, audit_log.c.subject, audit_log.c.details)
        .join(creators, creators.c.id == audit_log.c.creator_id, isouter=True)
        .where(_wanted(wanted))
        .order_by(audit_log.c.id.desc())
        .limit(most)
        .offset(skip)
    )
    return [
        DeedRow(number, from_micros(at), who, name or "", what, subject, json.loads(details) if details else {})
        for number, at, who, name, what, subject, details in conn.execute(lines)
    ]


def names_of(conn: Connection, deeds: list[DeedRow]) -> dict[str, str]:
    """Subject → what a person would call it now, for what has a name of its own and is still there."""
    subjects: dict[str, set[str]] = {}
    for deed in deeds:
        kind, _, value = deed.subject.partition(":")
        subjects.setdefault(kind, set()).add(value)

    def numbers(kind: str) -> set[int]:
        return {int(value) for value in subjects.get(kind, ()) if value.isdigit() and len(value) <= 15}

    asked = {
        "creator": select(creators.c.id, creators.c.name).where(creators.c.id.in_(numbers("creator"))),
        "work": select(works.c.slug, works.c.title).where(works.c.slug.in_(subjects.get("work", ()))),
        "collection": select(collections.c.slug, collections.c.title).where(
            collections.c.slug.in_(subjects.get("collection", ()))
        ),
        "saved": select(saved_answers.c.id, saved_answers.c.title).where(saved_answers.c.id.in_(numbers("saved"))),
    }
    found = {f"{kind}:{key}": str(name) for kind, query in asked.items() for key, name in conn.execute(query)}
    drafted = select(drafts.c.ref, works.c.title, drafts.c.form).select_from(
        drafts.outerjoin(works, works.c.id == drafts.c.work_id)
    )
    for ref, title, form in conn.execute(drafted.where(drafts.c.ref.in_(subjects.get("draft", ())))):
        if name := title or json.loads(form).get("title", ""):
            found[f"draft:{ref}"] = name
    return found
