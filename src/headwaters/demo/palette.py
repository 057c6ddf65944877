"""The colours of one day, from before dawn to night, and how to mix them.

Colours are mixed in OKLab (Björn Ottosson, 2020), where halfway between blue and orange is a dusty rose and not mud.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

Rgb = tuple[int, int, int]
Lab = tuple[float, float, float]


def rgb(hexadecimal: str) -> Rgb:
    """`#0d4a68` → (13, 74, 104)."""
    value = int(hexadecimal.lstrip("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


@lru_cache(maxsize=4096)
def _to_lab(colour: Rgb) -> Lab:
    r, g, b = (c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _channel(linear: float) -> int:
    level = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return max(0, min(255, round(255 * level)))


def _from_lab(lab: Lab) -> Rgb:
    light, a, b = lab
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _channel(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _channel(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _channel(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """`share` 0 gives the first colour, 1 the second."""
    if share <= 0:
        return first
    if share >= 1:
        return second
    a, b = _to_lab(first), _to_lab(second)
    return _from_lab((a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share))


def ramp(stops: list[tuple[int, Rgb]]) -> bytes:
    """256 colours as the 768 bytes of a Pillow palette; `stops` are (index, colour), indexes rising from 0 to 255."""
    table = bytearray()
    for (start, first), (end, second) in pairwise(stops):
        parts = max(1, round((end - start) / 16))  # exact every 16 tones, straight between: nobody can see it
        colours = [mix(first, second, part / parts) for part in range(parts + 1)]
        for index in range(end - start):
            place = index * parts / (end - start)
            here, after, share = colours[int(place)], colours[int(place) + 1], place % 1
            table += bytes(int(c + (d - c) * share + 0.5) for c, d in zip(here, after, strict=True))
    return bytes(table + bytes(stops[-1][1]))


@dataclass(frozen=True)
class Light:
    """What the air does to every colour at one moment."""

    zenith: Rgb
    sky: Rgb
    horizon: Rgb
    near: Rgb  # what is close and in shade
    light: Rgb  # the sun's or the moon's own, on water and on the faces turned to it
    snow: Rgb
    warmth: float  # 0…1, how strongly the light side shows
    lamps: float  # 0…1, how many windows are lit

    def mixed(self, other: Light, share: float) -> Light:
        """Between this moment and another."""
        return Light(
            mix(self.zenith, other.zenith, share),
            mix(self.sky, other.sky, share),
            mix(self.horizon, other.horizon, share),
            mix(self.near, other.near, share),
            mix(self.light, other.light, share),
            mix(self.snow, other.snow, share),
            self.warmth + (other.warmth - self.warmth) * share,
            self.lamps + (other.lamps - self.lamps) * share,
        )


def _light(colours: str, warmth: float, lamps: float) -> Light:
    zenith, sky, horizon, near, light, snow = (rgb(c) for c in colours.split())
    return Light(zenith, sky, horizon, near, light, snow, warmth, lamps)


# (moment of the day 0…1, zenith sky horizon near light snow, warmth, lamps)
DAY: list[tuple[float, Light]] = [
    (0.00, _light("#142544 #4b5a84 #dc8f88 #12233e #f8d3ae #8f8fb0", 0.25, 0.0)),
    (0.05, _light("#23406b #8f86ac #f5a98a #183050 #fdd6ac #c9aebd", 0.6, 0.0)),
    (0.12, _light("#35659a #b9b9c6 #fdcb98 #1b3c56 #ffe6bd #fadccb", 0.95, 0.0)),
    (0.25, _light("#3a7fa8 #a9d0d4 #f6e6c8 #1b4a53 #fff4da #fbf6ea", 0.60, 0.0)),
    (0.38, _light("#3487b0 #9fd2d9 #eaf0de #1a5350 #fffbea #fdfbf3", 0.45, 0.0)),
    (0.47, _light("#587f91 #93b0b5 #cdd5cc #1d4a4c #f0f2e8 #dfe6e4", 0.18, 0.1)),
    (0.54, _light("#3c5566 #6b8590 #a5b4b4 #182f3a #dfe9e9 #b9c6ca", 0.05, 0.8)),
    (0.61, _light("#4a7c98 #b0c6bd #f6dfae #1c4148 #ffefc6 #e9e0cc", 0.55, 0.5)),
    (0.70, _light("#2f5578 #b58f8a #f8b46a #1a3140 #ffe0a6 #e4c4a6", 0.90, 0.6)),
    (0.77, _light("#1d3557 #83647c #ee8a57 #122437 #ffc88d #b48f92", 0.70, 0.9)),
    (0.84, _light("#10233a #35506d #c58676 #0c1a28 #f6d9b4 #6f7f96", 0.30, 1.0)),
    (0.91, _light("#0a1a2b #18384f #4f7f92 #081420 #f4ead6 #4d6f84", 0.22, 1.0)),
    (1.00, _light("#071422 #12304a #35667c #060f19 #f4ead6 #43657a", 0.25, 1.0)),
]


def light_at(moment: float) -> Light:
    """The light at a moment of the day: 0 before dawn, 0.4 noon, 0.54 rain, 0.77 sunset, 1 night."""
    for (start, first), (end, second) in pairwise(DAY):
        if moment < end:
            share = max(0.0, (moment - start) / (end - start))
            return first.mixed(second, share * share * (3 - 2 * share))
    return DAY[-1][1]
