"""Passkeys: ask the browser, look at its answer, keep what came of it."""

from __future__ import annotations

from headwaters.actions import passkeys as verbs
from headwaters.actions.signin import Secrets
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.passkeys import PasskeyOwner, Purpose, check_label, owner_handle
from headwaters.core.signin import same_secret
from headwaters.errands.house import House
from headwaters.errands.signin import SignedIn
from headwaters.ports import Passkeys
from headwaters.store import passkeys as rows
from headwaters.store.signin import SessionRow
from headwaters.texts import translations


def _port(house: House) -> Passkeys:
    if house.passkeys is None:
        raise Refused(
            Code.PASSKEY_REFUSED,
            N_("Passkeys need a name and a secure address, and this shop’s has not both."),
            hint=N_("A password and sign-in links work here all the same."),
        )
    return house.passkeys


def _check_fresh(house: House, session: SessionRow) -> None:
    if not session.is_fresh(house.clock()):
        raise Refused(
            Code.SIGN_IN_NEEDED,
            N_("You signed in a while ago. Please sign in once more before you add a passkey."),
        )


# ── add one ──────────────────────────────────────────────────────────────────────────────────────


async def ask_for_new(house: House, session: SessionRow) -> str:
    """Options for the browser, to make a passkey for whose session this is.

    Raises Refused: PASSKEY_REFUSED where there are none; SIGN_IN_NEEDED where the session is not fresh any more.
    """
    port, challenge, now = _port(house), house.token(), house.clock()
    _check_fresh(house, session)
    known = await house.db.read(lambda conn: rows.passkeys_of(conn, session.creator_id))
    owner = PasskeyOwner(owner_handle(house.shop_key, session.creator_id), session.name)
    settings = house.now.settings
    shop = settings.name or settings.creator or "Headwaters"
    options = port.creation_options(challenge, owner, shop, [one.credential_id for one in known])
    await house.db.write(lambda conn: verbs.ask(conn, challenge, Purpose.ADD, session.creator_id, now))
    return options


async def add(house: House, session: SessionRow, answer: str, label: str) -> str:
    """Keep the passkey that the browser made; what it is called. Raises Refused: PASSKEY_REFUSED, PERSON_NAME."""
    port, now = _port(house), house.clock()
    known = await house.db.read(lambda conn: rows.passkeys_of(conn, session.creator_id))
    words = translations(house.now.settings.language).gettext(N_("Passkey %(number)d"))
    name = check_label(label, words % {"number": len(known) + 1})
    challenge = port.read(answer).challenge
    await house.db.write(lambda conn: verbs.use_challenge(conn, challenge, Purpose.ADD, session.creator_id, now))
    new = port.check_new(answer, challenge)
    await house.db.write(lambda conn: verbs.add_passkey(conn, session.creator_id, new, name, now))
    return name


async def rename(house: House, session: SessionRow, passkey_id: int, label: str) -> None:
    """Call it otherwise. Raises NotFound(PASSKEY_UNKNOWN), Refused(PERSON_NAME)."""
    name, now = check_label(label, ""), house.clock()
    if not name:
        raise Refused(Code.PERSON_NAME, N_("Please give a name."), field="label")
    await house.db.write(lambda conn: verbs.rename(conn, session.creator_id, passkey_id, name, now))


async def remove(house: House, session: SessionRow, passkey_id: int) -> None:
    """It opens nothing any more. Raises NotFound(PASSKEY_UNKNOWN)."""
    now = house.clock()
    await house.db.write(lambda conn: verbs.remove(conn, session.creator_id, passkey_id, now))


# ── sign in with one ─────────────────────────────────────────────────────────────────────────────


async def ask_to_sign_in(house: House) -> str:
    """Options for the browser, to sign in with any passkey for this shop. Raises Refused(PASSKEY_REFUSED)."""
    port, challenge, now = _port(house), house.token(), house.clock()
    await house.db.write(lambda conn: verbs.ask(conn, challenge, Purpose.SIGN_IN, None, now))
    return port.request_options(challenge)


async def sign_in(house: House, answer: str, old_session: str) -> SignedIn:
    """By passkey. Raises Refused(SIGN_IN_FAILED): the same for a counterfeit, for one that was removed, and for one
    whose owner may not come in any more; Refused(PASSKEY_REFUSED) for a challenge that is over."""
    port, session, now = _port(house), house.token(), house.clock()
    try:
        said = port.read(answer)
    except Refused as refused:
        raise _not_right() from refused
    await house.db.write(lambda conn: verbs.use_challenge(conn, said.challenge, Purpose.SIGN_IN, None, now))
    known = await house.db.read(lambda conn: rows.passkey_by_credential(conn, said.credential_id))
    if known is None or not _is_owner(house, known.creator_id, said.handle):
        raise _not_right()
    try:
        count = port.check(answer, said.challenge, known.public_key, known.sign_count)
    except Refused as refused:
        raise _not_right() from refused
    secrets = Secrets(session, old_session)
    await house.tries.flush(house.db)
    await house.db.write(lambda conn: verbs.sign_in(conn, known, count, secrets, now))
    return SignedIn(session, has_password=False)


def _is_owner(house: House, creator_id: int, handle: bytes | None) -> bool:
    """An authenticator that signs in without a name says whose passkey it was asked for (WebAuthn, 7.2, step 6)."""
    expected = owner_handle(house.shop_key, creator_id).hex()
    return handle is not None and same_secret(handle.hex(), expected)


def _not_right() -> Refused:
    return Refused(
        Code.SIGN_IN_FAILED,
        N_("This passkey does not open this Studio."),
        hint=N_("A password, or a sign-in link from “headwaters signin” on the shop’s machine, does."),
        field="passkey",
    )
