"""The ports: what the house needs from the outside, as small Protocols.

An adapter is one folder under `adapters/`; `wiring` picks it; errands use it; one contract suite in
tests/contracts runs on every adapter of a port. The docstrings here are the manual for who writes one.
Every method may raise the errors it names and no others of its vendor's: adapters translate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self

from headwaters.core.passkeys import NewPasskey, PasskeyAnswer, PasskeyOwner, PasskeySite
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Mode
from headwaters.core.sales.till_check import KeySeen
from headwaters.core.sales.tills import PaymentRequest, PaymentStatus, RefundStatus, TillEvent, TillSession
from headwaters.core.works.stamps import Facts, Field, Finding

__all__ = [
    "Blob",
    "Cover",
    "Examined",
    "Fetched",
    "Fetcher",
    "Keep",
    "LocalTill",
    "Look",
    "Mail",
    "Mailer",
    "Media",
    "NewPasskey",
    "PasskeyAnswer",
    "PasskeyOwner",
    "PasskeySite",
    "Passkeys",
    "PaymentRequest",
    "PaymentStatus",
    "Picture",
    "RefundStatus",
    "Source",
    "StampWish",
    "Stamped",
    "Stamper",
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
    """How a blob is kept: own bytes (a copy or a reflink), or a hard link to the creator's file.

    MOVE is for a file that is the shop's own, such as an upload, and is never written to again: its very bytes become
    the blob, under a second name where the disk allows it, so that nothing is copied. Its old name stays until whoever
    gave it takes it away, which is right once the blob is in use; so a crash in between can be run again. The blob
    says COPY: they are own bytes.
    """

    COPY = "copy"
    LINK = "link"
    MOVE = "move"


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

    def keep(self, path: Path, keep: Keep, progress: Callable[[int], None], known: str = "") -> Blob:
        """Keep the file at `path`; `progress` is told the bytes done since its last call. Blocks: call in a thread.
        `known`: its SHA-256, where that was looked at before.

        Raises Refused: FILE_MISSING, FILE_UNREADABLE (also: not a plain file), FILE_CHANGED (its size, mtime
        or inode differ before and after, what was kept differs from what was hashed, or that from `known`), DISK_FULL.
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


@dataclass(frozen=True, slots=True)
class Cover:
    """What is drawn where a work has no picture of its own. `accent`: `#0d4a68`; `width` and `height`: its shape."""

    title: str
    by: str
    accent: str
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
        """The picture at `path`, or the cover that a book or music there carries, or (where ffmpeg is installed) a
        frame of the film there; upright and without metadata.

        As WebP at each width, none larger than itself (at least one); last as JPEG, for previews of links.
        Raises as `look`; Refused(FILE_WRONG_KIND) for what is no picture and carries none, is broken, or unpacks
        to too many pixels.
        """

    def draw(self, cover: Cover, widths: tuple[int, ...]) -> tuple[Picture, ...]:
        """A cover drawn from its words: the same words give the same pixels. Encoded as `pictures` does."""


# ── Stamper ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class StampWish:
    """What a copy should be. `facts`: what its colophon says, None for none; `clean`: whether what was perhaps not
    meant to be published goes out of it."""

    facts: Facts | None = None
    clean: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file says, would say, and tells besides. `why`: a msgid, if it would be left alone."""

    fields: tuple[Field, ...] = ()
    findings: tuple[Finding, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Stamped:
    """What became of a file. `made`: whether there is a copy at the target; else the file is good as it is, or was left
    alone, and `why` (a msgid) says so. `left`: what was found and could not be taken out safely."""

    made: bool
    fields: tuple[Field, ...] = ()
    removed: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()
    why: str = ""


class Stamper(Protocol):
    """Writes a colophon into copies of files, in their metadata alone. Blocks: call in a thread.

    The same file and wish give the same bytes, wherever and whenever, and nothing in them comes from a reader. What a
    file's creator wrote into a field stays. The sounds, pictures and texts of a copy are those of the file, bit by bit,
    which is looked at each time; where they would not be, or the file is broken, signed, encrypted or unusual, it is
    left alone.
    """

    def examine(self, path: Path, name: str, facts: Facts | None) -> Examined:
        """Only looks. `name`: what the file is called. Raises OSError where it cannot be read."""

    def stamp(self, path: Path, name: str, target: Path, wish: StampWish) -> Stamped:
        """A copy at `target` as wished, if there is anything to change. Raises OSError, also for a full disk: what is
        at `target` then is worth nothing."""


# ── Passkeys ─────────────────────────────────────────────────────────────────────────────────────


class Passkeys(Protocol):
    """Asks browsers for passkeys (WebAuthn Level 3) and looks at their answers. Never the network, nothing is kept:
    which challenges are good, and whose a passkey is, the caller knows.

    Options and answers are JSON, as `PublicKeyCredential.parse…OptionsFromJSON` takes them and `toJSON` gives them.
    A challenge is ASCII text of 16 characters or more. Every answer is somebody's attack until it is checked.
    """

    site: PasskeySite

    def creation_options(self, challenge: str, owner: PasskeyOwner, shop: str, known: Sequence[str]) -> str:
        """What the browser needs to make a passkey for `owner` that can sign in without a name. `known`: credentials
        that the owner has, so that no authenticator gets two."""

    def request_options(self, challenge: str) -> str:
        """What the browser needs to sign in with whatever passkey it has for this site."""

    def read(self, answer: str) -> PasskeyAnswer:
        """What an answer says of itself. Nothing of it is true yet. Raises Refused(PASSKEY_REFUSED) for no answer."""

    def check_new(self, answer: str, challenge: str) -> NewPasskey:
        """A new passkey, if the answer is one to this challenge, from this site, with its owner verified.

        Raises Refused(PASSKEY_REFUSED).
        """

    def check(self, answer: str, challenge: str, public_key: str, sign_count: int) -> int:
        """The authenticator's new count of signatures, if the answer is one to this challenge, from this site, with its
        owner verified and signed by `public_key`. Raises Refused(PASSKEY_REFUSED), also where the authenticator counts
        and its count did not rise: then there are two of it."""


# ── Fetcher ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Fetched:
    """What another host answered: the beginning of its body at most."""

    status: int
    body: bytes


class Fetcher(Protocol):
    """Asks another host. It follows no redirect, sends nothing about the shop, and reaches the open internet only:
    never this machine, a home network or the inside of a cloud, however a name is made to lead there."""

    async def fetch(self, url: str, most: int) -> Fetched:
        """GET `url`, an http or https address, and the first `most` bytes of what is there, within seconds.

        Raises Refused(ADDRESS_FORBIDDEN) for an address that is not of the open internet; Unavailable:
        ADDRESS_NOWHERE (the name is not known), ADDRESS_SILENT (nobody answers), ADDRESS_UNSAFE (HTTPS without a
        good certificate).
        """
