"""Signing in to the Studio: links, passwords (scrypt takes its time: in a thread), sessions."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from headwaters.actions import signin as verbs
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.signin import (
    SALT_BYTES,
    Strength,
    check_password,
    keep_password,
    password_matches,
    secret_digest,
)
from headwaters.errands.house import House
from headwaters.store import signin as rows
from headwaters.store.signin import CreatorRow, SessionRow


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that just began: its secret is for the cookie, and kept nowhere."""

    session: str
    has_password: bool


async def make_link(house: House) -> str:
    """A one-time sign-in link, as a whole address."""
    secret, now = house.token(), house.clock()
    settings = house.now.settings
    name = settings.creator or settings.name
    await house.db.write(lambda conn: verbs.make_link(conn, secret, name, now))
    return f"{house.config.url}/studio/in/{secret}"


async def link_is_good(house: House, secret: str) -> bool:
    """Whether the link could be used now; looking does not use it up."""
    digest, now = secret_digest(secret), house.clock()
    return await house.db.read(lambda conn: rows.link_is_good(conn, digest, now))


async def sign_in_by_link(house: House, secret: str, old_session: str) -> SignedIn:
    """Use the link up. Raises Refused(SIGN_IN_SPENT)."""
    if not await link_is_good(house, secret):  # a flood of guesses never gets to the writer
        raise verbs.link_spent()
    session, now = house.token(), house.clock()
    creator = await house.db.write(lambda conn: verbs.sign_in_by_link(conn, secret, session, old_session, now))
    return SignedIn(session, creator.password is not None)


async def sign_in(house: House, password: str, old_session: str) -> SignedIn:
    """By password. Raises Refused(SIGN_IN_FAILED): the same for a wrong one and where there is none."""
    creator = await house.db.read(rows.first_creator)
    kept = creator.password if creator else None
    right = await asyncio.to_thread(password_matches, kept, password)
    if creator is None or not right:
        raise Refused(
            Code.SIGN_IN_FAILED,
            N_("This is not the password."),
            hint=N_("A sign-in link from “headwaters signin” on the shop’s machine always works."),
            field="password",
        )
    session, now = house.token(), house.clock()
    await house.db.write(lambda conn: verbs.begin_session(conn, creator, session, old_session, now))
    return SignedIn(session, has_password=True)


async def session_of(house: House, secret: str) -> SessionRow | None:
    """The live session of a cookie's secret."""
    digest, now = secret_digest(secret), house.clock()
    return await house.db.read(lambda conn: rows.live_session(conn, digest, now))


async def sign_out(house: House, secret: str) -> None:
    """End the session."""
    now = house.clock()
    await house.db.write(lambda conn: verbs.sign_out(conn, secret, now))


async def creator_of(house: House) -> CreatorRow | None:
    """Who runs the shop."""
    return await house.db.read(rows.first_creator)


async def set_password(house: House, session: SessionRow, secret: str, password: str, current: str) -> Strength:
    """A new password; every other session ends. `current` counts where the session is not fresh any more.

    Raises Refused: PASSWORD_WEAK; SIGN_IN_FAILED for a wrong current one.
    """
    settings, now = house.now.settings, house.clock()
    found = check_password(password, (settings.name, settings.creator, settings.tagline))
    if not session.is_fresh(now):
        await _check_current(house, current)
    salt = hashlib.sha256(house.token().encode()).digest()[:SALT_BYTES]
    kept = await asyncio.to_thread(keep_password, password, salt)
    await house.db.write(lambda conn: verbs.set_password(conn, session.creator_id, kept, secret, now))
    return found


async def _check_current(house: House, current: str) -> None:
    creator = await creator_of(house)
    if creator is None or creator.password is None:
        return
    if not await asyncio.to_thread(password_matches, creator.password, current):
        raise Refused(Code.SIGN_IN_FAILED, N_("This is not your password of now."), field="current")
