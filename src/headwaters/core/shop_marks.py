"""Marks: what the shop remembers about itself and nobody sets by hand. Rows beside its settings, with own names."""

from __future__ import annotations

from enum import StrEnum


class Mark(StrEnum):
    """The names of the rows. None holds a secret."""

    STRIPE = "mark.stripe"  # what Stripe said of the keys when they were checked: core.sales.till_check
    MAIL_TRIED = "mark.mail_tried"  # when the mail server was tried and answered; ISO 8601
    LOOKING = "mark.looking"  # who reads the files at night, and until when: actions.storage
    NOT_OURS = "mark.not_ours"  # the place whose mark is another shop's, as it was found last: errands.claims
    CHECKLIST_DONE = "mark.checklist_done"  # when the checklist was put away; ISO 8601
