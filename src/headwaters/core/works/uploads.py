"""Rules of uploads: files on their way to a draft, in pieces that may be sent again (tus 1.0, https://tus.io).

coming ─► checking ─► here
             └──────► refused        a refused or kept one is checked again when it gets another name

What the protocol's headers mean is said here; what is answered, in web/studio/tus.py.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from headwaters.core.errors import N_, Code, Refused, TooLarge
from headwaters.core.works.editions import Role
from headwaters.core.works.media import format_by_name
from headwaters.core.works.names import base_name, check_distinct, clean_name, is_housekeeping, shown

OPEN = "open"  # the state of a draft whose files may change
LIVES = timedelta(days=7)  # without a byte; then what is there is given up
LONGEST_LABEL = 200
LONGEST_STAMP = 64
MOST_FILES = 2_000  # of one draft, as of one work
MOST_METADATA = 16_000  # characters of an Upload-Metadata header

CHECKSUMS = ("sha256", "sha1")  # the second because tus asks for it
ROLES = (Role.WORK, Role.SAMPLE, Role.COVER)  # those that a creator can choose


class UploadState(StrEnum):
    """Where an upload is."""

    COMING = "coming"
    CHECKING = "checking"
    HERE = "here"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Announced:
    """A file that is about to be sent. `stamp` tells it from another of the same name and size: its date."""

    name: str
    size: int
    stamp: str = ""
    role: str = ""
    label: str = ""


# ── what is announced ────────────────────────────────────────────────────────────────────────────


def announce(path: str, size: int, most: int, *, stamp: str = "", role: str = "", label: str = "") -> Announced:
    """Check what can be known before the first byte.

    Raises Refused: NAME_INVALID, FILE_EMPTY, FILE_UNKNOWN_KIND; TooLarge(FILE_TOO_LARGE).
    """
    name = clean_upload_name(path)
    if size == 0:
        raise Refused(Code.FILE_EMPTY, N_("“%(name)s” is empty."), hint=N_("Is it still being written?"), name=name)
    if size > most:
        raise TooLarge(
            Code.FILE_TOO_LARGE,
            N_("“%(name)s” is larger than what this shop takes at once: %(most)s GB."),
            hint=N_("“largest_upload” in headwaters.toml says how much that is."),
            name=name,
            most=most // 1_000_000_000,
        )
    return Announced(name, size, stamp[:LONGEST_STAMP], known_role(role), clean_label(label))


def clean_upload_name(path: str) -> str:
    """The name of a sent file, of a kind that can be published. Raises Refused: NAME_INVALID, FILE_UNKNOWN_KIND."""
    name = clean_name(path.strip())
    last = base_name(name)
    if any(is_housekeeping(part) for part in path.strip().split("/")):
        raise Refused(
            Code.NAME_INVALID,
            N_("“%(name)s” is a hidden or temporary file, so it stays out."),
            hint=N_("Give it another name if it is meant."),
            field="name",
            name=shown(path),
        )
    if "." in last and format_by_name(last) is None:
        raise Refused(
            Code.FILE_UNKNOWN_KIND,
            N_("“%(name)s” is of a kind that this shop does not know."),
            hint=N_("Put it into a ZIP, and send the ZIP."),
            field="name",
            name=shown(name),
        )
    return name


def known_role(text: str) -> str:
    """A role that can be chosen, or nothing: then its name decides."""
    return text if text in {role.value for role in ROLES} else ""


def clean_label(text: str) -> str:
    """A label on one line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:LONGEST_LABEL]


def check_names(names: Sequence[str], new: Sequence[str]) -> None:
    """Whether files called `new` can join those called `names`.

    Raises Refused(NAMES_COLLIDE): of two files of one name the second is refused, as it cannot be guessed which of them
    is meant; TooLarge for more files than a work has.
    """
    for name in new:
        if name in names:
            raise Refused(
                Code.NAMES_COLLIDE,
                N_("There is a file called “%(name)s” here already."),
                hint=N_("Take that one out first, or give one of them another name."),
                field="name",
                name=shown(name),
            )
    if len(names) + len(new) > MOST_FILES:
        raise TooLarge(
            Code.FILE_TOO_LARGE,
            N_("A work has %(most)s files at most."),
            hint=N_("Put the small ones into a ZIP."),
            most=MOST_FILES,
        )
    check_distinct([*names, *new])


# ── headers of the protocol ──────────────────────────────────────────────────────────────────────


def read_metadata(header: str) -> dict[str, str]:
    """Upload-Metadata: pairs of a key and a Base64 value, joined by commas. Raises ValueError."""
    if len(header) > MOST_METADATA:
        raise ValueError("too long")
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        if not key.isascii() or key in found:
            raise ValueError("a key that is no ASCII, or twice there")
        found[key] = _plain(value.strip()).decode("utf-8")
    return found


def _plain(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as wrong:
        raise ValueError("not Base64") from wrong


class Hash(Protocol):
    """One of hashlib's."""

    def update(self, data: bytes | memoryview, /) -> None: ...

    def digest(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request must come to."""

    algorithm: str
    digest: bytes

    def begin(self) -> Hash:
        """A hash to feed with the bytes."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


def read_checksum(header: str) -> Checksum:
    """Upload-Checksum: `sha256 <Base64>`. Raises ValueError, also for an algorithm that is not among CHECKSUMS."""
    algorithm, _, value = header.strip().partition(" ")
    if algorithm not in CHECKSUMS:
        raise ValueError("an algorithm that is not offered")
    digest = _plain(value.strip())
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise ValueError("not as long as it should be")
    return Checksum(algorithm, digest)


def read_count(header: str | None) -> int:
    """Upload-Length and Upload-Offset: a number of bytes. Raises ValueError."""
    if header is None or not header.isascii() or not header.isdigit() or len(header) > 18:
        raise ValueError("not a number of bytes")
    return int(header)


# ── the order of a draft's files ─────────────────────────────────────────────────────────────────


def moved(order: Sequence[str], ref: str, by: int) -> list[str]:
    """`order` with `ref` moved by `by` places, as far as there are any."""
    at = order.index(ref)
    rest = [other for other in order if other != ref]
    place = min(max(at + by, 0), len(rest))
    return [*rest[:place], ref, *rest[place:]]
