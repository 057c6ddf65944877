"""Formats end to end: an album, a film and a picture, published, made and looked at by programs that are not ours."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mutagen.id3 import ID3
from PIL import Image
from sqlalchemy import select

from headwaters.actions.makings import make_again
from headwaters.adapters.stamp import FileStamper
from headwaters.core.works.editions import Role
from headwaters.core.works.makings import MakingState
from headwaters.errands.download import Desk
from headwaters.errands.healing import Healing
from headwaters.errands.house import House
from headwaters.errands.integrity import Wanted, look
from headwaters.store import blobs as blob_rows
from headwaters.store import works as work_rows
from headwaters.store.makings import origins
from headwaters.store.tables import torrents
from headwaters.store.works import FileRow
from tests.support import samples
from tests.support.house import Clock
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


async def test_two_of_one_name_are_told_apart_wherever_they_are_named(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "Photos"
    folder.mkdir()
    for name, color in (("photo.jpg", "red"), ("photo.tiff", "blue")):
        image = Image.effect_noise((700, 500), 90).convert("RGB")
        image.paste(color, (0, 0, 50, 50))
        image.save(folder / name, quality=100)
    outcome = await published(house, folder)
    await make_all(house)
    files = await made(house, "photos")
    large = [name for name, file in files.items() if file.recipe == "webp-2048"]
    assert large == ["photo.2048.webp", "photo.2048 (2).webp"]
    archive = await Desk(house).everything(await grant(house, outcome.published.work_id), "webp-2048")
    assert set(archive.body[0].names) == {"COLOPHON.txt", "SHA256SUMS", *large}  # type: ignore[index, union-attr]
    assert {archive.names[files[name].sha256] for name in large} == set(large)


# ── lost, and made again ─────────────────────────────────────────────────────────────────────────


async def song(house: House, folder: Path) -> FileRow:
    """A song whose MP3 is made."""
    noise(folder / "song.wav")
    await published(house, folder / "song.wav", title="Song", formats="mp3")
    await make_all(house)
    return (await songs(house))[0]


async def songs(house: House) -> list[FileRow]:
    return [file for file in (await made(house, "song")).values() if file.role == Role.MADE]


def spoil(path: Path) -> None:
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(b"\xff")


async def look_at_all(house: House, clock: Clock) -> set[str]:
    """What a look finds missing or changed."""
    clock.move(seconds=1)
    return set((await look(house, Wanted(house.clock()))).faults)


@pytest.mark.parametrize("harm", [spoil, Path.unlink], ids=["changed", "missing"])
async def test_what_the_shop_made_and_lost_it_makes_again(
    house: House, clock: Clock, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    before = await song(house, tmp_path)
    path = path_of(house, before.sha256)
    data = path.read_bytes()
    harm(path)
    assert await look_at_all(house, clock) == {before.sha256}
    assert (await states(house, "song"))["song.wav", "mp3"] == (MakingState.WAITING, "")
    (fault,) = await house.db.read(blob_rows.faults)
    assert (fault.name, fault.making) == ("song.mp3", MakingState.WAITING)
    assert await house.db.write(lambda conn: make_again(conn, house.clock())) == 0, "it waits already"
    assert await make_all(house) == 1
    assert path.read_bytes() == data
    assert await house.db.read(blob_rows.faults) == ()
    assert await songs(house) == [before]
    assert await look_at_all(house, clock) == set()


async def test_other_bytes_take_the_place_of_those_that_were_lost(house: House, clock: Clock, tmp_path: Path) -> None:
    before = await song(house, tmp_path)
    spoil(path_of(house, before.sha256))
    await look_at_all(house, clock)
    house.stamper = FileStamper()  # what is made now says whose it is
    assert await make_all(house) == 1
    (after,) = await songs(house)
    assert after.sha256 != before.sha256
    assert after == replace(before, sha256=after.sha256, size=after.size)
    assert await house.db.read(blob_rows.faults) == ()
    assert await house.db.read(lambda conn: blob_rows.read_blob(conn, before.sha256)) is None
    assert await look_at_all(house, clock) == set()


async def test_it_waits_for_an_original_that_is_lost_too(house: House, clock: Clock, tmp_path: Path) -> None:
    lost = await song(house, tmp_path)
    (given,) = await house.db.read(lambda conn: origins(conn, edition_of(conn, "song")))
    data = path_of(house, given.sha256).read_bytes()
    for digest in (given.sha256, lost.sha256):
        path_of(house, digest).unlink()
    assert await look_at_all(house, clock) == {given.sha256, lost.sha256}
    faults = await house.db.read(blob_rows.faults)
    assert {fault.name: fault.making for fault in faults}["song.mp3"] in {MakingState.MADE, MakingState.WAITING}
    path_of(house, given.sha256).write_bytes(data)
    assert await Healing(house).look() == 1
    assert (await states(house, "song"))["song.wav", "mp3"] == (MakingState.WAITING, "")
    await make_all(house)
    assert await house.db.read(blob_rows.faults) == ()


async def test_what_was_put_back_meanwhile_is_not_made_again(
    house: House, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await song(house, tmp_path)
    path = path_of(house, before.sha256)
    data = path.read_bytes()
    path.unlink()
    await look_at_all(house, clock)
    path.write_bytes(data)
    assert await Healing(house).look() == 1
    monkeypatch.setattr("headwaters.adapters.media.encoder.ffmpeg_program", lambda: None)
    assert await make_all(house) == 1
    assert (await states(house, "song"))["song.wav", "mp3"] == (MakingState.MADE, "")
    assert await songs(house) == [before]


async def test_a_torrent_that_was_lost_is_made_again(house: House, clock: Clock, tmp_path: Path) -> None:
    await song(house, tmp_path)
    digest = await house.db.read(lambda conn: conn.execute(select(torrents.c.info_sha256)).scalar_one())
    path_of(house, digest).unlink()
    assert await look_at_all(house, clock) == {digest}
    assert await make_all(house) == 1
    assert await house.db.read(blob_rows.faults) == ()


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
