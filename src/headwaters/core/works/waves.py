"""The shape of a sound: how loud it is along its way, in few letters, and drawn as a row of bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

BARS = 96
HEIGHT = 32  # of the drawing; a bar stands around its middle
STRIDE = 5  # from a bar to the next
_LETTERS = "0123456789ABCDEF"
_QUIETEST = 0.02  # of the loudest bar: less is silence


def wave_of(peaks: Sequence[int]) -> str:
    """A letter for each of BARS stretches, 0…F, F for the loudest of them. `peaks`: the loudest sample of each of many
    short stretches of equal length. Empty for silence, and for less than there are bars."""
    count = len(peaks)
    if count < BARS:
        return ""
    bars = [max(peaks[count * at // BARS : count * (at + 1) // BARS]) for at in range(BARS)]
    loudest = max(bars)
    if loudest <= 0:
        return ""
    return "".join(_LETTERS[_level(bar / loudest)] for bar in bars)


def _level(share: float) -> int:
    """Loudness as people hear it is nearer to a root than to the amplitude."""
    return 0 if share < _QUIETEST else min(15, max(1, round(15 * share**0.7)))


def is_wave(text: object) -> bool:
    """Whether it is a wave as `wave_of` gives it."""
    return isinstance(text, str) and len(text) == BARS and set(text) <= set(_LETTERS)


def wave_path(wave: str, bars: int) -> str:
    """The `d` of an SVG path: `bars` strokes, STRIDE apart, HEIGHT high. As short as it can be said."""
    levels = [int(letter, 16) for letter in wave]
    count = len(levels)
    if not 0 < bars <= count:
        return ""
    heights = [max(levels[count * at // bars : count * (at + 1) // bars]) or 0.5 for at in range(bars)]
    return "".join(_strokes(heights))


def _strokes(heights: Iterable[float]) -> Iterable[str]:
    middle, at = HEIGHT / 2, None
    for height in heights:
        top, length = middle - height, 2 * height
        if at is None:
            yield f"M2 {top:g}v{length:g}"
        else:
            move = f"{top - at:g}"
            yield f"m{STRIDE}{'' if move.startswith('-') else ' '}{move}v{length:g}"
        at = top + length
