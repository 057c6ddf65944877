"""A `Mail` as the message that goes over the wire (RFC 5322): plain text and the headers of polite mail."""

from __future__ import annotations

import re
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, getaddresses, parseaddr
from typing import Any

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.letters import clean_address, one_line
from headwaters.ports import Mail

_MESSAGE_ID = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_SPECIAL, _ESCAPED = re.compile(r'(["\\])'), r"\\\1"
LONGEST_NAME = 120  # characters of the sender's
_URL = re.compile(r"https?://[!-;=?-~]{,900}")  # printable ASCII without < and >; a line has 998 at most


class _Policy(EmailPolicy):
    """As the library folds, but for two headers. List-Unsubscribe: a longer one would become encoded words, which no
    mail program reads as an address (RFC 2047, 5; RFC 2369). From: a long name loses its quotes there."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name == "List-Unsubscribe":
            return f"{name}: {value}{self.linesep}".encode("ascii")
        if name == "From":
            return f"{name}: {_mailbox(value.addresses[0], self.linesep)}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


def _mailbox(sender: Address, linesep: str) -> str:
    """A name and an address (RFC 5322, 3.4): the name in quotes, or in encoded words of 75 characters at most a line
    (RFC 2047, 5), which may not stand in quotes."""
    name = sender.display_name
    if not name:
        return sender.addr_spec
    if name.isascii():
        return f"{_quoted(name)} <{sender.addr_spec}>"
    words = Header(name, "utf-8", maxlinelen=75, header_name="From").encode(linesep=linesep)
    return f"{words}{linesep} <{sender.addr_spec}>"


def _quoted(name: str) -> str:
    return f'"{_SPECIAL.sub(_ESCAPED, name)}"'


def read_sender(sender: str) -> Address:
    """`Name <name@example.org>`, or the address alone. Raises Refused(CONFIG_BROKEN)."""
    name, address = parseaddr(sender) if len(getaddresses([sender])) == 1 else ("", "")
    try:
        return Address(display_name=one_line(name), addr_spec=_address(address))
    except Refused as wrong:
        message = N_("smtp_sender: “%(sender)s” is not an e-mail address that mail can come from.")
        raise Refused(Code.CONFIG_BROKEN, message, field="smtp_sender", sender=sender) from wrong


def _address(text: str) -> str:
    address = clean_address(text)
    if address is None:
        raise Refused(Code.EMAIL_INVALID, N_("Mail needs an address."))
    return address


def _checked(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise Refused(Code.MAIL_REFUSED, N_("A header of this mail is not what it should be."))
    return text


def compose(mail: Mail, sender: Address, now: datetime) -> EmailMessage:
    """The whole message. Raises Refused(EMAIL_INVALID, MAIL_REFUSED) for what does not fit in a header.

    Quoted-printable keeps long lines, umlauts and lines that begin with "From " whole through any server.
    Auto-Submitted (RFC 3834) keeps holiday answers away; List-Unsubscribe with its Post (RFC 8058) needs https.
    """
    message = EmailMessage(policy=_Policy(linesep="\r\n"))
    name = sender.display_name or one_line(mail.sender_name, LONGEST_NAME)
    message["From"] = Address(display_name=name, addr_spec=sender.addr_spec)
    message["To"] = Address(addr_spec=_address(mail.to))
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{_checked(_MESSAGE_ID, mail.message_id)}>"
    message["Auto-Submitted"] = "auto-generated"
    if mail.refuse_url:
        message["List-Unsubscribe"] = f"<{_checked(_URL, mail.refuse_url)}>"
        if mail.refuse_url.startswith("https://"):
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
    return message
