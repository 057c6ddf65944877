"""Shapes to draw landscapes with: ridges, trees, soft masks; all from seeded numbers, so that they stay the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

from PIL import Image, ImageDraw

Point = tuple[float, float]
FINE = 2  # masks are drawn this many times too large and then reduced: that smooths their edges


def smoothstep(start: float, end: float, value: float) -> float:
    """0 before `start`, 1 after `end`, an S between."""
    share = max(0.0, min(1.0, (value - start) / (end - start)))
    return share * share * (3 - 2 * share)


def curve(points: Sequence[Point]) -> Callable[[float], float]:
    """A smooth function through (x, y) points, flat outside them."""

    def at(x: float) -> float:
        for (x0, y0), (x1, y1) in pairwise(points):
            if x < x1:
                return y0 + (y1 - y0) * smoothstep(x0, x1, x)
        return points[-1][1]

    return at


def noise(seed: int, octaves: int = 4, roughness: float = 0.5) -> Callable[[float], float]:
    """Fractal value noise of one variable, in 0…1; its largest features are about 1 long."""
    rng = Random(seed)
    tables = [[rng.random() for _ in range(256)] for _ in range(octaves)]

    def at(x: float) -> float:
        total, weight, sum_of_weights = 0.0, 1.0, 0.0
        for table in tables:
            cell = math.floor(x)
            share = x - cell
            share = share * share * (3 - 2 * share)
            low, high = table[cell & 255], table[cell + 1 & 255]
            total += weight * (low + (high - low) * share)
            sum_of_weights += weight
            x, weight = x * 2.03 + 17.7, weight * roughness
        return total / sum_of_weights

    return at


class Sheet:
    """An L picture drawn large and then reduced, so that its edges come out smooth. `scale` is pixels a unit."""

    def __init__(self, width: float, height: float, scale: float, ground: int = 0) -> None:
        self._size = max(1, round(width * scale)), max(1, round(height * scale))
        self._unit = scale * FINE
        self._large = Image.new("L", (self._size[0] * FINE, self._size[1] * FINE), ground)
        self._draw = ImageDraw.Draw(self._large)

    def polygon(self, points: Sequence[Point], tone: int = 255) -> None:
        """Fill a polygon."""
        unit = self._unit
        self._draw.polygon([(x * unit, y * unit) for x, y in points], tone)

    def line(self, points: Sequence[Point], width: float, tone: int = 255) -> None:
        """Stroke a line with rounded corners."""
        unit = self._unit
        self._draw.line([(x * unit, y * unit) for x, y in points], tone, max(1, round(width * unit)), "curve")

    def circle(self, centre: Point, radius: float, tone: int = 255) -> None:
        """Fill a circle."""
        x, y, r = centre[0] * self._unit, centre[1] * self._unit, radius * self._unit
        self._draw.ellipse((x - r, y - r, x + r, y + r), tone)

    def rectangle(self, left: float, top: float, right: float, bottom: float, tone: int = 255) -> None:
        """Fill a rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], tone)

    def reduced(self) -> Image.Image:
        """The finished picture."""
        return self._large.reduce(FINE)


def wash(picture: Image.Image, colour: tuple[int, int, int], at: tuple[int, int], mask: Image.Image) -> None:
    """Colour through a mask: what `paste` does with a colour, in half the time for large masks."""
    picture.paste(Image.new("RGB", mask.size, colour), at, mask)


def faded(mask: Image.Image, strength: float) -> Image.Image:
    """The mask at a strength of 0…1."""
    return mask if strength >= 1 else mask.point([round(v * strength) for v in range(256)])


def grain(size: tuple[int, int], seed: int, depth: int) -> Image.Image:
    """Random tones 128 ± depth: added to a gradient before it is rounded, they hide its steps."""
    data = Random(seed).randbytes(size[0] * size[1])
    return Image.frombytes("L", size, data).point([128 + round((v - 127.5) / 127.5 * depth) for v in range(256)])


def soft_circle(radius: int, fall: float = 2.0) -> Image.Image:
    """A mask that is 255 in the middle and fades to 0 at the radius; a higher `fall` keeps it closer to the middle."""
    circle = Image.radial_gradient("L").point(
        [round(255 * max(0.0, 1 - d / 180.0) ** fall) if d < 180 else 0 for d in range(256)]
    )
    return circle.resize((radius * 2, radius * 2), Image.Resampling.BICUBIC)


def soft_noise(size: tuple[int, int], seed: int, cells: tuple[int, int], octaves: int = 3) -> Image.Image:
    """Cloudy tones, about 0…255, whose largest features come `cells` times along each side."""
    rng = Random(seed)
    picture = Image.new("L", size, 128)
    for octave in range(octaves):
        across, down = cells[0] << octave, cells[1] << octave
        fine = Image.frombytes("L", (across, down), rng.randbytes(across * down))
        picture = Image.blend(picture, fine.resize(size, Image.Resampling.BICUBIC), 0.6 if octave == 0 else 0.35)
    return picture


def broken(rng: Random, start: Point, end: Point, roughness: float, depth: int) -> list[Point]:
    """A jagged line between two points, by midpoint displacement; without its last point."""
    if depth == 0:
        return [start]
    length = math.dist(start, end)
    shift = rng.uniform(-roughness, roughness) * length
    share = rng.uniform(0.38, 0.62)
    middle = (start[0] + (end[0] - start[0]) * share + shift * 0.5, start[1] + (end[1] - start[1]) * share + shift)
    return broken(rng, start, middle, roughness, depth - 1) + broken(rng, middle, end, roughness, depth - 1)


def pine(foot: Point, height: float, rng: Random) -> list[list[Point]]:
    """A fir as polygons: a few ragged skirts, one above the other."""
    x, y = foot
    lean = rng.uniform(-0.03, 0.03) * height
    skirts: list[list[Point]] = [[(x - height * 0.02, y), (x, y - height * 0.5), (x + height * 0.02, y)]]
    for step in range(4):
        low, high = 0.08 + step * 0.21, 0.50 + step * 0.167
        reach = height * (0.2 - step * 0.038) * rng.uniform(0.85, 1.15)
        tip_x = x + lean * high
        base_y = y - height * low
        sag = height * 0.03
        skirts.append(
            [
                (tip_x - reach, base_y + sag),
                (tip_x - reach * 0.45, base_y - sag * 0.2),
                (tip_x, y - height * min(1.0, high)),
                (tip_x + reach * 0.45, base_y - sag * 0.2),
                (tip_x + reach, base_y + sag),
            ]
        )
    return skirts


def round_tree(foot: Point, height: float, rng: Random) -> list[tuple[Point, float]]:
    """A leafy crown as circles (centre, radius)."""
    x, y = foot
    crown = height * 0.3
    middle = y - height * 0.66
    circles = [((x, middle), crown)]
    for _ in range(6):
        angle = rng.uniform(0, math.tau)
        radius = crown * rng.uniform(0.45, 0.7)
        circles.append(((x + math.cos(angle) * crown * 0.62, middle + math.sin(angle) * crown * 0.6), radius))
    return circles


def poplar(foot: Point, height: float) -> list[Point]:
    """A tall slim tree."""
    x, y = foot
    right = [(x + height * 0.11 * math.sin(math.pi * s) ** 0.8, y - height * (0.06 + 0.94 * s)) for s in _steps(10)]
    left = [(2 * x - px, py) for px, py in reversed(right)]
    return [(x + height * 0.015, y), *right, *left, (x - height * 0.015, y)]


def _steps(count: int) -> list[float]:
    return [step / count for step in range(count + 1)]
