"""A cover for a work that has no picture: its title, set large above a quiet river, in the shop's own colour.

The same words give the same pixels. Everything is one channel of brightness first (waves, and the light on them), and
gets its colours at the end, from a ramp around the accent; the lettering is the one typeface that Pillow carries
(Aileron, CC0; English letters), else one of this machine's. A title that none of them can set is left to the page: the
cover is the river alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from headwaters.ports import Cover

Rgb = tuple[int, int, int]

_PAPER: Rgb = (251, 250, 246)
_BLACK: Rgb = (8, 14, 18)
_READ = 5.5  # contrast of the lettering
_BANDS = 7
_FINE = 2  # waves are drawn twice as large, for smooth edges
_LARGEST, _SMALLEST = 0.17, 0.055  # letters, in parts of the width
_LEADING = 1.12
_TURNED = frozenset({"R", "AL", "AN"})
_JOINED = frozenset({"Mn", "Mc", "Me", "Cs", "Co", "Cn"})
# Looked for by Pillow where Linux, macOS and Windows keep their typefaces.
_ELSEWHERE = (
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "LiberationSans-Regular.ttf",
    "HelveticaNeue.ttc",
    "Arial.ttf",
    "segoeui.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "msgothic.ttc",
)


def draw_cover(cover: Cover, width: int) -> Image.Image:
    """The cover at a width in pixels."""
    height = max(1, round(width * cover.height / cover.width))
    picture = _coloured(_river(cover, width, height), _ramp(_rgb(cover.accent)))
    _set_title(picture, cover)
    return picture


# ── the river ────────────────────────────────────────────────────────────────────────────────────


def _chances(cover: Cover) -> Iterator[float]:
    """Numbers from 0 to 1, always the same for the same words."""
    seed = hashlib.sha256(f"{cover.title}\0{cover.by}".encode("utf-8", "surrogatepass")).digest()
    for block in range(16):
        for byte in hashlib.sha256(seed + bytes([block])).digest():
            yield byte / 255


def _river(cover: Cover, width: int, height: int) -> Image.Image:
    """Brightness from 0 (the air above) to 255 (the nearest water), with soft edges between the waves."""
    wide, high = width * _FINE, height * _FINE
    picture = Image.new("L", (wide, high), 0)
    draw = ImageDraw.Draw(picture)
    chance = _chances(cover)
    for band in range(1, _BANDS + 1):
        share = band / _BANDS
        level = high * (0.56 + 0.44 * (share - 1 / _BANDS) ** 0.92)
        swell = high * (0.012 + 0.034 * next(chance)) * (0.55 + share)
        length = 0.55 + 1.1 * next(chance)
        turn, lean = 2 * math.pi * next(chance), (next(chance) - 0.5) * high * 0.05
        edge = _edge(wide, level, swell, length, turn, lean)
        draw.polygon([*edge, (wide, high), (0, high)], fill=round(255 * share))
    return picture.resize((width, height), Image.Resampling.BOX)


def _edge(wide: int, level: float, swell: float, length: float, turn: float, lean: float) -> list[tuple[float, float]]:
    """The upper edge of one wave, from left to right: two swells, one in the other, so that it never looks ruled."""
    points = []
    for step in range(97):
        part = step / 96
        rise = math.sin(turn + 2 * math.pi * part * length) + 0.35 * math.sin(
            2.3 * turn + 2 * math.pi * part * length * 2.1
        )
        points.append((wide * part, level + swell * rise + lean * (part - 0.5)))
    return points


# ── colours ──────────────────────────────────────────────────────────────────────────────────────


def _rgb(accent: str) -> Rgb:
    digits = accent.lstrip("#")
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _luminance(colour: Rgb) -> float:
    """WCAG 2.2's relative luminance."""
    linear = [part / 3294.6 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: Rgb, other: Rgb) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _ground(accent: Rgb) -> Rgb:
    """The accent, darkened only as far as it takes to read paper-white letters on it."""
    shades = (_mix(accent, _BLACK, step / 40) for step in range(41))
    return next((shade for shade in shades if _contrast(shade, _PAPER) >= _READ), _BLACK)


def _ramp(accent: Rgb) -> list[Rgb]:
    """256 colours: the ground, then a lighter far bank, and down to deep water."""
    ground = _ground(accent)
    far, deep = _mix(ground, _PAPER, 0.3), _mix(ground, _BLACK, 0.55)
    first = 255 / _BANDS
    return [
        _mix(ground, far, level / first)
        if level <= first
        else _mix(far, deep, ((level - first) / (255 - first)) ** 0.8)
        for level in range(256)
    ]


def _coloured(levels: Image.Image, ramp: Sequence[Rgb]) -> Image.Image:
    channels = [levels.point([colour[channel] for colour in ramp]) for channel in range(3)]
    return Image.merge("RGB", channels)


# ── lettering ────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=256)
def _font(size: int, name: str = "") -> ImageFont.FreeTypeFont:
    """The typeface that Pillow carries, or one that this machine has. Raises OSError where it has not."""
    found = ImageFont.truetype(name, size) if name else ImageFont.load_default(size=size)
    assert isinstance(found, ImageFont.FreeTypeFont)
    return found


@lru_cache(maxsize=4096)
def _has(letter: str, name: str) -> bool:
    """Whether a typeface has this letter, and not its box for letters that it lacks."""
    font = _font(40, name)
    mask, none = font.getmask(letter), font.getmask("\U0010fffe")
    return letter.isspace() or (mask.size, bytes(mask)) != (none.size, bytes(none))


@lru_cache(maxsize=256)
def _typeface(text: str) -> str | None:
    """A typeface that has all letters of `text`: Pillow's own (empty), else one of this machine's; None for none.

    Scripts that run from right to left, or whose letters join, take more than a row of letters: they are left alone.
    """
    if not text.strip() or any(unicodedata.bidirectional(letter) in _TURNED for letter in text):
        return None
    if any(unicodedata.category(letter) in _JOINED for letter in text):
        return None
    for name in ("", *_ELSEWHERE):
        with contextlib.suppress(OSError):
            if all(_has(letter, name) for letter in text):
                return name
    return None


def _set_title(picture: Image.Image, cover: Cover) -> None:
    width, height = picture.size
    margin, draw = round(width * 0.085), ImageDraw.Draw(picture)
    room = width - 2 * margin
    title, by = (" ".join(unicodedata.normalize("NFC", text).split()) for text in (cover.title, cover.by))
    if (face := _typeface(title)) is not None:
        size, lines = _fitted(title, face, room, height * 0.46, width)
        for number, line in enumerate(lines):
            draw.text((margin, margin * 0.8 + number * size * _LEADING), line, _PAPER, _font(size, face))
    if (face := _typeface(by)) is not None:
        small = round(width * 0.036)
        line = _shortened(by, _font(small, face), room)
        draw.text((margin, height - margin * 0.8 - small), line, _mix(_PAPER, _BLACK, 0.12), _font(small, face))


def _fitted(title: str, face: str, room: float, high: float, width: int) -> tuple[int, list[str]]:
    """The largest size at which the title fits, and its lines."""
    size, least = round(width * _LARGEST), round(width * _SMALLEST)
    while size > least:
        lines = _lines(title, _font(size, face), room)
        whole = all(_font(size, face).getlength(word) <= room for word in title.split())
        if whole and len(lines) * size * _LEADING <= high:
            return size, lines
        size = round(size * 0.94)
    most = max(1, int(high / (least * _LEADING)))
    lines = _lines(title, _font(least, face), room)
    return least, lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1] + " …"]


def _lines(title: str, font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    """The title in lines that fit; a word that is longer than a line is cut."""
    lines: list[str] = []
    for word in title.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= room:
            lines[-1] += f" {word}"
            continue
        lines.append("")
        for letter in word:
            if lines[-1] and font.getlength(lines[-1] + letter) > room:
                lines.append("")
            lines[-1] += letter
    return lines


def _shortened(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + " …") > room:
        text = text[:-1]
    return text.rstrip() + " …"
