"""A lean HTTP/1.1 client for load: one keep-alive connection, no redirects, no decompression.

It parses only what the shop sends (Content-Length framing) so that the generator, which shares the machine, takes as
little of it as it can.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status, its head as it came, its body (empty when it was thrown away)."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> str:
        """The value of a header, empty where there is none."""
        _, found, rest = self.head.lower().partition(b"\r\n" + name.lower() + b": ")
        if not found:
            return ""
        start = len(self.head) - len(rest)
        return self.head[start:].partition(b"\r\n")[0].decode("latin-1")


class Client(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._waiting: asyncio.Future[Answer] | None = None
        self._head = b""
        self._missing = -1
        self._bodyless = False

    @classmethod
    async def open(cls, host: str, port: int) -> Client:
        """A connected client."""
        _, client = await asyncio.get_running_loop().create_connection(lambda: cls(f"{host}:{port}"), host, port)
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("closed in the middle"))

    def data_received(self, data: bytes) -> None:
        if self._missing > 0 and self._head:  # the rest of a body: kept only while it is small
            self._missing -= len(data)
            if len(self._buffer) < 1 << 16:
                self._buffer += data
            if self._missing <= 0:
                self._finish()
            return
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        self._head = bytes(self._buffer[: end + 2])
        del self._buffer[: end + 4]
        lowered = self._head.lower()
        at = lowered.find(b"\r\ncontent-length: ")
        length = int(lowered[at + 18 : lowered.index(b"\r\n", at + 18)]) if at >= 0 else 0
        self._missing = 0 if self._bodyless else length - len(self._buffer)
        if self._missing <= 0:
            self._finish()

    def _finish(self) -> None:
        answer = Answer(int(self._head[9:12]), self._head, bytes(self._buffer))
        self._buffer.clear()
        self._head, self._missing = b"", -1
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    async def send(self, method: str, path: str, headers: str = "", body: bytes = b"") -> Answer:
        """One request; `headers` are whole lines ending in CRLF."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
        self._bodyless = method == "HEAD"
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n{headers}{length}\r\n".encode()
        self._transport.write(head + body)
        return await self._waiting

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
