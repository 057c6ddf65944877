"""Rules of letters and of the mail that carries copies of them: what is kept, how long, and to whom."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum

from headwaters.core.errors import N_, Code, Refused, TooLarge

LONGEST_LETTER = 20_000  # bytes of UTF-8, as it was sent
LONGEST_TITLE = 80  # characters of a saved answer's title
LONGEST_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3, without the brackets
_LONGEST_LOCAL = 64

_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_MANY_NEWLINES = re.compile(r"\n{4,}")
_BLANK_TO_FILL = re.compile(r"\{(?:title|name)\}")
_OVERRIDES = frozenset("\u202d\u202e")  # they show text in another order than it was written
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that show nothing
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Author(StrEnum):
    """Who wrote a letter; the thread is the order's."""

    READER = "reader"
    CREATOR = "creator"


class Tray(StrEnum):
    """Which threads: open ones, of them those with something unread; put away; closed to their reader; all."""

    OPEN = "open"
    UNREAD = "unread"
    ARCHIVED = "archived"
    BLOCKED = "blocked"
    ALL = "all"


class Way(StrEnum):
    """How an answer goes out: as the reader asked (by mail where they ticked it), or to their page alone."""

    ASKED = "asked"
    PAGE = "page"


def _kept(character: str) -> bool:
    if character in "\n\t":
        return True
    if unicodedata.category(character) in {"Cc", "Cs"} or character in _OVERRIDES:
        return False
    return ord(character) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(character) <= 0xFDEF  # Unicode's noncharacters


def _visible(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] != "Z" and category not in {"Cc", "Cf", "Cs"} and character not in _BLANKS


def clean_letter(text: str) -> str:
    """The letter as it is kept: plain text, line ends as \\n, no control characters, no blank edges.

    Raises TooLarge(LETTER_TOO_LONG) by the size it was sent with, Refused(LETTER_EMPTY) when nothing can be seen.
    """
    if len(text) > LONGEST_LETTER or len(text.encode("utf-8", "surrogatepass")) > LONGEST_LETTER:
        raise TooLarge(
            Code.LETTER_TOO_LONG,
            N_("A letter can have %(limit)d KB at most. This one is longer, so it was not sent."),
            hint=N_("Send it in parts, or put the long part where the other can fetch it."),
            field="letter",
            limit=LONGEST_LETTER // 1000,
        )
    plain = "".join(filter(_kept, _NEWLINES.sub("\n", text)))
    plain = _MANY_NEWLINES.sub("\n\n\n", "\n".join(line.rstrip() for line in plain.split("\n"))).strip()
    if not any(map(_visible, plain)):
        raise Refused(
            Code.LETTER_EMPTY, N_("There is nothing in this letter yet."), hint=N_("Write a few words."), field="letter"
        )
    return plain


def clean_title(text: str) -> str:
    """The title of a saved answer: one line. Raises Refused(SAVED_TITLE)."""
    title = one_line(text, LONGEST_TITLE + 1)
    if not any(map(_visible, title)):
        raise Refused(Code.SAVED_TITLE, N_("Give it a title to find it by."), field="title")
    if len(title) > LONGEST_TITLE:
        raise Refused(
            Code.SAVED_TITLE, N_("A title has %(limit)d characters at most."), field="title", limit=LONGEST_TITLE
        )
    return title


def fill_saved(text: str, title: str, name: str) -> str:
    """A saved answer with {title} and {name} filled; other braces stay as they are, also those in what is filled in."""
    values = {"{title}": title, "{name}": name}
    return _BLANK_TO_FILL.sub(lambda found: values[found[0]], text)


def one_line(text: str, longest: int = 200) -> str:
    """`text` fit for a subject or a name: one line, no control characters, cut at `longest` characters."""
    line = "".join(filter(_kept, " ".join(text.split())))
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _domain(text: str) -> str | None:
    try:
        domain = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = domain.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        return None
    return domain


def clean_address(text: str) -> str | None:
    """An e-mail address fit for SMTP and a header, its domain in ASCII and lower case; None for an empty text.

    Only the plain form of RFC 5321 (dot-atom, domain name): no quotes, comments, names or literals, so that
    nothing in it can start another header or another recipient. Raises Refused(EMAIL_INVALID).
    """
    text = text.strip(" \t\r\n")
    if not text:
        return None
    local, _, host = text.rpartition("@")
    domain = _domain(host) if len(text) <= LONGEST_ADDRESS else None
    if domain is None or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        raise Refused(
            Code.EMAIL_INVALID,
            N_("This is not an e-mail address that we can write to."),
            hint=N_("It looks like name@example.org. You can also leave it empty."),
            field="email",
        )
    return f"{local}@{domain}"


def same_mailbox(address: str) -> str:
    """One text for the spellings that reach the same person: case and what follows a + are left out."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def mailbox_mark(address: str) -> str:
    """What stands for a mailbox in the key of an outbox row: enough to see that it is the same one again."""
    return hashlib.sha256(same_mailbox(address).encode()).hexdigest()[:32]


def mail_key(shop_key: bytes) -> bytes:
    """The key under which addresses are remembered, derived from the shop's."""
    return hmac.digest(shop_key, b"headwaters: addresses of mail", "sha256")


def address_digest(key: bytes, address: str) -> str:
    """An address that can be recognised (with `mail_key`) and not read: 64 hexadecimal digits."""
    return hmac.new(key, same_mailbox(address).encode(), hashlib.sha256).hexdigest()


def mail_day(now: datetime) -> str:
    """The day that the limit on mail counts by, in UTC."""
    return now.astimezone(UTC).date().isoformat()
