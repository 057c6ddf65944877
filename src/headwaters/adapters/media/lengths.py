"""How long music and films are, and how large. What cannot be told stays None: a file is published all the same."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mutagen

from headwaters.adapters.media.packed import next_tag

PATIENCE = 30  # seconds for one look by ffmpeg
_LONGEST = 10_000_000  # seconds: what is longer is a broken header

_DURATION = re.compile(rb"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_VIDEO = re.compile(rb"Stream #\d+:\d+.*?: Video: .*?, (\d{1,5})x(\d{1,5})(?=[ ,\[\r\n])")
_QUARTER_TURN = re.compile(rb"(?i:display ?matrix): rotation of -?(?:90|270)\.00 degrees")


@dataclass(frozen=True, slots=True)
class Measure:
    """Seconds and pixels; None where they are unknown or do not apply."""

    seconds: float | None = None
    width: int | None = None
    height: int | None = None


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
        return _sane(float(mutagen.File(path).info.length))
    return None


def _sane(seconds: float) -> float | None:
    return seconds if 0 < seconds < _LONGEST else None


@cache
def ffmpeg_program() -> str | None:
    """The ffmpeg of the `formats` extra, else the system's, else None."""
    with contextlib.suppress(ImportError, RuntimeError):
        from imageio_ffmpeg import get_ffmpeg_exe  # an extra: it may not be installed

        return str(get_ffmpeg_exe())
    return shutil.which("ffmpeg")


def measure_with_ffmpeg(path: Path) -> Measure:
    """What `ffmpeg -i` says of a file. It opens this file and nothing else, and writes nothing."""
    program = ffmpeg_program()
    if program is None:
        return Measure()
    command = [program, "-hide_banner", "-nostdin", "-protocol_whitelist", "file", "-i", f"file:{path.absolute()}"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
        return read_ffmpeg(done.stderr)
    return Measure()


def read_ffmpeg(said: bytes) -> Measure:
    """Length and pixels out of what ffmpeg prints; upright, as a player shows it."""
    seconds = width = height = None
    if found := _DURATION.search(said):
        seconds = _sane(int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]))
    if found := _VIDEO.search(said):
        width, height = int(found[1]), int(found[2])
        if _QUARTER_TURN.search(said):
            width, height = height, width
    return Measure(seconds, width, height)
