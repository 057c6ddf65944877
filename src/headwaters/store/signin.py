"""Named queries of signing in: the creator, one-time links, sessions. Only digests of secrets are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.people import Right, rights_of
from headwaters.core.signin import SESSION_FRESH
from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import creators, signin_links, studio_sessions


@dataclass(frozen=True, slots=True)
class CreatorRow:
    """Who runs the shop. `password`: as core.signin keeps it; None: there is none yet."""

    id: int
    name: str
    password: str | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that is alive, and what its owner may do."""

    digest: str
    creator_id: int
    created_at: datetime
    expires_at: datetime
    may: frozenset[Right] = frozenset(Right)

    def is_fresh(self, now: datetime) -> bool:
        """Whether whoever holds it has proved just now who they are."""
        return now - self.created_at < SESSION_FRESH


_CREATOR = select(creators.c.id, creators.c.name, creators.c.password).order_by(creators.c.id).limit(1)


def first_creator(conn: Connection) -> CreatorRow | None:
    """Who runs the shop; None before the first sign-in link."""
    row = conn.execute(_CREATOR).first()
    return None if row is None else CreatorRow(*row)


def lock_creator(conn: Connection) -> CreatorRow | None:
    """The same, and whoever would change them waits until our transaction has ended (on SQLite they wait anyway)."""
    row = conn.execute(_CREATOR.with_for_update(key_share=True)).first()
    return None if row is None else CreatorRow(*row)


def add_creator(conn: Connection, name: str, now: datetime) -> CreatorRow:
    """The first creator, with the id 1 so that two at once make one."""
    values = {"id": 1, "name": name, "password": None, "created_at": to_micros(now)}
    conn.execute(insert(creators).values(values).on_conflict_do_nothing())
    found = first_creator(conn)
    assert found is not None
    return found


def set_password(conn: Connection, creator_id: int, kept: str) -> None:
    """Replace the password."""
    conn.execute(update(creators).where(creators.c.id == creator_id).values(password=kept))


# ── links ────────────────────────────────────────────────────────────────────────────────────────


def add_link(conn: Connection, digest: str, creator_id: int, now: datetime, expires_at: datetime) -> None:
    """A new one-time link; those that are over go."""
    conn.execute(delete(signin_links).where(signin_links.c.expires_at < to_micros(now)))
    values = {
        "digest": digest,
        "creator_id": creator_id,
        "created_at": to_micros(now),
        "expires_at": to_micros(expires_at),
    }
    conn.execute(insert(signin_links).values(values))


_LINK = Prepared(
    select(signin_links.c.creator_id).where(
        signin_links.c.digest == bindparam("digest"),
        signin_links.c.used_at.is_(None),
        signin_links.c.expires_at > bindparam("now"),
    )
)
_USE = Prepared(
    update(signin_links)
    .where(
        signin_links.c.digest == bindparam("wanted"),
        signin_links.c.used_at.is_(None),
        signin_links.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("at"))
    .returning(signin_links.c.creator_id)
)


def link_is_good(conn: Connection, digest: str, now: datetime) -> bool:
    """Whether the link could be used now; looking does not use it."""
    return _LINK.scalar(conn, digest=digest, now=to_micros(now)) is not None


def use_link(conn: Connection, digest: str, now: datetime) -> int | None:
    """Use it up: the creator it lets in, for exactly one caller; None for all others."""
    at = to_micros(now)
    found = _USE.scalar(conn, wanted=digest, now=at, at=at)
    return None if found is None else int(found)


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────

_SESSION = Prepared(
    select(
        studio_sessions.c.digest,
        studio_sessions.c.creator_id,
        studio_sessions.c.created_at,
        studio_sessions.c.expires_at,
        creators.c.kind,
        creators.c.may,
    )
    .join(creators, creators.c.id == studio_sessions.c.creator_id)
    .where(
        studio_sessions.c.digest == bindparam("digest"),
        studio_sessions.c.ended_at.is_(None),
        creators.c.ended_at.is_(None),
        studio_sessions.c.expires_at > bindparam("now"),
    )
)


def add_session(conn: Connection, digest: str, creator_id: int, now: datetime, expires_at: datetime) -> None:
    """A new session; those that are over go."""
    over = or_(studio_sessions.c.expires_at < to_micros(now), studio_sessions.c.ended_at.is_not(None))
    conn.execute(delete(studio_sessions).where(over))
    values = {
        "digest": digest,
        "creator_id": creator_id,
        "created_at": to_micros(now),
        "expires_at": to_micros(expires_at),
    }
    conn.execute(insert(studio_sessions).values(values))


def live_session(conn: Connection, digest: str, now: datetime) -> SessionRow | None:
    """The session of a cookie, while it lasts."""
    row = _SESSION.first(conn, digest=digest, now=to_micros(now))
    if row is None:
        return None
    digest, creator_id, created_at, expires_at, kind, may = row
    return SessionRow(digest, creator_id, from_micros(created_at), from_micros(expires_at), rights_of(kind, may))


def end_session(conn: Connection, digest: str, now: datetime) -> bool:
    """Sign out. True: now."""
    alive = (studio_sessions.c.digest == digest, studio_sessions.c.ended_at.is_(None))
    return conn.execute(update(studio_sessions).where(*alive).values(ended_at=to_micros(now))).rowcount == 1


def end_other_sessions(conn: Connection, creator_id: int, but: str, now: datetime) -> int:
    """Sign out everywhere else; how many sessions ended."""
    others = (
        studio_sessions.c.creator_id == creator_id,
        studio_sessions.c.digest != but,
        studio_sessions.c.ended_at.is_(None),
    )
    return conn.execute(update(studio_sessions).where(*others).values(ended_at=to_micros(now))).rowcount
