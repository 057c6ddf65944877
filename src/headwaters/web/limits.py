"""How often one place may do what costs: kept in memory, by address prefix, never written down.

The prefix is hashed under a key that lives as long as the process, so that not even a memory dump reads as a list
of visitors. IPv4 counts by /24, IPv6 by /56 (what one household is commonly given, RFC 6177).
"""

from __future__ import annotations

import hashlib
import math
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_network

from aiohttp import web

from headwaters.core.errors import N_, Code, Limited
from headwaters.core.rates import HOUR, MINUTE, Counts, Rate

RATES: Mapping[str, Sequence[Rate]] = {
    "take": (Rate(90, MINUTE), Rate(1000, HOUR)),  # a lecture hall behind one address is no flood
    "pay": (Rate(20, MINUTE),),
    "letter": (Rate(6, MINUTE), Rate(40, HOUR)),
    "mail": (Rate(40, HOUR),),
    "country": (Rate(20, MINUTE),),
    "report": (Rate(5, 10 * MINUTE),),
    "sign_in": (Rate(10, 10 * MINUTE),),
    "account": (Rate(20, 10 * MINUTE), Rate(100, 24 * HOUR)),  # passwords tried on one name, from wherever
    "password": (Rate(10, 10 * MINUTE),),  # guesses at the password of now, by whoever is signed in
    "passkey": (Rate(30, 10 * MINUTE),),
    "address": (Rate(10, MINUTE),),
    "practice": (Rate(60, MINUTE),),
    "refuse": (Rate(20, MINUTE),),
    "lost": (Rate(6, 10 * MINUTE), Rate(30, 24 * HOUR)),  # links asked for, by network
    "lost address": (Rate(3, 15 * MINUTE), Rate(8, 24 * HOUR)),  # the same, by mailbox, from wherever
    "lost all": (Rate(600, HOUR),),  # and in all
    "lost link": (Rate(20, 10 * MINUTE),),  # links opened, by network
    "slip": (Rate(6, 10 * MINUTE), Rate(20, 24 * HOUR)),  # payments guessed at, by network
    "slip reference": (Rate(4, 10 * MINUTE), Rate(10, 24 * HOUR)),  # by reference, from wherever
    "slip all": (Rate(600, HOUR),),  # and in all: docs/decisions/lost.md counts with it
}

_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, an IPv4 address as an IPv6 one (RFC 4291)


def address_bytes(address: str) -> bytes:
    """The 4 or 16 bytes of an address; none for what is no address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        packed = socket.inet_pton(family, address.partition("%")[0])
    except (OSError, ValueError):
        return b""
    return packed.removeprefix(_MAPPED)


@lru_cache(maxsize=8)
def _networks(proxies: Sequence[str]) -> tuple[tuple[int, int, int], ...]:
    """(bytes of an address, first address, mask) of each."""
    networks = [ip_network(proxy, strict=False) for proxy in proxies]
    return tuple((one.max_prefixlen // 8, int(one.network_address), int(one.netmask)) for one in networks)


def is_trusted(address: str, proxies: Sequence[str]) -> bool:
    """Whether `address` is one of our own proxies'."""
    packed = address_bytes(address)
    number = int.from_bytes(packed)
    return any(len(packed) == size and number & mask == first for size, first, mask in _networks(tuple(proxies)))


def client_address(remote: str | None, forwarded: Sequence[str], proxies: Sequence[str]) -> str:
    """Whom we speak with: the peer, or what trusted proxies say of it, read from the nearest one outwards."""
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    address = remote or ""
    while hops and is_trusted(address, proxies):
        address = hops.pop()
    return address


def prefix(address: str) -> bytes:
    """The network that `address` counts with, its first bytes; an unreadable one counts with all the others."""
    packed = address_bytes(address)
    return packed[:3] if len(packed) == 4 else packed[:7]


class Limits:
    """The counters of one process, for its event loop only."""

    def __init__(self, proxies: Sequence[str], rates: Mapping[str, Sequence[Rate]] = RATES) -> None:
        self._proxies = tuple(proxies)
        self._key = secrets.token_bytes(32)
        self._counts = {name: tuple(map(Counts, several)) for name, several in rates.items()}

    def who(self, request: web.Request) -> bytes:
        """A name for the visitor's network that tells nothing and lasts as long as the process."""
        forwarded = request.headers.getall("X-Forwarded-For", [])
        network = prefix(client_address(request.remote, forwarded, self._proxies))
        return hashlib.blake2b(network, key=self._key, digest_size=16).digest()  # a third of an HMAC's time

    def check(self, request: web.Request, name: str) -> None:
        """Count one use of `name`. Raises Limited(TOO_OFTEN) with the seconds until it is worth trying again."""
        self._count(self.who(request), name)

    def check_name(self, whose: str, name: str) -> None:
        """The same, counted by `whose` instead of by where it comes from; `whose` is as untold as a network is."""
        text = whose.encode("utf-8", "surrogatepass")
        self._count(hashlib.blake2b(b"name:" + text, key=self._key, digest_size=16).digest(), name)

    def _count(self, who: bytes, name: str) -> None:
        now = time.monotonic()
        wait = max(counts.wait(who, now) for counts in self._counts[name])
        if wait > 0:
            raise too_often(math.ceil(wait))
        for counts in self._counts[name]:
            counts.count(who, now)


def too_often(seconds: int) -> Limited:
    """What is said when something was done too often, with the time when it is worth trying again."""
    minutes, hours = math.ceil(seconds / 60), math.ceil(seconds / 3600)
    if minutes <= 1:
        return Limited(Code.TOO_OFTEN, N_("That was a lot at once. Please try again in a minute."), retry_after=seconds)
    if minutes <= 100:
        message = N_("That was a lot at once. Please try again in %(minutes)d minutes.")
        return Limited(Code.TOO_OFTEN, message, retry_after=seconds, minutes=minutes)
    message = N_("That was a lot at once. Please try again in %(hours)d hours.")
    return Limited(Code.TOO_OFTEN, message, retry_after=seconds, hours=hours)


LIMITS: web.AppKey[Limits] = web.AppKey("limits", Limits)


def limit(request: web.Request, name: str) -> None:
    """Count one use of `name` by this visitor's network. Raises Limited(TOO_OFTEN)."""
    request.app[LIMITS].check(request, name)


def limit_name(request: web.Request, name: str, whose: str) -> None:
    """Count one use of `name` for `whose`, wherever it comes from. Raises Limited(TOO_OFTEN)."""
    request.app[LIMITS].check_name(whose, name)
