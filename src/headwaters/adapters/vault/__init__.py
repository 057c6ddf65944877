"""The vault: AES-SIV (RFC 5297) under a key that HKDF (RFC 5869) derives from the shop's key file.

AES-SIV is deterministic: the same text under the same label is sealed to the same words, so that nothing random is
needed inside a transaction, and setting a key that is set already changes nothing. All that this tells who reads the
database is that a value is what it was before. The label is bound to what is sealed, so that no row passes for another.
"""

from __future__ import annotations

import base64
import binascii
from functools import cached_property
from typing import TYPE_CHECKING

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.shop import SEALED

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_KEY_BYTES = 64  # AES-256-SIV: one half authenticates, the other encrypts
_PURPOSE = b"headwaters: secrets of the settings, 1"


class SivVault:
    """Seals and opens the secrets of one shop."""

    def __init__(self, shop_key: bytes) -> None:
        self._shop_key = shop_key

    @cached_property
    def _cipher(self) -> AESSIV:
        """The library takes as long to load as a whole command: only where there is something secret."""
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return AESSIV(HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(self._shop_key))

    def seal(self, label: str, text: str) -> str:
        """`text` so that this shop's key alone opens it."""
        sealed = self._cipher.encrypt(text.encode(), [label.encode()])
        return SEALED + base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, label: str, sealed: str) -> str:
        """What was sealed. Raises Refused(SECRET_LOCKED)."""
        from cryptography.exceptions import InvalidTag

        body = sealed.removeprefix(SEALED)
        try:
            data = base64.b64decode(body + "=" * (-len(body) % 4), b"-_", validate=True)
            return self._cipher.decrypt(data, [label.encode()]).decode()
        except (InvalidTag, ValueError, binascii.Error) as wrong:
            raise Refused(
                Code.SECRET_LOCKED,
                N_("%(key)s was sealed with another key than the one in shop.key, so it cannot be read."),
                hint=N_("Put the shop.key of your backup back, or give the key again: it is sealed anew."),
                field=label,
                key=label,
            ) from wrong
