"""The port Vault: what is sealed opens again, and nothing else does."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.adapters.vault import SivVault
from headwaters.core.errors import Code, Refused
from headwaters.core.shop import SEALED, is_sealed
from headwaters.ports import Vault

KEY = bytes(range(32))
TEXT = "sk_live_51HxRiverbed"


@pytest.fixture(params=[SivVault])
def vault(request: pytest.FixtureRequest) -> Vault:
    made: Vault = request.param(KEY)
    return made


def refused(vault: Vault, label: str, sealed: str) -> Code:
    with pytest.raises(Refused) as caught:
        vault.open(label, sealed)
    assert caught.value.field == label
    assert TEXT not in str(caught.value)
    return caught.value.code


def test_what_is_sealed_is_opened_and_shows_nothing(vault: Vault) -> None:
    sealed = vault.seal("stripe_secret_key", TEXT)
    assert is_sealed(sealed)
    assert vault.open("stripe_secret_key", sealed) == TEXT
    assert TEXT not in sealed
    assert TEXT.encode() not in base64.urlsafe_b64decode(sealed.removeprefix(SEALED) + "==")


def test_twice_the_same_is_the_same_and_another_start_of_the_shop_opens_it(vault: Vault) -> None:
    sealed = vault.seal("a", TEXT)
    assert vault.seal("a", TEXT) == sealed
    assert type(vault)(KEY).open("a", sealed) == TEXT  # type: ignore[call-arg]


def test_another_key_another_label_and_broken_texts_open_nothing(vault: Vault) -> None:
    sealed = vault.seal("stripe_secret_key", TEXT)
    assert refused(type(vault)(bytes(32)), "stripe_secret_key", sealed) is Code.SECRET_LOCKED  # type: ignore[call-arg]
    assert refused(vault, "stripe_webhook_secret", sealed) is Code.SECRET_LOCKED
    assert vault.seal("stripe_webhook_secret", TEXT) != sealed
    for broken in (SEALED, SEALED + "x", SEALED + "é" * 40, sealed[:-2], sealed + "AAAA", sealed.swapcase(), TEXT):
        assert refused(vault, "stripe_secret_key", broken) is Code.SECRET_LOCKED, broken


@given(label=st.text(), text=st.text())
def test_any_text_comes_back(label: str, text: str) -> None:
    vault = SivVault(KEY)
    text = text.encode("utf-8", "ignore").decode()
    label = label.encode("utf-8", "ignore").decode()
    assert vault.open(label, vault.seal(label, text)) == text


def test_a_sealed_text_is_as_long_as_rfc_5297_says() -> None:
    """The synthetic IV comes first, and what is sealed has the length of its text."""
    sealed = SivVault(KEY).seal("a", TEXT).removeprefix(SEALED)
    assert len(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))) == 16 + len(TEXT)
