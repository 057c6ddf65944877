"""Verbs of passkeys. An answer's signature is looked at before, outside; what happens once is decided here.

Each verb notes its own deed in the audit log.
"""

from __future__ import annotations

from datetime import datetime

from headwaters.actions.signin import Secrets, begin
from headwaters.core.clock import to_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Conflict, NotFound, Refused
from headwaters.core.passkeys import MOST_PASSKEYS, NewPasskey, Purpose
from headwaters.core.signin import Way, secret_digest
from headwaters.store import passkeys as rows
from headwaters.store import signin as signin_rows
from headwaters.store.db import Connection
from headwaters.store.deeds import add_deed
from headwaters.store.passkeys import PasskeyRow


def challenge_over() -> Refused:
    """One answer for a challenge that was answered, is too old, or never was."""
    return Refused(
        Code.PASSKEY_REFUSED,
        N_("That took too long, or it was sent twice. Please try once more."),
        hint=N_("If it stays so, look whether the clock of the shop’s machine is right."),
    )


def ask(conn: Connection, challenge: str, purpose: Purpose, creator_id: int | None, now: datetime) -> None:
    """Remember a challenge: its answer counts once, for this purpose and person, for a few minutes."""
    rows.add_challenge(conn, secret_digest(challenge), purpose, creator_id, now)


def use_challenge(conn: Connection, challenge: str, purpose: Purpose, creator_id: int | None, now: datetime) -> None:
    """Use it up. Raises Refused(PASSKEY_REFUSED) for all but one."""
    if not rows.use_challenge(conn, secret_digest(challenge), purpose, creator_id, now):
        raise challenge_over()


def add_passkey(conn: Connection, creator_id: int, new: NewPasskey, name: str, now: datetime) -> None:
    """Keep a passkey. Raises Conflict(PASSKEY_REFUSED) for one that the shop knows, or one too many."""
    person = signin_rows.lock_person(conn, creator_id)
    if person is None or person.ended_at is not None:
        raise NotFound(Code.PERSON_UNKNOWN, N_("You may not come in any more."))
    if len(rows.passkeys_of(conn, creator_id)) >= MOST_PASSKEYS:
        raise Conflict(
            Code.PASSKEY_REFUSED,
            N_("You have %(most)d passkeys, which is as many as fit."),
            hint=N_("Remove one that you do not use."),
            most=MOST_PASSKEYS,
        )
    if not rows.add_passkey(conn, creator_id, new, name, now):
        raise Conflict(Code.PASSKEY_REFUSED, N_("This passkey is known here already."))
    add_deed(conn, Deed(creator_id, What.PASSKEY_ADDED, details={"name": name}), to_micros(now))


def sign_in(conn: Connection, known: PasskeyRow, sign_count: int, secrets: Secrets, now: datetime) -> None:
    """Begin a session. Raises Conflict(SIGN_IN_FAILED) if the passkey was used or removed, or its owner ended, while
    the answer was looked at."""
    person = signin_rows.lock_person(conn, known.creator_id)
    if person is None or person.ended_at is not None or not rows.note_use(conn, known, sign_count, now):
        raise Conflict(Code.SIGN_IN_FAILED, N_("This passkey was used or removed just now. Please try once more."))
    begin(conn, known.creator_id, Way.PASSKEY, known.name, secrets, now)


def rename(conn: Connection, creator_id: int, passkey_id: int, name: str, now: datetime) -> None:
    """Call it otherwise. Raises NotFound(PASSKEY_UNKNOWN)."""
    if not rows.rename_passkey(conn, creator_id, passkey_id, name):
        raise no_such_passkey()
    add_deed(conn, Deed(creator_id, What.PASSKEY_RENAMED, details={"name": name}), to_micros(now))


def remove(conn: Connection, creator_id: int, passkey_id: int, now: datetime) -> None:
    """It opens nothing any more. Raises NotFound(PASSKEY_UNKNOWN), also the second time."""
    if not rows.remove_passkey(conn, creator_id, passkey_id):
        raise no_such_passkey()
    add_deed(conn, Deed(creator_id, What.PASSKEY_REMOVED), to_micros(now))


def no_such_passkey() -> NotFound:
    """Not one of theirs, or not any more."""
    return NotFound(Code.PASSKEY_UNKNOWN, N_("You have no such passkey; perhaps it was removed before."))
