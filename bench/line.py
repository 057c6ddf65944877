"""Two readers on poor lines, for as long as it takes: 64 kbit/s that breaks every minute, and 16 kbit/s that holds."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.download import take_file
from bench.rows import Options, Row
from bench.servers import make_shop, scratch, serving

SIZE = 3_000_000  # six minutes at 8 KB/s
SHORT = 1_000_000  # eight minutes at 2 KB/s
BREAKS = 60.0  # seconds
TICK = 0.1


@dataclass
class Line:
    """A line to `target` that carries `rate` bytes a second to the client and breaks after `holds` seconds."""

    target: int
    rate: int
    holds: float
    port: int = 0
    breaks: int = 0
    carried: int = 0

    @contextmanager
    def up(self) -> Iterator[Line]:
        """While it is up; one client at a time."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            threading.Thread(target=self._listen, args=[listener], daemon=True).start()
            yield self
            listener.shutdown(socket.SHUT_RDWR)

    def _listen(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, socket.create_connection(("127.0.0.1", self.target)) as server, suppress(OSError):
                    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
                    server.sendall(client.recv(65_536))
                    self._carry(client, server)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        begin = time.monotonic()
        while data := server.recv(round(self.rate * TICK)):
            client.sendall(data)
            self.carried += len(data)
            time.sleep(len(data) / self.rate)
            if time.monotonic() - begin > self.holds:
                self.breaks += 1
                return


def _fetch(url: str, file: Path) -> None:
    """curl, as often as it takes."""
    while subprocess.run(["curl", "-sSf", "-C", "-", "-o", file, url], stderr=subprocess.DEVNULL).returncode:
        time.sleep(0.2)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rows(options: Options) -> Iterator[Row]:
    """What came over each line, for each byte of the file."""
    with scratch() as folder:
        for number, (name, rate, size, holds) in enumerate(
            (
                ("64 kbit/s that breaks every minute", 8000, SIZE, BREAKS),
                ("16 kbit/s that holds", 2000, SHORT, 1e9),
            )
        ):
            yield _measure(folder / str(number), name, rate, round(size * options.scale), holds * options.scale)


def _measure(folder: Path, name: str, rate: int, size: int, holds: float) -> Row:
    folder.mkdir()
    shop, got, begin = make_shop(folder, size), folder / "got", time.monotonic()
    with serving(shop) as server, Line(server.port, rate, holds).up() as line:
        _fetch(f"http://127.0.0.1:{line.port}{take_file(server.port)}", got)
    if _digest(got) != _digest(folder / "bench" / "film.bin.zip"):
        raise RuntimeError(f"{name}: not the bytes that were published")
    seconds, twice = time.monotonic() - begin, line.carried / size
    what = f"{size / 1e6:g} MB over {name}: whole after {line.breaks} breaks"
    return Row(what, seconds, "s", f"{size / rate:.0f} s of the line's time", seconds * rate / size, "", twice < 1.1)
