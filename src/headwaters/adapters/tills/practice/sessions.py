"""Sessions at the practice till, as signed names: what one is about stands in its name, readable by this shop alone."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.sales.money import Money
from headwaters.core.sales.tills import PaymentRequest

_LONGEST_TITLE = 80  # characters
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Session:
    """A payment that the practice till was asked for."""

    session_id: str
    reference: str
    amount: Money
    title: str
    return_url: str
    cancel_url: str
    expires_at: datetime


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


class Sessions:
    """`url`: the shop's address, which names leave out, so that they stay short and survive a move."""

    def __init__(self, url: str, key: bytes) -> None:
        self._url = url
        self._key = key

    def write(self, request: PaymentRequest) -> str:
        """The name of a session; the same for the same request."""
        fields = (
            request.reference,
            request.amount.minor,
            request.amount.currency,
            request.title[:_LONGEST_TITLE],
            request.return_url.removeprefix(self._url),
            request.cancel_url.removeprefix(self._url),
            int(request.expires_at.timestamp()),
        )
        payload = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        return f"{_encode(payload)}.{_encode(self._mac(payload))}"

    def read(self, session_id: str) -> Session:
        """Raises NotFound(PAYMENT_STATE) for a name that this shop did not make."""
        try:
            payload, mac = map(_decode, session_id.split("."))
        except (ValueError, TypeError, AttributeError, binascii.Error):
            raise _unknown() from None
        if not hmac.compare_digest(mac, self._mac(payload)):
            raise _unknown()
        reference, minor, currency, title, return_url, cancel_url, expires = json.loads(payload)
        return Session(
            session_id,
            reference,
            Money(minor, currency),
            title,
            self._whole(return_url),
            self._whole(cancel_url),
            datetime.fromtimestamp(expires, UTC),
        )

    def _whole(self, url: str) -> str:
        return self._url + url if url.startswith("/") else url

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")[:_MAC_BYTES]


def _unknown() -> NotFound:
    return NotFound(Code.PAYMENT_STATE, N_("There is no such practice payment."))
