"""What is inside a film or a piece of music, and what may be made of it: pure rules over what an encoder saw.

Nothing is made larger than its original, and nothing without loss from what has lost something already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.makings import IS_ALREADY, ONLY_LARGER, ONLY_WORSE, SAME_SIZE, Skip


class Kind(StrEnum):
    """What a stream is."""

    VIDEO = "video"
    AUDIO = "audio"
    SUBTITLE = "subtitle"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream. `width`, `height`: of its pixels as they are kept; `shape`: a pixel's width by its height; `turned`:
    shown on its side; `cover`: a still picture. `bits`: of a sample, 0 where that means nothing; `rate` in Hz."""

    index: int
    kind: Kind
    codec: str
    language: str = ""
    width: int = 0
    height: int = 0
    shape: float = 1.0
    turned: bool = False
    pixels: str = ""
    transfer: str = ""
    interlaced: bool = False
    cover: bool = False
    channels: int = 0
    rate: int = 0
    bits: int = 0
    bit_rate: int = 0


@dataclass(frozen=True, slots=True)
class Reel:
    """A whole file. `container`: as ffmpeg calls it; `seconds` None where nobody can tell."""

    container: str
    seconds: float | None
    streams: tuple[Stream, ...]
    chapters: int = 0
    bit_rate: int = 0

    def of(self, kind: Kind) -> list[Stream]:
        """Its streams of a kind, without covers."""
        return [stream for stream in self.streams if stream.kind is kind and not stream.cover]


MOST_PIXELS = 40_000_000  # of one frame

# ── music ────────────────────────────────────────────────────────────────────────────────────────

LOSSLESS = frozenset(["flac", "alac", "wavpack", "ape", "tta", "truehd", "mlp", "wmalossless"])
GOOD_BIT_RATE = 190_000  # of a lossy original that is good enough to make another of it
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """How one format is made. `bits`: of FLAC, 16 or 24; `bit_rate`: of Opus; 0 where it means nothing."""

    codec: str
    stream: int
    channels: int
    rate: int
    bits: int = 0
    bit_rate: int = 0


def is_lossless(stream: Stream) -> bool:
    """Whether nothing was lost yet."""
    return stream.codec in LOSSLESS or stream.codec.startswith("pcm_")


def plan_sound(reel: Reel, codec: str) -> SoundPlan:
    """How `codec` (flac, mp3, opus) is made of it. Raises Skip; Refused(NOT_MADE) where there is nothing to hear."""
    sounds = reel.of(Kind.AUDIO)
    if not sounds:
        raise Refused(Code.NOT_MADE, N_("There is no sound in this file."))
    sound = sounds[0]
    if sound.codec == codec:
        raise Skip(IS_ALREADY)
    if not is_lossless(sound):
        if codec == "flac":
            raise Skip(ONLY_LARGER)
        if (sound.bit_rate or reel.bit_rate) < GOOD_BIT_RATE:
            raise Skip(ONLY_WORSE)
    match codec:
        case "flac":
            return SoundPlan(codec, sound.index, sound.channels, sound.rate, bits=16 if sound.bits <= 16 else 24)
        case "mp3":
            return SoundPlan(codec, sound.index, min(sound.channels, 2), _mp3_rate(sound.rate))
        case _:
            return SoundPlan(codec, sound.index, sound.channels, 48000, bit_rate=_opus_bit_rate(sound.channels))


def _mp3_rate(rate: int) -> int:
    """The rate of the original, or the nearest that MP3 has of its family."""
    if rate in _MP3_RATES:
        return rate
    return 44100 if rate % 11025 == 0 else 48000


def _opus_bit_rate(channels: int) -> int:
    return {1: 96_000, 2: 160_000}.get(channels, 64_000 * channels)


# ── films ────────────────────────────────────────────────────────────────────────────────────────

_HDR = frozenset(["smpte2084", "arib-std-b67"])
_TEXTS = frozenset(["subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"])
_MOST_SOUNDS = 4  # languages, comments
_PLAYED = ("mov", "mp4")


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """How an MP4 is made. `width` and `height` upright, and even; streams by their index."""

    width: int
    height: int
    video: int
    sounds: tuple[int, ...]
    subtitles: tuple[int, ...]
    hdr: bool
    interlaced: bool
    languages: tuple[str, ...]  # of the sounds, then of the subtitles


def texts_of(reel: Reel) -> list[Stream]:
    """Its subtitles that are text, and no pictures."""
    return [stream for stream in reel.of(Kind.SUBTITLE) if stream.codec in _TEXTS]


def shown_size(stream: Stream) -> tuple[int, int]:
    """Width and height as a player shows them: square pixels, upright."""
    width, height = max(1, round(stream.width * stream.shape)), stream.height
    return (height, width) if stream.turned else (width, height)


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """As large as fits a screen of 16:9 with `side` lines, whichever way it is held; even, and never larger."""
    long, short = side * 16 / 9, side
    box = (long, short) if width >= height else (short, long)
    share = min(box[0] / width, box[1] / height, 1.0)
    return _even(width * share), _even(height * share)


def _even(value: float) -> int:
    return max(2, int(value + 1e-6) // 2 * 2) if value >= 2 else 2


def plan_film(reel: Reel, side: int, smaller: Sequence[int]) -> FilmPlan:
    """How an MP4 with `side` lines is made of it, where those of `smaller` are made as well.

    Raises Skip; Refused(NOT_MADE) where there is nothing to see.
    """
    videos = reel.of(Kind.VIDEO)
    if not videos or not videos[0].width or not videos[0].height:
        raise Refused(Code.NOT_MADE, N_("There is no moving picture in this file."))
    video = videos[0]
    if video.width * video.height > MOST_PIXELS:
        raise Refused(Code.NOT_MADE, N_("Its pictures are larger than any film’s: it cannot be what it says."))
    size = fitted(*shown_size(video), side)
    if any(size == fitted(*shown_size(video), other) for other in smaller):
        raise Skip(SAME_SIZE)
    if size == fitted(*shown_size(video), 10**6) and plays_everywhere(reel, video):
        raise Skip(IS_ALREADY)
    sounds = reel.of(Kind.AUDIO)[:_MOST_SOUNDS]
    texts = texts_of(reel)
    return FilmPlan(
        width=size[0],
        height=size[1],
        video=video.index,
        sounds=tuple(stream.index for stream in sounds),
        subtitles=tuple(stream.index for stream in texts),
        hdr=video.transfer in _HDR,
        interlaced=video.interlaced,
        languages=tuple(stream.language for stream in (*sounds, *texts)),
    )


def plays_everywhere(reel: Reel, video: Stream) -> bool:
    """Whether browsers and old devices play it as it is."""
    sounds = reel.of(Kind.AUDIO)
    good = video.codec == "h264" and video.pixels in {"yuv420p", "yuvj420p"} and not video.interlaced
    return good and reel.container.startswith(_PLAYED) and all(stream.codec == "aac" for stream in sounds[:1])
