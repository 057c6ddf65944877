"""A creator's own colour and type, as a tiny style sheet; the colour always such that one can read it.

What the sheet is made of stands in its address, so that any process can make it:
`/static/river/look-0d4a68-book-dark.css`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from headwaters.core.themes import Card, Colour

_BLACK: Colour = (0x0B, 0x12, 0x16)
_WHITE: Colour = (0xFF, 0xFF, 0xFF)
_ENOUGH = 5.5  # to 1; WCAG 2.2 asks for 4.5, and washes take some of it
_NIGHT = "@media (prefers-color-scheme:dark){"
_ANY_NIGHT = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)\s*\{")
_BOTH = re.compile(r"(?<!prefers-)color-scheme\s*:\s*light\s+dark")


def luminance(colour: Colour) -> float:
    """WCAG 2.2's relative luminance, 0 to 1."""
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2.2's contrast ratio, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _towards(colour: Colour, goal: Colour, step: int) -> Colour:
    red, green, blue = (part + (end - part) * step // 40 for part, end in zip(colour, goal, strict=True))
    return red, green, blue


def readable(colour: Colour, papers: tuple[Colour, ...], goal: Colour) -> Colour:
    """`colour`, moved towards `goal` only as far as it takes to read it on each of `papers`."""
    shades = (_towards(colour, goal, step) for step in range(41))
    return next((shade for shade in shades if min(contrast(shade, paper) for paper in papers) >= _ENOUGH), goal)


def css(colour: Colour) -> str:
    """#0d4a68"""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def colour_of(digits: str) -> Colour:
    """From six hexadecimal digits, with or without #."""
    digits = digits.removeprefix("#")
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


@dataclass(frozen=True, slots=True)
class Shade:
    """An accent as one scheme shows it. `before`: the contrast that it had as it was chosen; `ratio`: as it is."""

    colour: Colour
    ink: Colour  # of letters on it
    paper: Colour
    before: float
    ratio: float


def shades(accent: str, card: Card) -> tuple[Shade, Shade]:
    """`accent` on the papers of day and of night."""
    return _shade(accent, card.day, _BLACK), _shade(accent, card.night, _WHITE)


def _shade(accent: str, papers: tuple[Colour, ...], goal: Colour) -> Shade:
    chosen = colour_of(accent)
    shade = readable(chosen, papers, goal)
    ink = _BLACK if contrast(_BLACK, shade) > contrast(_WHITE, shade) else _WHITE
    before, after = (min(contrast(one, paper) for paper in papers) for one in (chosen, shade))
    return Shade(shade, ink, papers[0], before, after)


# ── type ─────────────────────────────────────────────────────────────────────────────────────────

_SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif'
_READING = (
    '"Iowan Old Style","Palatino Linotype",Palatino,"URW Palladio L",P052,"Book Antiqua","Noto Serif",Georgia,serif'
)
_BOOK = 'Charter,"Bitstream Charter","XCharter","Sitka Text",Cambria,"Source Serif 4","Noto Serif",Georgia,serif'
_TYPED = '"Courier Prime","Nimbus Mono PS","Courier New",Courier,"Liberation Mono","DejaVu Sans Mono",monospace'

# core.look.TYPES as custom properties: --serif for words, --sans for what one presses, and sizes that suit them
_TYPES: Mapping[str, str] = {
    "letter": f"--serif:{_READING};--sans:{_SANS}",
    "plain": f"--serif:{_SANS};--sans:{_SANS};--text:1rem;--more:1.1875rem;--title:clamp(2rem,1.4rem + 2.8vw,3.2rem)",
    "book": f"--serif:{_BOOK};--sans:{_BOOK};--less:1rem;--small:.875rem",
    "typewriter": (
        f"--serif:{_TYPED};--sans:{_TYPED};--text:1rem;--more:1.0625rem;--less:.9375rem;--large:1.3125rem;"
        "--title:clamp(1.6rem,1.2rem + 2vw,2.5rem)"
    ),
}


# ── the sheet ────────────────────────────────────────────────────────────────────────────────────


def look_sheet(accent: str, kind: str, scheme: str, card: Card) -> bytes:
    """The custom properties of an accent (#rrggbb or empty) and a type (or empty), in `scheme`."""
    rules = [f":root{{{_TYPES[kind]}}}"] if kind else []
    if accent:
        day, night = (f":root{{--river:{css(one.colour)};--river-ink:{css(one.ink)}}}" for one in shades(accent, card))
        rules += [day, f"{_NIGHT}{night}}}"]
    return in_scheme("\n".join(rules) + "\n", scheme).encode()


def in_scheme(sheet: str, scheme: str) -> str:
    """A style sheet for readers' devices as they are (`auto`), or as it is in one scheme whatever the device says.

    A sheet says its night in `@media (prefers-color-scheme:dark){…}` and nowhere else.
    """
    if scheme not in {"light", "dark"}:
        return sheet
    sheet = _ANY_NIGHT.sub("@media all{" if scheme == "dark" else "@media not all{", sheet)
    return _BOTH.sub(f"color-scheme:{scheme}", sheet)
