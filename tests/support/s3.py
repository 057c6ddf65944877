"""A real S3 server, which takes no wrong secret and no altered or expired address; and the line that leads there, which
can be cut, and can be made to answer that the store is busy."""

from __future__ import annotations

import os
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.needs import ROOT, need
from tests.support.s3_server import Account, Swift, running

__all__ = ["Account", "Line", "Swift", "bucket", "line", "swift"]

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST
_BUSY = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@pytest.fixture(scope="session")
def swift() -> Iterator[Swift]:
    """The run's own S3 server. Its folder is on a disk that has extended attributes, which pytest's may not be."""
    for tool in ("swift", "swift-account", "swift-box", "swift-object"):
        need(tool)
    place = tempfile.TemporaryDirectory(prefix="headwaters-swift-", dir=_disk())
    with place as folder, running(Path(folder)) as server:
        yield server


def _disk() -> str:
    """A folder whose disk has extended attributes, where Swift keeps what it knows of an object: tmpfs has them only
    since Linux 6.6."""
    for folder in (tempfile.gettempdir(), "/var/tmp", str(ROOT)):
        with suppress(OSError), tempfile.NamedTemporaryFile(dir=folder) as file:
            os.setxattr(file.name, "user.headwaters", b"1")
            return folder
    pytest.fail("no disk here has extended attributes, which Swift needs")


@pytest.fixture
def bucket(swift: Swift) -> Account:
    """An empty bucket."""
    return swift.new_bucket()


# ── the line ─────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Line:
    """A way to the server through which everything goes as it is, until it is told otherwise. `down` and `up`: after
    how many bytes of the next connections it breaks, towards us and towards the server; `busy`: how many connections
    are answered 503 instead; `dead`: nobody answers."""

    target: int
    port: int = 0
    down: list[int] = field(default_factory=list)
    up: list[int] = field(default_factory=list)
    busy: int = 0
    dead: bool = False
    cuts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _open: list[socket.socket] = field(default_factory=list, repr=False)

    def hang_up(self) -> None:
        """End the connections that are open, so that what is told now counts for the next request."""
        with self._lock:
            ends, self._open = self._open, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def through(self, account: Account) -> Account:
        """The account, by this way."""
        return replace(account, endpoint=f"http://127.0.0.1:{self.port}")

    def carry(self, client: socket.socket) -> None:
        with self._lock:
            self._open.append(client)
        with client:
            if self.dead:
                _reset(client)
            elif self._is_busy():
                _answer_busy(client)
            else:
                with self._lock:
                    down = self.down.pop(0) if self.down else None
                    up = self.up.pop(0) if self.up else None
                self._join(client, down, up)

    def _is_busy(self) -> bool:
        with self._lock:
            self.busy -= 1
            return self.busy >= 0

    def _join(self, client: socket.socket, down: int | None, up: int | None) -> None:
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            back = threading.Thread(target=self._pass_on, args=(server, client, down), daemon=True)
            back.start()
            self._pass_on(client, server, up)
            back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if left is not None and len(data) >= left:
                    target.sendall(data[:left])
                    with self._lock:
                        self.cuts += 1
                    _reset(source)
                    _reset(target)
                    return
                left = None if left is None else left - len(data)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it
    end.close()


def _answer_busy(client: socket.socket) -> None:
    with suppress(OSError):
        client.recv(65_536)
        head = f"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: {len(_BUSY)}\r\n"
        client.sendall(f"{head}Connection: close\r\n\r\n".encode() + _BUSY)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            pass


@pytest.fixture
def line(swift: Swift) -> Iterator[Line]:
    """The way to the server."""
    way = Line(swift.port)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        way.port = listener.getsockname()[1]

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=_quietly, args=(way, client), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield way
        listener.shutdown(socket.SHUT_RDWR)


def _quietly(way: Line, client: socket.socket) -> None:
    with suppress(OSError):
        way.carry(client)
