"""The nearer strips of the landscape: the forest and the gorge, the far bank with its village, the near bank."""

from __future__ import annotations

import math
from random import Random

from headwaters.demo import shapes
from headwaters.demo.scenery import BODY, HORIZON, LAMP, LIT, SNOW, SNOW_SHADE, Land, Strip
from headwaters.demo.shapes import Point

LIGHTHOUSE = 0.945  # where on the journey
_LAMP_Y = 296.0  # the lighthouse's lamp on the screen


def forest(scale: float) -> Strip:
    """Hills with firs, cut by a gorge a third of the way down."""
    land = Land(travel=1900, depth=0.25, scale=scale, top=170, bottom=HORIZON + 18)
    rng = Random(21)
    reach = shapes.curve(
        [(-0.4, 96), (-0.05, 44), (0.16, 70), (0.3, 150), (0.42, 70), (0.6, 36), (0.72, 20), (0.83, 0), (1.5, 0)]
    )
    for order, tone in enumerate((92, BODY)):
        bumps = shapes.noise(60 + order, 4, 0.45)
        points: list[Point] = []
        x = 0.0
        while x <= land.width:
            tall = reach(land.journey(x)) * (1 - 0.42 * order)
            points.append((x, HORIZON - (tall * (0.4 + 0.9 * bumps(x / 260 + order)) if tall > 0.5 else -20)))
            x += 4
        land.shape([(0, HORIZON + 18), *points, (land.width, HORIZON + 18)], tone)
        _firs(land, points, rng, (13, 34), tone)
        if order == 0:
            _gorge(land, rng)
    return land.strip(mist_from=330, mist_depth=0.6, seed=3)


def _firs(land: Land, line: list[Point], rng: Random, size: tuple[float, float], tone: int) -> None:
    groves = shapes.noise(rng.randrange(1 << 30), 2)
    for x, y in line:
        if HORIZON - y < 8:
            continue
        if groves(x / 150) > 0.42 and rng.random() < 0.75:
            tall = rng.uniform(*size) * min(1.0, (HORIZON - y) / 40)
            for skirt in shapes.pine((x + rng.uniform(-2, 2), y + 2), tall, rng):
                land.shape(skirt, tone)


def _gorge(land: Land, rng: Random) -> None:
    """Cliffs on both sides of a gap: each rock leans back from the gap, and its right face is in the light."""
    for journey, top, wide, back in (
        (0.190, 344, 62, -1), (0.222, 306, 76, -1), (0.252, 262, 84, -1), (0.283, 218, 88, -1), (0.310, 268, 48, -1),
        (0.470, 338, 74, 1), (0.442, 300, 80, 1), (0.410, 246, 92, 1), (0.378, 204, 86, 1), (0.352, 262, 46, 1),
    ):  # fmt: skip
        _rock(land, (land.where(journey), top), wide, back, rng)


def _rock(land: Land, place: Point, wide: float, back: int, rng: Random) -> None:
    """One rock; `back` -1 slopes down to the left, 1 to the right."""
    (x, top), foot = place, HORIZON + 18.0
    low, drop = rng.uniform(16, 34), wide * rng.uniform(0.5, 0.8)
    left, right = (x - wide * 0.5, x + wide * 0.4)
    left_top, right_top = (top + low, top) if back < 0 else (top, top + low)
    left_foot, right_foot = (left - drop, right + 9) if back < 0 else (left - 9, right + drop)
    west = shapes.broken(rng, (left, left_top), (left_foot, foot), 0.13, 4)
    crown = shapes.broken(rng, (left, left_top), (right, right_top), 0.16, 4)
    east = shapes.broken(rng, (right, right_top), (right_foot, foot), 0.13, 4)
    land.shape([*crown, *east, (right_foot, foot), (left_foot, foot), *reversed(west)], 98)
    spine = (x + wide * rng.uniform(-0.05, 0.2), (left_top + right_top) / 2 + 2)
    edge = shapes.broken(rng, spine, (spine[0] + wide * 0.12, foot), 0.15, 5)
    land.face([*edge, (spine[0] + wide * 0.12, foot), (right_foot, foot), *reversed(east)], 148)
    fold = (spine[0] + wide * 0.16, right_top + rng.uniform(20, 60))
    crack = shapes.broken(rng, fold, (fold[0] + wide * 0.1, foot), 0.14, 4)
    land.face([*crack, (fold[0] + wide * 0.22, foot), (fold[0] + wide * 0.06, fold[1] + 20)], 116)
    for _ in range(5):
        share = rng.random()
        spot = (left + (right - left) * share, left_top + (right_top - left_top) * share + 7)
        for skirt in shapes.pine(spot, rng.uniform(14, 32), rng):
            land.shape(skirt, 102)


def far_bank(scale: float) -> Strip:
    """The other side of the water: firs, then a village, fields, and at the end the lighthouse."""
    land = Land(travel=3600, depth=0.06, scale=scale, top=200, bottom=HORIZON + 26)
    rng = Random(31)
    reach = shapes.curve(
        [(-0.2, 20), (0.1, 22), (0.3, 40), (0.42, 16), (0.5, 20), (0.62, 9), (0.78, 5), (0.87, 0), (1.3, 0)]
    )
    lip = shapes.curve([(-0.2, 17), (0.5, 15), (0.7, 8), (0.87, 0), (1.3, 0)])
    bumps, shore = shapes.noise(70, 4, 0.5), shapes.noise(71, 4, 0.6)
    top: list[Point] = []
    edge: list[Point] = []
    x = 0.0
    while land.journey(x) < 0.87:
        journey = land.journey(x)
        top.append((x, HORIZON - reach(journey) * (0.5 + bumps(x / 210))))
        edge.append((x, HORIZON + lip(journey) * (0.55 + 0.75 * shore(x / 90))))
        x += 4
    _crowns(land, top, rng)
    _village(land, rng)
    land.shape(top + list(reversed(edge)), BODY)
    _reeds(land, edge, rng)
    _headland(land, rng)
    return land.strip(mist_from=HORIZON - 6, mist_depth=0.25, seed=4)


def _crowns(land: Land, line: list[Point], rng: Random) -> None:
    """Firs upstream, leafy trees in the fields, poplars in a row, each where the journey has it."""
    groves = shapes.noise(72, 2)
    firs = shapes.curve([(0.0, 1), (0.36, 1), (0.45, 0)])
    leaves = shapes.curve([(0.38, 0), (0.47, 1), (0.66, 0.8), (0.8, 0)])
    for x, y in line:
        journey, dense = land.journey(x), groves(x / 240)
        if dense > 0.47 and rng.random() < 0.22 * firs(journey):
            for skirt in shapes.pine((x, y + 4), rng.uniform(34, 92) * (0.5 + dense), rng):
                land.shape(skirt, rng.choice((96, 104, BODY)))
        elif dense > 0.5 and rng.random() < 0.06 * leaves(journey):
            _leafy(land, (x, y + 3), rng.uniform(26, 58), rng)
    for place in range(7):
        x = land.where(0.628) + place * 34 + rng.uniform(-4, 4)
        land.shape(shapes.poplar((x, HORIZON + 2), rng.uniform(74, 96)), BODY)


def _leafy(land: Land, foot: Point, height: float, rng: Random) -> None:
    x, y = foot
    land.shape([(x - 2, y), (x - 1.4, y - height * 0.6), (x + 1.4, y - height * 0.6), (x + 2, y)])
    for centre, radius in shapes.round_tree(foot, height, rng):
        land.disc(centre, radius, rng.choice((100, BODY, 122)))


def _house(land: Land, foot: Point, wide: float, tall: float, lit: int) -> None:
    """A gabled house seen from its long side, with a chimney and as many windows lit as said."""
    x, y = foot
    roof = tall * 0.52
    land.shape([(x, y), (x, y - tall), (x + wide, y - tall), (x + wide, y)], 150)
    land.shape(
        [(x - 3, y - tall), (x + wide * 0.1, y - tall - roof), (x + wide * 0.9, y - tall - roof),
         (x + wide + 3, y - tall)], 100)  # fmt: skip
    land.shape([(x + wide * 0.7, y - tall), (x + wide * 0.7, y - tall - roof * 1.5),
                (x + wide * 0.8, y - tall - roof * 1.5), (x + wide * 0.8, y - tall)], 92)  # fmt: skip
    for window in range(lit):
        left = x + wide * (0.16 + 0.72 * window / max(1, lit))
        land.face([(left, y - tall * 0.72), (left + 5, y - tall * 0.72), (left + 5, y - tall * 0.36),
                   (left, y - tall * 0.36)], LAMP)  # fmt: skip


def _village(land: Land, rng: Random) -> None:
    """A church, houses along the water, a jetty; further down two houses on their own."""
    x, ground = land.where(0.49), HORIZON - 8.0
    church = x + 150
    land.shape([(church, ground), (church, ground - 74), (church + 22, ground - 74), (church + 22, ground)], 150)
    land.shape([(church - 3, ground - 73), (church + 11, ground - 132), (church + 25, ground - 73)], 96)
    land.face([(church + 8, ground - 58), (church + 14, ground - 58), (church + 14, ground - 44),
               (church + 8, ground - 44)], LAMP)  # fmt: skip
    _house(land, (church + 20, ground), 66, 30, 3)
    for dx, dy, wide, tall, lit in (
        (-250, 2, 44, 22, 2), (-196, -4, 38, 20, 1), (-140, 3, 54, 25, 3), (-74, -6, 40, 22, 2), (-22, 2, 46, 24, 2),
        (40, 4, 50, 22, 3), (96, 0, 40, 21, 1), (256, 2, 48, 24, 2), (312, -5, 36, 20, 1), (356, 4, 56, 24, 3),
        (1010, 5, 44, 20, 2), (1074, 5, 34, 18, 1), (1330, 6, 40, 18, 2),
    ):  # fmt: skip
        _house(land, (x + dx, ground + dy + 4), wide, tall, lit)
    for dx in (-280, -108, 222, 330, 420, 1050, 1310):
        _leafy(land, (x + dx, ground + 6), rng.uniform(34, 54), rng)
    for post in range(6):
        land.stroke([(x + 20 + post * 17, HORIZON + 6), (x + 20 + post * 17, HORIZON + 22)], 3, BODY)
    land.shape([(x + 10, HORIZON + 6), (x + 114, HORIZON + 6), (x + 114, HORIZON + 9), (x + 10, HORIZON + 9)])


def _reeds(land: Land, edge: list[Point], rng: Random) -> None:
    """Tufts where the bank meets the water."""
    for x, y in edge:
        if y > HORIZON + 5 and rng.random() < 0.4:
            for _ in range(3):
                lean = rng.uniform(-4, 4)
                land.stroke([(x + lean, y + 1), (x + lean * 1.8, y - rng.uniform(5, 13))], 1.1, BODY)


def _headland(land: Land, rng: Random) -> None:
    """Rocks with the lighthouse on them."""
    x = land.where(LIGHTHOUSE)
    west = shapes.broken(rng, (x - 250, HORIZON + 6), (x - 30, HORIZON - 48), 0.1, 5)
    east = shapes.broken(rng, (x - 30, HORIZON - 48), (x + 215, HORIZON + 7), 0.1, 5)
    land.shape([*west, *east, (x + 215, HORIZON + 8), (x - 250, HORIZON + 8)], BODY)
    face = shapes.broken(rng, (x + 10, HORIZON - 44), (x + 60, HORIZON + 8), 0.16, 4)
    land.face([*face, (x + 215, HORIZON + 8), *reversed(east[len(east) // 4 :])], 136)
    _house(land, (x - 92, HORIZON - 32), 46, 20, 2)
    tower = HORIZON - 44.0
    land.shape([(x - 13, tower), (x - 8.5, _LAMP_Y + 12), (x + 8.5, _LAMP_Y + 12), (x + 13, tower)], SNOW)
    land.face([(x - 13, tower), (x - 8.5, _LAMP_Y + 12), (x - 2, _LAMP_Y + 12), (x - 4, tower)], SNOW_SHADE)
    for low in (0.25, 0.62):
        y = tower + (_LAMP_Y + 12 - tower) * low
        land.face([(x - 12, y), (x - 11, y - 15), (x + 11, y - 15), (x + 12, y)], BODY)
    land.shape([(x - 12, _LAMP_Y + 13), (x - 12, _LAMP_Y + 9), (x + 12, _LAMP_Y + 9), (x + 12, _LAMP_Y + 13)], BODY)
    land.shape([(x - 6, _LAMP_Y + 9), (x - 6, _LAMP_Y - 6), (x + 6, _LAMP_Y - 6), (x + 6, _LAMP_Y + 9)], LAMP)
    land.shape([(x - 9, _LAMP_Y - 5), (x, _LAMP_Y - 16), (x + 9, _LAMP_Y - 5)], BODY)


def lighthouse_lamp(strip: Strip, journey: float) -> Point:
    """Where the lamp is on the screen, in units."""
    x = strip.travel * (LIGHTHOUSE - journey) + 1280 / 2
    return x, _LAMP_Y + 1


def near_bank(scale: float) -> Strip:
    """This side: at the source the grass comes far up and the stream is narrow; it falls back, and the river widens."""
    land = Land(travel=6200, depth=0.0, scale=scale, top=500, bottom=720)
    rng = Random(41)
    reach = shapes.curve([(-0.1, 600), (0.03, 606), (0.1, 626), (0.19, 652), (0.28, 690), (0.35, 760), (1.2, 760)])
    bumps = shapes.noise(80, 4, 0.5)
    line: list[Point] = []
    x = 0.0
    while x <= land.width:
        line.append((x, reach(land.journey(x)) + 34 * (bumps(x / 420) - 0.5)))
        x += 6
    land.shape([(0, 740), *line, (land.width, 740)], 92)
    _stones(land, line, rng)
    _grass(land, line, rng)
    for journey, count in ((0.455, 20), (0.475, 34), (0.615, 16), (0.69, 34), (0.707, 22), (0.775, 30)):
        _rushes(land, land.where(journey), count, rng)
    return land.strip(mist_from=900, mist_depth=0, seed=5)


def _grass(land: Land, line: list[Point], rng: Random) -> None:
    """Rows of grass one before the other, the nearer the darker and taller, with flowers between."""
    for row, tone in enumerate((124, BODY, 104, 98, 92, 86)):
        for x, edge in line:
            y = edge + row * 24 + (row * 7 if row else 0)
            if y > 742:
                continue
            for _ in range(3 if row == 0 else 2):
                start, tall, lean = x + rng.uniform(0, 6), rng.uniform(8, 24) * (1 + 0.3 * row), rng.uniform(-7, 9)
                low = y + 3 + rng.uniform(0, 5)
                land.shape(
                    [(start - 1.7, low + 8), (start + lean * 0.4 - 0.9, low - tall * 0.6), (start + lean, low - tall),
                     (start + lean * 0.4 + 0.9, low - tall * 0.6), (start + 1.7, low + 8)], tone)  # fmt: skip
            if rng.random() < 0.02:
                _flower(land, (x, y + 6), rng)


def _flower(land: Land, foot: Point, rng: Random) -> None:
    """A flower, or a seed head."""
    (x, y), tall, lean = foot, rng.uniform(30, 50), rng.uniform(-5, 8)
    land.stroke([(x, y), (x + lean * 0.4, y - tall * 0.5), (x + lean, y - tall)], 1.3, 104)
    land.disc((x + lean, y - tall), rng.uniform(2.2, 3.8), rng.choice((LIT, SNOW, SNOW_SHADE)))


def _stones(land: Land, line: list[Point], rng: Random) -> None:
    """Boulders at the water's edge."""
    for x, y in line:
        if y < 735 and rng.random() < 0.03:
            wide, tall = rng.uniform(26, 80), rng.uniform(12, 30)
            crown = [
                (x + math.cos(a) * wide * rng.uniform(0.9, 1.08), y + 6 - math.sin(a) * tall * rng.uniform(0.9, 1.1))
                for a in (math.pi * i / 9 for i in range(10))
            ]
            land.shape([*crown, (x - wide, y + 30), (x + wide, y + 30)], BODY)
            land.face([*crown[1:5], (x + wide * 0.15, y + 4 - tall * 0.55), (x + wide * 0.6, y + 2)], 150)


def _rushes(land: Land, x: float, count: int, rng: Random) -> None:
    """A clump of bulrushes that comes up from below the screen."""
    for _ in range(count):
        start, tall, lean = x + rng.gauss(0, 75), rng.uniform(50, 170), rng.uniform(-26, 34)
        tip = (start + lean, 724 - tall)
        bend = start + lean * 0.35
        blade = [
            (start - 3, 724),
            (bend - 1.4, 724 - tall * 0.6),
            tip,
            (bend + 1.8, 724 - tall * 0.6),
            (start + 3, 724),
        ]
        land.shape(blade, rng.choice((96, BODY)))
        if rng.random() < 0.3:
            x0, y0 = start + lean * 0.72, 724 - tall * 0.86
            land.stroke([(x0, y0), (x0 + lean * 0.05, y0 - 20)], 6.5, 96)
