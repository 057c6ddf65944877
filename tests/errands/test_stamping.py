"""Publishing with colophons: the same folder again changes nothing, and the creator's files are never touched."""

from __future__ import annotations

import asyncio
import errno
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from mutagen import id3
from sqlalchemy import select

from headwaters.actions.works import Change, choose_colophon
from headwaters.adapters.stamp import FileStamper
from headwaters.core.errors import Code
from headwaters.core.works.manifest import Given
from headwaters.errands import keeping
from headwaters.errands.blobs import blob_of
from headwaters.errands.colophons import Looked, choose, look_over
from headwaters.errands.house import House
from headwaters.errands.publish import Keep, Outcome, work_address
from headwaters.errands.stamping import Note
from headwaters.ports import Examined, Stamped, StampWish
from headwaters.store import tables
from headwaters.store import works as rows
from headwaters.store.db import Connection
from headwaters.store.works import FileRow
from tests.errands.test_publish import MADE, TOML, counts, done, files_of, half_kept, refusal, state_of
from tests.support import samples

HOME = "http://shop.example/w/high-water"


@pytest.fixture
async def shop(house: House) -> House:
    house.stamper = FileStamper()
    return house


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "work.toml").write_text(TOML + 'by = "Alice"\nyear = 2026\nlicence = "CC-BY-4.0"\n')
    samples.music(folder / "01.mp3")
    samples.picture(folder / "cover.png")
    (folder / "words.txt").write_text("The river.\n")
    return folder


def own(folder: Path, name: str) -> str:
    return sha256((folder / name).read_bytes()).hexdigest()


async def bytes_of(house: House, row: FileRow) -> bytes:
    def read(conn: Connection) -> Any:
        return next(blob for blob in rows.all_blobs(conn) if blob.sha256 == row.sha256)

    with house.storage.open(blob_of(await house.db.read(read))) as source:
        return await source.read(0, source.size)


async def song(house: House, slug: str = "high-water") -> FileRow:
    return next(row for row in await files_of(house, slug) if row.name == "01.mp3")


def tags(data: bytes, tmp_path: Path) -> id3.ID3:
    (path := tmp_path / "check.mp3").write_bytes(data)
    return id3.ID3(str(path))


# ── happy ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_copy_says_where_it_comes_from_and_the_original_is_only_read(
    shop: House, album: Path, tmp_path: Path
) -> None:
    before = state_of(album)
    outcome = await done(shop, album)
    assert state_of(album) == before
    assert half_kept(shop) == []
    row = await song(shop)
    assert row.given == own(album, "01.mp3") != row.sha256
    found = tags(data := await bytes_of(shop, row), tmp_path)
    assert (row.sha256, row.size) == (sha256(data).hexdigest(), len(data))
    assert str(found["WPAY"]) == f"{HOME}?from=copy&edition=1#pay"
    assert str(found["TCOP"]) == "2026 Alice. Creative Commons Attribution 4.0 (CC-BY-4.0)"
    others = {row.name: (row.given, row.sha256) for row in await files_of(shop, "high-water") if row.name != "01.mp3"}
    assert others["words.txt"] == ("", own(album, "words.txt"))
    assert others["cover.png"] == ("", own(album, "cover.png"))  # a picture of the work, and not the work
    notes = {note.name: note for note in outcome.notes}
    assert (notes["01.mp3"].why, len(notes["01.mp3"].fields)) == ("", 7)
    assert notes["words.txt"].why == "This format has no standard place for it."


async def test_the_same_again_changes_nothing_and_writes_nothing(shop: House, album: Path) -> None:
    await done(shop, album)
    before, kept = await counts(shop), await files_of(shop, "high-water")
    for _ in range(2):
        assert (await done(shop, album)).published.change is Change.NOTHING
    assert (await counts(shop), await files_of(shop, "high-water")) == (before, kept)


async def test_a_copy_that_rotted_is_made_again_byte_for_byte(shop: House, album: Path) -> None:
    await done(shop, album)
    row = await song(shop)
    place = shop.config.files_dir / row.sha256[:2] / row.sha256[2:4] / row.sha256
    place.chmod(0o600)
    place.write_bytes(b"x" * row.size)
    assert (await done(shop, album)).published.change is Change.NOTHING
    assert sha256(place.read_bytes()).hexdigest() == row.sha256


async def test_other_files_make_an_edition_whose_copies_name_it(shop: House, album: Path, tmp_path: Path) -> None:
    await done(shop, album)
    (album / "words.txt").write_text("The river, again.\n")
    assert (await done(shop, album)).published.edition == 2
    found = tags(await bytes_of(shop, await song(shop)), tmp_path)
    assert str(found["WOAF"]) == f"{HOME}?from=copy&edition=2"


async def test_another_licence_alone_makes_no_edition(shop: House, album: Path) -> None:
    await done(shop, album)
    row = await song(shop)
    published = (await done(shop, album, options={**MADE, "licence": Given("CC-BY-SA-4.0", "")})).published
    assert (published.change, published.edition) == (Change.NEW_WORDS, 1)
    assert await song(shop) == row


# ── on and off ───────────────────────────────────────────────────────────────────────────────────


async def test_it_can_be_switched_off_for_the_shop_for_a_work_and_for_once(shop: House, album: Path) -> None:
    off = {**MADE, "colophon": Given(False, "--no-colophon")}
    await done(shop, album, options=off)
    row = await song(shop)
    assert (row.given, row.sha256) == ("", own(album, "01.mp3"))
    work = await shop.db.read(lambda conn: rows.work_at(conn, "high-water"))
    assert work.colophon == "off"
    assert (await done(shop, album)).published.change is Change.NOTHING  # it is remembered, and makes no edition
    assert await song(shop) == row
    assert await choose(shop, "high-water", "on", None)
    assert not await choose(shop, "high-water", "on", None)
    assert (await done(shop, album)).published.change is Change.NOTHING
    (album / "words.txt").write_text("more\n")
    await done(shop, album)
    assert (await song(shop)).given == own(album, "01.mp3")
    noted = await shop.db.read(lambda conn: conn.execute(select(tables.audit_log.c.deed)).scalars().all())
    assert noted.count("work.colophon") == 1


async def test_the_shop_s_setting_is_the_usual(make_house: Any, album: Path) -> None:
    house = await make_house(colophon="off")
    house.stamper = FileStamper()
    await done(house, album)
    assert (await song(house)).given == ""
    await house.db.write(lambda conn: choose_colophon(conn, "high-water", "on"))
    (album / "words.txt").write_text("more\n")
    await done(house, album)
    assert (await song(house)).given == own(album, "01.mp3")


async def test_a_link_stays_the_creator_s_own_file_and_that_is_said(shop: House, album: Path) -> None:
    outcome = await done(shop, album, keep=Keep.LINK)
    row = await song(shop)
    assert (row.given, row.sha256) == ("", own(album, "01.mp3"))
    assert {note.name: note.why for note in outcome.notes}["01.mp3"].startswith("It stays your own file")
    assert (await done(shop, album)).published.change is Change.NOTHING  # as a copy it is the same edition


# ── what was not meant to be published ───────────────────────────────────────────────────────────


async def test_what_files_tell_is_shown_first_and_goes_only_when_asked_for(
    shop: House, album: Path, tmp_path: Path
) -> None:
    path = album / "01.mp3"
    found = id3.ID3(str(path))
    found.add(id3.PRIV(owner="me", data=b"secret"))
    found.save(str(path))
    seen: list[tuple[str, int, int]] = []

    async def publish(**options: Given) -> Outcome:
        kept = (await counts(shop))["works"]

        def tell(notes: Any) -> None:
            seen.extend((note.name, len(note.findings), kept) for note in notes if note.findings)

        return await done(shop, album, options={**MADE, **options}, found=tell)

    outcome = await publish()
    assert seen == [("01.mp3", 1, 0)]
    assert b"secret" in await bytes_of(shop, await song(shop))
    assert not any(note.removed for note in outcome.notes)
    outcome = await publish(remove_private=Given(True, "--remove-private"))
    assert (outcome.published.change, outcome.published.edition) == (Change.NEW_EDITION, 2)
    row = await song(shop)
    assert b"secret" not in (data := await bytes_of(shop, row))
    assert row.given == own(album, "01.mp3") + "-"
    assert str(tags(data, tmp_path)["WPAY"]).endswith("edition=2#pay")
    again = await publish(remove_private=Given(True, "--remove-private"))
    assert again.published.change is Change.NOTHING
    assert b"secret" in path.read_bytes()


# ── broken, full, overtaken ──────────────────────────────────────────────────────────────────────


class Stumbling(FileStamper):
    """Does as the other does, until something is wrong."""

    def __init__(self, wrong: OSError | None = None, left: str = "") -> None:
        self.wrong, self.left = wrong, left

    def stamp(self, path: Path, name: str, target: Path, wish: StampWish) -> Stamped:
        target.write_bytes(b"half")
        if self.wrong:
            raise self.wrong
        target.unlink()
        return Stamped(False, why=self.left)


async def test_a_full_disk_publishes_nothing_and_leaves_nothing(shop: House, album: Path) -> None:
    shop.stamper = Stumbling(OSError(errno.ENOSPC, "No space left on device"))
    assert (await refusal(shop, album)).code is Code.DISK_FULL
    shop.stamper = FileStamper()
    assert (await done(shop, album)).published.change is Change.NEW_WORK


async def test_a_file_that_goes_meanwhile_is_said_to_be_gone(shop: House, album: Path) -> None:
    shop.stamper = Stumbling(FileNotFoundError(errno.ENOENT, "gone"))
    assert (await refusal(shop, album)).code is Code.FILE_MISSING


async def test_what_cannot_be_stamped_is_published_as_it_is_with_a_word(shop: House, album: Path) -> None:
    shop.stamper = Stumbling(left="Left alone.")
    outcome = await done(shop, album)
    row = await song(shop)
    assert (row.given, row.sha256) == ("", own(album, "01.mp3"))
    assert {note.name: note.why for note in outcome.notes}["01.mp3"] == "Left alone."
    assert (await done(shop, album)).published.change is Change.NOTHING


class Blind(FileStamper):
    """Cannot look into one file."""

    def examine(self, path: Path, name: str, facts: Any) -> Examined:
        if name == "01.mp3":
            return Examined(why="It takes too much.", unread=True)
        return super().examine(path, name, facts)


@pytest.mark.parametrize("stamper", [Stumbling(left="Left alone."), Blind()], ids=["not taken out", "not looked for"])
async def test_what_was_to_be_left_out_and_is_not_is_not_published(
    shop: House, album: Path, stamper: FileStamper
) -> None:
    path = album / "01.mp3"
    tagged = id3.ID3(path)
    tagged.add(id3.COMM(encoding=3, lang="eng", desc="", text=["secret"]))
    tagged.save(path)
    shop.stamper, before = stamper, await counts(shop)
    options = {**MADE, "remove_private": Given(True, "--remove-private")}
    refused = await refusal(shop, album, options=options)
    assert (refused.code, refused.values["name"], refused.field) == (Code.STILL_TELLS, "01.mp3", "files")
    assert await counts(shop) == before
    assert half_kept(shop) == []
    assert (await done(shop, album)).published.change is Change.NEW_WORK, "as it is, if they want that"


async def test_an_edition_of_somebody_else_in_between_is_not_named_twice(
    shop: House, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await done(shop, album)
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.txt").write_text("of the other\n")
    plain, loop = keeping.keep_copy, asyncio.get_running_loop()
    named: list[str] = []

    def meanwhile(house: House, file: Any, note: Note, facts: Any) -> Any:
        if file.name == "01.mp3":
            named.append(facts.page)
            if len(named) == 1:
                theirs = done(house, other, options=MADE, edition_of="high-water")
                asyncio.run_coroutine_threadsafe(theirs, loop).result(60)
        return plain(house, file, note, facts)

    monkeypatch.setattr(keeping, "keep_copy", meanwhile)
    (album / "words.txt").write_text("mine\n")
    assert (await done(shop, album, edition_of="high-water")).published.edition == 3
    assert named == [f"{HOME}?from=copy&edition=2", f"{HOME}?from=copy&edition=3"]
    found = tags(await bytes_of(shop, await song(shop)), tmp_path)
    assert str(found["WOAF"]) == f"{HOME}?from=copy&edition=3"
    assert half_kept(shop) == []


async def test_two_at_once_make_one_edition_with_its_own_number(shop: House, album: Path, tmp_path: Path) -> None:
    outcomes = await asyncio.gather(done(shop, album), done(shop, album))
    assert sorted(one.published.change for one in outcomes) == [Change.NEW_WORK, Change.NOTHING]
    found = tags(await bytes_of(shop, await song(shop)), tmp_path)
    assert str(found["WOAF"]) == f"{HOME}?from=copy&edition=1"
    assert half_kept(shop) == []


# ── only looked at ───────────────────────────────────────────────────────────────────────────────


async def test_one_can_look_before(shop: House, album: Path) -> None:
    before = state_of(album)
    (looked,) = await look_over(shop, [album], {})
    assert isinstance(looked, Looked)
    (note,) = [note for note in looked.notes if note.name == "01.mp3"]
    assert {one.where: one.after for one in note.examined.fields}["WPAY"] == f"{HOME}?from=copy&edition=1#pay"
    assert (state_of(album), (await counts(shop))["works"]) == (before, 0)
    assert work_address(shop, "high-water") == HOME


async def test_without_a_stamper_files_are_published_as_they_are(house: House, album: Path) -> None:
    outcome = await done(house, album)
    assert {note.examined for note in outcome.notes} == {Examined()}
    assert (await song(house)).given == ""
