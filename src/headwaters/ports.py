"""The ports: what the house needs from the outside, as small Protocols.

An adapter is one folder under `adapters/`; `wiring` picks it; errands use it; one contract suite in
tests/contracts runs on every adapter of a port. The docstrings here are the manual for who writes one.
Every method may raise the errors it names and no others of its vendor's: adapters translate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self

from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Mode
from headwaters.core.sales.till_check import KeySeen
from headwaters.core.sales.tills import PaymentRequest, PaymentStatus, RefundStatus, TillEvent, TillSession

__all__ = [
    "Blob",
    "Keep",
    "LocalTill",
    "Look",
    "Mail",
    "Mailer",
    "Media",
    "PaymentRequest",
    "PaymentStatus",
    "Picture",
    "RefundStatus",
    "Source",
    "Storage",
    "Till",
    "TillCheck",
    "TillEvent",
    "TillSession",
    "Vault",
    "Witness",
]

# ── Storage ──────────────────────────────────────────────────────────────────────────────────────


class Keep(StrEnum):
    """How a blob came to be kept: own bytes (a copy or a reflink), or a hard link to the creator's file."""

    COPY = "copy"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Witness:
    """What a hard-linked file looked like when it was hashed; looked at again at each open."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Blob:
    """Immutable bytes under their SHA-256 (64 lower-case hex digits); `crc32` is what ZIP wants to know."""

    sha256: str
    crc32: int
    size: int
    keep: Keep = Keep.COPY
    witness: Witness | None = None


class Source(Protocol):
    """An opened blob. A context manager; closing twice is fine."""

    size: int

    @property
    def descriptor(self) -> int | None:
        """A file descriptor for sendfile (never seek it: it may be shared), or None where there is none."""

    async def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only at the end. Raises Unavailable(BLOB_MISSING)."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class Storage(Protocol):
    """Keeps immutable bytes by their SHA-256.

    Keeping is idempotent and durable when it returns (flushed, renamed into place): a crash leaves a
    half-written file in the storage's own incoming place at worst, which `sweep` clears. The creator's
    file is only ever read.
    """

    def keep(self, path: Path, keep: Keep, progress: Callable[[int], None]) -> Blob:
        """Keep the file at `path`; `progress` is told the bytes done since its last call. Blocks: call in a thread.

        Raises Refused: FILE_MISSING, FILE_UNREADABLE (also: not a plain file), FILE_CHANGED (its size, mtime
        or inode differ before and after, or what was kept differs from what was hashed), DISK_FULL.
        """

    def keep_bytes(self, data: bytes) -> Blob:
        """Keep `data` that the shop made itself (a thumbnail). Raises Refused(DISK_FULL)."""

    def open(self, blob: Blob) -> Source:
        """Open a kept blob, without blocking for long.

        Raises Unavailable: BLOB_MISSING, or BLOB_CHANGED (the size differs; for a link: inode, size, mtime or
        ctime differ from its witness).
        """

    def verify(self, blob: Blob) -> None:
        """Read all of it and compare the SHA-256. Blocks. Raises as `open`, BLOB_CHANGED on other bytes."""

    def sweep(self, older_than: datetime) -> int:
        """Remove half-kept files last touched before `older_than`; how many went."""


# ── Till ─────────────────────────────────────────────────────────────────────────────────────────


class Till(Protocol):
    """A way to be paid. It pays the creator; the shop never holds money.

    `name` is stable ('stripe', 'by_hand', 'practice'): it stands in addresses and the ledger.
    """

    name: str
    mode: Mode

    def check(self, amount: Money) -> None:
        """Raise Refused(AMOUNT_TOO_SMALL | AMOUNT_TOO_LARGE | AMOUNT_TOO_PRECISE | CURRENCY_UNKNOWN) as the till would,
        without asking it."""

    async def open(self, request: PaymentRequest) -> TillSession:
        """Open a payment; the same `reference` twice gives the same session. Raises Unavailable(TILL_DOWN)
        when the till does not answer, Refused(TILL_OFF) or what `check` raises when it will not."""

    async def fetch(self, session_id: str) -> PaymentStatus:
        """What the till says now. Raises Unavailable(TILL_DOWN), NotFound(PAYMENT_STATE)."""

    def read_event(self, headers: Mapping[str, str], body: bytes, now: datetime) -> TillEvent:
        """Check the signature over the raw `body` and read it; never the network.

        Raises Refused: EVENT_FORGED (no, wrong or stale signature), EVENT_BROKEN (signed, but unreadable);
        NotFound(TILL_UNKNOWN) for a till that has no events.
        """


class LocalTill(Till, Protocol):
    """A till that opens without the network: its session is made in the order's own transaction."""

    def open_now(self, request: PaymentRequest) -> TillSession: ...


class TillCheck(Protocol):
    """Looks at the keys of a card till before they are kept. `events`: those that the till has to send."""

    events: tuple[str, ...]

    async def look(self, secret_key: str, hook_url: str) -> KeySeen:
        """What the till says of a key, and of the endpoint that sends events to `hook_url`. It changes nothing there,
        and reads nothing about anybody. Raises Refused(TILL_KEY_REFUSED) for one that the till does not take,
        Unavailable(TILL_DOWN)."""

    async def arrange_events(self, secret_key: str, hook_url: str) -> str:
        """Have the till send its events to `hook_url`; the secret that signs them. In place of an endpoint that the
        shop made before; never beside one that somebody else made. Raises Refused(TILL_EVENTS), TILL_KEY_REFUSED,
        Unavailable(TILL_DOWN)."""


# ── Vault ────────────────────────────────────────────────────────────────────────────────────────


class Vault(Protocol):
    """Seals what the database must not tell: till keys. Quick, and without the outside."""

    def seal(self, label: str, text: str) -> str:
        """`text` as it may be kept (`core.shop.is_sealed`), bound to `label`; twice the same gives the same."""

    def open(self, label: str, sealed: str) -> str:
        """What was sealed under `label`. Raises Refused(SECRET_LOCKED): by another key, for another label, broken."""


# ── Mailer ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Mail:
    """One plain-text mail. `message_id` is without brackets; `refuse_url` fills List-Unsubscribe (RFC 8058)."""

    to: str
    subject: str
    text: str
    message_id: str
    refuse_url: str | None = None


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, mail: Mail) -> None:
        """Hand `mail` over. Raises Unavailable(MAIL_DOWN) (try again), Refused(MAIL_REFUSED) (for good)."""

    async def check(self) -> None:
        """Connect and sign in without sending. Raises as `send`."""


# ── Media ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Look:
    """What a file turned out to be. `seconds`, `width`, `height` are None where they do not apply or are unknown."""

    media_type: str
    seconds: float | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture made by the shop: no metadata of the original in it."""

    data: bytes
    media_type: str
    width: int
    height: int


class Media(Protocol):
    """Looks at files and makes small pictures; never changes one. Blocks: call in a thread."""

    def look(self, path: Path) -> Look:
        """Media type by content (the name decides among formats that share a container).

        Raises Refused: FILE_MISSING, FILE_UNREADABLE (also: not a plain file), FILE_EMPTY, FILE_UNKNOWN_KIND,
        FILE_WRONG_KIND (the name says one thing, the content another).
        """

    def pictures(self, path: Path, widths: tuple[int, ...]) -> tuple[Picture, ...]:
        """The picture at `path`, or the cover that a book or music there carries, upright and without metadata.

        As WebP at each width, none larger than itself (at least one); last as JPEG, for previews of links.
        Raises as `look`; Refused(FILE_WRONG_KIND) for what is no picture and carries none, is broken, or unpacks
        to too many pixels.
        """
