"""What the audit log tells of: every change that somebody made in the Studio or on the shop's machine.

A deed is named once and never renamed, as the log keeps the name. Its words are for the page of the log; `%(subject)s`
is what it was done to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from headwaters.core.errors import N_


class What(StrEnum):
    """The stable names of deeds, by room."""

    # signing in and people
    SIGNED_IN = "signin.in"
    SIGNED_OUT = "signin.out"
    PASSWORD_SET = "signin.password"  # noqa: S105  (a name, not a password)
    NAME_CHANGED = "signin.name"
    PASSKEY_ADDED = "signin.passkey_added"
    PASSKEY_RENAMED = "signin.passkey_renamed"
    PASSKEY_REMOVED = "signin.passkey_removed"
    SESSIONS_ENDED = "signin.sessions_ended"
    LINK_MADE = "signin.link"
    PERSON_INVITED = "person.invited"
    PERSON_CHANGED = "person.changed"
    PERSON_ENDED = "person.ended"
    PERSON_RESTORED = "person.restored"
    # works
    WORK_RETIRED = "work.retired"
    WORK_RESTORED = "work.restored"
    WORK_WITHHELD = "work.withheld"
    WORK_PUBLISHED = "work.published"
    EDITION_PUBLISHED = "work.edition"
    WORDS_CHANGED = "work.words"
    MIRROR_ADDED = "work.mirror_added"
    MIRROR_REMOVED = "work.mirror_removed"
    MADE_AGAIN = "work.made_again"
    MAKING_STOPPED = "work.making_stopped"
    COLOPHON_CHOSEN = "work.colophon"
    SAMPLE_WITHDRAWN = "work.sample"
    WORKS_ORDERED = "works.ordered"
    DRAFT_SCHEDULED = "draft.scheduled"
    DRAFT_TAKEN_BACK = "draft.taken_back"
    DRAFT_DISCARDED = "draft.discarded"
    COLLECTION_MADE = "collection.made"
    COLLECTION_CHANGED = "collection.changed"
    COLLECTION_RETIRED = "collection.retired"
    COLLECTION_RESTORED = "collection.restored"
    FILE_ADDED = "file.added"
    FILE_CHANGED = "file.changed"
    FILE_REMOVED = "file.removed"
    # sales
    PAYMENT_CONFIRMED = "payment.confirmed"
    PAYMENT_LOOKED = "payment.looked"
    LINK_SENT_AGAIN = "order.link_sent"
    ADDRESS_CORRECTED = "order.address"
    NOTE_CHANGED = "order.note"
    REFUND_BOOKED = "refund.booked"
    ORDERS_EXPORTED = "orders.exported"
    LEDGER_EXPORTED = "ledger.exported"
    # tills
    TILL_ON = "till.on"
    TILL_OFF = "till.off"
    TILL_KEYS_CHANGED = "till.keys"
    TILL_CHANGED = "till.changed"
    # letters
    LETTER_ANSWERED = "letter.answered"
    LETTERS_ARCHIVED = "letters.archived"
    LETTERS_BROUGHT_BACK = "letters.brought_back"
    LETTERS_BLOCKED = "letters.blocked"
    LETTERS_UNBLOCKED = "letters.unblocked"
    LETTERS_UNREAD = "letters.unread"
    SAVED_ADDED = "saved.added"
    SAVED_CHANGED = "saved.changed"
    SAVED_DELETED = "saved.deleted"
    REPORT_ANSWERED = "report.answered"
    REPORT_CLOSED = "report.closed"
    # the shop
    SETTINGS_CHANGED = "settings.changed"
    CHECKLIST_DONE = "checklist.done"
    # look and address
    LOGO_CHANGED = "logo.changed"
    LOGO_REMOVED = "logo.removed"
    ADDRESS_CHANGED = "address.changed"


WORDS: Mapping[What, str] = {
    What.SIGNED_IN: N_("signed in"),
    What.SIGNED_OUT: N_("signed out"),
    What.PASSWORD_SET: N_("set a password"),
    What.NAME_CHANGED: N_("changed their name"),
    What.PASSKEY_ADDED: N_("added a passkey"),
    What.PASSKEY_RENAMED: N_("renamed a passkey"),
    What.PASSKEY_REMOVED: N_("removed a passkey"),
    What.SESSIONS_ENDED: N_("signed out elsewhere"),
    What.LINK_MADE: N_("made a sign-in link for %(subject)s"),
    What.PERSON_INVITED: N_("invited %(subject)s"),
    What.PERSON_CHANGED: N_("changed what %(subject)s is or may do"),
    What.PERSON_ENDED: N_("ended the access of %(subject)s"),
    What.PERSON_RESTORED: N_("let %(subject)s in again"),
    What.WORK_RETIRED: N_("retired %(subject)s"),
    What.WORK_RESTORED: N_("published %(subject)s again"),
    What.WORK_WITHHELD: N_("withheld %(subject)s"),
    What.WORK_PUBLISHED: N_("published %(subject)s"),
    What.EDITION_PUBLISHED: N_("published a new edition of %(subject)s"),
    What.WORDS_CHANGED: N_("changed the words of %(subject)s"),
    What.MIRROR_ADDED: N_("noted a mirror of %(subject)s"),
    What.MIRROR_REMOVED: N_("took a mirror of %(subject)s off the list"),
    What.MADE_AGAIN: N_("had a format of %(subject)s made again"),
    What.MAKING_STOPPED: N_("stopped a format of %(subject)s"),
    What.COLOPHON_CHOSEN: N_("chose for %(subject)s whether its files say where they come from: %(colophon)s"),
    What.SAMPLE_WITHDRAWN: N_("withdrew a sample of %(subject)s"),
    What.WORKS_ORDERED: N_("put the works into another order"),
    What.DRAFT_SCHEDULED: N_("chose when %(subject)s is published"),
    What.DRAFT_TAKEN_BACK: N_("took %(subject)s back before it was published"),
    What.DRAFT_DISCARDED: N_("threw %(subject)s away"),
    What.COLLECTION_MADE: N_("made %(subject)s"),
    What.COLLECTION_CHANGED: N_("changed %(subject)s"),
    What.COLLECTION_RETIRED: N_("retired %(subject)s"),
    What.COLLECTION_RESTORED: N_("published %(subject)s again"),
    What.FILE_ADDED: N_("added a file to %(subject)s"),
    What.FILE_CHANGED: N_("changed a file of %(subject)s"),
    What.FILE_REMOVED: N_("took a file out of %(subject)s"),
    What.PAYMENT_CONFIRMED: N_("confirmed the payment %(subject)s"),
    What.PAYMENT_LOOKED: N_("looked again at the payments of %(subject)s"),
    What.LINK_SENT_AGAIN: N_("sent the link of %(subject)s again"),
    What.ADDRESS_CORRECTED: N_("corrected the address of %(subject)s"),
    What.NOTE_CHANGED: N_("changed the note of %(subject)s"),
    What.REFUND_BOOKED: N_("booked money that went back for %(subject)s"),
    What.ORDERS_EXPORTED: N_("took the orders out as a table"),
    What.LEDGER_EXPORTED: N_("took the ledger out as a table"),
    What.TILL_ON: N_("switched %(subject)s on"),
    What.TILL_OFF: N_("switched %(subject)s off"),
    What.TILL_KEYS_CHANGED: N_("gave %(subject)s new keys"),
    What.TILL_CHANGED: N_("changed %(subject)s"),
    What.LETTER_ANSWERED: N_("answered a letter of %(subject)s"),
    What.LETTERS_ARCHIVED: N_("archived the letters of %(subject)s"),
    What.LETTERS_BROUGHT_BACK: N_("brought the letters of %(subject)s back"),
    What.LETTERS_BLOCKED: N_("closed the letters of %(subject)s"),
    What.LETTERS_UNBLOCKED: N_("opened the letters of %(subject)s again"),
    What.LETTERS_UNREAD: N_("marked the letters of %(subject)s as unread"),
    What.SAVED_ADDED: N_("kept the saved answer %(subject)s"),
    What.SAVED_CHANGED: N_("changed the saved answer %(subject)s"),
    What.SAVED_DELETED: N_("deleted the saved answer %(subject)s"),
    What.REPORT_ANSWERED: N_("answered the report %(subject)s"),
    What.REPORT_CLOSED: N_("answered and closed the report %(subject)s"),
    What.SETTINGS_CHANGED: N_("changed %(subject)s"),
    What.CHECKLIST_DONE: N_("put the checklist away"),
    What.LOGO_CHANGED: N_("put up another logo"),
    What.LOGO_REMOVED: N_("took the logo away"),
    What.ADDRESS_CHANGED: N_("changed the shop’s address to %(subject)s"),
}


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is about to be done. `who`: a creator's id, None for whoever works on the shop's machine.
    `details` hold no secret and nothing that a reader wrote."""

    who: int | None
    what: What
    subject: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


class Room(StrEnum):
    """Where a deed was done, for who looks through the log."""

    PEOPLE = "people"
    WORKS = "works"
    SALES = "sales"
    LETTERS = "letters"
    SHOP = "shop"


ROOMS: Mapping[Room, str] = {
    Room.PEOPLE: N_("Signing in and people"),
    Room.WORKS: N_("Works"),
    Room.SALES: N_("Orders and money"),
    Room.LETTERS: N_("Letters"),
    Room.SHOP: N_("The shop"),
}

# the first word of a deed's name → its room; a deed of none of these is the shop's
ROOM_OF: Mapping[str, Room] = {
    **dict.fromkeys(("signin", "person"), Room.PEOPLE),
    **dict.fromkeys(("work", "works", "edition", "draft", "file", "upload", "collection"), Room.WORKS),
    **dict.fromkeys(("order", "orders", "payment", "refund", "ledger", "till"), Room.SALES),
    **dict.fromkeys(("letter", "letters", "thread", "saved", "notices", "report"), Room.LETTERS),
}


def room_of(deed: str) -> Room:
    """The room of a deed, also of one that a newer version wrote."""
    return ROOM_OF.get(deed.partition(".")[0], Room.SHOP)


if set(ROOMS) != set(Room):
    raise RuntimeError("a room without its words")
if set(WORDS) != set(What):
    raise RuntimeError("a deed without its words")
