"""What becomes of uploads: checked, refused, published by their own bytes, forgotten; and files of this machine."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from headwaters.adapters.storage.local import LocalStorage
from headwaters.core.errors import Code, NotFound, Refused
from headwaters.core.works.uploads import UploadState, announce
from headwaters.errands import incoming, picking, uploads
from headwaters.errands.house import House
from headwaters.errands.intake import Intake, LineCut
from headwaters.errands.uploads import UploadedFile
from headwaters.ports import Keep
from headwaters.store import tables
from headwaters.store import uploads as rows
from tests.support.samples import zipped
from tests.support.uploads import look, make_draft

TEXT = b"a long letter\n" * 1000


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The verbs are tested on both databases."""
    return sqlite_url


class Said:
    """A body that says its chunks, and then ends, or breaks off."""

    def __init__(self, *chunks: bytes, cut: bool = False) -> None:
        self._chunks = list(chunks)
        self._cut = cut

    async def read(self) -> bytes:
        if self._chunks:
            return self._chunks.pop(0)
        if self._cut:
            raise LineCut
        return b""


async def send(house: House, draft: str, name: str, data: bytes, intake: Intake | None = None) -> str:
    """Send a file whole, and check it; its reference."""
    intake = intake or Intake(house)
    row = await uploads.begin(house, draft, announce(name, len(data), 10**12), None)
    await intake.receive(row, 0, Said(data))
    await intake.check_waiting()
    return row.ref


@pytest.mark.parametrize(
    ("name", "data", "state", "words"),
    [
        ("letter.txt", TEXT, UploadState.HERE, ""),
        ("film.mp4", TEXT, UploadState.REFUSED, "“film.mp4” is called MP4, but its content is text."),
        ("cover.png", b"\x89PNG\r\n\x1a\n" + bytes(500), UploadState.REFUSED, "ends too early"),
        ("book.epub", b"PK\x03\x04" + bytes(500), UploadState.REFUSED, "ends too early"),
        (
            "a.zip",
            zipped({"../up.txt": "up"}),
            UploadState.REFUSED,
            "“../up.txt” in it would land outside of its folder.",
        ),
        ("letter", b"\0\1\2\3" * 50, UploadState.REFUSED, "of a kind that this shop does not know"),
    ],
)
async def test_a_file_is_what_it_says_or_is_refused_in_words(
    house: House, name: str, data: bytes, state: UploadState, words: str
) -> None:
    _, draft = await make_draft(house)
    row = await look(house, await send(house, draft, name, data))
    assert row.state is state
    assert words in row.error
    assert bool(row.error) == bool(words)
    assert row.sha256 == (hashlib.sha256(data).hexdigest() if state is UploadState.HERE else "")


async def test_a_refused_file_is_right_under_another_name(house: House) -> None:
    number, draft = await make_draft(house)
    intake = Intake(house)
    ref = await send(house, draft, "film.mp4", TEXT, intake)
    assert await uploads.describe(house, draft, ref, name="film.txt", role="", label="", who=None)
    await intake.check_waiting()
    row = await look(house, ref)
    assert (row.state, row.name) == (UploadState.HERE, "film.txt")
    (file,) = await uploads.files_of(house, number)
    assert (file.path.name, file.path.read_bytes()) == ("film.txt", TEXT)
    assert [path.name for path in file.path.parent.iterdir()] == ["film.txt"]


async def test_a_library_that_stumbles_is_no_reason_to_look_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(_self: object, _path: Path) -> None:
        raise ZeroDivisionError("".join(["sec", "ret"]))

    _, draft = await make_draft(house)
    monkeypatch.setattr(type(house.media), "look", stumble)
    row = await look(house, await send(house, draft, "a.txt", TEXT))
    assert (row.state, "nobody can tell what is in it" in row.error) == (UploadState.REFUSED, True)
    assert "secret" not in caplog.text


async def test_bytes_that_changed_on_the_disk_are_refused(house: House) -> None:
    _, draft = await make_draft(house)
    intake = Intake(house)
    row = await uploads.begin(house, draft, announce("a.txt", len(TEXT), 10**12), None)
    await intake.receive(row, 0, Said(TEXT))
    os.truncate(uploads.place_of(house, row), 5)
    await intake.check_waiting()
    assert "is not what was sent" in (await look(house, row.ref)).error


async def test_a_check_that_was_cut_off_is_made_by_the_next_process(house: House) -> None:
    _, draft = await make_draft(house)
    first = Intake(house)
    first.stop()
    ref = await send(house, draft, "a.txt", TEXT, first)
    assert (await look(house, ref)).state is UploadState.CHECKING
    await Intake(house).check_waiting()
    assert (await look(house, ref)).state is UploadState.HERE


async def test_a_line_that_breaks_costs_nothing(house: House) -> None:
    _, draft = await make_draft(house)
    intake = Intake(house)
    row = await uploads.begin(house, draft, announce("a.txt", len(TEXT), 10**12), None)
    for begin in range(0, len(TEXT), 1000):
        piece = TEXT[begin : begin + 1000]
        with pytest.raises(LineCut):
            await intake.receive(row, begin, Said(piece[:10], piece[10:], cut=True))
        row = await intake.offset(row.ref)
        assert row.done == begin + len(piece)
    await intake.check_waiting()
    assert (await look(house, row.ref)).sha256 == hashlib.sha256(TEXT).hexdigest()


async def test_a_row_that_goes_while_its_bytes_come_takes_them_with_it(house: House) -> None:
    number, draft = await make_draft(house)
    intake = Intake(house)
    row = await uploads.begin(house, draft, announce("a.txt", len(TEXT), 10**12), None)
    await uploads.forget(house, number)
    with pytest.raises((NotFound, Refused)):
        await intake.receive(row, 0, Said(TEXT))
    assert not [*house.config.incoming_dir.iterdir()]


async def test_the_same_file_announced_again_goes_on_where_it_was(house: House) -> None:
    _, draft = await make_draft(house)
    intake, file = Intake(house), announce("a.txt", len(TEXT), 10**12, stamp="17")
    row = await uploads.begin(house, draft, file, None)
    with pytest.raises(LineCut):
        await intake.receive(row, 0, Said(TEXT[:500], cut=True))
    again = await uploads.begin(house, draft, file, None)
    assert (again.ref, again.done) == (row.ref, 500)
    with pytest.raises(Refused) as refused:
        await uploads.begin(house, draft, replace(file, stamp="18"), None)
    assert refused.value.code is Code.NAMES_COLLIDE


async def test_what_was_sent_is_published_by_its_own_bytes_and_forgotten(house: House) -> None:
    number, draft = await make_draft(house)
    await send(house, draft, "b.txt", TEXT)
    ref = await send(house, draft, "a.txt", b"hello")
    await uploads.order(house, draft, ref, -1, None)
    files = await uploads.files_of(house, number)
    assert [(file.name, file.keep, file.origin) for file in files] == [
        ("a.txt", Keep.MOVE, None),
        ("b.txt", Keep.MOVE, None),
    ]
    blobs = [house.storage.keep(file.path, file.keep, lambda done: None, file.sha256) for file in files]
    assert [blob.sha256 for blob in blobs] == [file.sha256 for file in files]
    await uploads.forget(house, number)
    assert not [*house.config.incoming_dir.iterdir()]
    for blob in blobs:
        house.storage.verify(blob)


async def test_every_change_is_in_the_log(house: House) -> None:
    _, draft = await make_draft(house)
    ref = await send(house, draft, "a.txt", TEXT)
    await send(house, draft, "b.txt", TEXT)
    await uploads.order(house, draft, ref, 1, None)
    await uploads.describe(house, draft, ref, name="a.txt", role="", label="x", who=None)
    await uploads.remove(house, draft, ref, None)
    assert not await uploads.remove(house, draft, ref, None)
    log = await house.db.read(lambda conn: list(conn.execute(tables.audit_log.select())))
    assert [line.deed for line in log] == [
        "file.added",
        "file.added",
        "file.changed",
        "file.changed",
        "file.removed",
    ]
    assert {line.subject for line in log} == {f"draft:{draft}"}


async def test_a_file_that_comes_in_one_go_is_kept_only_whole(house: House) -> None:
    number, draft = await make_draft(house)

    async def chunks(cut: bool = False) -> AsyncIterator[bytes]:
        yield TEXT[:300]
        if cut:
            raise ConnectionResetError
        yield TEXT[300:]

    with pytest.raises(ConnectionResetError):
        await uploads.take_in(house, draft, "a.txt", chunks(cut=True), None)
    assert await uploads.files_of(house, number) == ()
    assert not [*house.config.incoming_dir.iterdir()]
    await uploads.take_in(house, draft, "a.txt", chunks(), None)
    await Intake(house).check_waiting()
    (file,) = await uploads.files_of(house, number)
    assert (file.state, file.sha256) == (UploadState.HERE, hashlib.sha256(TEXT).hexdigest())


async def test_uploads_leave_room_for_orders(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    _, draft = await make_draft(house)
    disk = os.statvfs(house.config.shop)
    monkeypatch.setattr(incoming, "SPARE", disk.f_bavail * disk.f_frsize)
    with pytest.raises(Refused) as refused:
        await uploads.begin(house, draft, announce("a.txt", 10**9, 10**12), None)
    assert refused.value.code is Code.DISK_FULL


async def test_uploads_lie_on_the_disk_of_the_files_and_its_sweep_leaves_them_alone(
    house: House, tmp_path: Path
) -> None:
    other = tmp_path / "other disk"
    house.config = replace(house.config, files=str(other))
    house.storage = LocalStorage(other)
    number, draft = await make_draft(house)
    await send(house, draft, "a.txt", TEXT)
    (file,) = await uploads.files_of(house, number)
    assert file.path.is_relative_to(other / "incoming" / "uploads")
    house.storage.sweep(datetime(2100, 1, 1, tzinfo=UTC))
    blob = house.storage.keep(file.path, file.keep, lambda done: None, file.sha256)
    await uploads.forget(house, number)
    house.storage.verify(blob)


# ── files of this machine ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder that the configuration names."""
    folder = tmp_path / "films"
    (folder / "High Water" / "Disc 1").mkdir(parents=True)
    (folder / "High Water" / "Disc 1" / "10.txt").write_bytes(TEXT)
    (folder / "High Water" / "Disc 1" / "9.txt").write_bytes(TEXT)
    (folder / "High Water" / "work.toml").write_text("title = 'High Water'\n")
    (folder / "High Water" / ".hidden").write_text("x")
    (folder / "letter.txt").write_bytes(TEXT)
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "out").symlink_to(tmp_path)
    return folder


@pytest.fixture
def open_house(house: House, films: Path) -> House:
    house.config = replace(house.config, uploads_from=(str(films), str(films / "nowhere")))
    return house


async def test_nothing_may_be_picked_where_no_folder_is_named(house: House, films: Path) -> None:
    number, _ = await make_draft(house)
    with pytest.raises(NotFound):
        await uploads.pick(house, number, films / "letter.txt")
    assert (await picking.browse(house, "")).entries == ()


async def test_a_folder_of_this_machine_is_looked_into(open_house: House, films: Path) -> None:
    tops = await picking.browse(open_house, "")
    assert [entry.path for entry in tops.entries] == [str(films)]
    found = await picking.browse(open_house, str(films))
    assert [(entry.name, entry.size) for entry in found.entries] == [("High Water", None), ("letter.txt", len(TEXT))]
    assert found.above == ""
    inner = await picking.browse(open_house, str(films / "High Water" / "Disc 1"))
    assert [entry.name for entry in inner.entries] == ["9.txt", "10.txt"]
    assert inner.above == str(films / "High Water")


async def test_a_folder_is_picked_with_all_that_is_meant(open_house: House, films: Path) -> None:
    number, _ = await make_draft(open_house)
    refs = await uploads.pick(open_house, number, films / "High Water")
    await Intake(open_house).check_waiting()
    files = await uploads.files_of(open_house, number)
    assert [(file.ref, file.name, file.state, file.keep) for file in files] == [
        (refs[0], "Disc 1/9.txt", UploadState.HERE, Keep.COPY),
        (refs[1], "Disc 1/10.txt", UploadState.HERE, Keep.COPY),
    ]
    assert files[0].path == films / "High Water" / "Disc 1" / "9.txt"
    assert files[0].origin == str(files[0].path)
    await uploads.forget(open_house, number)
    assert files[0].path.read_bytes() == TEXT


@pytest.mark.parametrize(
    "path",
    [
        "link.txt",
        "out/secret.txt",
        "out",
        "../secret.txt",
        "High Water/../letter.txt",
        "./letter.txt/",
        "none.txt",
        "letter.txt\0",
        "../shop",
    ],
)
async def test_tricks_with_paths_and_links_find_nothing(open_house: House, films: Path, path: str) -> None:
    number, _ = await make_draft(open_house)
    for text in (f"{films}/{path}", path):
        with pytest.raises(NotFound) as refused:
            await asyncio.to_thread(picking.allowed, open_house, text)
        assert refused.value.code is Code.FILE_MISSING
    assert await open_house.db.read(partial(rows.uploads_of, draft_id=number)) == []


async def test_the_shops_own_folder_is_not_picked_from(house: House) -> None:
    house.config = replace(house.config, uploads_from=(str(house.config.shop.parent),))
    with pytest.raises(NotFound):
        await picking.browse(house, str(house.config.shop))
    assert "shop" not in [entry.name for entry in (await picking.browse(house, str(house.config.shop.parent))).entries]


@pytest.mark.parametrize("change", ["grow", "replace", "link", "vanish"])
async def test_a_picked_file_that_changed_is_refused(
    open_house: House, films: Path, tmp_path: Path, change: str
) -> None:
    number, _ = await make_draft(open_house)
    path = films / "letter.txt"
    (ref,) = await uploads.pick(open_house, number, path)
    if change == "grow":
        path.write_bytes(TEXT * 2)
    else:
        path.unlink()
    if change == "replace":
        path.write_bytes(TEXT)
    elif change == "link":
        path.symlink_to(tmp_path / "secret.txt")
    await Intake(open_house).check_waiting()
    row = await look(open_house, ref)
    assert (row.state, "changed since it was picked" in row.error) == (UploadState.REFUSED, True)


async def test_an_empty_folder_holds_nothing_to_pick(open_house: House, films: Path) -> None:
    number, _ = await make_draft(open_house)
    (films / "empty").mkdir()
    with pytest.raises(Refused) as refused:
        await uploads.pick(open_house, number, films / "empty")
    assert refused.value.code is Code.NOTHING_TO_PUBLISH


def test_an_uploaded_file_says_all_that_publishing_needs() -> None:
    assert set(UploadedFile.__slots__) >= {"path", "name", "role", "label", "size", "sha256", "media_type", "keep"}
