"""A real SMTP server on loopback that keeps what it gets, refuses whom it is told to, and can be down."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.addresses import free_port

ACCEPTED = "250 OK"


class PostOffice:
    """`mails` as they came, and `raw` their bytes. `refusals` maps a recipient (or "*") to the reply it gets, such as
    "550 No such reader" for good or "451 Later" for now. `login` demands a user and a password."""

    host = "127.0.0.1"

    def __init__(self, login: tuple[str, str] | None = None) -> None:
        self.port = free_port()
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.refusals: dict[str, str] = {}
        self._login = login
        self._controller: Controller | None = None

    def up(self) -> None:
        wants_login: dict[str, Any] = {"auth_required": True, "auth_require_tls": False} if self._login else {}
        self._controller = Controller(
            self, hostname=self.host, port=self.port, authenticator=self._check_login, **wants_login
        )
        self._controller.start()

    def down(self) -> None:
        """Stop answering: connections are refused until `up`."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    def wait_for(self, count: int, seconds: float = 10) -> list[EmailMessage]:
        """The mails, once there are `count`; fails when they do not come in time."""
        deadline = time.monotonic() + seconds
        while len(self.mails) < count:
            assert time.monotonic() < deadline, f"{len(self.mails)} mails came, not {count}"
            time.sleep(0.02)
        return list(self.mails)

    def to(self, recipient: str) -> list[EmailMessage]:
        return [mail for mail, to in zip(self.mails, self.recipients, strict=True) if to == recipient]

    # what aiosmtpd calls, by names of its own
    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self.refusals.get(address) or self.refusals.get("*")
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or ACCEPTED

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        for recipient in envelope.rcpt_tos:
            self.mails.append(mail)
            self.raw.append(envelope.content)
            self.recipients.append(recipient)
        return ACCEPTED

    def _check_login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and self._login == (data.login.decode(), data.password.decode())
        return AuthResult(success=right, handled=False)


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    """A post office that is up."""
    office = PostOffice()
    office.up()
    yield office
    office.down()
