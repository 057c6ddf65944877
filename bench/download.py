"""A download of 1.2 GB by one and by fifty readers, against nginx with sendfile and the same file."""

from __future__ import annotations

import json
import os
import random
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

from bench.rows import Options, Row, median
from bench.servers import Server, make_shop, nginx, scratch, serving

SIZE = 1_200_000_000
MANY = 50
SHARE = 5  # with many readers each takes a fifth, from a place of its own: the whole is read ten times over
RATE_GOAL = 0.85
CPU_GOAL = 1.3


def take_file(port: int) -> str:
    """Go through the free door of the bench's work; the path of its file."""
    form = urlencode({"door": "cant_pay", "nonce": secrets.token_hex(16)}).encode()
    with urlopen(f"http://127.0.0.1:{port}/w/bench/take", form) as page, urlopen(f"{page.url}.json") as twin:
        url: str = json.load(twin)["works"][0]["editions"][-1]["files"][0]["url"]
    return urlsplit(url).path


@dataclass(frozen=True, slots=True)
class Side:
    """A server and where the file is on it."""

    server: Server
    path: str

    def download(self, readers: int, each: int, size: int) -> tuple[float, float]:
        """(GB/s, the server's CPU seconds a GB)."""
        numbers = map(str, (self.server.port, self.path, readers, each, size))
        before = self.server.cpu
        done = subprocess.run(
            [sys.executable, "-m", "bench.readers", "fast", *numbers], check=True, capture_output=True
        )
        said = json.loads(done.stdout)
        gigabytes = said["bytes"] / 1e9
        return gigabytes / said["seconds"], (self.server.cpu - before) / gigabytes


def publish_for_nginx(shop: Path, root: Path, size: int) -> None:
    """Another name of the shop's own blob: both serve the same pages of the same cache."""
    (blob,) = (path for path in (shop / "files").rglob("*") if path.is_file() and path.stat().st_size == size)
    os.link(blob, root / "film.bin")


def rows(options: Options) -> Iterator[Row]:
    """Two rates and what they cost."""
    size = round(SIZE * options.scale)
    with scratch() as folder:
        root = folder / "www"
        root.mkdir()
        shop = make_shop(folder, size)
        publish_for_nginx(shop, root, size)
        with serving(shop) as ours, nginx(folder, root) as theirs:
            sides = {"headwaters": Side(ours, take_file(ours.port)), "nginx": Side(theirs, "/film.bin")}
            for readers, each in ((1, size), (MANY, size // SHARE)):
                yield from _compare(sides, readers, each, size, options.rounds)


def _compare(sides: dict[str, Side], readers: int, each: int, size: int, rounds: int) -> Iterator[Row]:
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name in random.sample(list(sides), len(sides)):
            measured[name].append(sides[name].download(readers, each, size))
    rate, cost = ({name: median([pair[at] for pair in pairs]) for name, pairs in measured.items()} for at in (0, 1))
    who = "1 reader" if readers == 1 else f"{readers} readers"
    ratio = rate["headwaters"] / rate["nginx"]
    goal = f"≥ {RATE_GOAL} ×"
    yield Row(f"download, {who}", rate["headwaters"], "GB/s", "nginx, sendfile", ratio, goal, ratio >= RATE_GOAL)
    if readers > 1:  # one reader is done within a few ticks of the clock that counts CPU
        dearer = cost["headwaters"] / cost["nginx"]
        goal = f"≤ {CPU_GOAL} ×"
        yield Row(f"CPU of a download, {who}", cost["headwaters"], "s/GB", "nginx", dearer, goal, dearer <= CPU_GOAL)
