"""Mirrors of a work: addresses of other hosts that have its files under their names, and when one is believed."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import quote, unquote, urlsplit

from headwaters.core.address import check_address
from headwaters.core.errors import N_, Code, Refused

MOST_MIRRORS = 20  # of a work
LONGEST_ADDRESS = 500
MOST_LOOKED_AT = 40  # files of an edition that are looked at; a mirror is no stranger
AGAIN = timedelta(days=1)

_DIGEST = re.compile(r"(?:^|,)\s*sha-256\s*=\s*:([A-Za-z0-9+/]+=*):", re.IGNORECASE)


class MirrorState(StrEnum):
    """What the last look at a mirror found. Only a good one is told to readers."""

    UNCHECKED = "unchecked"
    GOOD = "good"
    BAD = "bad"


def check_mirror(text: str, own: str) -> str:
    """The address of a folder on another host, with a slash at its end. `own`: the shop's address.

    Raises Refused(ADDRESS_INVALID).
    """
    text = text.strip()
    parts = urlsplit(text) if len(text) <= LONGEST_ADDRESS and _splits(text) else None
    if parts is None or parts.query or parts.fragment or not parts.path.isprintable():
        raise _invalid(N_("It is an address such as https://mirror.example/my-film/."))
    try:
        host = check_address(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        raise _invalid(N_("It is an address such as https://mirror.example/my-film/.")) from None
    if host == own:
        raise _invalid(N_("That is this shop. A mirror is another host that has the same files."))
    path = quote(unquote(parts.path.strip("/"), errors="replace"), safe="/!$&'()*+,;=:@~")
    return f"{host}/{path}/" if path else f"{host}/"


def _splits(text: str) -> bool:
    try:
        return urlsplit(text).scheme in {"http", "https"}
    except ValueError:
        return False


def _invalid(message: str) -> Refused:
    hint = N_("A file's name is added at its end: https://mirror.example/my-film/High%20Water.mp4")
    return Refused(Code.ADDRESS_INVALID, message, hint=hint, field="address")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file as a mirror has to have it."""

    name: str
    size: int
    sha256: str


def looked_at(files: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
    """Those of many files that are looked at: spread over all of them, the first and the last among them."""
    if len(files) <= MOST_LOOKED_AT:
        return files
    last = len(files) - 1
    return tuple(files[number * last // (MOST_LOOKED_AT - 1)] for number in range(MOST_LOOKED_AT))


def fault_of(wanted: Wanted, status: int, length: str, digest: str) -> str:
    """What is wrong with what a host said of a file (a msgid with %(name)s), or nothing. `length` and `digest` are its
    headers Content-Length and Repr-Digest, empty where it sent none."""
    if 300 <= status < 400:
        return N_("It sends readers of “%(name)s” on to another address. Enter that one.")
    if status in (404, 410):
        return N_("“%(name)s” is not there.")
    if status != 200:
        return N_("It does not give “%(name)s” to everybody.")
    if length and length != str(wanted.size):
        return N_("“%(name)s” has another size there.")
    if digest and _told(digest) not in (None, wanted.sha256):
        return N_("“%(name)s” has another SHA-256 there.")
    return ""


def _told(header: str) -> str | None:
    """The SHA-256 that a Repr-Digest (RFC 9530) tells, in hexadecimal."""
    found = _DIGEST.search(header)
    if found is None:
        return None
    try:
        return base64.b64decode(found[1], validate=True).hex()
    except binascii.Error:
        return ""


def is_told(state: str, checked_at: int | None, published_at: int) -> bool:
    """Whether readers are told of a mirror: it was good when it was looked at, after the newest edition came."""
    return state == MirrorState.GOOD and checked_at is not None and checked_at >= published_at
