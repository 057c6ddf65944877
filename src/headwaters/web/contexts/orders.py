"""The order page: permanent, unguessable, the reader's own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from markupsafe import Markup

from headwaters.web.contexts.common import Amount, Art, Licence, PayForm, Problem
from headwaters.web.contexts.fetching import Mirror
from headwaters.web.contexts.taste import Chapter, PictureTaste


class Stage(StrEnum):
    """What the page says first."""

    PAID = "paid"  # the reader paid and has the works
    PROMISED = "promised"  # has the works, will pay by hand
    FREE = "free"  # has the works without paying
    COPY = "copy"  # had a copy, and has a complete one now
    REFUNDED = "refunded"  # has the works, and the money went back
    UNFINISHED = "unfinished"  # the till's page was opened and not finished
    BY_HAND = "by_hand"  # the creator waits for a transfer or cash
    PENDING = "pending"  # the money is on its way
    TILL_DOWN = "till_down"  # the till did not answer
    FAILED = "failed"  # the payment did not go through
    EXPIRED = "expired"  # nobody paid in time


@dataclass(frozen=True, slots=True)
class OtherFormat:
    """A format that the shop made of the work's files."""

    title: str  # MP3
    href: str  # of the one file there is in it, or of the whole work in it as one ZIP; empty while it is being made
    size: str  # of that, or empty
    archive: bool  # it is the ZIP
    made: int  # while it is being made: how many files are there
    of: int  # and how many there will be; 0 once it is made


@dataclass(frozen=True, slots=True)
class Trouble:
    """A file is not as it was published, and is not sent until it is. Its address stays."""

    missing: bool  # its bytes are not there; otherwise they are damaged
    instead: tuple[OtherFormat, ...]  # what was made of it, and is whole
    mirrors: tuple[Mirror, ...]  # other hosts that have the very file
    torrent: bool  # readers may have it from each other


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that the reader may fetch for ever."""

    label: str
    name: str
    format: str
    length: str
    size: str
    sha256: str  # 64 hexadecimal digits
    href: str
    media_type: str
    kind: str  # audio, video, picture: playable in place; file: not
    play: str  # address of what plays in place: the file, or a form of it that the shop made; empty for a file
    play_small: str  # of a film: what plays on a narrow screen, or empty
    soon: bool  # a form that plays in place is being made
    read: str  # address where the book is read, from its first chapter on, or empty
    place: str  # what the device remembers the reader's place in it by, or empty
    unread: bool  # it could be read in place, but that page is damaged
    chapters: tuple[Chapter, ...]  # of a film or a sound, where it has any
    trouble: Trouble | None  # why the file is not sent for now


@dataclass(frozen=True, slots=True)
class Track:
    """Subtitles that a browser can show with a video. `of`: the `href` of the only video that they were made for;
    empty: for all."""

    label: str
    language: str  # as a BCP 47 tag, or empty
    href: str
    of: str


@dataclass(frozen=True, slots=True)
class EditionNews:
    """An edition that came after the first: who has the work has it."""

    number: int
    date: str  # 3 May 2027
    day: str  # for the datetime attribute
    changes: str  # what is new in it, in the creator's plain words, or empty


@dataclass(frozen=True, slots=True)
class HeldWork:
    """A work on the order."""

    title: str
    by_line: str
    language: str
    art: Art | None
    href: str  # its public page, or empty where there is none any more
    files: tuple[HeldFile, ...]  # empty before the order is granted, and while a work is withheld
    tracks: tuple[Track, ...]  # for all of its videos
    pictures: tuple[PictureTaste, ...]  # to look through, where there are several
    remembers: bool  # there is something in it that plays, or a book to read
    archive: str  # address of everything as one ZIP, or empty
    lacking: int  # files that are damaged or missing: the ZIP is not sent as long as there are any
    gift: str  # the same as a whole address, to pass on
    size: str  # of everything
    formats: tuple[OtherFormat, ...]  # other ones, which the shop made; `<address>/formats` has more
    edition: int
    news: tuple[EditionNews, ...]  # editions after the first, the newest first
    licence: Licence
    withheld: str  # why the bytes stopped, or empty


@dataclass(frozen=True, slots=True)
class Due:
    """A payment that is not finished."""

    amount: Amount
    till: str  # the till's name
    label: str  # what a person calls it
    state: str  # open, pending, failed or expired
    href: str  # the till's page, or empty
    reference: str  # what to write on a transfer
    creditor_reference: str  # the same as ISO 11649 has it
    instructions: str  # the creator's own, for payments by hand
    payee: str  # who gets a bank transfer, or empty
    iban: str  # where it goes, in groups of four, or empty
    code: Markup  # a QR code that banks' apps read, or empty
    until: str  # the day it expires


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """A payment on the receipt."""

    amount: Amount
    label: str  # of its till
    date: str
    day: str  # the same as ISO 8601 has it
    reference: str
    refunded: Amount | None  # what went back


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of the thread."""

    mine: bool  # written by the reader
    date: str
    day: str  # the same as ISO 8601 has it
    body: str  # plain text; line ends are meant


@dataclass(frozen=True, slots=True)
class LetterForm:
    """The fields of a letter."""

    body: str  # what was typed
    email: str  # what was typed
    mail_me: bool  # the tick “mail me the answer”
    ask_email: bool  # the order has no address yet
    closed: bool  # the creator takes no letters from this page
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class MailForm:
    """Send me the link: offered until the order has an address."""

    email: str  # what was typed
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The right of withdrawal from a purchase."""

    until: str  # the last day, or empty once it was used
    done: str  # the day it was used, or empty
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class OrderPage:
    """`order.html`: thanks, the files, the receipt, a place to write."""

    stage: Stage
    address: str  # the page's path; its forms add to it
    link: str  # the whole address, to keep
    title: str  # of the works
    works: tuple[HeldWork, ...]
    granted: bool  # the reader has the works
    plays: bool  # there is a sound or a film in them
    reads: bool  # there is a book to read in them
    gallery: bool  # there are pictures to look through
    paid: Amount | None  # what was paid and not refunded
    due: Due | None  # the newest payment where it is not finished
    pay: PayForm
    may_pay: bool  # the door “Pay what is fair” is open
    may_take: bool  # not granted, and the door “I can’t pay right now” is open
    mail: MailForm | None  # None: the shop sends no mail, or has an address already
    mailed: bool  # the order has an address
    country: str  # where the reader said they are; empty: nothing was said
    letters: tuple[Letter, ...]
    letter: LetterForm
    withdrawal: Withdrawal | None
    payments: tuple[PaymentLine, ...]  # what came in, for the receipt
    date: str  # of the order
    day: str  # the same as ISO 8601 has it
    imprint: str  # who runs the shop, as the law asks, for the receipt
    nonce: str  # fresh for this showing
