"""How often one place may do what costs: kept in memory, by address prefix, never written down.

The prefix is hashed under a key that lives as long as the process, so that not even a memory dump reads as a list
of visitors. IPv4 counts by /24, IPv6 by /56 (what one household is commonly given, RFC 6177).
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from headwaters.core.errors import N_, Code, Limited

RATES: Mapping[str, str] = {
    "take": "90/minute; 1000/hour",  # a lecture hall behind one address is no flood
    "pay": "20/minute",
    "letter": "6/minute; 40/hour",
    "mail": "40/hour",
    "report": "5/10minute",
    "sign_in": "10/10minute",
    "practice": "60/minute",
    "refuse": "20/minute",
}


@lru_cache(maxsize=8)
def _networks(proxies: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(proxy, strict=False) for proxy in proxies)


def _trusted(address: str, proxies: Sequence[str]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in _networks(tuple(proxies)))


def client_address(remote: str | None, forwarded: Sequence[str], proxies: Sequence[str]) -> str:
    """Whom we speak with: the peer, or what trusted proxies say of it, read from the nearest one outwards."""
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    address = remote or ""
    while hops and _trusted(address, proxies):
        address = hops.pop()
    return address


def prefix(address: str) -> str:
    """The network that `address` counts with; an unreadable one counts with all the others."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(ip_network((found, 56 if found.version == 6 else 24), strict=False))


class Limits:
    """The counters of one process."""

    def __init__(self, proxies: Sequence[str], rates: Mapping[str, str] = RATES) -> None:
        self._proxies = tuple(proxies)
        self._key = secrets.token_bytes(32)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._rates: dict[str, list[RateLimitItem]] = {name: parse_many(rate) for name, rate in rates.items()}

    def who(self, request: web.Request) -> str:
        """A name for the visitor's network that tells nothing and lasts as long as the process."""
        forwarded = request.headers.getall("X-Forwarded-For", [])
        network = prefix(client_address(request.remote, forwarded, self._proxies))
        return hmac.digest(self._key, network.encode(), "sha256").hex()

    def check(self, request: web.Request, name: str) -> None:
        """Count one use of `name`. Raises Limited(TOO_OFTEN) with the seconds until it is worth trying again."""
        who = self.who(request)
        for rate in self._rates[name]:
            if not self._limiter.hit(rate, name, who):
                reset = self._limiter.get_window_stats(rate, name, who).reset_time
                raise Limited(
                    Code.TOO_OFTEN,
                    N_("That was a lot at once. Please try again in a little while."),
                    retry_after=max(1, int(reset - time.time()) + 1),
                )


LIMITS: web.AppKey[Limits] = web.AppKey("limits", Limits)


def limit(request: web.Request, name: str) -> None:
    """Count one use of `name` by this visitor's network. Raises Limited(TOO_OFTEN)."""
    request.app[LIMITS].check(request, name)
