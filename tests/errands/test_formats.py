"""Formats end to end: an album, a film and a picture, published, made and looked at by programs that are not ours."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from mutagen.id3 import ID3

from headwaters.adapters.stamp import FileStamper
from headwaters.core.works.editions import Role
from headwaters.core.works.makings import MakingState
from headwaters.errands.download import Desk
from headwaters.errands.house import House
from headwaters.store import works as work_rows
from tests.support import samples
from tests.support.makings import edition_of, made, make_all, makings, path_of, published
from tests.support.shelf import grant

pytestmark = pytest.mark.needs("ffprobe")
FORMATS = frozenset({"flac", "mp3", "opus", "h264-1080", "h264-480", "webp-2048", "webp-512", "vtt"})


def noise(path: Path, seconds: float = 1) -> Path:
    samples.ffmpeg("-f", "lavfi", "-i", f"anoisesrc=d={seconds}:c=pink:r=44100:seed=3", "-ac", "2", str(path))
    return path


async def states(house: House, slug: str) -> dict[tuple[str, str], tuple[MakingState, str]]:
    files = await house.db.read(lambda conn: {f.id: f.name for f in _given(conn, slug)})
    return {
        (files[one.file_id], one.recipe): (one.state, one.error)
        for one in await makings(house, slug)
        if one.recipe in FORMATS
    }


def _given(conn, slug):  # type: ignore[no-untyped-def]
    from headwaters.store.makings import given_files

    return given_files(conn, edition_of(conn, slug))


async def test_an_album_is_there_in_every_format_and_says_where_it_comes_from(house: House, tmp_path: Path) -> None:
    house.stamper = FileStamper()
    folder = tmp_path / "The River"
    folder.mkdir()
    noise(folder / "01 Rain 🌧.wav")
    noise(folder / f"02 {'ü' * 100}.wav", 2)
    samples.picture(folder / "cover.jpg", (600, 600))
    outcome = await published(house, folder, licence="CC-BY-4.0")
    assert await make_all(house) >= 6
    files = {name: file for name, file in (await made(house, "the-river")).items() if file.recipe in FORMATS}
    stems = ("01 Rain 🌧", f"02 {'ü' * 100}")
    assert set(files) == {f"{own}.{ending}" for own in stems for ending in ("flac", "mp3", "opus")}
    assert {file.role for file in files.values()} == {Role.MADE}
    told = json.loads(
        subprocess.run(
            ["ffprobe", "-v", "error", "-of", "json", "-show_format", path_of(house, files["01 Rain 🌧.mp3"].sha256)],
            capture_output=True,
            check=True,
        ).stdout
    )["format"]["tags"]
    assert (told["album"], told["track"], told["title"]) == ("The River", "1/2", "01 Rain 🌧")
    frames = ID3(path_of(house, files["01 Rain 🌧.mp3"].sha256))
    assert frames["WOAF"].url == "http://shop.example/w/the-river?from=copy&edition=1"
    assert frames["WCOP"].url == "https://creativecommons.org/licenses/by/4.0/"

    key = await grant(house, outcome.published.work_id)
    desk = Desk(house)
    archive = await desk.everything(key, "mp3")
    assert archive.name == "the-river-mp3.zip"
    path = tmp_path / "all.zip"
    with path.open("wb") as out:
        for part in archive.parts(_whole(archive.representation.size)):
            if isinstance(part, bytes):
                out.write(part)
            else:
                with desk.open(part[0]) as source:
                    out.write(await source.read(part[1], part[2]))
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        assert set(opened.namelist()) == {"COLOPHON.txt", "SHA256SUMS", "cover.jpg", *(f"{own}.mp3" for own in stems)}
    given = await desk.everything(key)
    assert set(given.body[0].names) == {  # type: ignore[index, union-attr]
        "COLOPHON.txt",
        "SHA256SUMS",
        "cover.jpg",
        *(f"{own}.wav" for own in stems),
    }


def _whole(size: int):  # type: ignore[no-untyped-def]
    from headwaters.core.shelf.ranges import Slice

    return [Slice(0, size)]


async def test_broken_files_fail_alone_and_in_words(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "Mixed"
    folder.mkdir()
    noise(folder / "good.wav")
    (folder / "bad.flac").write_bytes(b"fLaC" + bytes(5000))
    await published(house, folder)
    await make_all(house)
    found = await states(house, "mixed")
    assert found["good.wav", "mp3"] == (MakingState.MADE, "")
    state, words = found["bad.flac", "mp3"]
    assert state is MakingState.FAILED
    assert words
    assert str(tmp_path) not in words
    assert str(house.config.shop) not in words


async def test_without_an_encoder_it_is_skipped_and_pictures_are_made(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwaters.adapters.media.encoder.ffmpeg_program", lambda: None)
    folder = tmp_path / "Mixed"
    folder.mkdir()
    noise(folder / "good.wav")
    samples.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=800x600:rate=1:duration=1", str(folder / "picture.tiff"))
    await published(house, folder)
    await make_all(house)
    found = await states(house, "mixed")
    state, words = found["good.wav", "mp3"]
    assert (state, words.partition(".")[0]) == (MakingState.SKIPPED, "There is no ffmpeg on the shop’s machine")
    assert found["picture.tiff", "webp-512"] == (MakingState.MADE, "")


def speaking(folder: Path, name: str, *languages: str) -> Path:
    """A film with subtitles inside that say their language."""
    folder.mkdir(exist_ok=True)
    inputs = [str(samples.film(folder.parent / "plain.mkv"))]
    for number, language in enumerate(languages):
        text = folder.parent / f"{number}.srt"
        text.write_text(f"1\n00:00:00,000 --> 00:00:00,400\n{language} {number}\n", encoding="utf-8")
        inputs.append(str(text))
    maps = [part for place in range(len(inputs)) for part in ("-map", str(place))]
    said = [
        part
        for number, one in enumerate(languages)
        for part in (f"-metadata:s:s:{number}", f"language={one}" if one else "title=-")
    ]
    words = "mov_text" if name.endswith(".mp4") else "ass"
    sources = [part for one in inputs for part in ("-i", one)]
    samples.ffmpeg(*sources, *maps, "-c", "copy", "-c:s", words, *said, str(folder / name))
    return folder


async def test_subtitles_inside_a_film_become_webvtt_a_file_for_each(house: House, tmp_path: Path) -> None:
    folder = speaking(tmp_path / "Film", "Film.mkv", "ger", "eng", "eng")
    speaking(folder, "Later.mp4", "")
    samples.film(folder / "Silent.mp4")
    await published(house, folder, formats="none")
    await make_all(house)
    files = {name: file for name, file in (await made(house, "film")).items() if file.recipe == "vtt"}
    assert {name: file.label for name, file in files.items()} == {
        "Film.ger.vtt": "Subtitles (ger)",
        "Film.eng.vtt": "Subtitles (eng)",
        "Film.2.eng.vtt": "Subtitles (eng)",
        "Later.vtt": "Subtitles",
    }
    said = {name: Path(path_of(house, file.sha256)).read_text(encoding="utf-8") for name, file in files.items()}
    cue = "WEBVTT\n\n00:00.000 --> 00:00.400\n"
    assert said["Film.ger.vtt"] == f"{cue}ger 0\n"
    assert said["Film.2.eng.vtt"] == f"{cue}eng 2\n"
    assert said["Later.vtt"].strip() == f"{cue}0"
    found = await states(house, "film")
    assert found["Silent.mp4", "vtt"] == (MakingState.MADE, "")


async def test_subtitles_beside_a_film_become_webvtt(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "Film"
    folder.mkdir()
    samples.film(folder / "Film.mp4")
    (folder / "Film.de.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHallo\n", encoding="utf-8")
    await published(house, folder)
    await make_all(house)
    files = await made(house, "film")
    assert files["Film.de.vtt"].media_type == "text/vtt"
    rows = await house.db.read(lambda conn: work_rows.files_of(conn, edition_of(conn, "film")))
    assert [row.name for row in rows if Role(row.role).given] == ["Film.mp4", "Film.de.srt"]
