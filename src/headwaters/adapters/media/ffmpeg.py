"""ffmpeg, where it is installed, and what it says of a file."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PATIENCE = 30  # seconds for one look
LONGEST = 10_000_000  # seconds: what is longer is a broken header

_DURATION = re.compile(rb"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_VIDEO = re.compile(rb"Stream #\d+:\d+.*?: Video: .*?, (\d{1,5})x(\d{1,5})(?=[ ,\[\r\n])")
_QUARTER_TURN = re.compile(rb"(?i:display ?matrix): rotation of -?(?:90|270)\.00 degrees")


@dataclass(frozen=True, slots=True)
class Measure:
    """Seconds and pixels; None where they are unknown or do not apply."""

    seconds: float | None = None
    width: int | None = None
    height: int | None = None


@cache
def ffmpeg_program() -> str | None:
    """The ffmpeg of the `formats` extra, else the system's, else None."""
    with contextlib.suppress(ImportError, RuntimeError):
        from imageio_ffmpeg import get_ffmpeg_exe  # an extra: it may not be installed

        return str(get_ffmpeg_exe())
    return shutil.which("ffmpeg")


def run_ffmpeg(command: Sequence[str]) -> subprocess.CompletedProcess[bytes] | None:
    """What it said; None where it could not run, or took too long. It has the descriptors that were lent to us."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False, close_fds=False
        )
    return None


def measure_with_ffmpeg(path: Path) -> Measure:
    """What `ffmpeg -i` says of a file. It opens this file and nothing else, and writes nothing."""
    program = ffmpeg_program()
    if program is None:
        return Measure()
    command = [program, "-hide_banner", "-nostdin", "-protocol_whitelist", "file", "-i", f"file:{path.absolute()}"]
    done = run_ffmpeg(command)
    return read_ffmpeg(done.stderr) if done is not None else Measure()


def read_ffmpeg(said: bytes) -> Measure:
    """Length and pixels out of what ffmpeg prints; upright, as a player shows it."""
    seconds = width = height = None
    if found := _DURATION.search(said):
        seconds = sane(int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]))
    if found := _VIDEO.search(said):
        width, height = int(found[1]), int(found[2])
        if _QUARTER_TURN.search(said):
            width, height = height, width
    return Measure(seconds, width, height)


def sane(seconds: float) -> float | None:
    """A length that may be."""
    return seconds if 0 < seconds < LONGEST else None
