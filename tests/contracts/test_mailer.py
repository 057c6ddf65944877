"""The Mailer port, held against a real SMTP server: plain, with TLS, with a password, refusing, and down."""

from __future__ import annotations

import re
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from headwaters.adapters.mail.smtp import SmtpMailer
from headwaters.config import Smtp
from headwaters.core.errors import Code, Refused, Unavailable
from headwaters.ports import Mail, Mailer
from tests.support.addresses import free_port
from tests.support.mail import PostOffice
from tests.support.needs import need

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # aiosmtpd's

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
LONG_URL = "https://shop.example/mail/refuse/" + "Zm9v" * 60
LETTER = Mail(
    to="bob@example.org",
    subject="High Water: your page",
    text="Hello Bob,\n\nFrom the river: grüße, 水, 🛶.\n.\nFrom here on: " + "a very long line " * 80 + "\n",
    message_id="0123abcd@shop.example",
    refuse_url=LONG_URL,
)


class SafeOffice(PostOffice):
    """A post office behind TLS: from the first byte, or after STARTTLS."""

    def __init__(self, certificate: Path, *, at_once: bool, login: tuple[str, str] | None = None) -> None:
        super().__init__(login)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._at_once = at_once

    def up(self) -> None:
        login = {"auth_required": True, "authenticator": self._check_login} if self._login else {}
        if self._at_once:  # aiosmtpd does not see that its outer socket is TLS already
            how = {"ssl_context": self._context, "auth_require_tls": False}
        else:
            how = {"tls_context": self._context, "require_starttls": True}
        self._controller = Controller(self, hostname=self.host, port=self.port, **how, **login)
        self._controller.start()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-made certificate and its key in one file, for 127.0.0.1."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    arguments += ["-subj", "/CN=mail"]
    arguments += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", str(path) + ".crt"]
    subprocess.run([need("openssl"), *arguments], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(str(path) + ".crt").read_text())
    return path


Opener = Callable[..., tuple[PostOffice, SmtpMailer]]


@pytest.fixture
def opened(certificate: Path) -> Iterator[Opener]:
    """Opens a post office of a kind, and a mailer that knows the way there."""
    offices: list[PostOffice] = []

    def open_office(
        security: str, *, login: tuple[str, str] | None = None, trusted: bool = True, **server: str
    ) -> tuple[PostOffice, SmtpMailer]:
        office = PostOffice(login)
        if security != "none":
            office = SafeOffice(certificate, at_once=security == "tls", login=login)
        offices.append(office)
        office.up()
        user, password = login or ("", "")
        known = {
            "host": office.host,
            "sender": "Mara Lindqvist <mara@shop.example>",
            "user": user,
            "password": password,
        }
        tls = ssl.create_default_context(cafile=str(certificate) if trusted else None)
        smtp = Smtp(port=office.port, security=security, **{**known, **server})
        return office, SmtpMailer(smtp, clock=lambda: NOW, tls=tls)

    yield open_office
    for office in offices:
        office.down()


def sent_by(office: PostOffice) -> EmailMessage:
    assert office.recipients == ["bob@example.org"]
    return office.mails[0]


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
@pytest.mark.parametrize("login", [None, ("mara", "a rather long secret")])
async def test_a_mail_arrives_whole_with_its_headers(
    opened: Opener, security: str, login: tuple[str, str] | None
) -> None:
    office, mailer = opened(security, login=login)
    port: Mailer = mailer

    await port.check()
    await port.send(LETTER)

    mail = sent_by(office)
    assert mail["From"] == "Mara Lindqvist <mara@shop.example>"
    assert mail["To"] == "bob@example.org"
    assert mail["Subject"] == "High Water: your page"
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"] == "<0123abcd@shop.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == f"<{LONG_URL}>"
    assert f"\r\nList-Unsubscribe: <{LONG_URL}>\r\n".encode() in office.raw[0]  # the parser would undo encoded words
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == LETTER.text


async def test_without_https_there_is_a_link_to_refuse_but_no_one_click(opened: Opener) -> None:
    office, mailer = opened("none")
    await mailer.send(
        Mail(LETTER.to, "Hello", "Hello", "1@shop.example", refuse_url="http://127.0.0.1:8000/mail/refuse/x")
    )
    mail = sent_by(office)
    assert mail["List-Unsubscribe"] == "<http://127.0.0.1:8000/mail/refuse/x>"
    assert mail["List-Unsubscribe-Post"] is None


async def test_a_subject_in_any_script_arrives_as_one_line(opened: Opener) -> None:
    office, mailer = opened("none")
    subject = "Über den Fluss\r\nBcc: all@example.org\x00 " + "水" * 300
    await mailer.send(Mail(LETTER.to, subject, "Hello", "1@shop.example"))
    mail = sent_by(office)
    assert mail["Subject"] == "Über den Fluss Bcc: all@example.org " + "水" * 163 + "…"
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Alice's films", b'"Alice\'s films" <shop@shop.example>'),
        ('Say "hi", \\ Bob; <x@y.org>', rb'"Say \"hi\", \\ Bob; <x@y.org>" <shop@shop.example>'),
        ("Alice\r\nBcc: all@example.org", b'"Alice Bcc: all@example.org" <shop@shop.example>'),
        ("x" * 120, b'"' + b"x" * 120 + b'" <shop@shop.example>'),
        ('Flüsse, "und" 🛶', None),
        ("水" * 119 + "\N{WOMAN}", None),
        ("", b"shop@shop.example"),
    ],
)
async def test_the_shop_s_name_stands_beside_its_address(opened: Opener, name: str, header: bytes | None) -> None:
    office, mailer = opened("none", sender="shop@shop.example")
    await mailer.send(replace(LETTER, sender_name=name))
    found = re.search(rb"^From: (.*(?:\r\n .*)*)\r\n", office.raw[0], re.MULTILINE)
    assert found is not None
    assert header in {None, found[1]}
    assert office.raw[0].isascii()
    words, _, address = found[1].decode().rpartition(" ")
    if header is None:
        assert str(make_header(decode_header(words))) == name
        assert all(len(line) <= 76 for line in found[0].decode().splitlines())
    mail = sent_by(office)
    assert [one.addr_spec for one in mail["From"].addresses] == [address.strip("<>")] == ["shop@shop.example"]
    assert (mail["Bcc"], mail["Subject"]) == (None, LETTER.subject)


async def test_a_name_in_the_configuration_goes_before_the_shop_s(opened: Opener) -> None:
    office, mailer = opened("none")
    await mailer.send(replace(LETTER, sender_name="Alice's films"))
    assert sent_by(office)["From"] == "Mara Lindqvist <mara@shop.example>"


@pytest.mark.parametrize(
    "address",
    [
        "bob@example.org\r\nBcc: charlie@example.org",
        "bob@example.org, charlie@example.org",
        "Bob <bob@example.org>",
        "bob@example.org> SIZE=1",
        "",
    ],
)
async def test_an_address_that_says_more_than_an_address_is_refused_before_anything_is_sent(
    opened: Opener, address: str
) -> None:
    office, mailer = opened("none")
    with pytest.raises(Refused) as refused:
        await mailer.send(Mail(address, "Hello", "Hello", "1@shop.example"))
    assert refused.value.code == Code.EMAIL_INVALID
    assert office.mails == []


@pytest.mark.parametrize(
    ("message_id", "url"),
    [
        ("1@shop.example>\r\nBcc: charlie@example.org", None),
        ("1@shop.example", "https://shop.example/>\r\nX: y"),
        ("1@shop.example", "mailto:charlie@example.org"),
    ],
)
async def test_a_header_that_says_more_than_it_should_is_refused(
    opened: Opener, message_id: str, url: str | None
) -> None:
    office, mailer = opened("none")
    with pytest.raises(Refused) as refused:
        await mailer.send(Mail(LETTER.to, "Hello", "Hello", message_id, url))
    assert refused.value.code == Code.MAIL_REFUSED
    assert office.mails == []


@pytest.mark.parametrize("reply", ["550 5.1.1 No such reader bob@example.org", "553 Not here"])
async def test_a_reader_refused_for_good_is_not_tried_again_and_the_address_is_not_repeated(
    opened: Opener, reply: str
) -> None:
    office, mailer = opened("none")
    office.refusals["bob@example.org"] = reply
    with pytest.raises(Refused) as refused:
        await mailer.send(LETTER)
    assert refused.value.code == Code.MAIL_REFUSED
    assert "bob" not in str(refused.value)
    assert office.mails == []


async def test_a_refusal_for_now_is_tried_again(opened: Opener) -> None:
    office, mailer = opened("none")
    office.refusals["*"] = "451 4.7.1 Greylisted, come back later"
    with pytest.raises(Unavailable) as down:
        await mailer.send(LETTER)
    assert down.value.code == Code.MAIL_DOWN
    assert "451 4.7.1" in str(down.value)


async def test_a_server_that_is_down_is_tried_again(opened: Opener) -> None:
    office, mailer = opened("none")
    office.down()
    for attempt in (mailer.send(LETTER), mailer.check()):
        with pytest.raises(Unavailable) as down:
            await attempt
        assert down.value.code == Code.MAIL_DOWN
    office.up()
    await mailer.send(LETTER)
    assert sent_by(office)["Subject"] == "High Water: your page"


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_does_not_hold_gets_no_mail(opened: Opener, security: str) -> None:
    office, mailer = opened(security, trusted=False)
    with pytest.raises(Unavailable) as down:
        await mailer.send(LETTER)
    assert "certificate" in str(down.value)
    assert office.mails == []


async def test_a_server_without_starttls_gets_neither_mail_nor_password(opened: Opener) -> None:
    office, _ = opened("none", login=("mara", "secret"))
    mailer = SmtpMailer(Smtp(office.host, "mara@shop.example", office.port, "mara", "secret", "starttls"))
    with pytest.raises(Unavailable) as down:
        await mailer.send(LETTER)
    assert down.value.code == Code.MAIL_DOWN
    assert office.mails == []


async def test_a_wrong_password_is_the_shop_s_fault_and_is_tried_again(opened: Opener) -> None:
    office, mailer = opened("starttls", login=("mara", "right"), password="wrong")
    for attempt in (mailer.send(LETTER), mailer.check()):
        with pytest.raises(Unavailable) as down:
            await attempt
        assert "535" in str(down.value)
    assert office.mails == []


async def test_without_tls_only_this_machine_is_spoken_to() -> None:
    """A name that leads to the machine's own address, not to loopback, is refused: the check is on the connection."""
    server = Smtp("203.0.113.9", "mara@shop.example", free_port(), security="none")
    mailer = SmtpMailer(server)

    class Elsewhere:
        def getpeername(self) -> tuple[str, int]:
            return "203.0.113.9", 25

    class Connection:
        sock = Elsewhere()

    with pytest.raises(Unavailable, match="without TLS"):
        mailer._prepare(Connection())  # type: ignore[arg-type]


@pytest.mark.parametrize("sender", ["Mara", "", "mara@shop", "mara@shop.example, all@example.org"])
def test_a_sender_that_is_no_address_is_a_broken_configuration(sender: str) -> None:
    with pytest.raises(Refused) as refused:
        SmtpMailer(Smtp("127.0.0.1", sender))
    assert (refused.value.code, refused.value.field) == (Code.CONFIG_BROKEN, "smtp_sender")
