"""One frame of the film for each moment: a paper boat's way from the source to the sea, in one day and one take."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops, ImageFilter

from headwaters.demo import banks, scenery, shapes, things
from headwaters.demo.palette import Light, light_at, mix, rgb
from headwaters.demo.scenery import HEIGHT, HORIZON, MARGIN, WIDTH, Strip, tone_ramp
from headwaters.demo.shapes import Point, curve, smoothstep
from headwaters.demo.sky import FULL, Sky, moon, moon_strength, rain_strength, sun, sun_strength

LENGTH = 42.0  # seconds of story; a shorter film tells it faster

_MOMENT = curve(
    [(0, 0), (5.5, 0.11), (12.5, 0.27), (17.5, 0.4), (22, 0.52), (25.5, 0.605), (29.5, 0.72), (33.5, 0.83),
     (37.5, 0.93), (42, 1)]
)  # fmt: skip


def moment_at(seconds: float) -> float:
    """The moment of the day (see palette.DAY) at a second of the story."""
    return _MOMENT(seconds)


def journey_at(seconds: float) -> float:
    """How far down the river: slowly off, steadily on, slowly in."""
    return _JOURNEY[max(0, min(len(_JOURNEY) - 1, round(seconds * 100)))]


def _journeys() -> list[float]:
    speed = curve([(0, 0.10), (4, 0.25), (9, 1.0), (33, 1.0), (42, 0.12)])
    places, place = [0.0], 0.0
    for step in range(round(LENGTH * 100)):
        place += speed(step / 100)
        places.append(place)
    return [p / place for p in places]


_JOURNEY = _journeys()
_SINK = curve([(0.25, 0), (0.98, 205)])  # the mountains go down behind the hills as the eye moves away
_FALL = (896.0, 262.0)  # the top of the waterfall on the strip of the mountains
_BOAT_X = curve([(6.2, -90), (12, 400), (26, 520), (34, 560), (42, 800)])
_BOAT_Y = curve([(6.2, 560), (12, 548), (20, 578), (31, 584), (42, 497)])
_BOAT_SIZE = curve([(6.2, 0.92), (20, 1.06), (32, 1.0), (42, 0.42)])


Flight = tuple[float, float, Callable[[float], list[Point]], float]
_FLIGHTS: tuple[Flight, ...] = (  # from, until, where the birds are, their size
    (1.0, 11.0, lambda t: things.flock(t, 5, (900, 232), (24, -5), 9, 1), 0.5),
    (14.0, 23.0, lambda t: things.flock(t, 18, (520, 250), (58, -8), 12, 2), 0.55),
    (25.0, 37.5, lambda t: things.skein(t, 30, (560, 176), (44, -3), 13), 0.72),
)


class Painter:
    """Draws any second of the story. Everything that can be drawn beforehand is, once, when it is made."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.sky = Sky(scale)
        self.flights = _FLIGHTS
        self._under, self._kept_light, self._kept_sky = -1, light_at(0), Image.new("RGB", self.sky.size)
        self.mountains, self.foothills = scenery.mountains(scale), scenery.foothills(scale)
        self.forest, self.far_bank, self.near_bank = banks.forest(scale), banks.far_bank(scale), banks.near_bank(scale)
        self.boat, self.birds, self.rain = things.PaperBoat(scale), things.Birds(scale), things.Rain(scale)
        self.glints, self.fish, self.fall = things.Glints(scale), things.Fish(scale), things.Fall(scale)
        self._mist = shapes.soft_noise((round(FULL * 2 * scale), round(120 * scale)), 12, (14, 2), 4)
        self._depth = self._depth_mask()
        rng = Random(5)
        self._fireflies = [(rng.random(), rng.random(), rng.random()) for _ in range(26)]

    def frame(self, seconds: float, under: int = -1) -> Image.Image:
        """RGB, WIDTH × HEIGHT times the scale. Frames `under` the same number, in a row, share light and sky."""
        moment, journey = moment_at(seconds), journey_at(seconds)
        light = self._light(seconds, moment, under)
        upper = self._upper(seconds, moment, journey, light)
        picture = Image.new("RGB", (self._px(FULL), self._px(HEIGHT)))
        picture.paste(upper, (0, 0))
        self._water(picture, upper, seconds, moment, journey, light)
        self._shore(picture, journey, light)
        self._beam(picture, seconds, moment, journey)
        self._boat(picture, seconds, moment, light)
        self.fish.paint(picture, (MARGIN + 690, 556), (seconds - 15.2) / 1.1, light)
        self._land(picture, self.near_bank, journey, light)
        self._firefly_lights(picture, seconds, moment, journey)
        self.rain.paint(picture, seconds, rain_strength(moment), light)
        margin = self._px(MARGIN)
        return picture.crop((margin, 0, margin + self._px(WIDTH), self._px(HEIGHT)))

    def _px(self, units: float) -> int:
        return round(units * self.scale)

    # above the water

    def _light(self, seconds: float, moment: float, under: int) -> Light:
        """The light of the moment; the sky is painted with it, and both are kept for frames under the same number."""
        if under < 0 or under != self._under:
            self._under, self._kept_light = under, light_at(moment)
            self._kept_sky = self.sky.paint(moment, seconds / LENGTH, self._kept_light)
        return self._kept_light

    def _upper(self, seconds: float, moment: float, journey: float, light: Light) -> Image.Image:
        picture = self._kept_sky.copy()
        lost, sunk = smoothstep(0.25, 0.9, journey), _SINK(journey)
        self._land(picture, self.mountains, journey, light, lost=lost, sunk=sunk)
        if lost < 0.3:
            top = (_FALL[0] - self.mountains.travel * journey, _FALL[1] + sunk)
            self.fall.paint(picture, top, 96, seconds, light)
        self._fly(picture, seconds, light)
        self._land(picture, self.foothills, journey, light)
        self._land(picture, self.forest, journey, light)
        self._mist_over(picture, seconds, moment, light)
        self._land(picture, self.far_bank, journey, light)
        return picture

    def _land(
        self, picture: Image.Image, strip: Strip, journey: float, light: Light, lost: float = 0.0, sunk: float = 0.0
    ) -> None:
        box = strip.cut(journey, picture.width)
        tones = strip.tones.crop(box)
        tones.putpalette(tone_ramp(light, strip.depth, lost))
        picture.paste(tones.convert("RGB"), (0, self._px(strip.top + sunk)), strip.mask.crop(box))

    def _fly(self, picture: Image.Image, seconds: float, light: Light) -> None:
        ink = mix(light.near, light.sky, 0.18)
        for start, end, fly, size in self.flights:
            if start < seconds < end:
                self.birds.paint(picture, fly(seconds), seconds, size, ink)

    def _mist_over(self, picture: Image.Image, seconds: float, moment: float, light: Light) -> None:
        strength = 0.75 * (1 - smoothstep(0.10, 0.27, moment)) + 0.35 * smoothstep(0.8, 0.9, moment)
        if strength < 0.01:
            return
        left = self._px(90 + seconds * 9)
        part = self._mist.crop((left, 0, left + picture.width, self._mist.height))
        fade = Image.linear_gradient("L").resize(part.size)
        fade = fade.point([round(v * strength * (1 if v < 210 else (255 - v) / 45)) for v in range(256)])
        layer = Image.new("L", part.size)
        layer.paste(part, (0, 0), fade)
        shapes.wash(picture, mix(light.horizon, light.sky, 0.25), (0, self._px(HORIZON - 104)), layer)

    # the water

    def _depth_mask(self) -> Image.Image:
        """How much of the water's own colour shows, from the horizon down."""
        height = self._px(HEIGHT) - self._px(HORIZON)
        column = Image.new("L", (1, height))
        for y in range(height):
            column.putpixel((0, y), round(26 + 172 * (y / height) ** 0.75))
        tile = shapes.grain((self._px(FULL), height), 14, 3)
        return Image.blend(column.resize(tile.size), tile, 0.06)

    def _water(
        self, picture: Image.Image, upper: Image.Image, seconds: float, moment: float, journey: float, light: Light
    ) -> None:
        self._mirror(picture, upper, seconds)
        top = self._px(HORIZON)
        shapes.wash(picture, mix(light.zenith, light.near, 0.42), (0, top), self._depth)
        shine, centre = self._shine(moment)
        shift = journey * 3600
        shapes.wash(picture, light.light, (0, top), self.glints.mask(seconds, shift, centre, shine))

    def _mirror(self, picture: Image.Image, upper: Image.Image, seconds: float) -> None:
        """What is above the horizon, upside down, row by row, swayed by waves that grow towards the eye."""
        height, top = self._px(HEIGHT) - self._px(HORIZON), self._px(HORIZON)
        step = 2 if self.scale >= 0.8 else 1
        for y in range(0, height, step):
            near = y / height
            wave = 34 * math.log(near * 9 + 0.35)
            sway = (0.5 + 8 * near**1.2) * (math.sin(wave - seconds * 2.6) + 0.6 * math.sin(wave * 2.3 + seconds * 1.7))
            lift = 5 * near * math.sin(wave * 1.4 - seconds * 2.1)
            row = top - 1 - round(y * 1.18 + lift * self.scale)
            row = max(0, min(top - step, row))
            picture.paste(upper.crop((0, row, upper.width, row + step)), (round(sway * self.scale), top + y))

    def _shine(self, moment: float) -> tuple[float, float]:
        """(strength, x) of the path of light on the water."""
        if moment < 0.82:
            return smoothstep(0.02, 0.09, moment) * sun_strength(moment) * (
                0.55 + 0.45 * smoothstep(200, 420, sun(moment)[1])
            ), sun(moment)[0]
        return moon_strength(moment) * 0.95, moon(moment)[0]

    def _shore(self, picture: Image.Image, journey: float, light: Light) -> None:
        """The far bank's foot again, over the water, with a thin line of foam."""
        left, _, right, bottom = self.far_bank.cut(journey, picture.width)
        top = self._px(HORIZON) - self._px(self.far_bank.top)
        tones = self.far_bank.tones.crop((left, top, right, bottom))
        tones.putpalette(tone_ramp(light, self.far_bank.depth))
        mask = self.far_bank.mask.crop((left, top, right, bottom))
        picture.paste(mix(light.light, light.sky, 0.35), (0, self._px(HORIZON) + max(1, self._px(1.5))),
                      shapes.faded(mask, 0.35))  # fmt: skip
        picture.paste(tones.convert("RGB"), (0, self._px(HORIZON)), mask)

    # the boat and the lights

    def _boat(self, picture: Image.Image, seconds: float, moment: float, light: Light) -> None:
        if seconds < 6.2:
            return
        lift, tilt = things.bobbing(seconds)
        size = _BOAT_SIZE(seconds)
        foot = (MARGIN + _BOAT_X(seconds), _BOAT_Y(seconds) + lift * size)
        self._wake(picture, foot, size, seconds, light)
        self.boat.paint(picture, foot, light, size, tilt * (0.6 + 0.4 * size), things.candle(moment, seconds))

    def _wake(self, picture: Image.Image, foot: Point, size: float, seconds: float, light: Light) -> None:
        strokes = things.Strokes(self._px(360 * size), self._px(56 * size))
        for number in range(7):
            age = (number + seconds * 0.9 % 1) / 7
            for side in (-1, 1):
                x = (300 - 280 * age) * size * self.scale
                y = (28 + side * (4 + 20 * age)) * size * self.scale
                strokes.stroke(x, y, (20 + 34 * age) * size * self.scale, 2.2 * size * self.scale, 0.5 * (1 - age))
        left = self._px(foot[0]) - self._px(330 * size)
        picture.paste(light.light, (left, self._px(foot[1]) - self._px(24 * size)), strokes.picture)

    def _beam(self, picture: Image.Image, seconds: float, moment: float, journey: float) -> None:
        """The lighthouse's light goes round: two long beams, and a flash when one points here."""
        strength = smoothstep(0.80, 0.88, moment)
        lamp = banks.lighthouse_lamp(self.far_bank, journey)
        x, y = MARGIN + lamp[0], lamp[1]
        if strength < 0.01 or x > FULL + 700:
            return
        angle = seconds * 1.15
        small = Image.new("L", (round(FULL / 4), round(HEIGHT / 4)))
        for number in range(16):
            sheet = shapes.Sheet(FULL / 4, HEIGHT / 4, 1)
            for turn in (angle, angle + math.pi):
                reach = 860 * math.cos(turn) * (number + 1) / 16
                wide = 4 + abs(reach) * 0.055
                sheet.polygon([(x / 4, y / 4 - 0.5), ((x + reach) / 4, (y - wide - reach * 0.02) / 4),
                               ((x + reach) / 4, (y + wide - reach * 0.02) / 4), (x / 4, y / 4 + 0.5)], 12)  # fmt: skip
            small = _added(small, sheet.reduced())
        flash = max(0.0, math.sin(angle)) ** 24 + max(0.0, -math.sin(angle)) ** 24
        halo = shapes.soft_circle(round(10 + 46 * flash), 2.2)
        small = _added(small, _placed(halo, small.size, (x / 4, y / 4), 0.5 + 0.5 * flash))
        mask = small.filter(ImageFilter.GaussianBlur(2)).resize(picture.size, Image.Resampling.BILINEAR)
        shapes.wash(picture, rgb("#ffe9b8"), (0, 0), shapes.faded(mask, strength * 0.62))

    def _firefly_lights(self, picture: Image.Image, seconds: float, moment: float, journey: float) -> None:
        strength = smoothstep(0.76, 0.82, moment) * (1 - smoothstep(0.9, 0.96, moment))
        if strength < 0.01:
            return
        sprite = shapes.soft_circle(max(2, self._px(9)), 2.6)
        for x, y, phase in self._fireflies:
            blink = max(0.0, math.sin(seconds * (1.2 + phase) + phase * 40)) ** 3
            place_x = 6200 * (0.757 + 0.036 * x - journey) + FULL / 2 + 18 * math.sin(seconds * 0.9 + phase * 9)
            place_y = 560 + 130 * y + 12 * math.sin(seconds * 1.3 + phase * 31)
            mask = shapes.faded(sprite, blink * strength)
            picture.paste(rgb("#ffe08a"), (self._px(place_x), self._px(place_y)), mask)


def _added(first: Image.Image, second: Image.Image) -> Image.Image:
    return ImageChops.add(first, second)


def _placed(sprite: Image.Image, size: tuple[int, int], centre: Point, strength: float) -> Image.Image:
    whole = Image.new("L", size)
    left, top = round(centre[0] - sprite.width / 2), round(centre[1] - sprite.height / 2)
    whole.paste(shapes.faded(sprite, strength), (left, top))
    return whole
