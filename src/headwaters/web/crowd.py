"""Who is in when no more may come in, and who makes room: first whoever is not being served, then whoever has many
connections while others have none.

Addresses are looked at when it is full and at no other time. They are counted in memory for a second, and neither
logged nor kept.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Container, Iterable, Mapping, Sequence
from socket import AF_INET, inet_ntop

from aiohttp import web

from headwaters.web.limits import address_bytes, client_address, is_trusted

A_FEW = 16  # connections that nobody is asked to give up: two browsers' at once, or those of one download manager

Client = str | bytes  # an IPv4 address, or the /64 of an IPv6 one: the least that one line is given
Forwarded = Mapping[web.RequestHandler, Sequence[str]]
UNKNOWN: Client = ""  # behind one of our proxies, with nothing asked


class Clients:
    """Tells clients apart. For a moment: it remembers each address that it was asked for."""

    def __init__(self, proxies: Sequence[str]) -> None:
        self._proxies = tuple(proxies)
        self._known: dict[str, bool] = {}

    def of(self, peer: str, forwarded: Sequence[str] = ()) -> Client:
        """Whose connection it is: the peer's; from one of our proxies, whom it says that it asks for."""
        if not self._is_ours(peer):
            return _client(peer)
        return _client(client_address(peer, forwarded, self._proxies)) if forwarded else UNKNOWN

    def _is_ours(self, peer: str) -> bool:
        if not self._proxies:
            return False
        known = self._known.get(peer)
        if known is None:
            known = self._known[peer] = is_trusted(peer, self._proxies)
        return known


def _client(address: str) -> Client:
    if ":" not in address:
        return address
    packed = address_bytes(address)
    return packed[:8] if len(packed) == 16 else inet_ntop(AF_INET, packed) if packed else address


def served(handler: web.RequestHandler) -> bool:
    """Whether a request is being answered on this connection. aiohttp has no public word for it; a test holds it."""
    return handler._request_in_progress


class Crowd:
    """Who was in a moment ago, the longest first."""

    def __init__(
        self,
        handlers: Iterable[web.RequestHandler],
        silent: Container[object],
        clients: Clients,
        told: Forwarded,
    ) -> None:
        """`silent`: who has asked nothing yet. `told`: what proxies said of the last request on each connection."""
        self._clients = clients
        inside = [handler for handler in handlers if handler.transport is not None]
        self._idle = deque(handler for handler in inside if not served(handler) and handler not in silent)
        whose = [clients.of(_peer(handler), told.get(handler, ()) if served(handler) else ()) for handler in inside]
        self._counts = Counter(whose)
        del self._counts[UNKNOWN]
        self._many = {who: deque[web.RequestHandler]() for who, count in self._counts.items() if count > A_FEW}
        if self._many:
            for handler, who in zip(inside, whose, strict=True):
                if who in self._many:
                    self._many[who].append(handler)

    def come_in(self, peer: str) -> Client:
        """One more connection; whose."""
        client = self._clients.of(peer)
        if client != UNKNOWN:
            self._counts[client] += 1
        return client

    def next_idle(self) -> web.RequestHandler | None:
        """Who asked something once and now asks nothing."""
        while self._idle:
            handler = self._idle.popleft()
            if handler.transport is not None and not served(handler):
                return handler
        return None

    def next_of_many(self, client: Client) -> web.RequestHandler | None:
        """The longest of whoever has most, if that is twice as many as `client` has and more than a few. Else the
        longest of `client`'s own, where these are more than a few: then they change places."""
        most = max(self._many, key=self._counts.__getitem__, default=client)
        whose = most if self._counts[most] >= 2 * self._counts[client] else client
        theirs = self._many.get(whose)
        while theirs and self._counts[whose] > A_FEW:
            handler = theirs.popleft()
            self._counts[whose] -= 1
            if handler.transport is not None:
                return handler
        self._many.pop(whose, None)
        return None


def _peer(handler: web.RequestHandler) -> str:
    peer = handler.peername
    return peer[0] if isinstance(peer, tuple) else ""
