"""Verbs of signing in. Secrets come in as arguments; what is kept of them is a digest.

Each verb notes its own deed in the audit log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headwaters.core.clock import to_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Conflict, NotFound, Refused
from headwaters.core.people import name_key
from headwaters.core.signin import LINK_LIVES, SESSION_LIVES, Way, secret_digest
from headwaters.store import signin as rows
from headwaters.store.db import Connection
from headwaters.store.deeds import add_deed
from headwaters.store.signin import CreatorRow


@dataclass(frozen=True, slots=True)
class Secrets:
    """Of a session that begins: its own, and the one that the browser had before (empty for none)."""

    session: str
    old_session: str = ""


def link_spent() -> Refused:
    """One answer for a link that was used, is too old, or never was."""
    return Refused(
        Code.SIGN_IN_SPENT,
        N_("This sign-in link does not work any more: it was used, or its time is over."),
        hint=N_("Make a new one on the shop’s machine with “headwaters signin”."),
    )


def no_such_person(name: str) -> NotFound:
    """There is nobody of this name who may come in."""
    return NotFound(
        Code.PERSON_UNKNOWN,
        N_("There is nobody called %(name)s here."),
        hint=N_("“headwaters people” lists everybody."),
        name=name,
    )


def person_called(conn: Connection, name: str) -> CreatorRow | None:
    """Somebody by their name, whatever the capitals; who was ended, too."""
    wanted = name_key(name)
    return next((one for one in rows.people(conn) if name_key(one.name) == wanted), None)


def make_link(conn: Connection, secret: str, name: str, now: datetime, person: str = "") -> datetime:
    """A one-time link, made on the shop's machine; until when it works.

    For who runs the shop (made where there is none yet, called `name`), or for the `person` of that name. Raises
    NotFound(PERSON_UNKNOWN), also for who was ended.
    """
    if person:
        found = person_called(conn, person)
        if found is None or found.ended_at is not None:
            raise no_such_person(person)
    else:
        found = rows.first_creator(conn) or rows.add_creator(conn, name, now)
    expires_at = now + LINK_LIVES
    rows.add_link(conn, secret_digest(secret), found.id, now, expires_at)
    add_deed(conn, Deed(None, What.LINK_MADE, f"creator:{found.id}"), to_micros(now))
    return expires_at


def sign_in_by_link(conn: Connection, secret: str, session: str, old_session: str, now: datetime) -> CreatorRow:
    """Use the link up, and begin a session. Of two at once, one wins. Raises Refused(SIGN_IN_SPENT)."""
    creator_id = rows.use_link(conn, secret_digest(secret), now)
    person = None if creator_id is None else rows.lock_person(conn, creator_id)
    if person is None or person.ended_at is not None:
        raise link_spent()
    begin(conn, person.id, Way.LINK, "", Secrets(session, old_session), now)
    return person


def begin_session(conn: Connection, person: CreatorRow, session: str, old_session: str, now: datetime) -> None:
    """After the password was right. Raises Conflict(SIGN_IN_FAILED) if it was changed while it was looked at."""
    if rows.lock_person(conn, person.id) != person:
        raise Conflict(Code.SIGN_IN_FAILED, N_("The password was changed just now. Please sign in again."))
    begin(conn, person.id, Way.PASSWORD, "", Secrets(session, old_session), now)


def begin(conn: Connection, person_id: int, way: Way, label: str, secrets: Secrets, now: datetime) -> None:
    """Always a new secret: one that was planted in the browser before is worth nothing."""
    if secrets.old_session:
        rows.end_session(conn, secret_digest(secrets.old_session), now)
    tries, since = rows.take_wrong_tries(conn, person_id)
    new = rows.NewSession(secret_digest(secrets.session), person_id, way, label, tries, since)
    rows.add_session(conn, new, now, now + SESSION_LIVES)
    details = {"way": way.value}
    if tries and since is not None:
        details |= {"wrong": str(tries), "since": since.isoformat(timespec="minutes")}
    add_deed(conn, Deed(person_id, What.SIGNED_IN, details=details), to_micros(now))


def add_wrong_tries(conn: Connection, person_id: int, count: int, since: datetime) -> None:
    """Wrong passwords for somebody, to be told of when they next sign in. The log has them in that one line, so that
    whoever guesses cannot fill it."""
    rows.add_wrong_tries(conn, person_id, count, since)


def sign_out(conn: Connection, session: str, now: datetime) -> bool:
    """True: now; False: it was over before."""
    digest = secret_digest(session)
    found = rows.live_session(conn, digest, now)
    if found is None or not rows.end_session(conn, digest, now):
        return False
    add_deed(conn, Deed(found.creator_id, What.SIGNED_OUT), to_micros(now))
    return True


def set_password(conn: Connection, creator_id: int, kept: str, session: str, now: datetime) -> int:
    """Keep a new password and end every other session; how many that were. Links that nobody used open nothing more."""
    rows.set_password(conn, creator_id, kept)
    rows.forget_links(conn, creator_id)
    add_deed(conn, Deed(creator_id, What.PASSWORD_SET), to_micros(now))
    return rows.end_other_sessions(conn, creator_id, secret_digest(session), now)


def end_others(conn: Connection, creator_id: int, digest: str, now: datetime) -> int:
    """Sign somebody out everywhere but where they are; how many sessions ended. Links that nobody used open nothing
    more: whoever was at one of those places may have made one."""
    rows.forget_links(conn, creator_id)
    ended = rows.end_other_sessions(conn, creator_id, digest, now)
    if ended:
        add_deed(conn, Deed(creator_id, What.SESSIONS_ENDED, details={"sessions": str(ended)}), to_micros(now))
    return ended


def end_one(conn: Connection, creator_id: int, beginning: str, now: datetime) -> bool:
    """Sign somebody out in one place. False: that was over before."""
    ended = rows.end_one_session(conn, creator_id, beginning, now)
    if ended:
        add_deed(conn, Deed(creator_id, What.SESSIONS_ENDED, details={"sessions": "1"}), to_micros(now))
    return ended
