"""The Media port looks at files: what they are, how long, how large."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from headwaters.adapters.media import ffmpeg
from headwaters.adapters.media.pillow import PillowMedia
from headwaters.core.errors import Code, Refused
from headwaters.ports import Look
from tests.support import samples

media = PillowMedia()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.flac", "audio/flac"),
        ("a.mp3", "audio/mpeg"),
        ("a.ogg", "audio/ogg"),
        ("a.opus", "audio/ogg"),
        ("a.m4a", "audio/mp4"),
        ("a.aiff", "audio/aiff"),
        ("a.wav", "audio/wav"),
        ("a.aac", "audio/aac"),
        ("a.mka", "audio/matroska"),
        ("a.wv", "audio/x-wavpack"),
    ],
)
def test_music_has_its_length(tmp_path: Path, name: str, media_type: str) -> None:
    look = media.look(samples.music(tmp_path / name, seconds=1.5))
    assert look.media_type == media_type
    assert look.seconds == pytest.approx(1.5, abs=0.1)
    assert (look.width, look.height) == (None, None)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.mp4", "video/mp4"),
        ("a.mkv", "video/matroska"),
        ("a.webm", "video/webm"),
        ("a.mov", "video/quicktime"),
        ("a.avi", "video/vnd.avi"),
        ("a.ts", "video/mp2t"),
        ("a.mpg", "video/mpeg"),
    ],
)
def test_a_film_has_its_length_and_its_pixels(tmp_path: Path, name: str, media_type: str) -> None:
    path = tmp_path / name
    samples.ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=1", "-pix_fmt", "yuv420p", str(path))
    look = media.look(path)
    assert (look.media_type, look.width, look.height) == (media_type, 64, 48)
    assert look.seconds == pytest.approx(1.0, abs=0.5 if name == "a.mpg" else 0.1)  # MPEG has no length of its own


def test_without_ffmpeg_an_mp4_still_has_its_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film, matroska = samples.film(tmp_path / "a.mp4", seconds=1), samples.film(tmp_path / "a.mkv", seconds=1)
    monkeypatch.setattr(ffmpeg, "ffmpeg_program", lambda: None)
    assert media.look(film) == Look("video/mp4", seconds=pytest.approx(1.0, abs=0.1))
    assert media.look(matroska) == Look("video/matroska")


def test_a_film_that_was_held_sideways_is_as_a_player_shows_it() -> None:
    said = (
        b"  Duration: 01:02:03.50, start: 0.000000, bitrate: 99 kb/s\n"
        b"  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv), 1920x1080 [SAR 1:1], 30 fps\n"
        b"    Side data:\n      displaymatrix: rotation of -90.00 degrees\n"
    )
    assert ffmpeg.read_ffmpeg(said) == ffmpeg.Measure(3723.5, 1080, 1920)
    assert ffmpeg.read_ffmpeg(b"  Duration: N/A, bitrate: N/A\n") == ffmpeg.Measure()


def test_a_picture_has_its_pixels_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "a.jpg", exif=exif)
    assert media.look(tmp_path / "a.jpg") == Look("image/jpeg", None, 20, 40)
    assert media.look(samples.picture(tmp_path / "a.png")) == Look("image/png", None, 320, 200)


def test_a_picture_of_too_many_pixels_is_still_looked_at(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "a.png")
    assert media.look(tmp_path / "a.png") == Look("image/png", None, 20_000, 20_000)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.flac", b"fLaC" + b"\xff" * 90, "audio/flac"),
        ("a.mp3", b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"\xff" * 90, "audio/mpeg"),
        ("a.mp4", b"\0\0\0\x18ftypisom" + b"\xff" * 90, "video/mp4"),
        ("a.mkv", b"\x1aE\xdf\xa3" + b"\xff" * 90, "video/matroska"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\xff" * 90, "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 90, "image/jpeg"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml"),
    ],
)
def test_what_cannot_be_told_of_a_broken_file_is_unknown(
    tmp_path: Path, name: str, content: bytes, media_type: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert media.look(path) == Look(media_type)


def test_a_file_is_only_read(tmp_path: Path) -> None:
    path = samples.music(tmp_path / "a.mp3")
    path.chmod(0o444)
    before, content = path.stat(), path.read_bytes()
    media.look(path)
    after = path.stat()
    assert path.read_bytes() == content
    assert (after.st_mtime_ns, after.st_ctime_ns, after.st_ino) == (
        before.st_mtime_ns,
        before.st_ctime_ns,
        before.st_ino,
    )
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_that_looks_like_an_option_or_an_address_is_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    samples.film(tmp_path / "a.mkv", seconds=1)
    for name in ["-y.mkv", "http:host%03d|x.mkv", "🎬 \\ 'a\".mkv"]:
        Path("a.mkv").rename(name)
        assert media.look(Path(name)).width == 64
        Path(name).rename("a.mkv")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, Code.FILE_MISSING),
        (Path.touch, Code.FILE_EMPTY),
        (Path.mkdir, Code.FILE_UNREADABLE),
        (os.mkfifo, Code.FILE_UNREADABLE),
        (lambda path: path.symlink_to(path), Code.FILE_UNREADABLE),
        (lambda path: path.write_bytes(b"MZ" + b"\0" * 90), Code.FILE_WRONG_KIND),
    ],
)
def test_what_is_no_film_is_refused(tmp_path: Path, make, code: Code) -> None:
    path = tmp_path / "film.mp4"
    make(path)
    with pytest.raises(Refused) as refused:
        media.look(path)
    assert refused.value.code is code
    assert "film.mp4" in str(refused.value)
