"""Pieces of sounds and films, to be tried: where they begin and end, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.core.works.reels import Kind, Reel, fitted, shown_size
from headwaters.core.works.taste import ALL

LINES = 720  # of a film's piece at most
FADE = 1.5  # seconds
_SHORTEST = 1.0  # seconds: less is no piece


@dataclass(frozen=True, slots=True)
class Piece:
    """From `start`, so many seconds. `fade`: of its end, where the whole goes on; 0 where it does not."""

    start: float
    seconds: float
    fade: float


def cut_piece(whole: float | None, start: int, seconds: int) -> Piece:
    """The piece of something that is `whole` seconds long (None: nobody knows). Where it would begin beyond the end, it
    begins at the beginning."""
    if whole is None:
        return Piece(float(start), float(min(seconds, 3600)), FADE if seconds < ALL else 0.0)
    begin = float(start) if start + _SHORTEST <= whole else 0.0
    length = min(float(seconds), whole - begin)
    goes_on = begin + length < whole - 0.5
    return Piece(begin, length, min(FADE, length / 4) if goes_on else 0.0)


def piece_size(reel: Reel) -> tuple[int, int] | None:
    """Width and height of a film's piece; None where there is nothing to see."""
    videos = reel.of(Kind.VIDEO)
    if not videos or not videos[0].width or not videos[0].height:
        return None
    return fitted(*shown_size(videos[0]), LINES)
