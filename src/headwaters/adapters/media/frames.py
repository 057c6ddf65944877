"""A frame of a film to stand for it on its page, where ffmpeg is installed: the one of a few with most to see."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from PIL import Image, ImageStat

from headwaters.adapters.media.ffmpeg import ffmpeg_program, measure_with_ffmpeg, run_ffmpeg
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.names import shown

_MOMENTS = (0.12, 0.3, 0.55)  # of the film; its beginning and end are titles, and often black
_WIDEST = 1920
_MOST_BYTES = 50_000_000


def frame_of(path: Path) -> io.BytesIO:
    """A PNG of one frame. Raises Refused(FILE_WRONG_KIND) where none can be had."""
    program = ffmpeg_program()
    if program is not None:
        seconds = measure_with_ffmpeg(path).seconds or 0.0
        frames = [frame for moment in _MOMENTS if (frame := _frame(program, path, seconds * moment))]
        if frames:
            return io.BytesIO(max(frames, key=_to_see))
    raise Refused(
        Code.FILE_WRONG_KIND,
        N_("No picture could be taken out of “%(name)s”."),
        hint=N_("Give a picture: JPEG, PNG or WebP."),
        field="cover",
        name=shown(path.name),
    )


def _frame(program: str, path: Path, second: float) -> bytes | None:
    """What is to be seen at a second of the film. ffmpeg opens this file and nothing else, and writes to us alone."""
    command = [
        *(program, "-hide_banner", "-loglevel", "error", "-nostdin", "-protocol_whitelist", "file,pipe"),
        *("-ss", f"{second:.2f}", "-i", f"file:{path.absolute()}", "-an", "-sn", "-frames:v", "1"),
        *("-vf", f"scale='min({_WIDEST},iw*sar)':-2", "-c:v", "png", "-f", "image2pipe", "pipe:1"),
    ]
    done = run_ffmpeg(command)
    usable = done is not None and done.stdout.startswith(b"\x89PNG") and len(done.stdout) <= _MOST_BYTES
    return done.stdout if done is not None and usable else None


def _to_see(frame: bytes) -> float:
    """How much there is to see: the spread of its brightness."""
    with contextlib.suppress(OSError, ValueError), Image.open(io.BytesIO(frame), formats=("PNG",)) as picture:
        small = picture.convert("L").resize((64, 36))
        return float(ImageStat.Stat(small).stddev[0])
    return 0.0
