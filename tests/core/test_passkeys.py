"""Where passkeys work, and whose they are."""

from __future__ import annotations

import pytest

from headwaters.core.errors import Refused
from headwaters.core.passkeys import PasskeySite, check_label, owner_handle, passkey_site


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://shop.example", PasskeySite("shop.example", "https://shop.example")),
        ("https://shop.example:8443", PasskeySite("shop.example", "https://shop.example:8443")),
        ("https://shop.example:443", PasskeySite("shop.example", "https://shop.example")),
        ("http://localhost:8000", PasskeySite("localhost", "http://localhost:8000")),
        ("http://alice.localhost:8000", PasskeySite("alice.localhost", "http://alice.localhost:8000")),
        ("http://127.0.0.1:8000", PasskeySite("localhost", "http://localhost:8000")),
        ("http://[::1]:8000", PasskeySite("localhost", "http://localhost:8000")),
        ("http://shop.example", None),
        ("http://192.168.1.20:8000", None),
        ("https://192.168.1.20", None),
        ("https://[2001:db8::1]", None),
        ("http://notlocalhost", None),
    ],
)
def test_they_need_a_name_and_tls_or_this_machine(url: str, site: PasskeySite | None) -> None:
    assert passkey_site(url) == site


def test_an_owners_handle_is_the_same_each_time_and_another_for_each_shop_and_person() -> None:
    handles = {owner_handle(key, person) for key in (b"a" * 32, b"b" * 32) for person in (1, 2)}
    assert len(handles) == 4
    assert {len(handle) for handle in handles} == {16}
    assert owner_handle(b"a" * 32, 1) in handles


def test_a_passkeys_name_is_one_line() -> None:
    assert check_label(" my\n phone ", "Passkey 1") == "my phone"
    assert check_label("", "Passkey 1") == "Passkey 1"
    assert check_label("x" * 60, "") == "x" * 60
    with pytest.raises(Refused):
        check_label("x" * 61, "")
