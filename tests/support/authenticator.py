"""An authenticator made of text and one key, for tests of passkeys: it can also lie, forget to look at its owner, and
be copied. Written from WebAuthn Level 3 and not from the library under test."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Authenticator:
    """One passkey of one person for one site. `counts`: it counts its signatures (what syncs its keys does not)."""

    origin: str = "http://localhost"
    host: str = "localhost"
    counts: bool = True
    count: int = 0
    identifier: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    handle: bytes | None = None

    @property
    def credential_id(self) -> str:
        return b64(self.identifier)

    def create(self, options: str, **lies: Any) -> str:
        """The answer to creation options, as JSON. `lies` stand for what an honest one would say."""
        asked = json.loads(options)
        self.handle = unb64(asked["user"]["id"])
        data = self._data(lies, PRESENT | VERIFIED | ATTESTED) + self._attested()
        attestation = lies.get("attestation") or cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"], lies)
        response = {"clientDataJSON": b64(client), "attestationObject": b64(attestation), "transports": ["internal", 7]}
        return self._answer(response, lies)

    def sign_in(self, options: str, **lies: Any) -> str:
        """The answer to request options, as JSON."""
        self.count += self.counts
        data = self._data(lies, PRESENT | VERIFIED)
        client = self._client("webauthn.get", json.loads(options)["challenge"], lies)
        key: ec.EllipticCurvePrivateKey = lies.get("key", self.key)
        signature = key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        handle = lies.get("handle", self.handle)
        response = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        return self._answer(response | ({} if handle is None else {"userHandle": b64(handle)}), lies)

    def _data(self, lies: dict[str, Any], flags: int) -> bytes:
        host: str = lies.get("host", self.host)
        count: int = lies.get("count", self.count)
        said: int = lies.get("flags", flags)
        return hashlib.sha256(host.encode()).digest() + bytes([said]) + count.to_bytes(4, "big")

    def _attested(self) -> bytes:
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        return bytes(16) + len(self.identifier).to_bytes(2, "big") + self.identifier + cbor2.dumps(cose)

    def _client(self, kind: str, challenge: str, lies: dict[str, Any]) -> bytes:
        told = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", challenge),
            "origin": lies.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(told).encode()

    def _answer(self, response: dict[str, Any], lies: dict[str, Any]) -> str:
        identifier = lies.get("id", self.credential_id)
        told = {"id": identifier, "rawId": identifier, "type": "public-key", "response": response}
        return json.dumps(told | {"clientExtensionResults": {}, "authenticatorAttachment": "platform"})
