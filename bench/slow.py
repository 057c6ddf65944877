"""Five thousand readers on poor lines at once: what each costs the server, and how a page answers meanwhile."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from bench.download import take_file
from bench.readers import SLOW_RATE
from bench.rows import Options, Row
from bench.servers import Server, make_shop, scratch, serving

READERS = 5000
SIZE = 600_000_000  # bytes: nobody gets to its end
SECONDS = 20  # with all of them there
MEMORY_GOAL = 25.0  # KB
PAGE_GOAL = 50.0  # ms


def more_descriptors(readers: int) -> None:
    """Let this process and those it starts have a socket for each reader."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < readers + 500:
        raise RuntimeError(f"{readers} readers need a limit of open files beyond {most} (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _start(kind: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.readers", kind, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@dataclass(frozen=True, slots=True)
class Crowd:
    """What a crowd did to a server: KB of memory for each, what it said of itself, and a page's p99 in milliseconds,
    while they came and when all were there."""

    each: float
    said: dict[str, float]
    coming: float
    there: float


def measure(server: Server, kind: str, path: str, readers: int, seconds: int) -> Crowd:
    """Let a crowd of `kind` come, while somebody looks at a page."""
    page = _start("page", server.port, "/w/bench")
    before = server.memory
    crowd = _start(kind, server.port, path, readers, seconds)
    assert crowd.stdout is not None
    said = json.loads(crowd.stdout.readline())
    each = (server.memory - before) / readers / 1000
    looks, _ = page.communicate("")
    crowd.communicate("")
    if crowd.returncode or page.returncode:
        raise RuntimeError("a reader failed")
    taken: dict[bool, list[float]] = {True: [], False: []}
    for begin, milliseconds in json.loads(looks)["looks"]:
        taken[begin < said["all_there"]].append(milliseconds)
    return Crowd(each, said, _p99(taken[True]), _p99(taken[False]))


def _p99(milliseconds: list[float]) -> float:
    return sorted(milliseconds)[len(milliseconds) * 99 // 100]


def page_rows(who: str, crowd: Crowd) -> Iterator[Row]:
    """How a page answered meanwhile."""
    goal = f"< {PAGE_GOAL:.0f} ms"
    yield Row(f"{who}: a page's p99 while they come", crowd.coming, "ms", "", None, goal, crowd.coming < PAGE_GOAL)
    yield Row(f"{who}: a page's p99 then", crowd.there, "ms", "", None, goal, crowd.there < PAGE_GOAL)


def rows(options: Options) -> Iterator[Row]:
    """Memory, a page's p99, and what the readers got."""
    readers = round(READERS * options.scale)
    more_descriptors(readers)
    with scratch() as folder:
        shop = make_shop(folder, SIZE)
        with serving(shop) as server:
            crowd = measure(server, "slow", take_file(server.port), readers, max(3, round(SECONDS * options.scale)))
    who, rate = f"{readers:,} slow downloads", crowd.said["rate"]
    goal = f"≤ {MEMORY_GOAL:.0f} KB"
    yield Row(f"{who}: memory of each", crowd.each, "KB", "", None, goal, crowd.each <= MEMORY_GOAL)
    yield from page_rows(who, crowd)
    yield Row(
        f"{who}: each gets", rate / 1000, "KB/s", f"{SLOW_RATE / 1000:.0f} KB/s wanted", rate / SLOW_RATE, "", None
    )
