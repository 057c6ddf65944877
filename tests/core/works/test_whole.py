"""Whether music, photographs and scans end where they say: real files of several makers, whole and cut."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TIT2
from mutagen.mp3 import MP3
from mutagen.oggvorbis import OggVorbis
from PIL import Image

from headwaters.core.errors import Code, Refused
from headwaters.core.works.whole import check_whole
from tests.support import samples

NOISE = "anoisesrc=d=3:a=0.3:r=44100:seed=4"
TONE = "sine=d=3:r=44100"
SILENCE = "anullsrc=r=44100:d=3"
PARTS = (0.1, 0.3, 0.6, 0.95)


def check(name: str, data: bytes) -> None:
    check_whole(name, len(data), lambda offset, length: data[offset : offset + length])


def is_cut(name: str, data: bytes) -> bool:
    said: list[Refused] = []
    try:
        check(name, data)
    except Refused as refused:
        said.append(refused)
    assert [(one.code, one.values) for one in said] == [(Code.FILE_CUT_OFF, {"name": name})] * len(said)
    return bool(said)


def missed(name: str, data: bytes) -> list[float]:
    """The parts that pass as if they were all."""
    return [part for part in PARTS if not is_cut(name, data[: int(len(data) * part)])]


def sound(folder: Path, name: str, source: str = NOISE, *options: str) -> bytes:
    samples.ffmpeg("-f", "lavfi", "-i", source, *options, str(folder / name))
    return (folder / name).read_bytes()


def picture(kind: str, mode: str = "RGB", side: int = 300, **options: object) -> bytes:
    data = io.BytesIO()
    noise = Image.effect_noise((side, side), 60).convert(mode)
    noise.save(data, kind, **options)
    return data.getvalue()


SOUNDS = [
    ("a.flac", NOISE, ()),
    ("a.flac", TONE, ("-compression_level", "0")),
    ("a.flac", NOISE, ("-sample_fmt", "s32", "-ar", "96000", "-ac", "2")),
    ("a.mp3", NOISE, ()),
    ("a.mp3", NOISE, ("-q:a", "0", "-id3v2_version", "0", "-write_id3v1", "0")),
    ("a.mp3", TONE, ("-ar", "22050", "-b:a", "64k")),
    ("a.mp3", SILENCE, ("-q:a", "9")),
    ("a.ogg", NOISE, ("-c:a", "libvorbis")),
    ("a.opus", NOISE, ()),
    ("a.oga", TONE, ("-c:a", "flac")),
    ("a.ogv", "testsrc=d=1", ("-c:v", "libtheora")),
]


@pytest.mark.parametrize(("name", "source", "options"), SOUNDS)
def test_half_a_song_is_told_from_a_whole_one(tmp_path: Path, name: str, source: str, options: tuple[str, ...]) -> None:
    data = sound(tmp_path, name, source, *options)
    assert not is_cut(name, data)
    assert missed(name, data) == []


def add_flac(path: Path) -> None:
    tags = FLAC(path)
    cover = Picture()
    cover.data, cover.mime = samples.png(), "image/png"
    tags.add_picture(cover)
    tags["title"] = "Low Water"
    tags.save(padding=lambda info: 20_000)


def add_id3(path: Path) -> None:
    tags = ID3()
    tags.add(TIT2(text="Low Water"))
    tags.add(APIC(mime="image/png", type=3, data=samples.png()))
    tags.save(path, v1=2)


def add_ape(path: Path) -> None:
    tags = APEv2()
    tags["Title"] = "Low Water"
    tags.save(path)


def add_vorbis(path: Path) -> None:
    tags = OggVorbis(path)
    tags["title"] = "Low Water" * 20_000
    tags.save()


@pytest.mark.parametrize(
    ("name", "add"),
    [
        ("a.flac", add_flac),
        ("a.flac", add_id3),
        ("a.mp3", add_id3),
        ("a.mp3", add_ape),
        ("a.mp3", lambda path: MP3(path).delete()),
        ("a.ogg", add_vorbis),
    ],
)
def test_words_and_covers_do_not_make_it_another(tmp_path: Path, name: str, add: Callable[[Path], None]) -> None:
    sound(tmp_path, name)
    add(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    assert not is_cut(name, data)
    assert missed(name, data) == []


def test_music_that_is_odd_passes(tmp_path: Path) -> None:
    song, tagged = sound(tmp_path, "a.mp3"), sound(tmp_path, "b.flac")
    assert not is_cut("a.mp3", song[: song.index(b"\xff\xfb", 20_000)])  # a part that was taken out, to a frame
    assert not is_cut("a.mp3", song[:20_001] + b"TAG" + bytes(125))  # it has an end: somebody meant it
    assert not is_cut("a.mp3", song + bytes(30_000))
    bare = sound(tmp_path, "c.mp3", NOISE, "-write_xing", "0")
    assert not is_cut("c.mp3", bare[:20_001])  # a recording: nothing says how long it is
    assert not is_cut("b.flac", tagged + bytes(300_000))
    total = tagged.index(b"fLaC") + 4 + 4 + 13  # its last 36 bits count the samples
    unknown = tagged[:total] + bytes([tagged[total] & 0xF0]) + bytes(4) + tagged[total + 5 :]
    assert not is_cut("b.flac", unknown[: len(unknown) // 2])
    ogg = sound(tmp_path, "d.ogg", NOISE, "-c:a", "libvorbis")
    last = ogg.rindex(b"OggS")
    assert not is_cut("d.ogg", ogg[:last])  # a recording of a station has no last page


PICTURES = [
    ("a.jpg", picture("JPEG")),
    ("a.jpg", picture("JPEG", progressive=True, optimize=True)),
    ("a.jpg", picture("JPEG", "L", 2_000, quality=95, restart_marker_blocks=4)),
    ("a.jpg", picture("JPEG", "CMYK")),
    ("a.jpg", samples.photo((1_600, 1_200))),
    ("a.tif", picture("TIFF")),
    ("a.tif", picture("TIFF", "1")),
    ("a.tif", picture("TIFF", "L", compression="tiff_lzw")),
    ("a.tif", picture("TIFF", compression="tiff_adobe_deflate")),
    ("a.tif", picture("TIFF", compression="jpeg")),
    ("a.tif", picture("TIFF", big_tiff=False, save_all=True, append_images=[Image.new("L", (300, 300))] * 3)),
]


@pytest.mark.parametrize(("name", "data"), PICTURES)
def test_half_a_picture_is_told_from_a_whole_one(name: str, data: bytes) -> None:
    assert not is_cut(name, data)
    assert missed(name, data) == []
    assert not is_cut(name, data + bytes(100_000))


@pytest.mark.parametrize("options", [("-pix_fmt", "rgb24"), ("-compression_algo", "raw"), ("-compression_algo", "lzw")])
def test_pictures_of_another_maker_are_whole_too(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "a.tif"
    samples.ffmpeg("-f", "lavfi", "-i", "testsrc=size=300x200:d=1", "-frames:v", "1", *options, str(path))
    assert not is_cut("a.tif", path.read_bytes())
    assert missed("a.tif", path.read_bytes()) == []
    samples.ffmpeg("-f", "lavfi", "-i", "testsrc=size=300x200:d=1", "-frames:v", "1", str(tmp_path / "a.jpg"))
    assert not is_cut("a.jpg", (tmp_path / "a.jpg").read_bytes())


def test_what_cameras_put_behind_a_photograph_is_no_missing_part() -> None:
    photo, small = samples.photo((1_600, 1_200)), picture("JPEG")
    assert not is_cut("a.jpg", photo + samples.png() * 200)  # behind it for 100 KB and more
    assert not is_cut("a.jpg", photo + small)
    assert not is_cut("a.jpg", photo + small[:5_000])
    assert not is_cut("a.jpg", photo + bytes(200_000))
    assert not is_cut("a.jpg", photo + b"SEFHe\0\0\0SEFT")


def test_a_preview_in_the_head_does_not_pass_for_the_picture() -> None:
    small, large = picture("JPEG", side=160), picture("JPEG", side=900)
    assert len(small) < 60_000
    previewed = large[:2] + b"\xff\xe1" + (len(small) + 8).to_bytes(2) + b"Exif\0\0" + small + large[2:]
    assert not is_cut("a.jpg", previewed)
    assert is_cut("a.jpg", previewed[: len(small) + 3_000])
    assert is_cut("a.jpg", previewed[: len(small) // 2])


def test_a_strip_that_says_too_much_is_no_missing_part() -> None:
    data = bytearray(picture("TIFF", "L", 100))
    at = int.from_bytes(data[4:8], "little") + 2
    while int.from_bytes(data[at : at + 2], "little") != 279:
        at += 12
    assert int.from_bytes(data[at + 8 : at + 12], "little") == 10_000
    data[at + 2 : at + 12] = b"\x04\0\1\0\0\0" + (12_000).to_bytes(4, "little")
    assert not is_cut("a.tif", bytes(data))


EVERY = [*PICTURES, ("a.flac", b"fLaC\0\0\0\x22" + bytes(5_000)), ("a.mp3", b"ID3\x03" + bytes(3_000))]


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(EVERY), st.integers(0, 5_000))
def test_no_bytes_make_it_stumble(data: bytes, file: tuple[str, bytes], cut: int) -> None:
    with suppress(Refused):
        check(file[0], file[1][:cut] + data)
        check(file[0], file[1][:cut] + data + file[1][cut:])
