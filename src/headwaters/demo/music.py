"""The music as files: each piece as FLAC and MP3 with its cover in it, and a sample; WAV where there is no encoder."""

from __future__ import annotations

import wave
from pathlib import Path

from headwaters.demo import ffmpeg
from headwaters.demo.pieces import PIECES, TITLE
from headwaters.demo.samples import RATE
from headwaters.demo.synth import Mix

ALBUM = ("spring", "gorge", "delta")  # in this order
_SAMPLE = 23.0  # seconds of the first piece


def render(name: str, share: float, path: Path) -> None:
    """Play a piece, or its first `share`, into a WAV file: 16 bits, stereo, RATE."""
    piece = PIECES[name]
    mix = Mix(piece.seconds * share)
    piece.play(mix)
    mix.with_room(piece.wet)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(mix.finished(0.02, piece.fade_out * share))


def title(name: str) -> str:
    """What the piece is called."""
    return PIECES[name].title


def tables(*endings: str) -> str:
    """The [[files]] of the album's work.toml, for these kinds of files; the sample is an MP3."""
    text = "".join(_table(number, name, ending) for ending in endings for number, name in enumerate(ALBUM, 1))
    if "mp3" in endings:
        text += f'\n[[files]]\npath = "{TITLE} (sample).mp3"\nlabel = "The beginning of Spring"\nrole = "sample"\n'
    return text


def _table(number: int, name: str, ending: str) -> str:
    path, label = f"{number} {title(name)}.{ending}", f"{number}. {title(name)}, {ending.upper()}"
    return f'\n[[files]]\npath = "{path}"\nlabel = "{label}"\n'


def encode(exe: str, sounds: list[Path], cover: Path, folder: Path, share: float) -> None:
    """The album from WAV files, in the album's order."""
    for number, (name, sound) in enumerate(zip(ALBUM, sounds, strict=True), 1):
        title = PIECES[name].title
        tags = _tags(title, track=f"{number}/{len(ALBUM)}")
        _encode(
            exe, sound, cover, folder / f"{number} {title}.flac", ["-c:a", "flac", "-compression_level", "12"], tags
        )
        _encode(exe, sound, cover, folder / f"{number} {title}.mp3", _MP3, tags)
    long = _SAMPLE * share
    fade = f"atrim=0:{long:.3f},afade=out:st={long * 0.88:.3f}:d={long * 0.12:.3f}"
    _encode(
        exe, sounds[0], cover, folder / f"{TITLE} (sample).mp3", _SMALL, _tags(f"{TITLE}: a sample", track="1"), fade
    )


# Above 9 kHz there is only hiss on strings like these, and it makes a FLAC a quarter larger.
_WARM = "lowpass=f=9000:p=2,lowpass=f=9000:p=2"
_FLAC = ["-c:a", "flac", "-compression_level", "12"]
_MP3 = ["-c:a", "libmp3lame", "-q:a", "0", "-id3v2_version", "3"]


_SMALL = ["-c:a", "libmp3lame", "-q:a", "4", "-id3v2_version", "3"]


def _encode(
    exe: str, sound: Path, cover: Path, to: Path, codec: list[str], tags: list[str], more: str = "anull"
) -> None:
    ffmpeg.run(
        exe, "-i", str(sound), "-i", str(cover), "-map", "0:a", "-map", "1:v", "-af", f"{_WARM},{more}", *codec,
        "-c:v", "copy",
        "-disposition:v", "attached_pic", *ffmpeg.EXACT, "-map_metadata", "-1", *tags,
        "-metadata:s:v", "title=Cover", "-metadata:s:v", "comment=Cover (front)", str(to),
    )  # fmt: skip


def _tags(name: str, track: str) -> list[str]:
    return ffmpeg.tags(title=name, artist="Nell Underbrook", album=TITLE, album_artist="Nell Underbrook", track=track,
                       date=2026, genre="Acoustic", copyright="CC BY 4.0, Nell Underbrook")  # fmt: skip
