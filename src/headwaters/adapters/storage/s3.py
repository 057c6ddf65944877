"""Files in a bucket of an S3-compatible store, by their SHA-256.

    <prefix><sha256>           an object, whole or not there at all: a store shows none before it has all of it
    <prefix>headwaters-shop    the name of the shop that may remove things here

What is read for sending is hashed again while it is sent, and an upload whose bytes were others is called off. Each
request is signed together with the SHA-256 of its body, so the store refuses what the line changed. The store's ETag
says only whether an object is still the one that we put there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from zlib import crc32

from headwaters.adapters.storage.leftovers import hold, sweep_file
from headwaters.adapters.storage.originals import CHUNK, open_original
from headwaters.adapters.storage.s3_client import Account, Client, S3Client, blob_changed, blob_missing, seen
from headwaters.adapters.storage.s3_source import S3Source
from headwaters.adapters.storage.s3_upload import PART, Upload
from headwaters.core.errors import N_, Code, HeadwatersError, Refused, Unavailable
from headwaters.core.shelf.keys import content_disposition
from headwaters.ports import Blob, Holding, Keep

PLACE = "s3"
NAME = "headwaters-shop"
LONGEST_NAME = 1000  # bytes
FOR = 3600  # seconds that an address for readers is good
COPY = "copy-"  # how the names of local copies begin
LEFT = timedelta(hours=1)  # after which a copy that nobody holds is in the way

Trusted = Callable[[str], Awaitable[bool]]


async def _nobody(_sha256: str) -> bool:
    return False


def _quiet(_done: int) -> None:
    """A progress that nobody looks at."""


class S3Storage:
    """The Storage port over a bucket. Any number of processes and machines may use one bucket."""

    def __init__(self, client: S3Client, folder: Path, trusted: Trusted = _nobody, part: int = PART) -> None:
        """`folder`: where local copies may lie for a while. `trusted`: whether the shop knows an object to be whole, so
        that it need not be sent again (asked in the client's loop). `part`: bytes of a part of a large upload."""
        self._client = client
        self._account = client.account
        self._folder = folder
        self._trusted = trusted
        self._part = part

    # ── keeping ──────────────────────────────────────────────────────────────────────────────────

    def keep(self, path: Path, keep: Keep, progress: Callable[[int], None], known: str = "") -> Blob:
        """See ports.Storage. Read twice: its name is its SHA-256, and so comes before its first byte."""
        with open_original(path) as original:
            sums = original.hash(_quiet)
            original.check_known(sums.sha256, known)
            blob = Blob(sums.sha256, sums.crc32, sums.size, place=PLACE)
            if (tag := self._whole(blob)) is not None:
                progress(blob.size)
                original.check_unchanged(sums.size)
                return replace(blob, tag=tag)
            os.lseek(original.descriptor, 0, os.SEEK_SET)
            return replace(blob, tag=self._upload(blob).send(original, progress))

    def keep_bytes(self, data: bytes) -> Blob:
        """See ports.Storage."""
        blob = Blob(sha256(data).hexdigest(), crc32(data), len(data), place=PLACE)
        tag = self._whole(blob)
        return replace(blob, tag=tag if tag is not None else self._upload(blob).put(data))

    def _upload(self, blob: Blob) -> Upload:
        return Upload(self._client, self._key(blob.sha256), blob, self._part)

    def _whole(self, blob: Blob) -> str | None:
        """The tag of what is there, if it is good for sure; else None."""

        async def work(client: Client) -> str | None:
            if not await self._trusted(blob.sha256):
                return None
            size, tag = await self._look_at(client, blob.sha256)
            return tag if size == blob.size else None

        with suppress(Unavailable):
            return self._client.run(work)
        return None

    async def _look_at(self, client: Client, digest: str) -> tuple[int, str]:
        answer = await seen(client, self._account.bucket, self._key(digest))
        return int(answer["ContentLength"]), str(answer.get("ETag", ""))

    # ── opening ──────────────────────────────────────────────────────────────────────────────────

    def open(self, blob: Blob) -> S3Source:
        """See ports.Storage. Looks with the first read."""
        return S3Source(self._client, self._key(blob.sha256), blob)

    def verify(self, blob: Blob, progress: Callable[[int], None] = _quiet) -> str:
        """See ports.Storage."""
        digest, found = sha256(), self._as_it_is(blob)
        for chunk in self._chunks(found):
            digest.update(chunk)
            progress(len(chunk))
        if digest.hexdigest() != blob.sha256:
            raise blob_changed()
        return found.tag

    def glance(self, blob: Blob) -> str:
        """See ports.Storage: by its tag and its date. Not where one of them is not said."""
        seen_now = partial(seen, bucket=self._account.bucket, key=self._key(blob.sha256))
        answer = self._client.run(seen_now)
        tag, date = answer.get("ETag", ""), answer.get("LastModified")
        return f"{tag} {date.isoformat()}" if tag and date else ""

    @contextmanager
    def local_copy(self, blob: Blob) -> Iterator[Path]:
        """See ports.Storage."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep_copies(datetime.now(UTC) - LEFT)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=COPY) as file:
            hold(file.fileno())
            digest = sha256()
            try:
                for chunk in self._chunks(self._as_it_is(blob)):
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
            except OSError as error:
                raise _no_room(self._folder, error) from error
            if digest.hexdigest() != blob.sha256:
                raise blob_changed()
            yield Path(file.name)

    def _sweep_copies(self, older_than: datetime) -> int:
        limit = int(older_than.timestamp() * 1_000_000_000)
        return sum(sweep_file(path, limit) for path in self._folder.glob(f"{COPY}*"))

    def _as_it_is(self, blob: Blob) -> Blob:
        """The same with the tag of what is there now. Raises BLOB_MISSING, BLOB_CHANGED (of another size)."""
        size, tag = self._client.run(lambda client: self._look_at(client, blob.sha256))
        if size != blob.size:
            raise blob_changed()
        return replace(blob, tag=tag)

    def _chunks(self, blob: Blob) -> Iterator[bytes]:
        with S3Source(self._client, self._key(blob.sha256), blob) as source:
            offset = 0
            while chunk := source.read_now(offset, CHUNK):
                yield chunk
                offset += len(chunk)

    async def address(self, blob: Blob, name: str, media_type: str, method: str = "GET") -> str | None:
        """See ports.Storage."""
        asked = {"Bucket": self._account.bucket, "Key": self._key(blob.sha256)}
        told = {
            "ResponseContentDisposition": content_disposition("attachment", name),
            "ResponseContentType": media_type,
            "ResponseCacheControl": "private, no-transform",
        }
        verb = "head_object" if method == "HEAD" else "get_object"

        async def write(_client: Client) -> str:
            public = await self._client.public()
            return str(await public.generate_presigned_url(verb, Params=asked | told, ExpiresIn=FOR))

        return await self._client.ask(write)

    # ── whose it is ──────────────────────────────────────────────────────────────────────────────

    def name(self) -> str:
        """See ports.Shared."""

        async def work(client: Client) -> bytes:
            answer = await client.get_object(Bucket=self._account.bucket, Key=self._key(NAME))
            return bytes(await answer["Body"].read(LONGEST_NAME))

        try:
            return self._client.run(work).decode("ascii", "replace").strip()
        except Unavailable as error:
            if error.code is Code.BLOB_MISSING:
                return ""
            raise

    def write_name(self, name: str) -> None:
        """See ports.Shared."""

        async def work(client: Client) -> None:
            body = f"{name}\n".encode()
            await client.put_object(
                Bucket=self._account.bucket, Key=self._key(NAME), Body=body, ContentType="text/plain"
            )

        self._client.run(work)

    # ── tidying ──────────────────────────────────────────────────────────────────────────────────

    def holdings(self) -> Iterator[Holding]:
        """See ports.Storage."""
        after = None
        while True:
            page, after = self._client.run(lambda client, after=after: self._page(client, after))  # type: ignore[misc]
            yield from page
            if after is None:
                return

    async def _page(self, client: Client, after: str | None) -> tuple[list[Holding], str | None]:
        more = {"ContinuationToken": after} if after else {}
        answer = await client.list_objects_v2(Bucket=self._account.bucket, Prefix=self._account.prefix, **more)
        found = []
        for item in answer.get("Contents", ()):
            digest = item["Key"].removeprefix(self._account.prefix)
            if len(digest) == 64 and set(digest) <= set("0123456789abcdef"):  # else it is none of ours
                found.append(Holding(digest, item["Size"], item["LastModified"].astimezone(UTC)))
        return found, answer.get("NextContinuationToken") if answer.get("IsTruncated") else None

    def remove(self, sha256: str, touched_before: datetime) -> bool:
        """See ports.Storage. Whoever keeps bytes that the shop does not know sends them anew, which makes them young;
        a store that is asked and then told to delete leaves that a moment in which it could go wrong."""

        async def work(client: Client) -> bool:
            bucket, key = self._account.bucket, self._key(sha256)
            if (await seen(client, bucket, key))["LastModified"] >= touched_before:
                return False
            await client.delete_object(Bucket=bucket, Key=key)
            return True

        try:
            return self._client.run(work)
        except Unavailable as error:
            if error.code is Code.BLOB_MISSING:
                return False
            raise

    def sweep(self, older_than: datetime) -> int:
        """See ports.Storage: uploads in parts that nobody finished, and copies of who was killed."""

        async def work(client: Client) -> int:
            count = 0
            pages = client.get_paginator("list_multipart_uploads")
            async for page in pages.paginate(Bucket=self._account.bucket, Prefix=self._account.prefix):
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] < older_than:
                        place = {"Bucket": self._account.bucket, "Key": upload["Key"]}
                        await client.abort_multipart_upload(**place, UploadId=upload["UploadId"])
                        count += 1
            return count

        return self._sweep_copies(older_than) + self._client.run(work)

    async def look(self) -> None:
        """See ports.Storage."""
        probe, key = token_bytes(32), f"{self._account.prefix}headwaters-probe-{token_bytes(8).hex()}"

        async def work(client: Client) -> bytes:
            place = {"Bucket": self._account.bucket, "Key": key}
            await client.put_object(**place, Body=probe)
            try:
                answer = await client.get_object(**place)
                return bytes(await answer["Body"].read())
            finally:
                await client.delete_object(**place)

        if await self._client.ask(work) != probe:
            raise blob_missing()

    def close(self) -> None:
        """See ports.Storage."""
        self._client.close()

    def _key(self, digest: str) -> str:
        return self._account.prefix + digest


def make_s3(account: Account, folder: Path, trusted: Trusted = _nobody) -> S3Storage:
    """The storage of a bucket; asks nothing yet."""
    return S3Storage(S3Client(account), folder, trusted)


def _no_room(folder: Path, error: OSError) -> HeadwatersError:
    return Refused(
        Code.DISK_FULL,
        N_("There is no room in %(path)s for a copy of a file: %(why)s."),
        hint=N_("Make room there; it is needed only for a while."),
        path=str(folder),
        why=error.strerror or str(error),
    )
