"""tus 1.0 from outside: what is answered is on the disk, and what goes wrong loses nothing."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientConnectionError

from headwaters.core.works.uploads import UploadState
from headwaters.errands import incoming, intake, uploads
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store import uploads as rows
from headwaters.store.db import Connection
from tests.support.house import Clock
from tests.support.uploads import ADDRESS, BYTES, Sender, code_of, look, make_draft, metadata
from tests.web.studio.conftest import Visitor

TEXT = b"".join(b"line %06d of a long letter\n" % number for number in range(20_000))


@pytest_asyncio.fixture
async def draft(shop: House) -> tuple[int, str]:
    return await make_draft(shop)


@pytest_asyncio.fixture
async def sender(alice: Visitor, draft: tuple[int, str]) -> Sender:
    return Sender(alice.client, draft[1])


def path_of(shop: House, address: str, name: str = "film.txt") -> Path:
    return shop.config.incoming_dir / address.removeprefix(ADDRESS) / name


async def settled(shop: House, address: str) -> rows.UploadRow:
    """The upload once its check is over."""
    for _ in range(500):
        row = await look(shop, address.removeprefix(ADDRESS))
        if row.state not in {UploadState.COMING, UploadState.CHECKING}:
            return row
        await asyncio.sleep(0.01)
    raise AssertionError(row)


def sum_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


# ── what is offered ──────────────────────────────────────────────────────────────────────────────


async def test_anybody_may_ask_what_is_offered(stranger: Visitor) -> None:
    answer = await stranger.client.options(ADDRESS)
    assert answer.status == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,termination,checksum,expiration"
    assert answer.headers["Tus-Max-Size"] == "200000000000"
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha256,sha1"
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_file_comes_in_pieces_and_is_checked(shop: House, sender: Sender, draft: tuple[int, str]) -> None:
    address = await sender.begin("film.txt", len(TEXT))
    assert await sender.offset(address) == 0
    for begin in range(0, len(TEXT), 200_000):
        piece = TEXT[begin : begin + 200_000]
        answer = await sender.patch(address, begin, piece)
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(begin + len(piece)))
    row = await settled(shop, address)
    assert (row.state, row.done, row.sha256) == (UploadState.HERE, len(TEXT), hashlib.sha256(TEXT).hexdigest())
    assert row.media_type == "text/plain"
    (file,) = await uploads.files_of(shop, draft[0])
    assert file.path.read_bytes() == TEXT
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    answer = await sender.ask("HEAD", address)
    assert (answer.headers["Upload-Length"], answer.headers["Upload-Offset"]) == (str(len(TEXT)),) * 2
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_first_piece_may_come_with_the_announcement(shop: House, sender: Sender) -> None:
    answer = await sender.create("film.txt", len(TEXT), TEXT[:1000])
    assert (answer.status, answer.headers["Upload-Offset"]) == (201, "1000")
    assert await sender.offset(answer.headers["Location"]) == 1000


async def test_an_upload_that_waits_says_until_when(shop: House, sender: Sender, clock: Clock) -> None:
    answer = await sender.create("film.txt", 100)
    assert answer.headers["Upload-Expires"] == "Sun, 29 Nov 2026 12:00:00 GMT"
    clock.move(days=1)
    answer = await sender.patch(answer.headers["Location"], 0, b"x" * 50)
    assert answer.headers["Upload-Expires"] == "Mon, 30 Nov 2026 12:00:00 GMT"


async def test_an_upload_is_taken_out(shop: House, sender: Sender) -> None:
    address = await sender.begin()
    assert path_of(shop, address).exists()
    assert (await sender.ask("DELETE", address)).status == 204
    assert not path_of(shop, address).parent.exists()
    assert (await sender.ask("HEAD", address)).status == 404
    answer = await sender.ask("DELETE", address)
    assert (answer.status, await code_of(answer)) == (404, "upload_unknown")


async def test_who_cannot_patch_says_so_in_a_header(shop: House, sender: Sender) -> None:
    address = await sender.begin(size=5)
    over = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": BYTES}
    assert (await sender.ask("POST", address, b"hello", over)).status == 204
    assert (await sender.ask("POST", address, None, {"X-HTTP-Method-Override": "DELETE"})).status == 204
    assert (await sender.ask("POST", address, None, {"X-HTTP-Method-Override": "PUT"})).status in {400, 404}


# ── who may send ─────────────────────────────────────────────────────────────────────────────────


async def test_a_stranger_sends_nothing(stranger: Visitor, draft: tuple[int, str]) -> None:
    answer = await Sender(stranger.client, draft[1]).create()
    assert (answer.status, await code_of(answer)) == (401, "sign_in_needed")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Studio-Token": None},
        {"X-Studio-Token": "of-another-session"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_site_sends_nothing(shop: House, sender: Sender, headers: dict[str, str | None]) -> None:
    address = await sender.begin()
    for method, path in (("POST", ADDRESS), ("PATCH", address), ("DELETE", address)):
        answer = await sender.ask(method, path, b"x", {"Content-Type": BYTES, "Upload-Offset": "0", **headers})
        assert (answer.status, await code_of(answer)) == (403, "foreign_form"), method
    assert await sender.offset(address) == 0


async def test_who_may_not_publish_sends_nothing(shop: House, sender: Sender) -> None:
    address = await sender.begin()
    await shop.db.write(lambda conn: conn.execute(tables.creators.update().values(kind="contributor", may="talk")))
    answer = await sender.patch(address, 0, b"x")
    assert (answer.status, await code_of(answer)) == (404, "page_not_yours")


async def test_a_session_that_was_ended_elsewhere_loses_nothing(shop: House, sender: Sender, alice: Visitor) -> None:
    address = await sender.begin()
    await sender.patch(address, 0, b"x" * 40)
    await shop.db.write(lambda conn: conn.execute(tables.studio_sessions.update().values(ended_at=1)))
    answer = await sender.patch(address, 40, b"x" * 60)
    assert (answer.status, await code_of(answer)) == (401, "sign_in_needed")
    await alice.sign_in(shop)
    again = Sender(alice.client, sender.draft)
    assert await again.offset(address) == 40
    assert (await again.patch(address, 40, b"x" * 60)).status == 204


# ── what is not as the protocol has it ───────────────────────────────────────────────────────────


async def test_another_version_of_the_protocol_is_told_which_one_this_is(sender: Sender) -> None:
    answer = await sender.ask("POST", ADDRESS, None, {"Tus-Resumable": "0.2.2"})
    assert (answer.status, answer.headers["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": None}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "9" * 30}, 400),
        ({"Upload-Length": "0"}, 422),
        ({"Upload-Length": "200000000001"}, 413),
        ({"Upload-Defer-Length": "1"}, 400),
        ({"Upload-Metadata": "filename ***"}, 400),
        ({"Upload-Metadata": "filename YQ==,filename YQ=="}, 400),
        ({"Upload-Metadata": metadata(draft="a\0", filename="a.txt")}, 404),
        ({"Upload-Metadata": None}, 422),
        ({"Upload-Metadata": metadata(draft="nowhere", filename="a.txt")}, 404),
    ],
)
async def test_a_broken_announcement_is_refused(
    shop: House, sender: Sender, headers: dict[str, str | None], status: int
) -> None:
    usual = {"Upload-Length": "5", "Upload-Metadata": metadata(draft=sender.draft, filename="a.txt")}
    answer = await sender.ask("POST", ADDRESS, None, {**usual, **headers})
    assert answer.status == status
    assert not [*shop.config.incoming_dir.glob("*")]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../../etc/passwd", "name_invalid"),
        ("a/../b.txt", "name_invalid"),
        ("a\u202etxt.exe", "name_invalid"),
        ("a\x00.txt", "name_invalid"),
        (".hidden.txt", "name_invalid"),
        ("film.mp4.part", "name_invalid"),
        ("", "name_invalid"),
        ("letter.xyz", "file_unknown_kind"),
        ("colophon.txt", "names_collide"),
    ],
)
async def test_a_bad_name_is_refused_before_the_first_byte(shop: House, sender: Sender, name: str, code: str) -> None:
    answer = await sender.create(name)
    assert (answer.status, await code_of(answer)) == (422, code)
    assert not [*shop.config.incoming_dir.glob("*")]


async def test_two_files_of_one_name_are_not_guessed_apart(shop: House, sender: Sender) -> None:
    await sender.begin("Disc 1/Rain.txt")
    for name in ("Disc 1/Rain.txt", "disc 1/RAIN.txt"):
        answer = await sender.create(name)
        assert (answer.status, await code_of(answer)) == (422, "names_collide")
    await sender.begin("Disc 2/Rain.txt")


async def test_a_draft_that_is_being_published_takes_nothing(shop: House, sender: Sender) -> None:
    address = await sender.begin()
    await shop.db.write(lambda conn: conn.execute(tables.drafts.update().values(state="publishing")))
    for answer in (await sender.create("b.txt"), await sender.ask("DELETE", address)):
        assert (answer.status, await code_of(answer)) == (409, "upload_closed")


async def test_a_wrong_offset_is_told_the_right_one(shop: House, sender: Sender) -> None:
    address = await sender.begin()
    await sender.patch(address, 0, b"x" * 10)
    for offset in (0, 9, 11, 100):
        answer = await sender.patch(address, offset, b"y")
        assert (answer.status, await code_of(answer)) == (409, "upload_offset")
    assert "10 bytes" in await answer.text()
    assert path_of(shop, address).read_bytes() == b"x" * 10


async def test_more_than_was_announced_is_refused(shop: House, sender: Sender) -> None:
    address = await sender.begin(size=10)
    answer = await sender.patch(address, 0, b"x" * 11)
    assert (answer.status, await code_of(answer)) == (413, "file_too_large")
    assert await sender.offset(address) == 0

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"y"

    answer = await sender.patch(address, 0, chunks())
    assert (answer.status, await code_of(answer)) == (413, "file_too_large")
    assert await sender.offset(address) <= 10


async def test_a_piece_of_another_type_is_no_piece(sender: Sender) -> None:
    address = await sender.begin()
    answer = await sender.patch(address, 0, b"x", Content_Type="application/octet-stream")
    assert answer.status == 415


# ── checksums ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
async def test_a_piece_that_came_wrong_is_not_kept(shop: House, sender: Sender, algorithm: str) -> None:
    address = await sender.begin(size=20)
    answer = await sender.patch(address, 0, b"0123456789", Upload_Checksum=sum_of(b"0123456789", algorithm))
    assert answer.status == 204
    answer = await sender.patch(address, 10, b"012345678X", Upload_Checksum=sum_of(b"0123456789", algorithm))
    assert (answer.status, await code_of(answer)) == (460, "upload_damaged")
    assert await sender.offset(address) == 10
    assert path_of(shop, address).read_bytes() == b"0123456789"


@pytest.mark.parametrize("header", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha256 ###", "sha256 YQ==", "nonsense"])
async def test_a_checksum_that_is_none_is_refused(sender: Sender, header: str) -> None:
    address = await sender.begin()
    assert (await sender.patch(address, 0, b"x", Upload_Checksum=header)).status == 400
    assert await sender.offset(address) == 0


# ── lines that break, disks that fill ────────────────────────────────────────────────────────────


class Cut(Exception):
    pass


async def test_what_came_before_the_line_broke_is_kept(shop: House, sender: Sender) -> None:
    address = await sender.begin(size=len(TEXT))
    broken = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield TEXT[:100_000]
        broken.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(sender.patch(address, 0, chunks()))
    await broken.wait()
    await asyncio.sleep(0.1)
    task.cancel()
    for _ in range(100):
        if offset := await sender.offset(address):
            break
        await asyncio.sleep(0.02)
    assert offset == 100_000
    assert (await sender.patch(address, offset, TEXT[offset:])).status == 204
    assert (await settled(shop, address)).sha256 == hashlib.sha256(TEXT).hexdigest()


async def test_a_piece_with_a_checksum_counts_whole_or_not_at_all(shop: House, sender: Sender) -> None:
    address = await sender.begin(size=len(TEXT))

    async def chunks() -> AsyncIterator[bytes]:
        yield TEXT[:100_000]
        raise Cut

    with pytest.raises(ClientConnectionError):
        await sender.patch(address, 0, chunks(), Upload_Checksum=sum_of(TEXT))
    await asyncio.sleep(0.1)
    assert await sender.offset(address) == 0


async def test_of_two_who_send_at_once_one_waits(shop: House, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "STALLED", 0.3)
    address = await sender.begin(size=len(TEXT))
    coming, go_on = asyncio.Event(), asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield TEXT[:50_000]
        coming.set()
        at = 50_000
        while not go_on.is_set():  # slow, but never silent
            yield TEXT[at : at + 1]
            at += 1
            await asyncio.sleep(0.02)
        yield TEXT[at:]

    first = asyncio.create_task(sender.patch(address, 0, chunks()))
    await coming.wait()
    await asyncio.sleep(0.05)
    answer = await sender.patch(address, 0, TEXT)
    assert (answer.status, await code_of(answer)) == (423, "upload_busy")
    go_on.set()
    assert (await first).status == 204
    assert (await settled(shop, address)).sha256 == hashlib.sha256(TEXT).hexdigest()


async def test_who_comes_back_need_not_wait_for_a_line_that_went_silent(
    shop: House, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "STALLED", 0.05)
    address = await sender.begin(size=len(TEXT))

    async def chunks() -> AsyncIterator[bytes]:
        yield TEXT[:50_000]
        await asyncio.sleep(60)

    first = asyncio.create_task(sender.patch(address, 0, chunks()))
    await asyncio.sleep(0.3)
    assert await sender.offset(address) == 50_000
    assert (await sender.patch(address, 50_000, TEXT[50_000:])).status == 204
    first.cancel()
    assert (await settled(shop, address)).sha256 == hashlib.sha256(TEXT).hexdigest()


async def test_there_must_be_room_before_the_first_byte(
    shop: House, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming.Incoming, "room", lambda self: 1000)
    await sender.begin("a.txt", 600)
    answer = await sender.create("b.txt", 600)
    assert (answer.status, await code_of(answer)) == (507, "disk_full")
    await sender.begin("c.txt", 400)


async def test_a_disk_that_fills_in_the_middle_keeps_what_came(
    shop: House, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = await sender.begin(size=len(TEXT))
    real, room = os.pwrite, 123_456

    def pwrite(descriptor: int, data: memoryview, at: int) -> int:
        if at >= room:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[: room - at], at)

    monkeypatch.setattr(incoming.os, "pwrite", pwrite)
    answer = await sender.patch(address, 0, TEXT)
    assert (answer.status, await code_of(answer)) == (507, "disk_full")
    assert await sender.offset(address) == room
    monkeypatch.undo()
    assert (await sender.patch(address, room, TEXT[room:])).status == 204
    assert (await settled(shop, address)).sha256 == hashlib.sha256(TEXT).hexdigest()


async def test_bytes_that_were_not_counted_are_cut_off(shop: House, sender: Sender) -> None:
    address = await sender.begin(size=20)
    await sender.patch(address, 0, b"0123456789")
    with path_of(shop, address).open("ab") as file:
        file.write(b"never counted")
    assert await sender.offset(address) == 10
    assert (await sender.patch(address, 10, b"abcdefghij")).status == 204
    assert path_of(shop, address).read_bytes() == b"0123456789abcdefghij"


async def test_bytes_that_are_gone_are_not_counted(shop: House, sender: Sender) -> None:
    address = await sender.begin(size=20)
    await sender.patch(address, 0, b"0123456789")
    os.truncate(path_of(shop, address), 4)
    assert await sender.offset(address) == 4
    path_of(shop, address).unlink()
    assert await sender.offset(address) == 0
    assert (await sender.patch(address, 0, b"0123456789abcdefghij")).status == 204


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


async def test_the_list_tells_what_can_be_gone_on_with(shop: House, sender: Sender) -> None:
    address = await sender.begin("film.txt", 100, stamp="1700000000000")
    await sender.patch(address, 0, b"x" * 10)
    answer = await sender.client.get(f"{ADDRESS}?draft={sender.draft}")
    said = await answer.json()
    assert said["token"] == sender.headers["X-Studio-Token"]
    assert said["uploads"] == [
        {
            "ref": address.removeprefix(ADDRESS),
            "name": "film.txt",
            "size": 100,
            "done": 10,
            "stamp": "1700000000000",
            "state": "coming",
            "checked": None,
            "sha256": "",
            "error": "",
        }
    ]
    assert (await sender.client.get(f"{ADDRESS}?draft=nowhere")).status == 404


async def test_uploads_of_a_week_ago_are_given_up_and_strays_are_swept(
    shop: House, sender: Sender, clock: Clock
) -> None:
    old, new = await sender.begin("a.txt"), await sender.begin("b.txt")
    clock.move(days=6)
    await sender.patch(new, 0, b"x")
    assert await uploads.sweep(shop) == 0
    clock.move(days=1, seconds=1)
    stray = shop.config.incoming_dir / "stray"
    stray.mkdir()
    clock.now += timedelta(days=365 * 10)  # the folder is as young as the disk says

    def back(conn: Connection) -> None:
        conn.execute(tables.uploads.update().where(tables.uploads.c.name == "b.txt").values(changed_at=2**60))

    await shop.db.write(back)
    assert await uploads.sweep(shop) == 2
    assert not stray.exists()
    assert await shop.db.read(rows.all_refs) == {new.removeprefix(ADDRESS)}
    assert not path_of(shop, old, "a.txt").parent.exists()
    assert path_of(shop, new, "b.txt").exists()
    assert await uploads.sweep(shop) == 0


async def test_what_is_forgotten_is_gone(shop: House, sender: Sender, draft: tuple[int, str]) -> None:
    address = await sender.begin()
    await uploads.forget(shop, draft[0])
    await uploads.forget(shop, draft[0])
    assert not path_of(shop, address).parent.exists()
    assert await shop.db.read(partial(rows.uploads_of, draft_id=draft[0])) == []
