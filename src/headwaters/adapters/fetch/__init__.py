"""The Fetcher port over HTTP: asks the open internet, and this machine only where the shop itself lives there."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from headwaters.core.address import is_public
from headwaters.core.errors import N_, Code, Refused, Unavailable
from headwaters.ports import Fetched, Head

__all__ = ["HttpFetcher"]

SECONDS = 8.0
_NO_HEAD = frozenset({400, 403, 405, 501})  # what hosts say that know no HEAD
_WANTED = {"Want-Repr-Digest": "sha-256=9"}


class _Forbidden(OSError):
    """A name that leads nowhere but into a network of somebody's own."""


class _PublicResolver(AbstractResolver):
    """Looks names up and leaves out every address that is not of the open internet. The connection goes to what came
    out of here, so that a name which answers differently the second time gains nothing."""

    def __init__(self) -> None:
        self._names = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See aiohttp."""
        found = await self._names.resolve(host, port, family)
        public = [one for one in found if is_public(one["host"])]
        if found and not public:
            raise _Forbidden(host)
        return public

    async def close(self) -> None:
        """See aiohttp."""
        await self._names.close()


class HttpFetcher:
    """See ports.Fetcher. `own`: origins of this very shop, which may live on this machine or in this house."""

    def __init__(self, own: Sequence[str] = ()) -> None:
        self._own = frozenset(own)

    async def fetch(self, url: str, most: int) -> Fetched:
        """See ports.Fetcher."""
        async with self._session(url) as session:
            return await _get(session, url, most)

    async def look(self, url: str) -> Head:
        """See ports.Fetcher."""
        async with self._session(url) as session:
            seen = await _look(session, "HEAD", url)
            return await _look(session, "GET", url) if seen.status in _NO_HEAD else seen

    @asynccontextmanager
    async def _session(self, url: str) -> AsyncIterator[aiohttp.ClientSession]:
        """For `url` alone."""
        parts = urlsplit(url)
        own = f"{parts.scheme}://{parts.netloc}" in self._own
        if parts.scheme not in {"http", "https"} or not (own or _may_be_public(parts.hostname or "")):
            raise _forbidden(url)
        resolver = ThreadedResolver() if own else _PublicResolver()
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
        try:
            async with aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Headwaters", "Accept-Encoding": "identity"},
                auto_decompress=False,  # a few packed bytes can be a great many
                trust_env=False,
            ) as session:
                yield session
        finally:
            await connector.close()


async def _get(session: aiohttp.ClientSession, url: str, most: int) -> Fetched:
    with _told(url):
        async with session.get(url, allow_redirects=False) as answer:
            body = bytearray()
            async for chunk in answer.content.iter_chunked(4096):
                body += chunk
                if len(body) >= most:
                    break
            return Fetched(answer.status, bytes(body[:most]))


async def _look(session: aiohttp.ClientSession, method: str, url: str) -> Head:
    with _told(url):
        async with session.request(method, url, allow_redirects=False, headers=_WANTED) as answer:
            answer.close()  # whatever body comes, nobody reads it
            return Head(answer.status, {name.lower(): value for name, value in answer.headers.items()})


@contextmanager
def _told(url: str) -> Iterator[None]:
    """What goes wrong, in the port's words."""
    host = urlsplit(url).hostname or ""
    try:
        yield
    except aiohttp.ClientSSLError:
        raise Unavailable(
            Code.ADDRESS_UNSAFE,
            N_("%(host)s answers over HTTPS, but its certificate is not good for this name."),
            hint=N_("Caddy fetches one by itself once the name leads to it; that takes a minute. Look into its log."),
            host=host,
        ) from None
    except aiohttp.ClientConnectorDNSError as wrong:
        raise (_forbidden(url) if isinstance(wrong.os_error, _Forbidden) else _nowhere(host)) from None
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise Unavailable(
            Code.ADDRESS_SILENT,
            N_("Nobody answers at %(url)s."),
            hint=N_("Is Caddy running, and are the ports 80 and 443 open in the firewall and the router?"),
            url=url.partition("/.")[0],
        ) from None


def _may_be_public(host: str) -> bool:
    """Names are looked at when they are looked up; numbers at once, in all the ways in which systems write them."""
    last = host.rstrip(".").rpartition(".")[2]
    is_number = ":" in host or last.isdigit() or last.startswith("0x")
    return bool(host) and (not is_number or is_public(host))


def _forbidden(url: str) -> Refused:
    return Refused(
        Code.ADDRESS_FORBIDDEN,
        N_("%(host)s leads into a network of somebody’s own, not to the open internet."),
        hint=N_("Enter the address by which the internet reaches this machine."),
        host=urlsplit(url).hostname or url,
    )


def _nowhere(host: str) -> Unavailable:
    return Unavailable(
        Code.ADDRESS_NOWHERE,
        N_("The name %(host)s is not known yet."),
        hint=N_("Enter the record below where you registered the name. It can take an hour until everybody knows it."),
        host=host,
    )
