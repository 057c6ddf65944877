"""What every storage promises (the first half), and what the one on local files does besides (the second)."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import multiprocessing
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

import pytest

from headwaters.adapters.storage import local as local_module
from headwaters.adapters.storage.local import LocalStorage
from headwaters.adapters.storage.places import StoragePlaces
from headwaters.adapters.storage.s3 import S3Storage
from headwaters.adapters.storage.s3_client import S3Client
from headwaters.core.errors import Code, Refused, Unavailable
from headwaters.ports import Blob, Keep, Storage

MIB = 1 << 20
BYTES = bytes(range(256)) * 4096 * 3 + b"the end"  # a little over three steps of a megabyte
MakeStorage = Callable[[Path], Storage]


def quiet(done: int) -> None:
    """A progress that nobody looks at."""


def plain(blob: Blob) -> Blob:
    """What is the same of a blob wherever it is kept."""
    return replace(blob, place="local", tag="")


def read(storage: Storage, blob: Blob, offset: int = 0, length: int = 1 << 30) -> bytes:
    with storage.open(blob) as source:
        return asyncio.run(source.read(offset, length))


@pytest.fixture(params=["local", "s3", "s3 in parts", "both"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "local":
        yield LocalStorage(tmp_path / "files")
        return
    part = MIB if request.param == "s3 in parts" else 16 * MIB
    store = S3Storage(S3Client(request.getfixturevalue("bucket")), tmp_path / "copies", part=part)
    both = {"local": LocalStorage(tmp_path / "files"), "s3": store}
    kept = store if request.param != "both" else StoragePlaces(both, "s3")
    yield kept
    kept.close()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Alice's film, as it lies on her disk."""
    path = tmp_path / "film.mp4"
    path.write_bytes(BYTES)
    return path


# ── every storage ────────────────────────────────────────────────────────────────────────────────


def test_a_kept_file_is_known_by_its_sums_and_read_back(storage: Storage, film: Path) -> None:
    blob = storage.keep(film, Keep.COPY, quiet)
    assert plain(blob) == Blob(hashlib.sha256(BYTES).hexdigest(), crc32(BYTES), len(BYTES), Keep.COPY, None)
    with storage.open(blob) as source:
        assert source.size == len(BYTES)
        assert asyncio.run(source.read(0, len(BYTES))) == BYTES
    storage.verify(blob)


def test_any_part_is_read_and_fewer_bytes_only_at_the_end(storage: Storage, film: Path) -> None:
    blob = storage.keep(film, Keep.COPY, quiet)

    async def look() -> None:
        with storage.open(blob) as source:
            assert await source.read(0, 0) == b""
            assert await source.read(1_000_000, 5) == BYTES[1_000_000:1_000_005]
            assert await source.read(len(BYTES) - 3, 100) == b"end"
            assert await source.read(len(BYTES), 1) == b""
            assert await source.read(len(BYTES) + 5, 1) == b""

    asyncio.run(look())


def test_bytes_of_the_shop_itself_are_kept(storage: Storage) -> None:
    blob = storage.keep_bytes(b"a thumbnail")
    assert plain(blob) == Blob(hashlib.sha256(b"a thumbnail").hexdigest(), crc32(b"a thumbnail"), 11)
    storage.verify(blob)


def test_an_empty_file_is_a_file(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    blob = storage.keep(tmp_path / "empty", Keep.COPY, quiet)
    assert plain(blob) == Blob(hashlib.sha256(b"").hexdigest(), 0, 0)
    with storage.open(blob) as source:
        assert asyncio.run(source.read(0, 10)) == b""
    storage.verify(blob)


def test_keeping_twice_is_keeping_once(storage: Storage, film: Path, tmp_path: Path) -> None:
    (tmp_path / "again.mp4").write_bytes(BYTES)
    assert storage.keep(film, Keep.COPY, quiet) == storage.keep(tmp_path / "again.mp4", Keep.COPY, quiet)
    assert plain(storage.keep_bytes(BYTES)) == plain(storage.keep(film, Keep.COPY, quiet))
    assert [holding.size for holding in storage.holdings()] == [len(BYTES)]


def test_progress_is_told_as_bytes_since_last_time(storage: Storage, film: Path) -> None:
    told: list[int] = []
    storage.keep(film, Keep.COPY, told.append)
    assert sum(told) == len(BYTES)
    assert len(told) >= 3
    assert min(told) > 0


def test_a_kept_file_does_not_change_with_the_original(storage: Storage, film: Path) -> None:
    blob = storage.keep(film, Keep.COPY, quiet)
    film.write_bytes(b"another cut")
    storage.verify(blob)
    film.unlink()
    storage.verify(blob)


def test_the_original_is_only_read(storage: Storage, film: Path) -> None:
    film.chmod(0o640)
    before = film.stat()
    storage.keep(film, Keep.COPY, quiet)
    after = film.stat()
    assert film.read_bytes() == BYTES
    assert (after.st_mode, after.st_mtime_ns, after.st_ctime_ns, after.st_nlink) == (
        before.st_mode,
        before.st_mtime_ns,
        before.st_ctime_ns,
        before.st_nlink,
    )


@pytest.mark.parametrize("keep", list(Keep))
def test_a_file_that_is_not_there_is_refused(storage: Storage, tmp_path: Path, keep: Keep) -> None:
    for path in (tmp_path / "none", tmp_path / "none" / "either"):
        with pytest.raises(Refused) as refused:
            storage.keep(path, keep, quiet)
        assert refused.value.code is Code.FILE_MISSING


@pytest.mark.parametrize("keep", list(Keep))
def test_what_is_no_plain_file_is_refused_at_once(storage: Storage, tmp_path: Path, keep: Keep) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "link to a pipe").symlink_to(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), tmp_path / "loop", tmp_path / "link to a pipe"):
        with pytest.raises(Refused) as refused:
            storage.keep(path, keep, quiet)
        assert refused.value.code is Code.FILE_UNREADABLE, path


@pytest.mark.parametrize("keep", list(Keep))
@pytest.mark.parametrize("change", ["grow", "shrink", "touch", "replace", "vanish"])
def test_a_file_that_changes_while_it_is_kept_is_refused(
    storage: Storage, film: Path, tmp_path: Path, keep: Keep, change: str
) -> None:
    def meddle(done: int) -> None:
        if film.exists() and film.stat().st_mtime_ns == before:
            if change == "grow":
                with film.open("ab") as file:
                    file.write(b"more")
            elif change == "shrink":
                os.truncate(film, 2 * MIB)
            elif change == "touch":
                os.utime(film)
            elif change == "replace":
                (tmp_path / "new").write_bytes(BYTES)
                (tmp_path / "new").replace(film)
            else:
                film.unlink()

    os.utime(film, (1, 1))
    before = film.stat().st_mtime_ns
    with pytest.raises(Refused) as refused:
        storage.keep(film, keep, meddle)
    assert refused.value.code is Code.FILE_CHANGED
    assert list(storage.holdings()) == []


@pytest.mark.parametrize("keep", list(Keep))
def test_what_is_known_of_a_file_must_be_so(storage: Storage, film: Path, keep: Keep) -> None:
    digest = hashlib.sha256(BYTES).hexdigest()
    with pytest.raises(Refused) as refused:
        storage.keep(film, keep, quiet, "0" * 64)
    assert refused.value.code is Code.FILE_CHANGED
    assert list(storage.holdings()) == []
    storage.verify(storage.keep(film, keep, quiet, digest))


def test_a_file_of_the_shop_becomes_the_blob_and_its_old_name_may_go(storage: Storage, film: Path) -> None:
    told: list[int] = []
    blob = storage.keep(film, Keep.MOVE, told.append)
    assert plain(blob) == Blob(hashlib.sha256(BYTES).hexdigest(), crc32(BYTES), len(BYTES), Keep.COPY, None)
    assert sum(told) == len(BYTES)
    assert storage.keep(film, Keep.MOVE, quiet) == blob  # whoever was cut off comes again
    assert film.read_bytes() == BYTES
    film.unlink()
    storage.verify(blob)


def test_a_blob_that_is_not_there_is_missing(storage: Storage) -> None:
    gone = replace(storage.keep_bytes(b"12345"), sha256="0" * 64)
    for look in (read, Storage.verify, open_copy):
        with pytest.raises(Unavailable) as missing:
            look(storage, gone) if look is not Storage.verify else storage.verify(gone)
        assert missing.value.code is Code.BLOB_MISSING


def test_a_blob_of_another_size_is_not_opened(storage: Storage, film: Path) -> None:
    blob = storage.keep(film, Keep.COPY, quiet)
    for size in (blob.size + 1, blob.size - 1):
        with pytest.raises(Unavailable) as changed:
            read(storage, replace(blob, size=size))
        assert changed.value.code is Code.BLOB_CHANGED
        with pytest.raises(Unavailable) as changed:
            storage.verify(replace(blob, size=size))
        assert changed.value.code is Code.BLOB_CHANGED


def test_a_glance_tells_what_was_written_anew(storage: Storage) -> None:
    blob = storage.keep_bytes(b"12345")
    looks = [storage.glance(blob) for _ in range(2)]
    assert looks[0] == looks[1] != ""
    with pytest.raises(Unavailable) as missing:
        storage.glance(replace(blob, sha256="0" * 64))
    assert missing.value.code is Code.BLOB_MISSING
    assert storage.verify(replace(blob, tag="another")) == blob.tag, "whatever its tag was"


def test_closing_twice_is_fine_and_using_it_afterwards_is_not(storage: Storage) -> None:
    blob = storage.keep_bytes(b"abc")
    source = storage.open(blob)
    other = storage.open(blob)
    source.close()
    source.close()
    assert asyncio.run(other.read(0, 3)) == b"abc"
    other.close()
    with pytest.raises(ValueError, match="closed"):
        asyncio.run(other.read(0, 3))


def open_copy(storage: Storage, blob: Blob) -> bytes:
    with storage.local_copy(blob) as path:
        return path.read_bytes()


def test_programs_get_a_path(storage: Storage, film: Path, tmp_path: Path) -> None:
    blob = storage.keep(film, Keep.COPY, quiet)
    assert open_copy(storage, blob) == BYTES
    assert list((tmp_path / "copies").rglob("*")) == [], "nothing stays lying about"


def test_all_that_is_kept_is_listed_and_what_nobody_needs_goes(storage: Storage, film: Path) -> None:
    start = datetime.now(UTC) - timedelta(seconds=5)
    one, two = storage.keep(film, Keep.COPY, quiet), storage.keep_bytes(b"two")
    seen = {(holding.sha256, holding.size) for holding in storage.holdings()}
    assert seen == {(one.sha256, one.size), (two.sha256, 3)}
    assert all(start < holding.touched < start + timedelta(minutes=5) for holding in storage.holdings())
    assert not storage.remove(one.sha256, start), "it was kept since"
    storage.verify(one)
    later = datetime.now(UTC) + timedelta(hours=1)
    assert storage.remove(one.sha256, later)
    assert not storage.remove(one.sha256, later)
    assert [holding.sha256 for holding in storage.holdings()] == [two.sha256]
    storage.verify(storage.keep(film, Keep.COPY, quiet))


@pytest.mark.parametrize("keep", [Keep.COPY, Keep.MOVE])
def test_what_is_kept_again_or_from_an_old_file_is_young(
    local: LocalStorage, root: Path, film: Path, keep: Keep
) -> None:
    os.utime(film, (1, 1))
    limit = datetime.now(UTC) - timedelta(minutes=5)
    blob = local.keep(film, keep, quiet)
    os.utime(path_of(root, blob.sha256), (1, 1))  # the bytes are old, whenever they came here
    local.keep(film, keep, quiet)
    assert [holding.touched > limit for holding in local.holdings()] == [True]
    assert not local.remove(blob.sha256, limit)
    local.verify(blob)
    assert local.remove(blob.sha256, limit + timedelta(hours=1))
    assert [path for path in root.rglob("*") if path.is_file()] == [], "no mark stays behind"


def test_an_upload_of_last_week_is_young_from_its_first_moment_on(local: LocalStorage, film: Path) -> None:
    os.utime(film, (1, 1))
    blob = local.keep(film, Keep.MOVE, quiet)
    assert not local.remove(blob.sha256, datetime.now(UTC) - timedelta(minutes=5))
    local.verify(blob)


def test_it_can_be_tried(storage: Storage) -> None:
    asyncio.run(storage.look())
    assert list(storage.holdings()) == []


def _keep_in_another_process(make: MakeStorage, root: Path, path: Path, gate: object) -> None:
    gate.wait()  # type: ignore[attr-defined]
    make(root).keep(path, Keep.COPY, quiet)


def test_two_processes_keep_the_same_bytes_at_once(tmp_path: Path, film: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(3)
    root = tmp_path / "files"
    workers = [
        context.Process(target=_keep_in_another_process, args=(LocalStorage, root, film, gate)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    LocalStorage(root).verify(Blob(hashlib.sha256(BYTES).hexdigest(), crc32(BYTES), len(BYTES)))
    assert files_in(root) == [path_of(root, hashlib.sha256(BYTES).hexdigest())]


# ── local files ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def local(root: Path) -> LocalStorage:
    return LocalStorage(root)


def path_of(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest[2:4] / digest


def files_in(root: Path) -> list[Path]:
    """Without the marks of what was kept again; those are empty."""
    files = [path for path in root.rglob("*") if not path.is_dir()]
    marks = [path for path in files if path.is_relative_to(root / "again")]
    assert [path.stat().st_size for path in marks] == [0] * len(marks)
    return sorted(set(files) - set(marks))


def test_a_blob_lies_read_only_under_its_hash(local: LocalStorage, root: Path, film: Path) -> None:
    blob = local.keep(film, Keep.COPY, quiet)
    path = path_of(root, blob.sha256)
    assert files_in(root) == [path]
    assert path.read_bytes() == BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_a_copy_has_the_date_of_its_file_and_keeps_it(local: LocalStorage, root: Path, film: Path) -> None:
    for data, keep in ((b"one", Keep.COPY), (b"two", Keep.MOVE), (b"three", None)):
        film.write_bytes(data)
        first = local.keep_bytes(data) if keep is None else local.keep(film, keep, quiet)
        date = path_of(root, first.sha256).stat().st_mtime_ns
        film.unlink()
        film.write_bytes(data)
        again = [local.keep_bytes(data), *(local.keep(film, each, quiet) for each in Keep)]
        assert [blob.mtime_ns for blob in (first, *again)] == [date] * 5
        assert path_of(root, first.sha256).stat().st_mtime_ns == date


def test_a_link_has_a_witness_and_no_other_date(local: LocalStorage, film: Path) -> None:
    blob = local.keep(film, Keep.LINK, quiet)
    assert blob.witness is not None
    assert (blob.witness.mtime_ns, blob.mtime_ns) == (film.stat().st_mtime_ns, None)


def test_a_good_blob_is_left_alone_and_a_damaged_one_replaced(local: LocalStorage, root: Path, film: Path) -> None:
    blob = local.keep(film, Keep.COPY, quiet)
    path = path_of(root, blob.sha256)
    os.utime(path, (1, 1))
    before = path.stat()
    for keep in Keep:
        local.keep(film, keep, quiet)
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    path.chmod(0o600)
    os.truncate(path, 10)
    with pytest.raises(Unavailable) as changed:
        local.open(blob)
    assert changed.value.code is Code.BLOB_CHANGED
    local.keep(film, Keep.COPY, quiet)
    local.verify(blob)
    assert files_in(root) == [path]


def test_other_bytes_of_the_same_size_are_found_out(local: LocalStorage, root: Path) -> None:
    blob = local.keep_bytes(b"abc")
    path = path_of(root, blob.sha256)
    path.chmod(0o600)
    path.write_bytes(b"abd")
    with pytest.raises(Unavailable) as changed:
        local.verify(blob)
    assert changed.value.code is Code.BLOB_CHANGED


def test_holes_stay_holes(local: LocalStorage, root: Path, tmp_path: Path) -> None:
    sparse = tmp_path / "sparse.img"
    with sparse.open("wb") as file:
        file.write(b"begin")
        file.seek(200 * MIB)
        file.write(b"middle")
        file.truncate(300 * MIB + 17)
    blob = local.keep(sparse, Keep.COPY, quiet)
    kept = path_of(root, blob.sha256)
    assert blob.size == 300 * MIB + 17 == kept.stat().st_size
    assert kept.stat().st_blocks * 512 < 8 * MIB
    with kept.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == blob.sha256
    with sparse.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == blob.sha256


def test_downloads_of_one_blob_share_a_descriptor(local: LocalStorage, root: Path) -> None:
    blob = local.keep_bytes(b"abc")
    first, second = local.open(blob), local.open(blob)
    descriptor = first.descriptor
    assert descriptor is not None
    assert second.descriptor == descriptor
    first.close()
    assert os.pread(descriptor, 3, 0) == b"abc"
    second.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    forgotten = local.open(blob)
    descriptor = forgotten.descriptor
    assert descriptor is not None
    del forgotten
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_blob_that_was_replaced_is_opened_anew(local: LocalStorage, root: Path) -> None:
    blob = local.keep_bytes(b"abc")
    path = path_of(root, blob.sha256)
    with local.open(blob) as old:
        path.unlink()
        with pytest.raises(Unavailable):
            local.open(blob)
        local.keep_bytes(b"abc")
        with local.open(blob) as new:
            assert new.descriptor != old.descriptor
            assert asyncio.run(new.read(0, 3)) == asyncio.run(old.read(0, 3)) == b"abc"


def test_a_blob_cut_short_under_a_reader_is_an_error_and_no_short_answer(local: LocalStorage, root: Path) -> None:
    blob = local.keep_bytes(bytes(100_000))
    path = path_of(root, blob.sha256)
    with local.open(blob) as source:
        path.chmod(0o600)
        os.truncate(path, 50_000)
        assert asyncio.run(source.read(0, 50_000)) == bytes(50_000)
        with pytest.raises(Unavailable) as missing:
            asyncio.run(source.read(40_000, 20_000))
    assert missing.value.code is Code.BLOB_MISSING


@pytest.mark.parametrize("in_the_way", ["a file for its folder", "a link of its name"])
def test_what_is_not_there_is_missing_whatever_is_in_its_place(
    local: LocalStorage, root: Path, tmp_path: Path, in_the_way: str
) -> None:
    blob = local.keep_bytes(b"12345")
    path = path_of(root, blob.sha256)
    path.unlink()
    if in_the_way == "a link of its name":
        (tmp_path / "another").write_bytes(b"12345")
        path.symlink_to(tmp_path / "another")
    else:
        path.parent.rmdir()
        path.parent.write_bytes(b"")
    for look in (local.open, local.verify, local.glance):
        with pytest.raises(Unavailable) as missing:
            look(blob)
        assert missing.value.code is Code.BLOB_MISSING


@pytest.mark.parametrize("keep", [Keep.COPY, Keep.LINK])
def test_who_can_open_no_more_files_says_nothing_of_the_bytes(local: LocalStorage, film: Path, keep: Keep) -> None:
    blob = local.keep(film, keep, quiet)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    codes, words = [], set()
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        for look in (local.open, local.verify, local.glance):
            try:
                look(blob)
            except Unavailable as error:
                codes.append(error.code)
                words.add(str(error))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert codes == [Code.STORAGE_DOWN] * 3
    assert words == {f"The files of this shop cannot be opened right now: {os.strerror(errno.EMFILE)}."}
    local.verify(blob)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(errno.EIO, Code.BLOB_MISSING), (errno.EBADMSG, Code.BLOB_MISSING), (errno.ENOMEM, Code.STORAGE_DOWN)],
)
def test_what_the_disk_cannot_read_is_missing(
    local: LocalStorage, monkeypatch: pytest.MonkeyPatch, trouble: int, code: Code
) -> None:
    blob = local.keep_bytes(b"12345")

    def fail(*_given: object) -> bytes:
        raise OSError(trouble, os.strerror(trouble))

    with monkeypatch.context() as patch:
        for name in ("pread", "preadv"):
            patch.setattr(os, name, fail)
        for look in (local.verify, lambda blob: read(local, blob)):
            with pytest.raises(Unavailable) as refused:
                look(blob)
            assert refused.value.code is code
    local.verify(blob)


# ── links ────────────────────────────────────────────────────────────────────────────────────────


def test_a_link_is_the_creators_own_file(local: LocalStorage, root: Path, film: Path) -> None:
    film.chmod(0o640)
    before = film.stat()
    blob = local.keep(film, Keep.LINK, quiet)
    after = film.stat()
    assert blob.keep is Keep.LINK
    assert blob.witness is not None
    assert (blob.witness.inode, blob.witness.size) == (after.st_ino, len(BYTES))
    assert (blob.witness.mtime_ns, blob.witness.ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)
    assert (after.st_mode, after.st_mtime_ns, after.st_nlink) == (before.st_mode, before.st_mtime_ns, 2)
    local.verify(blob)
    assert local.keep(film, Keep.LINK, quiet) == blob, "again changes nothing, not even its ctime"
    assert len(files_in(root)) == 1


@pytest.mark.parametrize("change", ["write", "touch", "append", "mode"])
def test_a_linked_file_that_was_touched_is_not_delivered(local: LocalStorage, film: Path, change: str) -> None:
    blob = local.keep(film, Keep.LINK, quiet)
    with local.open(blob):
        if change == "write":
            with film.open("r+b") as file:
                file.write(b"X")
        elif change == "touch":
            os.utime(film, (1, 1))
        elif change == "append":
            with film.open("ab") as file:
                file.write(b"X")
        else:
            film.chmod(0o600)
        for look in (local.open, local.verify):  # also while somebody has it open
            with pytest.raises(Unavailable) as changed:
                look(blob)
            assert changed.value.code is Code.BLOB_CHANGED


def test_a_linked_file_that_was_renamed_over_is_still_delivered(
    local: LocalStorage, film: Path, tmp_path: Path
) -> None:
    blob = local.keep(film, Keep.LINK, quiet)
    (tmp_path / "new").write_bytes(b"the next cut")
    os.utime(film, ns=(film.stat().st_atime_ns, film.stat().st_mtime_ns))  # its ctime moves: as a rename does
    (tmp_path / "new").replace(film)
    with pytest.raises(Unavailable):
        local.open(blob)
    path = next(path for path in (tmp_path / "files").rglob("*") if path.is_file())
    again = local.keep(path, Keep.LINK, quiet)
    assert again.sha256 == blob.sha256
    local.verify(again)


def test_a_copy_is_better_than_a_link(local: LocalStorage, film: Path, tmp_path: Path) -> None:
    linked = local.keep(film, Keep.LINK, quiet)
    (tmp_path / "again").write_bytes(BYTES)
    copied = local.keep(tmp_path / "again", Keep.COPY, quiet)
    film.write_bytes(b"spoilt")
    local.verify(linked)
    local.verify(copied)
    assert local.keep(tmp_path / "again", Keep.LINK, quiet) == copied


def test_the_link_of_a_spoilt_file_is_replaced_by_one_of_a_good_one(
    local: LocalStorage, film: Path, tmp_path: Path
) -> None:
    spoilt = local.keep(film, Keep.LINK, quiet)
    film.write_bytes(b"spoilt")
    (tmp_path / "again").write_bytes(BYTES)
    good = local.keep(tmp_path / "again", Keep.LINK, quiet)
    assert good.sha256 == spoilt.sha256
    assert good.witness != spoilt.witness
    local.verify(good)


def test_a_good_link_is_not_given_up_for_another_one(local: LocalStorage, film: Path, tmp_path: Path) -> None:
    """The first work's row has the first file's witness, and a second work may be refused after its files are kept."""
    first = local.keep(film, Keep.LINK, quiet)
    (tmp_path / "again").write_bytes(BYTES)
    second = local.keep(tmp_path / "again", Keep.LINK, quiet)
    assert second == first
    local.verify(first)
    (tmp_path / "again").write_bytes(b"spoilt")
    local.verify(second)


def test_a_link_that_is_written_to_in_the_moment_it_is_made_is_refused(
    local: LocalStorage, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = local_module._flush_folder

    def meddle(folder: Path) -> None:
        flush(folder)
        if not (folder / hashlib.sha256(BYTES).hexdigest()).exists():
            return
        with film.open("r+b") as file:
            file.write(b"another cut")

    os.utime(film, (1, 1))
    monkeypatch.setattr(local_module, "_flush_folder", meddle)
    with pytest.raises(Refused) as refused:
        local.keep(film, Keep.LINK, quiet)
    assert refused.value.code is Code.FILE_CHANGED


@pytest.mark.parametrize("keep", list(Keep))
def test_keeping_again_mends_a_copy_whose_bytes_have_rotted(
    local: LocalStorage, root: Path, film: Path, keep: Keep
) -> None:
    blob = local.keep(film, Keep.COPY, quiet)
    path = path_of(root, blob.sha256)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(b"\xff")
    with pytest.raises(Unavailable):
        local.verify(blob)
    local.verify(local.keep(film, keep, quiet))


def test_a_link_by_way_of_a_symlink_is_of_the_file_itself(local: LocalStorage, film: Path, tmp_path: Path) -> None:
    (tmp_path / "short cut").symlink_to(film)
    blob = local.keep(tmp_path / "short cut", Keep.LINK, quiet)
    assert blob.witness is not None
    assert blob.witness.inode == film.stat().st_ino
    local.verify(blob)


def test_a_moved_file_is_not_copied_and_nobody_writes_to_it_any_more(
    local: LocalStorage, root: Path, film: Path
) -> None:
    blob = local.keep(film, Keep.MOVE, quiet)
    kept = path_of(root, blob.sha256)
    assert kept.samefile(film)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o444
    assert files_in(root) == [kept]


def test_bytes_that_are_kept_already_need_no_move(local: LocalStorage, root: Path, film: Path, tmp_path: Path) -> None:
    (tmp_path / "again.mp4").write_bytes(BYTES)
    blob = local.keep(film, Keep.COPY, quiet)
    inode = path_of(root, blob.sha256).stat().st_ino
    assert local.keep(tmp_path / "again.mp4", Keep.MOVE, quiet) == blob
    assert path_of(root, blob.sha256).stat().st_ino == inode


@pytest.mark.parametrize("failure", ["EXDEV", "EPERM", "EMLINK"])
def test_where_a_file_can_have_no_second_name_a_move_is_a_copy(
    local: LocalStorage, root: Path, film: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    def link(*_args: object, **_more: object) -> None:
        raise OSError(getattr(errno, failure), "not here")

    monkeypatch.setattr(local_module.os, "link", link)
    blob = local.keep(film, Keep.MOVE, quiet)
    local.verify(blob)
    assert not path_of(root, blob.sha256).samefile(film)
    assert files_in(root) == [path_of(root, blob.sha256)]


def test_a_move_that_was_cut_off_at_any_step_can_be_run_again(
    local: LocalStorage, root: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(*_args: object, **_more: object) -> None:
        raise Died

    for place, step in (
        (local_module.os, "fchmod"),
        (local_module.os, "fsync"),
        (local_module.os, "link"),
        (Path, "replace"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, step, die)
            with pytest.raises(Died):
                local.keep(film, Keep.MOVE, quiet)
    assert film.read_bytes() == BYTES
    assert files_in(root) == []
    local.verify(local.keep(film, Keep.MOVE, quiet))


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second disk: /dev/shm")
def test_a_link_to_another_disk_is_refused_with_a_hint(local: LocalStorage, root: Path, tmp_path: Path) -> None:
    other = Path("/dev/shm") / f"headwaters-{os.getpid()}-{time.monotonic_ns()}"
    other.write_bytes(BYTES)
    try:
        if other.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("needs a second disk")
        with pytest.raises(Refused) as refused:
            local.keep(other, Keep.LINK, quiet)
        assert refused.value.code is Code.FILE_UNREADABLE
        assert "another disk" in str(refused.value)
        assert "--link" in refused.value.hint
        assert files_in(root) == []
        local.verify(local.keep(other, Keep.COPY, quiet))
    finally:
        other.unlink()


# ── trouble ──────────────────────────────────────────────────────────────────────────────────────


KEEP = """
import sys
from contextlib import suppress
from pathlib import Path
from headwaters.adapters.storage.local import LocalStorage
from headwaters.core.errors import HeadwatersError
from headwaters.ports import Keep

root, film, meanwhile = map(Path, sys.argv[1:])

def progress(done):
    print(done, flush=True)
    if meanwhile.name == "wait":
        sys.stdin.readline()
    elif meanwhile.name == "fill":
        with suppress(OSError):
            meanwhile.write_bytes(bytes(4 << 20))

try:
    print("kept", LocalStorage(root).keep(film, Keep.COPY, progress).sha256)
except HeadwatersError as error:
    print("refused", error.code)
"""


def test_a_kill_in_the_middle_leaves_no_half_blob(local: LocalStorage, root: Path, film: Path) -> None:
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEP, root, film, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert keeper.stdout is not None
    keeper.stdout.readline()
    assert local.sweep(datetime.now(UTC) + timedelta(days=1)) == 0, "what is being kept is left alone, however old"
    keeper.send_signal(signal.SIGKILL)
    keeper.communicate()
    half = files_in(root)
    assert [path.parent for path in half] == [root / "incoming"]
    assert local.sweep(datetime.now(UTC) - timedelta(days=1)) == 0, "young ones stay"
    assert local.sweep(datetime.now(UTC) + timedelta(days=1)) == 1
    assert files_in(root) == []
    local.verify(local.keep(film, Keep.COPY, quiet))


def test_nothing_to_sweep_is_nothing_swept(local: LocalStorage) -> None:
    assert local.sweep(datetime.now(UTC)) == 0


def _small_files_only() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, 2 * MIB))


def test_a_file_that_may_not_grow_is_a_full_disk(root: Path, film: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", KEEP, root, film, "nothing"],
        capture_output=True,
        text=True,
        preexec_fn=_small_files_only,
        check=True,
    )
    assert "refused disk_full" in ran.stdout
    assert files_in(root) == []


@pytest.mark.parametrize(
    ("room", "meanwhile", "told"),
    [("2m", "nothing", ["refused disk_full"]), ("4m", "fill", ["1048576", "refused disk_full"])],
)
def test_a_full_disk_is_said_and_leaves_nothing_behind(
    tmp_path: Path, film: Path, room: str, meanwhile: str, told: list[str]
) -> None:
    """At once where it can be known, and in the middle where the room goes while we write."""
    if subprocess.run(["unshare", "--map-root-user", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    inside = f'mount -t tmpfs -o size={room} tmpfs "$0" && cd "$0" && "$@" && find files -type f'
    keeper = [sys.executable, "-c", KEEP, "files", film, meanwhile]
    disk = tmp_path / "disk"
    disk.mkdir()
    ran = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", inside, disk, *keeper], capture_output=True, text=True
    )
    assert (ran.stdout.splitlines(), ran.stderr) == (told, "")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, film: Path) -> None:
    (tmp_path / "files").write_bytes(b"a file in the way")
    with pytest.raises(Refused) as refused:
        LocalStorage(tmp_path / "files").keep(film, Keep.COPY, quiet)
    assert refused.value.code is Code.CONFIG_BROKEN
    assert os.strerror(errno.ENOTDIR) in str(refused.value) or os.strerror(errno.EEXIST) in str(refused.value)
