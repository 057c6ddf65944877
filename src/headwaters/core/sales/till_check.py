"""What is found out about a card till's keys before they are kept, and what is odd about them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.sales.states import Mode

SECRET_KEY = "stripe_secret_key"  # noqa: S105  (the names of fields, which are those of the settings)
WEBHOOK_SECRET = "stripe_webhook_secret"  # noqa: S105


@dataclass(frozen=True, slots=True)
class HookSeen:
    """The endpoint at the till that sends its events to this shop. `ours`: the shop made it itself."""

    id: str
    ours: bool
    enabled: bool
    lacks: tuple[str, ...] = ()  # names of events that it does not send


@dataclass(frozen=True, slots=True)
class KeySeen:
    """What the till said of a key. `account` is empty where the key may not tell."""

    mode: Mode
    account: str
    name: str  # what the account calls itself, or empty
    may_charge: bool  # False: the till does not let this account take payments yet
    lacks: tuple[str, ...]  # the rights that the shop needs and the key has not, as the till calls them
    may_arrange: bool  # whether it may make the endpoint for events
    hook: HookSeen | None  # None: there is none for this address, or the key may not tell


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known since the last check, kept as a mark. `at`: ISO 8601; empty where the keys changed since."""

    account: str
    name: str
    mode: str
    at: str
    may_charge: bool = True
    hook: str = ""  # the endpoint's id, or empty
    hook_enabled: bool = True
    hook_lacks: tuple[str, ...] = ()


def remember(seen: KeySeen, at: str) -> str:
    """The mark's text."""
    hook = seen.hook
    kept = Remembered(
        account=seen.account,
        name=seen.name,
        mode=seen.mode.value,
        at=at,
        may_charge=seen.may_charge,
        hook=hook.id if hook else "",
        hook_enabled=hook.enabled if hook else True,
        hook_lacks=hook.lacks if hook else (),
    )
    return json.dumps(asdict(kept), ensure_ascii=False)


def remember_unasked(before: Remembered | None) -> str:
    """The mark's text for keys that the till was not asked about: the account of before, to compare with one day."""
    return "" if before is None else json.dumps(asdict(replace(before, at="")), ensure_ascii=False)


def remembered(mark: str) -> Remembered | None:
    """What a mark says; None for nothing, or for what another version wrote."""
    try:
        values = json.loads(mark) if mark else None
        return None if values is None else Remembered(**{**values, "hook_lacks": tuple(values["hook_lacks"])})
    except (ValueError, TypeError, KeyError):
        return None


# ── what is odd ──────────────────────────────────────────────────────────────────────────────────


class Doubt(StrEnum):
    """Something that may be meant, but is mostly a slip: keys are kept only when somebody says so."""

    OTHER_ACCOUNT = "other_account"
    TEST_KEY = "test_key"
    NO_CHARGES = "no_charges"
    NOT_ASKED = "not_asked"


DOUBTS: Mapping[Doubt, str] = {
    Doubt.OTHER_ACCOUNT: N_(
        "This key is of another Stripe account than the one before. Payments that are still open at the old one can "
        "no longer be asked about, and the money goes to the new one."
    ),
    Doubt.TEST_KEY: N_(
        "This is a test key, and the shop has taken real money until now. With it, nobody can pay for real."
    ),
    Doubt.NO_CHARGES: N_(
        "Stripe does not let this account take payments yet: something is still to be filled in there."
    ),
    Doubt.NOT_ASKED: N_("Stripe could not be reached, so nobody knows whether the key works."),
}


class Doubtful(Refused):
    """The keys were not kept, because of `doubts` that nobody has waved through."""

    def __init__(self, doubts: Sequence[Doubt]) -> None:
        self.doubts = tuple(doubts)
        super().__init__(
            Code.TILL_DOUBTFUL,
            N_("Nothing was kept yet: please look at this first."),
            hint=N_("Tick what is meant, and send it again."),
            field="sure",
        )


def doubts_about(mode: Mode, seen: KeySeen | None, before: Remembered | None) -> tuple[Doubt, ...]:
    """What is odd about a key of `mode`. `seen` None: the till could not be asked."""
    found = []
    if seen is None:
        found.append(Doubt.NOT_ASKED)
    elif before is not None and seen.account and before.account and seen.account != before.account:
        found.append(Doubt.OTHER_ACCOUNT)
    if before is not None and before.mode == Mode.LIVE and mode is not Mode.LIVE:
        found.append(Doubt.TEST_KEY)
    if seen is not None and not seen.may_charge and mode is Mode.LIVE:
        found.append(Doubt.NO_CHARGES)
    return tuple(found)


# ── what can be told without asking ──────────────────────────────────────────────────────────────

_KINDS = (
    (r"(?:sk|rk)_(?:live|test)_[\w-]+", SECRET_KEY),
    (r"whsec_[\w+/=-]+", WEBHOOK_SECRET),
    (r"pk_(?:live|test)_\w+", "publishable"),
)
_WRONG_KEY = {
    "publishable": N_("This is the publishable key. The shop needs the secret one: it starts with sk_ or rk_."),
    WEBHOOK_SECRET: N_("This is a signing secret of events (whsec_…): it belongs into the field for that."),
    "": N_("This is no key of Stripe's: it starts with sk_live_, rk_live_, sk_test_ or rk_test_."),
}
_WRONG_SECRET = {
    "publishable": N_("This is the publishable key. Here goes the signing secret: it starts with whsec_."),
    SECRET_KEY: N_("This is a secret key: it belongs into the field for that. Here goes the signing secret, whsec_…"),
    "": N_("This is no signing secret: it starts with whsec_."),
}


def _kind(text: str) -> str:
    return next((kind for pattern, kind in _KINDS if re.fullmatch(pattern, text, re.ASCII)), "")


def check_keys(secret_key: str, webhook_secret: str) -> None:
    """Raise Refused(TILL_KEY_REFUSED) for a key of the wrong kind, naming its field. An empty one is none."""
    for field, text, wrong in ((SECRET_KEY, secret_key, _WRONG_KEY), (WEBHOOK_SECRET, webhook_secret, _WRONG_SECRET)):
        if text and (kind := _kind(text)) != field:
            raise Refused(Code.TILL_KEY_REFUSED, wrong[kind], field=field)


def mode_of(secret_key: str) -> Mode:
    """Whether a key that passed `check_keys` moves real money."""
    return Mode.LIVE if secret_key[3:].startswith("live_") else Mode.TEST
