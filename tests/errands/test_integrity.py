"""Every file is read again once in a while; what is not whole is not sent, is said, and can be mended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from sqlalchemy import func, select, update

from headwaters.actions import storage as verbs
from headwaters.actions.shop import change_settings
from headwaters.actions.works import Change
from headwaters.adapters.storage.local import LocalStorage
from headwaters.adapters.storage.places import StoragePlaces
from headwaters.core.clock import to_micros
from headwaters.core.errors import Code, Unavailable
from headwaters.core.shop_marks import Mark
from headwaters.core.works.faults import Fault
from headwaters.core.works.makings import Lane
from headwaters.core.works.manifest import Given
from headwaters.errands import integrity
from headwaters.errands.download import Desk
from headwaters.errands.healing import Healing
from headwaters.errands.house import House, refresh
from headwaters.errands.integrity import Wanted, look, look_at_night
from headwaters.errands.mail import mail_handlers
from headwaters.errands.publish import Outcome, publish
from headwaters.errands.workshop import Workshop
from headwaters.ports import Blob, Keep
from headwaters.store import blobs as rows
from headwaters.store.shop import read_mark, swap_mark
from headwaters.store.tables import blobs, files, outbox
from tests.support.house import Clock
from tests.support.makings import made, published
from tests.support.shelf import Item, grant, stock

FILM, SONG = bytes(range(256)) * 3000, b"a tune" * 1000
FILM_IS, SONG_IS = (sha256(data).hexdigest() for data in (FILM, SONG))


async def fill(house: House) -> tuple[int, list[Item]]:
    items = [Item("film.mp4", FILM, "video/mp4"), Item("song.mp3", SONG, "audio/mpeg")]
    return await stock(house, "a-work", items), items


def path_of(house: House, digest: str) -> Path:
    return house.config.files_dir / digest[:2] / digest[2:4] / digest


def spoil(house: House, digest: str) -> None:
    """One byte of it flips, as disks do."""
    path = path_of(house, digest)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(b"\xff")


async def row(house: House, digest: str) -> tuple[str, int | None]:
    query = select(blobs.c.fault, blobs.c.checked_at).where(blobs.c.sha256 == digest)
    fault, at = await house.db.read(lambda conn: conn.execute(query).one())
    return fault, at


async def queued(house: House, kind: str = "mail.notice.files") -> int:
    query = select(func.count()).select_from(outbox).where(outbox.c.kind == kind)
    return int(await house.db.read(lambda conn: conn.execute(query).scalar_one()))


def everything(house: House) -> Wanted:
    return Wanted(house.clock())


async def test_what_is_whole_is_noted_with_the_time(house: House, clock: Clock) -> None:
    await fill(house)
    told: list[integrity.LookProgress] = []
    looked = await look(house, Wanted(house.clock(), report=told.append))
    assert (looked.count, looked.size, looked.faults, looked.healed) == (2, len(FILM) + len(SONG), {}, 0)
    assert await row(house, FILM_IS) == ("", to_micros(clock()))
    assert (told[-1].of, told[-1].done) == (2, len(FILM) + len(SONG))
    assert (await look(house, Wanted(house.clock()))).count == 0, "it was read just now"


@pytest.mark.parametrize(("harm", "fault"), [("spoil", Fault.CHANGED), ("lose", Fault.MISSING)])
async def test_what_is_not_whole_is_said_and_not_sent(house: House, clock: Clock, harm: str, fault: Fault) -> None:
    work, items = await fill(house)
    key, desk = await grant(house, work), Desk(house)
    await desk.file(key, items[0].ref)
    spoil(house, FILM_IS) if harm == "spoil" else path_of(house, FILM_IS).unlink()
    assert (await look(house, everything(house))).faults == {FILM_IS: fault}
    assert (await row(house, FILM_IS))[0] == fault
    with pytest.raises(Unavailable) as refused:
        await desk.file(key, items[0].ref)
    assert refused.value.code is (Code.BLOB_CHANGED if harm == "spoil" else Code.BLOB_MISSING)
    with pytest.raises(Unavailable):
        await desk.everything(key)
    await desk.file(key, items[1].ref)
    (found,) = await house.db.read(rows.faults)
    assert (found.slug, found.name, found.edition, found.fault) == ("a-work", "film.mp4", 1, fault)


async def test_the_creator_is_told_once_by_mail(house: House, clock: Clock) -> None:
    await house.db.write(lambda conn: change_settings(conn, {"notify_email": "alice@example.org"}))
    await fill(house)
    spoil(house, FILM_IS)
    spoil(house, SONG_IS)
    await look(house, everything(house))
    assert await queued(house) == 1
    clock.move(days=2)
    await look(house, everything(house))
    assert await queued(house) == 1, "it is nothing new"


async def test_what_a_reader_finds_changed_is_told_at_once(house: House) -> None:
    """Not in a month, when its turn to be read comes."""
    await house.db.write(lambda conn: change_settings(conn, {"notify_email": "alice@example.org"}))
    work, items = await fill(house)
    key, desk = await grant(house, work), Desk(house)
    await desk.file(key, items[0].ref)
    spoil(house, FILM_IS)
    for _ in range(2):
        with pytest.raises(Unavailable) as refused:
            await desk.file(key, items[0].ref)
        assert refused.value.code is Code.BLOB_CHANGED
    assert await row(house, FILM_IS) == (Fault.CHANGED, to_micros(house.clock()))
    assert await row(house, SONG_IS) == ("", None)
    assert await queued(house) == 1


async def test_without_an_address_nobody_is_written_to(house: House) -> None:
    await fill(house)
    spoil(house, FILM_IS)
    await look(house, everything(house))
    assert await queued(house) == 0


async def test_put_back_from_a_backup_it_is_sent_again(house: House, clock: Clock) -> None:
    work, items = await fill(house)
    key, desk = await grant(house, work), Desk(house)
    spoil(house, FILM_IS)
    await look(house, everything(house))
    path_of(house, FILM_IS).write_bytes(FILM)
    clock.move(seconds=1)
    looked = await look(house, everything(house))
    assert (looked.faults, looked.healed) == ({}, 1)
    assert (await desk.file(key, items[0].ref)).sha256 == FILM_IS


async def test_what_is_put_back_is_sent_at_once(house: House, clock: Clock) -> None:
    """However short a time ago a reader found it changed: that was another file."""
    work, items = await fill(house)
    key, desk = await grant(house, work), Desk(house)
    await desk.file(key, items[0].ref)
    spoil(house, FILM_IS)
    with pytest.raises(Unavailable):
        await desk.file(key, items[0].ref)
    assert await row(house, FILM_IS) == (Fault.CHANGED, to_micros(clock()))
    path = path_of(house, FILM_IS)
    path.unlink()
    path.write_bytes(FILM)
    clock.move(seconds=1)
    looked = await look(house, everything(house))
    assert (looked.faults, looked.healed) == ({}, 1)
    healed = await row(house, FILM_IS)
    assert (await desk.file(key, items[0].ref)).sha256 == FILM_IS
    assert await row(house, FILM_IS) == healed == ("", to_micros(clock()))


async def test_publishing_the_same_file_again_mends_it(house: House, clock: Clock, tmp_path: Path) -> None:
    """As a new edition, or as the same: its bytes are those of every edition that has it."""
    folder = tmp_path / "The Notes"
    folder.mkdir()
    (folder / "notes.txt").write_bytes(b"the very same words\n" * 500)
    options = {"rights": Given("own", "--i-made-this")}
    (outcome,) = await publish(house, [folder], options)
    assert isinstance(outcome, Outcome)
    query = select(files.c.ref, files.c.sha256).where(files.c.name == "notes.txt")
    ref, digest = await house.db.read(lambda conn: conn.execute(query).one())
    key, desk = await grant(house, outcome.published.work_id), Desk(house)
    await refresh(house)
    await desk.file(key, ref)
    spoil(house, digest)
    clock.move(seconds=1)
    with pytest.raises(Unavailable):
        await desk.file(key, ref)
    assert (await row(house, digest))[0] == Fault.CHANGED
    clock.move(seconds=1)
    assert (await look(house, everything(house))).faults == {digest: Fault.CHANGED}
    (again,) = await publish(house, [folder], options)
    assert isinstance(again, Outcome)
    assert (again.published.change, again.published.mended) == (Change.NOTHING, 1)
    await refresh(house)
    assert (await row(house, digest))[0] == ""
    download = await desk.file(key, ref)
    assert download.sha256 == digest
    clock.move(seconds=1)
    assert (await look(house, everything(house))).faults == {}


async def test_only_one_work_is_looked_at_where_one_is_named(house: House) -> None:
    await fill(house)
    other = Item("other.txt", b"another work")
    await stock(house, "another", [other])
    looked = await look(house, Wanted(house.clock(), work="another"))
    assert looked.count == 1
    assert (await row(house, FILM_IS))[1] is None


async def test_the_longest_ago_comes_first_and_a_restart_goes_on(house: House, clock: Clock) -> None:
    await fill(house)
    for days, digest in ((3, SONG_IS), (5, FILM_IS)):
        at = to_micros(clock() - timedelta(days=days))
        await house.db.write(
            lambda conn, at=at, digest=digest: conn.execute(
                update(blobs).values(checked_at=at).where(blobs.c.sha256 == digest)
            )
        )
    answers = iter([True, False])
    assert (await look(house, Wanted(house.clock(), go_on=lambda: next(answers)))).count == 1
    assert (await row(house, FILM_IS))[1] == to_micros(clock())
    assert (await row(house, SONG_IS))[1] != to_micros(clock())
    assert (await look(house, everything(house))).count == 1


async def test_what_is_kept_anew_while_it_is_read_is_no_fault(house: House, clock: Clock) -> None:
    await fill(house)
    seen = await house.db.read(lambda conn: rows.read_blob(conn, FILM_IS))
    assert seen is not None
    moved = update(blobs).values(place="s3").where(blobs.c.sha256 == FILM_IS)
    await house.db.write(lambda conn: conn.execute(moved))
    assert not await house.db.write(lambda conn: verbs.note_look(conn, seen, Fault.CHANGED, clock()))
    assert (await row(house, FILM_IS))[0] == ""


async def test_a_storage_that_does_not_answer_says_nothing_of_the_bytes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(house)

    def down(*_arguments: object) -> None:
        raise Unavailable(Code.STORAGE_DOWN, "no answer")

    monkeypatch.setattr(house.storage.at("local"), "verify", down)
    with pytest.raises(Unavailable):
        await look(house, everything(house))
    assert await row(house, FILM_IS) == ("", None)


# ── at night ─────────────────────────────────────────────────────────────────────────────────────

Night = Callable[[int], Awaitable[int | None]]


@pytest.fixture
def night(house: House, clock: Clock) -> Night:
    async def at(hour: int) -> int | None:
        clock.now = datetime(2027, 1, 10, hour, 30, tzinfo=UTC)
        looked = await look_at_night(house)
        return None if looked is None else looked.count

    return at


async def test_by_night_everything_is_read_once_a_month(house: House, night: Night) -> None:
    await fill(house)
    assert await night(12) is None
    assert await night(3) == 2
    assert await night(4) == 0


@pytest.mark.parametrize(("setting", "days", "count"), [("week", 8, 2), ("month", 8, 0), ("never", 8, None)])
async def test_as_often_as_is_set(house: House, night: Night, setting: str, days: int, count: int | None) -> None:
    await fill(house)
    await house.db.write(lambda conn: change_settings(conn, {"check_files": setting}))
    await refresh(house)
    at = to_micros(datetime(2027, 1, 10 - days, tzinfo=UTC))
    await house.db.write(lambda conn: conn.execute(update(blobs).values(checked_at=at)))
    assert await night(3) == count


async def test_it_is_slow_on_purpose(house: House, night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits so long that no more than its pace is read."""
    await fill(house)
    waited: list[float] = []

    class Stop:
        def wait(self, seconds: float) -> bool:
            waited.append(seconds)
            return False

        def is_set(self) -> bool:
            return False

        def set(self) -> None: ...

    monkeypatch.setattr(integrity, "threading", SimpleNamespace(Event=Stop))  # other threads have their own
    monkeypatch.setattr(integrity, "PACE", 1000)
    await night(3)
    assert max(waited) > 0.99 * len(FILM) / 1000 - 5


async def watch_of(house: House) -> str:
    return await house.db.read(lambda conn: read_mark(conn, Mark.LOOKING))


async def test_of_two_at_once_one_has_the_watch(
    house: House, night: Night, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(house)
    read: list[str] = []
    storage = house.storage.at("local")
    verify = storage.verify

    def counted(blob: Blob, progress: Callable[[int], None]) -> str:
        read.append(blob.sha256)
        return verify(blob, progress)

    monkeypatch.setattr(storage, "verify", counted)
    clock.now = datetime(2027, 1, 10, 3, 30, tzinfo=UTC)
    both = await asyncio.gather(look_at_night(house), look_at_night(house))
    assert sorted(looked is None for looked in both) == [False, True]
    assert sorted(read) == sorted([FILM_IS, SONG_IS])
    assert await watch_of(house) == "", "it is over"


async def test_who_is_killed_loses_the_watch_after_a_while(house: House, night: Night, clock: Clock) -> None:
    await fill(house)
    clock.now = datetime(2027, 1, 10, 3, 0, tzinfo=UTC)
    assert await house.db.write(lambda conn: verbs.take_watch(conn, "killed", clock()))
    clock.move(seconds=240)
    assert await look_at_night(house) is None
    assert (await row(house, FILM_IS))[1] is None
    clock.move(seconds=61)
    looked = await look_at_night(house)
    assert looked is not None
    assert looked.count == 2


async def test_who_lost_the_watch_stops_in_the_middle_of_a_file(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(house)
    monkeypatch.setattr(integrity, "PACE", 1000)
    monkeypatch.setattr(integrity, "BEAT", 0.02)
    clock.now = datetime(2027, 1, 10, 3, 0, tzinfo=UTC)
    looking = asyncio.create_task(look_at_night(house))
    while not await watch_of(house):
        await asyncio.sleep(0.01)
    held = await watch_of(house)
    other = f"{to_micros(clock() + verbs.WATCH)} another"
    assert await house.db.write(lambda conn: swap_mark(conn, Mark.LOOKING, held, other))
    assert await asyncio.wait_for(looking, 30) is None
    assert [(await row(house, digest))[1] for digest in (FILM_IS, SONG_IS)] == [None, None]
    assert await watch_of(house) == other, "what is another's stays theirs"


async def test_the_mail_names_the_files_and_is_let_go_when_all_are_whole(house: House, clock: Clock) -> None:
    from headwaters.errands.mail import _look, _look_at_files, write_mail

    await house.db.write(lambda conn: change_settings(conn, {"notify_email": "alice@example.org"}))
    await refresh(house)
    await fill(house)
    assert await house.db.read(lambda conn: _look(conn, house, _look_at_files, {})) is None
    spoil(house, FILM_IS)
    await look(house, everything(house))
    letter = await house.db.read(lambda conn: _look(conn, house, _look_at_files, {}))
    assert letter is not None
    mail = write_mail(house, letter, "files:1")
    assert mail.subject == "1 file of your shop is damaged"
    assert "“film.mp4” (A Work)" in mail.text
    assert "/studio" in mail.text
    assert "mail.notice.files" in mail_handlers(house)


async def test_a_damaged_format_is_made_anew_with_the_next_edition_and_whole_for_both(
    house: House, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "River"
    folder.mkdir()
    Image.effect_noise((900, 900), 90).convert("RGB").save(folder / "River.tiff")
    await published(house, folder)
    await Workshop(house).make_due(Lane.QUICK)
    digests = {file.sha256 for file in (await made(house, "river")).values()}
    for digest in digests:
        path_of(house, digest).unlink()
    clock.move(seconds=1)
    assert set((await look(house, everything(house))).faults) == digests
    (folder / "Notes.txt").write_text("More.", encoding="utf-8")
    await published(house, folder)
    await Workshop(house).make_due(Lane.QUICK)
    assert await house.db.read(rows.faults) == ()
    clock.move(seconds=1)
    assert (await look(house, everything(house))).faults == {}


# ── missing, and there again ─────────────────────────────────────────────────────────────────────


async def missed(desk: Desk, key: str, item: Item) -> None:
    """A reader wants it, and it is not there."""
    with pytest.raises(Unavailable) as refused:
        await desk.file(key, item.ref)
    assert refused.value.code is Code.BLOB_MISSING


async def test_what_a_reader_misses_twice_with_minutes_between_is_told(house: House, clock: Clock) -> None:
    await house.db.write(lambda conn: change_settings(conn, {"notify_email": "alice@example.org"}))
    work, items = await fill(house)
    key, desk = await grant(house, work), Desk(house)
    path_of(house, FILM_IS).unlink()
    await missed(desk, key, items[0])
    clock.move(minutes=4)
    await missed(desk, key, items[0])
    assert await desk.suspects.look_again() == 0
    assert await row(house, FILM_IS) == ("", None)
    version = house.now.version
    clock.move(minutes=1)
    assert await desk.suspects.look_again() == 1
    assert await row(house, FILM_IS) == (Fault.MISSING, to_micros(clock()))
    assert await row(house, SONG_IS) == ("", None)
    assert (await queued(house), house.now.version) == (1, version + 1)
    await missed(desk, key, items[0])
    clock.move(minutes=6)
    assert await desk.suspects.look_again() == 0, "it is known already"
    assert await queued(house) == 1


async def test_what_came_back_meanwhile_is_no_fault(house: House, clock: Clock) -> None:
    work, items = await fill(house)
    key, desk = await grant(house, work), Desk(house)
    path = path_of(house, FILM_IS)
    aside = path.rename(path.with_suffix(".aside"))
    await missed(desk, key, items[0])
    aside.rename(path)
    clock.move(minutes=5)
    assert await desk.suspects.look_again() == 0
    assert await row(house, FILM_IS) == ("", None)
    await desk.file(key, items[0].ref)


async def test_a_disk_that_is_not_mounted_marks_nothing(
    house: House, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither what readers missed, nor what a look comes to."""
    work, items = await fill(house)
    key, desk = await grant(house, work), Desk(house)
    disk = house.config.files_dir
    away = disk.rename(disk.with_name("away"))
    disk.mkdir()
    await missed(desk, key, items[0])
    clock.move(minutes=5)
    assert await desk.suspects.look_again() == 0
    assert "is its disk mounted?" in caplog.text
    with pytest.raises(Unavailable) as nothing:
        await look(house, everything(house))
    assert nothing.value.code is Code.STORAGE_DOWN
    assert [await row(house, digest) for digest in (FILM_IS, SONG_IS)] == [("", None), ("", None)]
    disk.rmdir()
    away.rename(disk)
    await desk.file(key, items[0].ref)
    assert (await look(house, everything(house))).faults == {}


async def many(house: House, count: int) -> list[str]:
    """As many small files; their SHA-256, sorted."""
    items = [Item(f"{n}.txt", f"page {n}".encode(), "text/plain") for n in range(count)]
    await stock(house, "many", items)
    return sorted(sha256(item.content).hexdigest() for item in items)


@pytest.mark.parametrize("start", ["0" * 64, "7f" * 32, "f" * 64])
async def test_of_many_that_are_lost_the_last_one_says_that_the_disk_is_there(
    house: House, clock: Clock, start: str
) -> None:
    """What an interrupted copy left: its first folders are missing, whichever are looked at."""
    digests = await many(house, 60)
    for digest in digests[:-1]:
        path_of(house, digest).unlink()
    assert await integrity.is_there(house, "local", digests[0], start)
    path_of(house, digests[-1]).unlink()
    assert not await integrity.is_there(house, "local", digests[0], start)


async def test_a_half_restored_shop_is_noted_to_the_last_file(house: House, clock: Clock) -> None:
    digests = await many(house, 60)
    for digest in digests[:40]:
        path_of(house, digest).unlink()
    looked = await look(house, everything(house))
    assert (looked.count, looked.faults) == (60, dict.fromkeys(digests[:40], Fault.MISSING))


async def in_another_place(house: House, digest: str) -> LocalStorage:
    """One of the files is there from now on, and was there all the time."""
    there = LocalStorage(house.config.files_dir.with_name("elsewhere"))
    there.keep(path_of(house, digest), Keep.COPY, lambda done: None)
    house.storage = StoragePlaces({"local": house.storage.at("local"), "s3": there}, "local")
    moved = update(blobs).values(place="s3").where(blobs.c.sha256 == digest)
    await house.db.write(lambda conn: conn.execute(moved))
    return there


async def test_a_place_that_is_away_keeps_those_of_the_others_from_nothing(house: House, clock: Clock) -> None:
    await fill(house)
    later = Item("book.pdf", b"a book", "application/pdf")
    await stock(house, "a-book", [later])
    book = sha256(later.content).hexdigest()
    await in_another_place(house, book)
    at = to_micros(clock() - timedelta(days=1))
    youngest = update(blobs).values(checked_at=at).where(blobs.c.sha256 == book)
    await house.db.write(lambda conn: conn.execute(youngest))
    await house.db.write(lambda conn: conn.execute(update(blobs).values(created_at=at - 1)))
    for digest in (FILM_IS, SONG_IS):
        path_of(house, digest).unlink()
    for _ in range(2):
        clock.move(days=1)
        with pytest.raises(Unavailable, match="Nothing in the storage “local” can be opened") as away:
            await look(house, everything(house))
        assert away.value.code is Code.STORAGE_DOWN
        assert await row(house, book) == ("", to_micros(clock()))
        assert [await row(house, digest) for digest in (FILM_IS, SONG_IS)] == [("", None), ("", None)]


async def test_files_that_are_closed_to_us_keep_the_others_from_nothing(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is said, and nothing is noted of them: their bytes may be as they were."""
    digests = await many(house, 12)
    storage, opened, away = house.storage.at("local"), list[str](), {*digests[:7], digests[9]}
    verify = storage.verify

    def closed(blob: Blob, progress: Callable[[int], None]) -> str:
        opened.append(blob.sha256)
        if blob.sha256 in away:
            raise Unavailable(Code.STORAGE_DOWN, "Permission denied")
        return verify(blob, progress)

    monkeypatch.setattr(storage, "verify", closed)
    with pytest.raises(Unavailable, match="Permission denied"):
        await look(house, everything(house))
    assert opened == digests
    noted = [digest for digest in digests if await row(house, digest) == ("", to_micros(clock()))]
    assert noted == [digest for digest in digests if digest not in away]


async def test_a_storage_that_gives_nothing_is_not_asked_for_everything(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests, asked = await many(house, 12), list[str]()

    def down(blob: Blob, *progress: Callable[[int], None]) -> str:
        asked.extend([blob.sha256] if progress else [])
        raise Unavailable(Code.STORAGE_DOWN, "no answer")

    monkeypatch.setattr(house.storage.at("local"), "verify", down)
    monkeypatch.setattr(house.storage.at("local"), "open", down)
    with pytest.raises(Unavailable, match="no answer"):
        await look(house, everything(house))
    assert asked == digests[: integrity.PATIENCE]


async def test_of_two_processes_that_miss_a_file_one_tells(house: House, clock: Clock) -> None:
    await house.db.write(lambda conn: change_settings(conn, {"notify_email": "alice@example.org"}))
    work, items = await fill(house)
    key, desks = await grant(house, work), [Desk(house), Desk(house)]
    path_of(house, FILM_IS).unlink()
    for desk in desks:
        await missed(desk, key, items[0])
    clock.move(minutes=5)
    await asyncio.gather(*(desk.suspects.look_again() for desk in desks))
    assert await row(house, FILM_IS) == (Fault.MISSING, to_micros(clock()))
    assert await queued(house) == 1


@pytest.mark.parametrize("harm", ["spoil", "lose"])
async def test_what_is_put_back_heals_by_itself(
    house: House, clock: Clock, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, items = await fill(house)
    key, desk, healing = await grant(house, work), Desk(house), Healing(house)
    path = path_of(house, FILM_IS)
    spoil(house, FILM_IS) if harm == "spoil" else path.unlink()
    await look(house, everything(house))
    reads: list[object] = []
    verify = house.storage.verify
    monkeypatch.setattr(house.storage, "verify", lambda *given: (reads.append(given), verify(*given))[1])
    assert [await healing.look() for _ in range(3)] == [0, 0, 0]
    assert len(reads) == (1 if harm == "spoil" else 0), "it is read again where it looks otherwise, and not before"
    with pytest.raises(Unavailable):
        await desk.file(key, items[0].ref)
    path.unlink(missing_ok=True)
    path.write_bytes(FILM)
    assert await healing.look() == 1
    assert await row(house, FILM_IS) == ("", to_micros(clock()))
    assert (await desk.file(key, items[0].ref)).sha256 == FILM_IS
    assert await healing.look() == 0


def reading(house: House, monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> list[str]:
    """What is read from now on; the first times it ends with these."""
    reads, verify, left = list[str](), house.storage.verify, list(errors)

    def read(blob: Blob, progress: Callable[[int], None]) -> str:
        reads.append(blob.sha256)
        if left:
            raise left.pop(0)
        return verify(blob, progress)

    monkeypatch.setattr(house.storage, "verify", read)
    return reads


async def test_what_could_not_be_read_as_its_storage_went_away_is_read_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(house)
    aside = path_of(house, FILM_IS).rename(house.config.files_dir / "aside")
    await look(house, everything(house))
    aside.rename(path_of(house, FILM_IS))
    reads, healing = reading(house, monkeypatch, Unavailable(Code.STORAGE_DOWN, "no answer")), Healing(house)
    assert [await healing.look() for _ in range(3)] == [0, 1, 0]
    assert reads == [FILM_IS, FILM_IS]
    assert (await row(house, FILM_IS))[0] == ""


async def test_what_a_disk_shows_and_cannot_read_is_tried_once_a_day(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(house)
    aside = path_of(house, FILM_IS).rename(house.config.files_dir / "aside")
    await look(house, everything(house))
    aside.rename(path_of(house, FILM_IS))
    bad = [Unavailable(Code.BLOB_MISSING, "a bad sector") for _ in range(2)]
    reads, healing = reading(house, monkeypatch, *bad), Healing(house)
    assert [await healing.look() for _ in range(3)] == [0, 0, 0]
    assert reads == [FILM_IS]
    clock.move(hours=24)
    assert [await healing.look() for _ in range(3)] == [0, 0, 0]
    assert reads == [FILM_IS] * 2
    clock.move(hours=24)
    assert await healing.look() == 1


async def test_what_no_look_tells_of_is_read_once_a_day(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(house)
    spoil(house, FILM_IS)
    await look(house, everything(house))
    monkeypatch.setattr(house.storage, "glance", lambda blob: "")
    reads, healing = reading(house, monkeypatch), Healing(house)
    for hours in (0, 1, 22, 1, 24):
        clock.move(hours=hours)
        assert await healing.look() == 0
    assert reads == [FILM_IS] * 3


async def test_a_zip_says_which_file_it_would_lack(house: House) -> None:
    work, _ = await fill(house)
    key, desk = await grant(house, work), Desk(house)
    path_of(house, SONG_IS).unlink()
    with pytest.raises(Unavailable, match=r"“song[.]mp3” is not whole here") as refused:
        await desk.everything(key)
    assert refused.value.code is Code.BLOB_MISSING
