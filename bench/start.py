"""From the command to the first page, and the memory of a shop that nobody visits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.request import urlopen

from bench.rows import Options, Row, median
from bench.servers import make_shop, scratch, serving

GOAL_SECONDS = 2.0
GOAL_MEGABYTES = 120.0


def rows(options: Options) -> Iterator[Row]:
    """Two rows."""
    seconds, memory = [], []
    with scratch() as folder:
        shop = make_shop(folder, 1 << 20)
        for _ in range(options.rounds):
            start = time.perf_counter()
            with serving(shop) as server:
                urlopen(f"http://127.0.0.1:{server.port}/").close()
                seconds.append(time.perf_counter() - start)
                time.sleep(2)
                memory.append(server.memory / 1e6)
    first, idle = median(seconds), median(memory)
    yield Row("start to first page", first, "s", "–", None, f"≤ {GOAL_SECONDS:.0f} s", first <= GOAL_SECONDS)
    yield Row("idle memory", idle, "MB", "–", None, f"≤ {GOAL_MEGABYTES:.0f} MB", idle <= GOAL_MEGABYTES)
