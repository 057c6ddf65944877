"""A shop's files go from one place to the other while it is open, and nothing is ever lost on the way."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from headwaters.actions import storage as verbs
from headwaters.adapters.storage.local import LocalStorage
from headwaters.adapters.storage.places import StoragePlaces
from headwaters.adapters.storage.s3 import S3Storage
from headwaters.adapters.storage.s3_client import S3Client
from headwaters.core.clock import to_micros
from headwaters.core.errors import Code, Refused, Unavailable
from headwaters.core.shop_marks import Mark
from headwaters.errands import claims, storage
from headwaters.errands.blobs import blob_of, row_of
from headwaters.errands.download import Desk
from headwaters.errands.house import House
from headwaters.ports import Blob, Keep
from headwaters.store import blobs as rows
from headwaters.store.place import Place, sqlite_place
from headwaters.store.shop import catalogue_version, read_mark
from headwaters.store.tables import blobs, catalogue
from headwaters.store.works import keep_blobs
from tests.support.house import Clock
from tests.support.s3 import Account, Line, Swift
from tests.support.shelf import Item, grant, stock

FILM, SONG, BOOK = bytes(range(256)) * 3000, b"a tune" * 1000, b"a book"
ALL = {sha256(data).hexdigest(): data for data in (FILM, SONG, BOOK)}
DAY = timedelta(days=1)


def quiet(done: int) -> None:
    """A progress that nobody looks at."""


@pytest.fixture
def two(house: House, clock: Clock, tmp_path: Path) -> House:
    """A house with two places: a folder, and another folder that is called s3."""
    clock.now = datetime.now(UTC)
    places = {name: LocalStorage(tmp_path / name) for name in ("local", "s3")}
    house.storage = StoragePlaces(places, "local")
    return house


async def fill(house: House) -> tuple[int, list[Item]]:
    """A work with a film, a song and a book."""
    items = [Item("film.mp4", FILM, "video/mp4"), Item("song.mp3", SONG, "audio/mpeg"), Item("book.pdf", BOOK)]
    return await stock(house, "a-work", items), items


async def places(house: House) -> dict[str, str]:
    found = await house.db.read(lambda conn: conn.execute(select(blobs.c.sha256, blobs.c.place)).all())
    return {row.sha256: row.place for row in found}


async def dates(house: House) -> dict[str, int | None]:
    found = await house.db.read(lambda conn: conn.execute(select(blobs.c.sha256, blobs.c.mtime_ns)).all())
    return {row.sha256: row.mtime_ns for row in found}


def dates_at(house: House, place: str) -> dict[str, int]:
    """As the files say."""
    kept = {}
    for digest in ALL:
        with house.storage.at(place).open(Blob(digest, 0, len(ALL[digest]))) as source:
            assert source.descriptor is not None
            kept[digest] = os.fstat(source.descriptor).st_mtime_ns
    return kept


async def version(house: House) -> int:
    return int(await house.db.read(lambda conn: conn.execute(select(catalogue.c.version)).scalar_one()))


async def whole(house: House) -> None:
    """Everything is where its row says."""
    for digest, data in ALL.items():
        row = await house.db.read(lambda conn, digest=digest: rows.read_blob(conn, digest))
        assert row is not None
        with house.storage.open(blob_of(row)) as source:
            assert await source.read(0, 1 << 30) == data


def held(house: House, place: str) -> set[str]:
    return {holding.sha256 for holding in house.storage.at(place).holdings()}


# ── move ─────────────────────────────────────────────────────────────────────────────────────────


async def test_all_files_move_and_come_back(two: House) -> None:
    await fill(two)
    before = await version(two)
    told: list[storage.MoveProgress] = []
    moved = await storage.move(two, "s3", told.append)
    assert (moved.count, moved.size, moved.failed) == (3, len(FILM) + len(SONG) + len(BOOK), ())
    assert set((await places(two)).values()) == {"s3"}
    assert await dates(two) == dates_at(two, "s3")
    assert (told[-1].of, told[-1].total) == (3, moved.size)
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert await version(two) > before
    await whole(two)
    assert await storage.move(two, "s3") == storage.Moved("s3", 0, 0, ())
    assert (await storage.move(two, "local")).count == 3
    assert set((await places(two)).values()) == {"local"}
    assert await dates(two) == dates_at(two, "local")
    await whole(two)


async def test_a_download_goes_on_where_it_is_and_the_next_is_from_the_new_place(two: House) -> None:
    work, items = await fill(two)
    key, desk = await grant(two, work), Desk(two)
    download = await desk.file(key, items[0].ref)
    assert isinstance(download.body, Blob)
    with desk.open(download.body) as source:
        assert await source.read(0, 1000) == FILM[:1000]
        await storage.move(two, "s3")
        assert await source.read(1000, 1 << 30) == FILM[1000:]
    again = await desk.file(key, items[0].ref)
    assert isinstance(again.body, Blob)
    assert again.body.place == "s3"
    assert again.representation == download.representation, "who goes on with it has the same tag"


async def test_what_has_rotted_stays_and_is_named(two: House, tmp_path: Path) -> None:
    await fill(two)
    digest = sha256(SONG).hexdigest()
    path = tmp_path / "local" / digest[:2] / digest[2:4] / digest
    path.chmod(0o600)
    path.write_bytes(b"!" + SONG[1:])
    moved = await storage.move(two, "s3")
    assert moved.count == 2
    assert [(name, error.code) for name, error in moved.failed] == [(digest, Code.FILE_CHANGED)]
    assert await places(two) == {name: "local" if name == digest else "s3" for name in ALL}
    assert digest not in held(two, "s3")


async def test_what_arrives_otherwise_than_it_went_is_not_used(two: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(two)
    there = two.storage.at("s3")
    keep = there.keep

    def badly(path: Path, how: Keep, progress: Callable[[int], None], known: str = "") -> Blob:
        blob = keep(path, how, progress, known)
        kept = next(Path(path).parents[3].glob(f"s3/*/*/{blob.sha256}"))
        kept.unlink()
        kept.write_bytes(b"?" * blob.size)
        return blob

    monkeypatch.setattr(there, "keep", badly)
    moved = await storage.move(two, "s3")
    assert moved.count == 0
    assert {error.code for _, error in moved.failed} == {Code.BLOB_CHANGED}
    assert set((await places(two)).values()) == {"local"}
    await whole(two)


async def test_a_move_that_is_cut_off_goes_on(two: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(two)

    def stop(progress: storage.MoveProgress) -> None:
        if progress.count == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await storage.move(two, "s3", stop)
    assert sorted((await places(two)).values()) == ["local", "local", "s3"]
    await whole(two)
    assert (await storage.move(two, "s3")).count == 2
    await whole(two)


async def test_killed_between_the_copy_and_the_update_it_is_done_again(
    two: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(two)

    def die(*_arguments: object) -> bool:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(verbs, "put_in_place", die)
        with pytest.raises(RuntimeError):
            await storage.move(two, "s3")
    assert set((await places(two)).values()) == {"local"}
    assert (await storage.move(two, "s3")).count == 3
    await whole(two)


async def test_two_who_move_at_once_move_everything_once(two: House) -> None:
    await fill(two)
    moved = await asyncio.gather(storage.move(two, "s3"), storage.move(two, "s3"))
    assert sum(each.count for each in moved) == 3
    assert [each.failed for each in moved] == [(), ()]
    await whole(two)


async def test_what_is_dated_anew_meanwhile_moves_all_the_same(two: House) -> None:
    await fill(two)
    row = await two.db.read(lambda conn: rows.read_blob(conn, sha256(FILM).hexdigest()))
    assert row is not None
    assert await two.db.write(lambda conn: verbs.note_date(conn, row, 5))
    there = replace(row, place="s3", mtime_ns=7)
    assert await two.db.write(lambda conn: verbs.put_in_place(conn, row, there, two.clock()))
    assert await two.db.read(lambda conn: rows.read_blob(conn, row.sha256)) == there


async def test_what_is_kept_anew_meanwhile_counts(two: House) -> None:
    """A publishing put other bytes' row there between the copy and the UPDATE: the move gives way."""
    await fill(two)
    row = await two.db.read(lambda conn: rows.read_blob(conn, sha256(FILM).hexdigest()))
    assert row is not None
    elsewhere = replace(row, place="s3", tag="another")
    now = two.clock()
    assert await two.db.write(lambda conn: verbs.put_in_place(conn, row, elsewhere, now))
    assert not await two.db.write(lambda conn: verbs.put_in_place(conn, row, replace(row, place="s3"), now))
    found = await two.db.read(lambda conn: rows.read_blob(conn, row.sha256))
    assert found == elsewhere


async def test_a_place_that_is_not_configured_is_refused(house: House) -> None:
    await fill(house)
    with pytest.raises(Refused) as refused:
        await storage.move(house, "s3")
    assert refused.value.code is Code.CONFIG_BROKEN
    assert set((await places(house)).values()) == {"local"}


async def test_files_of_a_place_that_went_from_the_configuration_are_out_of_reach(two: House, tmp_path: Path) -> None:
    work, items = await fill(two)
    await storage.move(two, "s3")
    two.storage = StoragePlaces({"local": LocalStorage(tmp_path / "local")}, "local")
    with pytest.raises(Unavailable) as unavailable:
        await Desk(two).file(await grant(two, work), items[0].ref)
    assert unavailable.value.code is Code.STORAGE_DOWN


# ── what is left behind ──────────────────────────────────────────────────────────────────────────


async def test_old_bytes_stay_for_a_day_and_then_go(two: House, clock: Clock, tmp_path: Path) -> None:
    await fill(two)
    for path in (tmp_path / "local").rglob("*"):
        os.utime(path, (1, 1))  # they were kept long ago
    await storage.move(two, "s3")
    assert await storage.clear_moved(two) == storage.Cleared()
    assert held(two, "local") == set(ALL)
    clock.move(days=1, seconds=1)
    assert await storage.clear_moved(two) == storage.Cleared(left_behind=3, size=sum(map(len, ALL.values())))
    assert (held(two, "local"), held(two, "s3")) == (set(), set(ALL))
    assert await storage.clear_moved(two) == storage.Cleared()
    await whole(two)


async def test_what_moved_back_is_needed_again(two: House, clock: Clock) -> None:
    await fill(two)
    await storage.move(two, "s3")
    await storage.move(two, "local")
    clock.move(days=20)
    assert (await storage.clear_moved(two)).left_behind == 3
    assert (held(two, "local"), held(two, "s3")) == (set(ALL), set())
    await whole(two)


async def test_bytes_that_the_shop_knows_nothing_of_go_only_when_asked_and_when_old(two: House, clock: Clock) -> None:
    await fill(two)
    lost = two.storage.keep_bytes(b"of a publishing that was killed")
    assert await storage.would_clear(two) == storage.Cleared()
    assert await storage.clear_all(two) == storage.Cleared()
    clock.move(days=1, seconds=5)
    assert await storage.clear_moved(two) == storage.Cleared()
    assert await storage.would_clear(two) == storage.Cleared(unknown=1, size=lost.size)
    assert lost.sha256 in held(two, "local")
    assert await storage.clear_all(two) == storage.Cleared(unknown=1, size=lost.size)
    assert held(two, "local") == set(ALL)
    await whole(two)


async def test_whoever_publishes_it_after_all_keeps_it(two: House, clock: Clock, tmp_path: Path) -> None:
    """Bytes of a killed publishing are relied on by the next, in the moment in which they would go."""
    data = b"of a publishing that was killed"
    lost = two.storage.keep_bytes(data)
    path = next((tmp_path / "local").rglob(lost.sha256))
    old = datetime.now(UTC) - 2 * DAY
    os.utime(path, (old.timestamp(), old.timestamp()))
    (tmp_path / "again").write_bytes(data)
    assert two.storage.keep(tmp_path / "again", Keep.MOVE, quiet) == lost
    assert (await storage.clear_all(two)).unknown == 0
    two.storage.verify(lost)


@pytest.mark.parametrize("moment", ["before it is taken aside", "after"])
def test_a_sweep_and_a_keep_at_once_lose_nothing(
    two: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """`remove` looks, takes aside and looks again; a `keep` in any gap between ends with the bytes there."""
    data = b"of a publishing that was killed"
    lost = two.storage.keep_bytes(data)
    path = next((tmp_path / "local").rglob(lost.sha256))
    os.utime(path, (1, 1))
    (tmp_path / "again").write_bytes(data)
    rename, kept = Path.rename, []

    def keep_meanwhile(self: Path, target: Path) -> Any:
        if moment == "after":
            done = rename(self, target)
        kept.append(two.storage.keep(tmp_path / "again", Keep.COPY, quiet))
        return done if moment == "after" else rename(self, target)

    monkeypatch.setattr(Path, "rename", keep_meanwhile)
    two.storage.at("local").remove(lost.sha256, datetime.now(UTC) - DAY)
    assert kept == [lost]
    two.storage.verify(lost)


# ── a real store ─────────────────────────────────────────────────────────────────────────────────


async def test_to_a_real_store_and_back_over_a_bad_line(
    house: House, clock: Clock, bucket: Account, line: Line, tmp_path: Path
) -> None:
    clock.now = datetime.now(UTC)
    store = S3Storage(S3Client(line.through(bucket)), tmp_path / "copies", part=256 << 10)
    house.storage = StoragePlaces({"local": LocalStorage(tmp_path / "local"), "s3": store}, "local")
    await fill(house)
    line.up, line.down = [300_000, 100_000], [5000, 20_000]
    assert (await storage.move(house, "s3")).count == 3
    assert await dates(house) == dict.fromkeys(ALL)
    await whole(house)
    line.down = [5000, 200_000]
    clock.move(days=2)
    assert (await storage.clear_all(house)).left_behind == 3
    assert (held(house, "local"), held(house, "s3")) == (set(), set(ALL))
    await whole(house)
    assert (await storage.move(house, "local")).count == 3
    await whole(house)
    assert list((tmp_path / "copies").iterdir()) == []
    line.dead = True
    await asyncio.to_thread(store.close)
    hasty = S3Storage(S3Client(line.through(bucket), attempts=2), tmp_path / "copies", part=256 << 10)
    house.storage = StoragePlaces({"local": LocalStorage(tmp_path / "local"), "s3": hasty}, "local")
    with pytest.raises(Unavailable) as down:
        await storage.move(house, "s3")
    assert down.value.code is Code.STORAGE_DOWN
    assert set((await places(house)).values()) == {"local"}
    await asyncio.to_thread(hasty.close)


# ── two shops, one bucket ────────────────────────────────────────────────────────────────────────


@pytest_asyncio.fixture
async def stored(house: House, clock: Clock, bucket: Account, tmp_path: Path) -> AsyncIterator[House]:
    """A house whose files were in a bucket, and are in its folder for two days; an upload there was never finished."""
    clock.now = datetime.now(UTC)
    store = S3Storage(S3Client(bucket), tmp_path / "copies")
    house.storage = StoragePlaces({"local": LocalStorage(tmp_path / "local"), "s3": store}, "local")
    await fill(house)
    await storage.move(house, "s3")
    await storage.move(house, "local")
    clock.move(days=2)
    yield house
    await asyncio.to_thread(store.close)


def begin_upload(swift: Swift, bucket: Account) -> None:
    swift.ask(bucket, lambda client: client.create_multipart_upload(Bucket=bucket.bucket, Key="a" * 64))


def unfinished(swift: Swift, bucket: Account) -> int:
    listed = swift.ask(bucket, lambda client: client.list_multipart_uploads(Bucket=bucket.bucket))
    return len(listed.get("Uploads", ()))


async def test_where_another_shops_name_is_nothing_is_removed_until_it_is_claimed(
    stored: House,
    clock: Clock,
    bucket: Account,
    swift: Swift,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await claims.whose(stored, "s3") is claims.Whose.OURS
    begin_upload(swift, bucket)
    mine, before = await stored.db.place(), set(swift.keys(bucket))
    assert before == {*ALL, "headwaters-shop"}

    async def elsewhere() -> Place:
        return Place("a copy of it")

    monkeypatch.setattr(stored.db, "place", elsewhere)  # the copy has all that the first one has
    for clear in (storage.clear_moved, storage.clear_all, storage.would_clear):
        assert (await clear(stored)).not_ours == ("s3",)
    assert await storage.sweep_unfinished(stored, stored.clock()) == 0
    assert (set(swift.keys(bucket)), unfinished(swift, bucket)) == (before, 1)
    assert "claim" in caplog.text
    assert await stored.db.read(lambda conn: read_mark(conn, Mark.NOT_OURS)) == "s3"
    await storage.move(stored, "s3")  # serving and keeping ask nothing of it
    await whole(stored)
    await storage.move(stored, "local")
    clock.move(days=2)
    assert await claims.claim(stored) == ("s3",)
    assert await stored.db.read(lambda conn: read_mark(conn, Mark.NOT_OURS)) == ""
    cleared = await storage.clear_all(stored)
    assert (cleared.left_behind, cleared.unfinished, cleared.not_ours) == (3, 1, ())
    assert swift.keys(bucket) == ["headwaters-shop"]
    monkeypatch.undo()
    assert await stored.db.place() == mine
    assert await claims.whose(stored, "s3") is claims.Whose.ANOTHERS, "the first one lost it"


async def test_what_has_no_name_yet_is_of_who_clears_there_first(stored: House, bucket: Account, swift: Swift) -> None:
    swift.drop(bucket, "headwaters-shop")
    assert await claims.whose(stored, "s3") is claims.Whose.NOBODYS
    begin_upload(swift, bucket)
    before = set(swift.keys(bucket))
    assert await storage.would_clear(stored) == storage.Cleared(left_behind=3, size=sum(map(len, ALL.values())))
    assert await storage.clear_all(stored) == storage.Cleared(), "another may be writing its name just now"
    assert (set(swift.keys(bucket)), unfinished(swift, bucket)) == (before | {"headwaters-shop"}, 1)
    assert await claims.whose(stored, "s3") is claims.Whose.OURS
    cleared = await storage.clear_all(stored)
    assert (cleared.left_behind, cleared.unfinished, cleared.not_ours) == (3, 1, ())


async def test_of_two_who_name_it_at_once_one_alone_clears(
    stored: House, bucket: Account, swift: Swift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both found no name; ours was written first, and then the other's."""
    swift.drop(bucket, "headwaters-shop")
    assert await claims.whose_to_clear(stored, "s3") is claims.Whose.NOBODYS
    shared = stored.storage.shared("s3")
    assert shared is not None
    await asyncio.to_thread(shared.write_name, "another")
    assert (await storage.clear_moved(stored)).not_ours == ("s3",)
    assert set(swift.keys(bucket)) == {*ALL, "headwaters-shop"}


async def test_a_name_that_a_copy_may_have_too_is_written_only_by_who_says_so(
    stored: House, bucket: Account, swift: Swift, monkeypatch: pytest.MonkeyPatch
) -> None:
    swift.drop(bucket, "headwaters-shop")

    async def unsure() -> Place:
        return Place("some database on some machine", is_sure=False)

    monkeypatch.setattr(stored.db, "place", unsure)
    assert (await storage.clear_all(stored)).not_ours == ("s3",)
    assert set(swift.keys(bucket)) == set(ALL)
    await claims.claim(stored)
    assert (await storage.clear_all(stored)).left_behind == 3


async def test_a_folder_of_this_machine_is_always_ours(two: House) -> None:
    assert await claims.claim(two) == ()
    assert await claims.whose(two, "local") is claims.Whose.OURS


async def test_a_database_has_one_name_and_a_copy_of_it_another(house: House, tmp_path: Path) -> None:
    name = await house.db.place()
    assert (len(name.name), name.is_sure, await house.db.place()) == (32, True, name)
    assert await house.db.read(catalogue_version) >= 0
    assert await house.db.place() == name, "using it changes nothing"
    if house.db.url.get_backend_name() == "sqlite":
        folder = Path(str(house.db.url.database)).parent
        copy = Path(shutil.copytree(folder, tmp_path / "copy"))
        assert sqlite_place(copy / Path(str(house.db.url.database)).name) != name


async def test_what_is_kept_anew_elsewhere_stays_a_day_where_it_was(two: House, clock: Clock, tmp_path: Path) -> None:
    await fill(two)
    await storage.move(two, "s3")
    clock.move(days=3)
    assert (await storage.clear_moved(two)).left_behind == 3
    (tmp_path / "film.mp4").write_bytes(FILM)
    again = two.storage.keep(tmp_path / "film.mp4", Keep.COPY, quiet)
    await two.db.write(lambda conn: keep_blobs(conn, [row_of(again)], to_micros(clock.now)))
    assert (await places(two))[again.sha256] == "local"
    assert await storage.clear_moved(two) == storage.Cleared(), "somebody may be reading it there"
    clock.move(days=2)
    assert (await storage.clear_moved(two)).left_behind == 1
    await whole(two)
