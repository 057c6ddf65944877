"""What is above the land: the sky's colours, sun, moon, stars, clouds,"""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from headwaters.demo import shapes
from headwaters.demo.palette import Light, Rgb, mix, ramp, rgb
from headwaters.demo.scenery import HORIZON, MARGIN, WIDTH
from headwaters.demo.shapes import Point, Sheet, curve, smoothstep

FULL = WIDTH + 2 * MARGIN  # the width that is drawn

# Where sun and moon stand, by the moment of the day.
_SUN_X = curve([(0.0, 1120), (0.25, 900), (0.5, 760), (0.79, 1000)])
_SUN_Y = curve([(0.0, 330), (0.12, 200), (0.36, 96), (0.5, 110), (0.8, 462)])
_MOON_X = curve([(0.80, 900), (1.0, 860)])
_MOON_Y = curve([(0.80, 236), (1.0, 168)])


def sun(moment: float) -> Point:
    """The sun's centre on the screen."""
    return MARGIN + _SUN_X(moment), _SUN_Y(moment)


def moon(moment: float) -> Point:
    """The moon's centre on the screen."""
    return MARGIN + _MOON_X(moment), _MOON_Y(moment)


def rain_strength(moment: float) -> float:
    """0 dry, 1 the middle of the shower."""
    return smoothstep(0.475, 0.525, moment) * (1 - smoothstep(0.555, 0.595, moment))


def sun_strength(moment: float) -> float:
    """How clearly the sun is seen: the shower hides it, and it rises and sets."""
    return (1 - 0.92 * smoothstep(0.43, 0.5, moment) * (1 - smoothstep(0.565, 0.61, moment))) * (
        1 - smoothstep(0.79, 0.82, moment)
    )


def moon_strength(moment: float) -> float:
    """How clearly the moon is seen."""
    return smoothstep(0.83, 0.87, moment)


class Sky:
    """Paints the sky from the top of the screen to a little below the horizon."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.size = round(FULL * scale), round((HORIZON + 26) * scale)
        self._tones = self._gradient()
        self._glow = shapes.soft_circle(round(520 * scale), 2.2)
        self._halo = shapes.soft_circle(round(150 * scale), 2.6)
        self._sun = _disc(34, scale)
        self._moon, self._seas = _disc(31, scale), _moon_seas(31, scale)
        self._stars = [self._star_field(seed) for seed in (1, 2, 3)]
        self._milky_way = self._milky()
        self.clouds = [_cloud_bank(scale, seed) for seed in (15, 19)]
        self._lid = _rain_clouds(scale)

    def _gradient(self) -> Image.Image:
        height = self.size[1]
        column = Image.new("L", (1, height))
        for y in range(height):
            column.putpixel((0, y), min(255, round(255 * (y / (HORIZON * self.scale)) ** 1.15)))
        noise = shapes.grain(self.size, 9, 2)
        tones = ImageChops.add(column.resize(self.size), noise, 1, -128)
        return Image.frombytes("P", self.size, tones.tobytes())

    def paint(self, moment: float, drift: float, light: Light) -> Image.Image:
        """The sky at a moment of the day; `drift` 0…1 moves the clouds."""
        tones = self._tones.copy()
        tones.putpalette(ramp([(0, light.zenith), (140, light.sky), (232, light.horizon), (255, light.horizon)]))
        picture = tones.convert("RGB")
        self._paint_stars(picture, moment)
        self._paint_sun(picture, moment, light)
        self._paint_moon(picture, moment, light)
        self._paint_clouds(picture, moment, drift, light)
        return picture

    def _at(self, picture: Image.Image, sprite: Image.Image, centre: Point, colour: Rgb, strength: float) -> None:
        if strength <= 0.004:
            return
        mask = shapes.faded(sprite, strength)
        left, top = round(centre[0] * self.scale - sprite.width / 2), round(centre[1] * self.scale - sprite.height / 2)
        shapes.wash(picture, colour, (left, top), mask)

    def _paint_sun(self, picture: Image.Image, moment: float, light: Light) -> None:
        strength = sun_strength(moment)
        low = smoothstep(60, HORIZON, sun(moment)[1])
        self._at(
            picture, self._glow, sun(moment), mix(light.light, light.horizon, 0.5 * low), strength * (0.5 + 0.3 * low)
        )
        self._at(picture, self._halo, sun(moment), light.light, strength * 0.75)
        self._at(picture, self._sun, sun(moment), mix(rgb("#fffdf2"), light.light, 0.75 * low), strength)

    def _paint_moon(self, picture: Image.Image, moment: float, light: Light) -> None:
        strength = moon_strength(moment)
        self._at(picture, self._glow, moon(moment), mix(light.horizon, light.light, 0.2), strength * 0.34)
        self._at(picture, self._halo, moon(moment), light.light, strength * 0.4)
        self._at(picture, self._moon, moon(moment), rgb("#f6ecd8"), strength)
        self._at(picture, self._seas, moon(moment), rgb("#d9cdb8"), strength * 0.7)

    def _paint_stars(self, picture: Image.Image, moment: float) -> None:
        strength = smoothstep(0.82, 0.92, moment) + 0.8 * (1 - smoothstep(0.0, 0.05, moment))
        if strength <= 0.004:
            return
        self._whole(picture, self._milky_way, rgb("#a9c4d6"), strength * 0.30)
        for number, field in enumerate(self._stars):
            twinkle = 0.72 + 0.28 * math.sin(moment * 210 + number * 2.1)
            self._whole(picture, field, rgb("#fbf6e6"), strength * twinkle)

    def _whole(self, picture: Image.Image, mask: Image.Image, colour: Rgb, strength: float, left: int = 0) -> None:
        seen = mask.crop((-left, 0, picture.width - left, mask.height)) if left or mask.width > picture.width else mask
        shapes.wash(picture, colour, (0, 0), shapes.faded(seen, strength))

    def _paint_clouds(self, picture: Image.Image, moment: float, drift: float, light: Light) -> None:
        dry = 1 - smoothstep(0.8, 0.9, moment)
        colour = mix(light.snow, light.light, 0.45)
        for number, bank in enumerate(self.clouds):
            left = round((-60 - 420 * drift * (0.7 + 0.6 * number) - 190 * number) * self.scale)
            self._whole(picture, bank, colour, dry * (0.62 - 0.16 * number), left)
        cover = smoothstep(0.42, 0.52, moment) * (1 - smoothstep(0.56, 0.63, moment))
        if cover > 0.004:
            left = round((-1000 * smoothstep(0.40, 0.66, moment)) * self.scale)
            self._whole(picture, self._lid, mix(light.zenith, light.near, 0.35), cover * 0.85, left)

    def _star_field(self, seed: int) -> Image.Image:
        rng = Random(seed)
        sheet = Sheet(FULL, HORIZON + 26, self.scale)
        for _ in range(120):
            x, y = rng.uniform(0, FULL), HORIZON * rng.random() ** 1.3
            bright = rng.random() ** 3
            sheet.circle((x, y), 0.55 + 1.15 * bright, round(110 + 145 * bright))
        return sheet.reduced()

    def _milky(self) -> Image.Image:
        """A pale band of unresolved stars across the sky."""
        width, height = self.size
        band = Image.new("L", (width, height))
        draw = ImageDraw.Draw(band)
        draw.line([(width * 0.02, height * 0.9), (width * 0.62, -height * 0.1)], 255, round(100 * self.scale))
        band = band.filter(ImageFilter.GaussianBlur(46 * self.scale))
        return ImageChops.multiply(
            band, shapes.soft_noise(self.size, 4, (9, 5), 5).filter(ImageFilter.GaussianBlur(5 * self.scale))
        )


def _disc(radius: float, scale: float) -> Image.Image:
    sheet = Sheet(radius * 2 + 4, radius * 2 + 4, scale)
    sheet.circle((radius + 2, radius + 2), radius)
    return sheet.reduced()


def _moon_seas(radius: float, scale: float) -> Image.Image:
    """The darker patches on the moon."""
    sheet = Sheet(radius * 2 + 4, radius * 2 + 4, scale)
    middle = radius + 2
    for dx, dy, size in (
        (-0.35, -0.3, 0.3),
        (-0.05, -0.42, 0.2),
        (-0.48, 0.12, 0.24),
        (0.25, 0.35, 0.18),
        (0.3, -0.2, 0.13),
    ):
        sheet.circle((middle + dx * radius, middle + dy * radius), size * radius, 150)
    return sheet.reduced().filter(ImageFilter.GaussianBlur(1.6 * scale))


def _cloud_bank(scale: float, seed: int) -> Image.Image:
    """Flat-bottomed clouds that thin out downwards, and long streaks between them."""
    rng = Random(seed)
    bank = Image.new("L", (round(FULL * 1.9 * scale), round(330 * scale)))
    for place in range(9):
        x, y = FULL * 1.75 * (place + rng.uniform(0.1, 0.9)) / 9, rng.uniform(20, 230)
        far = 1 - y / 420
        cloud = _streak(scale, rng) if rng.random() < 0.4 else _heap(scale * far, rng)
        corner = round(x * scale), round(y * scale)
        under = bank.crop((*corner, corner[0] + cloud.width, corner[1] + cloud.height))
        bank.paste(ImageChops.lighter(under, cloud), corner)
    return bank


def _heap(scale: float, rng: Random) -> Image.Image:
    """A heap of round tops, highest somewhere off the middle."""
    wide, tall = rng.uniform(170, 360), rng.uniform(44, 74)
    sheet = Sheet(wide, tall, scale)
    summit = rng.uniform(0.3, 0.68)
    share = 0.06
    while share < 0.94:
        rise = (share / summit if share < summit else (1 - share) / (1 - summit)) ** 0.8
        radius = tall * (0.10 + 0.30 * rise) * rng.uniform(0.75, 1.15)
        sheet.circle((share * wide, tall * 0.96 - rise * tall * 0.5 * rng.uniform(0.8, 1.1)), radius)
        left, right, top = share * wide - radius, share * wide + radius, tall * 0.96 - rise * tall * 0.45
        sheet.polygon([(left, tall), (left + radius * 0.2, top), (right - radius * 0.2, top), (right, tall)])
        share += rng.uniform(0.05, 0.11)
    picture = sheet.reduced()
    return ImageChops.multiply(picture, Image.linear_gradient("L").resize(picture.size).point(_THINNER))


_THINNER = [round(250 * (1 - v / 255) ** 0.9) for v in range(256)]


def _streak(scale: float, rng: Random) -> Image.Image:
    """A long thin cloud, or two of them."""
    wide = rng.uniform(260, 520)
    sheet = Sheet(wide, 30, scale)
    for y, share, thick in ((9, 1.0, 3.2), (19, rng.uniform(0.4, 0.7), 2.2)):
        half = wide * share / 2
        middle = wide / 2 + rng.uniform(-1, 1) * (wide / 2 - half)
        top = [(middle + half * t, y - thick * (1 - t * t)) for t in (i / 12 - 1 for i in range(25))]
        sheet.polygon([*top, *[(x, 2 * y - py + thick * 0.2) for x, py in reversed(top)]], 170)
    return sheet.reduced().filter(ImageFilter.GaussianBlur(0.8 * scale))


def _rain_clouds(scale: float) -> Image.Image:
    """A heavy lid of cloud with a soft lower edge."""
    size = round((FULL + 1200) * scale), round(330 * scale)
    clouds = shapes.soft_noise(size, 7, (8, 2), 4)
    fade = Image.linear_gradient("L").resize(size).point([round(255 * (1 - v / 255) ** 0.8) for v in range(256)])
    ends = Image.new("L", (64, 1), 255)
    for x in range(14):
        ends.putpixel((x, 0), round(255 * x / 14))
        ends.putpixel((63 - x, 0), round(255 * x / 14))
    return ImageChops.multiply(ImageChops.multiply(clouds.point([min(255, v * 2) for v in range(256)]), fade),
                               ends.resize(size, Image.Resampling.BICUBIC))  # fmt: skip
