"""Named queries of people: who there is, and their standing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.deeds import What
from headwaters.core.people import Standing, rights_text
from headwaters.store.connection import Connection
from headwaters.store.signin import CreatorRow, people
from headwaters.store.tables import audit_log, creators, signin_links, studio_sessions


def lock_people(conn: Connection) -> list[CreatorRow]:
    """Everybody; whoever would change one of them waits until our transaction has ended. So of two creators who end
    each other at once one stays, and of two people with one name one is refused."""
    conn.execute(select(creators.c.id).order_by(creators.c.id).with_for_update(key_share=True)).all()
    return people(conn)


def add_person(conn: Connection, name: str, standing: Standing, now: datetime) -> int:
    """A new row, behind `lock_people`; its id. The first creator's id is given (store.signin.add_creator), so that no
    counter of the database knows of it: the next one is counted here."""
    person_id = int(conn.execute(select(func.max(creators.c.id))).scalar() or 0) + 1
    values = {
        "id": person_id,
        "name": name,
        "kind": standing.kind.value,
        "may": rights_text(standing.may),
        "password": None,
        "created_at": to_micros(now),
    }
    conn.execute(insert(creators).values(values))
    return person_id


def write_person(conn: Connection, person_id: int, name: str, standing: Standing) -> None:
    """Their name, and what they are and may do."""
    values = {"name": name, "kind": standing.kind.value, "may": rights_text(standing.may)}
    conn.execute(update(creators).where(creators.c.id == person_id).values(values))


def write_name(conn: Connection, person_id: int, name: str) -> None:
    """Their name alone."""
    conn.execute(update(creators).where(creators.c.id == person_id).values(name=name))


def write_end(conn: Connection, person_id: int, ended_at: datetime | None) -> None:
    """Since when they may not come in any more; None: they may."""
    value = None if ended_at is None else to_micros(ended_at)
    conn.execute(update(creators).where(creators.c.id == person_id).values(ended_at=value))


@dataclass(frozen=True, slots=True)
class Presence:
    """When somebody was here. `signed_in`: the last time, None for never; `seen`: their last visit, to the hour, while
    they are signed in; `invited_until`: a link waits for them."""

    signed_in: datetime | None = None
    seen: datetime | None = None
    invited_until: datetime | None = None


def _newest(rows: object) -> dict[int, datetime]:
    return {int(who): from_micros(int(at)) for who, at in rows if who is not None and at is not None}  # type: ignore[attr-defined]


def presences(conn: Connection, now: datetime) -> dict[int, Presence]:
    """Of everybody who was ever here, or is expected."""
    at = to_micros(now)
    log = select(audit_log.c.creator_id, func.max(audit_log.c.at)).where(audit_log.c.deed == What.SIGNED_IN.value)
    signed_in = _newest(conn.execute(log.group_by(audit_log.c.creator_id)))
    alive = studio_sessions.c.ended_at.is_(None) & (studio_sessions.c.expires_at > at)
    sessions = select(studio_sessions.c.creator_id, func.max(studio_sessions.c.seen_at)).where(alive)
    seen = _newest(conn.execute(sessions.group_by(studio_sessions.c.creator_id)))
    good = signin_links.c.used_at.is_(None) & (signin_links.c.expires_at > at)
    links = select(signin_links.c.creator_id, func.max(signin_links.c.expires_at)).where(good)
    invited = _newest(conn.execute(links.group_by(signin_links.c.creator_id)))
    everybody = signed_in.keys() | seen.keys() | invited.keys()
    return {who: Presence(signed_in.get(who), seen.get(who), invited.get(who)) for who in everybody}
