"""Switching tills on and off: keys are looked at before they are kept, and what is kept of them is sealed.

pasted ──► kind (at once) ──► the till says what they are ──► doubts waved through? ──► events arranged ──► kept
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from headwaters.actions.deeds import noted
from headwaters.actions.shop import keep_settings
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Refused, Unavailable
from headwaters.core.sales.till_check import (
    SECRET_KEY,
    WEBHOOK_SECRET,
    Doubt,
    Doubtful,
    KeySeen,
    Remembered,
    check_keys,
    doubts_about,
    mode_of,
    remember,
    remember_unasked,
    remembered,
)
from headwaters.core.shop_marks import Mark
from headwaters.errands.house import House, refresh
from headwaters.errands.settings import checked_and_sealed, open_secret
from headwaters.store import shop as rows
from headwaters.store.db import Connection
from headwaters.store.tills import last_event

STRIPE = "stripe"


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was put into the fields. An empty one leaves what is there; `sure`: doubts that were waved through."""

    secret_key: str
    webhook_secret: str
    sure: frozenset[Doubt] = frozenset()


def hook_url(house: House) -> str:
    """Where the till brings its events."""
    return f"{house.config.url}/hooks/{STRIPE}"


def events_needed(house: House) -> tuple[str, ...]:
    """The events that the till has to send, for who arranges them by hand."""
    return house.make_till_check(house.config).events


# ── keeping keys ─────────────────────────────────────────────────────────────────────────────────


async def keep_stripe(house: House, pasted: Pasted, who: int | None) -> KeySeen | None:
    """Look at Stripe's keys, and keep them; what Stripe said of them, None where it could not be asked.

    Raises Refused (TILL_KEY_REFUSED, TILL_KEY_WEAK, TILL_EVENTS, SECRET_LOCKED), Doubtful; nothing is kept then.
    """
    check_keys(pasted.secret_key, pasted.webhook_secret)
    before = await stripe_remembered(house)
    secret_key = pasted.secret_key or _present(house, SECRET_KEY)
    if not secret_key:
        raise Refused(Code.TILL_KEY_REFUSED, N_("Paste the secret key here."), field=SECRET_KEY)
    seen = await _look(house, secret_key)
    left = [doubt for doubt in doubts_about(mode_of(secret_key), seen, before) if doubt not in pasted.sure]
    if left:
        raise Doubtful(left)
    webhook_secret = pasted.webhook_secret or await _webhook_secret(house, pasted, secret_key, seen, before)
    await _keep(house, {SECRET_KEY: secret_key, WEBHOOK_SECRET: webhook_secret}, seen, who)
    return seen


def _present(house: House, key: str) -> str:
    """The secret that is there; one that does not open has to be pasted anew."""
    try:
        return open_secret(house, key)
    except Refused:
        return ""


async def _look(house: House, secret_key: str) -> KeySeen | None:
    """What Stripe says of the key; None where it does not answer. Raises Refused for a key that will not do."""
    try:
        seen = await house.make_till_check(house.config).look(secret_key, hook_url(house))
    except Unavailable:
        return None
    if seen.lacks:
        raise Refused(
            Code.TILL_KEY_WEAK,
            N_("This restricted key lacks rights that the shop needs: %(rights)s."),
            hint=N_("Add them to the key in Stripe’s dashboard; it stays the same key."),
            field=SECRET_KEY,
            rights=", ".join(seen.lacks),
        )
    return seen


async def _webhook_secret(
    house: House, pasted: Pasted, secret_key: str, seen: KeySeen | None, before: Remembered | None
) -> str:
    """The signing secret where none was pasted: the one that is there, if it is still of this account; else the shop
    arranges the events itself, if the key may."""
    present = _present(house, WEBHOOK_SECRET)
    if present and _is_of_the_same(seen, secret_key, pasted, before):
        return present
    if seen is None or not seen.may_arrange:
        raise Refused(
            Code.TILL_EVENTS,
            N_("Paste the signing secret here, so that nobody can forge Stripe’s events."),
            hint=N_("Below it says how you get it. A key with the right “Webhook Endpoints: Write” does it by itself."),
            field=WEBHOOK_SECRET,
        )
    return await house.make_till_check(house.config).arrange_events(secret_key, hook_url(house))


def _is_of_the_same(seen: KeySeen | None, secret_key: str, pasted: Pasted, before: Remembered | None) -> bool:
    """Whether the account and the mode are those of before, so that the events go on."""
    if not pasted.secret_key or before is None:
        return not pasted.secret_key
    same_account = seen is None or not seen.account or seen.account == before.account
    return same_account and mode_of(secret_key).value == before.mode


async def _keep(house: House, keys: Mapping[str, str], seen: KeySeen | None, who: int | None) -> None:
    values, now = checked_and_sealed(house.vault, keys), house.clock()
    was_on = STRIPE in house.now.tills
    deed = Deed(who, What.TILL_KEYS_CHANGED if was_on else What.TILL_ON, f"till:{STRIPE}")

    def run(conn: Connection) -> bool:
        before = remembered(rows.read_mark(conn, Mark.STRIPE))
        mark = remember_unasked(before) if seen is None else remember(seen, now.isoformat())
        rows.write_mark(conn, Mark.STRIPE, mark)
        return bool(keep_settings(conn, values))

    await house.db.write(noted(run, deed, now))
    await refresh(house)


async def switch_stripe_off(house: House, who: int | None) -> bool:
    """Forget the keys. False: there were none. Payments that are open are asked about no more, until it is on again."""
    now = house.clock()
    deed = Deed(who, What.TILL_OFF, f"till:{STRIPE}")
    off = {SECRET_KEY: "", WEBHOOK_SECRET: ""}

    def run(conn: Connection) -> bool:
        present = rows.read_settings(conn)
        return any(present.get(key) for key in off) and bool(keep_settings(conn, off))

    done = await house.db.write(noted(run, deed, now))
    await refresh(house)
    return done


async def look_again(house: House) -> KeySeen:
    """Check the keys that are kept, and remember the answer. Raises as `keep_stripe`, and Unavailable(TILL_DOWN)."""
    secret_key, now = open_secret(house, SECRET_KEY), house.clock()
    if not secret_key:
        raise Refused(Code.TILL_KEY_REFUSED, N_("Paste the secret key here."), field=SECRET_KEY)
    seen = await _look(house, secret_key)
    if seen is None:
        raise Unavailable(
            Code.TILL_DOWN,
            N_("Stripe does not answer right now."),
            hint=N_("Try again in a minute."),
            field=SECRET_KEY,
        )
    text = remember(seen, now.isoformat())
    await house.db.write(lambda conn: rows.write_mark(conn, Mark.STRIPE, text))
    return seen


# ── how a till is ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class StripeState:
    """What the shop knows of its card till. `checked` None: nobody has asked Stripe about these keys."""

    on: bool
    checked: Remembered | None
    last_event: datetime | None
    forged: datetime | None  # when an event came whose signature was wrong, since the shop was started


async def stripe_remembered(house: House) -> Remembered | None:
    """What Stripe said when keys were checked last, be it those of now or not."""
    return remembered(await house.db.read(lambda conn: rows.read_mark(conn, Mark.STRIPE)))


async def stripe_state(house: House) -> StripeState:
    """How the card till is."""

    def look(conn: Connection) -> tuple[str, int | None]:
        return rows.read_mark(conn, Mark.STRIPE), last_event(conn, STRIPE)

    mark, event = await house.db.read(look)
    known = remembered(mark)
    return StripeState(
        on=STRIPE in house.now.tills,
        checked=known if known and known.at else None,
        last_event=None if event is None else from_micros(event),
        forged=house.forged.get(STRIPE),
    )
