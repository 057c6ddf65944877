"""A response whose body is parts of kept files: from the page cache to the socket by the kernel, where it can.

docs/decisions/downloads.md says why not aiohttp's FileResponse, and what was measured.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from headwaters.core.errors import HeadwatersError
from headwaters.errands.download import Part
from headwaters.web.lane import fast_lane

if TYPE_CHECKING:
    from headwaters.ports import Blob, Source

log = logging.getLogger(__name__)

STRIDE = 512 << 10  # bytes that the event loop hands to the kernel at a time, until somebody is known to be fast
CHUNK = 256 << 10  # bytes read at a time where the kernel cannot do it alone (TLS in this process, other storages)
UNSENT = 128 << 10  # bytes that may wait in the kernel beyond what is on its way
FAST = 8e6  # bytes a second: who takes more gets into the fast lane, with as much waiting as the kernel likes

_UNSENT_LIMIT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux and macOS
_NO_LIMIT = 0


class UnderWay:
    """How many long bodies this process sends now; for those who look how a launch goes."""

    now = 0


class PartsResponse(web.StreamResponse):
    """Sends `parts` one after the other; blobs are opened when it is their turn. Content-Length is given in headers."""

    def __init__(
        self,
        status: int,
        headers: Iterable[tuple[str, str]],
        parts: Iterable[Part],
        open_blob: Callable[[Blob], Source],
    ) -> None:
        super().__init__(status=status, headers=list(headers))
        self._parts = parts
        self._open_blob = open_blob

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Headers, then the body. Raises ConnectionResetError when the reader went, or a file cannot be finished."""
        if self.prepared:
            return await super().prepare(request)
        writer = await super().prepare(request)
        transport = request.transport
        if writer is None or transport is None:
            raise ConnectionResetError("the reader went")
        UnderWay.now += 1
        try:
            await self._send(_Sender(transport, writer))
        except (HeadwatersError, OSError) as error:
            if not isinstance(error, ConnectionError | TimeoutError):
                log.warning("A download was cut off: %s", error)
            transport.abort()  # what was promised in Content-Length will not come
            raise ConnectionResetError("cut off") from error
        finally:
            UnderWay.now -= 1
        await super().write_eof()
        return writer

    async def _send(self, sender: _Sender) -> None:
        for part in self._parts:
            if isinstance(part, bytes):
                await sender.send_bytes(part)
            else:
                blob, offset, length = part
                with self._open_blob(blob) as source:
                    await sender.send_source(source, offset, length)


class _Descriptor:
    """As much of a file object as `loop.sendfile` asks for."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor


class _Sender:
    """One response's way out."""

    def __init__(self, transport: asyncio.Transport, writer: AbstractStreamWriter) -> None:
        self._transport = transport
        self._writer = writer
        self._by_kernel = transport.get_extra_info("sslcontext") is None
        self._socket = transport.get_extra_info("socket")
        self._let_wait(UNSENT)

    def _let_wait(self, unsent: int) -> None:
        """Little waiting in the kernel for each of thousands of slow readers, and few calls for a fast one.

        SO_SNDBUF would bound what is on its way as well: 128 KB a round trip are 0.9 MB/s across an ocean.
        """
        connection = self._socket
        if _UNSENT_LIMIT and connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, _UNSENT_LIMIT, unsent)

    async def send_bytes(self, data: bytes) -> None:
        """`data`, once there is room for it."""
        await self._writer.write(data)

    async def send_source(self, source: Source, offset: int, length: int) -> None:
        """`length` bytes of `source` from `offset`."""
        descriptor = source.descriptor
        if self._by_kernel and descriptor is not None:
            if await self._send_file(descriptor, offset, length):
                return
            self._by_kernel = False
        await self._send_chunks(source, offset, length)

    async def _send_file(self, descriptor: int, offset: int, length: int) -> bool:
        """By sendfile. False, and nothing sent, where the kernel cannot."""
        sent = self._send_at_once(descriptor, offset, min(length, STRIDE))
        if sent == length:
            return True
        reading = self._transport.is_reading()
        self._transport.pause_reading()  # once, not for each stride; a reader who goes is noticed by writing
        try:
            done = await self._stride(_Descriptor(descriptor), offset + sent, length - sent)
        finally:
            if reading and not self._transport.is_closing():
                self._transport.resume_reading()
        if sent and not done:
            raise ConnectionResetError("the reader went")
        return done

    def _send_at_once(self, descriptor: int, offset: int, length: int) -> int:
        """What the kernel takes without any wait, often all of it: how many bytes. What goes wrong with it goes wrong
        with `loop.sendfile` as well, which says so."""
        if self._socket is None or self._transport.get_write_buffer_size() or self._transport.is_closing():
            return 0
        try:
            sent = os.sendfile(self._socket.fileno(), descriptor, offset, length)
        except (AttributeError, OSError):
            return 0
        self._writer.output_size += sent
        return sent

    async def _stride(self, file: _Descriptor, offset: int, length: int) -> bool:
        loop = asyncio.get_running_loop()
        begun = False
        while length:
            if self._transport.is_closing():
                raise ConnectionResetError("the reader went")
            start = loop.time()
            try:
                sent = await loop.sendfile(
                    self._transport, cast("IO[bytes]", file), offset, min(length, STRIDE), fallback=False
                )
            except asyncio.SendfileNotAvailableError as error:
                if begun:
                    raise ConnectionResetError("the reader went") from error
                return False  # or the reader went at once: writing will tell
            if not sent:
                raise OSError("a kept file is shorter than it was")
            if sent == STRIDE < length and loop.time() - start < STRIDE / FAST:
                sent += await self._send_fast(file.fileno(), offset + sent, length - sent)
            begun = True
            offset += sent
            length -= sent
            self._writer.output_size += sent
        return True

    async def _send_fast(self, descriptor: int, offset: int, length: int) -> int:
        """In the fast lane, as far as the reader keeps up; how much."""
        lane = fast_lane()
        if lane is None:
            return 0
        self._let_wait(_NO_LIMIT)
        sent = await lane.send(self._socket.fileno(), descriptor, offset, length, FAST)
        if sent < length:
            self._let_wait(UNSENT)
        return sent

    async def _send_chunks(self, source: Source, offset: int, length: int) -> None:
        """By reading and writing. A reader who goes makes the next write raise."""
        while length:
            data = await source.read(offset, min(length, CHUNK))
            await self._writer.write(data)
            offset += len(data)
            length -= len(data)
