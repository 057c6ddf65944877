"""What every adapter of the Media port keeps to, whatever it is made with."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from headwaters.adapters.media.apart import MediaApart
from headwaters.adapters.media.pillow import PillowMedia
from headwaters.core.errors import Code, Refused
from headwaters.ports import Cover, Media
from tests.support import samples

WIDTHS = (160, 320, 640)


@pytest.fixture(params=[PillowMedia, MediaApart], ids=["pillow", "apart"])
def media(request: pytest.FixtureRequest) -> Media:
    adapter: Callable[[], Media] = request.param
    return adapter()


def state(path: Path) -> tuple[str, int, int, int]:
    found = path.stat()
    return hashlib.sha256(path.read_bytes()).hexdigest(), found.st_mtime_ns, found.st_mode, found.st_nlink


@pytest.mark.parametrize(
    ("name", "make", "media_type"),
    [
        ("a.png", samples.picture, "image/png"),
        ("a.wav", samples.wav, "audio/wav"),
        ("a.epub", samples.book, "application/epub+zip"),
    ],
)
def test_looking_tells_the_type_and_leaves_the_file_alone(
    media: Media, tmp_path: Path, name: str, make: Callable[[Path], Path], media_type: str
):
    path = make(tmp_path / name)
    before = state(path)
    assert media.look(path).media_type == media_type
    assert state(path) == before


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.png", b"", Code.FILE_EMPTY),
        ("song.mp3", b"\x89PNG\r\n\x1a\n" + bytes(64), Code.FILE_WRONG_KIND),
        ("what.xyz", b"\x01\x02\x03\x04" * 16, Code.FILE_UNKNOWN_KIND),
    ],
)
def test_what_it_cannot_vouch_for_is_refused(media: Media, tmp_path: Path, name: str, content: bytes, code: Code):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        media.look(path)
    assert refused.value.code is code


def test_what_is_not_there_is_said(media: Media, tmp_path: Path):
    with pytest.raises(Refused) as refused:
        media.look(tmp_path / "gone.png")
    assert refused.value.code is Code.FILE_MISSING


def test_pictures_are_no_larger_than_the_original_and_say_their_own_size(media: Media, tmp_path: Path):
    path = samples.picture(tmp_path / "a.png", (400, 200))
    before = state(path)
    made = media.pictures(path, WIDTHS)
    assert made
    for picture in made:
        with Image.open(io.BytesIO(picture.data)) as read:
            assert read.size == (picture.width, picture.height)
            assert read.width <= 400
            assert not read.getexif()
    assert state(path) == before


def test_a_broken_picture_is_refused(media: Media, tmp_path: Path):
    path = samples.picture(tmp_path / "a.png", (400, 200))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(Refused) as refused:
        media.pictures(path, WIDTHS)
    assert refused.value.code is Code.FILE_WRONG_KIND


def test_a_drawn_cover_is_the_same_for_the_same_words_and_of_its_own_shape(media: Media):
    cover = Cover("High Water", "Alice", "#0d4a68", 3, 4)
    made = media.draw(cover, WIDTHS)
    assert [(picture.media_type, picture.width, picture.height) for picture in made] == [
        ("image/webp", 160, 213),
        ("image/webp", 320, 426),
        ("image/webp", 640, 853),
        ("image/jpeg", 640, 853),
    ]
    assert media.draw(cover, WIDTHS) == made
    assert media.draw(replace(cover, title="Low Water"), WIDTHS) != made


@pytest.mark.parametrize("title", ["", "東京の夜", "Übermorgen", "نهر", "x" * 300, "a\nb", "\U0001f600", "Ma\u0301s"])
def test_whatever_a_work_is_called_it_gets_a_cover(media: Media, title: str):
    (small, preview) = media.draw(Cover(title, "Ł", "#ffe900", 1, 1), (200,))
    assert (small.width, small.height, preview.media_type) == (200, 200, "image/jpeg")
