"""Passkeys by the `webauthn` library: options for the browser, and a hard look at what comes back.

Attestation is not asked for: which maker's key somebody uses is nobody's business. User verification (a finger, a face,
a PIN) is required both when a passkey is made and when it signs in, so that whoever finds a key has no way in. Whatever
the library says of an answer that it does not take, whoever sent it hears one sentence.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.passkeys import NewPasskey, PasskeyAnswer, PasskeyOwner, PasskeySite

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_ANSWER = 32 * 1024  # characters; real ones have some 1,500
_TIMEOUT = 5 * 60 * 1000  # milliseconds that the browser waits for its owner: as long as a challenge lives
_TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})

# The library takes a quarter of a second to import, and most processes never look at a passkey: so it is imported where
# it is used.


class WebAuthnPasskeys:
    """The port `Passkeys` for one site."""

    def __init__(self, site: PasskeySite) -> None:
        self.site = site

    def creation_options(self, challenge: str, owner: PasskeyOwner, shop: str, known: Sequence[str]) -> str:
        """See the port."""
        from webauthn import base64url_to_bytes, generate_registration_options, options_to_json
        from webauthn.helpers import structs

        options = generate_registration_options(
            rp_id=self.site.host,
            rp_name=shop,
            user_name=owner.name,
            user_display_name=owner.name,
            user_id=owner.handle,
            challenge=challenge.encode(),
            timeout=_TIMEOUT,
            attestation=structs.AttestationConveyancePreference.NONE,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known],
        )
        return options_to_json(options)

    def request_options(self, challenge: str) -> str:
        """See the port."""
        from webauthn import generate_authentication_options, options_to_json
        from webauthn.helpers import structs

        options = generate_authentication_options(
            rp_id=self.site.host,
            challenge=challenge.encode(),
            timeout=_TIMEOUT,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def read(self, answer: str) -> PasskeyAnswer:
        """See the port."""
        raw = _read_json(answer)
        try:
            response = raw["response"]
            told = json.loads(_bytes(response["clientDataJSON"]))
            handle = response.get("userHandle")
            known = None if handle is None else _bytes(handle)
            return PasskeyAnswer(_same_text(raw["id"]), _bytes(told["challenge"]).decode("ascii"), known)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as wrong:
            raise _refused() from wrong

    def check_new(self, answer: str, challenge: str) -> NewPasskey:
        """See the port."""
        from webauthn import verify_registration_response
        from webauthn.helpers import bytes_to_base64url

        raw = _read_json(answer)
        try:
            found = verify_registration_response(
                credential=raw,
                expected_challenge=challenge.encode(),
                expected_rp_id=self.site.host,
                expected_origin=self.site.origin,
                require_user_verification=True,
            )
        except Exception as wrong:  # a broken answer makes the library and what is below it raise all sorts of things
            raise _refused() from wrong
        return NewPasskey(
            credential_id=bytes_to_base64url(found.credential_id),
            public_key=bytes_to_base64url(found.credential_public_key),
            sign_count=found.sign_count,
            transports=_transports(raw),
        )

    def check(self, answer: str, challenge: str, public_key: str, sign_count: int) -> int:
        """See the port."""
        from webauthn import base64url_to_bytes, verify_authentication_response

        raw = _read_json(answer)
        try:
            found = verify_authentication_response(
                credential=raw,
                expected_challenge=challenge.encode(),
                expected_rp_id=self.site.host,
                expected_origin=self.site.origin,
                credential_public_key=base64url_to_bytes(public_key),
                credential_current_sign_count=sign_count,
                require_user_verification=True,
            )
        except Exception as wrong:
            raise _refused() from wrong
        return found.new_sign_count


def _refused() -> Refused:
    return Refused(
        Code.PASSKEY_REFUSED,
        N_("This passkey’s answer is not one for this shop."),
        hint=N_("Please try once more, from the shop’s own address."),
    )


def _read_json(answer: str) -> dict[str, Any]:
    if len(answer) > LARGEST_ANSWER:
        raise _refused()
    try:
        raw = json.loads(answer)
    except (ValueError, RecursionError) as wrong:
        raise _refused() from wrong
    if not isinstance(raw, dict):
        raise _refused()
    return raw


def _bytes(text: object) -> bytes:
    from webauthn import base64url_to_bytes

    if not isinstance(text, str):
        raise TypeError("no text")
    return base64url_to_bytes(text)


def _same_text(identifier: object) -> str:
    """Base64url has several texts for the same bytes; the table has one."""
    from webauthn.helpers import bytes_to_base64url

    return bytes_to_base64url(_bytes(identifier))


def _transports(raw: dict[str, Any]) -> tuple[str, ...]:
    """How the browser says it reaches the authenticator; a hint and no more."""
    said = raw["response"].get("transports")
    return tuple(one for one in said if one in _TRANSPORTS) if isinstance(said, list) else ()
