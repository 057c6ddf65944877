"""Named queries of signing in: people, one-time links, sessions. Only digests of secrets are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.people import Kind, Right, Standing, standing_of
from headwaters.core.signin import CLOCKS_DIFFER, SESSION_FRESH, Way, hour_of, is_young
from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import creators, signin_links, studio_sessions


@dataclass(frozen=True, slots=True)
class CreatorRow:
    """Somebody of the shop. `password`: as core.signin keeps it; None: there is none yet."""

    id: int
    name: str
    password: str | None
    kind: str = Kind.CREATOR.value
    may: str = ""
    ended_at: int | None = None

    @property
    def standing(self) -> Standing:
        """What they are, and what they may do."""
        return standing_of(self.kind, self.may)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that is alive, and what its owner may do."""

    digest: str
    creator_id: int
    created_at: datetime
    expires_at: datetime
    may: frozenset[Right] = frozenset(Right)
    name: str = ""  # its owner's
    kind: Kind = Kind.CREATOR
    way: str = Way.LINK.value
    label: str = ""
    seen_at: datetime | None = None  # to the hour
    wrong_tries: int = 0  # wrong passwords before it began, and since when
    wrong_since: datetime | None = None

    def is_fresh(self, now: datetime, fresh: timedelta = SESSION_FRESH) -> bool:
        """Whether whoever holds it has proved just now who they are."""
        return is_young(self.created_at, now, fresh)


_PEOPLE = select(
    creators.c.id, creators.c.name, creators.c.password, creators.c.kind, creators.c.may, creators.c.ended_at
).order_by(creators.c.id)
_FIRST = _PEOPLE.where(creators.c.kind == Kind.CREATOR.value, creators.c.ended_at.is_(None)).limit(1)


def first_creator(conn: Connection) -> CreatorRow | None:
    """Who runs the shop: of several creators the one who was first; None before the first sign-in link."""
    row = conn.execute(_FIRST).first()
    return None if row is None else CreatorRow(*row)


def people(conn: Connection) -> list[CreatorRow]:
    """Everybody, those who may not come in any more too; in the order in which they came."""
    return [CreatorRow(*row) for row in conn.execute(_PEOPLE)]


def person(conn: Connection, person_id: int) -> CreatorRow | None:
    """One of them."""
    row = conn.execute(_PEOPLE.where(creators.c.id == person_id)).first()
    return None if row is None else CreatorRow(*row)


def lock_person(conn: Connection, person_id: int) -> CreatorRow | None:
    """The same, and whoever would change them waits until our transaction has ended (on SQLite they wait anyway)."""
    row = conn.execute(_PEOPLE.where(creators.c.id == person_id).with_for_update(key_share=True)).first()
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


def add_wrong_tries(conn: Connection, creator_id: int, count: int, since: datetime) -> None:
    """Wrong passwords, the first of them at `since`; an earlier one that is known stays the first."""
    first = func.coalesce(creators.c.wrong_since, to_micros(since))
    more = {"wrong_tries": creators.c.wrong_tries + count, "wrong_since": first}
    conn.execute(update(creators).where(creators.c.id == creator_id).values(**more))


def take_wrong_tries(conn: Connection, creator_id: int) -> tuple[int, datetime | None]:
    """How many there were, and since when; from now on none."""
    mine = creators.c.id == creator_id
    columns = select(creators.c.wrong_tries, creators.c.wrong_since).where(mine).with_for_update(key_share=True)
    count, since = conn.execute(columns).one()
    if count:
        conn.execute(update(creators).where(mine).values(wrong_tries=0, wrong_since=None))
    return int(count), None if since is None else from_micros(since)


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


# A link counts from when it was made to when it is over, and no longer where a wrong clock was set right in between.
_LINK = Prepared(
    select(signin_links.c.creator_id)
    .join(creators, creators.c.id == signin_links.c.creator_id)
    .where(
        signin_links.c.digest == bindparam("digest"),
        signin_links.c.used_at.is_(None),
        signin_links.c.expires_at > bindparam("now"),
        signin_links.c.created_at <= bindparam("made_before"),
        creators.c.ended_at.is_(None),
    )
)
_USE = Prepared(
    update(signin_links)
    .where(
        signin_links.c.digest == bindparam("wanted"),
        signin_links.c.used_at.is_(None),
        signin_links.c.expires_at > bindparam("now"),
        signin_links.c.created_at <= bindparam("made_before"),
    )
    .values(used_at=bindparam("at"))
    .returning(signin_links.c.creator_id)
)


def link_owner(conn: Connection, digest: str, now: datetime) -> int | None:
    """Whom the link would let in now, None if nobody; looking does not use it."""
    found = _LINK.scalar(conn, digest=digest, now=to_micros(now), made_before=to_micros(now + CLOCKS_DIFFER))
    return None if found is None else int(found)


def use_link(conn: Connection, digest: str, now: datetime) -> int | None:
    """Use it up: the creator it lets in, for exactly one caller; None for all others."""
    at = to_micros(now)
    found = _USE.scalar(conn, wanted=digest, now=at, made_before=to_micros(now + CLOCKS_DIFFER), at=at)
    return None if found is None else int(found)


def forget_links(conn: Connection, creator_id: int) -> None:
    """Those of one person that nobody used yet open nothing any more."""
    conn.execute(delete(signin_links).where(signin_links.c.creator_id == creator_id, signin_links.c.used_at.is_(None)))


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────

_SESSION_COLUMNS = (
    studio_sessions.c.digest,
    studio_sessions.c.creator_id,
    studio_sessions.c.created_at,
    studio_sessions.c.expires_at,
    creators.c.kind,
    creators.c.may,
    creators.c.name,
    studio_sessions.c.way,
    studio_sessions.c.label,
    studio_sessions.c.seen_at,
    studio_sessions.c.wrong_tries,
    studio_sessions.c.wrong_since,
)
_ALIVE = (
    select(*_SESSION_COLUMNS)
    .join(creators, creators.c.id == studio_sessions.c.creator_id)
    .where(
        studio_sessions.c.ended_at.is_(None),
        creators.c.ended_at.is_(None),
        studio_sessions.c.expires_at > bindparam("now"),
    )
)
_SESSION = Prepared(_ALIVE.where(studio_sessions.c.digest == bindparam("digest")))
_SESSIONS = Prepared(
    _ALIVE.where(studio_sessions.c.creator_id == bindparam("creator")).order_by(
        studio_sessions.c.created_at.desc(), studio_sessions.c.digest
    )
)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that begins, and how its owner signed in: with a passkey, `label` is its name."""

    digest: str
    creator_id: int
    way: Way
    label: str = ""
    wrong_tries: int = 0
    wrong_since: datetime | None = None


def add_session(conn: Connection, new: NewSession, now: datetime, expires_at: datetime) -> None:
    """A new session; those that are over go."""
    over = or_(studio_sessions.c.expires_at < to_micros(now), studio_sessions.c.ended_at.is_not(None))
    conn.execute(delete(studio_sessions).where(over))
    values = {
        "digest": new.digest,
        "creator_id": new.creator_id,
        "way": new.way.value,
        "label": new.label,
        "wrong_tries": new.wrong_tries,
        "wrong_since": None if new.wrong_since is None else to_micros(new.wrong_since),
        "created_at": to_micros(now),
        "seen_at": to_micros(hour_of(now)),
        "expires_at": to_micros(expires_at),
    }
    conn.execute(insert(studio_sessions).values(values))


def _session(row: Sequence[Any]) -> SessionRow:
    digest, creator_id, created_at, expires_at, kind, may, name, way, label, seen_at, tries, since = row
    standing = standing_of(kind, may)
    seen = None if seen_at is None else from_micros(seen_at)
    times = from_micros(created_at), from_micros(expires_at)
    wrong = tries, None if since is None else from_micros(since)
    return SessionRow(digest, creator_id, *times, standing.may, name, standing.kind, way, label, seen, *wrong)


def live_session(conn: Connection, digest: str, now: datetime) -> SessionRow | None:
    """The session of a cookie, while it lasts."""
    row = _SESSION.first(conn, digest=digest, now=to_micros(now))
    return None if row is None else _session(row)


def live_sessions(conn: Connection, creator_id: int, now: datetime) -> list[SessionRow]:
    """Where somebody is signed in, the newest first."""
    return [_session(row) for row in _SESSIONS.all(conn, creator=creator_id, now=to_micros(now))]


def note_visit(conn: Connection, digest: str, now: datetime) -> bool:
    """Remember the hour of a session's last visit. True: it was not that of the visit before."""
    hour = to_micros(hour_of(now))
    older = or_(studio_sessions.c.seen_at.is_(None), studio_sessions.c.seen_at < hour)
    statement = update(studio_sessions).where(studio_sessions.c.digest == digest, older).values(seen_at=hour)
    return conn.execute(statement).rowcount == 1


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


def end_one_session(conn: Connection, creator_id: int, beginning: str, now: datetime) -> bool:
    """Sign somebody out in one place: their session whose digest begins so. True: now."""
    wanted = (
        studio_sessions.c.creator_id == creator_id,
        func.substr(studio_sessions.c.digest, 1, len(beginning)) == beginning,
        studio_sessions.c.ended_at.is_(None),
    )
    return conn.execute(update(studio_sessions).where(*wanted).values(ended_at=to_micros(now))).rowcount == 1
