"""A blob of a store as a Source: a range that is read on and on is one answer of the store, taken up again at its place
where the line breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from aiohttp import ClientError as LineError
from botocore.exceptions import BotoCoreError

from headwaters.adapters.storage.s3_client import Client, S3Client, blob_changed, storage_down
from headwaters.core.errors import N_, Code, Refused, Unavailable
from headwaters.ports import Blob

T = TypeVar("T")

SMALLEST, LARGEST = 1 << 20, 64 << 20  # bytes asked for at once: more each time that somebody reads on
PATIENCE = 5  # answers in a row that end before they gave a byte
PAUSE = 0.2  # seconds before the second of them; twice as long each time


class S3Source:
    """See ports.Source. One reader at a time."""

    def __init__(self, client: S3Client, key: str, blob: Blob) -> None:
        self._client = client
        self._key = key
        self._blob = blob
        self.size = blob.size
        self._closed = False
        self._body: Any = None  # the answer that is being read
        self._at = self._end = 0  # where it is, and where it ends
        self._window = SMALLEST

    @property
    def descriptor(self) -> int | None:
        """See ports.Source: there is none."""
        self._check_open()
        return None

    @property
    def path(self) -> str | None:
        """See ports.Source: it lies on another machine."""
        return None

    async def begin(self, offset: int, length: int) -> None:
        """See ports.Source."""
        if wanted := self._wanted(offset, length):
            await self._ask(lambda client: self._open(client, offset, min(wanted, LARGEST)))

    async def read(self, offset: int, length: int) -> bytes:
        """See ports.Source."""
        if not (wanted := self._wanted(offset, length)):
            return b""
        return await self._ask(lambda client: self._read(client, offset, wanted))

    def read_now(self, offset: int, length: int) -> bytes:
        """The same for whoever waits in a thread."""
        wanted = self._wanted(offset, length)
        return self._client.run(lambda client: self._read(client, offset, wanted)) if wanted else b""

    def close(self) -> None:
        """See ports.Source."""
        self._closed = True
        if self._body is not None:
            self._client.let_go(self._drop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _wanted(self, offset: int, length: int) -> int:
        self._check_open()
        return max(min(length, self.size - offset), 0)

    async def _ask(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        try:
            return await self._client.ask(work)
        except Refused as refused:  # our key was withdrawn, say: nothing that a reader could do about
            raise _out_of_reach(refused) from refused

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("a source used after it was closed")

    # ── in the client's loop ─────────────────────────────────────────────────────────────────────

    async def _read(self, client: Client, offset: int, length: int) -> bytes:
        parts: list[bytes] = []
        failures = 0
        while length:
            try:
                part = await self._some(client, offset, length)
            except (LineError, BotoCoreError, OSError, EOFError, TimeoutError) as error:
                await self._drop()
                failures += 1
                if failures == PATIENCE:
                    raise storage_down(self._client.account, type(error).__name__) from error
                await asyncio.sleep(PAUSE * 2**failures)
                continue
            except BaseException:  # a reader who went in the middle: the answer is at no known place
                await self._drop()
                raise
            parts.append(part)
            offset += len(part)
            length -= len(part)
            failures = 0
        return b"".join(parts)

    async def _some(self, client: Client, offset: int, length: int) -> bytes:
        """The next bytes, at least one. Raises EOFError where the answer ended early."""
        if self._body is None or self._at != offset:
            await self._open(client, offset, length)
        part: bytes = await self._body.read(min(length, self._end - self._at))
        if not part:
            raise EOFError
        self._at += len(part)
        if self._at == self._end:
            body, self._body = self._body, None
            await body.read()  # its end, so that the connection can be used again
        return part

    async def _open(self, client: Client, offset: int, length: int) -> None:
        going_on = bool(self._end) and self._at == offset
        self._window = min(self._window * 2, LARGEST) if going_on else SMALLEST
        await self._drop()
        end = min(offset + max(length, self._window if going_on else length), self.size)
        bucket = self._client.account.bucket
        answer = await client.get_object(Bucket=bucket, Key=self._key, Range=f"bytes={offset}-{end - 1}")
        self._body, self._at, self._end = answer["Body"], offset, end
        if not self._is_ours(answer, offset, end):
            await self._drop()
            raise blob_changed()

    def _is_ours(self, answer: Any, offset: int, end: int) -> bool:
        """Whether it is the part that was asked for, of a whole that is as it was kept."""
        if answer.get("ContentRange", "") != f"bytes {offset}-{end - 1}/{self.size}":
            return False
        return not self._blob.tag or answer.get("ETag", "") == self._blob.tag

    async def _drop(self) -> None:
        """Let go of the answer; what was not read of it is not waited for."""
        body, self._body = self._body, None
        if body is not None:
            body.close()


def _out_of_reach(refused: Refused) -> Unavailable:
    code = Code.STORAGE_DOWN if refused.code is Code.CONFIG_BROKEN else refused.code
    return Unavailable(
        code, N_("A file of this shop cannot be read right now."), hint=N_("“headwaters doctor” says why.")
    )
