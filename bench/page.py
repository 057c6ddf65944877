"""A public work page, kept as bytes, against nginx serving the same bytes from a file."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator
from urllib.request import urlopen

from bench.rows import Options, Row, median
from bench.servers import make_shop, nginx, scratch, serving

CONNECTIONS = 32
SECONDS = 4
GOAL = 0.25
ACCEPT = "Accept: text/html,application/xhtml+xml"  # as browsers ask: what is asked for so is counted as a visit


def _rate(url: str, seconds: int) -> float:
    """Requests a second by wrk with one thread."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", ACCEPT, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said:
        raise RuntimeError(said)
    found = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    if found is None:
        raise RuntimeError(said)
    return float(found[1])


def rows(options: Options) -> Iterator[Row]:
    """One row: the medians' ratio."""
    seconds = max(1, round(SECONDS * options.scale))
    with scratch() as folder:
        root = folder / "www"
        root.mkdir()
        shop = make_shop(folder, 1 << 20)
        with serving(shop) as ours, nginx(folder, root) as theirs:
            address = f"http://127.0.0.1:{ours.port}/w/bench"
            with urlopen(address) as answer:
                (root / "page.html").write_bytes(answer.read())
            sides = {"headwaters": address, "nginx": f"http://127.0.0.1:{theirs.port}/page.html"}
            rates: dict[str, list[float]] = {side: [] for side in sides}
            for _ in range(options.rounds):
                for side in random.sample(list(sides), 2):
                    rates[side].append(_rate(sides[side], seconds))
    ratio = median(rates["headwaters"]) / median(rates["nginx"])
    yield Row(
        "public work page", median(rates["headwaters"]), "requests/s", "nginx", ratio, f"≥ {GOAL} ×", ratio >= GOAL
    )
