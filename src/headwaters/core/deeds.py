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
    # works
    WORK_RETIRED = "work.retired"
    WORK_RESTORED = "work.restored"
    # sales
    PAYMENT_CONFIRMED = "payment.confirmed"
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
    # the shop
    SETTINGS_CHANGED = "settings.changed"
    CHECKLIST_DONE = "checklist.done"


WORDS: Mapping[What, str] = {
    What.SIGNED_IN: N_("signed in"),
    What.SIGNED_OUT: N_("signed out"),
    What.PASSWORD_SET: N_("set a password"),
    What.WORK_RETIRED: N_("retired %(subject)s"),
    What.WORK_RESTORED: N_("published %(subject)s again"),
    What.PAYMENT_CONFIRMED: N_("confirmed the payment %(subject)s"),
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
    What.SETTINGS_CHANGED: N_("changed %(subject)s"),
    What.CHECKLIST_DONE: N_("put the checklist away"),
}


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is about to be done. `who`: a creator's id, None for whoever works on the shop's machine.
    `details` hold no secret and nothing that a reader wrote."""

    who: int | None
    what: What
    subject: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


if set(WORDS) != set(What):
    raise RuntimeError("a deed without its words")
