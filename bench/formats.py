"""How long the shop takes to make other formats: a minute of 1080p, and four minutes of music. Seconds and memory."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench.rows import Options, Row
from bench.servers import scratch
from headwaters.adapters.media.encoder import FfmpegEncoder
from headwaters.adapters.media.ffmpeg import ffmpeg_program
from headwaters.core.works.reels import plan_film, plan_sound
from headwaters.ports import Material, Tags

FILM, MUSIC = 60, 240  # seconds


def _make(path: Path, *arguments: str) -> Path:
    program = ffmpeg_program()
    if program is None:
        raise RuntimeError("there is no ffmpeg")
    subprocess.run([program, "-v", "error", "-y", *arguments, str(path)], check=True)
    return path


def _film(path: Path, seconds: float) -> Path:
    """Something that moves, with grain on it, as a camera's film has."""
    moving = f"testsrc2=size=1920x1080:rate=25:duration={seconds},noise=alls=12:allf=t"
    sound = ("-f", "lavfi", "-i", f"anoisesrc=d={seconds}:c=pink")
    return _make(path, "-f", "lavfi", "-i", moving, *sound, "-c:v", "mpeg4", "-q:v", "2", "-c:a", "aac")


class _Memory:
    """The most that a child of ours held, looked at while it runs."""

    def __init__(self) -> None:
        self.most = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.2):
            done = subprocess.run(["ps", "-eo", "rss=,comm="], capture_output=True, text=True, check=False)
            found = [line.split(None, 1) for line in done.stdout.splitlines()]
            self.most = max([self.most, *(int(rss) for rss, name in found if name.startswith("ffmpeg"))])


def _timed(made: str, seconds: float, run: object) -> Iterator[Row]:
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with _Memory() as memory:
        asyncio.run(run)  # type: ignore[arg-type]
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    yield Row(made, took, "s", f"{seconds:g} s of it", took / seconds, "–", None)
    yield Row(f"{made}: processor", busy, "s", f"{seconds:g} s of it", busy / seconds, "–", None)
    yield Row(f"{made}: memory", memory.most / 1024, "MB", "–", None, "≤ 2,048 MB", memory.most < 2 << 20)


async def _convert_film(path: Path, side: int) -> None:
    encoder, original = FfmpegEncoder(), Material(path, (), path.name, "video/matroska", path.stat().st_size, None)
    reel = await encoder.probe(original)
    into = path.with_name(f"{side}.mp4")
    await encoder.film(original, reel, plan_film(reel, side, ()), side, into, lambda done: None)


async def _convert_music(path: Path, codec: str) -> None:
    encoder, original = FfmpegEncoder(), Material(path, (), path.name, "audio/wav", path.stat().st_size, None)
    reel = await encoder.probe(original)
    into = path.with_name(f"made.{codec}")
    await encoder.sound(original, reel, plan_sound(reel, codec), Tags(), into, lambda done: None)


def rows(options: Options) -> Iterator[Row]:
    """Each format by itself, as the shop makes them."""
    with scratch() as folder:
        seconds = max(2.0, FILM * options.scale)
        film = _film(folder / "film.mkv", seconds)
        for side in (1080, 480):
            yield from _timed(f"film to MP4 {side}", seconds, _convert_film(film, side))
        seconds = max(2.0, MUSIC * options.scale)
        music = _make(folder / "music.wav", "-f", "lavfi", "-i", f"anoisesrc=d={seconds}:c=pink:r=44100", "-ac", "2")
        for codec in ("flac", "mp3", "opus"):
            yield from _timed(f"music to {codec}", seconds, _convert_music(music, codec))
