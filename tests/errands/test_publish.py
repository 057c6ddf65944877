"""From a folder on the creator's disk to an edition: whole or not at all, again, and at once."""

from __future__ import annotations

import asyncio
import os
import resource
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import func, select

from headwaters.actions.works import Change, withhold_work
from headwaters.core.errors import Code, NotFound, Refused, Unavailable, WrongUse
from headwaters.core.works.manifest import Given
from headwaters.errands import publish as publish_module
from headwaters.errands import whole
from headwaters.errands.download import Desk
from headwaters.errands.gather import Failure
from headwaters.errands.house import House, refresh
from headwaters.errands.publish import Manner, Outcome, Progress, publish
from headwaters.ports import Blob, Keep, Look, Witness
from headwaters.store import tables
from headwaters.store import works as rows
from headwaters.store.db import Connection
from headwaters.store.works import BlobRow, FileRow
from tests.errands.test_gather import lay
from tests.support import samples
from tests.support.house import Clock
from tests.support.shelf import grant

MADE = {"rights": Given("own", "--i-made-this")}
PDF = samples.pdf(bytes(range(256)) * 40)
TOML = 'title = "High Water"\nrights = "own"\n'


async def results(house: House, *paths: Path, **more: Any) -> tuple[Outcome | Failure, ...]:
    return await publish(house, paths, more.pop("options", MADE), Manner(**more))


async def done(house: House, *paths: Path, **more: Any) -> Outcome:
    (result,) = await results(house, *paths, **more)
    if isinstance(result, Failure):
        raise result.error
    return result


async def refusal(house: House, *paths: Path, **more: Any) -> Refused:
    """What a publishing is refused with; nothing of it may be in the database, or half of it in the files."""
    before = await counts(house)
    with pytest.raises(Refused) as refused:
        await done(house, *paths, **more)
    assert await counts(house) == before
    assert half_kept(house) == []
    return refused.value


async def counts(house: House) -> Mapping[str, int]:
    def read(conn: Connection) -> dict[str, int]:
        names = ("works", "editions", "files", "blobs", "catalogue")
        return {
            name: int(conn.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one())
            for name in names
        }

    return await house.db.read(read)


async def given(house: House) -> list[BlobRow]:
    """Blobs of the creator's own files: the others are pictures that the shop drew."""
    return [row for row in await house.db.read(rows.all_blobs) if row.sha256 == sha256(PDF).hexdigest()]


def half_kept(house: House) -> list[Path]:
    incoming = house.config.files_dir / "incoming"
    return list(incoming.iterdir()) if incoming.exists() else []


async def files_of(house: House, slug: str) -> tuple[FileRow, ...]:
    def read(conn: Connection) -> tuple[FileRow, ...]:
        edition = rows.newest_edition(conn, rows.work_at(conn, slug).id)
        assert edition is not None
        return rows.files_of(conn, edition.id)

    return await house.db.read(read)


def state_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything of a folder that a program could change, except when it was last read."""
    return {
        str(path.relative_to(folder)): (
            (status := path.lstat()).st_ino,
            status.st_mode,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_nlink,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [folder, *folder.rglob("*")]
    }


def write_pdf(path: Path) -> Path:
    path.write_bytes(PDF)
    return path


# ── happy ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_folder_becomes_a_work_with_its_files_cover_art_and_words(house: House, tmp_path: Path) -> None:
    folder = lay(
        tmp_path / "high-water",
        {
            "work.toml": TOML + 'words = "I made this."\nprice = "7,50"\nlicence = "CC BY 4.0"\n',
            "description.md": "A *film*.",
            "High Water.en.vtt": "WEBVTT\n",
            ".DS_Store": "x",
        },
    )
    samples.film(folder / "High Water.mp4", seconds=1)
    samples.film(folder / "trailer.mp4", seconds=0.5)
    samples.picture(folder / "cover.png", (1000, 500))
    outcome = await done(house, folder, options={})
    assert (outcome.address, outcome.published.change) == ("http://shop.example/w/high-water", Change.NEW_WORK)
    assert [left.name for left in outcome.left_out] == [".DS_Store"]
    found = await files_of(house, "high-water")
    assert [(row.role, row.name, row.label, row.media_type) for row in found] == [
        ("work", "High Water.mp4", "The film", "video/mp4"),
        ("work", "High Water.en.vtt", "Subtitles (en)", "text/vtt"),
        ("sample", "trailer.mp4", "Trailer", "video/mp4"),
        ("cover", "cover.png", "The cover", "image/png"),
        ("art", "art-480.webp", "", "image/webp"),
        ("art", "art-960.webp", "", "image/webp"),
        ("art", "art-1000.webp", "", "image/webp"),
        ("art", "art-1000.jpeg", "", "image/jpeg"),
    ]
    film = found[0]
    assert film.sha256 == sha256((folder / "High Water.mp4").read_bytes()).hexdigest()
    assert (film.seconds_micros, film.width, film.height) == (1_000_000, 64, 48)
    assert {len(row.ref) for row in found} == {13}
    work = await house.db.read(lambda conn: rows.work_at(conn, "high-water"))
    details = work.details
    assert (details.kind, details.price.minor, details.words, details.description) == (
        "film",
        750,
        "I made this.",
        "A *film*.",
    )
    for row in await house.db.read(rows.all_blobs):
        house.storage.verify(Blob(row.sha256, row.crc32, row.size))


async def test_a_book_and_music_show_the_cover_they_carry(house: House, tmp_path: Path) -> None:
    samples.book(tmp_path / "book.epub", None, samples.png((90, 60)))
    await done(house, tmp_path / "book.epub")
    assert [(row.role, row.name) for row in await files_of(house, "book")] == [
        ("work", "book.epub"),
        ("art", "art-90.webp"),
        ("art", "art-90.jpeg"),
    ]
    samples.music(tmp_path / "song.mp3")
    await done(house, tmp_path / "song.mp3")
    assert [(row.role, row.name, row.width, row.height) for row in await files_of(house, "song")] == [
        ("work", "song.mp3", None, None),
        ("art", "drawn-480.webp", 480, 480),
        ("art", "drawn-960.webp", 960, 960),
        ("art", "drawn-1600.webp", 1600, 1600),
        ("art", "drawn-1200.jpeg", 1200, 1200),
    ]


async def test_the_same_again_changes_nothing_even_by_another_way_to_it(house: House, tmp_path: Path) -> None:
    folder = lay(tmp_path / "book", {"a.pdf": PDF, "b.txt": "b"})
    samples.picture(folder / "cover.png")
    await done(house, folder)
    before = await counts(house)
    (tmp_path / "link").symlink_to(folder)
    for path in (folder, folder / ".." / "book", tmp_path / "link"):
        assert (await done(house, path)).published.change is Change.NOTHING
    assert await counts(house) == before


async def test_changed_words_change_the_page_and_changed_files_make_an_edition(house: House, tmp_path: Path) -> None:
    folder = lay(tmp_path / "book", {"a.pdf": PDF, "work.toml": TOML})
    await done(house, folder)
    lay(folder, {"work.toml": TOML + "price = 9"})
    assert (await done(house, folder)).published.change is Change.NEW_WORDS
    lay(folder, {"a.pdf": PDF + b"!"})
    assert (await done(house, folder)).published.edition == 2
    samples.picture(folder / "cover.png")
    assert (await done(house, folder)).published.edition == 3
    lay(folder, {"a.pdf": PDF})
    (folder / "cover.png").unlink()
    assert (await done(house, folder)).published.edition == 4
    assert (await counts(house))["works"] == 1


async def test_a_corrected_file_from_elsewhere_is_an_edition_of_the_work(house: House, tmp_path: Path) -> None:
    lay(tmp_path, {"book.pdf": PDF, "new/book-2.pdf": PDF + b"!"})
    await done(house, tmp_path / "book.pdf", options={**MADE, "price": Given("7", "--price")})
    outcome = await done(house, tmp_path / "new" / "book-2.pdf", edition_of="book")
    assert (outcome.published.slug, outcome.published.edition) == ("book", 2)
    work = await house.db.read(lambda conn: rows.work_at(conn, "book"))
    assert (work.details.title, work.details.price.minor) == ("Book", 700)


async def test_a_folder_of_folders_publishes_each_and_one_that_is_refused_holds_up_none(
    house: House, tmp_path: Path
) -> None:
    shelf = lay(
        tmp_path / "works",
        {"a/a.pdf": PDF, "b/b.pdf": b"MZ no book", "c/c.pdf": PDF, "d/work.toml": "price = 1e9", "e/.keep": ""},
    )
    found = await results(house, shelf)
    assert [getattr(item, "address", None) for item in found] == [
        "http://shop.example/w/a",
        None,
        "http://shop.example/w/c",
        None,
        None,
    ]
    codes = [item.error.code for item in found if isinstance(item, Failure)]
    assert codes == [Code.FILE_WRONG_KIND, Code.MANIFEST_BROKEN, Code.NOTHING_TO_PUBLISH]
    assert (await counts(house))["works"] == 2
    for option in ("title", "slug"):
        with pytest.raises(WrongUse):
            await results(house, shelf, options={**MADE, option: Given("x", f"--{option}")})
    with pytest.raises(WrongUse):
        await results(house, shelf, edition_of="a")


async def test_progress_is_told_up_to_the_last_byte(house: House, tmp_path: Path) -> None:
    folder = lay(tmp_path / "book", {"a.pdf": samples.pdf(bytes(3_000_000)), "b.txt": "b"})
    told: list[Progress] = []
    await done(house, folder, report=told.append)
    size = (folder / "a.pdf").stat().st_size + 1
    assert told[0] == Progress("a.pdf", 0, size)
    assert told[-1] == Progress("b.txt", size, size)
    assert [item.done for item in told] == sorted(item.done for item in told)
    assert len(told) > 4


async def test_linked_files_are_watched_and_not_copied(house: House, tmp_path: Path) -> None:
    path = lay(tmp_path / "book", {"a.pdf": PDF}) / "a.pdf"
    await done(house, path, keep=Keep.LINK)
    (row,) = await given(house)
    status = path.stat()
    assert (row.keep, row.inode, row.mtime_ns, row.ctime_ns) == (
        "link",
        status.st_ino,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
    assert status.st_nlink == 2
    assert (await done(house, path)).published.change is Change.NOTHING
    assert [row.keep for row in await given(house)] == ["copy"]


async def test_a_linked_file_that_was_touched_is_there_again_once_it_is_published_again(
    house: House, tmp_path: Path
) -> None:
    """In the shop that is open meanwhile, which remembers how the file looked before."""
    path = lay(tmp_path / "book", {"a.pdf": PDF}) / "a.pdf"
    work_id = (await done(house, path, keep=Keep.LINK)).published.work_id
    await refresh(house)
    key, desk = await grant(house, work_id), Desk(house)
    (ref,) = await house.db.read(
        lambda conn: [row[0] for row in conn.execute(select(tables.files.c.ref).where(tables.files.c.role == "work"))]
    )
    before = await desk.file(key, ref)
    path.touch()
    with pytest.raises(Unavailable) as changed:
        await desk.file(key, ref)
    assert changed.value.code is Code.BLOB_CHANGED
    assert (await done(house, path, keep=Keep.LINK)).published.change is Change.NOTHING
    await refresh(house)
    after = await desk.file(key, ref)
    assert (after.sha256, after.representation) == (before.sha256, before.representation)


async def test_two_linked_files_of_the_same_bytes_are_watched_at_the_one_that_is_kept(
    house: House, tmp_path: Path
) -> None:
    folder = lay(tmp_path / "book", dict.fromkeys(["a.pdf", "b.pdf", "c.pdf"], PDF))
    await done(house, folder, keep=Keep.LINK)
    (row,) = await given(house)
    witness = Witness(row.inode or 0, row.size, row.mtime_ns or 0, row.ctime_ns or 0)
    house.storage.verify(Blob(row.sha256, row.crc32, row.size, Keep.LINK, witness))


async def test_the_creators_files_are_never_written_to(house: House, tmp_path: Path) -> None:
    folder = lay(tmp_path / "work", {"work.toml": TOML, "a/b.pdf": PDF, "description.md": "Hello"})
    samples.film(folder / "film.mp4")
    samples.music(folder / "song.flac")
    samples.picture(folder / "cover.jpg")
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = state_of(folder)
    await done(house, folder)
    await done(house, folder, options={**MADE, "title": Given("Another", "--title")})
    assert state_of(folder) == before


# ── refused ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a.pdf": PDF, "save.dat": "x"}, Code.FILE_UNKNOWN_KIND),
        ({"a.pdf": PDF, "b.mp4": PDF}, Code.FILE_WRONG_KIND),
        ({"a.pdf": PDF, "b.txt": ""}, Code.FILE_EMPTY),
        ({"a.pdf": PDF, "cover.jpg": PDF}, Code.FILE_WRONG_KIND),
        ({"a.pdf": PDF, "cover.jpg": samples.png()[:100]}, Code.FILE_WRONG_KIND),
        ({"a.pdf": PDF, "cover.png": samples.png()[:100]}, Code.FILE_WRONG_KIND),
        ({}, Code.NOTHING_TO_PUBLISH),
        ({".hidden": "x"}, Code.NOTHING_TO_PUBLISH),
        ({"a.pdf": PDF, "work.toml": "title = 1"}, Code.MANIFEST_BROKEN),
        ({"a.pdf": PDF, "work.toml": 'title = "A"\nprice = 1\nminimum = 2'}, Code.AMOUNT_TOO_SMALL),
        ({"a.pdf": PDF, "work.toml": 'title = "A"\nprice = 0'}, Code.AMOUNT_TOO_SMALL),
        ({"a.pdf": PDF, "work.toml": 'title = "A"\nslug = "../x"'}, Code.MANIFEST_BROKEN),
        ({"a\nb.pdf": PDF}, Code.NAME_INVALID),
        ({"a.pdf": PDF, "A.pdf": PDF}, Code.NAMES_COLLIDE),
    ],
)
async def test_bad_input_is_refused_and_nothing_changed(
    house: House, tmp_path: Path, files: Mapping[str, bytes | str], code: Code
) -> None:
    assert (await refusal(house, lay(tmp_path / "work", files))).code is code
    assert await counts(house) == {"works": 0, "editions": 0, "files": 0, "blobs": 0, "catalogue": 1}


def cut(path: Path, part: float = 0.7) -> Path:
    """Its first part only, as a copy leaves it that was broken off."""
    os.truncate(path, int(path.stat().st_size * part))
    return path


async def test_what_ends_before_its_format_says_is_refused_and_read_only_at_its_ends(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    folder = lay(tmp_path / "work", {})

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        data = os_pread(descriptor, length, offset)
        read.append(len(data))
        return data

    make = {".wav": samples.wav, ".pdf": write_pdf, ".epub": samples.book, ".mp4": samples.film, ".mkv": samples.film}
    make |= dict.fromkeys((".flac", ".mp3", ".ogg", ".opus"), samples.music)
    kinds = [*make, ".png", ".webp", ".jpg", ".tiff"]
    os_pread = os.pread
    monkeypatch.setattr(house.storage, "keep", lambda *_: pytest.fail("kept"), raising=False)
    monkeypatch.setattr(whole.os, "pread", pread)
    for ending, keep in zip(kinds, cycle(Keep), strict=False):
        read.clear()
        path = make.get(ending, samples.picture)(folder / f"a{ending}")
        refused = await refusal(house, cut(path), keep=keep)
        assert (refused.code, refused.values["name"]) == (Code.FILE_CUT_OFF, path.name)
        assert 0 < sum(read) < 70_000


async def test_whatever_way_a_file_comes_it_is_whole(house: House, tmp_path: Path) -> None:
    await done(house, samples.wav(lay(tmp_path / "first", {}) / "a.wav"))
    new = cut(samples.wav(lay(tmp_path / "work", {"b.txt": "b"}) / "a.wav", 2))
    assert (await refusal(house, new.parent)).code is Code.FILE_CUT_OFF
    assert (await refusal(house, new, edition_of="a")).code is Code.FILE_CUT_OFF
    lay(tmp_path / "works", {"good/a.txt": "a"})
    new.parent.rename(tmp_path / "works" / "half")
    good, half = await results(house, tmp_path / "works")
    assert isinstance(good, Outcome)
    assert isinstance(half, Failure)
    assert half.error.code is Code.FILE_CUT_OFF
    assert (await counts(house))["works"] == 2


async def test_an_archive_that_unpacks_outside_of_its_folder_is_refused(house: House, tmp_path: Path) -> None:
    path = lay(tmp_path / "work", {}) / "a.zip"
    path.write_bytes(samples.zipped({"good.txt": "good", "../../up.txt": "up"}))
    refused = await refusal(house, path)
    assert (refused.code, refused.values) == (Code.FILE_LEADS_OUT, {"name": "a.zip", "member": "../../up.txt"})
    assert await counts(house) == {"works": 0, "editions": 0, "files": 0, "blobs": 0, "catalogue": 1}
    path.write_bytes(samples.zipped({"good.txt": "good", "a..b/..c.txt": "up"}))
    await done(house, path)


async def test_a_hundred_gigabytes_take_no_longer_to_refuse(house: House, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.write(b"RF64\xff\xff\xff\xffWAVE")
        file.truncate(100_000_000_000)
    film = tmp_path / "a.mp4"
    with film.open("wb") as file:
        file.write(b"\0\0\0\x18ftypisom\0\0\0\0isommp42\0\0\0\x01mdat" + (200_000_000_000).to_bytes(8))
        file.truncate(100_000_000_000)
    assert (
        await refusal(house, path, film, options={**MADE, "title": Given("A", "--title")})
    ).code is Code.FILE_CUT_OFF


async def test_a_file_that_is_being_written_still_has_changed(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cut(samples.wav(tmp_path / "a.wav"))
    look = house.media.look

    def writing(path: Path) -> Look:
        with path.open("ab") as file:
            file.write(b"more")
        return look(path)

    monkeypatch.setattr(house.media, "look", writing, raising=False)
    assert (await refusal(house, path)).code is Code.FILE_CHANGED


@pytest.mark.parametrize("colophon", [True, False])
async def test_half_a_file_that_an_older_shop_published_goes_on_as_it_is(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colophon: bool
) -> None:
    path = cut(samples.wav(lay(tmp_path / "work", {"b.txt": "b"}) / "a.wav"))
    options = {**MADE, "colophon": Given(colophon, "--colophon")}
    with monkeypatch.context() as older:
        older.setattr(publish_module, "check_ends", lambda files, newest: None)
        await done(house, path.parent, options=options)
    before = await counts(house)
    assert (await done(house, path.parent, options=options)).published.change is Change.NOTHING
    assert await counts(house) == before
    lay(path.parent, {"b.txt": "another"})
    assert (await done(house, path.parent, options=options)).published.edition == 2
    cut(path)
    assert (await refusal(house, path.parent, options=options)).code is Code.FILE_CUT_OFF


async def test_without_a_declaration_nothing_is_even_copied(house: House, tmp_path: Path) -> None:
    folder = lay(tmp_path / "work", {"a.pdf": PDF})
    assert (await refusal(house, folder, options={})).code is Code.RIGHTS_MISSING
    assert not house.config.files_dir.exists() or not list(house.config.files_dir.rglob("??/??/*"))
    licence = {"licence": Given("CC-BY-SA-4.0", "--licence")}
    assert (await done(house, folder, options=licence)).published.change is Change.NEW_WORK


async def test_one_address_for_two_folders_is_refused(house: House, tmp_path: Path) -> None:
    one, two = (lay(tmp_path / name / "Book", {"a.pdf": PDF}) for name in ("one", "two"))
    await done(house, one)
    refused = await refusal(house, two)
    assert (refused.code, "--edition-of book" in refused.hint_text) == (Code.SLUG_TAKEN, True)
    assert (await done(house, two, options={**MADE, "slug": Given("book-2", "--slug")})).published.slug == "book-2"
    assert (await done(house, one)).published.change is Change.NOTHING


async def test_an_edition_of_nothing_is_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refused:
        await done(house, lay(tmp_path / "work", {"a.pdf": PDF}), edition_of="nowhere")
    assert refused.value.code is Code.WORK_UNKNOWN


async def test_of_a_withheld_work_nothing_is_copied(house: House, tmp_path: Path) -> None:
    folder = lay(tmp_path / "work", {"a.pdf": PDF})
    await done(house, folder)
    await house.db.write(lambda conn: withhold_work(conn, "work", "A court said so.", house.clock()))
    lay(folder, {"a.pdf": PDF + b"!"})
    assert (await refusal(house, folder)).code is Code.WORK_WITHHELD


async def test_several_files_with_nothing_in_common_need_a_title(house: House, tmp_path: Path) -> None:
    lay(tmp_path, {"a.pdf": PDF, "b.pdf": PDF})
    with pytest.raises(WrongUse):
        await done(house, tmp_path / "a.pdf", tmp_path / "b.pdf")
    titled = {**MADE, "title": Given("Two Books", "--title")}
    assert (await done(house, tmp_path / "a.pdf", tmp_path / "b.pdf", options=titled)).published.slug == "two-books"
    again = await done(house, tmp_path / "b.pdf", tmp_path / "a.pdf")
    assert again.published.slug == "two-books"


# ── what happens meanwhile ───────────────────────────────────────────────────────────────────────


class Meddling:
    """The house's storage; `meddle` is called when the file of this name has been kept so far."""

    def __init__(self, house: House, name: str, meddle: Callable[[], object], *, midway: bool = False) -> None:
        self._storage, self._name, self._meddle, self._midway = house.storage, name, meddle, midway

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def keep(self, path: Path, keep: Keep, progress: Callable[[int], None], known: str = "") -> Blob:
        def told(more: int) -> None:
            progress(more)
            if self._midway and path.name == self._name:
                self._midway = False
                self._meddle()

        blob = self._storage.keep(path, keep, told, known)
        if path.name == self._name and not self._midway:
            self._meddle()
        return blob


@pytest.mark.parametrize(
    ("meddle", "code"),
    [
        (lambda folder: (folder / "b.pdf").unlink(), Code.FILE_MISSING),
        (lambda folder: (folder / "a.pdf").unlink(), Code.FILE_CHANGED),
        (lambda folder: (folder / "a.pdf").write_bytes(PDF + b"changed"), Code.FILE_CHANGED),
        (lambda folder: (folder / "new.pdf").write_bytes(PDF) and (folder / "new.pdf").replace(folder / "a.pdf"), None),
        (lambda folder: (folder / "b.pdf").write_bytes(PDF + b"changed"), Code.FILE_CHANGED),
        (lambda folder: folder.rename(folder.with_name("moved")), Code.FILE_MISSING),
    ],
)
async def test_a_file_that_goes_or_changes_meanwhile_leaves_no_half_edition(
    house: House, tmp_path: Path, meddle: Callable[[Path], object], code: Code | None
) -> None:
    folder = lay(tmp_path / "book", {"a.pdf": PDF, "b.pdf": PDF + b"b"})
    house.storage = Meddling(house, "a.pdf", lambda: meddle(folder))
    assert (await refusal(house, folder)).code is (code or Code.FILE_CHANGED)
    assert (await counts(house))["works"] == 0


@pytest.mark.parametrize(
    "meddle",
    [
        lambda path: path.write_bytes(b"%PDF- shorter"),
        lambda path: os.truncate(path, 9_000_000),
        lambda path: path.unlink(),
        lambda path: os.utime(path, ns=(1, 1)),
    ],
)
@pytest.mark.parametrize("keep", list(Keep))
async def test_a_file_that_changes_while_it_is_read_is_refused(
    house: House, tmp_path: Path, meddle: Callable[[Path], object], keep: Keep
) -> None:
    folder = lay(tmp_path / "book", {"a.pdf": samples.pdf(bytes(5_000_000))})
    house.storage = Meddling(house, "a.pdf", lambda: meddle(folder / "a.pdf"), midway=True)
    refused = await refusal(house, folder, keep=keep)
    assert refused.code is Code.FILE_CHANGED
    assert (await counts(house))["works"] == 0


async def test_a_publishing_that_is_stopped_leaves_nothing_and_goes_through_the_next_time(
    house: House, tmp_path: Path
) -> None:
    folder = lay(tmp_path / "book", {"a.pdf": PDF, "b.pdf": samples.pdf(bytes(5_000_000))})
    begun, go = threading.Event(), threading.Event()

    def hold(progress: Progress) -> None:
        if progress.name == "b.pdf" and progress.done > len(PDF):
            begun.set()
            assert go.wait(10)

    storage = house.storage
    task = asyncio.create_task(done(house, folder, report=hold))
    assert await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    while half_kept(house):  # the thread hears of it at its next step
        await asyncio.sleep(0.01)
    assert (await counts(house))["works"] == 0
    house.storage = storage
    assert (await done(house, folder)).published.change is Change.NEW_WORK


async def test_what_an_interrupted_publishing_left_a_day_ago_is_cleared_away(
    house: House, clock: Clock, tmp_path: Path
) -> None:
    lay(house.config.files_dir / "incoming", {"half": "of a file"})
    folder = lay(tmp_path / "book", {"a.pdf": PDF})
    clock.now = datetime.now(UTC) + timedelta(hours=23)
    await done(house, folder)
    assert len(half_kept(house)) == 1
    clock.move(hours=2)
    await done(house, folder)
    assert half_kept(house) == []


async def test_published_twice_at_once_it_is_one_edition(house: House, tmp_path: Path) -> None:
    folder = lay(tmp_path / "book", {"a.pdf": PDF, "b.pdf": samples.pdf(bytes(2_000_000))})
    samples.picture(folder / "cover.png")
    outcomes = await asyncio.gather(*(done(house, folder) for _ in range(4)))
    assert sorted(outcome.published.change for outcome in outcomes) == [Change.NEW_WORK] + [Change.NOTHING] * 3
    assert (await counts(house))["editions"] == 1


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """As if the disk were full for what is larger (EFBIG)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_on_a_full_disk_nothing_changes_and_later_it_goes_through(house: House, tmp_path: Path) -> None:
    folder = lay(tmp_path / "book", {"a.pdf": PDF, "b.pdf": samples.pdf(bytes(8_000_000))})
    with no_file_above(4_000_000):
        assert (await refusal(house, folder)).code is Code.DISK_FULL
    assert (await counts(house))["works"] == 0
    assert (await done(house, folder)).published.change is Change.NEW_WORK


async def test_when_only_the_art_finds_no_room_nothing_changes(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lay(tmp_path / "book", {"a.pdf": PDF})
    samples.picture(folder / "cover.png")

    def full(data: bytes) -> Blob:
        raise Refused(Code.DISK_FULL, "full")

    monkeypatch.setattr(type(house.storage), "keep_bytes", lambda self, data: full(data))
    assert (await refusal(house, folder)).code is Code.DISK_FULL


async def test_blobs_in_the_database_are_those_in_the_storage(house: House, tmp_path: Path) -> None:
    folder = lay(tmp_path / "book", {"a.pdf": PDF, "same.pdf": PDF})
    await done(house, folder)
    digest = sha256(PDF).hexdigest()
    date = (house.config.files_dir / digest[:2] / digest[2:4] / digest).stat().st_mtime_ns
    assert await given(house) == [BlobRow(digest, crc32(PDF), len(PDF), "copy", mtime_ns=date)]
