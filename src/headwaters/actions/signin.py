"""Verbs of signing in. Secrets come in as arguments; what is kept of them is a digest."""

from __future__ import annotations

from datetime import datetime

from headwaters.core.errors import N_, Code, Conflict, Refused
from headwaters.core.signin import LINK_LIVES, SESSION_LIVES, secret_digest
from headwaters.store import signin as rows
from headwaters.store.db import Connection
from headwaters.store.signin import CreatorRow


def link_spent() -> Refused:
    """One answer for a link that was used, is too old, or never was."""
    return Refused(
        Code.SIGN_IN_SPENT,
        N_("This sign-in link does not work any more: it was used, or it is older than 10 minutes."),
        hint=N_("Make a new one on the shop’s machine with “headwaters signin”."),
    )


def make_link(conn: Connection, secret: str, name: str, now: datetime) -> datetime:
    """A one-time link for the creator (made where there is none yet, called `name`); until when it works."""
    creator = rows.first_creator(conn) or rows.add_creator(conn, name, now)
    expires_at = now + LINK_LIVES
    rows.add_link(conn, secret_digest(secret), creator.id, now, expires_at)
    return expires_at


def sign_in_by_link(conn: Connection, secret: str, session: str, old_session: str, now: datetime) -> CreatorRow:
    """Use the link up, and begin a session. Of two at once, one wins. Raises Refused(SIGN_IN_SPENT)."""
    creator_id = rows.use_link(conn, secret_digest(secret), now)
    creator = rows.first_creator(conn)
    if creator_id is None or creator is None or creator.id != creator_id:
        raise link_spent()
    _begin(conn, creator.id, session, old_session, now)
    return creator


def begin_session(conn: Connection, creator: CreatorRow, session: str, old_session: str, now: datetime) -> None:
    """After the password was right. Raises Conflict(SIGN_IN_FAILED) if it was changed while it was looked at."""
    if rows.lock_creator(conn) != creator:
        raise Conflict(Code.SIGN_IN_FAILED, N_("The password was changed just now. Please sign in again."))
    _begin(conn, creator.id, session, old_session, now)


def _begin(conn: Connection, creator_id: int, session: str, old_session: str, now: datetime) -> None:
    """Always a new secret: one that was planted in the browser before is worth nothing."""
    if old_session:
        rows.end_session(conn, secret_digest(old_session), now)
    rows.add_session(conn, secret_digest(session), creator_id, now, now + SESSION_LIVES)


def sign_out(conn: Connection, session: str, now: datetime) -> bool:
    """True: now; False: it was over before."""
    return rows.end_session(conn, secret_digest(session), now)


def set_password(conn: Connection, creator_id: int, kept: str, session: str, now: datetime) -> int:
    """Keep a new password and end every other session; how many that were."""
    rows.set_password(conn, creator_id, kept)
    return rows.end_other_sessions(conn, creator_id, secret_digest(session), now)
