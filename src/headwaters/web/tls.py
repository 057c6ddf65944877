"""TLS in this process, for a shop without a proxy: a certificate from files, taken up anew when they change."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from headwaters.config import Config
from headwaters.core.errors import N_, Code, Refused

log = logging.getLogger(__name__)

LOOK = 30.0  # seconds between looks at the files

_Seen = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate (its chain included) and its key, as PEM."""

    def __init__(self, chain: Path, key: Path) -> None:
        """Raises Refused(CONFIG_BROKEN) where they cannot be used."""
        self._chain, self._key, self._next = chain, key, time.monotonic() + LOOK
        try:
            self._seen = self._look()
            self._context = self._load()
        except (OSError, ValueError) as wrong:  # ssl.SSLError is an OSError
            why = wrong.strerror if isinstance(wrong, OSError) and wrong.strerror else str(wrong)
            raise Refused(
                Code.CONFIG_BROKEN,
                N_("The certificate %(chain)s cannot be used with the key %(key)s: %(why)s"),
                chain=str(chain),
                key=str(key),
                why=why,
            ) from wrong

    def now(self) -> ssl.SSLContext:
        """The context of a connection that comes now."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK
            self.renew()
        return self._context

    def renew(self) -> None:
        """Take up what changed. What cannot be used (one of two files that is not there yet, say) is not: the old one
        goes on, and the next look tries again."""
        try:
            seen = self._look()
            if seen != self._seen:
                self._context = self._load()
                self._seen = seen
        except (OSError, ValueError) as wrong:
            log.warning("A new certificate cannot be used yet; the old one is: %s", wrong)

    def _look(self) -> _Seen:
        found = (path.stat() for path in (self._chain, self._key))
        return tuple((status.st_ino, status.st_size, status.st_mtime_ns) for status in found)

    def _load(self) -> ssl.SSLContext:
        """A context of its own: one that was half changed would be of no use."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self._chain, self._key, password=_nobody)
        return context


def _nobody() -> str:
    """A key that is locked: nobody is there to be asked."""
    raise ValueError("the key is locked with a password")


def certificate_of(config: Config) -> Callable[[], ssl.SSLContext | None]:
    """What the gate asks for each connection. Raises Refused(CONFIG_BROKEN)."""
    if config.tls_certificate is None or config.tls_key is None:
        return lambda: None
    return Certificate(config.tls_certificate, config.tls_key).now
