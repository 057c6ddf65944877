"""A bad line on loopback: it breaks connections after some bytes, or flips a bit, and notes what was asked."""

from __future__ import annotations

import selectors
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_HANG_UP_HARD = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST, as a line that breaks
_AT_MOST = 60.0  # seconds that a line stands still
_A_MOMENT = 0.1  # seconds between looks at whether it is over


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class Wire:
    """Leads to 127.0.0.1:`target`. The nth connection breaks after `cuts[n]` bytes from the server, those beyond the
    list are good. `flip`: the position, from a connection's first byte, of a byte to change. `breaking`: where it is
    cleared, a connection stands still before it breaks, and says so by `still`."""

    target: int
    cuts: Sequence[int] = ()
    flip: int | None = None
    port: int = 0
    requests: list[str] = field(default_factory=list)  # each request's head
    breaking: threading.Event = field(default_factory=_set)
    still: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def address(self, url: str) -> str:
        """`url` of the server, by way of this line."""
        return url.replace(f":{self.target}/", f":{self.port}/", 1)

    @property
    def ranges(self) -> list[str]:
        """The Range header of each request, empty where there was none."""
        return [_header(head, "range") for head in self.requests]

    @contextmanager
    def up(self) -> Iterator[Wire]:
        """While the line is up."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            listener.settimeout(_A_MOMENT)
            thread = threading.Thread(target=self._listen, args=[listener])
            thread.start()
            try:
                yield self
            finally:
                self._over.set()
                thread.join()

    def _listen(self, listener: socket.socket) -> None:
        lines: list[threading.Thread] = []
        while not self._over.is_set():
            with suppress(TimeoutError):
                client, _ = listener.accept()
                limit = self.cuts[len(lines)] if len(lines) < len(self.cuts) else None
                lines.append(threading.Thread(target=self._carry, args=[client, limit]))
                lines[-1].start()
        for line in lines:
            line.join()

    def _carry(self, client: socket.socket, limit: int | None) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as server:
            client.settimeout(10)
            if limit is not None:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HANG_UP_HARD)
            with selectors.DefaultSelector() as both:
                both.register(client, selectors.EVENT_READ)
                both.register(server, selectors.EVENT_READ)
                self._carry_between(client, server, both, limit)

    def _carry_between(
        self, client: socket.socket, server: socket.socket, both: selectors.BaseSelector, limit: int | None
    ) -> None:
        done = 0
        while not self._over.is_set() and done != limit:
            for ready, _ in both.select(_A_MOMENT):
                data = ready.fileobj.recv(16384)  # type: ignore[union-attr]
                if not data:
                    return
                if ready.fileobj is client:
                    self.requests.append(data.decode("latin-1"))
                    server.sendall(data)
                else:
                    data = self._spoilt(data if limit is None else data[: limit - done], done)
                    client.sendall(data)
                    done += len(data)
        if done == limit:
            self.still.set()
            self.breaking.wait(_AT_MOST)

    def _spoilt(self, data: bytes, start: int) -> bytes:
        at = -1 if self.flip is None else self.flip - start
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] if 0 <= at < len(data) else data


def _header(head: str, name: str) -> str:
    lines = (line.partition(":") for line in head.split("\r\n"))
    return next((value.strip() for found, _, value in lines if found.lower() == name), "")
