"""A real S3 server on loopback: OpenStack Swift with its S3 face, which takes no wrong secret and no altered or expired
address. And the line that leads there, which can be cut, and can be made to answer that the store is busy."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.addresses import free_port
from tests.support.needs import need

KEY_ID, SECRET = "alice:shop", "a-secret-of-alice"
_PYTHON = "/usr/bin/python3"  # Debian's, which has Swift
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST
_BUSY = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Account:
    """As config.S3."""

    endpoint: str
    bucket: str = "shop"
    region: str = "us-east-1"
    prefix: str = ""
    key_id: str = KEY_ID
    secret: str = field(default=SECRET, repr=False)
    addressing: str = "path"
    public_endpoint: str = ""


@dataclass(frozen=True)
class Swift:
    """The server."""

    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def new_bucket(self, **more: Any) -> Account:
        """An account with an empty bucket of its own."""
        account = Account(self.endpoint, bucket=f"shop-{next(_numbers)}", **more)
        self.ask(account, lambda client: client.create_bucket(Bucket=account.bucket))
        return account

    def ask(self, account: Account, work: Callable[[Any], Any]) -> Any:
        """`work(client)` of Amazon's client, straight to the server."""
        from headwaters.adapters.storage.s3_client import S3Client

        client = S3Client(replace(account, endpoint=self.endpoint))
        try:
            return client.run(work)
        finally:
            client.close()

    def keys(self, account: Account) -> list[str]:
        """What is in the bucket."""
        found = self.ask(account, lambda client: client.list_objects_v2(Bucket=account.bucket))
        return [item["Key"] for item in found.get("Contents", ())]

    def put(self, account: Account, key: str, data: bytes) -> None:
        """Write an object behind the shop's back."""
        self.ask(account, lambda client: client.put_object(Bucket=account.bucket, Key=key, Body=data))

    def drop(self, account: Account, key: str) -> None:
        """Delete one behind the shop's back."""
        self.ask(account, lambda client: client.delete_object(Bucket=account.bucket, Key=key))


@contextmanager
def running(folder: Path) -> Iterator[Swift]:
    """A server of its own in `folder`."""
    server = Swift(free_port())
    program = Path(__file__).with_name("swift_server.py")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [_PYTHON, "-P", program, folder, str(server.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        assert said == b"ready\n", f"Swift did not start:\n{(folder / 'log').read_text(errors='replace')}"
        _wait(server)
        yield server
    finally:
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        process.stdout.close()


def _wait(server: Swift) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"{server.endpoint}/healthcheck", timeout=2):
                return
        except OSError:
            assert time.monotonic() < deadline, "Swift does not answer"
            time.sleep(0.05)


@pytest.fixture(scope="session")
def swift() -> Iterator[Swift]:
    """The run's own S3 server. Its folder is on a disk that has extended attributes, which pytest's may not be."""
    for tool in ("swift", "swift-account", "swift-box", "swift-object"):
        need(tool)
    with tempfile.TemporaryDirectory(prefix="headwaters-swift-") as folder, running(Path(folder)) as server:
        yield server


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
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def through(self, account: Account) -> Account:
        """The account, by this way."""
        return replace(account, endpoint=f"http://127.0.0.1:{self.port}")

    def carry(self, client: socket.socket) -> None:
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


async def in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    """What blocks, from a test that has a loop."""
    return await asyncio.to_thread(work, *arguments)
