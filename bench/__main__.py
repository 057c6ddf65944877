"""`python -m bench [NAME…] [--json] [--long] [--scale X] [--rounds N]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from bench.rows import Options, Row

SHORT = ("start", "page", "orders", "download", "upload", "launch")
LONG = ("slow", "silent", "tls", "line", "zip64", "orders_store", "upload_cut", "storage", "formats")


def _machine() -> str:
    with Path("/proc/cpuinfo").open(encoding="utf-8") as info:
        models = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    return f"{os.cpu_count()} × {models[0] if models else platform.machine()}, Python {platform.python_version()}"


def _table(rows: Sequence[Row]) -> str:
    lines = ["| what | measured | against | ratio | goal | |", "|---|---|---|---|---|---|"]
    for row in rows:
        ratio = "–" if row.ratio is None else f"{row.ratio:.2f} ×" if row.ratio < 100 else f"{row.ratio:,.0f} ×"
        mark = {True: "met", False: "**short**", None: ""}[row.met]
        value = f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:.3g}"
        lines.append(f"| {row.name} | {value} {row.unit} | {row.against} | {ratio} | {row.goal} | {mark} |")
    return "\n".join(lines)


def main() -> int:
    """Measure what was asked for, print it."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join((*SHORT, *LONG))}")
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    parser.add_argument("--long", action="store_true", help="also what takes long")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full size (0.1 for a quick look)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each side")
    args = parser.parse_args()
    names = args.names or [*SHORT, *(LONG if args.long else ())]
    if unknown := set(names) - {*SHORT, *LONG}:
        parser.error(f"nothing is called {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    for name in names:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        rows += import_module(f"bench.{name}").rows(Options(args.rounds, args.scale))
    if args.json:
        print(json.dumps({"machine": _machine(), "rows": [asdict(row) for row in rows]}, ensure_ascii=False, indent=2))
    else:
        print(f"{_machine()}\n\n{_table(rows)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
