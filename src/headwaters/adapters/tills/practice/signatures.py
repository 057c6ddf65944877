"""Signatures of practice events, made as Stripe makes its own: `Practice-Signature: t=<unix>,v1=<hex>` with HMAC-SHA256
over `<t>.<raw body>`, good for five minutes."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from headwaters.core.errors import N_, Code, Refused

HEADER = "Practice-Signature"
TOLERANCE = 300  # seconds

_SIGNATURE = re.compile(r"t=(?P<time>[0-9]{1,12}),v1=(?P<mac>[0-9a-f]{64})", re.ASCII)


def _mac(secret: bytes, moment: int, body: bytes) -> str:
    return hmac.digest(secret, b"%d." % moment + body, "sha256").hex()


def sign(secret: bytes, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that go with `body`."""
    moment = int(now.timestamp())
    return {HEADER: f"t={moment},v1={_mac(secret, moment, body)}"}


def check(secret: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises Refused(EVENT_FORGED) for no signature, a wrong one, and one of another time."""
    given = next((value for name, value in headers.items() if name.lower() == HEADER.lower()), "")
    signature = _SIGNATURE.fullmatch(given)
    if signature is None:
        raise Refused(Code.EVENT_FORGED, N_("This payment event is not signed."))
    moment = int(signature["time"])
    if not hmac.compare_digest(signature["mac"], _mac(secret, moment, body)):
        raise Refused(Code.EVENT_FORGED, N_("The signature of this payment event is wrong."))
    if abs(now.timestamp() - moment) > TOLERANCE:
        raise Refused(Code.EVENT_FORGED, N_("The signature of this payment event is too old."))
