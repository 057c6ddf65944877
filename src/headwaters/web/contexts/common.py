"""What several pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Logo:
    """The shop's own picture."""

    src: str  # its address
    width: int  # in pixels, about three times what it is shown with
    height: int


@dataclass(frozen=True, slots=True)
class Site:
    """The shop around a page."""

    name: str  # what the shop calls itself
    tagline: str  # a few words beside the name, or empty
    creator: str  # who signs the letters; the shop's name where none was given
    language: str  # of the page, as a BCP 47 tag
    direction: str  # ltr or rtl
    url: str  # the public address, without a slash at its end
    path: str  # the page's own path on it; empty where a page is private
    style: str  # address of the style sheet, of the theme or the built-in one
    look: str  # address of a tiny sheet with the creator's own colour and type, or empty
    script: str  # address of the script, which every page can do without
    icon: str  # address of the icon
    logo: Logo | None  # stands in place of the name where there is one
    theme: str  # name of the theme that the page wears
    cover: str  # where the creator wants a work's art: auto, above, beside, full or small
    scheme: str  # auto, light or dark; the style sheets at `style` and `look` follow it by themselves
    files: Mapping[str, str] = field(
        hash=False
    )  # addresses of the theme's own files in static/ and the program's, by name
    practice: bool  # the practice till is on: no real money moves here
    mail: bool  # the shop can send mail


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money."""

    minor: int  # in the currency's smallest unit
    currency: str  # ISO 4217
    text: str  # as a person reads it: €5.00
    short: str  # without cents where there are none: €5
    field: str  # as it stands in a form: 5.00


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form was refused; what was typed stands in its fields again."""

    message: str  # what happened
    hint: str  # what to do, or empty
    field: str  # the field it is about, or empty
    code: str  # its stable name, as in docs/develop/errors.md


@dataclass(frozen=True, slots=True)
class Art:
    """A work's picture, in every width the shop made."""

    src: str  # address of a middle one
    srcset: str  # all of them, for the img element
    width: int  # of the one at `src`; with `height` it keeps the place free while it loads
    height: int
    alt: str  # what is to be seen on it, or empty
    shape: str  # wide, square or tall
    small: str  # address of the smallest


@dataclass(frozen=True, slots=True)
class TillChoice:
    """A way to pay that is on."""

    name: str  # the value of the form's `till`
    label: str  # what a person calls it
    checked: bool  # the one that is chosen


@dataclass(frozen=True, slots=True)
class Cut:
    """How an amount divides at one till, as an estimate at the rate that the creator set."""

    till: str  # the till's name
    label: str  # what a person calls it
    amount: Amount  # what is paid
    fee: Amount  # what the till takes
    creator: Amount  # what the creator gets


@dataclass(frozen=True, slots=True)
class PayForm:
    """The fields of a payment."""

    amount: str  # what stands in the amount's field
    currency: str  # ISO 4217
    symbol: str  # the same as it stands beside an amount: €
    minimum: Amount | None  # the least that is taken, if there is one
    presets: tuple[Amount, ...]  # amounts to pick from
    tills: tuple[TillChoice, ...]  # empty: no till is set up
    cuts: tuple[Cut, ...]  # for the suggested price, one a till
    problem: Problem | None  # why it was refused


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file as a public page lists it."""

    label: str  # what it is, in the creator's words; its name where there are none
    name: str  # its file name
    format: str  # MP4 video, EPUB e-book; empty where it has no name
    length: str  # 62 min; empty where it has none
    size: str  # 3.1 GB
    bytes: int


@dataclass(frozen=True, slots=True)
class Licence:
    """What one may do with a work."""

    name: str  # CC BY-NC-SA 4.0
    words: str  # the same in a sentence
    url: str  # its text, or empty
