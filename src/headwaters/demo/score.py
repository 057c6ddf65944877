"""How music is written down here, and how written music becomes sound.

A line is words such as `F#5:2 E5:1 -:3`: pitch and length in ticks, `-` a rest. Chords are words such as `D3+A3+F#4`,
one a bar, their lowest note first.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from headwaters.demo import synth
from headwaters.demo.samples import RATE
from headwaters.demo.synth import Mix, pitch


@dataclass(frozen=True)
class Note:
    """`start` and `length` in ticks."""

    start: float
    note: int
    length: float


def line(text: str, start: float = 0.0) -> list[Note]:
    """The notes of a written line, from a tick on."""
    notes, at = [], start
    for word in text.replace("|", " ").split():
        name, _, ticks = word.partition(":")
        if name != "-":
            notes.append(Note(at, pitch(name), float(ticks)))
        at += float(ticks)
    return notes


def length(text: str) -> float:
    """How many ticks a written line takes."""
    return sum(float(word.partition(":")[2]) for word in text.replace("|", " ").split())


def chords(text: str) -> list[list[int]]:
    """One list of pitches a bar."""
    return [[pitch(name) for name in word.split("+")] for word in text.replace("|", " ").split()]


def broken(bars: list[list[int]], patterns: list[str], ticks: float, start: float = 0.0) -> list[Note]:
    """Broken chords. A pattern such as `0 2 3 . 3 2` picks notes of the bar's chord, an octave higher above its top;
    `.` is a rest. The patterns take turns, bar by bar."""
    notes = []
    for number, bar in enumerate(bars):
        picks = patterns[number % len(patterns)].split()
        step = ticks / len(picks)
        for place, pick in enumerate(picks):
            if pick != ".":
                octave, index = divmod(int(pick), len(bar))
                notes.append(Note(start + number * ticks + place * step, bar[index] + 12 * octave, step))
    return notes


class Band:
    """Plays notes into a mix: `tick` in seconds, from `start` seconds on, with a human unevenness."""

    def __init__(
        self, mix: Mix, tick: float, start: float = 0.0, seed: int = 1, slowing: tuple[float, float] = (1e9, 0.0)
    ) -> None:
        self.mix, self.tick, self.start = mix, tick, start
        self._rng = Random(seed)
        self._slow_from, self._slower = slowing  # from this tick on, each tick takes this share longer than the last

    def at(self, ticks: float) -> float:
        """Ticks → seconds."""
        late = max(0.0, ticks - self._slow_from)
        return self.start + self.tick * (ticks + self._slower * late * (late + 1) / 2)

    def _heard(self, notes: list[Note]) -> list[Note]:
        """Those that begin before the mix ends: a shortened piece need not play the rest."""
        return [n for n in notes if round(self.at(n.start) * RATE) < self.mix.length]

    def _loose(self, spread: float) -> float:
        return self._rng.uniform(0, spread)

    def strings(
        self, notes: list[Note], level: float, pan: float = 0.0, bright: float = 0.5, wide: float = 0.25
    ) -> None:
        """Plucked; low notes lean to one side and high ones to the other, as on a harp."""
        for n in self._heard(notes):
            place = max(-0.9, min(0.9, pan + wide * (n.note - 64) / 14))
            strength = level * (0.82 + self._loose(0.36))
            self.mix.add(synth.pluck(n.note, bright), self.at(n.start) + self._loose(0.010), strength, place)

    def strum(self, notes: list[int], at: float, level: float, bright: float = 0.4) -> None:
        """A chord from the bottom up."""
        for order, note in enumerate(notes):
            place = -0.4 + 0.8 * order / max(1, len(notes) - 1)
            self.mix.add(synth.pluck(note, bright), self.at(at) + 0.055 * order, level, place)

    def pads(self, bars: list[list[int]], ticks: float, level: float, start: float = 0.0) -> None:
        """Held chords that overlap."""
        held = [Note(start + number * ticks, note, len(bar)) for number, bar in enumerate(bars) for note in bar]
        for n in self._heard(held):
            seconds = round(self.at(n.start + ticks) - self.at(n.start) + 1.4, 2)
            self.mix.add_both(*synth.pad(n.note, seconds), self.at(n.start), level / n.length**0.5)

    def flute(self, notes: list[Note], level: float, pan: float = 0.0, echo: float = 0.0) -> None:
        """A sung line; `echo` is the level of two answers three ticks apart."""
        for n in self._heard(notes):
            seconds = round(self.at(n.start + n.length) - self.at(n.start) + 0.06, 2)
            sound = synth.flute(n.note, seconds)
            self.mix.add(sound, self.at(n.start), level, pan)
            for turn in (1, 2):
                if echo:
                    self.mix.add(sound, self.at(n.start + 3 * turn), level * echo**turn, -0.7 if turn == 1 else 0.7)

    def bells(self, notes: list[Note], level: float, pan: float = 0.2) -> None:
        """Small bells."""
        for n in self._heard(notes):
            self.mix.add(synth.bell(n.note), self.at(n.start), level, pan)

    def bass(self, notes: list[Note], level: float) -> None:
        """The lowest line."""
        for n in self._heard(notes):
            seconds = round(min(2.6, self.at(n.start + n.length) - self.at(n.start) + 0.1), 2)
            self.mix.add(synth.bass(n.note, seconds), self.at(n.start), level)
