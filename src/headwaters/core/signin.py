"""Rules of signing in to the Studio: one-time links, sessions, passwords.

Secrets are 130 random bits; only their SHA-256 is kept. Passwords are kept as scrypt (RFC 7914) with a salt of
their own. Lengths and times follow OWASP ASVS 5.0 (6.2, 6.5.5, 7.3) and NIST SP 800-63B.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from headwaters.core.errors import N_, Code, Refused

LINK_LIVES = timedelta(minutes=10)
INVITATION_LIVES = timedelta(days=3)  # a link that one person passes on to another
SESSION_LIVES = timedelta(days=30)
SESSION_FRESH = timedelta(minutes=15)  # after signing in: who may set a new password without the old one
FORM_FRESH = timedelta(minutes=30)  # the same for a form that was opened while the session was fresh
CLOCKS_DIFFER = timedelta(minutes=1)  # among the processes of a shop; what was made later than that is of a wrong clock
SALT_BYTES = 16
SHORTEST_PASSWORD = 12  # characters
LONGEST_PASSWORD = 256  # characters; so that nobody makes us hash megabytes


class Way(StrEnum):
    """How somebody signed in."""

    LINK = "link"
    PASSWORD = "password"  # noqa: S105  (a way, not a password)
    PASSKEY = "passkey"


def is_young(made_at: datetime, now: datetime, lives: timedelta) -> bool:
    """Whether what was made then still counts. What was made in the future was made by a clock that was wrong, and
    would live for too long once it is set right: it does not count."""
    return -CLOCKS_DIFFER <= now - made_at < lives


def hour_of(moment: datetime) -> datetime:
    """The hour of a visit; nobody has to know the minute."""
    return moment.replace(minute=0, second=0, microsecond=0)


def secret_digest(secret: str) -> str:
    """What is kept of a link's or a cookie's secret: its SHA-256, hexadecimal. The secret is long and random."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def form_token(session_secret: str) -> str:
    """The token of a session's forms: from the cookie's secret, which another site cannot read."""
    mac = hmac.digest(session_secret.encode("utf-8", "surrogatepass"), b"headwaters: forms of the studio", "sha256")
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def same_secret(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


# ── scrypt ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Scrypt:
    """N = 2^15, r = 8, p = 3: 32 MiB and about a quarter of a second (OWASP Password Storage Cheat Sheet)."""

    log_n: int = 15
    r: int = 8
    p: int = 3

    def hash(self, password: str, salt: bytes) -> bytes:
        """32 bytes. Slow on purpose: call it in a thread, outside any transaction."""
        return hashlib.scrypt(
            _normal(password).encode("utf-8", "surrogatepass"),
            salt=salt,
            n=1 << self.log_n,
            r=self.r,
            p=self.p,
            maxmem=(128 * self.r << self.log_n) + (1 << 22),
            dklen=32,
        )


STANDARD = Scrypt()


def _normal(password: str) -> str:
    """The same password from every keyboard (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def keep_password(password: str, salt: bytes, scrypt: Scrypt = STANDARD) -> str:
    """What is kept of a password: `scrypt$15$8$3$<salt>$<hash>`, Base64."""
    parts = (base64.b64encode(part).decode() for part in (salt, scrypt.hash(password, salt)))
    return "$".join(("scrypt", str(scrypt.log_n), str(scrypt.r), str(scrypt.p), *parts))


def password_matches(kept: str | None, password: str) -> bool:
    """Whether `password` is the one that was kept; takes as long when there is none or it cannot be read."""
    try:
        name, log_n, r, p, salt, digest = (kept or "").split("$")
        scrypt = Scrypt(int(log_n), int(r), int(p))
        known_salt, known = base64.b64decode(salt, validate=True), base64.b64decode(digest, validate=True)
    except (ValueError, binascii.Error):
        name, scrypt, known_salt, known = "", STANDARD, bytes(SALT_BYTES), b""
    if len(password) > LONGEST_PASSWORD:
        password, name = "", ""
    return hmac.compare_digest(scrypt.hash(password, known_salt), known) and name == "scrypt"


# ── how good a password is ───────────────────────────────────────────────────────────────────────


class Strength(StrEnum):
    """In words, for whoever chose it."""

    WEAK = "weak"
    FAIR = "fair"
    GOOD = "good"
    STRONG = "strong"


STRENGTH_WORDS = {
    Strength.WEAK: N_("Easy to guess."),
    Strength.FAIR: N_("Fair: it holds against guessing at the door. A longer one is better."),
    Strength.GOOD: N_("Good: hard to guess."),
    Strength.STRONG: N_("Strong: nobody will guess this one."),
}

# What people choose when a password has to be long: these words and rows of keys, bare or with digits around them.
_WORDS = """
    password passwort motdepasse contraseña parola pass word letmein welcome willkommen bienvenue bonjour admin
    administrator root user login master secret geheim monkey dragon football baseball soccer basketball superman
    batman pokemon iloveyou ichliebedich jetaime princess sunshine shadow michael jennifer jordan charlie daniel thomas
    ashley trustno freedom starwars hello hallo qwerty qwertz azerty qazwsx correct horse battery staple changeme
    default test testing guest google facebook computer internet samsung summer sommer winter spring autumn january
    february december monday studio creator headwaters this mine name love
"""
_COMMON = frozenset(_WORDS.split())
_ROWS: tuple[str, ...] = (
    *("0123456789", "9876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "azertyuiop"),
    *(
        "asdfghjkl",
        "yxcvbnm",
        "zxcvbnm",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
        "1q2w3e4r5t6z7u8i9o0p",
        "1q2w3e4r5t6y7u8i9o0p",
    ),
)
_LEET = str.maketrans("013457@$!|+", "oieastasilt")
_NAMES = re.compile(r"[^\W\d_]{3,}")
_REPEATED = re.compile(r"(.+?)\1+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_SHORTEST_RUN = 4


def _run_length(text: str, at: int, row: str) -> int:
    start = row.find(text[at])
    length = 0
    while start >= 0 and at + length < len(text) and row[start + length : start + length + 1] == text[at + length]:
        length += 1
    return length


def _without_rows(text: str) -> str:
    """`text` without runs of neighbours on a keyboard, in the alphabet or among the digits."""
    kept, at = [], 0
    while at < len(text):
        run = max(_run_length(text, at, row) for row in _ROWS)
        if run < _SHORTEST_RUN:
            kept.append(text[at])
        at += run if run >= _SHORTEST_RUN else 1
    return "".join(kept)


def _without_words(text: str, words: Iterable[str]) -> str:
    """`text` without the words, also where digits and signs stand for letters; the longest word goes first."""
    for word in sorted(words, key=len, reverse=True):
        while (at := text.translate(_LEET).find(word)) >= 0:
            text = text[:at] + " " + text[at + len(word) :]
    return text


def _tried_first(known: Iterable[str]) -> frozenset[str]:
    """Common words, and the words of `known` names."""
    return _COMMON | {word.lower() for name in known for word in _NAMES.findall(name)}


def common_words(password: str, known: Iterable[str] = ()) -> tuple[str, ...]:
    """The common words and `known` names in a password, in the order in which they stand there."""
    text, found = _normal(password).lower().translate(_LEET), []
    for word in sorted(_tried_first(known), key=len, reverse=True):
        if (at := text.find(word)) >= 0:
            found.append((at, word))
            text = text.replace(word, " " * len(word))
    return tuple(word for _, word in sorted(found))


def _left_to_guess(password: str, known: Iterable[str]) -> str:
    """Lower case, without common words, `known` words, years, rows of keys and repetitions."""
    text = _YEAR.sub(" ", _without_words(_normal(password).lower(), _tried_first(known)))
    return _REPEATED.sub(r"\1", "".join(_without_rows(text).split()))


def strength(password: str, known: Iterable[str] = ()) -> Strength:
    """How hard `password` is to guess, by a cautious count of bits. `known`: names that anyone would try here."""
    left = _left_to_guess(password, known)
    kinds = any(map(str.isalpha, left)) + any(map(str.isdigit, left)) + any(not sign.isalnum() for sign in left)
    each = 2.6 + 0.8 * max(kinds - 1, 0) + (2 if any(sign >= "\u2e80" for sign in left) else 0)
    bits = min(len(left), 2 * len(set(left))) * each
    if len(_normal(password)) < SHORTEST_PASSWORD or bits < 22:
        return Strength.WEAK
    if bits < 38:
        return Strength.FAIR
    return Strength.GOOD if bits < 56 else Strength.STRONG


_HINT = N_(
    "Everybody tries these first, so they count for nothing: %(words)s. Four words that have nothing to do with each "
    "other are easy to remember and hard to guess."
)


def check_password(password: str, known: Iterable[str] = ()) -> Strength:
    """How good it is. Raises Refused(PASSWORD_WEAK), saying why, when it is not good enough to keep."""
    length, known = len(_normal(password)), tuple(known)
    hint = N_("Four words that have nothing to do with each other are easy to remember and hard to guess.")
    values: dict[str, object] = {}
    if length > LONGEST_PASSWORD:
        message, values = N_("This password is longer than %(longest)d characters."), {"longest": LONGEST_PASSWORD}
    elif length < SHORTEST_PASSWORD:
        message, values = N_("A password has %(shortest)d characters or more."), {"shortest": SHORTEST_PASSWORD}
    elif (found := strength(password, known)) is not Strength.WEAK:
        return found
    else:
        message = N_("This password is easy to guess: it is made of common words, names or rows of keys.")
        if common := common_words(password, known):
            hint, values = _HINT, {"words": ", ".join(common)}
    raise Refused(Code.PASSWORD_WEAK, message, hint=hint, field="password", **values)
