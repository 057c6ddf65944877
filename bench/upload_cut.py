"""Ten gigabytes over a line that breaks ten times: every byte that was answered counts, and the SHA-256 is right."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from bench.rows import Options, Row
from bench.servers import headwaters, make_file, scratch, serving
from bench.uploading import Line, files_of, open_desk, sum_of

SIZE = 10_000_000_000
CUTS = 10
MOST_AGAIN = 64  # MB that a cut may cost: what was on its way and not flushed yet


def rows(options: Options) -> Iterator[Row]:
    """How fast, and what had to be sent again."""
    size = round(SIZE * options.scale)
    with scratch() as folder:
        shop, film = folder / "shop", folder / "film.bin"
        headwaters("init", shop, "--name", "Bench", "--currency", "EUR")
        make_file(film, size)
        digest = sum_of(film)
        breaks = sorted(random.sample(range(1, size), CUTS))
        with serving(shop) as server:
            desk = open_desk(shop)
            line = Line(server.port, desk.headers)
            path = line.begin(desk, "film.dmg", size)
            began, sent, offset = time.perf_counter(), 0, 0
            for until in [*breaks, size]:
                if until <= offset:
                    continue
                line.patch(path, offset, size - offset)
                line.body(film, offset, until)
                sent += until - offset
                if until == size and (status := line.answer(bodiless=True)[0]) != 204:
                    raise RuntimeError(f"the last piece was answered with {status}")
                line.close()
                line, before = Line(server.port, desk.headers), -1
                while (offset := line.offset(path)) != before:  # until what was under way has come in
                    before = offset
                    time.sleep(0.2)
            seconds = time.perf_counter() - began
            checking = time.perf_counter()
            while (file := files_of(shop, desk)[0]).state.value == "checking":
                time.sleep(0.5)
            checked = time.perf_counter() - checking
            right = file.state.value == "here" and file.sha256 == digest and sum_of(file.path) == digest
    gigabytes = f"{size / 1e9:.3g} GB"
    again = (sent - size) / 1e6
    yield Row(
        f"upload of {gigabytes}, cut {CUTS} times", size / 1e6 / seconds, "MB/s", "–", None, "SHA-256 right", right
    )
    yield Row("sent again after a cut", again / CUTS, "MB", "–", None, f"≤ {MOST_AGAIN} MB", again / CUTS <= MOST_AGAIN)
    yield Row("and then the check of all of it", size / 1e6 / checked, "MB/s", "–", None, "–", None)
