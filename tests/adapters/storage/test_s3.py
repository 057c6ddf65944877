"""What a store does that a disk never does: it is busy, cuts connections, refuses keys, and is changed by others."""

from __future__ import annotations

import asyncio
import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zlib import crc32

import botocore.auth
import pytest

from headwaters.adapters.storage import s3_client, s3_source
from headwaters.adapters.storage.s3 import S3Storage
from headwaters.adapters.storage.s3_client import S3Client
from headwaters.core.errors import Code, HeadwatersError, Refused, Unavailable
from headwaters.ports import Blob, Keep
from tests.support.s3 import Account, Line, Swift

MIB = 1 << 20
BYTES = bytes(range(256)) * 4096 * 3 + b"the end"
FILM = Blob(hashlib.sha256(BYTES).hexdigest(), crc32(BYTES), len(BYTES), place="s3")
LATER = datetime(2100, 1, 1, tzinfo=UTC)

MakeStorage = Callable[..., S3Storage]


def quiet(done: int) -> None:
    """A progress that nobody looks at."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two attempts."""
    monkeypatch.setattr(s3_source, "PAUSE", 0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeStorage]:
    made: list[S3Storage] = []

    def storage(account: Account, part: int = MIB, attempts: int = 4) -> S3Storage:
        made.append(S3Storage(S3Client(account, attempts), tmp_path / "copies", part=part))
        return made[-1]

    yield storage
    for each in made:
        each.close()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(BYTES)
    return path


def read(storage: S3Storage, blob: Blob, offset: int = 0, length: int = 1 << 30) -> bytes:
    async def all_of_it() -> bytes:
        parts, at = [], offset
        with storage.open(blob) as source:
            while at < min(blob.size, offset + length) and (part := await source.read(at, 200_000)):
                parts.append(part)
                at += len(part)
        return b"".join(parts)[:length]

    return asyncio.run(all_of_it())


# ── what is wrong with the configuration ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secret": "another"}, "refuses the shop’s key"),
        ({"key_id": "nobody:here"}, "refuses the shop’s key"),
        ({"bucket": "no-such-bucket"}, "no bucket “no-such-bucket”"),
        ({"key_id": "bob:shop", "secret": "a-secret-of-bob"}, "no bucket"),
        ({"key_id": "alice:reader", "secret": "a-secret-of-charlie"}, "refuses the shop’s key"),
    ],
    ids=["secret", "key", "bucket", "somebody else's", "may not write"],
)
def test_what_is_wrong_with_the_key_or_the_bucket_is_said_and_no_secret_is(
    make: MakeStorage, bucket: Account, film: Path, wrong: dict[str, str], said: str
) -> None:
    storage = make(replace(bucket, **wrong))
    for attempt in (
        lambda: storage.keep(film, Keep.COPY, quiet),
        lambda: storage.keep_bytes(b"a thumbnail"),
        lambda: asyncio.run(storage.look()),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code is Code.CONFIG_BROKEN
        assert said in str(refused.value)
        assert "[s3]" in refused.value.hint
        for secret in ("another", "a-secret-of-bob", "a-secret-of-charlie"):
            assert secret not in f"{refused.value} {refused.value.hint_text} {refused.value.values}"


def test_a_reader_hears_nothing_of_what_is_wrong_with_the_key(make: MakeStorage, bucket: Account, film: Path) -> None:
    blob = make(bucket).keep(film, Keep.COPY, quiet)
    with pytest.raises(Unavailable) as unavailable:
        read(make(replace(bucket, secret="another")), blob)
    assert unavailable.value.code is Code.STORAGE_DOWN
    assert bucket.endpoint not in str(unavailable.value)


def test_clocks_that_differ_are_said(make: MakeStorage, bucket: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        botocore.auth,
        "get_current_datetime",
        lambda remove_tzinfo=True: datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=2),
    )
    with pytest.raises(Refused, match="clock") as refused:
        make(bucket).keep_bytes(b"a thumbnail")
    assert refused.value.code is Code.CONFIG_BROKEN


def test_a_store_that_is_not_there_is_down(make: MakeStorage, bucket: Account, line: Line, film: Path) -> None:
    line.dead = True
    storage = make(line.through(bucket), attempts=2)
    for attempt in (
        lambda: storage.keep(film, Keep.COPY, quiet),
        lambda: read(storage, FILM),
        lambda: storage.verify(FILM),
        lambda: list(storage.holdings()),
        lambda: asyncio.run(storage.look()),
    ):
        with pytest.raises(Unavailable) as down:
            attempt()
        assert down.value.code is Code.STORAGE_DOWN


# ── busy, and cut off ────────────────────────────────────────────────────────────────────────────


def test_a_busy_store_is_asked_again(make: MakeStorage, bucket: Account, line: Line, film: Path) -> None:
    storage = make(line.through(bucket))
    line.busy = 3
    blob = storage.keep(film, Keep.COPY, quiet)
    assert line.busy < 0
    line.busy = 3
    assert read(make(line.through(bucket)), blob) == BYTES
    assert line.busy < 0


def test_one_that_stays_busy_is_down_and_nothing_is_half_there(
    make: MakeStorage, swift: Swift, bucket: Account, line: Line, film: Path
) -> None:
    line.busy = 1000
    with pytest.raises(Unavailable) as down:
        make(line.through(bucket)).keep(film, Keep.COPY, quiet)
    assert down.value.code is Code.STORAGE_DOWN
    assert swift.keys(bucket) == []


def test_a_download_that_is_cut_off_goes_on_at_its_place(
    make: MakeStorage, bucket: Account, line: Line, film: Path
) -> None:
    blob = make(bucket).keep(film, Keep.COPY, quiet)
    line.down = [500_000, 700_000, 300, 1_000_000]
    assert read(make(line.through(bucket)), blob) == BYTES
    assert line.cuts == 4


def test_one_that_is_cut_off_before_every_byte_ends(make: MakeStorage, bucket: Account, line: Line, film: Path) -> None:
    blob = make(bucket).keep(film, Keep.COPY, quiet)
    line.down = [100] * 200  # within the headers
    with pytest.raises(Unavailable) as down:
        read(make(line.through(bucket), attempts=2), blob)
    assert down.value.code is Code.STORAGE_DOWN


def test_an_upload_that_is_cut_off_is_taken_up(
    make: MakeStorage, swift: Swift, bucket: Account, line: Line, film: Path
) -> None:
    line.up = [200_000, 900_000]
    storage = make(line.through(bucket))
    blob = storage.keep(film, Keep.COPY, quiet)
    assert line.cuts == 2
    make(bucket).verify(blob)
    assert storage.sweep(LATER) == 0


def test_a_reader_who_goes_in_the_middle_spoils_nothing_for_the_next_read(
    make: MakeStorage, bucket: Account, film: Path
) -> None:
    storage = make(bucket)
    blob = storage.keep(film, Keep.COPY, quiet)

    async def go() -> bytes:
        with storage.open(blob) as source:
            assert await source.read(0, 1000) == BYTES[:1000]
            reading = asyncio.create_task(source.read(1000, 3_000_000))
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            return await source.read(1000, 5000)

    assert asyncio.run(go()) == BYTES[1000:6000]


# ── uploads in parts ─────────────────────────────────────────────────────────────────────────────


def test_an_upload_that_is_given_up_leaves_nothing(
    make: MakeStorage, swift: Swift, bucket: Account, film: Path
) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int) -> None:
        raise Stopped

    storage = make(bucket)
    with pytest.raises(Stopped):
        storage.keep(film, Keep.COPY, stop)
    assert storage.sweep(LATER) == 0, "it was called off"
    assert swift.keys(bucket) == []


def test_what_a_killed_process_left_is_swept_when_it_is_old(make: MakeStorage, swift: Swift, bucket: Account) -> None:
    key = "0" * 64
    swift.ask(bucket, lambda client: client.create_multipart_upload(Bucket=bucket.bucket, Key=key))
    storage = make(bucket)
    assert storage.sweep(datetime.now(UTC) - timedelta(days=1)) == 0
    assert storage.sweep(LATER) == 1
    assert storage.sweep(LATER) == 0


def test_a_large_file_takes_no_more_parts_than_every_store_takes() -> None:
    from headwaters.adapters.storage.s3_upload import MOST_PARTS, PART, Upload

    for size in (5_000_000_000, 100_000_000_000, 5_000_000_000_000):
        upload = Upload(S3Client(Account("http://127.0.0.1:1")), "key", Blob("0" * 64, 0, size))
        assert upload._part >= PART
        assert -(-size // upload._part) <= MOST_PARTS


# ── what others do to it ─────────────────────────────────────────────────────────────────────────


def test_what_somebody_put_in_its_place_is_never_sent(
    make: MakeStorage, swift: Swift, bucket: Account, film: Path
) -> None:
    """Also where it has the same size: the store's tag tells. Keeping it again mends it."""
    storage = make(bucket, part=16 * MIB)
    blob = storage.keep(film, Keep.COPY, quiet)
    swift.put(bucket, blob.sha256, BYTES[:-1] + b"!")
    for look in (lambda: read(storage, blob), lambda: storage.verify(blob), lambda: read(storage, blob, 5, 10)):
        with pytest.raises(Unavailable) as changed:
            look()
        assert changed.value.code is Code.BLOB_CHANGED
    with pytest.raises(Unavailable), storage.local_copy(blob):
        pass
    mended = storage.keep(film, Keep.COPY, quiet)
    storage.verify(mended)
    assert read(storage, mended) == BYTES


def test_what_is_known_to_be_whole_is_not_sent_again(
    bucket: Account, swift: Swift, film: Path, tmp_path: Path, line: Line
) -> None:
    asked: list[str] = []

    async def trusted(sha256: str) -> bool:
        asked.append(sha256)
        return len(asked) > 1

    storage = S3Storage(S3Client(line.through(bucket)), tmp_path, trusted)
    first = storage.keep(film, Keep.COPY, quiet)
    line.up = [1_000_000]  # would be cut if it went again
    told: list[int] = []
    assert storage.keep(film, Keep.COPY, told.append) == first
    assert sum(told) == len(BYTES)
    assert line.cuts == 0
    swift.drop(bucket, first.sha256)  # and it is not there after all
    line.up = []
    assert storage.keep(film, Keep.COPY, quiet) == first
    storage.verify(first)
    storage.close()


def test_only_our_own_objects_are_listed(make: MakeStorage, swift: Swift, bucket: Account) -> None:
    mine, other = replace(bucket, prefix="mine/"), replace(bucket, prefix="other/")
    blob = make(mine).keep_bytes(b"a thumbnail")
    make(other).keep_bytes(b"somebody else's")
    swift.put(bucket, "mine/readme.txt", b"a word")
    assert [holding.sha256 for holding in make(mine).holdings()] == [blob.sha256]
    assert len(swift.keys(bucket)) == 3


# ── addresses for readers ────────────────────────────────────────────────────────────────────────


def fetch(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_an_address_gives_the_file_by_its_name_and_in_parts(make: MakeStorage, bucket: Account, film: Path) -> None:
    storage = make(bucket)
    blob = storage.keep(film, Keep.COPY, quiet)
    address = asyncio.run(storage.address(blob, "Überfluß 川.mp4", "video/mp4"))
    assert address is not None
    status, headers, body = fetch(address)
    assert (status, body) == (200, BYTES)
    assert headers["Content-Type"] == "video/mp4"
    assert "filename*=UTF-8''%C3%9Cberflu%C3%9F%20%E5%B7%9D.mp4" in headers["Content-Disposition"]
    status, headers, body = fetch(address, Range="bytes=1000000-1000004")
    assert (status, body) == (206, BYTES[1_000_000:1_000_005])
    tag = headers["Etag"] if "Etag" in headers else headers["ETag"]
    assert fetch(address, Range="bytes=5-9", **{"If-Range": tag})[::2] == (206, BYTES[5:10])


def test_an_address_that_is_altered_or_over_gives_nothing(
    make: MakeStorage, bucket: Account, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = make(bucket)
    blob, other = storage.keep(film, Keep.COPY, quiet), storage.keep_bytes(b"another file")
    address = asyncio.run(storage.address(blob, "film.mp4", "video/mp4")) or ""
    for altered in (
        address.replace(blob.sha256, other.sha256),
        address.replace("film.mp4", "film.exe"),
        address.replace("Expires=3600", "Expires=36000"),
        address[:-4] + "0000",
    ):
        assert altered != address
        status, _, body = fetch(altered)
        assert status == 403
        assert BYTES[:100] not in body
    long_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=2)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: long_ago)
    over = asyncio.run(storage.address(blob, "film.mp4", "video/mp4")) or ""
    assert fetch(over)[0] == 403


def test_addresses_lead_where_readers_reach_the_store(
    make: MakeStorage, bucket: Account, line: Line, film: Path
) -> None:
    storage = make(replace(bucket, public_endpoint=line.through(bucket).endpoint))
    blob = storage.keep(film, Keep.COPY, quiet)
    address = asyncio.run(storage.address(blob, "film.mp4", "video/mp4")) or ""
    assert urlsplit(address).port == line.port
    assert fetch(address)[::2] == (200, BYTES)


def test_the_secret_is_in_no_words(bucket: Account) -> None:
    assert bucket.secret not in repr(bucket)
    assert bucket.secret not in str(s3_client.storage_down(bucket, "503"))
    assert isinstance(s3_client.storage_down(bucket, "503"), HeadwatersError)


def test_many_who_keep_the_same_bytes_at_once_keep_them_once(
    make: MakeStorage, swift: Swift, bucket: Account, film: Path
) -> None:
    with ThreadPoolExecutor(4) as pool:
        blobs = set(pool.map(lambda _: make(bucket).keep(film, Keep.COPY, quiet), range(4)))
    assert len(blobs) == 1
    assert swift.keys(bucket) == [FILM.sha256]
    make(bucket).verify(blobs.pop())
