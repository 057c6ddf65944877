"""The picture that a work shows: given, carried, taken out of it, or drawn, and drawn anew with another title."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from headwaters.actions.works import change_words, restore_work, retire_work
from headwaters.core.errors import Code, Refused
from headwaters.core.works.manifest import Given
from headwaters.errands.art import draw_anew
from headwaters.errands.covers import Covers
from headwaters.errands.house import House, refresh
from headwaters.errands.publish import Outcome, publish
from headwaters.errands.settings import change_settings
from headwaters.ports import Blob
from headwaters.store import works as rows
from headwaters.store.db import Connection
from headwaters.store.works import FileRow
from tests.support import samples

MADE = {"rights": Given("own", "--i-made-this")}


async def art(house: House, *paths: Path, **said: str) -> list[FileRow]:
    options = {**MADE, **{name: Given(text, f"--{name}") for name, text in said.items()}}
    (outcome,) = await publish(house, paths, options)
    assert isinstance(outcome, Outcome), outcome
    return await art_of(house, outcome.published.slug)


async def art_of(house: House, slug: str) -> list[FileRow]:
    def read(conn: Connection) -> list[FileRow]:
        newest = rows.newest_edition(conn, rows.work_at(conn, slug).id)
        assert newest is not None
        return [file for file in rows.files_of(conn, newest.id) if file.role == "art"]

    return await house.db.read(read)


async def test_a_film_shows_one_of_its_frames(house: House, tmp_path: Path) -> None:
    found = await art(house, samples.film(tmp_path / "film.mp4", size="640x360", seconds=1))
    assert [(file.name, file.width, file.height) for file in found] == [
        ("art-480.webp", 480, 270),
        ("art-640.webp", 640, 360),
        ("art-640.jpeg", 640, 360),
    ]


async def test_a_picture_shows_itself_and_no_larger_than_a_page_needs(house: House, tmp_path: Path) -> None:
    found = await art(house, samples.picture(tmp_path / "map.png", (3000, 2000)))
    assert [file.width for file in found] == [480, 960, 1200]


async def test_what_brings_no_picture_gets_one_that_says_its_title(house: House, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Row, row.\n")
    found = await art(house, text, title="Row")
    assert [(file.name, file.width, file.height) for file in found] == [
        ("drawn-480.webp", 480, 640),
        ("drawn-960.webp", 960, 1280),
        ("drawn-1600.webp", 1600, 2133),
        ("drawn-1200.jpeg", 1200, 1600),
    ]


async def test_another_title_is_drawn_anew_and_a_picture_that_was_given_stays(house: House, tmp_path: Path) -> None:
    text, cover = tmp_path / "text.txt", samples.picture(tmp_path / "cover.png")
    text.write_text("Row, row.\n")
    drawn, given = await art(house, text, slug="drawn"), await art(house, text, cover, title="T", slug="given")

    async def rename(slug: str) -> bool:
        work = await house.db.read(lambda conn: rows.work_at(conn, slug))
        details = replace(work.details, title="Row Your Boat")
        await house.db.write(lambda conn: change_words(conn, slug, work.revision, details, house.clock()))
        return await draw_anew(house, slug)

    assert await rename("drawn")
    again = await art_of(house, "drawn")
    assert [file.name for file in again] == [file.name for file in drawn]
    assert [file.sha256 for file in again] != [file.sha256 for file in drawn]
    assert not await rename("given")
    assert await art_of(house, "given") == given


async def test_a_drawn_cover_follows_the_shops_colour(house: House, tmp_path: Path) -> None:
    text, cover = tmp_path / "text.txt", samples.picture(tmp_path / "cover.png")
    text.write_text("Row, row.\n")
    other = Path(shutil.copy(text, tmp_path / "other.txt"))
    await art(house, text, title="Row", slug="drawn")
    await art(house, other, title="Row", slug="retired")
    given = await art(house, text, cover, title="T", slug="given")
    await house.db.write(lambda conn: retire_work(conn, "retired", house.clock()))
    await refresh(house)
    covers = Covers(house)
    assert await covers.follow() == 0
    before, gone = await art_of(house, "drawn"), await art_of(house, "retired")

    await change_settings(house, {"accent": "#a01818"})
    await refresh(house)
    assert [await covers.follow() for _ in range(2)] == [1, 0]
    red = await art_of(house, "drawn")
    assert {file.recipe for file in red} == {"drawn:#a01818"}
    assert [file.sha256 for file in red] != [file.sha256 for file in before]
    assert (await art_of(house, "given"), await art_of(house, "retired")) == (given, gone)

    await house.db.write(lambda conn: restore_work(conn, "retired", house.clock()))
    await refresh(house)
    assert await covers.follow() == 1
    assert {file.recipe for file in await art_of(house, "retired")} == {"drawn:#a01818"}

    await change_settings(house, {"accent": "", "theme": "zine"})
    await refresh(house)
    assert await Covers(house).follow() == 2  # also after a restart
    assert {file.recipe for file in await art_of(house, "drawn")} == {"drawn:#c4122f"}


async def test_a_full_disk_leaves_the_old_cover_until_something_moves(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Row, row.\n")
    before = await art(house, text, title="Row", slug="row")
    await change_settings(house, {"accent": "#a01818"})
    await refresh(house)
    covers, tried = Covers(house), []

    def full(data: bytes) -> Blob:
        tried.append(len(data))
        raise Refused(Code.DISK_FULL, "The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(house.storage, "keep_bytes", full)
        for _ in range(3):
            await covers.follow()
    assert len(tried) == 1
    assert await art_of(house, "row") == before
    await change_settings(house, {"tagline": "Films"})  # anything that moves the catalogue
    await refresh(house)
    assert await covers.follow() == 1
    assert {file.recipe for file in await art_of(house, "row")} == {"drawn:#a01818"}


async def test_published_again_under_another_title_it_says_that_one(house: House, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Row, row.\n")
    before = await art(house, text, title="Row", slug="row")
    after = await art(house, text, title="Row Your Boat", slug="row")
    assert [file.sha256 for file in after] != [file.sha256 for file in before]
