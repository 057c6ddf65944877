"""Sending a file to a store: in one request where it is small, else in parts (a request may have 5 GB at most).

Two parts are on their way while the next is read, so a file of any size takes the memory of three.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import suppress
from hashlib import sha256
from typing import Any

from headwaters.adapters.storage.originals import Original
from headwaters.adapters.storage.s3_client import Client, S3Client, blob_changed, seen
from headwaters.core.errors import HeadwatersError
from headwaters.ports import Blob

PART = 16 << 20  # bytes
MOST_PARTS = 1000  # stores take 10,000 by their standard, and some 1,000
AT_ONCE = 2


class Upload:
    """One object on its way."""

    def __init__(self, client: S3Client, key: str, blob: Blob, part: int = PART) -> None:
        self._client = client
        self._place = {"Bucket": client.account.bucket, "Key": key}
        self._blob = blob
        self._part = max(part, -(-blob.size // MOST_PARTS))

    def put(self, data: bytes) -> str:
        """In one request; the tag that the store gives it."""
        checksum = b64encode(bytes.fromhex(self._blob.sha256)).decode()

        async def work(client: Client) -> str:
            answer = await client.put_object(**self._place, Body=data, ChecksumSHA256=checksum)
            return str(answer.get("ETag", ""))

        return self._client.run(work)

    def send(self, original: Original, progress: Callable[[int], None]) -> str:
        """All of a file, from its start; its tag. `progress` as in ports.Storage.

        Raises Refused(FILE_CHANGED) where it is not what it was, and then nothing is there of it.
        """
        if self._blob.size > self._part:
            return self._send_parts(original, progress)
        data = bytearray()
        for chunk in original.chunks():
            data += chunk
            progress(len(chunk))
        self._check(original, sha256(data).hexdigest(), len(data))
        return self.put(bytes(data))

    def _check(self, original: Original, digest: str, size: int) -> None:
        original.check_unchanged(size)
        original.check_known(digest, self._blob.sha256)

    def _send_parts(self, original: Original, progress: Callable[[int], None]) -> str:
        upload = self._client.run(self._begin)
        try:
            digest, size, tags = sha256(), 0, []
            for part, tag in self._sent(original, upload):
                digest.update(part)
                size += len(part)
                tags.append(tag)
                progress(len(part))
            self._check(original, digest.hexdigest(), size)
            return self._client.run(lambda client: self._finish(client, upload, tags))
        except BaseException:
            with suppress(HeadwatersError):  # `sweep` finds what is left
                self._client.run(lambda client: self._abort(client, upload))
            raise

    def _sent(self, original: Original, upload: str) -> Iterator[tuple[bytes, str]]:
        """Each part and its tag, in order; the next ones are on their way meanwhile."""
        under_way: deque[tuple[bytes, Future[str]]] = deque()
        try:
            for number, part in enumerate(self._parts(original), 1):
                under_way.append((part, self._client.start(self._sending(upload, number, part))))
                if len(under_way) > AT_ONCE:
                    part, future = under_way.popleft()
                    yield part, future.result()
            while under_way:
                part, future = under_way.popleft()
                yield part, future.result()
        finally:
            for _, future in under_way:
                future.cancel()

    def _parts(self, original: Original) -> Iterator[bytes]:
        part = bytearray()
        for chunk in original.chunks():
            part += chunk
            if len(part) >= self._part:
                yield bytes(part[: self._part])
                del part[: self._part]
        if part:
            yield bytes(part)

    def _sending(self, upload: str, number: int, part: bytes) -> Callable[[Client], Coroutine[Any, Any, str]]:
        async def work(client: Client) -> str:
            answer = await client.upload_part(**self._place, UploadId=upload, PartNumber=number, Body=part)
            return str(answer["ETag"])

        return work

    # ── requests ─────────────────────────────────────────────────────────────────────────────────

    async def _begin(self, client: Client) -> str:
        answer = await client.create_multipart_upload(**self._place)
        return str(answer["UploadId"])

    async def _finish(self, client: Client, upload: str, tags: list[str]) -> str:
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        await client.complete_multipart_upload(**self._place, UploadId=upload, MultipartUpload={"Parts": parts})
        whole = await seen(client, self._place["Bucket"], self._place["Key"])
        if int(whole["ContentLength"]) != self._blob.size:
            raise blob_changed()
        return str(whole.get("ETag", ""))

    async def _abort(self, client: Client, upload: str) -> None:
        await asyncio.shield(client.abort_multipart_upload(**self._place, UploadId=upload))
