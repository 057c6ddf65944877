"""The ports: what the house needs from the outside, as small Protocols.

An adapter is one folder under `adapters/`; `wiring` picks it; errands use it; one contract suite in
tests/contracts runs on every adapter of a port. The docstrings here are the manual for who writes one.
Every method may raise the errors it names and no others of its vendor's: adapters translate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from headwaters.core.passkeys import NewPasskey, PasskeyAnswer, PasskeyOwner, PasskeySite
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Mode
from headwaters.core.sales.till_check import KeySeen
from headwaters.core.sales.tills import PaymentRequest, PaymentStatus, RefundStatus, TillEvent, TillSession
from headwaters.core.works.chapters import Moment
from headwaters.core.works.pieces import Piece
from headwaters.core.works.reading import Reading
from headwaters.core.works.reels import FilmPlan, Reel, SoundPlan
from headwaters.core.works.stamps import Facts, Field, Finding

__all__ = [
    "Blob",
    "Books",
    "Cover",
    "Cutter",
    "Encoder",
    "Examined",
    "Fetched",
    "Fetcher",
    "Head",
    "Holding",
    "Keep",
    "LocalTill",
    "Look",
    "Mail",
    "Mailer",
    "Material",
    "Media",
    "NewPasskey",
    "PasskeyAnswer",
    "PasskeyOwner",
    "PasskeySite",
    "Passkeys",
    "PaymentRequest",
    "PaymentStatus",
    "Picture",
    "Places",
    "RefundStatus",
    "Source",
    "StampWish",
    "Stamped",
    "Stamper",
    "Storage",
    "Tags",
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
    """Immutable bytes under their SHA-256 (64 lower-case hex digits); `crc32` is what ZIP wants to know. `place`: the
    storage that has them; `tag`: what that one said they were when they were kept, where it says such a thing.
    `fault`: what the last check found wrong with them. `mtime_ns`: the date of a copy on this machine when all of it
    was read last; a blob is the same whatever its date."""

    sha256: str
    crc32: int
    size: int
    keep: Keep = Keep.COPY
    witness: Witness | None = None
    place: str = "local"
    tag: str = ""
    fault: str = ""
    mtime_ns: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Holding:
    """Bytes that a storage has under a SHA-256, whether anybody needs them or not. `touched`: when they were kept
    last."""

    sha256: str
    size: int
    touched: datetime


class Source(Protocol):
    """An opened blob. A context manager; closing twice is fine."""

    size: int

    @property
    def descriptor(self) -> int | None:
        """A file descriptor for sendfile (never seek it: it may be shared), or None where there is none."""

    @property
    def path(self) -> str | None:
        """Where it lies on this machine, for a proxy that sends it itself; None where it does not."""

    async def begin(self, offset: int, length: int) -> None:
        """Look whether `length` bytes from `offset` can be had, before anybody is promised them: they are read next.
        Raises as `read`. Nothing where `open` looked already."""

    async def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only at the end. From any event loop.

        Raises Unavailable: BLOB_MISSING (also: the disk cannot read it), STORAGE_DOWN; and for what is far away, where
        `open` does not look: BLOB_CHANGED. What is cut off on its way here is taken up again where it was.
        """

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class Storage(Protocol):
    """Keeps immutable bytes by their SHA-256.

    Keeping is idempotent and durable when it returns (flushed, renamed into place): a crash leaves a
    half-written file in the storage's own incoming place at worst, which `sweep` clears. The creator's
    file is only ever read. A storage that is far away may raise Unavailable(STORAGE_DOWN) from everything here, and
    Refused(CONFIG_BROKEN) where it does not take our key or has no such bucket.
    """

    def keep(self, path: Path, keep: Keep, progress: Callable[[int], None], known: str = "") -> Blob:
        """Keep the file at `path`; `progress` is told the bytes done since its last call. Blocks: call in a thread.
        `known`: its SHA-256, where that was looked at before. Far away, LINK and MOVE are copies as well.

        Raises Refused: FILE_MISSING, FILE_UNREADABLE (also: not a plain file), FILE_CHANGED (its size, mtime
        or inode differ before and after, what was kept differs from what was hashed, or that from `known`), DISK_FULL.
        """

    def keep_bytes(self, data: bytes) -> Blob:
        """Keep `data` that the shop made itself (a thumbnail). Blocks. Raises Refused(DISK_FULL)."""

    def open(self, blob: Blob) -> Source:
        """Open a kept blob, without blocking for long: what is far away is looked at with the first `read`.

        Raises Unavailable: BLOB_MISSING, or BLOB_CHANGED (the size differs; for a link: inode, size, mtime or
        ctime differ from its witness; far away: the tag differs); STORAGE_DOWN where this says nothing of the bytes:
        too many open files, a folder that is closed to us.
        """

    def verify(self, blob: Blob, progress: Callable[[int], None] = ...) -> str:
        """Read all of it and compare the SHA-256, whatever its tag; answers with the tag of what was read. Blocks.
        Raises as `open`, BLOB_CHANGED on other bytes."""

    def glance(self, blob: Blob) -> str:
        """How it looks from outside: something else as soon as its bytes were written anew, empty where nothing says
        that. Blocks. Raises as `open`; a tag that differs is no error here."""

    def local_copy(self, blob: Blob) -> AbstractContextManager[Path]:
        """A path of this machine with its bytes, for programs that want one; good inside the `with`. Only to be read:
        it may be the kept file itself. What came from far away was compared with its SHA-256. Blocks.
        Raises as `open`; Refused(DISK_FULL)."""

    def holdings(self) -> Iterator[Holding]:
        """Everything that is kept here as own bytes, in no order. Blocks."""

    def remove(self, sha256: str, touched_before: datetime) -> bool:
        """Remove bytes that nobody needs, unless they were kept again since `touched_before`; whether they went.
        Blocks. `keep` and this may run at the same time: what `keep` answered with stays."""

    def sweep(self, older_than: datetime) -> int:
        """Remove half-kept files last touched before `older_than`; how many went."""

    async def address(self, blob: Blob, name: str, media_type: str, method: str = "GET") -> str | None:
        """Where a reader gets its bytes without us, saved as `name`; None where they come from us. For an hour."""

    async def look(self) -> None:
        """Try it: keep a few bytes, read them, remove them. Raises what would be raised."""

    def close(self) -> None:
        """Let go of all connections. Blocks."""


@runtime_checkable
class Shared(Protocol):
    """A storage where others could keep things as well: it has a name written on it. Raises as Storage does."""

    def name(self) -> str:
        """What was written; empty: nothing. Blocks."""

    def write_name(self, name: str) -> None:
        """Write it over what is there. Blocks."""


class Places(Storage, Protocol):
    """The storages of a shop as one: new bytes go where the configuration says, kept ones are where their blob says."""

    first: str

    @property
    def names(self) -> tuple[str, ...]:
        """The storages that there are."""

    def at(self, place: str) -> Storage:
        """One of them. Raises Refused(CONFIG_BROKEN) where it is not configured."""

    def shared(self, place: str) -> Shared | None:
        """One of them where others than this shop could be; None for a folder of this machine."""


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
    """One plain-text mail. `message_id` is without brackets; `refuse_url` fills List-Unsubscribe (RFC 8058);
    `sender_name`: whose it is, where the server's own sender has no name."""

    to: str
    subject: str
    text: str
    message_id: str
    refuse_url: str | None = None
    sender_name: str = ""


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


# ── Encoder ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Material:
    """An original that is open. `path` is good in this process, and in a child that is given `descriptors` (the
    `pass_fds` of subprocess); its ending is the original's. Read only. Beside it is room to write."""

    path: Path
    descriptors: tuple[int, ...]
    name: str
    media_type: str
    size: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Tags:
    """What a piece of music says of itself where its original says nothing. `track` and `tracks` 0: of no album.
    `cover`: an encoded picture for one that carries none, empty for none."""

    title: str = ""
    artist: str = ""
    album: str = ""
    track: int = 0
    tracks: int = 0
    cover: bytes = b""


class Encoder(Protocol):
    """Makes other formats of files that may be anybody's: each time in a process of its own, with limits on time,
    memory and output, without the network, and with that one file to read. Cancelled, it ends that process and waits
    for its end. The same original gives the same bytes, as long as the encoder is the same.

    Besides what is named, all of them raise Skip (core.works.makings) where the encoder is not installed, does not do
    this kind of file, or would write more bytes than the original has; Refused: NOT_MADE (broken, takes too long or too
    much memory), DISK_FULL.
    """

    def about(self) -> str:
        """The program and its version; empty where there is none."""

    async def probe(self, original: Material) -> Reel:
        """What is inside a film or a piece of music."""

    async def sound(
        self, original: Material, reel: Reel, plan: SoundPlan, tags: Tags, into: Path, report: Callable[[int], None]
    ) -> None:
        """A piece of music in another format, with the words and the cover of its original. `report` is told
        thousandths."""

    async def film(
        self, original: Material, reel: Reel, plan: FilmPlan, side: int, into: Path, report: Callable[[int], None]
    ) -> None:
        """An MP4 that plays everywhere and begins at once: H.264 and AAC, with subtitles and chapters, without the
        place and the device that a camera wrote down."""

    async def subtitles(self, original: Material, into: Path) -> None:
        """Subtitles as WebVTT."""

    async def texts(self, original: Material, into: Mapping[int, Path]) -> None:
        """The subtitles inside a film as WebVTT, by the index of their stream."""

    async def shrink(self, original: Material, side: int, into: Path) -> tuple[int, int]:
        """A picture as WebP, upright and in sRGB, its long side at most `side`; its width and height."""


class Cutter(Protocol):
    """Cuts pieces out of sounds and films that may be anybody's: as Encoder, with its limits, and what it raises."""

    async def sound(self, original: Material, reel: Reel, piece: Piece, into: Path) -> None:
        """A piece of the first sound as MP3, without any words of its original."""

    async def film(
        self,
        original: Material,
        reel: Reel,
        piece: Piece,
        size: tuple[int, int],
        into: Path,
        report: Callable[[int], None],
    ) -> None:
        """A piece of the film as an MP4 that plays everywhere, its pictures of `size`, without words or chapters.
        `report` is told thousandths."""

    async def poster(self, clip: Path, piece: Piece, into: Path) -> None:
        """A frame of a piece that `film` made, as PNG."""

    async def peaks(self, sound: Path, seconds: float) -> Sequence[int]:
        """Of a piece that `sound` made: the loudest sample of each short stretch of equal length, 0 to 32768."""

    async def chapters(self, original: Material) -> tuple[Moment, ...]:
        """Where the chapters begin that the file itself has, in the order of time."""


# ── Books ────────────────────────────────────────────────────────────────────────────────────────


class Books(Protocol):
    """Reads books and texts, so that they can be read on a page: in a process of its own, with limits, as what is slow
    or large in a stranger's file is to hold up nobody. Beside the book is room to write."""

    async def read(self, book: Material, language: str) -> Reading:
        """The whole of a book: EPUB, Markdown or plain text; `language`: where it does not say its own. Its pictures
        are made light enough for a page.

        Its HTML holds nothing that acts, and nothing from elsewhere. Raises Refused: FILE_WRONG_KIND for what cannot be
        read (no book, broken, locked, without words, or one that unpacks to too much), NOT_MADE for what takes too long
        or too much memory, DISK_FULL.
        """

    async def first_pages(self, book: Material, pages: int) -> tuple[bytes, int, int]:
        """(a PDF of the first pages, how many these are, how many there are) of a PDF; nothing of the other pages is in
        it, nor anything that acts. Raises as `read`."""


# ── Stamper ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class StampWish:
    """What a copy should be. `facts`: what its colophon says, None for none; `clean`: whether what was perhaps not
    meant to be published goes out of it."""

    facts: Facts | None = None
    clean: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file says, would say, and tells besides. `why`: a msgid, if it would be left alone; `unread`: nobody knows
    what it tells."""

    fields: tuple[Field, ...] = ()
    findings: tuple[Finding, ...] = ()
    why: str = ""
    unread: bool = False


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


@dataclass(frozen=True, slots=True)
class Head:
    """What another host says of an address; the names of headers in lower case, of several with one name the last."""

    status: int
    headers: Mapping[str, str]


class Fetcher(Protocol):
    """Asks another host. It follows no redirect, sends nothing about the shop, and reaches the open internet only:
    never this machine, a home network or the inside of a cloud, however a name is made to lead there."""

    async def fetch(self, url: str, most: int) -> Fetched:
        """GET `url`, an http or https address, and the first `most` bytes of what is there, within seconds.

        Raises Refused(ADDRESS_FORBIDDEN) for an address that is not of the open internet; Unavailable:
        ADDRESS_NOWHERE (the name is not known), ADDRESS_SILENT (nobody answers), ADDRESS_UNSAFE (HTTPS without a
        good certificate).
        """

    async def look(self, url: str) -> Head:
        """What is at `url`, without fetching it: HEAD, and a GET that is hung up on where a host takes no HEAD. It asks
        for Repr-Digest (RFC 9530). Raises as `fetch`."""
