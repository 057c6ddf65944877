"""Signing in to the Studio: links, passwords (scrypt takes its time: in a thread), sessions."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from headwaters.actions import signin as verbs
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.people import name_key
from headwaters.core.signin import (
    SALT_BYTES,
    Strength,
    check_password,
    hour_of,
    keep_password,
    password_matches,
    secret_digest,
)
from headwaters.errands.house import House
from headwaters.store import passkeys as passkey_rows
from headwaters.store import signin as rows
from headwaters.store.db import Connection
from headwaters.store.signin import CreatorRow, SessionRow
from headwaters.texts import translations


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that just began: its secret is for the cookie, and kept nowhere. `has_key`: they have a passkey or a
    password to come in with the next time."""

    session: str
    has_password: bool
    has_key: bool = True


# ── links ────────────────────────────────────────────────────────────────────────────────────────


async def make_link(house: House, person: str = "") -> str:
    """A one-time sign-in link made on the shop's machine, as a whole address: for who runs the shop, or for `person`.

    Raises NotFound(PERSON_UNKNOWN).
    """
    secret, now = house.token(), house.clock()
    name = first_name(house)
    await house.db.write(lambda conn: verbs.make_link(conn, secret, name, now, person))
    return link_address(house, secret)


async def nobody_has_a_key(house: House) -> bool:
    """Whether nobody can come into the Studio but by a link: there is no passkey and no password yet."""

    def look(conn: Connection) -> bool:
        return not any(passkey_rows.has_key(conn, one.id) for one in _active(conn))

    return await house.db.read(look)


def first_name(house: House) -> str:
    """How the first creator is called, until they say otherwise."""
    settings = house.now.settings
    return settings.creator or settings.name or translations(settings.language).gettext(N_("Creator"))


def link_address(house: House, secret: str) -> str:
    """Where a link leads."""
    return f"{house.config.url}/studio/in/{secret}"


async def link_is_good(house: House, secret: str) -> bool:
    """Whether the link could be used now; looking does not use it up."""
    return await link_owner(house, secret) is not None


async def link_owner(house: House, secret: str) -> CreatorRow | None:
    """Whom the link would let in now, None if nobody; looking does not use it up."""
    digest, now = secret_digest(secret), house.clock()

    def look(conn: Connection) -> CreatorRow | None:
        owner = rows.link_owner(conn, digest, now)
        return None if owner is None else rows.person(conn, owner)

    return await house.db.read(look)


async def sign_in_by_link(house: House, secret: str, old_session: str) -> SignedIn:
    """Use the link up. Raises Refused(SIGN_IN_SPENT)."""
    if not await link_is_good(house, secret):  # a flood of guesses never gets to the writer
        raise verbs.link_spent()
    session, now = house.token(), house.clock()
    await house.tries.flush(house.db)
    person = await house.db.write(lambda conn: verbs.sign_in_by_link(conn, secret, session, old_session, now))
    has_key = await house.db.read(lambda conn: passkey_rows.has_key(conn, person.id))
    return SignedIn(session, person.password is not None, has_key)


# ── passwords ────────────────────────────────────────────────────────────────────────────────────


async def several(house: House) -> bool:
    """Whether a password alone does not say who comes: there are several people."""
    return len(await house.db.read(_active)) > 1


def _active(conn: Connection) -> list[CreatorRow]:
    return [one for one in rows.people(conn) if one.ended_at is None]


def _who(everybody: list[CreatorRow], name: str) -> CreatorRow | None:
    """Whose password it has to be: where there is one person, theirs; else theirs whose name was given."""
    if len(everybody) == 1:
        return everybody[0]
    return next((one for one in everybody if name_key(one.name) == name_key(name)), None)


async def sign_in(house: House, password: str, old_session: str, name: str = "") -> SignedIn:
    """By password. Raises Refused(SIGN_IN_FAILED): the same, after the same time, for a wrong one, for a name that
    nobody has, and for somebody who has no password."""
    everybody = await house.db.read(_active)
    person = _who(everybody, name)
    right = await asyncio.to_thread(password_matches, person.password if person else None, password)
    if person is not None and not right:
        house.tries.wrong(person.id, house.clock())
    if person is None or not right:
        raise _not_right(len(everybody) > 1)
    session, now = house.token(), house.clock()
    await house.tries.flush(house.db)
    await house.db.write(lambda conn: verbs.begin_session(conn, person, session, old_session, now))
    return SignedIn(session, has_password=True)


def _not_right(by_name: bool) -> Refused:
    message = N_("This name and this password do not belong together.") if by_name else N_("This is not the password.")
    return Refused(
        Code.SIGN_IN_FAILED,
        message,
        hint=N_("A sign-in link from “headwaters signin” on the shop’s machine always works."),
        field="password",
    )


async def set_password(house: House, session: SessionRow, secret: str, password: str, current: str) -> Strength:
    """A new password; every other session ends. `current` counts where the session is not fresh any more.

    Raises Refused: PASSWORD_WEAK; SIGN_IN_FAILED for a wrong current one, or where only a passkey can prove who it is.
    """
    settings, now = house.now.settings, house.clock()
    found = check_password(password, (settings.name, settings.creator, settings.tagline, session.name))
    if not session.is_fresh(now):
        await _check_current(house, session, current)
    salt = hashlib.sha256(house.token().encode()).digest()[:SALT_BYTES]
    kept = await asyncio.to_thread(keep_password, password, salt)
    await house.db.write(lambda conn: verbs.set_password(conn, session.creator_id, kept, secret, now))
    return found


async def _check_current(house: House, session: SessionRow, current: str) -> None:
    person, keys = await house.db.read(
        lambda conn: (rows.person(conn, session.creator_id), passkey_rows.passkeys_of(conn, session.creator_id))
    )
    if person is None or person.password is None:
        if keys:  # whoever finds this browser open must not make themselves a key of their own
            raise Refused(Code.SIGN_IN_FAILED, N_("Please sign in once more, then set a password."))
        return
    if not await asyncio.to_thread(password_matches, person.password, current):
        house.tries.wrong(session.creator_id, house.clock())
        raise Refused(Code.SIGN_IN_FAILED, N_("This is not your password of now."), field="current")


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────


async def session_of(house: House, secret: str) -> SessionRow | None:
    """The live session of a cookie's secret. The hour of its visit is remembered."""
    digest, now = secret_digest(secret), house.clock()
    found = await house.db.read(lambda conn: rows.live_session(conn, digest, now))
    if found is not None and (found.seen_at is None or found.seen_at < hour_of(now)):
        await house.db.write(lambda conn: rows.note_visit(conn, digest, now))
    return found


async def sign_out(house: House, secret: str) -> None:
    """End the session."""
    now = house.clock()
    await house.db.write(lambda conn: verbs.sign_out(conn, secret, now))


async def creator_of(house: House, session: SessionRow | None = None) -> CreatorRow | None:
    """Whose session it is; without one, who runs the shop."""
    if session is None:
        return await house.db.read(rows.first_creator)
    return await house.db.read(lambda conn: rows.person(conn, session.creator_id))
