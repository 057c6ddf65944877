"""What is measured, as processes of their own: a served shop with one work, and nginx beside it. Loopback only."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMAND = [sys.executable, "-m", "headwaters"]
PATIENCE = 20.0  # seconds until a server must answer

_NGINX = """
worker_processes 2;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    types {{ text/html html; application/octet-stream bin; }}
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port} backlog=4096; root {root}; }}
}}
"""


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def headwaters(*arguments: str | Path) -> str:
    """Run a command of ours to its end; what it printed."""
    done = subprocess.run([*COMMAND, *map(str, arguments)], check=True, capture_output=True, text=True)
    return done.stdout


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until `port` takes connections."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"port {port} does not answer") from None
            time.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and where it listens."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def memory(self) -> int:
        """Resident bytes of the process now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def cpu(self) -> float:
        """CPU seconds so far, of the process, its threads and its direct children (nginx's workers)."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return sum(_cpu(int(pid)) for pid in [str(self.process.pid), *children.split()])


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one measurement, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="headwaters-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[Server]:
    """`command` while it listens on `port`; ended afterwards."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            wait_for(port, process)
            yield Server(port, process)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def nginx(folder: Path, root: Path) -> Iterator[Server]:
    """nginx with sendfile and two workers, serving `root`."""
    port = free_port()
    root.chmod(0o755)
    folder.chmod(0o755)
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=port, root=root), encoding="utf-8")
    with running(["nginx", "-c", str(config)], port, folder / "nginx.log") as server:
        yield server


def make_shop(folder: Path, size: int) -> Path:
    """A shop with the practice till and one work, `bench`: a file of `size` bytes, five euros, from one up."""
    shop = folder / "shop"
    headwaters("init", shop, "--name", "Bench", "--currency", "EUR")
    with (shop / "headwaters.toml").open("a", encoding="utf-8") as config:
        config.write('\nproxies = ["127.0.0.1"]\n')  # the load says whom it stands for, as a proxy would
    headwaters("settings", "practice", "on", "--shop", shop)
    work = folder / "bench"
    work.mkdir()
    make_file(work / "film.bin.zip", size)
    headwaters("publish", work, "--shop", shop, "--title", "Bench", "--price", "5", "--minimum", "1", "--i-made-this")
    return shop


def make_file(path: Path, size: int) -> None:
    """A ZIP's end, bytes that do not compress, and its end again: `size` in all."""
    block, end = os.urandom(1 << 20), b"PK\x05\x06" + bytes(18)
    with path.open("wb") as file:
        file.write(end)
        while (left := size - len(end) - file.tell()) > 0:
            file.write(block[:left])
        file.write(end)


@contextmanager
def serving(shop: Path) -> Iterator[Server]:
    """The shop, served by one process."""
    port = free_port()
    command = [*COMMAND, "serve", "--shop", str(shop), "--host", "127.0.0.1", "--port", str(port)]
    with running(command, port, shop.parent / "serve.log") as server:
        yield server
