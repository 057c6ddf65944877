"""Named queries of passkeys, and of the challenges that their answers are bound to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.passkeys import CHALLENGE_LIVES, NewPasskey, Purpose
from headwaters.core.signin import CLOCKS_DIFFER
from headwaters.store.connection import Connection
from headwaters.store.tables import creators, passkey_challenges, passkeys


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey of somebody's. `public_key`: COSE, base64url."""

    id: int
    creator_id: int
    credential_id: str
    public_key: str
    sign_count: int
    name: str
    created_at: datetime
    used_at: datetime | None


_COLUMNS = (
    passkeys.c.id,
    passkeys.c.creator_id,
    passkeys.c.credential_id,
    passkeys.c.public_key,
    passkeys.c.sign_count,
    passkeys.c.name,
    passkeys.c.created_at,
    passkeys.c.used_at,
)


def _row(row: Sequence[Any]) -> PasskeyRow:
    known, owner, credential, key, count, name, created_at, used_at = row
    used = None if used_at is None else from_micros(used_at)
    return PasskeyRow(known, owner, credential, key, count, name, from_micros(created_at), used)


def passkeys_of(conn: Connection, creator_id: int) -> list[PasskeyRow]:
    """Somebody's, in the order in which they were added."""
    wanted = select(*_COLUMNS).where(passkeys.c.creator_id == creator_id).order_by(passkeys.c.id)
    return [_row(row) for row in conn.execute(wanted)]


def passkey_by_credential(conn: Connection, credential_id: str) -> PasskeyRow | None:
    """The passkey that an answer names."""
    row = conn.execute(select(*_COLUMNS).where(passkeys.c.credential_id == credential_id)).first()
    return None if row is None else _row(row)


def add_passkey(conn: Connection, creator_id: int, new: NewPasskey, name: str, now: datetime) -> bool:
    """Keep it. False: the shop knows this one."""
    values = {
        "creator_id": creator_id,
        "credential_id": new.credential_id,
        "public_key": new.public_key,
        "sign_count": new.sign_count,
        "transports": ",".join(new.transports),
        "name": name,
        "created_at": to_micros(now),
    }
    added = insert(passkeys).values(values).on_conflict_do_nothing().returning(passkeys.c.id)
    return conn.execute(added).scalar() is not None


def note_use(conn: Connection, known: PasskeyRow, sign_count: int, now: datetime) -> bool:
    """It signed somebody in. False: it was used or removed while its answer was looked at."""
    same = (passkeys.c.id == known.id, passkeys.c.sign_count == known.sign_count)
    values = {"sign_count": sign_count, "used_at": to_micros(now)}
    return conn.execute(update(passkeys).where(*same).values(values)).rowcount == 1


def rename_passkey(conn: Connection, creator_id: int, passkey_id: int, name: str) -> bool:
    """Call it otherwise. False: there is none such of theirs."""
    mine = (passkeys.c.id == passkey_id, passkeys.c.creator_id == creator_id)
    return conn.execute(update(passkeys).where(*mine).values(name=name)).rowcount == 1


def remove_passkey(conn: Connection, creator_id: int, passkey_id: int) -> bool:
    """It opens nothing any more. False: there is none such of theirs."""
    mine = (passkeys.c.id == passkey_id, passkeys.c.creator_id == creator_id)
    return conn.execute(delete(passkeys).where(*mine)).rowcount == 1


def has_key(conn: Connection, creator_id: int) -> bool:
    """Whether somebody has a way in of their own, a passkey or a password, or lives on links."""
    password = conn.execute(select(creators.c.password).where(creators.c.id == creator_id)).scalar()
    return password is not None or bool(passkeys_of(conn, creator_id))


def count_passkeys(conn: Connection) -> dict[int, int]:
    """How many each person has; who has none is left out."""
    counted = select(passkeys.c.creator_id, func.count()).group_by(passkeys.c.creator_id)
    return {int(creator): int(number) for creator, number in conn.execute(counted)}


# ── challenges ───────────────────────────────────────────────────────────────────────────────────


def add_challenge(conn: Connection, digest: str, purpose: Purpose, creator_id: int | None, now: datetime) -> None:
    """A new challenge; those that are over go, and those of a clock that was wrong."""
    expires_at = to_micros(now + CHALLENGE_LIVES)
    furthest = to_micros(now + CHALLENGE_LIVES + CLOCKS_DIFFER)
    over = (passkey_challenges.c.expires_at <= to_micros(now)) | (passkey_challenges.c.expires_at > furthest)
    conn.execute(delete(passkey_challenges).where(over))
    values = {"digest": digest, "purpose": purpose.value, "creator_id": creator_id, "expires_at": expires_at}
    conn.execute(insert(passkey_challenges).values(values))


def use_challenge(conn: Connection, digest: str, purpose: Purpose, creator_id: int | None, now: datetime) -> bool:
    """Use it up, for what and whom it was made. True for exactly one caller."""
    wanted = (
        passkey_challenges.c.digest == digest,
        passkey_challenges.c.purpose == purpose.value,
        passkey_challenges.c.creator_id.is_(None)
        if creator_id is None
        else passkey_challenges.c.creator_id == creator_id,
        passkey_challenges.c.used_at.is_(None),
        passkey_challenges.c.expires_at > to_micros(now),
        passkey_challenges.c.expires_at <= to_micros(now + CHALLENGE_LIVES + CLOCKS_DIFFER),
    )
    return conn.execute(update(passkey_challenges).where(*wanted).values(used_at=to_micros(now))).rowcount == 1
