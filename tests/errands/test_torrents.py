"""The torrent of an edition: queued with it, made once, from the bytes that holders get, and again after a crash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import libtorrent
import pytest
from sqlalchemy import select

from headwaters.core.errors import Code, Unavailable
from headwaters.core.works.makings import Lane, MakingState
from headwaters.core.works.recipes import TORRENT
from headwaters.errands.house import House
from headwaters.errands.makers.torrents import make_torrent
from headwaters.errands.workshop import RECIPES, Workshop
from headwaters.store import makings as rows
from headwaters.store import tables
from headwaters.store.db import Connection
from tests.support.makings import edition_of, path_of, published


def torrents_of(conn: Connection) -> list[tuple[int, str, str]]:
    query = select(tables.torrents.c.edition_id, tables.torrents.c.infohash, tables.torrents.c.info_sha256)
    return [tuple(row) for row in conn.execute(query.order_by(tables.torrents.c.edition_id))]  # type: ignore[misc]


def workshop(house: House) -> Workshop:
    return Workshop(house, {TORRENT: RECIPES[TORRENT]})


async def state(house: House, slug: str) -> tuple[MakingState, int, str]:
    def look(conn: Connection) -> tuple[MakingState, int, str]:
        (row,) = (row for row in rows.of_edition(conn, edition_of(conn, slug)) if row.recipe == TORRENT)
        return row.state, row.done, row.error

    return await house.db.read(look)


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


async def test_it_is_queued_with_the_edition_and_made_of_its_files(house: House, tmp_path: Path) -> None:
    place = write(tmp_path / "River", one="first\n" * 20_000, two="second\n")
    await published(house, place)
    assert await state(house, "river") == (MakingState.WAITING, 0, "")
    version = house.now.version
    assert await workshop(house).make_due(Lane.READING) == 1
    assert await state(house, "river") == (MakingState.MADE, 1000, "")
    assert house.now.version > version, "pages follow"
    ((_, _, sha256),) = await house.db.read(torrents_of)
    whole = (place / "one.txt").read_bytes() + (place / "two.txt").read_bytes()
    assert libtorrent.bdecode(path_of(house, sha256).read_bytes()) == {
        b"name": b"river",
        b"piece length": 65_536,
        b"pieces": b"".join(hashlib.sha1(whole[start : start + 65_536]).digest() for start in (0, 65_536)),
        b"files": [{b"length": 120_000, b"path": [b"one.txt"]}, {b"length": 7, b"path": [b"two.txt"]}],
    }
    assert await workshop(house).make_due(Lane.READING) == 0


async def test_a_new_edition_has_another_and_new_words_have_none(house: House, tmp_path: Path) -> None:
    place = write(tmp_path / "River", one="first\n", two="second\n")
    await published(house, place)
    await workshop(house).make_due(Lane.READING)
    await published(house, place, title="The River")
    assert await workshop(house).make_due(Lane.READING) == 0
    write(place, two="another\n")
    await published(house, place)
    assert await workshop(house).make_due(Lane.READING) == 1
    found = await house.db.read(torrents_of)
    assert len({infohash for _, infohash, _ in found}) == len(found) == 2


async def test_two_editions_of_the_same_files_share_one(house: House, tmp_path: Path) -> None:
    for title in ("One", "Two"):
        await published(house, write(tmp_path / title, one="first\n") / "one.txt", title=title)
    assert await workshop(house).make_due(Lane.READING) == 2
    first, second = await house.db.read(torrents_of)
    assert first[1:] == second[1:]


async def test_made_twice_it_is_there_once(house: House, tmp_path: Path) -> None:
    """As after a crash between what was kept and what was written down."""
    await published(house, write(tmp_path / "River", one="first\n"))
    edition_id = await house.db.read(lambda conn: edition_of(conn, "river"))
    first, second = await make_torrent(house, edition_id), await make_torrent(house, edition_id)
    assert first.blobs == second.blobs
    assert await house.db.read(torrents_of) == []
    await workshop(house).make_due(Lane.READING)
    before = await house.db.read(torrents_of)
    await house.db.write(lambda conn: second.then(conn))
    assert await house.db.read(torrents_of) == before


async def test_a_missing_file_makes_none_and_it_is_tried_again(house: House, tmp_path: Path) -> None:
    outcome = await published(house, write(tmp_path / "River", one="first\n", two="second\n"))
    (kept,) = [path_of(house, file.sha256) for file in outcome.files if file.name == "two.txt"]
    aside = kept.rename(tmp_path / "aside")
    edition_id = await house.db.read(lambda conn: edition_of(conn, "river"))
    with pytest.raises(Unavailable) as missing:
        await make_torrent(house, edition_id)
    assert missing.value.code is Code.BLOB_MISSING
    await workshop(house).make_due(Lane.READING)
    assert (await state(house, "river"))[0] is MakingState.WAITING
    assert await house.db.read(torrents_of) == []
    aside.rename(kept)
    await make_torrent(house, edition_id)


async def test_how_far_it_is_is_told_in_thousandths(house: House, tmp_path: Path) -> None:
    await published(house, write(tmp_path / "River", one="x" * 3_000_000, two="y" * 1_000_000))
    edition_id = await house.db.read(lambda conn: edition_of(conn, "river"))
    told: list[int] = []
    await make_torrent(house, edition_id, told.append)
    assert told == sorted(told)
    assert (told[-1], len(told)) == (1000, 4)
