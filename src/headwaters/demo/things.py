"""What moves in the landscape: the paper boat, birds, rain and its rings, glints on the water, a jumping fish."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageChops, ImageFilter

from headwaters.demo import shapes
from headwaters.demo.palette import Light, Rgb, mix, rgb
from headwaters.demo.scenery import HEIGHT, HORIZON
from headwaters.demo.shapes import Point, Sheet, smoothstep
from headwaters.demo.sky import FULL

_SPARE = 1.5  # the boat is drawn this much larger than shown, so that it stays sharp when it is turned


class PaperBoat:
    """A boat folded from one sheet: three faces, each in its own shade, and from dusk on a candle in it."""

    WIDE, TALL = 132.0, 84.0
    _SAIL_LEFT = ((66, 8), (40, 58), (66, 62))
    _SAIL_RIGHT = ((66, 8), (66, 62), (92, 58))
    _HULL = ((4, 46), (40, 58), (66, 62), (92, 58), (128, 46), (104, 80), (28, 80))
    _FOLD = ((66, 62), (92, 58), (128, 46), (104, 80), (60, 80))

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self._faces = [self._face(points) for points in (self._SAIL_LEFT, self._SAIL_RIGHT, self._HULL, self._FOLD)]
        self._whole = self._faces[0]
        for face in self._faces[1:]:
            self._whole = ImageChops.lighter(self._whole, face)
        self._glow = shapes.soft_circle(round(120 * scale), 2.4)

    def _face(self, points: tuple[Point, ...]) -> Image.Image:
        sheet = Sheet(self.WIDE, self.TALL + 8, self.scale * _SPARE)
        sheet.polygon(points)
        return sheet.reduced()

    def sprite(self, light: Light, size: float, tilt: float, candle: float) -> Image.Image:
        """RGBA, turned by `tilt` degrees, `size` 1 as designed."""
        paper = mix(light.snow, rgb("#fffaf0"), 0.55)
        shade, warm = mix(paper, light.near, 0.38), rgb("#ffc873")
        colours = (
            mix(shade, warm, 0.75 * candle), mix(paper, warm, 0.85 * candle),
            mix(paper, shade, 0.25 + 0.35 * candle), mix(shade, light.near, 0.18),
        )  # fmt: skip
        picture = Image.new("RGB", self._whole.size, colours[2])
        for colour, mask in zip(colours, self._faces, strict=True):
            picture.paste(colour, (0, 0), mask)
        picture.putalpha(self._whole)
        turned = picture.rotate(tilt, Image.Resampling.BICUBIC)
        wide, tall = round(turned.width * size / _SPARE), round(turned.height * size / _SPARE)
        return turned.resize((max(1, wide), max(1, tall)), Image.Resampling.BICUBIC)

    def paint(self, picture: Image.Image, foot: Point, light: Light, size: float, tilt: float, candle: float) -> None:
        """The boat with its mirror image; `foot` is the middle of its waterline."""
        sprite = self.sprite(light, size, tilt, candle)
        left = round(foot[0] * self.scale - sprite.width / 2)
        waterline = round(foot[1] * self.scale)
        if candle > 0:
            glow = self._glow.resize((round(self._glow.width * size), round(self._glow.height * size)))
            mask = shapes.faded(glow, 0.55 * candle)
            up = round(40 * size * self.scale)
            picture.paste(
                rgb("#ffb85c"), (left + sprite.width // 2 - glow.width // 2, waterline - up - glow.height // 2), mask
            )
        mirror = sprite.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        mirror = mirror.resize((mirror.width, max(1, round(mirror.height * 0.8))))
        faint = shapes.faded(mirror.getchannel("A"), (0.30 + 0.15 * candle))
        sink = round(11 * size * self.scale)
        picture.paste(mirror.convert("RGB"), (left, waterline - sink), faint)
        picture.paste(sprite.convert("RGB"), (left, waterline - sprite.height + sink), sprite.getchannel("A"))


class Birds:
    """Flocks of far birds: two strokes each, that beat."""

    _PHASES = 12

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self._wings = [self._wing(phase / self._PHASES) for phase in range(self._PHASES)]

    def _wing(self, phase: float) -> Image.Image:
        sheet = Sheet(36, 30, self.scale)
        lift = math.sin(phase * math.tau)
        for side in (-1, 1):
            tip = (18 + side * 15.5, 15 - lift * 8.5 - 1)
            elbow = (18 + side * 7.5, 15 - lift * 3.5 - 3.2)
            sheet.polygon([(18, 14), elbow, tip, (elbow[0], elbow[1] + 2.6), (18, 17)])
        sheet.circle((18, 15.6), 1.7)
        return sheet.reduced()

    def paint(self, picture: Image.Image, places: list[Point], seconds: float, size: float, colour: Rgb) -> None:
        """One bird at each place, each a little out of step."""
        for number, (x, y) in enumerate(places):
            beat = seconds * (2.1 + 0.13 * (number % 4)) + number * 0.29
            wing = self._wings[int(beat % 1 * self._PHASES)]
            if size != 1:
                wing = wing.resize((max(1, round(wing.width * size)), max(1, round(wing.height * size))))
            picture.paste(
                colour, (round(x * self.scale) - wing.width // 2, round(y * self.scale) - wing.height // 2), wing
            )


class Rain:
    """Slanting streaks, and rings where drops meet the water."""

    _SLANT = 0.16

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self._sheets = [self._sheet(seed, count, length) for seed, count, length in ((1, 300, 30), (2, 190, 52))]
        self._rings = [self._ring(step / 9) for step in range(10)]
        rng = Random(3)
        self._drops = [(rng.random(), rng.random(), rng.random()) for _ in range(150)]

    def _sheet(self, seed: int, count: int, length: float) -> Image.Image:
        """Twice the screen high, its halves the same, so that it can be moved for ever."""
        rng = Random(seed)
        sheet = Sheet(FULL + 130, HEIGHT * 2, self.scale)
        for _ in range(count):
            x, y, tall = rng.uniform(0, FULL + 130), rng.uniform(0, HEIGHT), length * rng.uniform(0.6, 1.2)
            for copy in (-HEIGHT, 0, HEIGHT):
                top = (x + tall * self._SLANT, y + copy)
                sheet.line([top, (x, y + copy + tall)], 1.2, round(70 + 110 * rng.random()) if copy < 0 else 130)
        return sheet.reduced()

    def _ring(self, age: float) -> Image.Image:
        radius = 3 + 19 * age
        sheet = Sheet(50, 18, self.scale)
        points = [
            (25 + radius * math.cos(a), 9 + radius * 0.3 * math.sin(a)) for a in (math.tau * i / 28 for i in range(29))
        ]
        sheet.line(points, 1.3, round(200 * (1 - age)))
        return sheet.reduced()

    def paint(self, picture: Image.Image, seconds: float, strength: float, light: Light) -> None:
        """The whole shower on the finished picture."""
        if strength <= 0.01:
            return
        for number, (x, y, start) in enumerate(self._drops[: round(150 * strength)]):
            age = (seconds * 1.5 + start) % 1
            depth = y**1.6
            ring = self._rings[int(age * 9.99)]
            size = 0.35 + 1.0 * depth
            ring = ring.resize((max(1, round(ring.width * size)), max(1, round(ring.height * size))))
            column = (x + 0.618 * math.floor(seconds * 1.5 + start) + number * 0.01) % 1
            place = round(column * FULL * self.scale), round((HORIZON + 10 + depth * 270) * self.scale)
            picture.paste(mix(light.light, light.sky, 0.3), place, ring)
        for number, sheet in enumerate(self._sheets):
            fall = seconds * (980 + 330 * number)
            top = round((HEIGHT - fall % HEIGHT) * self.scale)
            left = round(min(125.0, fall % HEIGHT * self._SLANT) * self.scale)
            part = sheet.crop((left, top, left + picture.width, top + picture.height))
            shapes.wash(picture, light.light, (0, 0), shapes.faded(part, strength * 0.5))


class Glints:
    """Short strokes of light on the water: many under the sun or the moon, a few everywhere."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        rng = Random(8)
        self._strokes = [
            (rng.gauss(0, 1), rng.random() ** 1.15, rng.random(), rng.uniform(0.6, 1.5)) for _ in range(230)
        ]

    def mask(self, seconds: float, shift: float, centre: float, strength: float) -> Image.Image:
        """L, the water's size. `centre`: x under the light; `strength`: of its path; `shift`: how far the eye went."""
        height = HEIGHT - HORIZON
        sheet = Strokes(round(FULL * self.scale), round(height * self.scale))
        for number, (side, deep, phase, size) in enumerate(self._strokes):
            flash = math.sin(math.tau * (phase + seconds * (0.22 + 0.16 * size)))
            if flash <= 0:
                continue
            y = 4 + deep * (height - 12)
            spread = 14 + 95 * deep
            if number % 4 == 0:  # everywhere
                x = (side * 900 + phase * 3000 - shift * (0.5 + 0.7 * deep)) % (FULL + 120) - 60
                level = 0.34 * flash
            else:
                x, level = centre + side * spread * 0.62, strength * flash * (1 - 0.35 * abs(side) / 2)
            wide = (5 + 42 * deep * size) * (0.4 + 0.6 * flash)
            sheet.stroke(x * self.scale, y * self.scale, wide * self.scale, (1.1 + 2.3 * deep) * self.scale, level)
        return sheet.picture


class Strokes:
    """Level strokes with soft ends. Level, they need no smoothing above and below, which makes them cheap."""

    def __init__(self, width: int, height: int) -> None:
        self.picture = Image.new("L", (width, height))

    def stroke(self, x: float, y: float, wide: float, tall: float, level: float) -> None:
        tone = max(0, min(255, round(255 * level)))
        if tone < 6:
            return
        sprite = _lens(max(3, round(wide) * 2), max(1, round(tall)))
        self.picture.paste(tone, (round(x) - sprite.width // 2, round(y)), sprite)


_LENSES: dict[tuple[int, int], Image.Image] = {}


def _lens(width: int, height: int) -> Image.Image:
    """A flat ellipse, kept for the next time."""
    key = (width, height)
    if key not in _LENSES:
        large = Sheet(width, height + 1, 1)
        points = [
            (width / 2 + width / 2 * math.cos(a), (height + 1) / 2 + (height + 1) / 2 * math.sin(a))
            for a in (math.tau * i / 24 for i in range(24))
        ]
        large.polygon(points)
        _LENSES[key] = large.reduced()
    return _LENSES[key]


class Fish:
    """It jumps once."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        sheet = Sheet(52, 26, scale * 2)
        body = [(26 + 17 * math.cos(a), 13 + 6.2 * math.sin(a)) for a in (math.tau * i / 24 for i in range(24))]
        sheet.polygon(body)
        sheet.polygon([(11, 13), (1, 6), (4, 13), (1, 20)])
        sheet.polygon([(22, 8), (29, 2), (32, 8)])
        self._body = sheet.reduced()

    def paint(self, picture: Image.Image, place: Point, age: float, light: Light) -> None:
        """`age` 0…1 from leaving the water to being back in it; it lands 90 units further right."""
        if not 0 <= age <= 1:
            return
        rise = 1 - (2 * age - 1) ** 2
        turned = self._body.rotate(52 * (1 - 2 * age), Image.Resampling.BICUBIC, expand=True).reduce(2)
        x = round((place[0] + 90 * age) * self.scale) - turned.width // 2
        y = round((place[1] - 62 * rise) * self.scale) - turned.height // 2
        edge = round(place[1] * self.scale)
        part = turned.crop((0, 0, turned.width, max(1, min(turned.height, edge - y))))
        picture.paste(mix(light.near, light.snow, 0.35), (x, y), part)


class Fall:
    """A thin waterfall on a far slope: pale threads that run down."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        rng = Random(17)
        sheet = Sheet(9, 300, scale)
        for _ in range(150):
            y, x = rng.uniform(0, 150), 4.5 + rng.gauss(0, 1.2)
            for copy in (0, 150):
                sheet.line([(x, y + copy), (x + rng.uniform(-0.4, 0.4), y + copy + rng.uniform(8, 34))], 0.9, 180)
        self._threads = sheet.reduced().filter(ImageFilter.GaussianBlur(0.4 * scale))
        self._foam = shapes.soft_circle(max(2, round(18 * scale)), 1.8)

    def paint(self, picture: Image.Image, top: Point, height: float, seconds: float, light: Light) -> None:
        """Falls from `top` by `height` (up to 150) into a little cloud of spray."""
        start = round((150 - seconds * 46 % 150) * self.scale)
        part = self._threads.crop((0, start, self._threads.width, start + round(height * self.scale)))
        x, y = round(top[0] * self.scale), round(top[1] * self.scale)
        colour = mix(light.snow, light.light, 0.4)
        picture.paste(colour, (x, y), shapes.faded(part, 0.85))
        spray = self._foam.resize((self._foam.width, max(1, self._foam.height // 2)))
        spray = shapes.faded(spray, (0.34 + 0.05 * math.sin(seconds * 5)))
        picture.paste(colour, (x + part.width // 2 - spray.width // 2, y + part.height - spray.height * 2 // 3), spray)


def flock(seconds: float, start: float, origin: Point, speed: Point, count: int, seed: int) -> list[Point]:
    """Loose birds that crossed `origin` at `start`."""
    rng = Random(seed)
    x, y = origin[0] + speed[0] * (seconds - start), origin[1] + speed[1] * (seconds - start)
    places = []
    for _ in range(count):
        sway = 5 * math.sin(seconds * rng.uniform(0.7, 1.3) + rng.uniform(0, 6))
        places.append((x + rng.gauss(0, 62), y + rng.gauss(0, 22) + sway))
    return places


def skein(seconds: float, start: float, origin: Point, speed: Point, count: int) -> list[Point]:
    """Geese in a V."""
    x, y = origin[0] + speed[0] * (seconds - start), origin[1] + speed[1] * (seconds - start)
    places = []
    for number in range(count):
        rank, side = (number + 1) // 2, 1 if number % 2 else -1
        places.append(
            (x - rank * 34 + 2 * side, y + side * rank * 13 + rank * 5 + 3 * math.sin(seconds * 1.1 + number))
        )
    return places


def bobbing(seconds: float) -> tuple[float, float]:
    """How the boat lies: (up or down in units, tilt in degrees)."""
    return 2.4 * math.sin(seconds * 1.9) + 1.1 * math.sin(seconds * 3.1 + 1), 3.1 * math.sin(seconds * 1.45 + 0.6)


def candle(moment: float, seconds: float) -> float:
    """The light in the boat, from dusk on, never quite still."""
    return smoothstep(0.74, 0.82, moment) * (0.9 + 0.07 * math.sin(seconds * 7.3) + 0.03 * math.sin(seconds * 17.9))
