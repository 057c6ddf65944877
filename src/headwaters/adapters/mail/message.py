"""A `Mail` as the message that goes over the wire (RFC 5322): plain text and the headers of polite mail."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, getaddresses, parseaddr

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.letters import clean_address, one_line
from headwaters.ports import Mail

_MESSAGE_ID = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_URL = re.compile(r"https?://[!-;=?-~]{,900}")  # printable ASCII without < and >; a line has 998 at most


class _Policy(EmailPolicy):
    """As the library folds, but for List-Unsubscribe: a longer one would become encoded words, which no mail program
    reads as an address (RFC 2047, 5; RFC 2369)."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == "List-Unsubscribe":
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


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
    message["From"] = sender
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
