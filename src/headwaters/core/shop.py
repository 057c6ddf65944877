"""What the shop is: its settings, as rows of (key, text) in the database, changed while it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation

from headwaters.core.address import check_address
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.letters import clean_address
from headwaters.core.look import COVERS, RIVER, SCHEMES, TYPES, is_theme_name
from headwaters.core.notices import OLD_WISHES, Wish
from headwaters.core.sales.iban import check_iban
from headwaters.core.sales.money import check_currency
from headwaters.core.works.formats import USUAL, read_choice
from headwaters.core.works.taste import OFF as NO_TASTE
from headwaters.core.works.taste import USUAL as USUAL_TASTE
from headwaters.core.works.taste import check_taste

_ACCENT = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.ASCII | re.IGNORECASE)
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")  # databases, mail and headers refuse some of it
LONGEST_SETTING = 20_000  # characters
SEALED = "sealed:1:"  # how the row of a secret begins that a vault has sealed; the number is that of the way
LONGEST_LINE = 120  # of a name; it stands at the top of each page, and in the subject of mails


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults. The field's name is the row's key and the command line's word for it.

    Secrets are as the row has them: sealed. They are opened where they are used, and nowhere else.
    """

    name: str = field(default="", metadata={"doc": "The shop's name, at the top of each page"})
    tagline: str = field(default="", metadata={"doc": "A few words beside the name"})
    creator: str = field(default="", metadata={"doc": "Your name, as you sign your letters"})
    language: str = field(default="en", metadata={"doc": "Language of the shop's pages"})
    currency: str = field(default="EUR", metadata={"doc": "ISO 4217 code of new prices"})
    about: str = field(default="", metadata={"doc": "The About page, in Markdown"})
    imprint: str = field(default="", metadata={"doc": "Who runs this shop, as the law asks: name, address, contact"})
    contact_email: str = field(default="", metadata={"doc": "The address shown on the About page"})
    accent: str = field(default="", metadata={"doc": "Accent colour, like #0d4a68; empty for the theme’s own"})
    type: str = field(
        default="", metadata={"doc": "Type: letter, plain, book or typewriter; empty for the theme’s own"}
    )
    cover: str = field(
        default="auto", metadata={"doc": "Where a work’s art stands: auto, above, beside, full or small"}
    )
    scheme: str = field(default="auto", metadata={"doc": "Light or dark: auto (as the reader’s device), light or dark"})
    theme: str = field(default=RIVER, metadata={"doc": "The design of the pages; “headwaters themes” lists them"})
    colophon: str = field(
        default="on",
        metadata={"doc": "Files say where they come from and where to pay (on), or stay as they are (off)"},
    )
    next_address: str = field(
        default="", metadata={"doc": "The address that the shop is moving to, while it is checked"}
    )
    stripe_secret_key: str = field(default="", metadata={"doc": "Stripe: the secret key (sk_…)", "secret": True})
    stripe_webhook_secret: str = field(
        default="", metadata={"doc": "Stripe: the webhook's signing secret (whsec_…)", "secret": True}
    )
    stripe_fee_percent: str = field(
        default="1.5", metadata={"doc": "What Stripe keeps of a payment, in per cent (an estimate)"}
    )
    stripe_fee_fixed: str = field(default="0.25", metadata={"doc": "Stripe's fixed part of a payment, an estimate"})
    by_hand: str = field(default="off", metadata={"doc": "Payment by hand: off, on, or trust (files come at once)"})
    by_hand_name: str = field(default="", metadata={"doc": "Who gets the money of a bank transfer"})
    by_hand_iban: str = field(default="", metadata={"doc": "The IBAN that bank transfers go to"})
    by_hand_instructions: str = field(
        default="", metadata={"doc": "How to pay you by bank transfer or in cash; the reference is added"}
    )
    practice: str = field(default="off", metadata={"doc": "The practice till: on or off; no real money moves"})
    notify_email: str = field(default="", metadata={"doc": "Where your own notices go"})
    notify_orders: str = field(default="never", metadata={"doc": "Notices of orders: each, daily or never"})
    notify_letters: str = field(default="never", metadata={"doc": "Notices of letters: each, daily or never"})
    notify_hour: str = field(default="7", metadata={"doc": "The hour of the daily notice, 0 to 23, in UTC"})
    check_files: str = field(
        default="month", metadata={"doc": "How often every file is read again at night: week, month or never"}
    )
    taste: str = field(
        default=USUAL_TASTE,
        metadata={"doc": "How much of a work can be tried on its page, such as “30 seconds, 1 chapter”; or off"},
    )
    formats: str = field(
        default=USUAL,
        metadata={"doc": "The formats that are made of new works: flac, mp3, opus, 1080, 480, webp; or none"},
    )


def _one_of(*allowed: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in allowed:
            raise ValueError(N_("It is one of: %(allowed)s."), {"allowed": ", ".join(filter(None, allowed))})
        return text

    return check


def _wish(text: str) -> str:
    """Also in the words of before: on, off."""
    return _one_of(*Wish)(OLD_WISHES.get(text, text))


def _hour(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and int(text) < 24):
        raise ValueError(N_("It is an hour from 0 to 23."), {})
    return str(int(text))


def _decimal(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(N_("It is a number such as 2.9."), {}) from None
    if not number.is_finite() or not 0 <= number < 100:
        raise ValueError(N_("It is a number from 0 to 100."), {})
    return text


def _email(text: str) -> str:
    try:
        return clean_address(text) or ""
    except Refused:
        raise ValueError(N_("It is an e-mail address."), {}) from None


def _line(text: str) -> str:
    """One line, however it was typed."""
    text = " ".join(text.split())
    if len(text) > LONGEST_LINE:
        raise ValueError(N_("It has %(most)d characters at most."), {"most": LONGEST_LINE})
    return text


def _accent(text: str) -> str:
    """As #rrggbb, also where it was typed without the # or in short."""
    if not text:
        return ""
    found = _ACCENT.fullmatch(text)
    if found is None:
        raise ValueError(N_("That is no colour: # and six of the signs 0–9 and a–f, such as #0d4a68."), {})
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError(N_("It is a language such as en, de or pt-BR."), {})
    return text


def _theme(text: str) -> str:
    if not is_theme_name(text):
        raise ValueError(N_("It is a theme’s name: a–z, 0–9 and hyphens."), {})
    return text


def _address(text: str) -> str:
    return check_address(text) if text else ""


def _taste(text: str) -> str:
    try:
        return check_taste(text) or NO_TASTE
    except Refused as wrong:
        raise ValueError(wrong.message, wrong.values) from None


def _formats(text: str) -> str:
    try:
        return read_choice(text) or USUAL
    except ValueError as wrong:
        raise ValueError(N_("There is no format “%(name)s”."), {"name": str(wrong)}) from None


def _starting(pattern: str, starts: str) -> Callable[[str], str]:
    """A key of somebody else's making: only how it starts is known, and it is what people mix up."""

    def check(text: str) -> str:
        if text and not re.fullmatch(pattern + r"[\w+/=-]+", text, re.ASCII):
            raise ValueError(N_("It starts with %(starts)s."), {"starts": starts})
        return text

    return check


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "name": _line,
    "tagline": _line,
    "creator": _line,
    "language": _language,
    "currency": check_currency,
    "accent": _accent,
    "type": _one_of("", *TYPES),
    "cover": _one_of(*COVERS),
    "scheme": _one_of(*SCHEMES),
    "theme": _theme,
    "colophon": _one_of("on", "off"),
    "next_address": _address,
    "contact_email": _email,
    "notify_email": _email,
    "stripe_secret_key": _starting("(?:sk|rk)_(?:live|test)_", "sk_live_, rk_live_, sk_test_ or rk_test_"),
    "stripe_webhook_secret": _starting("whsec_", "whsec_"),
    "stripe_fee_percent": _decimal,
    "stripe_fee_fixed": _decimal,
    "by_hand": _one_of("off", "on", "trust"),
    "by_hand_iban": check_iban,
    "practice": _one_of("off", "on"),
    "notify_orders": _wish,
    "notify_letters": _wish,
    "notify_hour": _hour,
    "check_files": _one_of("week", "month", "never"),
    "taste": _taste,
    "formats": _formats,
}

KEYS: tuple[str, ...] = tuple(item.name for item in fields(Settings))
SECRET_KEYS: frozenset[str] = frozenset(item.name for item in fields(Settings) if item.metadata.get("secret"))
DOCS: Mapping[str, str] = {item.name: item.metadata["doc"] for item in fields(Settings)}


def check_setting(key: str, text: str) -> str:
    """The value as it will be kept. Raises Refused(SETTING_INVALID) naming the key as the field;
    pages show what it says beside that field, and the command line writes its name before it."""
    if key not in KEYS:
        raise Refused(
            Code.SETTING_INVALID,
            N_("There is no setting %(key)s."),
            hint=N_("“headwaters settings” lists them."),
            field=key,
            key=key,
        )
    text = text.strip()
    if len(text) > LONGEST_SETTING:
        raise Refused(Code.SETTING_INVALID, N_("It is too long."), field=key)
    if _NO_TEXT.search(text):
        raise Refused(Code.SETTING_INVALID, N_("There is an invisible character in it."), field=key)
    check = _CHECKS.get(key)
    if check is None:
        return text
    try:
        return check(text)
    except ValueError as wrong:
        message, values = wrong.args
        raise Refused(Code.SETTING_INVALID, message, field=key, **values) from None


def is_sealed(text: str) -> bool:
    """Whether a row's text was sealed by a vault."""
    return text.startswith(SEALED)


def masked(secret: str) -> str:
    """A secret as it may be shown: its last four characters, where it is long enough not to be told by them."""
    return "•" * 4 + (secret[-4:] if len(secret) >= 12 else "") if secret else ""


def says_how_to_pay(settings: Settings) -> bool:
    """Whether readers are told how to pay by hand."""
    return bool(settings.by_hand_iban or settings.by_hand_instructions.strip())


def settings_from_rows(rows: Mapping[str, str]) -> Settings:
    """Settings from the table's rows; unknown keys (of a newer version) are left alone."""
    known = {key: rows[key] for key in KEYS if key in rows}
    return Settings(**known)
