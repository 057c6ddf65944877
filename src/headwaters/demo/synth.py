"""Instruments: plucked strings, a pad, a flute, bells, a bass; a stereo mix, and a room around it.

Strings are computed period by period. Steady tones are a loop of about a second, computed once for each pitch and
repeated. Everything is kept and used again when the same note comes back.
"""

from __future__ import annotations

import math
from array import array
from functools import lru_cache
from itertools import accumulate
from random import Random

from PIL import Image

from headwaters.demo import samples
from headwaters.demo.samples import RATE, Sound


def pitch(name: str) -> int:
    """`A4` → 69; `F#5`, `Bb3` likewise (MIDI numbers)."""
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[name[0]]
    accidental = name.count("#", 1) - name.count("b", 1)
    return 12 * (int(name.lstrip("CDEFGAB#b")) + 1) + steps + accidental


def frequency(note: int) -> float:
    """Equal temperament, A4 = 440 Hz."""
    return float(440 * 2 ** ((note - 69) / 12))


@lru_cache(maxsize=512)
def pluck(note: int, bright: float) -> Sound:
    """A plucked string (Karplus and Strong 1983), until it can no longer be heard.

    The loop filter is a smoothing of three points times a linear interpolation for the exact pitch; their widths
    (second moments) add up to the same damping at every pitch, so that no note is duller than its neighbours.
    """
    period = RATE / frequency(note)
    whole = int(period)
    part = period - whole
    side = (0.27 - part * (1 - part)) / 2
    keep = math.exp(-period / RATE / 1.9)  # the string's own loss: 1/e in 1.9 s
    taps = [
        side * (1 - part),
        (1 - 2 * side) * (1 - part) + side * part,
        side * (1 - part) + (1 - 2 * side) * part,
        side * part,
    ]
    a, b, c, d = (t * keep for t in taps)
    out = _strike(whole + 3, bright, note)
    loud = max(abs(v) for v in out)
    run = whole - 1
    while len(out) < RATE * 4:
        n = len(out)
        wave = [
            a * w + b * x + c * y + d * z
            for w, x, y, z in zip(
                out[n - whole + 1 :],
                out[n - whole : n - 1],
                out[n - whole - 1 : n - 2],
                out[n - whole - 2 :],
                strict=False,
            )
        ]
        out += wave[:run]
        if max(wave) < loud * 0.006:
            break
    tail = min(len(out), 2600)
    start = len(out) - tail
    return samples.sound(out[:start] + [v * (1 - i / tail) for i, v in enumerate(out[start:])])


def _strike(length: int, bright: float, seed: int) -> list[float]:
    """How the string is pulled before it is let go: a push from the finger, and some roughness.

    Silent in its first three samples and without a mean in the rest, which is one period: a mean would stay for long.
    """
    rng = Random(seed)
    period = length - 3
    touch, wide = 0.17 * period, (0.062 - 0.036 * bright) * period
    push = [
        math.exp(-(((i - touch) / wide) ** 2)) - math.exp(-(((i - period + touch) / wide) ** 2)) for i in range(period)
    ]
    rough = accumulate((rng.uniform(-1, 1) for _ in range(period)), lambda y, x: y + (x - y) * bright)
    out = [0.75 * p + 0.4 * bright * r for p, r in zip(push, rough, strict=True)]
    mean = sum(out) / period
    loud = max(abs(v - mean) for v in out)
    return [0.0] * 3 + [(v - mean) / loud for v in out]


_POINTS = 1 << 15  # of a period: many, because the nearest is taken, and what that is off by is heard as hiss


@lru_cache(maxsize=64)
def _table(partials: tuple[float, ...]) -> list[float]:
    """One period of a tone with these strengths of its partials."""
    sine = [math.sin(math.tau * i / _POINTS) for i in range(_POINTS)]
    return [sum(s * sine[(k + 1) * i % _POINTS] for k, s in enumerate(partials)) for i in range(_POINTS)]


def _turn(
    partials: tuple[float, ...], periods: float, length: int, phase: float, vibrato: float = 0.0, waves: int = 0
) -> list[float]:
    """`periods` periods in `length` samples, so that it can be repeated; `vibrato` in radians, `waves` times."""
    table, step = _table(partials), _POINTS * periods / length
    if not vibrato:
        return [table[int(phase + step * i) & (_POINTS - 1)] for i in range(length)]
    swing, turn = vibrato * _POINTS / math.tau, math.tau * waves / length
    return [table[int(phase + step * i + swing * math.sin(turn * i)) & (_POINTS - 1)] for i in range(length)]


_PAD = (1.0, 0.42, 0.22, 0.09, 0.06, 0.025)
_FLUTE = (1.0, 0.26, 0.10, 0.035)
_BASS = (0.78, 0.42, 0.16, 0.05)


@lru_cache(maxsize=128)
def _pad_loops(note: int) -> tuple[list[float], list[float]]:
    """Left and right: three voices each, some cents apart; they beat once a loop."""
    periods = round(frequency(note) * 1.5)
    length = round(RATE * periods / frequency(note))
    sides = []
    for shift in (0, 12000):
        voices = [_turn(_PAD, periods + off, length, (shift * (off + 2) + 4800 * off) % _POINTS) for off in (-1, 0, 1)]
        sides.append([(x + y + z) / 4.5 for x, y, z in zip(*voices, strict=True)])
    return sides[0], sides[1]


@lru_cache(maxsize=256)
def envelope(length: int, attack: int, release: int) -> Sound:
    """Up over the first samples, down over the last, with round corners."""
    up, down = min(length // 2, attack), min(length // 2, release)
    rise = [0.5 - 0.5 * math.cos(math.pi * i / max(1, up)) for i in range(up)]
    fall = [0.5 + 0.5 * math.cos(math.pi * (i + 1) / max(1, down)) for i in range(down)]
    return samples.sound(rise + [1.0] * (length - up - down) + fall)


def shaped(row: Sound, attack: float, release: float) -> Sound:
    """The sound with soft ends, in seconds."""
    return samples.times(row, envelope(row.width, round(attack * RATE), round(release * RATE)))


@lru_cache(maxsize=64)
def _dying(length: int, decay: float) -> Sound:
    """A level that falls to 1/e in `decay` seconds."""
    shrink = math.exp(-1 / (decay * RATE))
    return samples.sound(accumulate(range(length - 1), lambda level, _: level * shrink, initial=1.0))


@lru_cache(maxsize=128)
def pad(note: int, seconds: float) -> tuple[Sound, Sound]:
    """A soft chord tone, left and right."""
    rise, fall = min(1.1, seconds * 0.4), min(1.6, seconds * 0.45)
    left, right = (shaped(samples.repeated(loop, round(seconds * RATE)), rise, fall) for loop in _pad_loops(note))
    return left, right


@lru_cache(maxsize=128)
def flute(note: int, seconds: float) -> Sound:
    """A breathy tone that begins straight and then sways."""
    total, cycles = round(seconds * RATE), 5
    periods = round(frequency(note))
    length = round(RATE * periods / frequency(note))
    straight = samples.repeated(_turn(_FLUTE, periods, length, 0.0), total)
    swing = 0.0022 * frequency(note) / cycles
    swaying = samples.repeated(_turn(_FLUTE, periods, length, 0.0, vibrato=swing, waves=cycles), total)
    grow = envelope(total, round(0.75 * RATE), 0)
    both = samples.blended(straight, 1.0, samples.times(samples.blended(swaying, 1.0, straight, -1.0), grow), 1.0)
    return shaped(samples.scaled(both, 0.7), 0.07, min(0.22, seconds * 0.4))


@lru_cache(maxsize=64)
def bass(note: int, seconds: float) -> Sound:
    """A round low tone that dies away."""
    periods = round(frequency(note))
    loop = _turn(_BASS, periods, round(RATE * periods / frequency(note)), 0.0)
    tone = samples.repeated(loop, round(seconds * RATE))
    return shaped(samples.times(tone, _dying(tone.width, 1.1)), 0.012, min(0.3, seconds * 0.4))


def ring(hertz: float, decay: float, seconds: float) -> Sound:
    """A sine that dies away; it starts at 0."""
    length = round(seconds * RATE)
    if seconds < 1:  # a loop would take longer
        tone = samples.sound(_turn((1.0,), hertz * seconds, length, 0.0))
    else:
        periods = round(hertz)
        tone = samples.repeated(_turn((1.0,), periods, round(RATE * periods / hertz), 0.0), length)
    return samples.times(tone, _dying(length, decay))


@lru_cache(maxsize=64)
def bell(note: int) -> Sound:
    """A small bell: its tone, the octave and a short strike of the twelfth and more."""
    base = frequency(note)
    parts = ((base, 0.75, 0.7), (base * 2.003, 0.42, 0.22), (base * 3.01, 0.16, 0.12), (base * 5.4, 0.05, 0.06))
    whole = samples.total([samples.scaled(ring(hertz, decay, 2.4), level) for hertz, decay, level in parts])
    return shaped(whole, 0.002, 0.5)


class Mix:
    """Two channels that sounds are added to."""

    def __init__(self, seconds: float) -> None:
        self.length = round(seconds * RATE)
        self.left, self.right = samples.silence(self.length), samples.silence(self.length)

    def add(self, sound: Sound, at: float, level: float, pan: float = 0.0) -> None:
        """`pan` -1 left … 1 right, at equal power."""
        angle, start = (pan + 1) * math.pi / 4, round(at * RATE)
        samples.add(self.left, sound, start, level * math.cos(angle))
        samples.add(self.right, sound, start, level * math.sin(angle))

    def add_both(self, left: Sound, right: Sound, at: float, level: float) -> None:
        """A sound that is already stereo."""
        samples.add(self.left, left, round(at * RATE), level)
        samples.add(self.right, right, round(at * RATE), level)

    def with_room(self, wet: float, size: float = 1.0) -> None:
        """A hall around it (Schroeder 1962): four damped combs and two all-passes a side, at a quarter of the rate."""
        early = samples.silence(self.length)
        samples.add(early, samples.blended(self.left, 0.5, self.right, 0.5), round(0.022 * RATE), 1.0)
        dull = early.resize((self.length // 4, 1), Image.Resampling.BOX)
        for channel, spread in ((self.left, 0), (self.right, 11)):
            samples.add(channel, samples.stretched(_hall(dull, size, spread), self.length), 0, wet)

    def finished(self, fade_in: float, fade_out: float, level: float = 0.08, peak: float = 0.8) -> bytes:
        """16-bit little-endian stereo samples, brought to a level (root mean square), fading from and to silence."""
        sides = [samples.without_drift(side) for side in (self.left, self.right)]
        sides = [shaped(side, fade_in, fade_out) for side in sides]
        gain = min(level / max(1e-9, samples.power(sides) ** 0.5), peak / max(1e-9, samples.loudest(sides)))
        out = array("h", bytes(4 * self.length))
        for place, side in enumerate(sides):
            out[place::2] = samples.to_16_bit(samples.scaled(side, gain))
        return out.tobytes()


def _hall(sound: Sound, size: float, spread: int) -> Sound:
    delays = enumerate((353, 379, 412, 457))
    combs = [_comb(sound, round((delay + spread) * size), 0.80 + 0.01 * i) for i, delay in delays]
    return _all_pass(_all_pass(samples.scaled(samples.total(combs), 0.25), 139 + spread, 0.6), 53 + spread, 0.6)


def _comb(sound: Sound, delay: int, keep: float) -> Sound:
    """Echoes of echoes, each a little duller: y[n] = x[n] + k·(smooth y)[n-d]."""
    out = samples.silence(sound.width)
    out.paste(samples.part(sound, 0, delay), (0, 0))
    for start in range(delay, sound.width, delay):
        end = min(sound.width, start + delay)
        past = samples.blended(samples.part(out, start - delay, end - delay), keep * 0.78,
                               samples.part(out, start - delay - 1, end - delay - 1), keep * 0.22)  # fmt: skip
        out.paste(samples.plus(samples.part(sound, start, end), past), (start, 0))
    return out


def _all_pass(sound: Sound, delay: int, keep: float) -> Sound:
    """Smears in time without colouring: y[n] = -k·x[n] + x[n-d] + k·y[n-d]."""
    out = samples.scaled(sound, -keep)
    for start in range(delay, sound.width, delay):
        end = min(sound.width, start + delay)
        past = samples.plus(samples.part(sound, start - delay, end - delay),
                            samples.scaled(samples.part(out, start - delay, end - delay), keep))  # fmt: skip
        out.paste(samples.plus(samples.part(out, start, end), past), (start, 0))
    return out
