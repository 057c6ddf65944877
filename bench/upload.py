"""A film of a gigabyte that comes in: against a loop from a socket to a file, and nginx's PUT. And many slow ones."""

from __future__ import annotations

import os
import random
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.rows import Options, Row, median
from bench.servers import Server, free_port, headwaters, make_file, running, scratch, serving
from bench.uploading import BLOCK, Line, files_of, forget, open_desk

SIZE = 1_000_000_000
PIECE = 16 << 20  # as the Studio's own page sends it at best
SLOW = 500  # senders at once
RATE_GOAL = 0.7
MEMORY_GOAL = 25  # KB each, as for a slow download

# What anybody would write first: everything from the socket into a file, and on to the disk.
_RAW = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = server.accept()
    left = int(client.recv(20) or 0)
    if not left:
        continue
    descriptor = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    buffer = memoryview(bytearray(1 << 20))
    while left:
        count = client.recv_into(buffer)
        os.write(descriptor, buffer[:count])
        left -= count
    os.fdatasync(descriptor)
    os.close(descriptor)
    client.sendall(b"ok")
"""
_NGINX = """
worker_processes 2; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off; client_max_body_size 0; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ root {root}; dav_methods PUT; create_full_put_path on; }} }}
}}
"""


@contextmanager
def _raw(folder: Path) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-c", _RAW, str(port), str(folder / "raw")]
    with running(command, port, folder / "raw.log") as server:
        yield server


@contextmanager
def _nginx(folder: Path) -> Iterator[Server]:
    port, root = free_port(), folder / "put"
    root.mkdir(mode=0o777)
    root.chmod(0o777)
    folder.chmod(0o755)
    config = folder / "put.conf"
    config.write_text(_NGINX.format(folder=folder, port=port, root=root), encoding="utf-8")
    with running(["nginx", "-c", str(config)], port, folder / "put.log") as server:
        yield server


def _to_raw(server: Server, film: Path, size: int) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=300) as line, film.open("rb") as file:
        line.sendall(str(size).rjust(20).encode())
        line.sendfile(file, 0, size)
        if line.recv(2) != b"ok":
            raise RuntimeError("the raw loop did not answer")


def _to_nginx(server: Server, film: Path, size: int) -> None:
    line = Line(server.port, {})
    line.head("PUT", f"/{random.randrange(10**9)}.zip", {}, size)
    line.body(film, 0, size)
    status, _ = line.answer()
    line.close()
    if status != 201:
        raise RuntimeError(f"nginx answered {status}")


def _to_ours(shop: Path, server: Server, film: Path, size: int, piece: int) -> float:
    """Seconds from the first byte to the last answer."""
    desk = open_desk(shop)
    line = Line(server.port, desk.headers)
    path = line.begin(desk, "film.dmg", size)
    began = time.perf_counter()
    for offset in range(0, size, piece):
        end = min(offset + piece, size)
        line.patch(path, offset, end - offset)
        line.body(film, offset, end)
        status, headers = line.answer(bodiless=True)
        if (status, headers["upload-offset"]) != (204, str(end)):
            raise RuntimeError(f"a piece was answered with {status}")
    seconds = time.perf_counter() - began
    line.close()
    _wait_until_checked(shop, desk)
    forget(shop, desk)
    return seconds


def _wait_until_checked(shop: Path, desk: object) -> None:
    while any(file.state.value == "checking" for file in files_of(shop, desk)):  # type: ignore[arg-type]
        time.sleep(0.2)


def rows(options: Options) -> Iterator[Row]:
    """Rates side by side, what a gigabyte costs, and the memory of a slow sender."""
    size = round(SIZE * options.scale)
    with scratch() as folder:
        shop, film = folder / "shop", folder / "film.bin"
        headwaters("init", shop, "--name", "Bench", "--currency", "EUR")
        make_file(film, size)
        with serving(shop) as ours, _raw(folder) as raw, _nginx(folder) as nginx:
            sides: dict[str, tuple[Server, Callable[[], float]]] = {
                "one request": (ours, lambda: _to_ours(shop, ours, film, size, size)),
                "pieces": (ours, lambda: _to_ours(shop, ours, film, size, PIECE)),
                "raw": (raw, lambda: _timed(lambda: _to_raw(raw, film, size))),
                "nginx": (nginx, lambda: _timed(lambda: _to_nginx(nginx, film, size))),
            }
            yield from _compare(sides, size, options.rounds)
            yield _slow(shop, ours, max(1, round(SLOW * options.scale)))


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _compare(sides: dict[str, tuple[Server, Callable[[], float]]], size: int, rounds: int) -> Iterator[Row]:
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name in random.sample(list(sides), len(sides)):
            os.sync()  # what the one before left behind is not the next one's burden
            seconds[name].append(sides[name][1]())
    rate = {name: size / 1e6 / median(each) for name, each in seconds.items()}
    goal = f"≥ {RATE_GOAL} ×"
    for name in ("one request", "pieces"):
        ratio = rate[name] / rate["raw"]
        yield Row(f"upload, {name}", rate[name], "MB/s", "socket to file, flushed", ratio, goal, ratio >= RATE_GOAL)
    yield Row(
        "upload, one request",
        rate["one request"],
        "MB/s",
        "nginx PUT, not flushed",
        rate["one request"] / rate["nginx"],
        "–",
        None,
    )


def _slow(shop: Path, server: Server, count: int) -> Row:
    """Many who send a little now and then: what each costs while it waits."""
    desk = open_desk(shop)
    lines = [Line(server.port, desk.headers) for _ in range(count)]
    paths = [line.begin(desk, f"{number}.dmg", 10 * BLOCK) for number, line in enumerate(lines)]
    before = server.memory
    for line, path in zip(lines, paths, strict=True):
        line.patch(path, 0, 10 * BLOCK)
    block = os.urandom(1400)
    for _ in range(5):
        for line in lines:
            line.send(block)
        time.sleep(1)
    each = (server.memory - before) / count / 1000
    for line in lines:
        line.close()
    return Row(
        f"memory of each of {count} slow uploads", each, "KB", "–", None, f"≤ {MEMORY_GOAL} KB", each <= MEMORY_GOAL
    )
