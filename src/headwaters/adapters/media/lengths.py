"""How long music and films are, and how large. What cannot be told stays None: a file is published all the same."""

from __future__ import annotations

import contextlib
from pathlib import Path

import mutagen

from headwaters.adapters.media.ffmpeg import Measure, measure_with_ffmpeg, sane
from headwaters.adapters.media.packed import next_tag


def measure_music(path: Path) -> Measure:
    """The length, by the file's headers; ffmpeg is asked for what mutagen cannot read."""
    return Measure(seconds=_seconds(path) or measure_with_ffmpeg(path).seconds)


def measure_film(path: Path) -> Measure:
    """Length and pixels by ffmpeg, the length of an MP4 also without it."""
    found = measure_with_ffmpeg(path)
    return found if found.seconds else Measure(_seconds(path), found.width, found.height)


def _seconds(path: Path) -> float | None:
    """What mutagen says. It reads only; on a broken file it may raise nearly anything."""
    next_tag()
    with contextlib.suppress(Exception):
        return sane(float(mutagen.File(path).info.length))
    return None
