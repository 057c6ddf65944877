"""What can go wrong, as one tree.

    HeadwatersError
    ├── Refused            what was asked for cannot be; nothing changed        (CLI exit 1, HTTP 4xx)
    │   ├── NotFound       no such thing, or not for whoever asks               (HTTP 404)
    │   ├── Conflict       it was changed, or done, by somebody else            (HTTP 409)
    │   ├── TooLarge       more than the limit                                  (HTTP 413)
    │   └── Limited        too often; try later                                 (HTTP 429)
    ├── WrongUse           the command or its arguments make no sense           (CLI exit 2)
    └── Unavailable        the outside (a till, a disk, mail) did not answer; try again (HTTP 503)

Every error carries a stable `code` (listed in docs/develop/errors.md, which a test holds against this
module), a message for a person as a gettext msgid with named placeholders, the values for them, and
where it helps a hint: what to do about it.
"""

from __future__ import annotations

from enum import StrEnum


def N_(message: str) -> str:
    """Mark a message for translation; floors above translate it when they show it."""
    return message


class Code(StrEnum):
    """The stable names of what can go wrong; new ones are added, none is renamed."""

    # money and doors
    AMOUNT_MISSING = "amount_missing"
    AMOUNT_NOT_A_NUMBER = "amount_not_a_number"
    AMOUNT_TOO_SMALL = "amount_too_small"
    AMOUNT_TOO_LARGE = "amount_too_large"
    AMOUNT_TOO_PRECISE = "amount_too_precise"
    CURRENCY_UNKNOWN = "currency_unknown"
    DOOR_UNKNOWN = "door_unknown"
    DOOR_CLOSED = "door_closed"
    TILL_UNKNOWN = "till_unknown"
    TILL_OFF = "till_off"
    TILL_DOWN = "till_down"
    TILL_KEY_REFUSED = "till_key_refused"
    TILL_KEY_WEAK = "till_key_weak"
    TILL_DOUBTFUL = "till_doubtful"
    TILL_EVENTS = "till_events"
    PAYMENT_STATE = "payment_state"
    COUNTRY_UNKNOWN = "country_unknown"
    TIME_INVALID = "time_invalid"
    COSTS_INVALID = "costs_invalid"
    EVENT_FORGED = "event_forged"
    EVENT_EARLY = "event_early"
    EVENT_BROKEN = "event_broken"
    # works and files
    WORK_UNKNOWN = "work_unknown"
    WORK_RETIRED = "work_retired"
    WORK_WITHHELD = "work_withheld"
    SLUG_TAKEN = "slug_taken"
    SLUG_INVALID = "slug_invalid"
    RIGHTS_MISSING = "rights_missing"
    LICENCE_UNKNOWN = "licence_unknown"
    NOTHING_TO_PUBLISH = "nothing_to_publish"
    FILE_MISSING = "file_missing"
    FILE_CHANGED = "file_changed"
    FILE_UNREADABLE = "file_unreadable"
    FILE_UNKNOWN_KIND = "file_unknown_kind"
    FILE_WRONG_KIND = "file_wrong_kind"
    FILE_EMPTY = "file_empty"
    NAME_INVALID = "name_invalid"
    NAMES_COLLIDE = "names_collide"
    LINK_LOOP = "link_loop"
    MANIFEST_BROKEN = "manifest_broken"
    DISK_FULL = "disk_full"
    FILE_CUT_OFF = "file_cut_off"
    FILE_LEADS_OUT = "file_leads_out"
    STILL_TELLS = "still_tells"
    FILE_TOO_LARGE = "file_too_large"
    UPLOAD_UNKNOWN = "upload_unknown"
    UPLOAD_OFFSET = "upload_offset"
    UPLOAD_BUSY = "upload_busy"
    UPLOAD_DAMAGED = "upload_damaged"
    UPLOAD_CLOSED = "upload_closed"
    BLOB_MISSING = "blob_missing"
    BLOB_CHANGED = "blob_changed"
    STORAGE_DOWN = "storage_down"
    NOT_MADE = "not_made"
    TORRENT_MISSING = "torrent_missing"
    MIRROR_UNKNOWN = "mirror_unknown"
    MIRRORS_FULL = "mirrors_full"
    # drafts and collections
    DRAFT_UNKNOWN = "draft_unknown"
    DRAFT_STATE = "draft_state"
    DAY_INVALID = "day_invalid"
    CHANGED_MEANWHILE = "changed_meanwhile"
    COLLECTION_UNKNOWN = "collection_unknown"
    # orders, letters, mail
    ORDER_UNKNOWN = "order_unknown"
    GRANT_UNKNOWN = "grant_unknown"
    LETTER_EMPTY = "letter_empty"
    LETTER_TOO_LONG = "letter_too_long"
    LETTER_UNKNOWN = "letter_unknown"
    LETTERS_CLOSED = "letters_closed"
    LETTERS_NEWER = "letters_newer"
    SAVED_TITLE = "saved_title"
    SAVED_TAKEN = "saved_taken"
    SAVED_CHANGED = "saved_changed"
    SAVED_FULL = "saved_full"
    SAVED_UNKNOWN = "saved_unknown"
    EMAIL_INVALID = "email_invalid"
    MAIL_OFF = "mail_off"
    MAIL_REFUSED = "mail_refused"
    MAIL_DOWN = "mail_down"
    REPORT_UNKNOWN = "report_unknown"
    REPORT_NEWER = "report_newer"
    TOO_OFTEN = "too_often"
    LOST_NOTHING = "lost_nothing"
    LOST_SPENT = "lost_spent"
    # the shop
    SHOP_MISSING = "shop_missing"
    SHOP_EXISTS = "shop_exists"
    CONFIG_BROKEN = "config_broken"
    SETTING_INVALID = "setting_invalid"
    SECRET_LOCKED = "secret_locked"  # noqa: S105  (a code, not a secret)
    EDIT_CONFLICT = "edit_conflict"
    SETTING_CHANGED = "setting_changed"
    LOGO_UNREADABLE = "logo_unreadable"
    LOGO_TOO_LARGE = "logo_too_large"
    THEME_UNKNOWN = "theme_unknown"
    THEME_BROKEN = "theme_broken"
    ADDRESS_INVALID = "address_invalid"
    ADDRESS_FORBIDDEN = "address_forbidden"
    ADDRESS_NOWHERE = "address_nowhere"
    ADDRESS_SILENT = "address_silent"
    ADDRESS_UNSAFE = "address_unsafe"
    ADDRESS_ELSEWHERE = "address_elsewhere"
    DATABASE_DOWN = "database_down"
    DATABASE_OLD = "database_old"
    DATABASE_NEWER = "database_newer"
    SIGN_IN_NEEDED = "sign_in_needed"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_SPENT = "sign_in_spent"
    PASSWORD_WEAK = "password_weak"  # noqa: S105  (a code, not a password)
    PASSKEY_REFUSED = "passkey_refused"
    PASSKEY_UNKNOWN = "passkey_unknown"
    PERSON_UNKNOWN = "person_unknown"
    PERSON_NAME = "person_name"
    RIGHT_MISSING = "right_missing"
    LAST_CREATOR = "last_creator"
    PAGE_UNKNOWN = "page_unknown"
    PAGE_NOT_YOURS = "page_not_yours"
    FORM_BROKEN = "form_broken"
    FOREIGN_FORM = "foreign_form"
    WRONG_USE = "wrong_use"


class HeadwatersError(Exception):
    """Root of everything this software raises on purpose."""

    def __init__(self, code: Code, message: str, *, hint: str = "", field: str = "", **values: object) -> None:
        """`message` and `hint` are msgids with %(name)s placeholders; `field` names the form field or option."""
        self.code = code
        self.message = message
        self.hint = hint
        self.field = field
        self.values = values
        super().__init__(message % values if values else message)

    @property
    def hint_text(self) -> str:
        """The hint in the language of the source, placeholders filled."""
        return self.hint % self.values if self.values else self.hint


class Refused(HeadwatersError):
    """What was asked for cannot be; nothing changed."""


class NotFound(Refused):
    """No such thing, or not for whoever asks: the two look the same."""


class Conflict(Refused):
    """Changed or done by somebody else in the meantime."""


class TooLarge(Refused):
    """More than the limit."""


class Limited(Refused):
    """Too often; `retry_after` seconds tell when it is worth trying again."""

    def __init__(self, code: Code, message: str, *, retry_after: int, hint: str = "", **values: object) -> None:
        super().__init__(code, message, hint=hint, field="", **values)
        self.retry_after = retry_after


class WrongUse(HeadwatersError):
    """The command or its arguments make no sense."""


class Unavailable(HeadwatersError):
    """The outside did not answer; the same request may work later."""
