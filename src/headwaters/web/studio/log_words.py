"""A line of the audit log in words: to what it was done, and what else the log knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from headwaters.core.deeds import What
from headwaters.core.errors import N_
from headwaters.store.deeds import DeedRow
from headwaters.web.format import Format
from headwaters.web.studio.words import moment
from headwaters.web.studio.wordsform import NAMES as FIELDS

SETTINGS: Mapping[str, str] = {
    "name": N_("the shop’s name"),
    "tagline": N_("the words beside the shop’s name"),
    "creator": N_("the name below letters"),
    "language": N_("the language of the pages"),
    "currency": N_("the currency of new prices"),
    "about": N_("the About page"),
    "imprint": N_("the imprint"),
    "contact_email": N_("the e-mail address on the About page"),
    "accent": N_("the accent colour"),
    "type": N_("the type"),
    "cover": N_("where a work’s art stands"),
    "scheme": N_("light or dark"),
    "theme": N_("the theme"),
    "next_address": N_("the address that the shop moves to"),
    "stripe_secret_key": N_("Stripe’s secret key"),
    "stripe_webhook_secret": N_("the secret of Stripe’s events"),
    "stripe_fee_percent": N_("what Stripe keeps, in per cent"),
    "stripe_fee_fixed": N_("what Stripe keeps of each payment"),
    "by_hand": N_("whether one can pay by hand"),
    "by_hand_name": N_("who gets bank transfers"),
    "by_hand_iban": N_("the IBAN"),
    "by_hand_instructions": N_("how to pay by hand"),
    "practice": N_("practice"),
    "notices": N_("the notices"),
    "notify_email": N_("where notices go"),
    "notify_orders": N_("notices of orders"),
    "notify_letters": N_("notices of letters"),
    "notify_hour": N_("the hour of the daily notice"),
    "check_files": N_("how often files are looked at"),
    "taste": N_("how much of a work can be tried"),
    "formats": N_("the formats that are made"),
    "colophon": N_("whether files say where they come from"),
}
_OF_MONEY = ("by_hand", "stripe", "practice")  # settings that are for who sells

_NAMELESS = {"draft": N_("a draft"), "collection": N_("a collection"), "saved": N_("that was deleted")}
_TILLS = {"by_hand": N_("bank transfer and cash"), "stripe": N_("cards"), "practice": N_("practice")}


def is_about_money(deed: DeedRow) -> bool:
    """Whether it is a matter of who sells, wherever in the log it stands."""
    kind, _, value = deed.subject.partition(":")
    return kind == "setting" and value.startswith(_OF_MONEY)


def subject_words(said: Format, subject: str, names: Mapping[str, str]) -> str:
    """To what it was done, as a person would say it."""
    kind, _, value = subject.partition(":")
    if subject in names:
        return names[subject] if kind == "creator" else f"“{names[subject]}”"
    if kind == "order":
        return said.gettext("order %(id)s") % {"id": value}
    if kind == "setting":
        known = SETTINGS.get(value)
        return said.gettext(known) if known else said.gettext("the setting “%(key)s”") % {"key": value}
    if kind in _NAMELESS:
        return said.gettext(_NAMELESS[kind])
    if kind == "till":
        return said.gettext(_TILLS.get(value, value))
    return value or subject


# ── details ──────────────────────────────────────────────────────────────────────────────────────

_DETAILS = {
    "way": N_("by %(value)s"),
    "kind": N_("as a %(value)s"),
    "may": N_("who may %(value)s"),
    "name": N_("called “%(value)s”"),
    "from": N_("from “%(value)s”"),
    "to": N_("to “%(value)s”"),
    "sessions": N_("in %(value)s places"),
    "at": N_("for %(value)s"),
    "edition": N_("edition %(value)s"),
    "files": N_("%(value)s files"),
    "first": N_("%(value)s first"),
    "work": N_("the work %(value)s"),
    "wrong": N_("after %(value)s wrong passwords"),
    "since": N_("since %(value)s"),
    "amount": "%(value)s",
    "fields": "%(value)s",
    "step": "%(value)s",
    "do": "%(value)s",
    "due": N_("to be paid back by %(value)s"),
}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "way": {"link": N_("link"), "password": N_("password"), "passkey": N_("passkey")},
    "step": {"-1": N_("one place up"), "1": N_("one place down")},
    "do": {"in": N_("put in"), "out": N_("taken out"), "up": N_("one place up"), "down": N_("one place down")},
    "fields": FIELDS,
}
_MOMENTS = frozenset({"at", "since"})
_UNSAID = frozenset({"title", "upload"})  # the subject says it; a reference that means nothing to anybody
_ORDER = ("way", "wrong", "since")  # these, and then the others as they come


def details_words(said: Format, deed: DeedRow) -> str:
    """What else the log knows. Details that have no words here stand as they are written there."""
    named = sorted(deed.details, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    parts = ((name, deed.details[name]) for name in named if name not in _UNSAID and deed.details[name])
    return " · ".join(_detail(said, deed, name, value) for name, value in parts)


def _detail(said: Format, deed: DeedRow, name: str, value: str) -> str:
    if name == "wrong" and value == "1":
        return said.gettext("after one wrong password")
    if name in _MOMENTS:
        value = _moment(said, value)
    elif name in _VALUES:
        value = ", ".join(said.gettext(_VALUES[name].get(one, one)) for one in value.split(","))
    elif deed.what != What.SETTINGS_CHANGED:  # what was typed stays as it was typed
        value = value.replace(",", ", ")
    return said.gettext(_DETAILS[name]) % {"value": value} if name in _DETAILS else f"{name}: {value}"


def _moment(said: Format, text: str) -> str:
    try:
        return moment(said, datetime.fromisoformat(text)).text
    except ValueError:
        return text
