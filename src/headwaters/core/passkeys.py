"""Rules of passkeys (WebAuthn Level 3): where they work, how long a question stands, whose they are, their names.

The signatures themselves are looked at by an adapter (`ports.Passkeys`).
"""

from __future__ import annotations

import hmac
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.letters import one_line

CHALLENGE_LIVES = timedelta(minutes=5)
MOST_PASSKEYS = 20  # of one person
LONGEST_LABEL = 60  # characters
_LOCAL = "localhost"


class Purpose(StrEnum):
    """What a challenge was made for; it counts for nothing else."""

    ADD = "add"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class PasskeySite:
    """Where passkeys of this shop work. `host`: the name that they belong to (WebAuthn's RP ID); `origin`: scheme, name
    and port of the pages that may ask for them."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class PasskeyOwner:
    """Who a new passkey is for. `handle`: what the authenticator keeps of them instead of a number or a name."""

    handle: bytes
    name: str


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What an authenticator made. Identifiers and keys as base64url without padding."""

    credential_id: str
    public_key: str  # COSE
    sign_count: int
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PasskeyAnswer:
    """What an answer says of itself, before anything of it is believed."""

    credential_id: str
    challenge: str
    handle: bytes | None


def passkey_site(url: str) -> PasskeySite | None:
    """Where passkeys work for a shop at `url`; None where no browser would have them: they need a name, and TLS.

    The one exception is this machine itself, under the name localhost. So a shop that was opened at 127.0.0.1 has them
    too, for whoever goes to localhost.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    with suppress(ValueError):  # a name is fine as it is
        host = _LOCAL if ip_address(host).is_loopback else ""
    here = host == _LOCAL or host.endswith("." + _LOCAL)
    if not host or not (parts.scheme == "https" or here):
        return None
    default = {"https": 443, "http": 80}[parts.scheme]
    port = "" if parts.port in {None, default} else f":{parts.port}"
    return PasskeySite(host, f"{parts.scheme}://{host}{port}")


def owner_handle(shop_key: bytes, creator_id: int) -> bytes:
    """16 bytes that are the same for a person each time, and tell nobody else anything (WebAuthn, 14.6.1)."""
    return hmac.digest(shop_key, b"headwaters: passkeys of person %d" % creator_id, "sha256")[:16]


def check_label(text: str, default: str) -> str:
    """How its owner calls a passkey; `default` where they did not say. Raises Refused(PERSON_NAME)."""
    label = one_line(text, LONGEST_LABEL + 1)
    if len(label) > LONGEST_LABEL:
        raise Refused(
            Code.PERSON_NAME, N_("A name has %(most)d characters at most."), field="label", most=LONGEST_LABEL
        )
    return label or default
