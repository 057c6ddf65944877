"""Limits count networks, believe only our own proxies, and know nobody."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from headwaters.core.errors import Limited
from headwaters.web.limits import Limits, client_address, prefix


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2ff::9", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_an_address_counts_with_its_network(address: str, network: str):
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
        (None, [], ["127.0.0.1"], ""),
    ],
)
def test_only_our_own_proxies_are_believed(remote: str | None, forwarded: list[str], proxies: list[str], found: str):
    assert client_address(remote, forwarded, proxies) == found


def _request(forwarded: str) -> object:
    return make_mocked_request("POST", "/", headers={"X-Forwarded-For": forwarded})


def test_one_network_is_stopped_and_another_is_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("headwaters.web.limits.client_address", lambda remote, forwarded, proxies: forwarded[0])
    limits = Limits([], {"letter": "2/hour"})
    for _ in range(2):
        limits.check(_request("192.0.2.1"), "letter")
    with pytest.raises(Limited) as stopped:
        limits.check(_request("192.0.2.200"), "letter")
    assert 1 <= stopped.value.retry_after <= 3601
    limits.check(_request("198.51.100.1"), "letter")


def test_a_network_has_another_name_in_each_process():
    first, second = (Limits([]).who(_request("192.0.2.1")) for _ in range(2))
    assert first != second
    assert "192" not in first
