"""The colophon: plain words beside the files of an edition. Whose it is, where it lives, and how to pay what you can.

The same for everyone who takes the work: nothing in it comes from an order. Copies lead home by it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headwaters.core.errors import N_
from headwaters.core.works.licences import LICENCES

WIDTH = 76
FROM_COPY = "?from=copy"  # it tells that a copy brought someone, and nothing of whom


def home_address(page: str, edition: int) -> str:
    """A work's page as the copies of an edition lead to it: the same for all of them."""
    return f"{page}{FROM_COPY}&edition={edition}"


@dataclass(frozen=True, slots=True)
class ColophonFile:
    """One file as the ZIP names it; `size` in bytes."""

    name: str
    label: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Colophon:
    """What a colophon is made of. `address`: the work's page. `published`: the edition's day, 2026-11-22; empty
    within a file of it, which does not hang on the day. `files`: none where it speaks for the file that it lies in."""

    title: str
    by: str
    year: int | None
    edition: int
    published: str
    shop: str
    address: str
    licence: str
    files: Sequence[ColophonFile]


_FREE = N_(
    "You may keep this copy for as long as you like, on every device you own, and make copies to keep it safe. "
    "It has no lock, and nothing in it says who you are: everyone's is the same."
)
_HOME = N_("Its page, with the newest edition of it:")
_PAY = N_(
    "If someone gave you this copy: welcome. If you like it, pay what you can on its page; that goes straight to those "
    "who made it. If you cannot pay right now, that is all right too, and you can write to them there all the same."
)
_OPEN = N_("You may pass it on and make something new from it as its licence allows:")
_LICENCE = N_("Its licence:")
_RESERVED = N_("All rights are with those who made it. If a friend would like it, send them to its page.")
_CHECK = N_("These files belong to it. To see whether they are whole, run “sha256sum --check SHA256SUMS” beside them.")


def colophon_text(colophon: Colophon, translate: Callable[[str], str] = str) -> str:
    """COLOPHON.txt, with line ends as \\n. The same values always give the same text."""
    blocks = [
        _heading(colophon, translate),
        _paragraph(translate(_FREE)),
        f"{translate(_HOME)}\n  {home_address(colophon.address, colophon.edition)}",
        _paragraph(translate(_PAY)),
        _terms(colophon.licence, translate),
    ]
    if colophon.files:
        blocks += [_paragraph(translate(_CHECK)), "\n\n".join(map(_file, colophon.files))]
    return "\n\n".join(blocks) + "\n"


def _heading(colophon: Colophon, translate: Callable[[str], str]) -> str:
    lines = [colophon.title, "=" * min(max(len(colophon.title), 3), WIDTH)]
    made = ", ".join(part for part in (colophon.by, str(colophon.year or "")) if part)
    if made:
        lines.append(made)
    edition = N_("Edition %(number)s, published on %(day)s") if colophon.published else N_("Edition %(number)s")
    lines.append(translate(edition) % {"number": colophon.edition, "day": colophon.published})
    if colophon.shop and colophon.shop != colophon.by:
        lines.append(colophon.shop)
    return "\n".join(lines)


def _paragraph(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _terms(licence_id: str, translate: Callable[[str], str]) -> str:
    licence = LICENCES.get(licence_id)
    if licence is None or not licence.url:
        return _paragraph(translate(_RESERVED))
    words = _paragraph(translate(_OPEN if licence.open else _LICENCE))
    return f"{words}\n  {licence.name} ({licence.id})\n  {licence.url}"


def _file(file: ColophonFile) -> str:
    name = f"{file.label}\n{file.name}" if file.label and file.label != file.name else file.name
    return f"{name}\n  {file.size} bytes\n  SHA-256 {file.sha256}"
