"""Five thousand readers on poor lines at once: what each costs the server, and how a page answers meanwhile."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator

from bench.download import take_file
from bench.readers import SLOW_RATE
from bench.rows import Options, Row
from bench.servers import Server, make_shop, scratch, serving

READERS = 5000
SIZE = 600_000_000  # bytes: nobody gets to its end
SECONDS = 20  # with all of them there
MEMORY_GOAL = 25.0  # KB
PAGE_GOAL = 50.0  # ms


def _more_descriptors(readers: int) -> None:
    """Let this process and those it starts have a socket for each reader."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < readers + 500:
        raise RuntimeError(f"{readers} readers need a limit of open files beyond {most} (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _start(kind: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.readers", kind, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _measure(server: Server, readers: int, seconds: int) -> tuple[float, float, list[float]]:
    """(KB of the server for each reader, bytes a second for each, milliseconds of each look at the page)."""
    path = take_file(server.port)
    page = _start("page", server.port, "/w/bench")
    before = server.memory
    crowd = _start("slow", server.port, path, readers, seconds)
    assert crowd.stdout is not None
    line = crowd.stdout.readline()
    each = (server.memory - before) / readers / 1000
    looks, _ = page.communicate("")
    crowd.communicate("")
    if crowd.returncode or page.returncode:
        raise RuntimeError("a reader failed")
    return each, json.loads(line)["rate"], sorted(json.loads(looks)["milliseconds"])


def rows(options: Options) -> Iterator[Row]:
    """Memory, the page's p99 from the first reader to the last, and what the readers got."""
    readers = round(READERS * options.scale)
    _more_descriptors(readers)
    with scratch() as folder:
        shop = make_shop(folder, SIZE)
        with serving(shop) as server:
            memory, rate, looks = _measure(server, readers, max(3, round(SECONDS * options.scale)))
    slowest = looks[len(looks) * 99 // 100]
    who = f"{readers:,} slow downloads"
    yield Row(f"{who}: memory of each", memory, "KB", "", None, f"≤ {MEMORY_GOAL:.0f} KB", memory <= MEMORY_GOAL)
    yield Row(f"{who}: a page's p99", slowest, "ms", "", None, f"< {PAGE_GOAL:.0f} ms", slowest < PAGE_GOAL)
    yield Row(
        f"{who}: each gets", rate / 1000, "KB/s", f"{SLOW_RATE / 1000:.0f} KB/s wanted", rate / SLOW_RATE, "", None
    )
