"""Files in a store beside files on the disk: moving them there, sending them on, and what a large one takes of memory.
The store is Debian's Swift in one process on the same two cores, so most of what is measured is its work: trust ratios.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from bench.download import Side, take_file
from bench.rows import Options, Row, median
from bench.servers import COMMAND, Server, headwaters, make_file, make_shop, scratch, serving
from tests.support.s3_server import Account, Swift, running

SIZE = 500_000_000
LARGE = 5_500_000_000  # more than one request of a store may carry
MEMORY = 400  # MB, whatever the size
READERS = 20


def _configure(shop: Path, account: Account, downloads: str) -> None:
    names = ("endpoint", "bucket", "key_id", "secret", "addressing")
    lines = [f'{name} = "{getattr(account, name)}"' for name in names]
    text = "\n".join(['storage = "s3"', "[s3]", *lines, f'downloads = "{downloads}"'])
    (shop / "headwaters.toml").write_text(text, encoding="utf-8")


@contextmanager
def _swift() -> Iterator[Swift]:
    with scratch() as folder, running(folder) as server:
        yield server


def rows(options: Options) -> Iterator[Row]:
    """Moving, sending through the shop against straight from the store, and the memory of a large one."""
    size = round(SIZE * options.scale)
    with scratch() as folder, _swift() as swift:
        account = swift.new_bucket()
        shop = make_shop(folder, size)
        with serving(shop) as server:
            local = _rate(Side(server, take_file(server.port)), size, options.rounds)
        _configure(shop, account, "proxy")
        begin = time.perf_counter()
        headwaters("storage", "move", "s3", "--shop", shop)
        yield Row(
            "moving to a store, read back", size / 1e6 / (time.perf_counter() - begin), "MB/s", "", None, "", None
        )
        yield from _sending(shop, account, size, options.rounds, local)
    yield from _large(options)


def _sending(shop: Path, account: Account, size: int, rounds: int, local: tuple[float, float]) -> Iterator[Row]:
    with serving(shop) as server:
        side = Side(server, take_file(server.port))
        _configure(shop, account, "redirect")
        with serving(shop) as other:
            address = _redirected(other, take_file(other.port))
        ways = {"proxy": lambda: _rate(side, size, 1), "straight": lambda: (_straight(address), 0.0)}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name in random.sample(list(ways), len(ways)):
                found[name].append(ways[name]())
        rate = {name: median([pair[0] for pair in pairs]) for name, pairs in found.items()}
        cost = median([pair[1] for pair in found["proxy"]])
        yield Row(
            "a store's file through the shop",
            rate["proxy"],
            "GB/s",
            "straight from it",
            rate["proxy"] / rate["straight"],
            "",
            None,
        )
        yield Row("CPU of it", cost, "s/GB", "from the disk", cost / max(local[1], 0.001), "", None)
        before = server.memory
        with _standing_still(server.port, side.path, READERS):
            time.sleep(2)
            each = (server.memory - before) / READERS / 1e3
        yield Row(f"{READERS} readers who stand still", each, "KB each", "", None, "", None)


def _rate(side: Side, size: int, rounds: int) -> tuple[float, float]:
    pairs = [side.download(1, size, size) for _ in range(rounds)]
    return median([pair[0] for pair in pairs]), median([pair[1] for pair in pairs])


def _redirected(server: Server, path: str) -> str:
    done = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{redirect_url}", f"http://127.0.0.1:{server.port}{path}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _straight(address: str) -> float:
    begin, done = time.perf_counter(), 0
    with urlopen(Request(address), timeout=60) as answer:
        while chunk := answer.read(1 << 20):
            done += len(chunk)
    return done / 1e9 / (time.perf_counter() - begin)


@contextmanager
def _standing_still(port: int, path: str, readers: int) -> Iterator[None]:
    """Readers who ask for everything and take nothing."""
    import socket

    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(readers)]
    for connection in connections:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    yield
    for connection in connections:
        connection.close()


def _large(options: Options) -> Iterator[Row]:
    """The memory of a publishing whose file goes out in parts. In a process of its own: only its peak counts."""
    size = round(LARGE * options.scale)
    with scratch() as folder, _swift() as swift:
        shop = make_shop(folder, 1000)
        _configure(shop, swift.new_bucket(), "proxy")
        film = folder / "large.zip"
        make_file(film, size)
        said = subprocess.run(
            [sys.executable, "-m", "bench.storage", str(shop), str(film)], check=True, capture_output=True, text=True
        )
        figures = json.loads(said.stdout.splitlines()[-1])
        name = f"publishing {size / 1e9:.1f} GB into a store: memory"
        yield Row(name, figures["peak"], "MB", "", None, f"≤ {MEMORY} MB", figures["peak"] <= MEMORY)
        yield Row("its rate", size / 1e6 / figures["seconds"], "MB/s", "", None, "", None)


if __name__ == "__main__":
    start = time.perf_counter()
    subprocess.run([*COMMAND, "publish", sys.argv[2], "--shop", sys.argv[1], "--i-made-this"], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    print("\n" + json.dumps({"peak": peak, "seconds": time.perf_counter() - start}))
