"""What the desk remembers, and when it forgets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from headwaters.core.errors import Code, NotFound, Unavailable
from headwaters.core.shelf.ranges import Slice
from headwaters.errands import download
from headwaters.errands.download import Desk
from headwaters.errands.house import House
from headwaters.errands.memory import Memory
from tests.support.shelf import Item, config_of, grant, open_house, set_state, stock


@pytest_asyncio.fixture
async def house(sqlite_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(config_of(tmp_path, sqlite_url)) as house:
        yield house


@pytest.fixture
def reads(house: House, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry for each look into the database."""
    looks: list[object] = []
    read = house.db.read

    def counted(fn: Any) -> Any:
        looks.append(fn)
        return read(fn)

    monkeypatch.setattr(house.db, "read", counted)
    return looks


async def test_the_thousandth_range_of_a_film_costs_no_query(house: House, reads: list[object]) -> None:
    film = Item("film.mp4", b"moving pictures", "video/mp4")
    key = await grant(house, await stock(house, "a-film", [film]))
    desk = Desk(house)
    reads.clear()
    first = await desk.file(key, film.ref)
    archive = await desk.everything(key)
    asked = len(reads)
    for _ in range(5):
        assert await desk.file(key, film.ref) is first
        assert await desk.everything(key) is archive
    assert len(reads) == asked == 4


async def test_a_second_reader_costs_one_query(house: House, reads: list[object]) -> None:
    film = Item("film.mp4", b"moving pictures", "video/mp4")
    work_id = await stock(house, "a-film", [film])
    keys = [await grant(house, work_id) for _ in range(2)]
    desk = Desk(house)
    first = await desk.file(keys[0], film.ref)
    reads.clear()
    assert await desk.file(keys[1], film.ref) is first
    assert len(reads) == 1


async def test_a_key_that_was_just_shown_costs_no_query(house: House, reads: list[object]) -> None:
    film = Item("film.mp4", b"moving pictures", "video/mp4")
    work_id = await stock(house, "a-film", [film])
    keys = [await grant(house, work_id) for _ in range(2)]
    desk = Desk(house)
    first = await desk.file(keys[0], film.ref)
    desk.expect(keys[1], work_id)
    reads.clear()
    assert await desk.file(keys[1], film.ref) is first
    assert reads == []


async def test_a_key_opens_no_other_work(house: House) -> None:
    film, song = Item("film.mp4", b"moving pictures", "video/mp4"), Item("song.mp3", b"a tune", "audio/mpeg")
    keys = [await grant(house, await stock(house, item.name[:4], [item])) for item in (film, song)]
    desk = Desk(house)
    for key, item in zip(keys, (film, song), strict=True):
        await desk.file(key, item.ref)
    for key, item in zip(keys, (song, film), strict=True):
        with pytest.raises(NotFound) as unknown:
            await desk.file(key, item.ref)
        assert unknown.value.code is Code.GRANT_UNKNOWN


async def test_a_work_whose_address_looks_like_a_key_is_not_taken_for_one(house: House) -> None:
    """A slug may have 26 letters, and what is remembered under the one must not answer for the other."""
    sample, film = Item("sample.mp4", b"sample", role="sample"), Item("film.mp4", b"moving pictures")
    slug = "abcdefghijklmnopqrstuvwxyz"
    key = await grant(house, await stock(house, slug, [sample, film]))
    desk = Desk(house)
    await desk.public_file(slug, sample.ref)
    await desk.file(key, film.ref)
    for ask in (desk.file(slug, sample.ref), desk.public_file(key, film.ref)):
        with pytest.raises(NotFound) as unknown:
            await ask
        assert unknown.value.code is Code.GRANT_UNKNOWN


async def test_readers_of_one_edition_share_its_layout(house: House) -> None:
    work_id = await stock(house, "a-film", [Item("film.mp4", b"moving pictures", "video/mp4")])
    desk = Desk(house)
    assert await desk.everything(await grant(house, work_id)) is await desk.everything(await grant(house, work_id))


async def test_an_unknown_key_is_asked_for_each_time_and_an_odd_one_never(house: House, reads: list[object]) -> None:
    film = Item("film.mp4", b"moving pictures", "video/mp4")
    work_id = await stock(house, "a-film", [film])
    desk = Desk(house)
    reads.clear()
    for key, looks in (("a" * 26, 2), ("a" * 25, 0), ("a" * 25 + "1", 0), ("", 0)):
        for ask in (desk.everything(key), desk.file(key, film.ref)):
            with pytest.raises(NotFound) as unknown:
                await ask
            assert unknown.value.code is Code.GRANT_UNKNOWN
        assert len(reads) == looks
        reads.clear()
    key = await grant(house, work_id)
    assert (await desk.file(key, film.ref)).name == "film.mp4", "a key that came to be a moment ago opens at once"


async def test_when_the_catalogue_moves_everything_is_asked_anew(house: House, reads: list[object]) -> None:
    film = Item("film.mp4", b"moving pictures", "video/mp4")
    work_id = await stock(house, "a-film", [film])
    key = await grant(house, work_id)
    desk = Desk(house)
    before = await desk.file(key, film.ref)
    await set_state(house, work_id, "retired")
    reads.clear()
    after = await desk.file(key, film.ref)
    assert after == before
    assert len(reads) == 1


async def test_an_answer_that_the_catalogue_overtook_is_not_remembered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = Item("film.mp4", b"moving pictures", "video/mp4")
    work_id = await stock(house, "a-film", [film])
    key = await grant(house, work_id)
    desk = Desk(house)
    await desk.file(key, film.ref)
    await set_state(house, work_id, "retired")
    read = house.db.read

    async def overtaken(fn: Any) -> Any:
        found = await read(fn)
        monkeypatch.setattr(house.db, "read", read)
        await set_state(house, work_id, "withheld")
        return found

    monkeypatch.setattr(house.db, "read", overtaken)
    assert (await desk.file(key, film.ref)).name == "film.mp4"
    with pytest.raises(Exception, match="withheld"):
        await desk.file(key, film.ref)


async def test_the_memory_has_an_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MOST_REMEMBERED", 3)
    items = [Item(f"{number}.txt", b"x", "text/plain") for number in range(6)]
    key = await grant(house, await stock(house, "many", items))
    desk = Desk(house)
    for item in items:
        await desk.file(key, item.ref)
    assert [name for _, name in desk._files] == [item.ref for item in items[3:]]


def test_a_memory_weighs_what_it_remembers() -> None:
    memory: Memory[bytes] = Memory(10, len)
    for key, value in (("a", b"1234"), ("b", b"1234"), ("a", b"12"), ("c", b"1234")):
        memory.remember(key, value)
    assert list(memory) == ["b", "a", "c"]
    memory.remember("d", b"1")
    assert list(memory) == ["a", "c", "d"]
    memory.remember("e", b"123456789012")
    assert list(memory) == ["e"], "larger than all room, and alone"
    memory.clear()
    memory.remember("f", b"1234567890")
    assert list(memory) == ["f"]


async def test_archives_are_remembered_by_how_much_is_in_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MOST_ARCHIVED", 1030)
    desk = Desk(house)
    keys = []
    for slug, count in (("one", 1), ("two", 1), ("many", 8)):
        items = [Item(f"{slug} {number}.txt", b"%d words" % number, "text/plain") for number in range(count)]
        keys.append(await grant(house, await stock(house, slug, items)))
    for key, remembered in zip(keys, (1, 2, 1), strict=True):
        await desk.everything(key)
        assert len(desk._archives) == remembered


async def test_an_archive_with_a_file_missing_is_refused_before_it_begins(house: House) -> None:
    items = [Item("a.txt", b"first", "text/plain"), Item("b.txt", b"second", "text/plain")]
    key = await grant(house, await stock(house, "two", items))
    (blob,) = (path for path in house.config.files_dir.rglob("*") if path.is_file() and path.read_bytes() == b"second")
    blob.unlink()
    with pytest.raises(Unavailable) as missing:
        await Desk(house).everything(key)
    assert missing.value.code is Code.BLOB_MISSING


async def test_parts_of_an_archive_name_only_what_is_asked_for(house: House) -> None:
    items = [Item("a.txt", b"first" * 100, "text/plain"), Item("b.txt", b"second" * 100, "text/plain")]
    key = await grant(house, await stock(house, "two", items))
    archive = await Desk(house).everything(key)
    first = next(part for part in archive.parts([Slice(0, archive.representation.size)]) if not isinstance(part, bytes))
    assert first[0].size == 500
    whole = list(archive.parts([Slice(0, archive.representation.size)]))
    assert sum(len(part) if isinstance(part, bytes) else part[2] for part in whole) == archive.representation.size
