"""The Studio: what the creator sees."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem


@dataclass(frozen=True, slots=True)
class Tab:
    """A way to a part of the Studio."""

    section: str  # its name, as Frame.section has it
    href: str
    text: str
    count: int  # what waits there; 0 shows nothing


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around each page of the Studio."""

    section: str  # start, works, orders, letters, money, launch, shop; empty before signing in
    styles: tuple[str, ...]  # addresses of the Studio's own style sheets, as many as this part needs
    tabs: tuple[Tab, ...]  # those that this person may open; empty before signing in
    csrf: str  # the token of this session's forms; empty before signing in
    said: str  # what was done just now, or empty
    mail: bool  # the shop can send mail


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time."""

    text: str  # 22 November 2026, 20:30 UTC
    iso: str  # for the datetime attribute


@dataclass(frozen=True, slots=True)
class Way:
    """A line of the page of everything about the shop itself."""

    href: str
    title: str
    words: str  # what one does there


@dataclass(frozen=True, slots=True)
class ShopHubPage:
    """`studio/shop.html`: the ways to what the shop is: look, address, formats, people, keys, notices, log."""

    frame: Frame
    ways: tuple[Way, ...]


# ── signing in ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class PasskeyHelp:
    """Whether passkeys work where the page is open. Browsers want a name and TLS, or this machine as localhost."""

    works: bool
    elsewhere: str  # the address of this page where they work, or empty where they do nowhere
    script: str  # address of the script that asks the browser


@dataclass(frozen=True, slots=True)
class KeptText:
    """Something that was typed into a form that was turned away."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class SignInPage:
    """`studio/signin.html`: a passkey, the password, or how to get a link."""

    frame: Frame
    next: str  # where to go afterwards: a path of the Studio
    ask_name: bool  # there are several people: a password alone does not say who comes
    name: str  # what was typed there
    passkeys: bool  # somebody has one
    help: PasskeyHelp
    turned: str  # why a form was turned away: signed_out, once_more; empty: none was
    kept: str  # that form, for the field of the same name; empty for none
    texts: tuple[KeptText, ...]  # what was typed into it
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class KeptField:
    """A field of a form that was turned away, to be sent again."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class KeptPage:
    """`studio/kept.html`: a form that came too late, with all that was typed, and a button that sends it again."""

    frame: Frame
    name: str  # who is signed in now
    back: bool  # they signed in again just now
    path: str  # where the form goes; empty where it can only be copied
    fields: tuple[KeptField, ...]
    texts: tuple[KeptText, ...]
    leave: str  # the page it was sent from


@dataclass(frozen=True, slots=True)
class LinkPage:
    """`studio/link.html`: one button. Opening the page uses nothing up."""

    frame: Frame
    good: bool  # the link still works
    name: str  # whom it lets in; empty where it is over


@dataclass(frozen=True, slots=True)
class PasswordPage:
    """`studio/password.html`: the way in for the next time: a passkey, a password, or skip it."""

    frame: Frame
    first: bool  # there is none yet
    current: bool  # the one of now is asked for
    once_more: bool  # they have to sign in once more before they may set one
    shortest: int  # characters
    name: str  # theirs, for password managers
    offer: bool  # they have no key at all: a passkey is offered first
    creator: bool  # they may use the shop's machine, most likely
    help: PasskeyHelp
    problem: Problem | None


# ── start ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OrderItem:
    """An order in a list."""

    id: int
    href: str
    title: str
    state: str  # in words
    waits: bool  # for the creator to say that the money came
    amount: str  # what was paid, or asked for; empty where there is nothing to tell
    email: str
    reference: str
    made: Moment


@dataclass(frozen=True, slots=True)
class ThreadItem:
    """A thread of letters in a list."""

    href: str
    title: str  # of the work it is about
    count: int
    unread: int
    start: str  # the first words of its last letter
    mine: bool  # the last letter is the creator's
    last: Moment
    archived: bool  # put away until its reader writes again
    blocked: bool  # its reader cannot write


@dataclass(frozen=True, slots=True)
class ReportItem:
    """A report of a wrong in a list."""

    href: str
    reference: str
    address: str  # where the wrong is, as the reporter wrote it
    body: str
    made: Moment
    state: str  # open, answered, closed
    state_words: str


# ── orders ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Pages:
    """Where one is in a long list."""

    number: int  # of this page, from 1
    last: int  # of the last page
    newer: str  # address of the page before, or empty
    older: str  # address of the page after, or empty


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values of a filter."""

    value: str  # empty: all
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class OrdersFilter:
    """How a list of orders is narrowed; all of it stands in the address."""

    narrowed: bool  # something is chosen
    states: tuple[Choice, ...]
    doors: tuple[Choice, ...]
    tills: tuple[Choice, ...]
    works: tuple[Choice, ...]
    first: str  # the first day, as it was typed
    last: str  # the last day, as it was typed
    kept: tuple[tuple[str, str], ...]  # name and value of each field that is set, for the form that takes them out


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """`studio/orders.html`: find an order."""

    frame: Frame
    find: str  # what was typed
    waiting: bool  # only those that wait for the creator
    count: int  # how many were found
    many: bool  # there are more than were counted
    filter: OrdersFilter
    orders: tuple[OrderItem, ...]
    pages: Pages


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of an order's story."""

    when: Moment
    words: str


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A work on an order."""

    title: str
    href: str


@dataclass(frozen=True, slots=True)
class RefundForm:
    """Money of a payment by hand went back by hand."""

    currency: str
    left: str  # the most that can go back
    amount: str  # what stands in the field
    nonce: str
    open: bool  # it was sent and refused
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class DownloadsItem:
    """Downloads that began on a day."""

    day: str
    count: int


@dataclass(frozen=True, slots=True)
class LedgerItem:
    """A line of the ledger."""

    when: Moment
    words: str  # payment, fee, refund: what it was
    amount: str  # with its sign
    key: str  # its name in the ledger


@dataclass(frozen=True, slots=True)
class ReaderForms:
    """What stands in the forms about the reader, and what is wrong with them."""

    email: str  # what stands in the field
    email_was: str  # the address of now
    email_problem: Problem | None
    note: str  # what stands in the field
    note_was: str  # the note of now
    note_problem: Problem | None


@dataclass(frozen=True, slots=True)
class PaymentItem:
    """A payment of an order."""

    reference: str
    till: str
    state: str  # in words
    amount: str
    fee: str  # what the till kept, or empty
    refunded: str  # what went back, or empty
    until: str  # the day it expires, while it is open
    practice: bool  # no real money
    till_href: str  # its page at the till, or empty
    till_id: str  # the till's own name of it, or empty
    refund: RefundForm | None  # where money can be booked as given back by hand


@dataclass(frozen=True, slots=True)
class ConfirmForm:
    """The money of a payment by hand has come."""

    reference: str
    currency: str
    amount: str  # what stands in the field
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class StoryPage:
    """`studio/order.html`: one order's story."""

    frame: Frame
    order: OrderItem
    address: str  # path of this page; its forms add to it
    link: str  # the reader's order page, as a whole address
    may_mail: bool  # the link can be sent again
    may_look: bool  # a till can be asked about a payment
    works: tuple[WorkItem, ...]
    payments: tuple[PaymentItem, ...]
    story: tuple[Happening, ...]
    confirm: tuple[ConfirmForm, ...]  # one a payment that waits
    came_from: str  # the word in the link that the reader came by, or empty
    letters: int
    letters_href: str
    downloads: tuple[DownloadsItem, ...]  # the newest day first
    downloads_in_all: int
    ledger: tuple[LedgerItem, ...]
    forms: ReaderForms
    problem: Problem | None


# ── works ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A work in the list."""

    title: str
    slug: str
    href: str  # its public page
    address: str  # its page in the Studio; forms add to it
    state: str  # published, retired, withheld
    state_words: str
    edition: str
    taken: str  # how many hold it, in words
    price: str
    published: Moment
    thumb: str  # address of a small picture, or empty
    first: bool  # it stands first on the first page
    last: bool  # it stands last


@dataclass(frozen=True, slots=True)
class DamagedItem:
    """A work with files that are missing or changed."""

    title: str
    href: str  # the work's page in the Studio; empty for what belongs to no work
    files: tuple[str, ...]  # “film.mp4” of edition 2 is missing
    more: int  # that are not named
    given: bool  # some of them are no files that the shop makes again by itself
