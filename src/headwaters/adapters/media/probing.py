"""What ffmpeg says of a file when it is asked for nothing else (`ffmpeg -i`): imageio-ffmpeg's has no ffprobe.

Titles and the like stand further in than what is read here, line breaks of theirs included, so that no file can say
that it has another stream.
"""

from __future__ import annotations

import re

from headwaters.core.works.reels import Kind, Reel, Stream

_INPUT = re.compile(r"^Input #0, (.+?), from ", re.MULTILINE)
_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", re.MULTILINE)
_BIT_RATE = re.compile(r"^  Duration: .*bitrate: (\d+) kb/s", re.MULTILINE)
_STREAM = re.compile(r"^  Stream #0:(\d+)(?:\[0x[0-9a-f]+\])?(?:\(([\w-]+)\))?: (\w+): (.*)$", re.MULTILINE)
_CHAPTER = re.compile(r"^    Chapter #0:\d+: start ", re.MULTILINE)
_QUARTER_TURN = re.compile(
    r"^      display ?matrix: rotation of -?(?:90|270)\.00 degrees", re.MULTILINE | re.IGNORECASE
)
_SIZE = re.compile(r", (\d{1,5})x(\d{1,5})(?=[ ,\[]|$)")
_SHAPE = re.compile(r"\bSAR (\d+):(\d+)")
_RATE = re.compile(r", (\d+) Hz")
_CHANNELS = re.compile(r" Hz, ([^,]+)")
_BITS = re.compile(r"\((\d+) bit\)")
_SAMPLE = re.compile(r" Hz, [^,]+, (u8|s16|s32|s64|flt|dbl)p?\b")
_STREAM_BIT_RATE = re.compile(r", (\d+) kb/s")
_PIXELS = re.compile(r"^[^,]*(?:\([^)]*\))?[^,]*, (\w+)")
_LONGEST = 10_000_000.0  # seconds: what is longer is a broken header

_LAYOUTS = {"mono": 1, "stereo": 2, "downmix": 2, "2.1": 3, "3.0": 3, "4.0": 4, "quad": 4, "5.0": 5, "5.1": 6, "7.1": 8}
_SAMPLE_BITS = {"u8": 8, "s16": 16, "s32": 32, "s64": 64, "flt": 32, "dbl": 64}
_KINDS = {"Video": Kind.VIDEO, "Audio": Kind.AUDIO, "Subtitle": Kind.SUBTITLE}
_TRANSFERS = ("smpte2084", "arib-std-b67")
_FIELDS = ("top first", "bottom first", "top coded first", "bottom coded first")


def read_probe(said: str) -> Reel | None:
    """A reel out of what ffmpeg printed; None where it could not open the file."""
    container = _INPUT.search(said)
    if container is None:
        return None
    seconds = None
    if found := _DURATION.search(said):
        length = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
        seconds = length if 0 < length < _LONGEST else None
    matches = list(_STREAM.finditer(said))
    ends = [match.start() for match in matches[1:]] + [len(said)]  # one of none: there are files without a stream
    streams = tuple(_stream(match, said[match.end() : end]) for match, end in zip(matches, ends, strict=False))
    rate = _BIT_RATE.search(said)
    return Reel(container[1], seconds, streams, len(_CHAPTER.findall(said)), int(rate[1]) * 1000 if rate else 0)


def _stream(match: re.Match[str], below: str) -> Stream:
    index, language, kind, facts = int(match[1]), match[2] or "", _KINDS.get(match[3], Kind.OTHER), match[4]
    codec = re.split(r"[ ,]", facts, maxsplit=1)[0]
    rate = _STREAM_BIT_RATE.search(facts)
    base = Stream(index, kind, codec, "" if language == "und" else language)
    bit_rate = int(rate[1]) * 1000 if rate else 0
    if kind is Kind.VIDEO:
        return _video(base, facts, below)
    return _audio(base, facts, bit_rate) if kind is Kind.AUDIO else base


def _video(base: Stream, facts: str, below: str) -> Stream:
    size, shape, pixels = _SIZE.search(facts), _SHAPE.search(facts), _PIXELS.match(facts)
    across, down = (int(shape[1]), int(shape[2])) if shape else (1, 1)
    return Stream(
        index=base.index,
        kind=base.kind,
        codec=base.codec,
        language=base.language,
        width=int(size[1]) if size else 0,
        height=int(size[2]) if size else 0,
        shape=across / down if across and down else 1.0,
        turned=_QUARTER_TURN.search(below) is not None,
        pixels=pixels[1] if pixels else "",
        transfer=next((name for name in _TRANSFERS if name in facts), ""),
        interlaced=any(name in facts for name in _FIELDS),
        cover="(attached pic)" in facts,
    )


def _audio(base: Stream, facts: str, bit_rate: int) -> Stream:
    rate, layout, bits, sample = (pattern.search(facts) for pattern in (_RATE, _CHANNELS, _BITS, _SAMPLE))
    return Stream(
        index=base.index,
        kind=base.kind,
        codec=base.codec,
        language=base.language,
        channels=_channels(layout[1]) if layout else 2,
        rate=int(rate[1]) if rate else 0,
        bits=int(bits[1]) if bits else _SAMPLE_BITS.get(sample[1], 0) if sample else 0,
        bit_rate=bit_rate,
    )


def _channels(layout: str) -> int:
    plain = layout.partition("(")[0].strip()
    if plain in _LAYOUTS:
        return _LAYOUTS[plain]
    found = re.match(r"(\d+) channels", plain)
    if found:
        return int(found[1])
    points = re.fullmatch(r"(\d)\.(\d)(?:\.(\d))?", plain)
    return sum(int(part) for part in points.groups() if part) if points else 2
