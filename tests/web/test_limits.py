"""Limits count networks, believe only our own proxies, and know nobody."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from headwaters.core.errors import Limited
from headwaters.core.rates import HOUR, Rate
from headwaters.web.limits import Limits, client_address, prefix, too_often


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", bytes([192, 0, 2])),
        ("::ffff:192.0.2.77", bytes([192, 0, 2])),
        ("2001:db8:1:2ff::9", bytes([0x20, 0x01, 0x0D, 0xB8, 0, 1, 0x02])),
        ("fe80::1%eth0", bytes([0xFE, 0x80, 0, 0, 0, 0, 0])),
        ("nonsense", b""),
        ("192.0.2", b""),
        ("192.0.2.7\0", b""),
        ("", b""),
    ],
)
def test_an_address_counts_with_its_network(address: str, network: bytes):
    assert prefix(address) == network


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "found"),
    [
        ("192.0.2.1", ["203.0.113.5"], [], "192.0.2.1"),
        ("127.0.0.1", ["203.0.113.5"], ["127.0.0.1"], "203.0.113.5"),
        ("127.0.0.1", ["198.51.100.9, 203.0.113.5"], ["127.0.0.1"], "203.0.113.5"),
        ("127.0.0.1", ["198.51.100.9, 10.0.0.2"], ["127.0.0.1", "10.0.0.0/8"], "198.51.100.9"),
        ("127.0.0.1", ["198.51.100.9", "10.0.0.2"], ["127.0.0.1", "10.0.0.0/8"], "198.51.100.9"),
        ("127.0.0.1", ["unknown"], ["127.0.0.1"], "unknown"),
        ("::ffff:127.0.0.1", ["203.0.113.5"], ["127.0.0.1"], "203.0.113.5"),
        ("::1", ["2001:db8::5, fd00::2"], ["::1", "fd00::/8"], "2001:db8::5"),
        ("7f00:1::", ["203.0.113.5"], ["127.0.0.1"], "7f00:1::"),
        (None, [], ["127.0.0.1"], ""),
    ],
)
def test_only_our_own_proxies_are_believed(remote: str | None, forwarded: list[str], proxies: list[str], found: str):
    assert client_address(remote, forwarded, proxies) == found


def _request(forwarded: str) -> object:
    return make_mocked_request("POST", "/", headers={"X-Forwarded-For": forwarded})


def test_one_network_is_stopped_and_another_is_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("headwaters.web.limits.client_address", lambda remote, forwarded, proxies: forwarded[0])
    limits = Limits([], {"letter": (Rate(2, HOUR), Rate(9, HOUR))})
    for _ in range(2):
        limits.check(_request("192.0.2.1"), "letter")
    with pytest.raises(Limited) as stopped:
        limits.check(_request("192.0.2.200"), "letter")
    assert 1 <= stopped.value.retry_after <= 2 * HOUR
    limits.check(_request("198.51.100.1"), "letter")


def test_a_network_has_another_name_in_each_process():
    first, second = (Limits([]).who(_request("192.0.2.1")) for _ in range(2))
    assert first != second
    assert len(first) == 16
    assert bytes([192, 0, 2]) not in first


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "in a minute."),
        (60, "in a minute."),
        (61, "in 2 minutes."),
        (6000, "in 100 minutes."),
        (6001, "in 2 hours."),
    ],
)
def test_who_is_stopped_is_told_for_how_long(seconds: int, words: str):
    stopped = too_often(seconds)
    assert str(stopped).endswith(words)
    assert stopped.retry_after == seconds
