"""Mail over SMTP (RFC 5321) by the standard library, in a thread: one connection a mail, always with a time limit."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Protocol

from headwaters.adapters.mail.message import compose, read_sender
from headwaters.core.errors import N_, Code, HeadwatersError, Refused, Unavailable
from headwaters.ports import Mail

TIMEOUT = 15.0  # seconds for each step of the conversation: all of them fit into the lease of an outbox row
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}\b")  # RFC 3463


class Server(Protocol):
    """Where mail is handed over, as config.Smtp says it. `security`: starttls, tls, or none (loopback only)."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def sender(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def security(self) -> str: ...


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _down(why: str, server: Server) -> Unavailable:
    return Unavailable(
        Code.MAIL_DOWN,
        N_("The mail server %(host)s did not take the mail: %(why)s"),
        hint=N_("It is tried again by itself. “headwaters doctor” looks at the mail settings."),
        host=f"{server.host}:{server.port}",
        why=why,
    )


def _reply(code: int, text: bytes | str) -> str:
    """What a server answered, without its words: they may repeat an address, which we do not keep."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    enhanced = _ENHANCED.search(raw)
    return f"{code} {enhanced[0].decode()}" if enhanced else str(code)


def _final(code: int, text: bytes | str, server: Server) -> HeadwatersError:
    """A 5xx about this recipient or this text is for good; a 4xx may pass (RFC 5321, section 4.2.1)."""
    if 500 <= code < 600:
        return Refused(
            Code.MAIL_REFUSED,
            N_("The mail server %(host)s refused this mail for good (%(why)s)."),
            host=server.host,
            why=_reply(code, text),
        )
    return _down(_reply(code, text), server)


def _translated(error: Exception, server: Server) -> HeadwatersError:
    """Ours for the library's. A refused sender or sign-in is the shop's fault, not the mail's: it can be mended."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, text = next(iter(error.recipients.values()))
            return _final(code, text, server)
        case smtplib.SMTPDataError():
            return _final(error.smtp_code, error.smtp_error, server)
        case smtplib.SMTPResponseException():
            return _down(_reply(error.smtp_code, error.smtp_error), server)
        case ssl.SSLCertVerificationError():
            return _down(f"its certificate does not hold ({error.verify_message})", server)
        case smtplib.SMTPException():
            return _down(type(error).__name__, server)
        case _:
            return _down(getattr(error, "strerror", None) or type(error).__name__, server)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class SmtpMailer:
    """The `Mailer` of `server`. `tls` replaces the system's certificates (SSL_CERT_FILE does so, too)."""

    def __init__(
        self, server: Server, *, clock: Callable[[], datetime] = _utc_now, tls: ssl.SSLContext | None = None
    ) -> None:
        self._server = server
        self._sender = read_sender(server.sender)
        self._clock = clock
        self._tls = tls or ssl.create_default_context()

    async def send(self, mail: Mail) -> None:
        """Hand `mail` over, or raise as the port says."""
        message = compose(mail, self._sender, self._clock())
        await asyncio.to_thread(self._deliver, message)

    async def check(self) -> None:
        """Connect, secure and sign in; nothing is sent."""
        await asyncio.to_thread(self._knock)

    def _knock(self) -> None:
        with self._connected() as smtp:
            smtp.noop()

    def _deliver(self, message: EmailMessage) -> None:
        with self._connected() as smtp:
            smtp.sendmail(self._sender.addr_spec, [str(message["To"].addresses[0].addr_spec)], message.as_bytes())

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        try:
            with closing(self._connect()) as smtp:
                self._prepare(smtp)
                yield smtp
                with suppress(smtplib.SMTPException, OSError):
                    smtp.quit()  # the mail was taken before: what happens here changes nothing
        except (smtplib.SMTPException, OSError) as error:
            raise _translated(error, self._server) from error

    def _connect(self) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        name = self._sender.domain  # not this machine's own name
        if self._server.security == "tls":
            return smtplib.SMTP_SSL(host, port, local_hostname=name, timeout=TIMEOUT, context=self._tls)
        return smtplib.SMTP(host, port, local_hostname=name, timeout=TIMEOUT)

    def _prepare(self, smtp: smtplib.SMTP) -> None:
        if self._server.security == "starttls":
            smtp.starttls(context=self._tls)
        elif self._server.security == "none" and not _is_loopback(smtp.sock.getpeername()[0]):  # type: ignore[union-attr]
            raise _down(N_("without TLS we only speak to this machine itself"), self._server)
        if self._server.user:
            smtp.login(self._server.user, self._server.password)
