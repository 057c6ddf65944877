"""The Encoder port: ffmpeg for music, films and subtitles, Pillow for pictures, each in a child with limits.

ffmpeg opens the one file that it is given, as what its name and content said when it was published, and nothing that it
may name: demuxers that open other files are not among those it may use, nor is any protocol of a network. The same
original gives the same bytes (with one version of the encoder).
"""

from __future__ import annotations

import asyncio
import errno
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from headwaters.adapters.apart.client import HERE, Apart, Lost, Task
from headwaters.adapters.apart.limits import GIGABYTE, Limits
from headwaters.adapters.apart.program import MAKE_IT_YOURSELF, Done, disk_full, last_line, run_child
from headwaters.adapters.media.ffmpeg import ffmpeg_program
from headwaters.adapters.media.probing import read_probe
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.makings import WHOLE, Skip
from headwaters.core.works.names import shown
from headwaters.core.works.reels import FilmPlan, Reel, SoundPlan
from headwaters.ports import Material, Tags

THREADS = 2
_EXACT = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact")
_QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-progress", "pipe:1")
# What ffmpeg may take a file for, by its media type.
_DEMUXERS: Mapping[str, str] = {
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/mp4": "mov",
    "audio/ogg": "ogg",
    "audio/wav": "wav,w64",
    "audio/aiff": "aiff",
    "audio/aac": "aac",
    "audio/matroska": "matroska",
    "audio/x-wavpack": "wv",
    "audio/x-ms-wma": "asf",
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/3gpp": "mov",
    "video/webm": "matroska",
    "video/matroska": "matroska",
    "video/ogg": "ogg",
    "video/vnd.avi": "avi",
    "video/mpeg": "mpeg,mpegvideo",
    "video/mp2t": "mpegts",
    "video/x-ms-wmv": "asf",
    "text/vtt": "webvtt",
    "application/x-subrip": "srt",
    "text/x-ssa": "ass",
}
_TO_LIGHT = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv"
)
_MOST_SUBTITLES = 20_000_000  # bytes
_SLOWEST = 5_000_000  # bytes of a film that are read in a second, at the least
_LONGEST = 48 * 3600.0  # seconds of work on one film
# What ffmpeg says when it was built without what a format takes.
_LACKS = (
    "Unknown encoder",
    "Encoder not found",
    "Error selecting an encoder",
    "Unrecognized option",
    "No such filter",
    "is not a suitable output",
)
_CUT_SHORT = 0.95  # of its length: what ends earlier was cut off


_TASKS = "headwaters.adapters.media.tasks"
SHRINK = Task(_TASKS, "shrink", tuple[int, int])
TAG = Task(_TASKS, "tag", type(None))


class FfmpegEncoder:
    """See ports.Encoder. Stateless."""

    def __init__(self, apart: Apart = HERE) -> None:
        self._apart = apart

    def about(self) -> str:
        """See ports.Encoder."""
        program = ffmpeg_program()
        return _version(program) if program else ""

    async def probe(self, original: Material) -> Reel:
        """See ports.Encoder."""
        command = [_program(), "-hide_banner", "-nostdin", *_input(original)]
        done = await run_child(command, original.path.parent, Limits(60, 60, output=1 << 20), original.descriptors)
        reel = read_probe(done.said)
        if reel is None or not reel.streams:
            raise _broken(done, original)
        return reel

    async def sound(
        self, original: Material, reel: Reel, plan: SoundPlan, tags: Tags, into: Path, report: Callable[[int], None]
    ) -> None:
        """See ports.Encoder."""
        seconds = _seconds(original, reel)
        about = ["-map_metadata", "0", "-map_chapters", "-1"]
        if reel.container == "ogg":
            about += ["-map_metadata:g", f"0:s:{plan.stream}"]
        shape = ["-ac", str(plan.channels), "-ar", str(plan.rate)] if plan.channels and plan.rate else []
        command = [
            *(_program(), *_QUIET, "-threads", "1", *_input(original), "-map", f"0:{plan.stream}", *about),
            *(*_SOUND_OPTIONS[plan.codec](plan), *shape, *_EXACT, "-f", _MUXERS[plan.codec], f"file:{into}"),
        ]
        limits = Limits(120 + 4 * seconds, int(120 + 4 * seconds), GIGABYTE, original.size)
        await _encode(command, original, reel, limits, report)
        await self._tag(into, plan.codec, original, tags)

    async def _tag(self, into: Path, codec: str, original: Material, tags: Tags) -> None:
        limits = Limits(120, 60, output=original.size + GIGABYTE)
        try:
            with _room():
                await self._apart.ask_async(TAG, limits, into, codec, original.path, tags, lend=original.descriptors)
        except Lost:
            message = N_("Its words and its cover take more time or memory than the shop gives to one file.")
            raise Refused(Code.NOT_MADE, message, hint=N_("Save it anew with fewer tags.")) from None

    async def film(
        self, original: Material, reel: Reel, plan: FilmPlan, side: int, into: Path, report: Callable[[int], None]
    ) -> None:
        """See ports.Encoder."""
        if plan.hdr and not _has_filter(_program(), "zscale"):
            raise Skip(N_("This film is HDR, and the ffmpeg that is installed cannot turn it into an ordinary one."))
        seconds = _seconds(original, reel)
        wall = min(600 + 60 * seconds, _LONGEST)
        command = [
            *(_program(), *_QUIET, "-filter_threads", "1", "-threads", str(THREADS), *_input(original)),
            *(*_mapped(plan), "-filter:v", _filters(plan), *_quality(side)),
            *("-c:a", "aac", "-ac", "2", "-b:a", "160k" if side > 480 else "112k", "-c:s", "mov_text"),
            *("-metadata", "location=", "-metadata", "location-eng=", "-metadata", "creation_time="),
            *("-t", f"{seconds * 1.02 + 5:.3f}", "-max_muxing_queue_size", "4096", *_EXACT),
            *("-movflags", "+faststart", "-f", "mp4", f"file:{into}"),
        ]
        await _encode(command, original, reel, Limits(wall, int(wall * THREADS), output=original.size), report)

    async def subtitles(self, original: Material, into: Path) -> None:
        """See ports.Encoder."""
        text = original.path.with_name(f"text-{original.path.name}")
        await asyncio.to_thread(_as_utf8, original, text)
        plain = Material(text, (), original.name, original.media_type, original.size, None)
        command = [_program(), *_QUIET, *_input(plain), "-map", "0:s:0", *_EXACT, "-f", "webvtt", f"file:{into}"]
        done = await run_child(command, into.parent, Limits(60, 60, output=_MOST_SUBTITLES))
        if done.code or not into.exists():
            raise _broken(done, plain)

    async def texts(self, original: Material, into: Mapping[int, Path]) -> None:
        """See ports.Encoder."""
        command = [_program(), *_QUIET, *_input(original)]
        for index, path in into.items():
            command += ["-map", f"0:{index}", *_EXACT, "-f", "webvtt", f"file:{path}"]
        seconds = 120 + original.size / _SLOWEST
        limits = Limits(seconds, int(seconds), output=_MOST_SUBTITLES)
        done = await run_child(command, original.path.parent, limits, original.descriptors)
        if done.code or not all(path.exists() for path in into.values()):
            raise _broken(done, original)

    async def shrink(self, original: Material, side: int, into: Path) -> tuple[int, int]:
        """See ports.Encoder."""
        limits = Limits(120, 120, output=original.size + GIGABYTE)
        try:
            with _room():
                return await self._apart.ask_async(SHRINK, limits, original.path, side, into, lend=original.descriptors)
        except Lost:
            message = N_("This picture takes more time or memory than the shop gives to one file.")
            raise Refused(Code.NOT_MADE, message, hint=N_("Save it anew as JPEG, PNG or WebP.")) from None
        except Refused as refused:
            if refused.code is Code.NOT_MADE:
                raise
            said = refused.message % {**refused.values, "name": shown(original.name)}
            raise _not_a_picture(said) from None


@contextmanager
def _room() -> Iterator[None]:
    """Raises Refused(DISK_FULL) where the disk says so."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise disk_full() from None
        raise


# ── commands ─────────────────────────────────────────────────────────────────────────────────────


def _program() -> str:
    """Raises Skip where none is installed."""
    program = ffmpeg_program()
    if program is None:
        raise Skip(
            N_("There is no ffmpeg on the shop’s machine."),
            hint=N_("Install it (for Debian: apt install ffmpeg) or “headwaters[formats]”, and try again."),
        )
    return program


def _input(original: Material) -> list[str]:
    """This file, as what it is, and no other. Raises Skip for what ffmpeg is not let at."""
    demuxers = _DEMUXERS.get(original.media_type)
    if demuxers is None:
        raise Skip(N_("This kind of file is not converted."))
    return ["-protocol_whitelist", "file", "-format_whitelist", demuxers, "-i", f"file:{original.path}"]


_SOUND_OPTIONS: Mapping[str, Callable[[SoundPlan], list[str]]] = {
    "flac": lambda plan: [
        *("-c:a", "flac", "-compression_level", "8", "-sample_fmt", "s16" if plan.bits == 16 else "s32"),
        *(() if plan.bits == 16 else ("-bits_per_raw_sample", "24")),
    ],
    "mp3": lambda plan: ["-c:a", "libmp3lame", "-q:a", "0", "-id3v2_version", "3", "-write_id3v1", "0"],
    "opus": lambda plan: ["-c:a", "libopus", "-b:a", str(plan.bit_rate), "-vbr", "on"],
}
_MUXERS = {"flac": "flac", "mp3": "mp3", "opus": "ogg"}


def _mapped(plan: FilmPlan) -> list[str]:
    chosen = [plan.video, *plan.sounds, *plan.subtitles]
    options = [part for index in chosen for part in ("-map", f"0:{index}")]
    options += ["-map_metadata", "0", "-map_chapters", "0"]
    kinds = ["a"] * len(plan.sounds) + ["s"] * len(plan.subtitles)
    places = [*range(len(plan.sounds)), *range(len(plan.subtitles))]
    for kind, place, language in zip(kinds, places, plan.languages, strict=True):
        if language:
            options += [f"-metadata:s:{kind}:{place}", f"language={language}"]
    return options


def _filters(plan: FilmPlan) -> str:
    parts = ["bwdif=mode=send_frame:deint=interlaced"] if plan.interlaced else []
    if plan.hdr:
        parts.append(_TO_LIGHT)
    return ",".join([*parts, f"scale={plan.width}:{plan.height}:flags=bicubic", "setsar=1", "format=yuv420p"])


def _quality(side: int) -> list[str]:
    """Good enough to keep, and no more bytes than that takes; a key frame every four seconds, for seeking."""
    crf, most, level = ("21", "8M", "4.1") if side > 480 else ("23", "1800k", "3.1")
    return [
        *("-c:v", "libx264", "-preset", "fast", "-crf", crf, "-maxrate", most, "-bufsize", most, "-threads:v"),
        *(str(THREADS), "-profile:v", "high", "-level:v", level, "-force_key_frames", "expr:gte(t,n_forced*4)"),
    ]


@cache
def _version(program: str) -> str:
    done = subprocess.run([program, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return " ".join(done.stdout.split()[:3])


@cache
def _has_filter(program: str, name: str) -> bool:
    command = [program, "-hide_banner", "-filters"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return f" {name} " in done.stdout


# ── running ──────────────────────────────────────────────────────────────────────────────────────


def _seconds(original: Material, reel: Reel) -> float:
    """How long it is, as far as anybody can believe it: no film has less than 250 bytes a second."""
    said = reel.seconds or original.size / 10_000
    return max(1.0, min(said, original.size / 250))


async def _encode(
    command: Sequence[str], original: Material, reel: Reel, limits: Limits, report: Callable[[int], None]
) -> None:
    """Raises as run_child; Refused(NOT_MADE) for what is broken, or ends long before it says."""
    seconds, reached = _seconds(original, reel), 0.0

    def hear(line: bytes) -> bool:
        nonlocal reached
        name, _, value = line.strip().partition(b"=")
        if name != b"out_time_us" or not value.isdigit():
            return False
        moved, reached = int(value) / 1_000_000 > reached, max(reached, int(value) / 1_000_000)
        report(min(int(reached / seconds * WHOLE), WHOLE - 1))
        return moved

    done = await run_child(command, original.path.parent, limits, original.descriptors, hear)
    if done.code:
        raise _broken(done, original)
    if reel.seconds and reached < reel.seconds * _CUT_SHORT - 1:
        raise Refused(
            Code.NOT_MADE,
            N_("The original ends after %(end)s, and says that it goes on until %(whole)s."),
            hint=N_("Was it cut off on its way here? Publish it again, whole."),
            end=_clock(reached),
            whole=_clock(reel.seconds),
        )


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _broken(done: Done, original: Material) -> Refused:
    """Why it went wrong, where no limit did it: the program lacks something, it fell over, or the file is broken."""
    said = last_line(done.said, (str(original.path), str(original.path.parent))) or "–"
    if any(lack in done.said for lack in _LACKS):
        message = N_("The ffmpeg on the shop’s machine cannot make this. It says: %(said)s")
        hint = N_("Install another (for Debian: apt install ffmpeg) or “headwaters[formats]”, and try again.")
        return Skip(message, hint=hint, said=said)
    if done.code < 0:
        message = N_("ffmpeg broke off in the middle of this file (signal %(number)d).")
        return Refused(Code.NOT_MADE, message, hint=MAKE_IT_YOURSELF, number=-done.code)
    message = N_("This file cannot be read through. ffmpeg says: %(said)s")
    hint = N_("Does it play to its end? If not, publish a whole one; if it does, save it anew and publish that.")
    return Refused(Code.NOT_MADE, message, hint=hint, said=said)


def _not_a_picture(said: str) -> Refused:
    message = N_("This picture cannot be made smaller: %(said)s")
    return Refused(Code.NOT_MADE, message, hint=N_("Save it anew as JPEG, PNG or WebP."), said=said)


def _as_utf8(original: Material, text: Path) -> None:
    """Subtitles in UTF-8, whatever they were in. Raises Refused(NOT_MADE)."""
    if original.size > _MOST_SUBTITLES:
        raise Refused(Code.NOT_MADE, N_("These subtitles are too large to be any."))
    data = original.path.read_bytes()
    for encoding in ("utf-16",) if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig", "cp1252", "latin-1"):
        try:
            words = data.decode(encoding)
        except UnicodeError:
            continue
        text.write_text(words.replace("\0", ""), encoding="utf-8")
        return
    raise Refused(Code.NOT_MADE, N_("The letters of these subtitles cannot be read."), hint=N_("Save them as UTF-8."))
