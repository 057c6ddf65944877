"""Ten thousand connections that say nothing: what each costs the server, and how a page answers meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from bench.rows import Options, Row
from bench.servers import make_shop, scratch, serving
from bench.slow import measure, more_descriptors, page_rows

CONNECTIONS = 10_000
SECONDS = 15  # with all of them there; after thirty the shop hangs up
MEMORY_GOAL = 25.0  # KB


def rows(options: Options) -> Iterator[Row]:
    """Memory, and a page's p99."""
    connections = round(CONNECTIONS * options.scale)
    more_descriptors(connections)
    with scratch() as folder:
        shop = make_shop(folder, 1_000_000)
        with serving(shop) as server:
            crowd = measure(server, "silent", "/", connections, max(3, round(SECONDS * options.scale)))
    who, goal = f"{connections:,} who say nothing", f"≤ {MEMORY_GOAL:.0f} KB"
    yield Row(f"{who}: memory of each", crowd.each, "KB", "", None, goal, crowd.each <= MEMORY_GOAL)
    yield from page_rows(who, crowd)
