"""The land along the river, from the mountains to the sea: strips wider than the screen, drawn once and then moved.

Lengths are in units of a screen of 1280 × 720; `scale` is pixels a unit. Every strip moves at its own speed, the far
ones slowly. `journey` is where the eye is: 0 at the source, 1 at the sea. A strip holds *tones* and a *mask*: tones are
indexes into a ramp of colours that changes with the light of the day (see `tone_ramp`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops

from headwaters.demo import shapes
from headwaters.demo.palette import Light, mix, ramp, rgb
from headwaters.demo.shapes import Point, Sheet

WIDTH, HEIGHT = 1280, 720
MARGIN = 24  # pictures are drawn this much wider on both sides, so that the water can sway them
HORIZON = 436
MIST, BODY, LIT, SNOW_SHADE, SNOW, LAMP = 0, 110, 170, 205, 235, 255  # the tones


@dataclass(frozen=True)
class Strip:
    """One strip of land. `top`: where it starts on the screen; `travel`: how far it moves in all; `depth`: 1 is far."""

    tones: Image.Image  # mode P
    mask: Image.Image  # mode L
    top: float
    travel: float
    depth: float
    scale: float

    def offset(self, journey: float) -> int:
        """How many pixels of the strip have left on the left."""
        return round(journey * self.travel * self.scale)

    def cut(self, journey: float, width: int) -> tuple[int, int, int, int]:
        """The part that is on the screen."""
        left = self.offset(journey)
        return left, 0, left + width, self.mask.height


@lru_cache(maxsize=64)
def tone_ramp(light: Light, depth: float, lost: float = 0.0) -> bytes:
    """The colours of a strip's tones: mist, body, the side in the light, snow, lamps; `lost` in the haze, 0…1."""
    air = mix(light.sky, light.horizon, 0.3)
    haze = mix(light.horizon, light.sky, 0.2 if depth > 0.3 else 0.5)
    body = mix(light.near, air, depth)
    mist = mix(body, haze, 0.25 + 0.6 * depth)
    lit = mix(body, light.light, light.warmth * (0.34 - 0.12 * depth))
    lamp = mix(mix(body, light.near, 0.5), rgb("#ffd58a"), light.lamps)
    stops = [
        (MIST, mist),
        (BODY, body),
        (LIT, lit),
        (SNOW_SHADE, mix(light.snow, body, 0.45)),
        (SNOW, light.snow),
        (SNOW + 8, light.snow),
    ]
    return ramp([*((tone, mix(colour, air, lost)) for tone, colour in stops), (LAMP, lamp)])


class Land:
    """Draws one strip: `where` turns a place on the journey into an x of the strip."""

    def __init__(self, travel: float, depth: float, scale: float, top: float, bottom: float) -> None:
        self.travel, self.depth, self.scale = travel, depth, scale
        self.top, self.bottom = top, bottom
        self.width = WIDTH + 2 * MARGIN + travel
        self.tones = Sheet(self.width, bottom - top, scale, BODY)
        self.mask = Sheet(self.width, bottom - top, scale)

    def where(self, journey: float) -> float:
        """The x that stands in the middle of the screen at that place of the journey."""
        return MARGIN + WIDTH / 2 + journey * self.travel

    def journey(self, x: float) -> float:
        """The inverse of `where`."""
        return (x - MARGIN - WIDTH / 2) / self.travel

    def shape(self, points: list[Point], tone: int = BODY) -> None:
        """Something solid, in screen units."""
        moved = [(x, y - self.top) for x, y in points]
        self.mask.polygon(moved)
        self.tones.polygon(moved, tone)

    def face(self, points: list[Point], tone: int) -> None:
        """A tone on something that is already there."""
        self.tones.polygon([(x, y - self.top) for x, y in points], tone)

    def disc(self, centre: Point, radius: float, tone: int = BODY) -> None:
        """A solid circle."""
        self.mask.circle((centre[0], centre[1] - self.top), radius)
        self.tones.circle((centre[0], centre[1] - self.top), radius, tone)

    def stroke(self, points: list[Point], width: float, tone: int = BODY) -> None:
        """A solid line."""
        moved = [(x, y - self.top) for x, y in points]
        self.mask.line(moved, width)
        self.tones.line(moved, width, tone)

    def strip(self, mist_from: float, mist_depth: float, seed: int) -> Strip:
        """Finish: let the tones sink into mist from `mist_from` down to the strip's bottom, by `mist_depth` (0…1)."""
        tones, mask = self.tones.reduced(), self.mask.reduced()
        start, end = (mist_from - self.top) * self.scale, tones.height
        column = Image.new("L", (1, tones.height), 255)
        for y in range(max(0, round(start)), tones.height):
            share = max(0.0, y - start) / max(1.0, end - start)
            column.putpixel((0, y), round(255 * (1 - mist_depth * share**1.4)))
        tones = ImageChops.multiply(tones, column.resize(tones.size))
        tones = ImageChops.add(tones, _tiled(shapes.grain((512, 128), seed, 2), tones.size), 1, -128)
        indexed = Image.frombytes("P", tones.size, tones.tobytes())
        return Strip(indexed, mask, self.top, self.travel, self.depth, self.scale)


def _tiled(tile: Image.Image, size: tuple[int, int]) -> Image.Image:
    whole = Image.new("L", size)
    for x in range(0, size[0], tile.width):
        for y in range(0, size[1], tile.height):
            whole.paste(tile, (x, y))
    return whole


def _ridge(land: Land, height: Callable[[float], float], step: float, foot: float) -> list[Point]:
    """A closed outline: `height` above the horizon at each x, standing on `foot`."""
    count = int(land.width / step) + 1
    line = [(i * step, HORIZON - height(i * step)) for i in range(count + 1)]
    return [(0.0, foot), *line, (land.width, foot)]


def _peak(land: Land, apex: Point, left: float, right: float, rng: Random, snow: float) -> None:
    """A mountain with a side in the light and, from the apex down to `snow` of its height, snow."""
    x, foot = apex[0], HORIZON + 20.0
    west = [*shapes.broken(rng, apex, (x - left, foot), 0.13, 5), (x - left, foot)]
    east = [*shapes.broken(rng, apex, (x + right, foot), 0.13, 5), (x + right, foot)]
    spine_end = (x + (right - left) * 0.2, foot)
    spine = [*shapes.broken(rng, apex, spine_end, 0.2, 5), spine_end]
    land.shape(west + list(reversed(east)))
    land.face(spine + list(reversed(east)), LIT)
    for share, reach in ((0.34, 0.5), (0.62, 0.36)):  # buttresses: darker folds that run down the lit side
        start = spine[int(len(spine) * share)]
        end = (start[0] + right * reach, foot)
        low = (start[0] + right * reach * 0.1, foot)
        land.face([start, *shapes.broken(rng, start, end, 0.16, 4), end, low], BODY)
    if snow:
        _snow(land, west, spine, SNOW_SHADE, snow, rng)
        _snow(land, spine, east, SNOW, snow * 1.12, rng)


def _snow(land: Land, left: list[Point], right: list[Point], tone: int, share: float, rng: Random) -> None:
    """Snow between two lines that start at the same apex, with a ragged lower edge."""
    apex, foot = left[0], left[-1]
    low = apex[1] + (foot[1] - apex[1]) * share
    upper_left = [p for p in left if p[1] <= low]
    upper_right = [p for p in right if p[1] <= low]
    start, end = upper_left[-1], upper_right[-1]
    corners: list[Point] = [start]
    count = max(2, round(abs(end[0] - start[0]) / 24))
    for i in range(1, 2 * count):
        along = (i + rng.uniform(-0.35, 0.35)) / (2 * count)
        deep = rng.choice((0.12, 0.2, 0.3, 0.62)) if i % 2 else -rng.uniform(0.05, 0.3)
        y = start[1] + (end[1] - start[1]) * along + deep * (low - apex[1]) * 0.8
        corners.append((start[0] + (end[0] - start[0]) * along, y))
    corners.append(end)
    edge = [p for a, b in pairwise(corners) for p in shapes.broken(rng, a, b, 0.12, 2)]
    land.face([*upper_left, *edge, *reversed(upper_right)], tone)


def mountains(scale: float) -> Strip:
    """The far peaks that the river comes from."""
    land = Land(travel=900, depth=0.62, scale=scale, top=90, bottom=HORIZON + 16)
    rng = Random(11)
    for x, y, left, right, snow in (
        (60, 312, 190, 170, 0.2), (330, 296, 180, 170, 0.24), (1290, 256, 220, 230, 0.3), (560, 250, 190, 230, 0.36),
        (1530, 332, 190, 210, 0.0), (1150, 214, 170, 190, 0.4), (800, 226, 150, 150, 0.4), (960, 138, 240, 290, 0.5),
        (1055, 196, 130, 170, 0.44), (1680, 372, 170, 190, 0.0), (1370, 330, 150, 170, 0.0), (700, 322, 150, 150, 0.1),
        (880, 300, 120, 140, 0.14), (1220, 318, 150, 150, 0.08),
    ):  # fmt: skip
        _peak(land, (x, y), left, right, rng, snow)
    return land.strip(mist_from=236, mist_depth=0.9, seed=1)


def foothills(scale: float) -> Strip:
    """Wooded hills in front of the peaks, and much later one far island."""
    land = Land(travel=1050, depth=0.46, scale=scale, top=180, bottom=HORIZON + 16)
    rng = Random(12)
    reach = shapes.curve([(-0.7, 150), (0.0, 120), (0.22, 150), (0.45, 84), (0.66, 40), (0.8, 0), (1.7, 0)])
    for order, (share, tone) in enumerate(((1.0, 84), (0.72, 98), (0.46, BODY))):
        bumps = shapes.noise(40 + order, 4, 0.42)

        def height(
            x: float, order: int = order, share: float = share, bumps: Callable[[float], float] = bumps
        ) -> float:
            tall = reach(land.journey(x)) * share
            return tall * (0.35 + 0.9 * bumps(x / 330 + order * 3.3)) if tall > 0.5 else -20.0

        land.shape(_ridge(land, height, 4, HORIZON + 16), tone)
        _fringe(land, height, rng, spacing=5.5, size=(7, 15), tone=tone)
    island = land.where(0.9) + 330
    outline = shapes.broken(rng, (island - 120, HORIZON), (island + 10, HORIZON - 30), 0.12, 4)
    land.shape([*outline, *shapes.broken(rng, (island + 10, HORIZON - 30), (island + 170, HORIZON), 0.1, 4),
                (island + 170, HORIZON + 2), (island - 120, HORIZON + 2)])  # fmt: skip
    return land.strip(mist_from=330, mist_depth=0.75, seed=2)


def _fringe(
    land: Land, height: Callable[[float], float], rng: Random, spacing: float, size: tuple[float, float], tone: int
) -> None:
    """Firs along the top of a hill, standing in groves."""
    groves = shapes.noise(rng.randrange(1 << 30), 2)
    x = 0.0
    while x < land.width:
        x += spacing * rng.uniform(0.5, 1.5)
        tall = height(x)
        if tall > 6 and groves(x / 120) > 0.4:
            for skirt in shapes.pine((x, HORIZON - tall + 2), rng.uniform(*size) * min(1.0, tall / 25), rng):
                land.shape(skirt, tone)
