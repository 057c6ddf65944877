"""The film: frames drawn by several processes, set with titles, piped into ffmpeg, together with the soundtrack."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from headwaters.demo import ffmpeg, workers
from headwaters.demo.frames import LENGTH, Painter
from headwaters.demo.lettering import write
from headwaters.demo.palette import Rgb, rgb
from headwaters.demo.scenery import HEIGHT, WIDTH
from headwaters.demo.shapes import smoothstep

TITLE = "One Day, Downstream"
RATE = 24
_SAMPLE = 0.5, 0.84  # the free sample, in shares of the film
_TAGS = ffmpeg.tags(title=TITLE, artist="Nell Underbrook", date=2026,
                    copyright="CC BY-NC-SA 4.0, Nell Underbrook", comment="Pass it on.")  # fmt: skip
_CREAM, _INK = rgb("#f7eedd"), rgb("#050c14")

# Seconds from, seconds to, text; also the subtitles (there is nothing spoken, this is the story).
LINES: list[tuple[float, float, str]] = [
    (6.4, 9.6, "At first it is small enough to step over."),
    (10.0, 13.2, "Somebody folds a boat and lets it go."),
    (13.8, 17.0, "Nobody asks the boat where it is from."),
    (17.8, 20.6, "It passes a town that was waiting for post."),
    (21.4, 24.4, "The rain adds a little to everyone’s."),
    (25.2, 28.4, "Some of those who see it fold one too."),
    (29.4, 32.4, "When it gets dark, somebody puts a light in it."),
    (33.4, 36.4, "Down here they call it the sea."),
    (36.8, 39.4, "It is the same water."),
]


@dataclass(frozen=True)
class Cut:
    """A shorter, smaller or slower film, for tests; as it stands, the film."""

    scale: float = 1.0
    seconds: float = LENGTH
    rate: int = RATE

    @property
    def size(self) -> tuple[int, int]:
        """Pixels."""
        return round(WIDTH * self.scale), round(HEIGHT * self.scale)

    @property
    def frames(self) -> int:
        """How many pictures."""
        return round(self.seconds * self.rate)


def write_frames(out: BinaryIO, scale: float, seconds: float, rate: float, first: int, step: int) -> None:
    """Every `step`th *pair* of frames from pair `first` on, as raw RGB; the two of a pair share their sky."""
    painter, total = Painter(scale), round(seconds * rate)
    for pair in range(first, -(-total // 2), step):
        for number in range(pair * 2, min(total, pair * 2 + 2)):
            told = number / rate * LENGTH / seconds
            out.write(titled(painter.frame(told, pair), told, scale).tobytes())
    out.flush()


def titled(picture: Image.Image, seconds: float, scale: float) -> Image.Image:
    """A frame with the titles of that second, and the fades from and to dark."""
    opening = smoothstep(1.0, 2.0, seconds) * (1 - smoothstep(4.9, 5.8, seconds))
    _set(picture, "One Day,", (112, 96), 66, scale, opening)
    _set(picture, "Downstream", (112, 168), 66, scale, smoothstep(1.4, 2.4, seconds) * opening)
    _set(picture, "A FILM BY NELL UNDERBROOK", (116, 262), 15, scale, smoothstep(2.0, 3.0, seconds) * opening, 0.24)
    closing = smoothstep(38.4, 39.4, seconds)
    _set(picture, "Pass it on.", (112, 96), 50, scale, closing)
    _set(picture, "NELL UNDERBROOK, 2026", (115, 170), 14, scale, smoothstep(39.0, 40.0, seconds), 0.24)
    dark = (1 - smoothstep(0.0, 1.3, seconds)) + smoothstep(LENGTH - 1.3, LENGTH - 0.1, seconds)
    return Image.blend(picture, Image.new("RGB", picture.size, _INK), min(1.0, dark)) if dark > 0.002 else picture


def _set(
    picture: Image.Image, text: str, at: tuple[float, float], size: float, scale: float, strength: float,
    spacing: float = 0.0, colour: Rgb = _CREAM,
) -> None:  # fmt: skip
    write(picture, text, (at[0] * scale, at[1] * scale), size * scale, colour, spacing, strength)


def frames(cut: Cut, progress: Callable[[float], None]) -> Iterator[bytes]:
    """All frames in order, drawn by as many processes as there are cores, each taking turns."""
    size = cut.size[0] * cut.size[1] * 3
    step = workers.COUNT
    tasks = [["frames", str(cut.scale), str(cut.seconds), str(cut.rate), str(i), str(step)] for i in range(step)]
    with workers.started(tasks) as running:
        for number in range(cut.frames):
            pipe = running[number // 2 % step].stdout
            data = pipe.read(size) if pipe else b""
            if len(data) != size:
                raise RuntimeError("a process that draws frames ended early")
            yield data
            if number % 12 == 0:
                progress(number / cut.frames)


def encode(exe: str, cut: Cut, sound: Path, folder: Path, progress: Callable[[float], None]) -> list[Path]:
    """The film for most screens, for small ones, and a piece of it to look at first: MP4, H.264 and AAC."""
    wide, small, sample = (folder / f"{TITLE}{kind}.mp4" for kind in ("", " (small)", " (sample)"))
    line = ffmpeg.command(exe, *_inputs(cut, sound), *_outputs(cut, wide, small))
    with subprocess.Popen(line, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        try:
            for data in frames(cut, progress):
                process.stdin.write(data)
        except BrokenPipeError:
            pass  # ffmpeg has ended; what it says tells why
        except BaseException:
            process.kill()
            raise
        said = process.communicate()[1].decode(errors="replace")
    ffmpeg.check(process.returncode, said)
    _sample(exe, cut, small, sample)
    return [wide, small, sample]


def _inputs(cut: Cut, sound: Path) -> list[str]:
    return ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{cut.size[0]}x{cut.size[1]}", "-r", str(cut.rate),
            "-i", "pipe:0", "-i", str(sound)]  # fmt: skip


def _outputs(cut: Cut, wide: Path, small: Path) -> list[str]:
    even = round(cut.size[0] / 3) * 2, round(cut.size[1] / 3) * 2
    graph = (
        "[0:v]scale=in_range=pc:out_range=tv:out_color_matrix=bt709,format=yuv420p,"
        "setparams=color_primaries=bt709:color_trc=bt709,split=2[a][b0];"
        f"[b0]scale={even[0]}:{even[1]}[b];"
        f"[1:a]apad,atrim=0:{cut.seconds},asplit=2[x][y]"
    )
    return [
        "-filter_complex", graph,
        "-map", "[a]", "-map", "[x]", *_codec(cut, 22.5, "160k"), str(wide),
        "-map", "[b]", "-map", "[y]", *_codec(cut, 25, "128k"), str(small),
    ]  # fmt: skip


def _sample(exe: str, cut: Cut, small: Path, sample: Path) -> None:
    """From the rain to the first light in the boat: the pictures as they are, the sound faded in and out."""
    start, long = _SAMPLE[0] * cut.seconds, (_SAMPLE[1] - _SAMPLE[0]) * cut.seconds
    fades = f"afade=in:d=0.8,afade=out:st={long - 1.6}:d=1.6" if long > 4 else "anull"
    ffmpeg.run(
        exe, "-ss", f"{start:.3f}", "-t", f"{long:.3f}", "-i", str(small), "-c:v", "copy", "-af", fades,
        "-c:a", "aac", "-b:a", "128k", *ffmpeg.EXACT, *_TAGS, "-movflags", "+faststart", str(sample),
    )  # fmt: skip


def _codec(cut: Cut, quality: float, rate: str) -> list[str]:
    """x264 with a fixed number of threads, because its output depends on it."""
    return [
        "-c:v", "libx264", "-preset", "veryfast", "-crf", str(quality), "-threads", "2", "-refs", "1",
        "-x264-params", "me=dia:subme=1",
        "-g", str(cut.rate * 4), "-force_key_frames", f"{_SAMPLE[0] * cut.seconds:.3f}",
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
        "-c:a", "aac", "-b:a", rate, *ffmpeg.EXACT,
        *_TAGS, "-movflags", "+faststart",
    ]  # fmt: skip


def subtitles(cut: Cut) -> str:
    """WebVTT (https://www.w3.org/TR/webvtt1/)."""
    share = cut.seconds / LENGTH
    cues = [f"{_clock(a * share)} --> {_clock(b * share)}\n{text}\n" for a, b, text in LINES]
    return "WEBVTT\n\n" + "\n".join(cues)


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3600000:02}:{whole // 60000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"
