"""What every adapter of `Passkeys` does: options that browsers read, and no counterfeit taken."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.adapters.passkeys import LARGEST_ANSWER, WebAuthnPasskeys
from headwaters.core.errors import Code, Refused
from headwaters.core.passkeys import NewPasskey, PasskeyOwner, PasskeySite
from headwaters.ports import Passkeys
from tests.support.authenticator import PRESENT, Authenticator, b64

SITE = PasskeySite("localhost", "http://localhost")
OWNER = PasskeyOwner(b"h" * 16, "Alice")
CHALLENGE = "challengechallengechalleng"
OTHER = "otherchallengeotherchallen"


@pytest.fixture(params=[WebAuthnPasskeys])
def passkeys(request: pytest.FixtureRequest) -> Passkeys:
    adapter: Passkeys = request.param(SITE)
    return adapter


def make(passkeys: Passkeys, device: Authenticator, **lies: Any) -> str:
    return device.create(passkeys.creation_options(CHALLENGE, OWNER, "Alice's river", []), **lies)


def sign(passkeys: Passkeys, device: Authenticator, **lies: Any) -> str:
    return device.sign_in(passkeys.request_options(CHALLENGE), **lies)


def added(passkeys: Passkeys, device: Authenticator) -> NewPasskey:
    return passkeys.check_new(make(passkeys, device), CHALLENGE)


def test_the_options_ask_for_a_key_that_needs_no_name_and_an_owner_who_is_there(passkeys: Passkeys) -> None:
    made = json.loads(passkeys.creation_options(CHALLENGE, OWNER, "Alice's river", ["YWJj"]))
    assert made["rp"] == {"id": "localhost", "name": "Alice's river"}
    assert made["user"] == {"id": b64(b"h" * 16), "name": "Alice", "displayName": "Alice"}
    assert made["challenge"] == b64(CHALLENGE.encode())
    wishes = made["authenticatorSelection"]
    assert (wishes["residentKey"], wishes["userVerification"]) == ("required", "required")
    assert made["attestation"] == "none"
    assert [one["id"] for one in made["excludeCredentials"]] == ["YWJj"]
    asked = json.loads(passkeys.request_options(CHALLENGE))
    assert (asked["rpId"], asked["userVerification"], asked.get("allowCredentials", [])) == (
        "localhost",
        "required",
        [],
    )


def test_a_passkey_is_made_and_signs_in(passkeys: Passkeys) -> None:
    device = Authenticator()
    new = added(passkeys, device)
    assert (new.credential_id, new.sign_count, new.transports) == (device.credential_id, 0, ("internal",))
    answer = sign(passkeys, device)
    said = passkeys.read(answer)
    assert (said.credential_id, said.challenge, said.handle) == (device.credential_id, CHALLENGE, b"h" * 16)
    assert passkeys.check(answer, CHALLENGE, new.public_key, 0) == 1


def test_one_that_does_not_count_signs_in_again_and_again(passkeys: Passkeys) -> None:
    device = Authenticator(counts=False)
    new = added(passkeys, device)
    for _ in range(2):
        assert passkeys.check(sign(passkeys, device), CHALLENGE, new.public_key, 0) == 0


@pytest.mark.parametrize(
    "lies",
    [
        {"challenge": b64(OTHER.encode())},
        {"origin": "https://localhost"},
        {"origin": "http://localhost.evil.example"},
        {"host": "evil.example"},
        {"type": "webauthn.get"},
        {"flags": PRESENT | 0x40},  # its owner was not looked at
        {"flags": 0x44},  # nobody was there
        {"flags": 0x05},  # no key in it
        {"attestation": b"\xa0"},
        {"attestation": b"nonsense"},
        {"id": "YWJj="},
    ],
)
def test_a_new_passkey_that_is_none_of_ours_is_refused(passkeys: Passkeys, lies: dict[str, Any]) -> None:
    answer = make(passkeys, Authenticator(), **lies)
    with pytest.raises(Refused) as refused:
        passkeys.check_new(answer, CHALLENGE)
    assert refused.value.code is Code.PASSKEY_REFUSED


@pytest.mark.parametrize(
    "lies",
    [
        {"challenge": b64(OTHER.encode())},
        {"origin": "http://localhost:1"},
        {"host": "evil.example"},
        {"type": "webauthn.create"},
        {"flags": PRESENT},
        {"flags": 0x04},
        {"key": Authenticator().key},  # somebody else's
        {"count": 0},
    ],
)
def test_a_counterfeit_does_not_sign_in(passkeys: Passkeys, lies: dict[str, Any]) -> None:
    device = Authenticator(count=4)
    new = added(passkeys, device)
    answer = sign(passkeys, device, **lies)
    with pytest.raises(Refused) as refused:
        passkeys.check(answer, CHALLENGE, new.public_key, new.sign_count)
    assert refused.value.code is Code.PASSKEY_REFUSED


def test_a_copy_of_an_authenticator_is_noticed(passkeys: Passkeys) -> None:
    device = Authenticator()
    new = added(passkeys, device)
    first = sign(passkeys, device)
    count = passkeys.check(first, CHALLENGE, new.public_key, 0)
    with pytest.raises(Refused):
        passkeys.check(first, CHALLENGE, new.public_key, count)


def test_an_answer_that_was_changed_on_its_way_is_refused(passkeys: Passkeys) -> None:
    device = Authenticator()
    new = added(passkeys, device)
    answer = json.loads(sign(passkeys, device))
    signature = answer["response"]["signature"]
    for broken in (signature[:-4], signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:], "", "!!"):
        changed = json.dumps(answer | {"response": answer["response"] | {"signature": broken}})
        with pytest.raises(Refused):
            passkeys.check(changed, CHALLENGE, new.public_key, 0)


ODD = [
    "",
    "{}",
    "[]",
    "null",
    "1",
    "{",
    '{"id": 1}',
    '{"id": "a", "response": []}',
    '{"id": "a", "response": {"clientDataJSON": "bnVsbA"}}',
    '{"id": "a", "response": {"clientDataJSON": "W10"}}',
    '{"id": "a", "response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiA1fQ"}}',
    '{"id": "YQ", "response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiAi_____yJ9"}}',
    "[" * 20_000,
    '{"id": "' + "a" * LARGEST_ANSWER + '"}',
    '{"id": "\\ud800", "response": {}}',
]


@pytest.mark.parametrize("answer", ODD, ids=range(len(ODD)))
def test_nonsense_is_refused_and_nothing_else_happens(passkeys: Passkeys, answer: str) -> None:
    for look in (
        lambda: passkeys.read(answer),
        lambda: passkeys.check_new(answer, CHALLENGE),
        lambda: passkeys.check(answer, CHALLENGE, "AA", 0),
    ):
        with pytest.raises(Refused) as refused:
            look()
        assert refused.value.code is Code.PASSKEY_REFUSED


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(_VALUES, st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "attestationObject"]))
def test_whatever_stands_in_a_field_it_is_refused_at_the_worst(value: object, name: str) -> None:
    passkeys = WebAuthnPasskeys(SITE)
    answer = json.loads(make(passkeys, Authenticator()))
    if name in answer["response"]:
        answer["response"][name] = value
    else:
        answer[name] = value
    with suppress(Refused):
        passkeys.check_new(json.dumps(answer), CHALLENGE)
    with suppress(Refused):
        passkeys.read(json.dumps(answer))
