"""The Cutter port: pieces of sounds and films, the shape of a sound, and chapters; ffmpeg in a child with limits."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

from headwaters.adapters.apart.limits import GIGABYTE, Limits
from headwaters.adapters.apart.program import Done, run_child
from headwaters.adapters.media.encoder import _EXACT, _QUIET, _TO_LIGHT, THREADS, _broken, _has_filter, _input, _program
from headwaters.core.errors import N_
from headwaters.core.works.chapters import Moment, read_ffmetadata
from headwaters.core.works.makings import WHOLE, Skip
from headwaters.core.works.pieces import Piece
from headwaters.core.works.reels import Kind, Reel
from headwaters.ports import Material

_LOUDNESS_RATE = 8000  # samples a second, of one channel
_STRETCH = 160  # samples to a peak: 20 ms
_MOST_CHAPTERS = 1 << 20  # bytes
_POSTER_AT = 0.35  # of the piece: its beginning is often black


class FfmpegCutter:
    """See ports.Cutter. Stateless."""

    async def sound(self, original: Material, reel: Reel, piece: Piece, into: Path) -> None:
        """See ports.Cutter."""
        command = [
            *(_program(), *_QUIET, "-threads", "1", *_from(original, piece), "-map", "0:a:0", "-map_metadata", "-1"),
            *("-map_chapters", "-1", "-vn", "-sn", *_faded(piece, "-af", "afade=t=out"), "-ac", "2", "-ar", "44100"),
            *("-c:a", "libmp3lame", "-q:a", "4", "-id3v2_version", "0", "-write_id3v1", "0", *_EXACT),
            *("-f", "mp3", f"file:{into}"),
        ]
        await _run(command, original, into, Limits(180, 180, GIGABYTE, _most(piece, 60_000)))

    async def film(
        self,
        original: Material,
        reel: Reel,
        piece: Piece,
        size: tuple[int, int],
        into: Path,
        report: Callable[[int], None],
    ) -> None:
        """See ports.Cutter."""
        video = reel.of(Kind.VIDEO)[0]
        looks = [f"scale={size[0]}:{size[1]}:flags=bicubic", "setsar=1", "format=yuv420p"]
        if video.interlaced:
            looks.insert(0, "bwdif=mode=send_frame:deint=interlaced")
        if video.transfer:
            if not _has_filter(_program(), "zscale"):
                raise Skip(
                    N_("This film is HDR, and the ffmpeg that is installed cannot turn it into an ordinary one.")
                )
            looks.insert(0, _TO_LIGHT)
        if piece.fade:
            looks.append(f"fade=t=out:st={piece.seconds - piece.fade:.3f}:d={piece.fade:.3f}")
        sounds = ["-map", "0:a:0", "-c:a", "aac", "-ac", "2", "-b:a", "112k"] if reel.of(Kind.AUDIO) else []
        command = [
            *(_program(), *_QUIET, "-filter_threads", "1", "-threads", str(THREADS), *_from(original, piece)),
            *("-map", f"0:{video.index}", *sounds, "-map_metadata", "-1", "-map_chapters", "-1", "-sn"),
            *("-vf", ",".join(looks), *(_faded(piece, "-af", "afade=t=out") if sounds else ())),
            *("-c:v", "libx264", "-preset", "fast", "-crf", "25", "-maxrate", "2000k", "-bufsize", "4000k"),
            *("-threads:v", str(THREADS), "-profile:v", "high", "-level:v", "4.0", "-g", "250"),
            *(*_EXACT, "-movflags", "+faststart", "-f", "mp4", f"file:{into}"),
        ]
        wall = 300 + 30 * piece.seconds
        limits = Limits(wall, int(wall * THREADS), output=_most(piece, 1_000_000))
        await _run(command, original, into, limits, lambda at: report(min(int(at / piece.seconds * WHOLE), WHOLE - 1)))

    async def poster(self, clip: Path, piece: Piece, into: Path) -> None:
        """See ports.Cutter."""
        whole = Material(clip, (), clip.name, "video/mp4", clip.stat().st_size, piece.seconds)
        command = [
            *(_program(), *_QUIET, "-ss", f"{piece.seconds * _POSTER_AT:.3f}", *_input(whole), "-frames:v", "1"),
            *("-an", "-f", "image2", "-c:v", "png", f"file:{into}"),
        ]
        await _run(command, whole, into, Limits(60, 60, GIGABYTE, 50_000_000))

    async def peaks(self, sound: Path, seconds: float) -> Sequence[int]:
        """See ports.Cutter."""
        whole = Material(sound, (), sound.name, "audio/mpeg", sound.stat().st_size, seconds)
        command = [
            *(
                _program(),
                "-hide_banner",
                "-nostdin",
                "-loglevel",
                "error",
                *_input(whole),
                "-map",
                "0:a:0",
                "-ac",
                "1",
            ),
            *("-ar", str(_LOUDNESS_RATE), "-f", "s16le", "pipe:1"),
        ]
        limits = Limits(120, 120, GIGABYTE, int(2 * _LOUDNESS_RATE * (seconds + 10)))
        done = await run_child(command, sound.parent, limits)
        if done.code:
            raise _broken(done, whole)
        return loudest(done.out)

    async def chapters(self, original: Material) -> tuple[Moment, ...]:
        """See ports.Cutter."""
        command = [_program(), "-hide_banner", "-nostdin", "-loglevel", "error", *_input(original)]
        command += ["-map_chapters", "0", "-f", "ffmetadata", "pipe:1"]
        done = await run_child(
            command, original.path.parent, Limits(60, 60, output=_MOST_CHAPTERS), original.descriptors
        )
        if done.code:
            raise _broken(done, original)
        return read_ffmetadata(done.out.decode("utf-8", "replace"))


def loudest(pcm: bytes) -> list[int]:
    """The loudest sample of each stretch of 16-bit little-endian PCM."""
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return [
        max(max(stretch), -min(stretch))
        for at in range(0, len(samples), _STRETCH)
        if (stretch := samples[at : at + _STRETCH])
    ]


def _from(original: Material, piece: Piece) -> list[str]:
    return ["-ss", f"{piece.start:.3f}", "-t", f"{piece.seconds:.3f}", *_input(original)]


def _faded(piece: Piece, option: str, name: str) -> tuple[str, ...]:
    if not piece.fade:
        return ()
    return option, f"{name}:st={piece.seconds - piece.fade:.3f}:d={piece.fade:.3f}"


def _most(piece: Piece, a_second: int) -> int:
    """Bytes that a piece may have."""
    return int(1_000_000 + a_second * piece.seconds)


async def _run(
    command: Sequence[str],
    original: Material,
    into: Path,
    limits: Limits,
    reached: Callable[[float], None] = lambda at: None,
) -> Done:
    at = 0.0

    def hear(line: bytes) -> bool:
        nonlocal at
        name, _, value = line.strip().partition(b"=")
        if name != b"out_time_us" or not value.isdigit():
            return False
        moved, at = int(value) / 1_000_000 > at, max(at, int(value) / 1_000_000)
        reached(at)
        return moved

    done = await run_child(command, into.parent, limits, original.descriptors, hear)
    if done.code or not into.exists() or not into.stat().st_size:
        raise _broken(done, original)
    return done
