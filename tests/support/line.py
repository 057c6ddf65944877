"""A bad line: a TCP proxy that breaks off connections after a while, as often as it is told to."""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST, as a line that breaks does sooner or later


@dataclass
class Line:
    """Where it listens; `cuts` are left, each after `least` to `most` bytes from the client."""

    target: int
    cuts: int
    least: int
    most: int
    port: int = 0
    made: int = 0  # cuts so far
    _random: random.Random = field(default_factory=lambda: random.Random(7))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def budget(self) -> int | None:
        """Bytes until the next connection breaks; None: it holds."""
        with self._lock:
            return self._random.randint(self.least, self.most) if self.made < self.cuts else None

    def carry(self, client: socket.socket) -> None:
        """One connection, until an end closes it or the line breaks."""
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            threading.Thread(target=_copy, args=(server, client), daemon=True).start()
            left = self.budget()
            with suppress(OSError):
                while data := client.recv(65_536):
                    if left is not None and len(data) >= left:
                        server.sendall(data[:left])
                        self._cut(client, server)
                        return
                    left = None if left is None else left - len(data)
                    server.sendall(data)

    def _cut(self, client: socket.socket, server: socket.socket) -> None:
        with self._lock:
            self.made += 1
        for end in (client, server):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the other direction
            end.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def bad_line(target: int, cuts: int, least: int, most: int) -> Iterator[Line]:
    """A line to the port `target` of this machine."""
    line = Line(target, cuts, least, most)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line.port = listener.getsockname()[1]

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=_quietly, args=(line, client), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield line
        listener.shutdown(socket.SHUT_RDWR)


def _quietly(line: Line, client: socket.socket) -> None:
    with suppress(OSError):
        line.carry(client)
