"""The three works as folders to publish: whole, the same each time, and with or without an encoder."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from headwaters.core.works.manifest import read_manifest, understand
from headwaters.demo import ffmpeg, works
from headwaters.demo.film import Cut
from headwaters.demo.works import Size, make_works

SHORT = Size(film=Cut(scale=0.2, seconds=3.0, rate=8), share=0.1, picture=0.2)
FFMPEG = ffmpeg.find()
with_ffmpeg = pytest.mark.skipif(FFMPEG is None, reason="the extra “formats” is not installed")
NAMES = ["nobody-in-between", "one-day-downstream", "tributaries"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("with a space") / "works"
    assert [path.name for path in make_works(folder, size=SHORT)] == (NAMES if FFMPEG else NAMES[::2])
    return folder


def _sums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _probe(path: Path) -> str:
    assert FFMPEG is not None
    return subprocess.run([FFMPEG, "-hide_banner", "-i", str(path)], capture_output=True, text=True).stderr


def _duration(path: Path) -> float:
    found = re.search(r"Duration: (\d+):(\d+):([\d.]+)", _probe(path))
    assert found
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def test_making_them_again_gives_the_same_bytes_and_leaves_nothing_behind(made: Path) -> None:
    before = _sums(made)
    make_works(made, size=SHORT)
    assert _sums(made) == before
    assert sorted(path.name for path in made.iterdir()) == (NAMES if FFMPEG else NAMES[::2])


@with_ffmpeg
@pytest.mark.parametrize("name", NAMES)
def test_work_toml_is_understood_and_names_each_file_once(made: Path, name: str) -> None:
    text = (made / name / "work.toml").read_text(encoding="utf-8")
    said = understand(read_manifest(text), "EUR")
    assert said.files is not None
    named = [entry.path for entry in said.files]
    there = {path.name for path in (made / name).iterdir()}
    assert sorted(named) == sorted(there - {"work.toml", "cover.jpg"})
    assert said.slug == name
    assert said.cover in there
    assert said.cover_alt
    assert [entry.role for entry in said.files].count("sample") == 1
    assert set(tomllib.loads(text)["doors"]) == {"pay", "cant_pay", "have_copy"}


@with_ffmpeg
def test_the_film_plays_in_browsers_and_at_once(made: Path) -> None:
    folder = made / "one-day-downstream"
    film = _probe(folder / "One Day, Downstream.mp4")
    assert re.search(r"Video: h264 .*yuv420p\(tv, bt709.*256x144.* 8 fps", film)
    assert "Audio: aac" in film
    assert "title           : One Day, Downstream" in film
    assert "170x96" in _probe(folder / "One Day, Downstream (small).mp4")
    sample, small, whole = (_duration(path) for path in sorted(folder.glob("*.mp4")))
    assert (small, whole) == pytest.approx((3.0, 3.0), abs=0.05)
    assert 0.9 < sample < 1.6  # it is cut where pictures can be cut
    for path in folder.glob("*.mp4"):
        data = path.read_bytes()
        assert data.index(b"moov") < data.index(b"mdat")


@with_ffmpeg
def test_the_music_is_there_twice_with_its_names(made: Path) -> None:
    folder = made / "tributaries"
    for number, title, seconds in ((1, "Spring", 3.95), (2, "Gorge", 3.8), (3, "Delta", 4.8)):
        lossless, small = folder / f"{number} {title}.flac", folder / f"{number} {title}.mp3"
        assert [_duration(path) for path in (lossless, small)] == pytest.approx([seconds, seconds], abs=0.06)
        for path, codec in ((lossless, "flac"), (small, "mp3")):
            said = _probe(path)
            assert f"Audio: {codec}" in said
            assert "44100 Hz, stereo" in said
            assert "Video: mjpeg" in said
            for tag, value in (("title", title), ("artist", "Nell Underbrook"), ("track", f"{number}/3")):
                assert re.search(rf"{tag} +: {value}\n", said)


def test_covers_have_their_shapes(made: Path) -> None:
    shapes = {}
    for folder in made.iterdir():
        with Image.open(folder / "cover.jpg") as cover:
            shapes[folder.name] = cover.size
    assert shapes["tributaries"] == (240, 240)
    assert shapes["nobody-in-between"] == (240, 360)
    assert shapes.get("one-day-downstream", (320, 180)) == (320, 180)


def test_the_book_has_its_cover_and_bands(made: Path) -> None:
    with zipfile.ZipFile(made / "nobody-in-between" / "Nobody in Between.epub") as book:
        assert book.testzip() is None
        assert book.read("EPUB/cover.jpg") == (made / "nobody-in-between" / "cover.jpg").read_bytes()


def test_what_a_killed_one_left_is_cleared_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(works, "_make", lambda *given: [])
    (tmp_path / ".making-abc" / "bands").mkdir(parents=True)
    (tmp_path / "my own film").mkdir()
    assert make_works(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["my own film"]


def test_without_an_encoder_there_is_no_film_and_a_word_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg, "find", lambda: None)
    said: list[tuple[str, float]] = []
    made = make_works(tmp_path, lambda what, share: said.append((what, share)), SHORT)
    assert [path.name for path in made] == ["nobody-in-between", "tributaries"]
    assert sorted(path.name for path in made[1].iterdir()) == [
        "1 Spring.wav", "2 Gorge.wav", "3 Delta.wav", "cover.jpg", "work.toml",
    ]  # fmt: skip
    files = tomllib.loads((made[1] / "work.toml").read_text(encoding="utf-8"))["files"]
    assert [file["path"] for file in files] == ["1 Spring.wav", "2 Gorge.wav", "3 Delta.wav"]
    assert said[0] == ("Playing the music and drawing the covers", 0.0)
    assert said[-1][0].startswith("There is no ffmpeg here: no film")
    assert said[-1][1] == 1.0
    assert [share for _, share in said] == sorted(share for _, share in said)
