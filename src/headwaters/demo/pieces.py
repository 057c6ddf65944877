"""The music itself: three small pieces about water, and the film's soundtrack, which is made of the same tunes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from headwaters.demo import ambience
from headwaters.demo.score import Band, Note, broken, chords, line
from headwaters.demo.synth import Mix, pitch

TITLE = "Tributaries"

# I: six-eight in D. The tune, and a second voice a third or a sixth below it.
SPRING_CHORDS = "D3+A3+D4+F#4 F#3+A3+D4+F#4 G3+B3+D4+G4 A3+C#4+E4+A4 B3+D4+F#4+B4 G3+B3+D4+G4 E3+B3+D4+G4 A3+C#4+E4+A4"
SPRING_TUNE = """F#5:2 E5:1 D5:3 | A4:1 D5:1 E5:1 F#5:3 | G5:2 F#5:1 E5:1 D5:1 B4:1 | C#5:2 D5:1 E5:3 |
    F#5:2 E5:1 D5:1 C#5:1 B4:1 | B4:2 D5:1 G5:3 | F#5:1 E5:1 D5:1 E5:2 B4:1 | C#5:2 B4:1 A4:3"""
SPRING_BRIDGE_CHORDS = "G3+B3+D4+G4 F#3+A3+D4+F#4 E3+B3+D4+G4 A3+C#4+G4+A4"
SPRING_BRIDGE = "B5:3 A5:2 G5:1 | A5:3 F#5:3 | G5:2 F#5:1 E5:2 B4:1 | C#5:3 E5:3"
SPRING_HOME_CHORDS = (
    "D3+A3+D4+F#4 F#3+A3+D4+F#4 G3+B3+D4+G4 A3+C#4+E4+A4 B3+D4+F#4+B4 G3+B3+D4+G4 A3+E4+A4 D3+A3+D4+F#4"
)
SPRING_HOME = """F#5:2 E5:1 D5:3 | A4:1 D5:1 E5:1 F#5:3 | G5:2 F#5:1 E5:1 D5:1 B4:1 | C#5:2 D5:1 E5:3 |
    F#5:2 E5:1 D5:3 | B4:1 D5:1 G5:1 F#5:2 E5:1 | D5:3 C#5:3 | D5:6"""
SPRING_BELOW = """D5:2 C#5:1 A4:3 | F#4:1 A4:1 C#5:1 D5:3 | B4:2 A4:1 G4:1 G4:1 G4:1 | A4:2 B4:1 C#5:3 |
    D5:2 C#5:1 B4:3 | G4:1 B4:1 B4:1 D5:2 C#5:1 | A4:3 G4:3 | F#4:6"""

# II: seven-eight (2+2+3), E dorian.
GORGE_CHORDS = "E3+B3+E4+G4 D3+A3+D4+F#4 C#3+A3+C#4+E4 E3+B3+E4+G4"
GORGE_TUNE = """E5:2 G5:2 F#5:1 E5:1 D5:1 | D5:2 F#5:2 A4:3 | C#5:2 E5:2 D5:1 C#5:1 A4:1 | B4:4 E4:3 |
    E5:2 G5:2 A5:1 G5:1 F#5:1 | A5:2 F#5:2 D5:3 | E5:2 C#5:2 B4:1 C#5:1 D5:1 | E5:7"""
GORGE_ABOVE = "B4:7 | A4:7 | A4:4 G4:3 | G4:7 | B4:7 | D5:7 | C#5:7 | B4:7"
GORGE_TURN_CHORDS = "C3+G3+C4+E4 B2+G3+B3+D4 A2+E3+A3+C4 B2+F#3+B3+D#4"
GORGE_TURN = "G5:2 E5:2 C5:3 | D5:2 G5:2 B5:3 | A5:2 C6:2 B5:1 A5:1 E5:1 | F#5:2 D#5:2 B4:3"

# III: slow four, two chords a bar; the tune of I again, with time, over other chords.
DELTA_CHORDS = """G3+D4+F#4+B4 G3+D4+F#4+B4 F#3+D4+A4+D5 F#3+D4+A4+D5 E3+B3+D4+G4 E3+B3+D4+G4 A3+D4+E4+A4 A3+C#4+E4+A4
    B3+F#4+A4+D5 B3+F#4+A4+D5 G3+D4+F#4+B4 G3+B3+D4+G4 E3+B3+D4+G4 A3+C#4+E4+G4 D3+A3+D4+F#4 D3+A3+D4+F#4"""
DELTA_TUNE = """F#5:4 E5:1 D5:3 | A4:2 D5:1 E5:1 F#5:4 | G5:3 F#5:1 E5:1 D5:1 B4:2 | D5:2 E5:2 C#5:4 |
    F#5:3 E5:1 D5:1 C#5:1 B4:2 | B4:2 D5:2 G5:2 F#5:2 | E5:2 G5:2 E5:2 C#5:2 | D5:8"""
DELTA_END_CHORDS = "G2+D3+G3+B3+D4 G2+D3+G3+Bb3+E4 D2+A2+D3+A3+E4+F#4"
DELTA_END = "B4:4 D5:4 | Bb4:4 E5:4 | F#5:8"

# The film's evening: the tune of I on its way home, with its second voice.
EVENING = "F#5:2 E5:1 D5:3 | A4:1 D5:1 E5:1 F#5:3 | G5:2 F#5:1 E5:1 D5:1 B4:1 | C#5:2 D5:1 E5:3 | D5:3 C#5:3 | D5:6"
EVENING_BELOW = """D5:2 C#5:1 A4:3 | F#4:1 A4:1 C#5:1 D5:3 | B4:2 A4:1 G4:1 G4:1 G4:1 | A4:2 B4:1 C#5:3 |
    A4:3 G4:3 | F#4:6"""


@dataclass(frozen=True)
class Piece:
    """Something to be played: `play` fills a mix of `seconds`."""

    name: str
    title: str
    seconds: float
    play: Callable[[Mix], None]
    wet: float = 0.5
    fade_out: float = 2.5


def _roots(bars: list[list[int]], ticks: float, start: float = 0.0, down: int = 12) -> list[Note]:
    return [Note(start + i * ticks, bar[0] - down, ticks) for i, bar in enumerate(bars)]


def _upper(bars: list[list[int]]) -> list[list[int]]:
    return [bar[1:] for bar in bars]


def spring(mix: Mix) -> None:
    """Two bars of broken chords, the tune, a bridge, the tune in two voices, home."""
    band = Band(mix, tick=0.262, start=0.3, seed=1, slowing=(20 * 6, 0.012))
    first, bridge, home = chords(SPRING_CHORDS), chords(SPRING_BRIDGE_CHORDS), chords(SPRING_HOME_CHORDS)
    ripple = ["0 2 3 4 3 2"]
    band.strings(broken(first[:1] * 2, ripple, 6), 0.30)
    band.strings(broken(first, ripple, 6, 12), 0.27)
    band.strings(line(SPRING_TUNE, 12), 0.52, pan=0.1, bright=0.7, wide=0.1)
    band.bass(_roots(first, 6, 12), 0.20)
    band.strings(broken(bridge, ["0 2 4 3 5 4"], 6, 60), 0.24)
    band.flute(line(SPRING_BRIDGE, 60), 0.22, pan=-0.1, echo=0.3)
    band.pads(_upper(bridge), 6, 0.13, 60)
    band.bass(_roots(bridge, 6, 60), 0.22)
    band.strings(broken(home, ripple, 6, 84), 0.26)
    band.strings(line(SPRING_HOME, 84), 0.50, pan=0.15, bright=0.7, wide=0.1)
    band.strings(line(SPRING_BELOW, 84), 0.34, pan=-0.3, bright=0.5, wide=0.1)
    band.flute(line(SPRING_HOME, 84), 0.10, pan=0.0)
    band.pads(_upper(home), 6, 0.11, 84)
    band.bass(_roots(home, 6, 84), 0.22)
    band.strum([pitch(n) for n in ["D2", "A2", "D3", "F#3", "A3", "D4", "E4", "F#4", "D5"]], 133, 0.42)
    band.bells([Note(135, pitch("A5"), 1), Note(137, pitch("D6"), 1)], 0.10)
    ambience.water(mix, [(0, 0.05), (2, 0.045), (8, 0.012), (34, 0.010), (38, 0.035), (39.5, 0.0)], 600, 2600, 0.5, 40)


def gorge(mix: Mix) -> None:
    """A figure that does not stand still, a tune over it, a turn, the tune again with all that is there."""
    band = Band(mix, tick=0.178, start=0.2, seed=2)
    bars, turn = chords(GORGE_CHORDS), chords(GORGE_TURN_CHORDS)
    figure = ["0 2 1 3 2 3 4"]
    band.strings(broken(bars[:1] * 2, ["0 . 1 . 0 . 1"], 7), 0.42, bright=0.6)
    band.strings(broken(bars, figure, 7, 14), 0.32, bright=0.6)
    band.bass(_gallop(bars, 14), 0.17)
    band.strings(broken(bars * 2, figure, 7, 42), 0.29, bright=0.6)
    band.strings(line(GORGE_TUNE, 42), 0.50, pan=0.2, bright=0.85, wide=0.1)
    band.bass(_gallop(bars * 2, 42), 0.18)
    band.strings(broken(turn, ["0 2 3 4 5 4 3"], 7, 98), 0.32, bright=0.6)
    band.flute(line(GORGE_TURN, 98), 0.20, echo=0.25)
    band.pads(_upper(turn), 7, 0.14, 98)
    band.bass(_gallop(turn, 98), 0.20)
    band.strings(broken(bars * 2, figure, 7, 126), 0.29, bright=0.6)
    band.strings(line(GORGE_TUNE, 126), 0.48, pan=0.25, bright=0.85, wide=0.1)
    band.flute(line(GORGE_ABOVE, 126), 0.17, pan=-0.35)
    band.pads(_upper(bars * 2), 7, 0.10, 126)
    band.bass(_gallop(bars * 2, 126), 0.20)
    band.strings(broken(bars[:1] * 2, ["0 . 2 . 3 . ."], 7, 182), 0.36, bright=0.5)
    band.strum([pitch(n) for n in ["E2", "B2", "E3", "B3", "E4", "F#4", "B4", "E5"]], 196, 0.40)
    ambience.water(mix, [(0, 0.0), (3, 0.03), (17, 0.02), (30, 0.03), (39, 0.0)], 300, 1500, 0.4, 50)


def _gallop(bars: list[list[int]], start: float) -> list[Note]:
    """The bass of seven: on one, three and five."""
    notes = []
    for number, bar in enumerate(bars):
        at, low = start + number * 7, bar[0] - 12
        fifth = bar[1] - 12 if bar[1] - bar[0] < 9 else bar[1] - 24
        notes += [Note(at, low, 2), Note(at + 2, low, 2), Note(at + 4, fifth, 3)]
    return notes


def delta(mix: Mix) -> None:
    """The first tune, slowly, over wide chords; at the end the light goes and it does not matter."""
    band = Band(mix, tick=0.46, start=0.4, seed=3, slowing=(72, 0.006))
    bars, end = chords(DELTA_CHORDS), chords(DELTA_END_CHORDS)
    rolling = ["0 1 2 3", "4 3 2 1"]
    band.pads(bars[:2], 4, 0.24)
    band.strings(broken(bars[:2], rolling, 4), 0.28, bright=0.4)
    band.pads(bars, 4, 0.22, 8)
    band.strings(broken(bars, rolling, 4, 8), 0.27, bright=0.4)
    band.flute(line(DELTA_TUNE, 8), 0.26, pan=0.05, echo=0.28)
    band.bass(_roots(bars, 4, 8), 0.24)
    band.bells([Note(8 + 4 * n + beat, note + 24, 1) for n, beat, note in _sparkles(bars)], 0.075)
    band.pads(end, 8, 0.26, 72)
    band.strings(broken(end[:2], ["0 1 2 3 4 3 2 1"], 8, 72), 0.27, bright=0.35)
    band.strings(line(DELTA_END, 72), 0.34, pan=0.1, bright=0.5)
    band.bells(line(DELTA_END, 72), 0.06)
    band.strum(end[2] + [pitch("D5"), pitch("A5")], 88, 0.34)
    band.bass(_roots(end, 8, 72, down=0), 0.24)
    sea = [(0, 0.02)] + [(3.0 + 6.5 * n + d, v) for n in range(6) for d, v in ((0, 0.10), (2.6, 0.03))] + [(47, 0.0)]
    ambience.water(mix, sea, 80, 650, 0.15, 60)


def _sparkles(bars: list[list[int]]) -> list[tuple[int, float, int]]:
    return [(number, 3.0 if number % 4 else 1.5, bar[2]) for number, bar in enumerate(bars) if number % 2 == 0]


def soundtrack(mix: Mix) -> None:
    """For the film: 28 bars of 1.5 seconds. Dawn, the boat at 6 s, rain at 18 s, evening, the sea at 33 s."""
    band = Band(mix, tick=0.25, seed=4)
    tune, home = chords(SPRING_CHORDS), chords(SPRING_HOME_CHORDS)
    ripple = ["0 2 3 4 3 2"]
    band.pads(chords("D3+A3+E4 G3+D4+B4"), 12, 0.26)
    band.bells([Note(t, pitch(n), 1) for t, n in ((6, "A5"), (9, "F#5"), (14, "D6"), (18, "B5"), (21, "E5"))], 0.09)
    band.strings(broken(tune[:1] * 2, ripple, 6, 12), 0.20)
    band.strings(broken(tune, ripple, 6, 24), 0.26)
    band.strings(line(SPRING_TUNE, 24), 0.46, pan=0.1, bright=0.7, wide=0.1)
    band.bass(_roots(tune, 6, 24), 0.18)
    rain = chords("B2+F#3+B3+D4 G2+D3+B3+D4 E3+B3+D4+G4 A2+E3+A3+C#4")
    band.pads(rain, 6, 0.30, 72)
    band.strings(broken(rain, ["0 . 2 3 . 2"], 6, 72), 0.30, bright=0.3)
    band.flute(line("F#4:4 D4:2 | B4:3 A4:3 | G4:3 B4:3 | C#5:3 E5:3", 72), 0.16, echo=0.3)
    band.bass(_roots(rain, 6, 72, down=0), 0.22)
    evening = home[:4] + home[6:]
    band.strings(broken(evening, ripple, 6, 96), 0.24)
    band.flute(line(EVENING, 96),
               0.23, echo=0.25)  # fmt: skip
    band.strings(line(EVENING_BELOW, 96),
                 0.32, pan=-0.3, bright=0.5)  # fmt: skip
    band.pads(_upper(evening), 6, 0.15, 96)
    band.bass(_roots(evening, 6, 96), 0.22)
    sea = chords("G2+D3+B3+F#4 G2+D3+Bb3+E4 D2+A2+D3+F#3+A3+E4")
    band.pads(sea, 12, 0.32, 132)
    band.strings(broken(sea[:2], ["0 1 2 3 2 1"], 12, 132), 0.24, bright=0.3)
    band.bells(line("B5:6 F#5:6 | E5:6 Bb5:6 | A5:3 D6:9", 132), 0.08)
    band.strum(sea[2] + [pitch("D5")], 156, 0.26, bright=0.3)
    _film_sounds(mix)


def _film_sounds(mix: Mix) -> None:
    ambience.water(mix, [(0, 0.0), (1.5, 0.075), (7, 0.06), (14, 0.022), (24, 0.02), (31, 0.0)], 600, 2600, 0.5, 70)
    ambience.water(mix, [(17.5, 0.0), (21.5, 0.085), (23.2, 0.085), (26, 0.0)], 2200, 8000, 0.12, 71)
    ambience.drops(mix, 18.6, 25.4, 120, 0.05, 72)
    ambience.water(mix, [(29, 0.0), (34, 0.12), (36, 0.04), (38.5, 0.12), (42, 0.02)], 80, 650, 0.15, 73)
    for at, pan, tune in (
        (1.6, 0.6, 1),
        (3.4, -0.5, 2),
        (4.9, 0.7, 1),
        (8.2, -0.7, 3),
        (11.6, 0.4, 2),
        (25.6, -0.4, 1),
    ):
        ambience.bird(mix, at, 0.055, pan, tune)
    ambience.crickets(mix, 27.5, 37.0, 0.014)


PIECES = {
    "spring": Piece("spring", "Spring", 39.5, spring, wet=0.9),
    "gorge": Piece("gorge", "Gorge", 38.0, gorge, wet=0.75),
    "delta": Piece("delta", "Delta", 48.0, delta, wet=1.1, fade_out=4.0),
    "soundtrack": Piece("soundtrack", "One Day, Downstream", 42.0, soundtrack, wet=1.0, fade_out=2.0),
}
