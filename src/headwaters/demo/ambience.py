"""The sounds of the river itself: running water, rain, waves, birds at dawn, crickets at dusk."""

from __future__ import annotations

import math
from array import array
from itertools import accumulate
from random import Random

from PIL import Image

from headwaters.demo import samples, synth
from headwaters.demo.samples import RATE, Sound
from headwaters.demo.shapes import curve
from headwaters.demo.synth import Mix

_STEPS = 50  # a second: how often the level of a noise is set


def _noise(seconds: float, seed: int, low: float, high: float) -> Sound:
    """Noise between two frequencies: random numbers no faster than `high`, less the same no faster than `low`."""
    count = round(seconds * 2 * high)
    row = array("h", Random(seed).randbytes(2 * count))
    rough = samples.sound(v / 32768 for v in row)
    slow = rough.resize((max(1, round(seconds * 2 * low)), 1), Image.Resampling.BOX)
    length = round(seconds * RATE)
    return samples.blended(samples.stretched(rough, length), 1.0, samples.stretched(slow, length), -1.0)


def _level(seconds: float, points: list[tuple[float, float]], sway: float, seed: int) -> Sound:
    """A level through the points (second, level) that sways a little."""
    level, rng = curve(points), Random(seed)
    steps = round(seconds * _STEPS)
    drift = accumulate((rng.uniform(-1, 1) for _ in range(steps)), lambda y, x: y * 0.9 + x * 0.34)
    row = samples.sound(level(i / _STEPS) * max(0.2, 1 + sway * d) for i, d in enumerate(drift))
    return row.resize((round(seconds * RATE), 1), Image.Resampling.BILINEAR)


def water(mix: Mix, points: list[tuple[float, float]], low: float, high: float, sway: float, seed: int) -> None:
    """Noise on both sides, not the same: a brook (600–2600 Hz, lively), rain (2–8 kHz, steady), the sea (80–650 Hz)."""
    seconds = min(mix.length / RATE, max(second for second, _ in points))
    left, right = (
        samples.times(_noise(seconds, seed + side, low, high), _level(seconds, points, sway, seed + side))
        for side in (0, 1)
    )
    mix.add_both(left, right, 0.0, 1.0)


def drops(mix: Mix, start: float, end: float, count: int, level: float, seed: int) -> None:
    """Single drops: short tones."""
    rng = Random(seed)
    for _ in range(count):
        at = start + (end - start) * rng.random()
        mix.add(
            synth.ring(rng.uniform(900, 2600), 0.012, 0.07), at, level * rng.uniform(0.3, 1), rng.uniform(-0.9, 0.9)
        )


def chirp(start: float, end: float, seconds: float) -> Sound:
    """A bird's syllable: a tone that glides."""
    length = round(seconds * RATE)
    phases = accumulate(math.tau * (start + (end - start) * i / length) / RATE for i in range(length))
    return synth.shaped(samples.sound(math.sin(p) for p in phases), seconds * 0.3, seconds * 0.5)


def bird(mix: Mix, at: float, level: float, pan: float, tune: int) -> None:
    """A short song: a few syllables, the same each time for the same `tune`."""
    rng = Random(tune)
    for _ in range(rng.randint(3, 6)):
        high = rng.uniform(2600, 4300)
        mix.add(
            chirp(high, high * rng.uniform(0.75, 1.3), rng.uniform(0.05, 0.12)), at, level * rng.uniform(0.5, 1), pan
        )
        at += rng.uniform(0.10, 0.21)


def crickets(mix: Mix, start: float, end: float, level: float) -> None:
    """Pulses high up, in groups of three."""
    pulse = chirp(4350, 4300, 0.018)
    group = samples.silence(round(0.11 * RATE))
    for number in range(3):
        samples.add(group, pulse, round(number * 0.034 * RATE), 1.0)
    fade = curve([(start, 0.0), ((start * 2 + end) / 3, 1.0), ((start + end * 2) / 3, 1.0), (end, 0.0)])
    at, turn = start, 0
    while at < end:
        mix.add(group, at, level * fade(at), -0.6 if turn % 2 else 0.5)
        at, turn = at + 0.31, turn + 1
