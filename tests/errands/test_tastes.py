"""What is made so that a work can be tried: looked at by programs that had no part in it."""

from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from headwaters.actions.shop import change_settings
from headwaters.actions.works import change_words
from headwaters.core.errors import NotFound
from headwaters.core.works.editions import Role
from headwaters.core.works.makings import Lane, MakingState
from headwaters.core.works.reading import PREFIX, READING, index_length, read_index
from headwaters.core.works.taste_recipes import BOOK
from headwaters.core.works.waves import is_wave
from headwaters.errands.bench import Bench, Product, Recipe
from headwaters.errands.house import House, refresh
from headwaters.errands.workshop import RECIPES, Workshop
from headwaters.store import pages as page_rows
from headwaters.store import shelf
from headwaters.store import works as work_rows
from headwaters.store.pages import FileView
from tests.support import samples
from tests.support.books import tale
from tests.support.makings import make_all, makings, path_of, published

S = MakingState


@pytest.fixture
async def house(house: House) -> House:
    """A shop that makes tastes and no formats."""
    await house.db.write(lambda conn: change_settings(conn, {"formats": "none"}))
    await refresh(house)
    return house


async def tried(house: House, slug: str) -> list[FileView]:
    work = await house.db.read(lambda conn: page_rows.work_by_slug(conn, slug))
    return list(work.of_role(Role.TASTE))


async def states(house: House, slug: str) -> dict[str, str]:
    return {row.recipe: row.error or row.state for row in await makings(house, slug)}


def probe(house: House, file: FileView) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-show_chapters", "-of", "json"]
    done = subprocess.run([*command, str(path_of(house, file.sha256))], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# ── sounds and films ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.needs("ffprobe")
async def test_a_piece_of_a_track_is_as_long_as_was_said(house: House, tmp_path: Path):
    song = tmp_path / "Song.flac"
    samples.ffmpeg("-f", "lavfi", "-i", "sine=frequency=330:duration=6", "-metadata", "title=secret", str(song))
    await published(house, song, title="Song", taste="from 0:02 3 seconds")
    await make_all(house)
    (piece,) = await tried(house, "song")
    found = probe(house, piece)
    (stream,) = found["streams"]
    assert (stream["codec_name"], stream["channels"], stream["sample_rate"]) == ("mp3", 2, "44100")
    assert float(found["format"]["duration"]) == pytest.approx(3, abs=0.06)  # a frame of MP3 has 26 ms
    assert "title" not in found["format"].get("tags", {})
    details = json.loads(piece.details)
    assert details["of"] == 6
    assert is_wave(details["wave"])
    assert details["wave"][-1] < details["wave"][40] == "F"  # it fades


@pytest.mark.needs("ffprobe")
async def test_a_piece_of_a_film_plays_everywhere_and_has_a_poster(house: House, tmp_path: Path):
    film = tmp_path / "Film.mkv"
    samples.ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=size=1600x900:rate=10:duration=4", "-f", "lavfi", "-i", "sine=duration=4"),
        *("-c:v", "mpeg4", "-c:a", "flac", "-metadata", "location=+48.1+011.5/", str(film)),
    )
    await published(house, film, title="Film", taste="2 seconds")
    await make_all(house)
    clip, poster = await tried(house, "film")
    found = probe(house, clip)
    video, audio = found["streams"]
    assert (video["codec_name"], video["pix_fmt"], video["width"], video["height"]) == ("h264", "yuv420p", 1280, 720)
    assert audio["codec_name"] == "aac"
    assert float(video["duration"]) == pytest.approx(2, abs=0.1)  # a frame
    assert float(found["format"]["duration"]) == pytest.approx(2, abs=0.15)
    assert "+48" not in json.dumps(found)
    assert (clip.width, clip.height, json.loads(clip.details)) == (1280, 720, {"of": 4})
    with Image.open(path_of(house, poster.sha256)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (960, 540))
    data = path_of(house, clip.sha256).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # it begins at once


async def test_chapters_of_the_file_or_of_its_creator(house: House, tmp_path: Path):
    facts = tmp_path / "facts"
    facts.write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1\nSTART=1\nEND=2\ntitle=Two\n"
    )
    film = tmp_path / "Film.mp4"
    samples.ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=2", "-i", str(facts), "-map_chapters", "1"),
        *("-pix_fmt", "yuv420p", str(film)),
    )
    await published(house, film, title="Film", taste="off")
    await make_all(house)
    work = await house.db.read(lambda conn: page_rows.work_by_slug(conn, "film"))
    assert json.loads(work.files[0].details) == {"chapters": [[0, "One"], [1, "Two"]]}
    own = tmp_path / "Film.chapters.txt"
    own.write_text("0:00 Mine\n0:01 Mine too\n")
    await published(house, film, own, title="Two", taste="off")
    await make_all(house)
    work = await house.db.read(lambda conn: page_rows.work_by_slug(conn, "two"))
    assert json.loads(work.files[0].details) == {"chapters": [[0, "Mine"], [1, "Mine too"]]}


async def test_a_broken_film_fails_its_own_makings_and_nothing_else(house: House, tmp_path: Path):
    film = samples.spoilt_film(tmp_path / "Film.mp4")
    await published(house, film, samples.music(tmp_path / "Song.wav", 1), title="Film", taste="1 seconds")
    await make_all(house)
    found = await states(house, "film")
    assert [one.media_type for one in await tried(house, "film")] == ["audio/mpeg"]
    assert found["taste-sound:0+1"] == S.MADE
    assert "cannot be read through" in found["taste-film:0+1"]
    assert str(tmp_path) not in found["taste-film:0+1"]


# ── books, pages, pictures ───────────────────────────────────────────────────────────────────────


async def test_a_books_first_chapter_for_everybody_and_all_of_it_for_its_holders(house: House, tmp_path: Path):
    await published(house, tale(3).write(tmp_path / "Tale.epub"), title="Tale", taste="")
    await make_all(house)
    work = await house.db.read(lambda conn: page_rows.work_by_slug(conn, "tale"))
    held, open_ = (
        next(file for file in work.of_role(role) if file.media_type == READING) for role in ("made", "taste")
    )
    for file, titles in ((held, ["A Tale", "Chapter 1", "Chapter 2", "Chapter 3"]), (open_, ["Chapter 1"])):
        data = path_of(house, file.sha256).read_bytes()
        index = read_index(data[PREFIX : PREFIX + index_length(data[:PREFIX])])
        assert [part.title for part in index.parts] == titles
        assert b"chapter 2" not in data.lower() or file is held
    details = json.loads(open_.details)
    assert (details["chapters"], details["of"], details["language"]) == (1, 3, "en")
    assert details["opening"].startswith("1 1 1 1")
    with pytest.raises(NotFound):
        await house.db.read(lambda conn: shelf.public_file(conn, "tale", held.ref))


async def test_a_book_that_is_none_fails_and_the_work_is_there(house: House, tmp_path: Path):
    book = tmp_path / "Tale.epub"
    book.write_bytes(tale().data()[:1000] + samples.ZIP_END)
    await published(house, book, title="Tale", taste="")
    await make_all(house)
    assert (await states(house, "tale"))["read"].startswith("“Tale.epub” cannot be read as a book: it is no whole ZIP.")
    assert await tried(house, "tale") == []


def three_pages(path: Path) -> Path:
    """A PDF with a link from its first page to its last, and a script."""
    with pikepdf.new() as pdf:
        for number in range(3):
            page = pdf.add_blank_page(page_size=(200, 300))
            page.Contents = pdf.make_stream(b"% page " + b"abc"[number : number + 1] * 8)
        link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9])
        link.Dest = pikepdf.Array([pdf.pages[2].obj, pikepdf.Name.Fit])
        pdf.pages[0].Annots = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(link)]))
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        pdf.save(path)
    return path


@pytest.mark.needs("qpdf")
async def test_the_first_pages_of_a_pdf_have_nothing_of_the_others_in_them(house: House, tmp_path: Path):
    await published(house, three_pages(tmp_path / "Book.pdf"), title="Book", taste="1 page")
    await make_all(house)
    (piece,) = await tried(house, "book")
    path = path_of(house, piece.sha256)
    assert json.loads(piece.details) == {"pages": 1, "of": 3}
    assert subprocess.run(["qpdf", "--show-npages", path], capture_output=True, check=True).stdout == b"1\n"
    plain = subprocess.run(
        ["qpdf", "--qdf", "--object-streams=disable", path, "-"], capture_output=True, check=True
    ).stdout
    assert b"page aaaaaaaa" in plain
    assert [word for word in (b"page b", b"page c", b"JavaScript", b"/Annot") if word in plain] == []
    broken = tmp_path / "Broken.pdf"
    broken.write_bytes(samples.pdf(b"no more"))
    await published(house, broken, title="Broken", taste="1 page")
    await make_all(house)
    assert "no whole PDF" in (await states(house, "broken"))["taste-pages:1"]


async def test_the_first_pictures_are_reduced(house: House, tmp_path: Path):
    shots = [samples.picture(tmp_path / f"{n}.png", (2000, 1000 + n)) for n in range(3)]
    await published(house, *shots, title="Shots", taste="2 pictures")
    await make_all(house)
    sizes = sorted((file.made_from or 0, file.width, file.height) for file in await tried(house, "shots"))
    assert [(width, height) for _, width, height in sizes] == [(480, 240), (1280, 640), (480, 240), (1280, 641)]


# ── as the creator sets it ───────────────────────────────────────────────────────────────────────


async def test_off_is_off_at_once_and_other_words_make_other_tastes(house: House, tmp_path: Path):
    await published(house, tale(3).write(tmp_path / "Tale.epub"), title="Tale", taste="")
    await make_all(house)
    (before,) = await tried(house, "tale")

    async def say(taste: str) -> None:
        work = await house.db.read(lambda conn: work_rows.work_at(conn, "tale"))
        details = replace(work.details, taste=taste)
        assert await house.db.write(lambda conn: change_words(conn, "tale", work.revision, details, house.clock()))
        await refresh(house)

    await say("off")
    assert await tried(house, "tale") == []
    with pytest.raises(NotFound):
        await house.db.read(lambda conn: shelf.public_file(conn, "tale", before.ref))
    await say("2 chapters")
    assert await make_all(house) == 1
    (after,) = await tried(house, "tale")
    assert (after.recipe, json.loads(after.details)["chapters"]) == ("taste-book:2", 2)
    await say("")
    assert await make_all(house) == 1
    assert [file.recipe for file in await tried(house, "tale")] == ["taste-book:1"]


async def test_what_is_being_made_when_it_is_turned_off_never_comes(house: House, tmp_path: Path):
    await published(house, tale(3).write(tmp_path / "Tale.epub"), title="Tale", taste="1 chapter")
    ready, go = asyncio.Event(), asyncio.Event()

    async def slow(bench: Bench) -> Product:
        ready.set()
        await go.wait()
        return await RECIPES[BOOK].make(bench)

    workshop = Workshop(house, {BOOK: Recipe(slow, Lane.QUICK)})
    making = asyncio.create_task(workshop.make_due(Lane.QUICK))
    await ready.wait()
    work = await house.db.read(lambda conn: work_rows.work_at(conn, "tale"))
    details = replace(work.details, taste="off")
    await house.db.write(lambda conn: change_words(conn, "tale", work.revision, details, house.clock()))
    go.set()
    await making
    assert await tried(house, "tale") == []


async def test_another_usual_taste_reaches_the_works_that_say_nothing_themselves(house: House, tmp_path: Path):
    await published(house, tale(3).write(tmp_path / "Tale.epub"), title="Tale", taste="")
    await published(house, tale(2).write(tmp_path / "Own.epub"), title="Own", taste="1 chapter")
    await make_all(house)
    await house.db.write(lambda conn: change_settings(conn, {"taste": "off"}))
    await refresh(house)
    version = house.now.version
    shop = Workshop(house)
    await shop.queue_missing()
    await refresh(house)
    assert house.now.version > version
    assert await tried(house, "tale") == []
    assert len(await tried(house, "own")) == 1
    assert await shop.queue_missing() == 0


async def test_the_next_edition_takes_over_what_stays_the_same(house: House, tmp_path: Path):
    folder = tmp_path / "Tale"
    folder.mkdir()
    tale(3).write(folder / "Tale.epub")
    await published(house, folder, title="Tale", taste="")
    await make_all(house)
    (before,) = await tried(house, "tale")
    samples.picture(folder / "map.png")
    await published(house, folder, title="Tale", taste="")
    with pytest.raises(NotFound):  # of an edition before there is nothing to try
        await house.db.read(lambda conn: shelf.public_file(conn, "tale", before.ref))
    await make_all(house)
    book = next(file for file in await tried(house, "tale") if file.media_type == READING)
    assert (book.sha256, book.ref != before.ref) == (before.sha256, True)
