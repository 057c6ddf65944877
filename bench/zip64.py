"""An archive beyond 4 GB, downloaded whole in two parts and tested by Info-ZIP: sizes and places need 64 bits in it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

from bench.download import take_file
from bench.rows import Options, Row
from bench.servers import make_shop, scratch, serving

SIZE = 4_400_000_000
CUT = 4_294_967_000  # just before 2³²


def rows(options: Options) -> Iterator[Row]:
    """How fast it came. Raises where `unzip` finds anything wrong."""
    size = round(SIZE * options.scale)
    with scratch() as folder:
        shop, got = make_shop(folder, size), folder / "everything.zip"
        with serving(shop) as server:
            key = take_file(server.port).split("/")[2]
            url = f"http://127.0.0.1:{server.port}/d/{key}/everything.zip"
            begin = time.perf_counter()
            subprocess.run(["curl", "-sSf", "-r", f"0-{CUT - 1}", "-o", got, url], check=True)
            if size > CUT:
                subprocess.run(["curl", "-sSf", "-C", "-", "-o", got, url], check=True)
            seconds = time.perf_counter() - begin
        tested = subprocess.run(["unzip", "-tq", got], check=False, capture_output=True, text=True)
        if tested.returncode:
            raise RuntimeError(tested.stdout + tested.stderr)
        yield Row(
            f"an archive of {size / 1e9:.1f} GB, which unzip finds whole",
            size / 1e9 / seconds,
            "GB/s",
            "",
            None,
            "",
            True,
        )
