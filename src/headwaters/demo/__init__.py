"""The demo's works, made by code: a film, a piece of music and the creator's handbook as an e-book."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def make_works(into: Path, progress: Callable[[str, float], None] | None = None) -> list[Path]:
    """Three folders in `into` that `headwaters publish` understands; those of an earlier time are replaced.

    `progress(what, share)` is told what is being made (a msgid) and how far it all is, 0…1. Without ffmpeg (the extra
    `formats`) there is no film, and the music is plain WAV.
    """
    from headwaters.demo import works  # not before it is wanted: those that draw and play import this package too

    return works.make_works(into, progress or works.quiet)
